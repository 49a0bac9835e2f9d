"""Sessions in the mentor's own calendar: one event each, whatever happens to the writes."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from services import calendar, db, outbox
from services.calendar.events import event_id
from services.models import (
    CalendarEvent,
    MentoringSession,
    OutboxMessage,
    OutboxStatus,
    SessionStatus,
)
from tests.services.calendars import Desk, acting_mentee, desk
from tests.services.rows import open_hours
from tests.support.google import utc
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS, stored

__all__ = ["desk"]

GUEST = "nora.novak@example.com"


def _times(event: dict[str, Any]) -> tuple[str, str]:
    return event["start"]["dateTime"], event["start"]["timeZone"]


def _again(desk: Desk) -> None:
    """The worker was killed before it could say that it had sent: everything is sent again."""
    with db.transaction() as session:
        for row in stored(OutboxMessage):
            kept = session.get_one(OutboxMessage, row.id)
            kept.status, kept.attempts, kept.due_at = OutboxStatus.DUE, 0, kept.created_at
    desk.studio.send()


def test_a_booked_session_is_written_and_its_mentee_invited_in_the_mentors_zone(
    desk: Desk,
) -> None:
    open_hours(desk.mentor, zone="America/New_York", meeting_link="https://meet.example.com/mina")
    desk.connect(time_zone="America/New_York")
    meeting = desk.book(utc(10, 15))
    desk.studio.send()
    [event] = desk.google.standing()
    assert _times(event) == ("2026-03-10T11:00:00-04:00", "America/New_York")
    assert event["location"] == "https://meet.example.com/mina"
    assert "Tuesday, 10 March 2026 at 20:30 (Asia/Kolkata)" in event["description"]
    assert "Tuesday, 10 March 2026 at 11:00 (America/New_York)" in event["description"]
    assert f"/sessions/{meeting.public_id}" in event["description"]
    [mail] = desk.google.invitations()
    assert (mail["to"], mail["start"]["timeZone"]) == (GUEST, "America/New_York")


def test_without_a_calendar_nothing_is_written(desk: Desk) -> None:
    desk.book(utc(10, 9))
    assert [row.kind for row in stored(OutboxMessage)] == []
    desk.connect(acting_mentee(desk))  # a mentee's calendar is read, never written
    desk.book(utc(11, 9))
    assert stored(CalendarEvent) == []


def test_a_moved_session_is_the_same_event_and_the_same_thread(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    [before] = desk.google.standing()
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    [after] = desk.google.standing()
    assert (after["id"], after["iCalUID"]) == (before["id"], before["iCalUID"])
    assert after["sequence"] > before["sequence"]
    assert [mail["action"] for mail in desk.google.invitations()] == ["updated", "invited"]


def test_a_canceled_session_is_taken_out_and_its_mentee_told(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.cancel(meeting)
    desk.studio.send()
    _again(desk)
    assert desk.google.standing() == []
    assert [mail["action"] for mail in desk.google.invitations()] == ["canceled", "invited"]


def test_a_session_that_was_canceled_before_it_was_written_leaves_nothing(desk: Desk) -> None:
    desk.connect()
    desk.cancel(desk.book(utc(10, 9)))
    desk.studio.send()
    assert desk.google.events() == []


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_write_whose_answer_was_lost_is_repeated_and_there_is_one_event(
    desk: Desk, kind: str
) -> None:
    desk.connect()
    desk.google.fault("*/events", kind, method="POST")
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.studio.wait(minutes=1)
    desk.studio.send()
    assert len(desk.google.events()) == 1
    assert len(desk.google.invitations()) == 1
    assert stored(CalendarEvent)[0].written_sequence == 0


def test_whatever_is_sent_twice_is_one_event_and_one_invitation(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    _again(desk)
    assert len(desk.google.events()) == 1
    assert len(desk.google.invitations()) == 1


def test_a_killed_worker_that_never_noted_its_write_leaves_one_event(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    with db.transaction() as session:  # as if it had died before the note
        row = session.get_one(CalendarEvent, stored(CalendarEvent)[0].id)
        row.written_sequence = None
    _again(desk)
    assert len(desk.google.events()) == 1
    assert stored(CalendarEvent)[0].written_sequence == 0


def test_moves_that_pile_up_end_in_the_last_one_in_any_order(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.move(meeting, utc(11, 9))
    desk.move(meeting, utc(12, 9))
    waiting = outbox.take(limit=10)
    for message in reversed(waiting):
        calendar.write(**message.data)
    [event] = desk.google.standing()
    assert _times(event)[0].startswith("2026-03-12T")
    assert len(waiting) == 3


def test_two_workers_at_once_leave_one_event_as_the_session_is(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.move(meeting, utc(11, 9))
    data = stored(OutboxMessage)[-1].data
    wanted = {"session_id": data["session_id"], "connection_id": data["connection_id"]}
    failures: list[Exception] = []

    def work() -> None:
        try:
            calendar.write(**wanted)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    [event] = desk.google.standing()
    assert _times(event)[0].startswith("2026-03-11T")


def test_a_session_that_moves_while_it_is_written_is_written_again(desk: Desk) -> None:
    """The first writer is slow; nobody comes after it."""
    desk.connect()
    meeting = desk.book(utc(10, 9))
    wanted = stored(OutboxMessage)[-1].data
    ids = {name: wanted[name] for name in ("session_id", "connection_id")}
    desk.google.fault("*/events", "slow", method="POST", seconds=6)
    writer = threading.Thread(target=calendar.write, kwargs=ids)
    writer.start()
    time.sleep(1)  # it has read the session, and waits for Google
    desk.move(meeting, utc(11, 9))
    writer.join()
    [event] = desk.google.standing()
    assert _times(event)[0].startswith("2026-03-11T")
    assert stored(CalendarEvent)[0].written_sequence == 1


def test_an_id_that_belongs_to_something_else_is_left_alone(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    theirs = {"private": {"session": "ses_somebody_elses"}}
    desk.google.add(utc(20, 9), id=event_id(meeting.public_id, 1), extendedProperties=theirs)
    desk.studio.send()
    other, ours = desk.google.standing()
    assert _times(other)[0].startswith("2026-03-20T")
    assert ours["id"] == event_id(meeting.public_id, 2)
    assert stored(CalendarEvent)[0].attempt == 2
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    assert [event["id"] for event in desk.google.standing()] == [other["id"], ours["id"]]


def test_a_deleted_event_with_our_id_comes_back_under_it(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.google.add(utc(10, 9), id=event_id(meeting.public_id, 1))
    desk.google.delete(event_id(meeting.public_id, 1))
    desk.studio.send()
    [event] = desk.google.standing()
    assert (event["id"], event["status"]) == (event_id(meeting.public_id, 1), "confirmed")


def test_a_deleted_event_that_cannot_come_back_gets_the_next_id(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.google.add(utc(10, 9), id=event_id(meeting.public_id, 1))
    desk.google.delete(event_id(meeting.public_id, 1))
    desk.google.fault("*/events/*", "status", method="PUT", status=400)
    desk.studio.send()
    [event] = desk.google.standing()
    assert event["id"] == event_id(meeting.public_id, 2)


def test_an_event_that_the_mentor_moved_meanwhile_follows_the_session(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.move(desk.google.standing()[0]["id"], utc(14, 9))
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    [event] = desk.google.standing()
    assert _times(event)[0].startswith("2026-03-11T")


def test_the_first_failing_write_breaks_the_connection_and_tells_the_mentor(desk: Desk) -> None:
    desk.connect()
    desk.google.revoke()
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.studio.send()
    assert desk.blocked()
    assert desk.studio.mails("mina.mentor@example.com") == ["Please connect your calendar again"]


def test_an_outage_is_tried_again_until_it_is_over(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    with environment_of({"GOOGLE_API_BASE": NOBODY_LISTENS}):
        for _ in range(3):
            desk.studio.send()
            desk.studio.wait(minutes=2)
    assert desk.google.events() == []
    desk.studio.send()
    assert len(desk.google.standing()) == 1


def test_sessions_booked_before_connecting_are_written_without_a_second_invitation(
    desk: Desk,
) -> None:
    meeting = desk.book(utc(10, 9))
    desk.connect()
    desk.studio.send()
    [event] = desk.google.standing()
    assert event.get("attendees", []) == []
    assert desk.google.invitations() == []
    with db.reading() as session:
        assert calendar.uid_of(session, meeting.id) is None


def test_our_mails_and_googles_invitation_are_one_thread(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    with db.reading() as session:
        uid = calendar.uid_of(session, meeting.id)
        assert calendar.uids_of(session, [meeting.id]) == {meeting.id: uid}
    desk.studio.send()
    assert desk.google.standing()[0]["iCalUID"] == uid


def test_what_is_over_stays_in_the_calendar_and_a_late_cancellation_does_not(desk: Desk) -> None:
    desk.connect()
    meetings = [desk.book(utc(10, 9)), desk.book(utc(11, 9))]
    desk.studio.send()
    with db.transaction() as session:
        done, late = (session.get_one(MentoringSession, each.id) for each in meetings)
        done.status = SessionStatus.COMPLETED
        late.status, late.late, late.sequence = SessionStatus.MENTEE_NO_SHOW, True, 1
        calendar.session_changed(session, done)
        calendar.session_changed(session, late)
    desk.studio.send()
    assert [_times(event)[0][:10] for event in desk.google.standing()] == ["2026-03-10"]


def test_an_event_tells_the_sessions_own_time_also_where_its_mentor_had_moved_it_there(
    desk: Desk,
) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.move(desk.google.standing()[0]["id"], utc(11, 9))
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    [event] = desk.google.standing()
    assert "11 March 2026" in event["description"]
    assert "10 March 2026" not in event["description"]


def test_an_event_id_has_only_letters_that_google_takes() -> None:
    made = event_id("ses_" + "zZ9" * 7 + "z", 12)
    assert set(made) <= set("0123456789abcdefghijklmnopqrstuv")
    assert 5 <= len(made) <= 100
    assert made != event_id("ses_" + "zZ9" * 7 + "z", 1)
