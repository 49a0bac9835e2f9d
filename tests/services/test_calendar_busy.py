"""Busy time: fresh by pushes and polling, unknown when it cannot be read, and never our own."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services import calendar, clock
from services.calendar.busy import without
from services.models import AuditEntry, BusyTime, ConnectedCalendar
from services.providers.calendar.base import Interval
from tests.services.calendars import Desk, acting_mentee, desk
from tests.services.rows import a_mentor, counted_reading, open_hours
from tests.support.google import utc
from tests.support.servers import environment_of
from tests.support.several import eventually
from tests.support.studio import BEGINNING, NOBODY_LISTENS, stored

__all__ = ["desk"]

MAIL = "mina.mentor@example.com"


def test_polling_finds_what_no_push_told(desk: Desk) -> None:
    desk.connect()
    event = desk.google.add(utc(4, 9))
    desk.poll()
    assert desk.busy() == []  # not due yet
    desk.later(minutes=3)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    desk.google.move(event, utc(5, 14), hours=2)
    desk.later(minutes=3)
    assert desk.busy() == [(utc(5, 14), utc(5, 16))]
    desk.google.delete(event)
    desk.later(minutes=3)
    assert desk.busy() == []


def test_a_due_calendar_goes_to_one_worker(desk: Desk) -> None:
    desk.connect()
    desk.studio.wait(minutes=5)
    assert len(calendar.take_due()) == 1
    assert calendar.take_due() == []


def test_booking_looks_again_only_when_the_last_look_is_old(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    calendar.refresh_if_stale(desk.mentor.user_id)
    assert desk.busy() == []
    desk.studio.wait(seconds=61)
    calendar.refresh_if_stale(desk.mentor.user_id)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]


def test_somebody_without_a_calendar_is_never_waited_for(desk: Desk) -> None:
    with environment_of({"GOOGLE_API_BASE": NOBODY_LISTENS}):
        calendar.refresh_if_stale(desk.mentee.id)
    assert desk.blocked() is None


def test_an_outage_keeps_what_is_known_for_an_hour_and_then_nobody_can_book(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    with environment_of({"GOOGLE_API_BASE": NOBODY_LISTENS}):
        desk.later(minutes=59)
        calendar.refresh_if_stale(desk.mentor.user_id)
        assert (desk.blocked(), desk.busy()) == (None, [(utc(4, 9), utc(4, 10))])
        assert desk.view().calendars[0].error
        desk.later(minutes=2)
        assert desk.blocked()
        assert desk.view().blocked
    desk.later(minutes=3)
    assert desk.blocked() is None
    assert desk.view().calendars[0].error == ""


def test_a_calendar_that_google_cannot_read_is_unknown_and_not_free(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    desk.google.unreadable()
    desk.later(minutes=30)
    assert desk.blocked() is None
    desk.later(minutes=31)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    assert desk.blocked()
    assert "internalError" in desk.view().calendars[0].error
    desk.google.unreadable(unreadable=False)
    desk.later(minutes=3)
    assert desk.blocked() is None


def test_only_the_calendar_with_an_error_is_unknown(desk: Desk) -> None:
    desk.connect()
    own, family = desk.view().calendars[:2]
    calendar.choose(actor=desk.actor, calendars=[own.public_id, family.public_id])
    desk.google.unreadable(stored(ConnectedCalendar)[1].external_id)
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    assert [bool(one.error) for one in desk.view().calendars] == [False, True, False]


def test_an_access_that_was_taken_back_stops_the_sale_and_tells_the_mentor_once(
    desk: Desk,
) -> None:
    desk.connect()
    began = clock.utc_now()
    desk.google.revoke()
    for _ in range(2):
        desk.later(minutes=2)
        desk.studio.send()
    assert desk.blocked()
    assert clock.utc_now() - began <= timedelta(minutes=4)
    assert desk.studio.mails(MAIL) == ["Please connect your calendar again"]
    desk.later(minutes=10)
    desk.studio.send()
    assert len(desk.studio.mails(MAIL)) == 1
    assert [line.action for line in stored(AuditEntry)][-1] == "calendar.broken"


def test_a_lost_access_is_noticed_by_the_booking_that_looks(desk: Desk) -> None:
    desk.connect()
    desk.google.revoke()
    desk.studio.wait(minutes=2)
    calendar.refresh_if_stale(desk.mentor.user_id)
    assert desk.blocked()


def test_an_access_token_that_ends_early_is_replaced_without_anybody_noticing(desk: Desk) -> None:
    desk.connect()
    desk.google.end_access()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    desk.google.add(utc(5, 9))
    desk.later(hours=2)
    assert len(desk.busy()) == 2


def test_an_outage_of_the_token_endpoint_breaks_nothing(desk: Desk) -> None:
    desk.connect()
    desk.google.fault("/oauth/token", "status", status=503)
    desk.later(hours=1, minutes=1)
    assert not desk.view().broken
    desk.later(minutes=3)
    assert desk.blocked() is None


def test_another_secret_key_breaks_connections_that_cannot_be_read_any_more(desk: Desk) -> None:
    desk.connect()
    with environment_of({"SECRET_KEY": "another key of more than 32 characters"}):
        desk.later(minutes=5)
        assert desk.view().broken
        assert "SECRET_KEY" in desk.view().broken_reason


def test_a_mentees_own_calendar_is_read_and_a_broken_one_blocks_nobody(desk: Desk) -> None:
    desk.connect(acting_mentee(desk))
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    assert [row.user_id for row in stored(BusyTime)] == [desk.mentee.id]
    assert desk.google.channels() == []  # they have not consented to their events
    desk.google.revoke()
    desk.later(minutes=3)
    desk.studio.send()
    assert desk.view(acting_mentee(desk)).broken
    assert desk.blocked() is None
    assert desk.studio.mails("nora.novak@example.com") == ["Please connect your calendar again"]


def test_busy_time_is_read_as_far_ahead_as_the_mentors_horizon(desk: Desk) -> None:
    open_hours(desk.mentor, horizon_days=200)
    desk.connect()
    far = BEGINNING + timedelta(days=199)
    desk.google.add(far)
    desk.later(minutes=3)
    assert desk.busy() == [(far, far + timedelta(hours=1))]


def test_a_session_in_googles_calendar_does_not_keep_its_own_time_busy(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.add(utc(10, 9, 30))  # an appointment that begins within it
    desk.later(minutes=3)
    assert desk.busy() == [(utc(10, 10), utc(10, 10, 30))]
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    desk.poll()  # the write made it due
    assert desk.busy() == [(utc(10, 9, 30), utc(10, 10, 30))]


def test_an_older_reading_never_takes_the_place_of_a_newer_one(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    with clock.at(clock.utc_now() - timedelta(minutes=1)):
        calendar.choose(actor=desk.actor, calendars=[desk.view().calendars[0].public_id])
        desk.google.add(utc(5, 9))
        calendar.sync(desk.connection().id)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]


def test_blocked_asks_once_for_all_mentors(desk: Desk) -> None:
    desk.connect()
    others = [a_mentor(f"Mentor {n}").user_id for n in range(5)]
    desk.google.revoke()
    desk.later(minutes=3)
    with counted_reading() as (session, statements):
        found = calendar.blocked(session, [desk.mentor.user_id, *others])
        assert set(found) == {desk.mentor.user_id}
        assert len(statements) == 1


def test_who_waits_to_book_waits_for_busy_time_alone(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.google.fault("*/events", "status", method="GET", status=500)
    desk.studio.wait(minutes=2)
    calendar.refresh_if_stale(desk.mentor.user_id)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]


def test_who_waits_to_book_goes_on_when_slow_answers_add_up(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.google.fault("*/freeBusy", "slow", times=2, seconds=2.5)  # each alone is quick enough
    desk.studio.wait(minutes=2)
    calendar.refresh_if_stale(desk.mentor.user_id)
    assert desk.busy() == []
    eventually(lambda: bool(desk.busy()), "what came late is kept")
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]


def test_a_chosen_calendar_that_vanishes_is_named_to_its_owner_once(desk: Desk) -> None:
    desk.connect()
    own, family, _ = desk.view().calendars
    calendar.choose(actor=desk.actor, calendars=[own.public_id, family.public_id])
    desk.google.remove(stored(ConnectedCalendar)[1].external_id)
    desk.later(minutes=3)
    assert desk.blocked() is None
    desk.later(minutes=50)
    desk.studio.send()
    assert desk.studio.mails(MAIL) == []
    for _ in range(2):
        desk.later(minutes=8)
        desk.studio.send()
    assert desk.blocked()
    assert desk.studio.mails(MAIL) == ["Your calendar Family cannot be read"]
    assert "not in your Google account any more" in desk.last_mail(MAIL)
    calendar.choose(actor=desk.actor, calendars=[own.public_id])
    assert desk.blocked() is None
    desk.later(days=1, minutes=1)
    assert [one.name for one in desk.view().calendars] == [desk.google.email, "Public holidays"]


def test_a_calendar_that_can_be_read_again_is_no_mail_any_more(desk: Desk) -> None:
    desk.connect()
    desk.google.unreadable()
    desk.later(minutes=61)
    desk.google.unreadable(unreadable=False)
    desk.later(minutes=3)
    desk.studio.send()
    assert desk.studio.mails(MAIL) == []


MINUTES = st.integers(0, 600).map(lambda n: BEGINNING + timedelta(minutes=n))
INTERVALS = st.lists(
    st.tuples(MINUTES, st.integers(1, 90)).map(lambda p: (p[0], p[0] + timedelta(minutes=p[1]))),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(busy=INTERVALS, own=INTERVALS)
def test_cutting_sessions_out_leaves_exactly_the_other_minutes(
    busy: list[Interval], own: list[Interval]
) -> None:
    def minutes(intervals: list[Interval]) -> set[int]:
        found: set[int] = set()
        for start, end in intervals:
            first = (start - BEGINNING) // timedelta(minutes=1)
            found |= set(range(first, (end - BEGINNING) // timedelta(minutes=1)))
        return found

    left = without(busy, own)
    assert minutes(left) == minutes(busy) - minutes(own)
    assert all(start < end for start, end in left)
