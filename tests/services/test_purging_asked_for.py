"""Who has a recording deleted, who is told, and a hold that stands above it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, consent, db
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    ConsentAnswer,
    OutboxMessage,
    PurgeCertificate,
    Recording,
    RecordingStatus,
)
from services.recordings import erasing, purging, retention, transferring
from services.recordings.reasons import RETENTION, WITHDRAWN
from tests.services.meetings import audited
from tests.services.odd_stores import Watched, watched
from tests.services.recording_rows import a_held_session, a_pair, a_recording, answered
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    asked,
    bytes_of,
    certificate,
    files,
    later,
    left,
    lying,
    now,
    on_its_way,
    person,
    told,
    whole_way,
)
from tests.services.rows import acting, an_admin
from tests.support.studio import stored

__all__ = ["watched"]

pytestmark = pytest.mark.usefixtures("database")

FILM, SLICE = bytes_of(3_000), bytes_of(700, seed=2)
TWO = {"a.mp4": FILM, "b.ts": SLICE}


def test_asked_twice_is_once() -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    assert asked(recording)
    first = now(recording).purge_asked_at
    assert asked(recording, "Another reason")
    assert (now(recording).purge_asked_at, now(recording).purge_reason) == (first, RETENTION)
    assert purging.purge_due() == 1
    assert purging.purge_due() == 0
    assert asked(recording)
    assert purging.purge_due() == 0
    assert told("recording_purged") == 2


def test_a_withdrawal_deletes_what_is_ready_and_what_is_on_its_way() -> None:
    meeting = a_held_session(a_pair())
    ready = on_its_way(TWO, meeting)
    whole_way(ready)
    coming = on_its_way(TWO, meeting, number=2, prefix="2" * 8)
    answered(meeting, meeting.mentee_id)
    withdrawn = consent.withdraw(actor=acting(person(meeting)), session=meeting.public_id)
    assert (withdrawn.deleted, withdrawn.held) == (2, 0)
    assert transferring.transfer_due() == 0
    assert purging.purge_due() == 2
    assert lying(LOCAL) == lying(RECORDER) == {}
    reasons = {(row.reason, row.by_id) for row in stored(PurgeCertificate)}
    assert reasons == {(WITHDRAWN, meeting.mentee_id)}
    assert now(coming).status is RecordingStatus.PURGED


def test_a_withdrawal_while_a_recorder_runs_waits_until_it_has_left() -> None:
    meeting = a_held_session(a_pair())
    running = a_recording(meeting, RecordingStatus.RECORDING, prefix="1" * 8)
    left(running, "a.ts", SLICE)
    answered(meeting, meeting.mentee_id)
    consent.withdraw(actor=acting(person(meeting)), session=meeting.public_id)
    assert now(running).status is RecordingStatus.STOPPING
    assert purging.purge_due() == 0
    with db.transaction() as tx:  # the watch finds that it has left
        row = tx.get_one(Recording, running.id)
        row.status, row.look_at = RecordingStatus.TRANSFERRING, clock.utc_now()
    assert transferring.transfer_due() == 0
    assert purging.purge_due() == 1
    assert lying(RECORDER) == {}
    assert certificate().versions == 1


def test_what_is_held_stays_and_goes_as_soon_as_it_is_released() -> None:
    admin = acting(an_admin())
    meeting = a_held_session(a_pair())
    recording = on_its_way(TWO, meeting)
    whole_way(recording)
    retention.hold(actor=admin, recording=recording.public_id, reason="A court asks")
    answered(meeting, meeting.mentee_id)
    withdrawn = consent.withdraw(actor=acting(person(meeting)), session=meeting.public_id)
    assert (withdrawn.deleted, withdrawn.held) == (0, 1)
    with later(days=90):
        assert purging.purge_due() == retention.expire_due() == 0
        assert len(lying(LOCAL)) == 2
        with pytest.raises(Conflict, match="is held"):
            purging.purge_now(actor=admin, recording=recording.public_id, reason="Now")
        retention.release(actor=admin, recording=recording.public_id, reason="Settled")
        assert purging.purge_due() == 1
    assert (certificate().reason, certificate().by_id) == (WITHDRAWN, meeting.mentee_id)


@pytest.mark.parametrize("held_first", [True, False])
def test_nobody_looks_at_what_came_to_nothing_while_it_is_held_and_to_be_deleted(
    held_first: bool,
) -> None:
    admin = acting(an_admin())
    soon = clock.utc_now() + timedelta(minutes=9)  # the room closes then
    meeting = a_held_session(a_pair())
    failed = a_recording(meeting, RecordingStatus.FAILED, look_at=soon, prefix="1" * 8)
    if not held_first:
        asked(failed, WITHDRAWN)
    retention.hold(actor=admin, recording=failed.public_id, reason="A court asks")
    if held_first:
        assert now(failed).look_at == soon
        asked(failed, WITHDRAWN)
    assert now(failed).look_at is None
    retention.release(actor=admin, recording=failed.public_id, reason="Settled")
    assert purging.purge_due() == 1
    assert now(failed).status is RecordingStatus.PURGED


def test_a_hold_while_it_is_deleted_keeps_what_is_left(watched: Watched) -> None:
    admin = acting(an_admin())
    recording = on_its_way(TWO)
    whole_way(recording)
    asked(recording)
    first: list[str] = []

    def hold(key: str) -> None:
        if not first:
            first.append(key)
            retention.hold(actor=admin, recording=recording.public_id, reason="Wait")

    watched.before = hold
    assert purging.purge_due() == 0
    held = now(recording)
    assert (held.status, held.lease, held.look_at) == (RecordingStatus.READY, "", None)
    assert list(lying(LOCAL)) == [files(recording)[1].key]
    assert stored(PurgeCertificate) == []
    retention.release(actor=admin, recording=recording.public_id, reason="Go on")
    assert purging.purge_due() == 1
    assert lying(LOCAL) == {}


def test_a_hold_while_a_purge_is_asked_lets_the_files_go_on_their_way() -> None:
    recording = on_its_way(TWO)
    asked(recording)
    retention.hold(actor=acting(an_admin()), recording=recording.public_id, reason="Keep")
    assert purging.purge_due() == 0
    whole_way(recording)
    assert len(lying(LOCAL)) == 2
    assert lying(RECORDER) == {}


def test_an_admin_deletes_before_the_time_in_words_that_the_certificate_does_not_repeat() -> None:
    admin = acting(an_admin())
    recording = on_its_way(TWO)
    whole_way(recording)
    with pytest.raises(InvalidInput) as wrong:
        purging.purge_now(actor=admin, recording=recording.public_id, reason=" ")
    assert wrong.value.field == "reason"
    purging.purge_now(actor=admin, recording=recording.public_id, reason="Nora asked me to")
    purging.purge_due()
    assert (certificate().reason, certificate().by_id) == (erasing.BY_AN_ADMIN, admin.user_id)
    assert now(recording).purge_reason == "Nora asked me to"
    with pytest.raises(Conflict, match="deleted already"):
        purging.purge_now(actor=admin, recording=recording.public_id, reason="Again")


def test_only_an_admin_deletes_before_the_time() -> None:
    meeting = a_held_session(a_pair())
    recording = on_its_way(TWO, meeting)
    for actor in (acting(person(meeting)), acting(person(meeting, mentor=True))):
        with pytest.raises(NotAllowed):
            purging.purge_now(actor=actor, recording=recording.public_id, reason="Mine")
    with pytest.raises(NotFound):
        purging.purge_now(actor=acting(an_admin()), recording="rec_none", reason="None")
    assert now(recording).purge_asked_at is None


def test_two_admins_at_once_delete_it_once() -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    for name in ("Ada Admin", "Bo Boss"):
        actor = acting(an_admin(name))
        purging.purge_now(actor=actor, recording=recording.public_id, reason=name)
    assert audited(recording.public_id).count("recording.purge_asked") == 1
    assert purging.purge_due() == 1


def test_nobody_else_is_told_and_the_one_who_asked_gets_a_confirmation() -> None:
    meeting = a_held_session(a_pair())
    recording = on_its_way(TWO, meeting)
    whole_way(recording)
    answered(meeting, meeting.mentee_id, ConsentAnswer.GRANTED)
    consent.withdraw(actor=acting(person(meeting)), session=meeting.public_id)
    purging.purge_due()
    mails = [row.data for row in stored(OutboxMessage) if row.kind == "mail"]
    readers = {row["user_id"] for row in mails if row["template"] == "recording_purged"}
    assert readers == {meeting.mentee_id, meeting.mentor_user_id}
