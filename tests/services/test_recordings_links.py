"""Links to recordings: for whom they are made, what is written down, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services import clock, db, ratelimits
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound, TooManyAttempts
from services.models import (
    Access,
    AuditEntry,
    FileKind,
    FileStatus,
    MentoringSession,
    Recording,
    RecordingAccess,
    RecordingFile,
    RecordingStatus,
    Usage,
    UsageKind,
)
from services.providers.storage import registry
from services.recordings import links, playlists
from services.recordings.links import Gone
from tests.services.recording_rows import (
    a_file,
    a_held_session,
    a_pair,
    a_recording,
    mentee_user,
    mentor_user,
)
from tests.services.rows import a_user, acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def session() -> MentoringSession:
    return a_held_session(a_pair())


@pytest.fixture
def nora(session: MentoringSession) -> Actor:
    return acting(mentee_user(session))


def changed(row: Recording | RecordingFile, **fields: Any) -> None:
    with db.transaction() as tx:
        found = tx.get_one(type(row), row.id)
        for name, value in fields.items():
            setattr(found, name, value)


def parts(address: str) -> tuple[str, str]:
    """Key and name of a link of ours."""
    assert address.startswith(f"{links.PATH}/")
    key, _, name = address.removeprefix(f"{links.PATH}/").partition("/")
    return key, name


def opens(actor: Actor, address: str) -> links.Opened:
    key, name = parts(address)
    return links.opened(actor=actor, key=key, name=name)


def test_a_link_opens_the_file_for_its_reader_and_is_written_down(
    session: MentoringSession, nora: Actor
) -> None:
    file = a_file(a_recording(session), b"a whole film")
    address = links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    opened = opens(nora, address)
    assert (opened.bytes, opened.content_type) == (12, "video/mp4")
    assert opened.disposition == "inline"
    [row] = stored(RecordingAccess)
    assert (row.user_id, row.how, row.at) == (nora.user_id, Access.WATCHED, NOW)
    [use] = [row for row in stored(Usage) if row.kind is UsageKind.DOWNLOADED]
    assert (use.amount, use.place, use.session_id) == (12, "local", session.id)


def test_a_downloaded_film_is_saved_under_a_name_that_tells_the_day_and_nobody(
    session: MentoringSession, nora: Actor
) -> None:
    recording = a_recording(session)
    a_file(recording, name="sid_0.mp4")
    second = a_file(recording, name="sid_1.mp4")
    address = links.link(actor=nora, file=second.public_id, how=Access.DOWNLOADED)
    assert 'filename="recording-2026-03-01-part-2.mp4"' in opens(nora, address).disposition


def test_a_link_ends_after_an_hour(session: MentoringSession, nora: Actor) -> None:
    file = a_file(a_recording(session))
    address = links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    with clock.at(NOW + HOUR - timedelta(seconds=1)):
        opens(nora, address)
    with clock.at(NOW + HOUR), pytest.raises(NotAllowed, match="too old"):
        opens(nora, address)


def test_a_link_is_of_use_to_nobody_else_not_even_the_other_of_the_two(
    session: MentoringSession, nora: Actor
) -> None:
    file = a_file(a_recording(session))
    address = links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    for other in (mentor_user(session), a_user("Ben Bauer"), an_admin()):
        with pytest.raises(NotAllowed, match="somebody else"):
            opens(acting(other), address)


def test_a_link_that_was_changed_or_renamed_opens_nothing(
    session: MentoringSession, nora: Actor
) -> None:
    recording = a_recording(session)
    file, other = a_file(recording), a_file(recording)
    key, name = parts(links.link(actor=nora, file=file.public_id, how=Access.WATCHED))
    others, _ = parts(links.link(actor=nora, file=other.public_id, how=Access.WATCHED))
    payload, _, signature = key.rpartition(".")
    forged = f"{others.rpartition('.')[0]}.{signature}"
    for bad in (forged, payload, key[:-1], key + "A", "", "x" * 5_000, "..", "ä"):
        with pytest.raises(NotAllowed, match="not valid"):
            links.opened(actor=nora, key=bad, name=name)
    for bad in ("", "video.mp4/", "../video.mp4", "segment.ts", "video.MP4"):
        with pytest.raises(NotFound):
            links.opened(actor=nora, key=key, name=bad)


def test_strangers_get_no_link_and_an_admin_gives_a_reason_that_is_kept(
    session: MentoringSession,
) -> None:
    file = a_file(a_recording(session))
    asked: dict[str, Any] = {"file": file.public_id, "how": Access.WATCHED}
    with pytest.raises(NotFound):
        links.link(actor=acting(a_user("Ben Bauer")), **asked)
    ada = acting(an_admin())
    with pytest.raises(InvalidInput):
        links.link(actor=ada, **asked)
    assert stored(RecordingAccess) == []
    links.link(actor=ada, reason="The mentee asked us to look.", **asked)
    [line] = [row for row in stored(AuditEntry) if row.action == "recording.watched"]
    assert line.after == {"reason": "The mentee asked us to look."}
    assert [row.user_id for row in stored(RecordingAccess)] == [ada.user_id]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": RecordingStatus.TRANSFERRING}, Conflict),
        ({"status": RecordingStatus.FAILED}, Conflict),
        ({"status": RecordingStatus.PURGED, "purged_at": NOW}, Gone),
        ({"purge_asked_at": NOW, "purge_reason": "x"}, Gone),
        ({"purge_asked_at": NOW, "held_at": NOW, "hold_reason": "x"}, Gone),
    ],
)
def test_what_is_not_ready_or_to_be_deleted_is_neither_linked_nor_opened_any_more(
    session: MentoringSession, nora: Actor, fields: dict[str, Any], error: type[Exception]
) -> None:
    recording = a_recording(session)
    file = a_file(recording)
    address = links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    changed(recording, **fields)
    with pytest.raises(error):
        links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    with pytest.raises(error):
        opens(nora, address)
    assert len(stored(RecordingAccess)) == 1


def test_a_file_on_its_way_to_another_store_is_read_from_its_old_place(
    session: MentoringSession, nora: Actor
) -> None:
    recording = a_recording(session)
    file = a_file(recording)
    changed(
        file,
        status=FileStatus.WAITING,
        source="local",
        source_key=file.key,
        source_since=NOW,
        store="recorder",
        key=f"{file.key}x",
        checked_at=None,
    )
    address = links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    assert (opens(nora, address).store, opens(nora, address).key) == ("local", file.key)


def test_somebody_who_asks_without_end_is_told_to_wait(
    session: MentoringSession, nora: Actor
) -> None:
    file = a_file(a_recording(session))
    for _ in range(links.LINKS.item.amount):
        ratelimits.hit(links.LINKS, mentee_user(session).public_id)
    with pytest.raises(TooManyAttempts):
        links.link(actor=nora, file=file.public_id, how=Access.WATCHED)
    assert stored(RecordingAccess) == []


def test_a_store_that_makes_links_is_opened_by_its_own_at_the_cdn_before_it(
    session: MentoringSession, nora: Actor
) -> None:
    values = {
        "STORAGE_B2_KIND": "b2",
        "STORAGE_B2_REGION": "eu-central-003",
        "STORAGE_B2_BUCKET": "films",
        "STORAGE_B2_KEY_ID": "key",
        "STORAGE_B2_SECRET": "a secret that signs",
        "STORAGE_DEFAULT": "b2",
        "FILES_CDN_BASE": "https://cdn.example.com",
    }
    file = a_file(a_recording(session), b"film")
    changed(file, store="b2")
    with environment_of(values):
        address = links.link(actor=nora, file=file.public_id, how=Access.DOWNLOADED)
    registry.forget()
    found = urlsplit(address)
    assert (found.netloc, found.path) == ("cdn.example.com", f"/films/{file.key}")
    asked = parse_qs(found.query)
    assert asked["X-Amz-Expires"] == ["3600"]
    assert "recording-2026-03-01.mp4" in asked["response-content-disposition"][0]
    assert [row.kind for row in stored(Usage)] == [UsageKind.DELIVERED]


LIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:7
#EXT-X-KEY:METHOD=AES-128,URI="https://elsewhere.example/key"
#EXTINF:6.000000
sid_a_0.ts
#EXT-X-DISCONTINUITY
#EXTINF:6.000000
{other}
#EXTINF:6.000000
sid_a_1.ts
#EXT-X-ENDLIST
"""


