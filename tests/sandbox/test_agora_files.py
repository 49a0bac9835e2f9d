"""What the simulated recorders leave: files that play, in a folder or a bucket, and what they tell
of them."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mentorships.sandbox import agora_events, agora_files
from services.clock import utc_now
from services.config import settings
from services.providers.video.registry import video
from tests.sandbox.agora import Json, Rest, customer, rest
from tests.sandbox.conftest import Simulators
from tests.support.agora import Agora, in_folder
from tests.support.s3 import KEY_ID, SECRET, Rclone, SeaweedFS

__all__ = ["rest"]

PACKET = 188


def boxes(film: bytes) -> Iterator[tuple[str, int]]:
    """The boxes of an MP4 file by name and size, to its very end."""
    at = 0
    while at < len(film):
        size, name = struct.unpack_from(">I4s", film, at)
        assert 8 <= size <= len(film) - at, "a box that is not whole"
        yield name.decode(), size
        at += size


def recorded(rest: Rest, **behaviour: object) -> Json:
    """One that was stopped after a minute."""
    rest.world.behave(**behaviour)
    recorder = rest.started()
    rest.later(60)
    rest.stop(recorder)
    rest.later(1)
    return recorder


def contents(rest: Rest, suffix: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(rest.folder.rglob(f"*{suffix}"))]


def test_a_film_is_whole_and_its_moov_comes_first_so_that_it_plays_at_once(rest: Rest) -> None:
    recorded(rest, parts=2, bytes=300_000)
    one, other = contents(rest, ".mp4")
    names = [name for name, _ in boxes(one)]
    assert names[0] == "ftyp"
    assert names.index("moov") < names.index("mdat")
    assert names[-1] == "free"
    assert b"avc1" in one
    assert b"mp4a" in one
    assert len(one) == 300_000
    assert one != other


def test_slices_are_whole_packets_and_the_playlist_names_those_beside_it(rest: Rest) -> None:
    recorded(rest, slices=3)
    for each in contents(rest, ".ts"):
        assert len(each) % PACKET == 0
        assert {each[at] for at in range(0, len(each), PACKET)} == {0x47}
    [playlist] = contents(rest, ".m3u8")
    lines = playlist.decode().splitlines()
    named = [line for line in lines if not line.startswith("#")]
    beside = [path.name for path in rest.folder.rglob("*.ts")]
    assert (lines[0], lines[-1]) == ("#EXTM3U", "#EXT-X-ENDLIST")
    assert sorted(named) == sorted(beside)
    assert len(set(contents(rest, ".ts"))) == 3


def test_while_it_records_there_is_a_beginning_that_is_not_ended(rest: Rest) -> None:
    rest.started()
    assert len(in_folder(rest.folder)) == 2
    [playlist] = contents(rest, ".m3u8")
    assert b"ENDLIST" not in playlist


@pytest.mark.parametrize("how", ["empty", "cut"])
def test_files_can_be_spoilt(rest: Rest, how: str) -> None:
    recorded(rest, content=how)
    [film] = contents(rest, ".mp4")
    if how == "empty":
        assert film == b""
    else:
        with pytest.raises((AssertionError, struct.error)):
            list(boxes(film))


def test_a_folder_elsewhere_is_not_written_to(rest: Rest, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    recorder = rest.started(storageConfig=rest.storage(bucket=str(elsewhere)))
    rest.stop(recorder)
    rest.later(1)
    assert not elsewhere.exists()
    kept = rest.world.recording(recorder["sid"])
    assert "not below DATA_DIR" in kept["trouble"]
    assert "backuped" in rest.world.told(recorder["sid"])


def test_a_bucket_that_comes_back_gets_its_files_and_uploaded_is_told_then(rest: Rest) -> None:
    rest.folder.parent.mkdir(parents=True, exist_ok=True)
    rest.folder.write_text("in the way")
    recorder = rest.started()
    rest.stop(recorder)
    rest.later(1)
    assert rest.world.told(recorder["sid"]).count("backuped") == 1
    assert "uploaded" not in rest.world.told(recorder["sid"])
    rest.folder.unlink()
    rest.later(60)
    assert rest.world.told(recorder["sid"])[-2:] == ["uploaded", "session_exit"]
    assert len(in_folder(rest.folder)) == 4


def test_a_bucket_behind_a_real_s3_server_gets_the_same_files(
    rest: Rest, seaweedfs: SeaweedFS, rclone: Rclone
) -> None:
    for number, server in enumerate((seaweedfs, rclone)):
        bucket = server.bucket(f"recordings-{number}")
        storage = rest.storage(
            bucket=bucket.name,
            accessKey=KEY_ID,
            secretKey=SECRET,
            extensionParams={"endpoint": bucket.endpoint.partition("://")[2]},
        )
        recorder = rest.started(storageConfig=storage)
        rest.stop(recorder)
        rest.later(1)
        kept = rest.world.recording(recorder["sid"])
        assert (kept["trouble"], len(kept["files"])) == ("", 2)
        store = bucket.store()
        film = next(name for name in kept["files"] if name.endswith(".mp4"))
        with store.open(film) as file:
            assert file.read() == agora_files.mp4(film.rpartition("/")[2])
        rest.later(60)


def test_a_wrong_key_of_a_bucket_is_trouble_that_is_told(rest: Rest, rclone: Rclone) -> None:
    bucket = rclone.bucket("recordings-refused")
    endpoint = {"endpoint": bucket.endpoint.partition("://")[2]}
    wrong = rest.storage(
        bucket=bucket.name, accessKey=KEY_ID, secretKey="wrong", extensionParams=endpoint
    )
    recorder = rest.started(storageConfig=wrong)
    rest.stop(recorder)
    rest.later(1)
    assert rest.world.recording(recorder["sid"])["trouble"] == "HTTP 403"


def test_what_is_told_comes_in_order_under_ids_and_signatures_of_its_own(rest: Rest) -> None:
    recorder = recorded(rest)
    assert rest.world.told(recorder["sid"]) == [
        "recorder_started",
        "uploader_started",
        "recorder_slice_start",
        "recorder_leave",
        "uploaded",
        "session_exit",
    ]
    secret = settings().effective_agora_webhook_secret.encode()
    ids: set[str] = set()
    for each in rest.world.deliveries():
        ids.add(each["event_id"])
        body = each["body"].encode()
        assert (
            each["headers"]["agora-signature-v2"]
            == hmac.new(secret, body, hashlib.sha256).hexdigest()
        )
        assert each["url"].endswith("/api/webhooks/agora")
    assert len(ids) == 6


def test_one_that_moved_tells_its_new_uid(rest: Rest) -> None:
    recorder = recorded(rest, moves_after=10)
    assert "session_failover" in rest.world.told(recorder["sid"])
    assert sum("bak0_" in name for name in in_folder(rest.folder)) == 4


def test_the_health_check_posts_a_signed_event_of_every_kind(simulators: Simulators) -> None:
    found = simulators.control("agora/examine", {})
    assert set(found["answers"].values()) == {200}
    assert found["taken"] is False  # what came back is no JSON
    kinds = [event["eventType"] for event in simulators.receiver.events()]
    assert sorted(kinds) == sorted(agora_events.NAMES)
    secret = settings().effective_agora_webhook_secret.encode()
    for (body, _), headers in zip(
        simulators.receiver.requests, simulators.receiver.headers, strict=True
    ):
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert headers["agora-signature-v2"] == expected


BEGINNING = {"recorder_started", "uploader_started", "recorder_slice_start"}


@pytest.mark.parametrize(
    ("mode", "times", "shuffled"), [("now", 1, False), ("twice", 2, False), ("now", 1, True)]
)
def test_notifications_come_once_or_twice_and_perhaps_in_another_order(
    simulators: Simulators, tmp_path: Path, mode: str, times: int, shuffled: bool
) -> None:
    simulators.control("agora/webhooks", {"mode": mode})
    simulators.control("agora/behaviour", {"joining_seconds": 0, "shuffled": shuffled})
    rest = Rest(Agora(simulators), tmp_path, customer(simulators.address))
    ticket = video().ticket("ses_1", 900, now=utc_now(), until=utc_now() + timedelta(hours=1))
    assert rest.start(token=ticket.token).status_code == 200
    events = simulators.receiver.wait_for(len(BEGINNING) * times)
    names = [event["payload"]["details"]["msgName"] for event in events]
    assert Counter(names) == Counter(dict.fromkeys(BEGINNING, times))
    assert {event["payload"]["sequence"] for event in events} == {1, 2, 3}


def test_a_lost_notification_never_comes(simulators: Simulators, tmp_path: Path) -> None:
    simulators.control("agora/webhooks", {"mode": "never"})
    simulators.control("agora/behaviour", {"joins": False, "joining_seconds": 0})
    rest = Rest(Agora(simulators), tmp_path, customer(simulators.address))
    assert rest.start(token="").status_code == 200
    rest.world.settle()
    assert {each["state"] for each in rest.world.deliveries()} == {"never"}
    assert simulators.receiver.requests == []
