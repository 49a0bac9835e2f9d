"""Push channels: a hint to read, believed only with its token, renewed in time."""

from __future__ import annotations

from services import calendar, db
from services.models import ConnectedCalendar
from tests.services.calendars import Desk, desk
from tests.support.google import utc
from tests.support.studio import stored

__all__ = ["desk"]


def test_a_push_with_its_token_makes_the_calendar_due_at_once(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    told = desk.google.pushes()[0]["headers"]
    channel, token = told["X-Goog-Channel-ID"], told["X-Goog-Channel-Token"]
    assert not calendar.pushed(channel=channel, token="guessed")
    assert not calendar.pushed(channel="another", token=token)
    desk.poll()
    assert desk.busy() == []
    for _ in range(2):
        assert calendar.pushed(channel=channel, token=token)
    desk.poll()
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    assert calendar.take_due() == []


def test_the_token_of_a_channel_is_stored_as_a_hash_alone(desk: Desk) -> None:
    desk.connect()
    token = desk.google.channels()[0]["token"]
    assert token
    assert all(token not in str(row.model_dump()) for row in stored(ConnectedCalendar))


def test_a_channel_is_renewed_before_it_ends_and_the_old_one_is_closed(desk: Desk) -> None:
    desk.connect()
    [first] = desk.google.channels()
    desk.later(days=5, hours=23)
    assert len(desk.google.channels()) == 1
    desk.later(hours=2)
    second, old = desk.google.channels()
    assert (second["status"], old["status"], old["channel"]) == (
        "open",
        "stopped",
        first["channel"],
    )
    assert calendar.pushed(channel=second["channel"], token=second["token"])
    assert not calendar.pushed(channel=old["channel"], token=old["token"])


def test_where_no_channel_can_be_opened_polling_goes_on(desk: Desk) -> None:
    desk.google.fault("*/events/watch", "status", status=400)
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    assert (desk.google.channels(), desk.busy()) == ([], [(utc(4, 9), utc(4, 10))])
    desk.later(days=1, hours=1)
    desk.later(minutes=3)
    assert len(desk.google.channels()) == 1


def test_a_calendar_of_somebody_elses_is_read_although_it_cannot_be_watched(desk: Desk) -> None:
    desk.connect()
    own, _, holidays = desk.view().calendars
    calendar.choose(actor=desk.actor, calendars=[own.public_id, holidays.public_id])
    desk.poll()
    desk.google.add(utc(4, 9))
    desk.later(minutes=3)
    assert not desk.view().broken
    assert [bool(one.read_at) for one in desk.view().calendars] == [True, False, True]
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    assert len(desk.google.channels()) == 1


def test_a_made_up_push_does_not_wait_for_a_writer(desk: Desk) -> None:
    desk.connect()
    with db.transaction():
        assert not calendar.pushed(channel="made up", token="guessed")
