"""How long recordings are kept: reminded of once, deleted in time, kept longer, or held."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services import clock, db
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed
from services.models import (
    ConsentAnswer,
    FileStatus,
    MentoringSession,
    PurgeCertificate,
    Recording,
    RecordingStatus,
    Reminder,
    ReminderOutcome,
    SessionNote,
    SessionStatus,
    User,
    UserStatus,
)
from services.recordings import purging, retention, transferring
from services.recordings.reasons import ERASED, RETENTION, WITHDRAWN
from services.reminders import sending
from tests.services.meetings import audited
from tests.services.recording_rows import a_held_session, a_pair, a_recording, answered
from tests.services.recordings import (
    LOCAL,
    asked,
    bytes_of,
    files,
    lying,
    mailed,
    now,
    on_its_way,
    told,
    used,
    whole_way,
)
from tests.services.reminding import noted, reasons
from tests.services.rows import a_session, acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, stored

pytestmark = pytest.mark.usefixtures("database")

DAY = timedelta(days=1)
FILM = bytes_of(2_000)
BERLIN = ZoneInfo("Europe/Berlin")


def turn() -> None:
    """What the sweep does about recordings, in its order."""
    sending.send_due()
    transferring.transfer_due()
    retention.expire_due()
    purging.purge_due()


def a_ready_one(session: MentoringSession | None = None, number: int = 1) -> Recording:
    """A recording that was brought to its store just now."""
    meeting = session or a_held_session(a_pair())
    recording = on_its_way({"a.mp4": FILM}, meeting, number=number, prefix=f"{number:08}")
    return whole_way(recording)


def until(recording: Recording) -> datetime:
    end = now(recording).keep_until
    assert end is not None
    return end


def through(day: date) -> datetime:
    """The end of a day in the studio's zone."""
    return datetime.combine(day + DAY, datetime.min.time(), BERLIN).astimezone(UTC)


def test_sixty_days_of_a_studio() -> None:
    """Of one pair's sessions on one day: one as it comes, one that is kept longer, one that is
    held, one that is held until the 50th day, one that came to nothing."""
    with clock.at(BEGINNING):
        admin, pack = acting(an_admin()), a_pair()
        meetings = [
            a_session(pack, BEGINNING + timedelta(hours=2 * n), status=SessionStatus.COMPLETED)
            for n in range(5)
        ]
        with db.transaction() as tx:
            for each in meetings:
                tx.add(
                    SessionNote(
                        session_id=each.id, author_id=each.mentee_id, shared=True, body="Good"
                    )
                )
    with clock.at(BEGINNING + timedelta(hours=12)):
        usual, longer, held, released = (a_ready_one(each, 1) for each in meetings[:4])
        failed = a_recording(meetings[4], RecordingStatus.FAILED, trouble="Nothing came.")
        retention.hold(actor=admin, recording=held.public_id, reason="A court asks")
        retention.hold(actor=admin, recording=released.public_id, reason="A court may ask")
    ends = [each.ends_at for each in meetings]
    day_after_45 = (ends[1] + 45 * DAY).date()
    reminded: dict[str, list[datetime]] = defaultdict(list)
    gone: dict[str, datetime] = {}
    money: list[tuple[str, str, int]] = []

    for day in range(1, 61):
        at = BEGINNING + timedelta(days=day, hours=12)
        with clock.at(at):
            if day == 20:
                retention.extend(
                    actor=admin, recording=longer.public_id, until=day_after_45, reason="An exam"
                )
            if day == 50:
                retention.release(actor=admin, recording=released.public_id, reason="It did not")
            before = _reminded()
            turn()
            for about in _reminded() - before:
                reminded[about].append(at)
            for row in stored(Recording):
                if row.purged_at is not None:
                    gone.setdefault(row.public_id, at)
        if day == 1:
            money = [use for use in used() if use[0] == "stored"]

    for recording, end in ((usual, ends[0] + 30 * DAY), (longer, through(day_after_45))):
        [told_at] = reminded[recording.public_id]
        assert end - 7 * DAY <= told_at < end - 6 * DAY
        assert end <= gone[recording.public_id] < end + DAY
    assert ends[4] + 30 * DAY <= gone[failed.public_id] < ends[4] + 31 * DAY
    assert gone[released.public_id] == BEGINNING + timedelta(days=50 + 7, hours=12)
    assert held.public_id not in gone
    assert set(reminded) == {usual.public_id, longer.public_id}
    assert reasons(retention.KIND) == []

    assert list(lying(LOCAL)) == [files(held)[0].key]
    assert {row.reason for row in stored(PurgeCertificate)} == {RETENTION}
    assert len(stored(PurgeCertificate)) == 4
    assert told("recording_expiring") == mailed("recording_expiring") == 4
    assert [row.id for row in stored(MentoringSession)] == [each.id for each in meetings]
    assert [row.body for row in stored(SessionNote)] == ["Good"] * 5
    assert [use for use in used() if use[0] == "stored"] == money
    assert len([use for use in used() if use[0] == "gone"]) == 3


