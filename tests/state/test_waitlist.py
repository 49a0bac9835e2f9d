"""Places in a line, in words, and what one can do about them from a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services import clock, db, sessions, waitlist
from services.ids import UserId
from services.models import SeatStatus, User, WaitlistStatus
from services.waitlist import OwnEntry
from state.admin_waitlist import AdminWaitlistState
from state.admin_waitlists import AdminWaitlistsState
from state.dashboard import DashboardState
from state.mentor import MentorState
from state.waiting import wait_face
from tests.services.rows import a_pack, a_seat
from tests.services.waiting import S, waiting
from tests.support.open_page import OpenPage
from tests.support.studio import BEGINNING, Studio

BERLIN = "Europe/Berlin"
WAITS = OwnEntry(
    public_id="wai_1",
    mentor_name="Mina Mentor",
    mentor_slug="mina-mentor",
    photo_key=None,
    status=WaitlistStatus.WAITING,
    position=3,
    is_first=False,
    reason="",
    joined_at=BEGINNING,
    offer_ends_at=None,
    ended_at=None,
    is_buying=False,
)
OFFERED = replace(
    WAITS,
    status=WaitlistStatus.OFFERED,
    position=0,
    offer_ends_at=BEGINNING + timedelta(hours=3),
)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (1, "You are next. You hear from us as soon as a place is free."),
        (2, "You are number 2: 1 person is before you."),
        (3, "You are number 3: 2 people are before you."),
    ],
)
def test_a_place_in_line_is_told_by_its_number(position: int, words: str) -> None:
    face = wait_face(replace(WAITS, position=position), BERLIN)
    assert (face.words, face.leaves, face.declines) == (words, True, False)


def test_whoever_waits_for_a_mentor_who_is_away_reads_so() -> None:
    assert wait_face(replace(WAITS, is_away=True), BERLIN).words == (
        "Mina Mentor cannot hold sessions for now, so no place is offered. "
        "You keep yours in the line: you are number 3."
    )


def test_an_offer_is_told_with_its_end_in_ones_own_zone() -> None:
    with clock.at(BEGINNING):
        face = wait_face(OFFERED, BERLIN)
    assert face.words == (
        "A place is held for you until 14:00 (Europe/Berlin). Choose a pack to take it."
    )
    assert (face.away.text, face.offered, face.declines) == ("in 3 hours", True, True)


def test_an_offer_whose_checkout_is_open_cannot_be_declined() -> None:
    face = wait_face(replace(OFFERED, is_buying=True), BERLIN)
    assert (face.offered, face.declines, face.leaves) == (False, False, False)
    assert "checkout is open" in face.words


def test_whoever_was_put_first_and_whoever_was_taken_off_reads_why() -> None:
    first = wait_face(replace(WAITS, position=1, is_first=True, reason="A promise"), BERLIN)
    assert first.reason == "You were put first: A promise"
    ended = replace(WAITS, status=WaitlistStatus.LEFT, position=0, reason="A second account")
    gone = wait_face(replace(ended, ended_at=BEGINNING), BERLIN)
    assert gone.reason == "The reason: A second account"


def test_every_state_of_a_place_has_words() -> None:
    for status in WaitlistStatus:
        assert wait_face(replace(WAITS, status=status, ended_at=BEGINNING), BERLIN).words


def test_a_full_mentors_page_offers_the_line_and_then_shows_the_place(studio: Studio) -> None:
    line = waiting("Anna")
    line.actor("Ben")
    address = f"/mentors/{line.mentor.slug}"
    page = OpenPage(MentorState, line.people["Ben"], address)
    assert page.state.can_wait
    assert page.state.ahead == "1 person waits before you."
    assert page.state.seats == "Full: join the waitlist"
    line.joins("Ben")
    page.reconnects()
    assert (page.state.can_wait, page.state.why_not) == (False, "")
    assert page.state.wait.words == "You are number 2: 1 person is before you."


def test_the_page_of_a_suspended_mentor_sells_nothing_and_says_why(studio: Studio) -> None:
    line = waiting("Anna")
    slug = line.mentor.slug
    line.frees()
    sessions.suspend_mentor(actor=line.admin, mentor=slug, reason="A complaint")
    anna = OpenPage(MentorState, line.people["Anna"], f"/mentors/{slug}")
    assert anna.state.wait.words.endswith("you are number 1.")
    line.does(waitlist.leave, "Anna")
    anna.reconnects()
    assert (anna.state.can_buy, anna.state.can_wait) == (False, False)
    assert anna.state.why_not == f"{anna.state.name} cannot hold sessions for now."


def test_the_page_of_whoever_has_the_offer_sells(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    page = OpenPage(MentorState, line.people["Anna"], f"/mentors/{line.mentor.slug}")
    assert (page.state.can_buy, page.state.wait.offered) == (True, True)
    assert page.state.seat_note == ""


def test_the_dashboard_shows_the_offer_first(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    page = OpenPage(DashboardState, line.people["Anna"], "/dashboard")
    assert page.state.step.title == f"A place with {page.state.waits[0].mentor} is yours."
    assert page.state.step.href == f"/mentors/{line.mentor.slug}"


def test_a_pack_whose_owner_waits_for_the_place_shows_no_end(studio: Studio) -> None:
    line = waiting()
    anna = line.actor("Anna")
    seat = a_seat(line.people["Anna"], line.mentor, SeatStatus.RELEASED)
    pack = a_pack(seat, expires_at=BEGINNING + timedelta(days=3))
    page = OpenPage(DashboardState, line.people["Anna"], "/dashboard")
    assert page.state.together[0].packs[0].ends_word == "to use by "
    with db.transaction() as session:
        waitlist.join_first(session, actor=anna, pack=pack.public_id)
    page.reconnects()
    [shown] = page.state.together[0].packs
    assert (shown.ends_word, shown.ends.text) == ("", "")


def test_an_admin_puts_first_and_back_and_takes_off_from_the_page(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    with_admin = _admin_of(line.admin.user_id)
    page = OpenPage(AdminWaitlistState, with_admin, f"/admin/waitlists/{line.mentor.slug}")
    assert [one.position for one in page.state.places] == ["1", "2"]
    ben = line.entry("Ben").public_id
    page.does("ask", ben, "first")
    page.does("answer", {"reason": "x"})
    assert page.state.wrong
    page.does("answer", {"reason": "A promise"})
    assert next(one.entry for one in page.state.places) == ben
    assert page.state.places[0].why == "Put first: A promise"
    page.does("put_back", ben)
    assert [one.entry for one in page.state.places][1] == ben
    page.does("ask", ben, "remove")
    page.does("answer", {"reason": "They asked for it"})
    assert line.entry("Ben").status is S.LEFT
    assert [one.status for one in page.state.ended] == ["left"]


def _admin_of(user_id: UserId | None) -> User:
    with db.reading() as session:
        return session.get_one(User, user_id)


def test_the_list_of_lines_names_whom_people_wait_for(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    page = OpenPage(AdminWaitlistsState, _admin_of(line.admin.user_id), "/admin/waitlists")
    [row] = page.state.lines
    assert (row.waiting, row.offered, row.seats) == ("2", "0", "1 of 1")
    line.does(waitlist.leave, "Anna")
    line.does(waitlist.leave, "Ben")
    page.reconnects()
    assert page.state.lines == []