def test_a_stream_is_saved_as_one_film_whose_name_says_which_part_it_is(
    session: MentoringSession, nora: Actor
) -> None:
    recording = a_recording(session)
    a_file(recording, name="sid_a_0.mp4")
    listed = a_file(recording, b"#EXTM3U", kind=FileKind.PLAYLIST, name="bak0_sid_a.m3u8")
    address = links.link(actor=nora, file=listed.public_id, how=Access.DOWNLOADED)
    assert parts(address)[1] == "playlist.ts"
    opened = opens(nora, address)
    assert opened.content_type == "video/mp2t"
    assert 'filename="recording-2026-03-01-part-2.ts"' in opened.disposition
    with pytest.raises(NotFound):
        links.opened(actor=nora, key=parts(address)[0], name="playlist.m3u8")


@pytest.mark.parametrize(
    "other",
    [
        "../../other/1.ts",
        "https://elsewhere.example/a.ts",
        "/etc/passwd",
        "sid_a_9.ts",
        "foreign.ts",
    ],
)
def test_a_streams_list_leads_to_links_of_its_own_segments_and_nowhere_else(
    session: MentoringSession, nora: Actor, other: str
) -> None:
    recording = a_recording(session)
    a_file(a_recording(session, number=2), kind=FileKind.SEGMENT, name="foreign.ts")
    a_file(recording, b"x" * 188, kind=FileKind.SEGMENT, name="bak0_sid_a_0.ts")  # another stream's
    pieces = [
        a_file(recording, b"x" * 188, kind=FileKind.SEGMENT, name=f"sid_a_{number}.ts")
        for number in (0, 1)
    ]
    listed = a_file(
        recording, LIST.format(other=other).encode(), kind=FileKind.PLAYLIST, name="sid_a.m3u8"
    )
    address = links.link(actor=nora, file=listed.public_id, how=Access.WATCHED)
    with clock.at(NOW + HOUR / 2):
        lines = playlists.rewritten(opens(nora, address)).splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:7"]
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert lines.count("#EXTINF:6.000000") == 2
    own = [line for line in lines if not line.startswith("#")]
    assert [opens(nora, line).key for line in own] == [piece.key for piece in pieces]
    with clock.at(NOW + HOUR), pytest.raises(NotAllowed):
        opens(nora, own[0])  # no longer than the list's own link
    [use] = stored(Usage)
    assert use.amount == listed.bytes + 2 * 188