def _reminded() -> set[str]:
    """What both its people were reminded of."""
    told = [row for row in stored(Reminder) if row.outcome is ReminderOutcome.SENT]
    return {row.about for row in told if row.kind == retention.KIND}


def test_a_worker_that_was_away_for_weeks_deletes_and_notes_that_it_reminded_of_nothing() -> None:
    recording = a_ready_one()
    with clock.at(until(recording) + 3 * DAY):
        turn()
    assert now(recording).status is RecordingStatus.PURGED
    assert [outcome for _, _, outcome in noted(retention.KIND)] == [ReminderOutcome.SUPPRESSED] * 2
    assert reasons(retention.KIND) == [retention.OVER] * 2
    assert told("recording_expiring") == 0


def test_a_reminder_comes_once_however_often_one_looks() -> None:
    recording = a_ready_one()
    with clock.at(until(recording) - 7 * DAY - timedelta(seconds=1)):
        assert retention.remind_due() == 0
    with clock.at(until(recording) - 7 * DAY):
        assert retention.remind_due() == 1
        assert retention.remind_due() == 0
    with clock.at(until(recording) - DAY):
        assert retention.remind_due() == 0
    assert told("recording_expiring") == 2


def test_an_extension_is_reminded_of_anew() -> None:
    recording = a_ready_one()
    with clock.at(until(recording) - 6 * DAY):
        assert retention.remind_due() == 1
        day = (until(recording) + 20 * DAY).date()
        retention.extend(
            actor=acting(an_admin()), recording=recording.public_id, until=day, reason="An exam"
        )
        assert retention.remind_due() == 0
    with clock.at(until(recording) - 6 * DAY):
        assert retention.remind_due() == 1
    assert told("recording_expiring") == 4
    assert until(recording) == through(day)


def test_what_became_ready_after_the_reminder_was_due_needs_none() -> None:
    meeting = a_held_session(a_pair(), days_ago=25)
    a_ready_one(meeting)
    assert retention.remind_due() == 1
    assert reasons(retention.KIND) == [retention.JUST_TOLD] * 2
    assert told("recording_expiring") == 0


def test_who_is_suspended_is_not_reminded_and_the_other_one_is() -> None:
    meeting = a_held_session(a_pair())
    recording = a_ready_one(meeting)
    with db.transaction() as tx:
        tx.get_one(User, meeting.mentee_id).status = UserStatus.SUSPENDED
    with clock.at(until(recording) - 7 * DAY):
        assert retention.remind_due() == 1
    outcomes = {who: outcome for _, who, outcome in noted(retention.KIND)}
    assert outcomes == {
        meeting.mentee_id: ReminderOutcome.SUPPRESSED,
        meeting.mentor_user_id: ReminderOutcome.SENT,
    }


def test_what_is_being_deleted_or_came_to_nothing_is_not_reminded_of() -> None:
    meeting = a_held_session(a_pair())
    going = a_ready_one(meeting)
    a_recording(meeting, RecordingStatus.FAILED, number=2, trouble="Nothing came.")
    asked(going)
    with clock.at(until(going) - DAY):
        assert retention.remind_due() == 0


def test_a_recording_that_never_arrived_goes_after_its_time_as_well() -> None:
    recording = on_its_way({"a.mp4": FILM})
    with clock.at(until(recording)):
        assert retention.expire_due() == 1
        assert retention.expire_due() == 0
        purging.purge_due()
    assert now(recording).status is RecordingStatus.PURGED
    assert [file.status for file in files(recording)] == [FileStatus.GONE]


def test_retention_is_a_setting() -> None:
    with environment_of({"RECORDING_DAYS": "5", "RECORDING_REMINDER_DAYS": "2"}):
        meeting = a_held_session(a_pair())
        recording = on_its_way({"a.mp4": FILM}, meeting, keep_until=None)
        whole_way(recording)
        assert until(recording) == meeting.ends_at + 5 * DAY
        with clock.at(until(recording) - 2 * DAY):
            assert retention.remind_due() == 1


def test_an_extension_tells_both_and_says_why() -> None:
    admin = acting(an_admin())
    recording = a_ready_one()
    day = (until(recording) + 10 * DAY).date()
    retention.extend(actor=admin, recording=recording.public_id, until=day, reason=" An  exam ")
    changed = now(recording)
    assert (changed.keep_until, changed.extend_reason) == (through(day), "An exam")
    assert changed.extended_by == admin.user_id
    assert audited(recording.public_id)[-1] == "recording.extended"
    assert (told("recording_extended"), mailed("recording_extended")) == (2, 2)


