"""A connection that was lost loads its page once more: what is typed, chosen and told stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from services import availability, clock, db, models, onboarding, testimonials
from services.models import Mentor, MentoringSession, Pack, SessionStatus, User
from state import slots, testimonial
from state.admin_testimonials import AdminTestimonialsState
from state.book import BookState
from state.mentor_availability import MentorAvailabilityState
from state.move import MoveState
from state.onboarding import OnboardingState
from state.session import SessionState
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    onboarded,
    open_hours,
    saved,
)
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")

BODY = "She read every page of mine, twice, and told me what to throw away."


def noon(days: int) -> datetime:
    return (clock.utc_now() + timedelta(days=days)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )


def booked() -> tuple[MentoringSession, User, User]:
    """A session in five days, its mentee, and its mentor's user."""
    mentee, mentor = onboarded(a_user("Mia Maler")), a_mentor("Mina Mentor")
    open_hours(mentor)
    pack = a_pack(a_seat(mentee, mentor), reserved=1)
    with db.reading() as reading:
        return a_session(pack, noon(5)), mentee, reading.get_one(User, mentor.user_id)


def moving(session: MentoringSession) -> str:
    return f"/sessions/{session.public_id}/move?sequence={session.sequence}"


def editor() -> tuple[OpenPage[MentorAvailabilityState], MentorAvailabilityState]:
    mentor = a_mentor("Mina Mentor")
    open_hours(mentor)
    with db.reading() as reading:
        person = reading.get_one(User, mentor.user_id)
    page = OpenPage(MentorAvailabilityState, person, "/mentor/availability", load="load_own")
    return page, page.state


def test_hours_that_are_not_saved_yet_stay_in_their_fields() -> None:
    page, shown = editor()
    page.does("set_rule", "session_minutes", "45")
    fields = shown.version, [window.key for day in shown.week for window in day.windows]

    page.reconnects()

    assert (shown.session_minutes, shown.dirty, shown.phase) == ("45", True, "ready")
    assert fields == (shown.version, [w.key for day in shown.week for w in day.windows])
    page.does("discard")
    assert (shown.session_minutes, shown.dirty) == ("60", False)


def test_hours_that_nobody_edits_follow_what_somebody_else_stored() -> None:
    page, shown = editor()
    first = shown.version
    page.reconnects()
    assert shown.version == first

    with db.reading() as reading:
        mentor = reading.exec(select(Mentor)).one()
        stored = availability.get_rules(reading, actor=acting_mentor(mentor), mentor=mentor.slug)
    rules = replace(stored.rules, session_minutes=30)
    availability.save_rules(actor=acting(an_admin()), mentor=mentor.slug, rules=rules)
    page.reconnects()
    assert (shown.version, shown.session_minutes, shown.dirty) == (first + 1, "30", False)


def test_a_first_step_stays_open_with_what_is_typed() -> None:
    mia = a_user("Mia Maler")
    onboarding.save_profile(actor=acting(mia), name=mia.name, about="I write novels.")
    page = OpenPage(OnboardingState, mia, "/onboarding")
    shown = page.state
    page.does("open", "profile")
    before = shown.opened, shown.attempt

    page.does("hear_zone", "Asia/Kolkata")
    page.reconnects()

    assert (shown.opened, shown.attempt) == before == ("profile", before[1])
    assert shown.suggested_zone == "Asia/Kolkata"
    page.does("save_profile", {"name": mia.name, "about": "Short stories, too."})
    assert (shown.opened, shown.about) == ("time zone", "Short stories, too.")
    assert shown.attempt > before[1]


def test_a_testimonial_stays_in_its_field_while_it_is_written_and_when_it_is_sent() -> None:
    mia, mentor = a_user("Mia Maler"), a_mentor("Mina Mentor")
    seat = a_seat(mia, mentor)
    packs = [a_pack(seat, left=1), a_pack(seat, left=1)]
    for number, pack in enumerate(packs * 3):
        at = clock.utc_now() - timedelta(days=1 + number)
        a_session(pack, at, status=SessionStatus.COMPLETED)
    page = OpenPage(testimonial.TestimonialState, mia, f"/testimonial/{packs[0].public_id}")
    shown, first = page.state, page.state.attempt

    page.reconnects()
    assert shown.attempt == first
    page.does("save", {"body": BODY})
    assert (shown.body, shown.attempt, shown.wrong) == (BODY, first, "")
    assert shown.saved.startswith("Thank you.")
    page.reconnects()
    assert shown.attempt == first

    testimonials.write(actor=acting(mia), pack=packs[0].public_id, body=f"{BODY} Yes.")
    page.reconnects()
    assert shown.attempt == first + 1
    page.goes_to(f"/testimonial/{packs[1].public_id}")
    assert (shown.attempt, shown.body) == (first + 2, "")


def test_a_question_about_a_session_stays_open_and_closes_for_another_session() -> None:
    session, mia, _ = booked()
    page = OpenPage(SessionState, mia, f"/sessions/{session.public_id}")
    page.does("ask", "cancel")
    page.reconnects()
    assert page.state.asking == "cancel"
    with db.reading() as reading:
        other = a_session(reading.get_one(Pack, session.pack_id), noon(6))
    page.goes_to(f"/sessions/{other.public_id}")
    assert (page.state.asking, page.state.phase) == ("", "ready")


def test_a_reason_to_decline_stays_as_long_as_there_is_something_to_decline() -> None:
    mia, mentor = a_user("Mia Maler"), a_mentor("Mina Mentor")
    pack = a_pack(a_seat(mia, mentor))
    written = saved(
        models.Testimonial(pack_id=pack.id, mentee_id=mia.id, mentor_id=mentor.id, body=BODY)
    ).public_id
    ada, ida = an_admin(), an_admin("Ida Admin")
    page = OpenPage(AdminTestimonialsState, ada, "/admin/testimonials")
    page.does("ask_decline", written)
    page.reconnects()
    assert page.state.declining == written

    testimonials.decide(
        actor=acting(ida), testimonial=written, publish=False, reason="Say who you are."
    )
    page.reconnects()
    assert page.state.declining == ""


def test_a_chosen_new_time_stays_and_so_does_what_was_done_with_it() -> None:
    session, mia, _ = booked()
    page = OpenPage(MoveState, mia, moving(session))
    shown = page.state
    page.does("toggle", noon(4).isoformat())
    page.reconnects()
    assert shown.chosen

    page.does("send", {"reason": ""})
    page.reconnects()
    assert (shown.face, shown.done) == (
        "done",
        f"The session is now on {slots.with_zone(noon(4), shown.time_zone)}.",
    )

    page.comes_back()
    assert shown.face == "changed"


def test_what_was_just_booked_is_told_until_the_person_goes_on() -> None:
    mia, mentor = onboarded(a_user("Mia Maler")), a_mentor("Mina Mentor")
    open_hours(mentor)
    a_pack(a_seat(mia, mentor))
    page = OpenPage(BookState, mia, f"/book/{mentor.slug}")
    page.does("toggle", noon(3).isoformat())
    page.does("book")
    page.reconnects()
    assert len(page.state.booked) == 1
    page.does("book_more")
    assert (page.state.booked, page.state.most) == ([], 3)

    page.does("toggle", noon(4).isoformat())
    page.does("book")
    page.comes_back()
    assert page.state.booked == []
