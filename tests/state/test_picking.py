"""The pages on which a time is chosen: a press that is at work, whose area it is, how long."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import clock, db
from services.models import User
from state.book import BookState
from state.mentor import MentorState
from state.move import MoveState
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    an_admin,
    onboarded,
    open_hours,
)
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")


def noon(days: int) -> datetime:
    return (clock.utc_now() + timedelta(days=days)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )


def test_what_was_pressed_is_at_work_until_it_is_done() -> None:
    mia, mentor = onboarded(a_user("Mia Maler")), a_mentor("Mina Mentor")
    open_hours(mentor)
    a_pack(a_seat(mia, mentor))
    page = OpenPage(BookState, mia, f"/book/{mentor.slug}")
    time = noon(3).isoformat()
    presses = [("toggle", time), ("fill_weekly",), ("hold_again",), ("toggle", time), ("book",)]

    at_work = [(*page.does(*press), page.state.busy) for press in presses]

    assert at_work == [(time, ""), ("weekly", ""), ("again", ""), (time, ""), ("book", "")]
    assert len(page.state.booked) == 3


def test_a_time_that_no_clock_shows_is_none() -> None:
    mia, mentor = onboarded(a_user("Mia Maler")), a_mentor("Mina Mentor")
    open_hours(mentor)
    session = a_session(a_pack(a_seat(mia, mentor), reserved=1), noon(5))
    with db.reading() as reading:
        mina = reading.get_one(User, mentor.user_id)
    page = OpenPage(MoveState, mina, f"/sessions/{session.public_id}/move")
    for typed in ("9999-12-31T23:59", "0001-01-01T00:00", "soon", ""):
        page.does("choose_own", {"own_time": typed})
        assert page.state.wrong_time == "Choose a date and a time."
        assert (page.state.notice, page.state.chosen) == ("", "")


def test_the_page_to_move_a_session_stands_in_the_area_of_whoever_moves_it() -> None:
    mia, mentor = onboarded(a_user("Mia Maler")), a_mentor("Mina Mentor")
    session = a_session(a_pack(a_seat(mia, mentor), reserved=1), noon(5))
    with db.reading() as reading:
        mina = reading.get_one(User, mentor.user_id)
    people = {"mentee": mia, "mentor": mina, "admin": an_admin()}
    address = f"/sessions/{session.public_id}/move"
    assert people.keys() == {
        OpenPage(MoveState, person, address).state.side for person in people.values()
    }


def test_a_mentors_page_says_how_long_a_session_with_this_mentor_is() -> None:
    mia, short, usual = a_user("Mia Maler"), a_mentor("Mina Mentor"), a_mentor("Moritz Mentor")
    open_hours(short, session_minutes=45)
    lengths = [
        OpenPage(MentorState, mia, f"/mentors/{mentor.slug}").state.length
        for mentor in (short, usual)
    ]
    assert lengths == ["45 minutes", "60 minutes"]