@pytest.mark.parametrize(
    ("days", "reason", "field"),
    [(-1, "Why", "until"), (-40, "Why", "until"), (4_000, "Why", "until"), (9, "", "reason")],
)
def test_an_extension_is_a_later_day_and_has_a_reason(days: int, reason: str, field: str) -> None:
    recording = a_ready_one()
    before = now(recording).model_dump()
    with pytest.raises(InvalidInput) as wrong:
        retention.extend(
            actor=acting(an_admin()),
            recording=recording.public_id,
            until=(until(recording) + days * DAY).date(),
            reason=reason,
        )
    assert wrong.value.field == field
    assert now(recording).model_dump() == before


def test_what_is_going_gone_or_runs_is_not_extended() -> None:
    admin, meeting = acting(an_admin()), a_held_session(a_pair())
    going, gone = a_ready_one(meeting), a_ready_one(meeting, 2)
    runs = a_recording(meeting, RecordingStatus.RECORDING, number=3)
    asked(gone)
    purging.purge_due()
    asked(going)
    day = (clock.utc_now() + 90 * DAY).date()
    for recording, words in (
        (going, retention.GOING),
        (gone, retention.DELETED),
        (runs, retention.RUNS),
    ):
        with pytest.raises(Conflict, match=words):
            retention.extend(
                actor=admin, recording=recording.public_id, until=day, reason="Why not"
            )


def people_of(meeting: MentoringSession) -> list[Actor]:
    with db.reading() as session:
        people = (meeting.mentee_id, meeting.mentor_user_id)
        return [acting(session.get_one(User, each)) for each in people]


def test_only_an_admin_extends_holds_and_releases() -> None:
    meeting = a_held_session(a_pair())
    recording = a_ready_one(meeting)
    day = (until(recording) + 10 * DAY).date()
    name = recording.public_id
    for actor in people_of(meeting):
        with pytest.raises(NotAllowed):
            retention.extend(actor=actor, recording=name, until=day, reason="Mine")
        with pytest.raises(NotAllowed):
            retention.hold(actor=actor, recording=name, reason="Mine")
        with pytest.raises(NotAllowed):
            retention.release(actor=actor, recording=name, reason="Mine")
    assert now(recording).held_at is None


def test_a_hold_and_its_end_are_told_to_both() -> None:
    admin, recording = acting(an_admin()), a_ready_one()
    name = recording.public_id
    retention.hold(actor=admin, recording=name, reason="A court asks")
    with pytest.raises(Conflict, match="held already"):
        retention.hold(actor=admin, recording=name, reason="Another court asks")
    assert (now(recording).hold_reason, now(recording).held_by) == ("A court asks", admin.user_id)
    retention.release(actor=admin, recording=name, reason="Settled")
    with pytest.raises(Conflict, match="not held"):
        retention.release(actor=admin, recording=name, reason="Settled")
    assert (now(recording).held_at, now(recording).hold_reason) == (None, "")
    assert (told("recording_held"), told("recording_released")) == (2, 2)
    assert audited(name)[-2:] == ["recording.held", "recording.released"]
    assert now(recording).status is RecordingStatus.READY


def test_a_hold_needs_a_reason_and_something_that_is_there() -> None:
    admin, recording = acting(an_admin()), a_ready_one()
    with pytest.raises(InvalidInput):
        retention.hold(actor=admin, recording=recording.public_id, reason="")
    asked(recording)
    purging.purge_due()
    with pytest.raises(Conflict, match="deleted already"):
        retention.hold(actor=admin, recording=recording.public_id, reason="Too late")


def test_a_release_after_its_time_leaves_people_as_long_as_a_reminder_does() -> None:
    admin, recording = acting(an_admin()), a_ready_one()
    retention.hold(actor=admin, recording=recording.public_id, reason="A court asks")
    with clock.at(until(recording) + 5 * DAY):
        turn()
        assert now(recording).status is RecordingStatus.READY
        retention.release(actor=admin, recording=recording.public_id, reason="Settled")
        turn()
        assert now(recording).status is RecordingStatus.READY
        assert until(recording) == clock.utc_now() + 7 * DAY
        assert told("recording_expiring") == 0  # they were told with the release
    with clock.at(until(recording)):
        turn()
    assert now(recording).status is RecordingStatus.PURGED
    assert told("recording_expiring") == 0


@pytest.mark.parametrize("why", [WITHDRAWN, ERASED])
def test_a_release_deletes_what_somebody_has_long_taken_back(why: str) -> None:
    meeting = a_held_session(a_pair())
    admin, recording = acting(an_admin()), a_ready_one(meeting)
    retention.hold(actor=admin, recording=recording.public_id, reason="A court asks")
    if why == WITHDRAWN:
        answered(meeting, meeting.mentee_id, ConsentAnswer.WITHDRAWN)
    else:
        with db.transaction() as tx:
            person = tx.get_one(User, meeting.mentee_id)
            person.status, person.erased_at = UserStatus.ERASED, clock.utc_now()
    retention.release(actor=admin, recording=recording.public_id, reason="Settled")
    purging.purge_due()
    assert [row.reason for row in stored(PurgeCertificate)] == [why]
