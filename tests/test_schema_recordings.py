"""The guards of consent and recordings: the database itself refuses what cannot be, also after all
revisions went down and up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, update

from services import db
from services.models import (
    Consent,
    ConsentAnswer,
    Orphan,
    Recording,
    RecordingFile,
    RecordingStatus,
    SessionJoin,
)
from tests.services.rows import saved
from tests.support.filled import NOON, Filled, fill
from tests.support.filled_recordings import (
    GIGABYTE,
    SHA256,
    a_certificate,
    a_file,
    a_recording,
    an_orphan,
)
from tests.support.guards import down_and_up, refused, running
from tests.support.studio import stored

IMPOSSIBLE = [
    ("ck_recording_seconds_not_negative", "UPDATE recording SET seconds = -1"),
    ("ck_recording_number_from_one", "UPDATE recording SET number = 0 WHERE number = 1"),
    (
        "ck_recording_purged_when_purged",
        "UPDATE recording SET status = 'purged' WHERE status = 'ready'",
    ),
    (
        "ck_recording_purged_when_purged",
        "UPDATE recording SET purged_at = began_at WHERE status = 'ready'",
    ),
    (
        "ck_recording_purged_when_purged",
        "UPDATE recording SET purged_at = NULL WHERE status = 'purged'",
    ),
    (
        "ck_recording_kept_until_when_ended",
        "UPDATE recording SET keep_until = NULL WHERE status = 'ready'",
    ),
    (
        "ck_recording_kept_until_when_ended",
        "UPDATE recording SET status = 'failed', keep_until = NULL WHERE status = 'ready'",
    ),
    ("ck_recording_hold_reason_when_held", "UPDATE recording SET held_at = began_at"),
    ("ck_recording_file_not_negative", "UPDATE recording_file SET copied = -1"),
    ("ck_recording_file_not_negative", "UPDATE recording_file SET removed = -1"),
    ("ck_recording_file_not_negative", "UPDATE recording_file SET status = 'waiting', bytes = -1"),
    ("ck_recording_file_sha256_when_checked", "UPDATE recording_file SET sha256 = 'short'"),
    ("ck_recording_file_checked_is_whole", "UPDATE recording_file SET bytes = 0"),
    ("ck_recording_file_checked_is_whole", "UPDATE recording_file SET checked_at = NULL"),
    ("ck_recording_file_gone_at_when_gone", "UPDATE recording_file SET status = 'gone'"),
    ("ck_recording_file_gone_at_when_gone", "UPDATE recording_file SET gone_at = checked_at"),
    ("ck_orphan_bytes_not_negative", "UPDATE orphan SET bytes = -1"),
]
STATUS_COLUMNS = [
    "consent.answer",
    "recording.status",
    "recording_file.status",
    "recording_file.kind",
    "orphan.kind",
]
INVENTED = [
    "INSERT INTO recording_access (recording_id, file_id, user_id, how, at) "
    "SELECT recording_id, file_id, user_id, 'invented', at FROM recording_access",
    "INSERT INTO usage (key, kind, place, amount, mentor_id, session_id, at) "
    "SELECT 'another', 'invented', place, amount, mentor_id, session_id, at FROM usage",
]
"""The states of rows that cannot be changed at all."""


@pytest.fixture
def filled(database: str) -> Filled:  # it is the one in use
    """A filled database, as it was made."""
    return fill()


def test_what_cannot_be_true_of_a_recording_is_refused(filled: Filled) -> None:
    for guard, statement in IMPOSSIBLE:
        refused(guard.removeprefix("ck_"), guard, running(statement))


def test_a_state_of_recordings_that_does_not_exist_is_refused(filled: Filled) -> None:
    for column in STATUS_COLUMNS:
        table, name = column.split(".")
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            running(f"UPDATE {table} SET {name} = 'invented'")()
    for statement in INVENTED:
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            running(statement)()


def test_nobody_answers_twice_and_nothing_is_recorded_or_proved_twice(filled: Filled) -> None:
    session, mentee_id = filled.session, filled.mentee.id
    ready, purged = _recordings()
    rows: tuple[tuple[str, SQLModel], ...] = (
        (
            "uq_consent",
            Consent(
                session_id=session.id,
                user_id=mentee_id,
                answer=ConsentAnswer.DECLINED,
                text_version="2026-11",
            ),
        ),
        ("uq_recording_number", a_recording(session)),
        ("uq_recording_file_name", a_file(ready, key="recordings/rec_1/2.mp4")),
        ("uq_purge_certificate_recording_id", a_certificate(purged)),
        ("uq_orphan_open", an_orphan()),
        ("uq_recording_public_id", a_recording(session, number=9, public_id=ready.public_id)),
    )
    for guard, row in rows:
        refused(str(type(row).__tablename__), guard, lambda row=row: saved(row))


def test_a_session_has_one_recorder_at_a_time(filled: Filled) -> None:
    def running_one(number: int, status: RecordingStatus) -> Recording:
        return saved(a_recording(filled.session, number=number, status=status, keep_until=None))

    first = running_one(3, RecordingStatus.STARTING)
    for status in (RecordingStatus.STARTING, RecordingStatus.RECORDING, RecordingStatus.STOPPING):
        refused("recording", "uq_recording_running", lambda status=status: running_one(4, status))
        _change(first, status=status)
    _change(first, status=RecordingStatus.TRANSFERRING)
    running_one(4, RecordingStatus.RECORDING)


def test_a_file_on_its_way_needs_no_checksum_and_a_gone_one_keeps_its_own(filled: Filled) -> None:
    ready, _ = _recordings()
    waiting = {"status": "waiting", "bytes": 0, "sha256": "", "checked_at": None}
    saved(a_file(ready, name="1.mp4", **waiting))
    saved(a_file(ready, name="2.mp4", **waiting | {"status": "gone", "gone_at": NOON}))
    [file] = [row for row in stored(RecordingFile) if row.name == "0.mp4"]
    with db.transaction() as tx:
        gone = update(RecordingFile).where(col(RecordingFile.id) == file.id)
        tx.exec(gone.values(status="gone", gone_at=NOON, removed=1))
    [file] = [row for row in stored(RecordingFile) if row.name == "0.mp4"]
    assert (file.sha256, file.bytes) == (SHA256, GIGABYTE)


def test_a_settled_orphan_may_be_found_again(filled: Filled) -> None:
    with db.transaction() as tx:
        tx.exec(update(Orphan).values(settled_at=NOON, settled_how="deleted"))
    saved(an_orphan())


def test_who_is_in_a_room_is_known_by_when_they_were_seen(filled: Filled) -> None:
    with db.transaction() as tx:
        tx.exec(update(SessionJoin).values(seen_at=NOON, left_at=NOON + timedelta(minutes=1)))
    [join] = stored(SessionJoin)
    assert join.seen_at == NOON


def _recordings() -> tuple[Recording, Recording]:
    """The one that is ready, and the one that is purged."""
    ready, purged = sorted(stored(Recording), key=lambda row: row.number)[:2]
    return ready, purged


def _change(recording: Recording, **values: object) -> None:
    with db.transaction() as tx:
        tx.exec(update(Recording).where(col(Recording.id) == recording.id).values(**values))


def test_all_guards_of_recordings_are_still_there_after_the_revisions_went_down_and_up(
    database: str,
) -> None:
    filled = down_and_up(database)
    for test in (
        test_what_cannot_be_true_of_a_recording_is_refused,
        test_a_state_of_recordings_that_does_not_exist_is_refused,
        test_nobody_answers_twice_and_nothing_is_recorded_or_proved_twice,
        test_a_session_has_one_recorder_at_a_time,
        test_a_file_on_its_way_needs_no_checksum_and_a_gone_one_keeps_its_own,
        test_a_settled_orphan_may_be_found_again,
        test_who_is_in_a_room_is_known_by_when_they_were_seen,
    ):
        test(filled)
