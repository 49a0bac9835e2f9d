"""One's own place in a call: tickets, other tabs and devices, and what does not work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock, db
from services.models import User
from state import room_faces
from state.room import NO_TICKET, RoomState
from tests.services.meetings import HOUR, Together, at, together
from tests.support.open_page import OpenPage
from tests.support.studio import BEGINNING

START = at(2)
END = START + HOUR
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


@pytest.fixture
def session(pair: Together) -> str:
    """One booked session of the pair."""
    [booked] = pair.book(START)
    return booked


def opened(person: User, session: str) -> OpenPage[RoomState]:
    return OpenPage(RoomState, person, f"/sessions/{session}/room")


def mentees(pair: Together, session: str) -> OpenPage[RoomState]:
    return opened(pair.mentee, session)


def mentors(pair: Together, session: str) -> OpenPage[RoomState]:
    with db.reading() as reading:
        return opened(reading.get_one(User, pair.mentor.user_id), session)


def test_the_ticket_is_renewed_in_place(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("renew")
        assert page.state.ticket == NO_TICKET
        page.does("enter")
    old = page.state.ticket
    for minutes in (1, 2):
        with clock.at(START + minutes * MINUTE):
            page.does("beat")
    with clock.at(START + 3 * MINUTE):
        page.does("renew")
    assert page.state.ticket.token != old.token
    assert page.state.ticket.channel == old.channel


def test_the_tickets_token_is_the_persons_own_secret_and_nobody_elses(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        page, other = mentees(pair, session), mentors(pair, session)
        page.does("enter")
        other.does("enter")
    assert page.state.ticket.token != other.state.ticket.token
    assert page.state.ticket.token not in repr(page.state.ticket)


CODES = [
    "NotAllowedError",
    "NotFoundError",
    "NotReadableError",
    "SecurityError",
    "Ended",
    "NotSent",
    "Other",
]


@pytest.mark.parametrize("kind", ["camera", "microphone", "screen"])
@pytest.mark.parametrize("code", CODES)
def test_whatever_is_wrong_with_a_device_there_is_something_to_do(kind: str, code: str) -> None:
    found = room_faces.trouble(kind, code)
    assert found is not None
    assert kind in found.title
    assert found.title.endswith(".")
    assert len(found.what_now) > 40


def test_each_way_a_call_can_end_has_words_of_its_own() -> None:
    codes = ("UID_BANNED", "TOKEN_EXPIRE", "Unreachable")
    found = [room_faces.trouble("call", code) for code in codes]
    assert len({one.title for one in found if one}) == 3


def test_troubles_come_and_go_by_device_and_nonsense_is_ignored(
    pair: Together, session: str
) -> None:
    page = mentees(pair, session)
    page.does("trouble", "camera", "NotAllowedError")
    page.does("trouble", "microphone", "NotFoundError")
    page.does("trouble", "call", "UID_BANNED")
    page.does("trouble", "toaster", "NotFoundError")
    assert [one.title for one in page.state.troubles] == [
        "The browser does not let this page use your camera.",
        "No microphone was found.",
        "You are in this room somewhere else.",
    ]
    page.does("trouble", "camera", "")
    page.does("trouble", "call", "")
    assert [one.title for one in page.state.troubles] == ["No microphone was found."]


def test_what_is_not_sent_any_more_takes_back_no_other_word_of_the_device(
    pair: Together, session: str
) -> None:
    page = mentees(pair, session)
    page.does("trouble", "camera", "NotSent")
    page.does("trouble", "camera", "Sent")
    assert page.state.troubles == []
    page.does("trouble", "camera", "NotSent")
    page.does("trouble", "camera", "Ended")
    page.does("trouble", "camera", "Sent")
    page.does("trouble", "microphone", "Sent")
    assert [one.title for one in page.state.troubles] == ["Your camera is gone."]


def test_leaving_on_one_device_puts_the_other_out_with_its_next_word(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        laptop, phone = mentees(pair, session), mentees(pair, session)
        laptop.does("enter")
        phone.does("enter")
        phone.does("leave")
    with clock.at(START + 30 * SECOND):
        laptop.does("beat")
        assert (laptop.state.stage, laptop.state.ticket) == ("check", NO_TICKET)
        assert laptop.state.notice.startswith("You have left the room")
        phone.reconnects()
        assert phone.state.stage == "check"


@pytest.mark.parametrize("code", ["UID_BANNED", "UID_CONFLICT"])
def test_a_tab_whose_place_in_the_call_another_took_is_out_until_it_enters_again(
    pair: Together, session: str, code: str
) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
        page.does("trouble", "call", code)
        assert (page.state.stage, page.state.ticket) == ("check", NO_TICKET)
        assert [one.title for one in page.state.troubles] == [
            "You are in this room somewhere else."
        ]
        page.does("enter")
        assert (page.state.stage, page.state.troubles) == ("in", [])


def test_the_next_ticket_is_due_by_half_time_and_none_once_the_room_closes_first(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
    assert page.state.ticket.renew_in == 10 * 60
    with clock.at(END):
        page.does("renew")
    last = page.state.ticket
    assert last.token and last.renew_in == 0
    with clock.at(END + 14 * MINUTE):
        page.does("renew")
    assert page.state.ticket == last


def test_the_last_ticket_ends_with_the_room_and_no_earlier_one_does(
    pair: Together, session: str
) -> None:
    page = mentees(pair, session)
    with clock.at(END - 10 * MINUTE):
        page.does("enter")
        page.does("trouble", "call", "TOKEN_EXPIRE")
        assert (page.state.stage, len(page.state.troubles)) == ("in", 1)
        page.does("trouble", "call", "")
    with clock.at(END):
        page.does("renew")
    with clock.at(END + 15 * MINUTE):
        page.does("trouble", "call", "TOKEN_EXPIRE")
    assert (page.state.stage, page.state.troubles) == ("over", [])
