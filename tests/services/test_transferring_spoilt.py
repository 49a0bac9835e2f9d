"""What cannot be kept, or changed on its way: it is never ready, and its source stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import db
from services.config import settings
from services.errors import Conflict, NotAllowed
from services.models import FileStatus, RecordingFile, RecordingStatus
from services.recordings import transferring
from tests.services.meetings import audited
from tests.services.odd_stores import Odd, odd
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    arrived,
    bytes_of,
    files,
    left,
    lying,
    now,
    on_its_way,
    read,
    stores,
    told,
    whole_way,
)
from tests.services.rows import acting, an_admin

__all__ = ["odd"]

pytestmark = pytest.mark.usefixtures("database")

FILM, LIST, SLICE = bytes_of(3_400_000), b"#EXTM3U", bytes_of(900, seed=2)
SAMPLE = Path("mentorships/sandbox/samples/recording.mp4")
TWO = {"a.mp4": FILM, "a.m3u8": LIST}


@pytest.mark.parametrize("key", ["../../app.db", "a/../../b.mp4", "/etc/passwd", ".hidden/a.mp4"])
def test_a_name_that_leads_out_of_the_store_is_never_asked_for(key: str) -> None:
    recording = on_its_way({"a.mp4": FILM})
    with db.transaction() as tx:
        tx.get_one(RecordingFile, files(recording)[0].id).source_key = key
    transferring.transfer_due()
    failed = now(recording)
    assert (failed.status, "no store may be asked" in failed.trouble) == (
        RecordingStatus.FAILED,
        True,
    )
    assert lying(LOCAL) == {}


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (b"", "is empty"),
        (FILM[:-1], "3399999 bytes now instead of 3400000"),
        (None, "is not there"),
    ],
)
def test_what_is_empty_truncated_or_gone_fails_in_words_and_keeps_its_source(
    there: bytes | None, words: str
) -> None:
    recording = on_its_way(TWO | {"b.ts": SLICE})
    path = Path(settings().stores[RECORDER].bucket) / recording.prefix / "a.mp4"
    path.unlink() if there is None else path.write_bytes(there)
    transferring.transfer_due()
    failed = now(recording)
    assert failed.status is RecordingStatus.FAILED
    assert words in failed.trouble
    assert failed.keep_until is not None
    assert failed.look_at is None
    assert read(RECORDER, f"{recording.prefix}/a.m3u8") == LIST
    assert told("recording_ready") == 0
    assert told("recording_failed") == 2
    statuses = {file.name: file.status for file in files(recording)}
    assert statuses == {
        "a.mp4": FileStatus.WAITING,
        "a.m3u8": FileStatus.CHECKED,
        "b.ts": FileStatus.CHECKED,
    }


def test_an_empty_file_beside_a_film_is_never_ready() -> None:
    recording = on_its_way({"a.mp4": FILM, "b.ts": b""})
    transferring.transfer_due()
    assert now(recording).status is RecordingStatus.FAILED


def test_a_film_that_was_cut_off_before_it_was_listed_is_not_ready() -> None:
    """Its size is what the listing said: only its own table of contents tells."""
    film = SAMPLE.read_bytes()
    meeting = a_held_session(a_pair())
    for number, content in enumerate((film[:-1], film[:3_791], film[:3_000], film[:32]), 1):
        cut = on_its_way({"a.mp4": content}, meeting, number=number, prefix=f"{number:08}")
        transferring.transfer_due()
        assert (now(cut).status, "breaks off" in now(cut).trouble) == (RecordingStatus.FAILED, True)
    whole_way(on_its_way({"a.mp4": film}, meeting, number=9, prefix="9" * 8))


def test_what_failed_before_anything_was_found_has_its_bucket_listed_once_more() -> None:
    meeting = a_held_session(a_pair())
    admin = acting(an_admin())
    failed = a_recording(meeting, RecordingStatus.FAILED, sid="known", trouble="Nothing came.")
    never = a_recording(meeting, RecordingStatus.FAILED, number=2, trouble="It never came.")
    transferring.try_again(actor=admin, recording=failed.public_id)
    assert now(failed).status is RecordingStatus.TRANSFERRING
    assert now(failed).look_at is not None
    assert transferring.transfer_due() == 0
    with pytest.raises(Conflict, match="no file"):
        transferring.try_again(actor=admin, recording=never.public_id)


def test_an_admin_has_it_tried_again_with_the_files_as_they_are_now() -> None:
    recording = on_its_way(TWO)
    path = Path(settings().stores[RECORDER].bucket) / recording.prefix / "a.mp4"
    path.write_bytes(FILM[:1_700_000])
    transferring.transfer_due()
    admin = acting(an_admin())
    transferring.try_again(actor=admin, recording=recording.public_id)
    whole_way(recording)
    assert arrived(recording) == {"a.mp4": FILM[:1_700_000], "a.m3u8": LIST}
    assert audited(recording.public_id)[-2:] == ["recording.retried", "recording.ready"]
    with pytest.raises(Conflict, match="nothing to try again"):
        transferring.try_again(actor=admin, recording=recording.public_id)


def test_only_an_admin_has_it_tried_again() -> None:
    meeting = a_held_session(a_pair())
    recording = on_its_way(TWO, meeting)
    with db.reading() as session:
        mentee = acting(session.get_one(db.models.User, meeting.mentee_id))
    with pytest.raises(NotAllowed):
        transferring.try_again(actor=mentee, recording=recording.public_id)


def test_a_byte_that_changes_at_the_destination_is_found_and_the_file_sent_anew(odd: Odd) -> None:
    meeting = a_held_session(a_pair())
    for number, content in enumerate((FILM, SLICE), 1):
        odd.spoils = 2
        recording = on_its_way({"a.mp4": content}, meeting, prefix=f"{number:08}", number=number)
        whole_way(recording)
        assert arrived(recording) == {"a.mp4": content}
        assert odd.spoils == 0


def test_a_destination_that_changes_every_file_makes_it_fail_and_keeps_the_source(odd: Odd) -> None:
    odd.spoils = 99
    recording = on_its_way({"a.mp4": FILM})
    transferring.transfer_due()
    failed = now(recording)
    assert failed.status is RecordingStatus.FAILED
    assert "does not arrive as it was sent" in failed.trouble
    assert lying(LOCAL) == {}
    assert read(RECORDER, f"{recording.prefix}/a.mp4") == FILM


def test_a_damaged_file_in_place_fails_and_stays(odd: Odd) -> None:
    with stores(STORAGE_DEFAULT="recorder"):
        recording = on_its_way({"a.mp4": FILM})
        left(recording, "a.mp4", FILM[:10])
        transferring.transfer_due()
        assert now(recording).status is RecordingStatus.FAILED
        assert read(RECORDER, f"{recording.prefix}/a.mp4") == FILM[:10]
