"""Sessions that change while their mentor's calendar is broken or not connected."""

from __future__ import annotations

from typing import Any

from services import calendar
from services.calendar.events import event_id
from services.models import CalendarConnection, CalendarEvent, OutboxMessage, OutboxStatus
from tests.services.calendars import Desk, desk
from tests.support.google import utc
from tests.support.studio import stored

__all__ = ["desk"]

GUEST = "nora.novak@example.com"


def _days(events: list[dict[str, Any]]) -> set[str]:
    return {event["start"]["dateTime"][:10] for event in events}


def test_writes_wait_for_a_mentor_whose_access_was_taken_back(desk: Desk) -> None:
    desk.connect()
    early = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.revoke()
    desk.later(minutes=3)
    desk.move(early, utc(11, 9))
    desk.book(utc(12, 9))
    desk.studio.send()
    assert desk.view().waiting == 2
    assert {row.status for row in stored(OutboxMessage)} == {OutboxStatus.SENT}
    desk.connect()
    desk.studio.send()
    assert _days(desk.google.standing()) == {"2026-03-11", "2026-03-12"}
    assert desk.view().waiting == 0


def test_after_disconnecting_nothing_is_written_any_more(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    calendar.disconnect(actor=desk.actor)
    desk.studio.send()
    desk.book(utc(11, 9))
    desk.studio.send()
    assert desk.google.events() == []
    assert len(stored(CalendarConnection)) == 1


def test_the_same_account_connected_anew_goes_on_with_its_events_and_guests(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    calendar.disconnect(actor=desk.actor)
    desk.connect()
    desk.studio.send()
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    [event] = desk.google.standing()
    assert [guest["email"] for guest in event["attendees"]] == [GUEST]
    assert [mail["action"] for mail in desk.google.invitations()] == ["updated", "invited"]


def test_a_session_that_was_canceled_while_nothing_was_connected_leaves_no_event(
    desk: Desk,
) -> None:
    desk.connect()
    gone, stands = desk.book(utc(10, 9)), desk.book(utc(11, 9))
    desk.studio.send()
    calendar.disconnect(actor=desk.actor)
    desk.studio.send()
    desk.cancel(gone)
    desk.connect()
    desk.studio.send()
    [event] = desk.google.standing()
    assert event["id"] == event_id(stands.public_id, 1)
    assert [mail["action"] for mail in desk.google.invitations()].count("canceled") == 1
    assert len(stored(CalendarEvent)) == 2
