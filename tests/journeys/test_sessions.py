"""A booked session in browsers: who may do what, what becomes of the credit, and what both read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from services import booking, clock, db
from services.models import MentoringSession, OccupiedTime, Pack
from tests.journeys.conftest import NewPerson
from tests.journeys.world import Account, Seller, World


@dataclass(frozen=True)
class Meeting:
    """A session of a new mentee with a new mentor."""

    mentee: Account
    seller: Seller
    session: str

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/sessions/{self.session}"


def booked(world: World, mentor: str, away: timedelta) -> Meeting:
    """A session that begins so far from now, agreed on outside of what the mentor offers."""
    seller, mentee = world.mentor(mentor), world.mentee("Mia Maler")
    world.bought(mentee, seller)
    start = (clock.utc_now() + away).replace(second=0, microsecond=0)
    (session,) = booking.book_for(
        actor=world.actor(seller.account),
        mentor=seller.slug,
        mentee=world.user(mentee).public_id,
        starts=[start],
        reason="Agreed by telephone",
    )
    return Meeting(mentee, seller, session)


def test_a_mentor_books_an_agreed_time_from_the_mentees_page(
    world: World, person: NewPerson
) -> None:
    seller, mentee = world.mentor("Ilka Immel"), world.mentee("Mia Maler")
    world.bought(mentee, seller)
    ilka = person(seller.account).is_signed_in()
    ilka.open(f"/mentor/mentees/{world.user(mentee).public_id}").reads("Mia Maler")
    ilka.page.get_by_text("Book a session for Mia Maler").click()
    agreed = (clock.utc_now() + timedelta(days=2)).strftime("%Y-%m-%dT06:17")
    ilka.fills("Date and time", "2020-02-02T06:17").fills("Why you book it", "By telephone")
    ilka.presses("Book the session").is_told("This time cannot be booked: it is over already.")
    ilka.fills("Date and time", agreed).presses("Book the session").is_told(
        "Both of you get a mail."
    )
    expect(ilka.page.get_by_role("link", name="06:17")).to_be_visible()
    expect(ilka.page.get_by_label("Why you book it")).to_have_value("")
    ilka.is_told("1 of them booked")


def over(world: World, mentor: str) -> Meeting:
    """A session that ended a while ago, and nobody has said how."""
    meeting, back = booked(world, mentor, timedelta(hours=1)), timedelta(hours=3)
    with db.transaction() as session:
        row = session.exec(
            select(MentoringSession).where(MentoringSession.public_id == meeting.session)
        ).one()
        row.starts_at, row.ends_at = row.starts_at - back, row.ends_at - back
        for time in session.exec(select(OccupiedTime).where(OccupiedTime.session_id == row.id)):
            session.delete(time)
    return meeting


def left(meeting: Meeting, world: World) -> tuple[int, int]:
    """What is left in the mentee's pack, and how much of that is reserved."""
    user_id = world.user(meeting.mentee).id
    with db.reading() as session:
        pack = session.exec(select(Pack).where(Pack.mentee_id == user_id)).one()
        return pack.left, pack.reserved


def live(page: Page) -> Page:
    """The page can be acted on: what it loads is there."""
    expect(page.get_by_text("Your time:")).to_be_visible()
    return page


@pytest.mark.several(full=True)
def test_the_mentor_says_it_took_place_the_mentee_objects_and_an_admin_gives_it_back(
    world: World, person: NewPerson
) -> None:
    meeting = over(world, "Nils Noll")
    nils, mia = person(meeting.seller.account), person(meeting.mentee)
    ada = person(world.admin()).open("/").is_signed_in()

    nils.open("/").is_signed_in().open("/mentor/sessions").reads("Sessions")
    nils.open(meeting.path).reads("Session with Mia Maler")
    nils.page.get_by_label("What happened?").select_option("It took place")
    nils.presses("Save what happened").is_told("Nils Noll said so on")
    assert left(meeting, world) == (3, 0)

    mia.open("/").is_signed_in().open(meeting.path).reads("Session with Nils Noll")
    mia.is_told("One session was used.").is_told("You can object until").presses("Object")
    mia.fills("What is wrong?", "Nobody was there.").presses("Send the objection")
    mia.is_told("The studio is looking at it.")

    ada.open("/admin/sessions?only=objection").looks_up("Search sessions", meeting.mentee.email)
    ada.is_told("An objection is being looked at.").follows("Mia Maler").is_at(meeting.path)
    ada.page.get_by_label("Is the objection right?").select_option("yes")
    ada.fills("Answer", "We are sorry about that.").presses("Send the answer")
    ada.is_told("The studio agreed")

    mia.is_told("The studio agreed").is_told("We are sorry about that.")
    mia.is_told("The session went back to the pack.")
    assert left(meeting, world) == (4, 0)


def test_the_mentee_says_that_the_mentor_did_not_come_and_the_studio_is_asked(
    world: World, person: NewPerson
) -> None:
    meeting = over(world, "Olga Ohm")
    mia = person(meeting.mentee).open("/").is_signed_in()
    mia.open(meeting.path).reads("Session with Olga Ohm")
    mia.page.get_by_label("What happened?").select_option("Olga Ohm did not come")
    mia.presses("Save what happened").is_told("characters")
    mia.fills("What to know about it (optional)", "I waited half an hour.")
    mia.presses("Save what happened").is_told("You said that Olga Ohm did not come.")
    assert left(meeting, world) == (4, 1), "nobody has decided yet"


def test_a_mentor_cancels_with_a_reason_and_the_mentees_open_pages_say_so(
    world: World, person: NewPerson
) -> None:
    meeting = booked(world, "Piet Pohl", timedelta(hours=5))
    piet = person(meeting.seller.account).open("/").is_signed_in()
    mia = person(meeting.mentee).open("/").is_signed_in()
    mia.open("/sessions").is_told("scheduled")

    piet.open(meeting.path).presses("Cancel it").presses("Cancel the session")
    expect(piet.page.get_by_label("Reason")).to_be_focused()
    piet.fills("Reason", "My train does not run.").presses("Cancel the session")
    piet.is_told("Canceled.").is_told("My train does not run.")

    mia.is_told("No session is booked.").follows("Past").is_told("canceled")
    mia.page.get_by_role("listitem").get_by_role("link").click()
    mia.reads("Session with Piet Pohl").is_told("My train does not run.")
    mia.is_told("The session went back to the pack.")
    assert left(meeting, world) == (4, 0)


def test_a_late_canceling_says_first_that_the_session_is_used(
    world: World, person: NewPerson
) -> None:
    meeting = booked(world, "Rosa Rehm", timedelta(hours=5))
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    mia.is_told("If you cancel now, the session is used.").is_not_told("Move it")
    mia.presses("Cancel it").is_told("It is too late to cancel without using the session.")
    assert left(meeting, world) == (4, 1)
    mia.presses("Not now").presses("Cancel it").presses("Cancel it and use the session")
    mia.is_told("canceled late").is_told("One session was used.")
    assert left(meeting, world) == (3, 0)


def test_shared_notes_are_read_by_both_and_private_ones_by_nobody_else(
    world: World, person: NewPerson
) -> None:
    meeting = booked(world, "Silas Sand", timedelta(days=2))
    silas = person(meeting.seller.account).open("/").is_signed_in().open(meeting.path)
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    ada = person(world.admin()).open("/").is_signed_in()

    goals = "What you want to get out of it (optional)"
    mia.fills(goals, "A better first chapter.").presses("Save the goals").is_told("Saved.")
    silas.is_told("A better first chapter.")

    mine = "Your private notes (optional)"
    mia.fills(mine, "What I was abo")
    silas.fills(mine, "She is shy.").presses("Save for yourself").is_told("Saved.")
    silas.fills("Your notes for both (optional)", "Read it aloud.").presses("Save for both")
    mia.is_told("Read it aloud.")
    expect(mia.page.get_by_label(mine)).to_have_value("What I was abo")

    for reader in (mia, ada):
        live(reader.open(meeting.path).page)
        reader.is_told("Read it aloud.")
        assert "She is shy." not in reader.page.content()
    live(silas.open(meeting.path).page)
    expect(silas.page.get_by_label(mine)).to_have_value("She is shy.")


def test_joining_opens_before_the_start_and_leads_to_the_room(
    world: World, person: NewPerson
) -> None:
    meeting = booked(world, "Tara Thal", timedelta(minutes=10))
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    mia.is_told("First you see your own picture").follows("Join now")
    mia.is_at(f"{meeting.path}/room").reads("Room with Tara Thal")

    early = booked(world, "Till Tann", timedelta(hours=3))
    other = person(early.mentee).open("/").is_signed_in().open(early.path)
    other.is_told("You can join from")
    expect(other.page.get_by_role("link", name="Join now")).to_have_count(0)
    other.open(f"{early.path}/room").is_told("The room opens at")
    expect(other.page.get_by_role("button", name="Enter the room")).to_have_count(0)


def test_a_mentee_takes_the_time_that_the_mentor_proposes(world: World, person: NewPerson) -> None:
    meeting = booked(world, "Ulla Uhl", timedelta(hours=5))
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    live(mia.page)
    booking.propose(
        actor=world.actor(meeting.seller.account),
        session=meeting.session,
        sequence=0,
        starts_at=(clock.utc_now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0),
        reason="I have to see a doctor.",
    )
    mia.is_told("Ulla Uhl proposes another time").is_told("I have to see a doctor.")
    mia.presses("Take this time").is_told("The session is moved.").is_told("Starts in 2 days")
    mia.is_not_told("proposes another time")


def test_a_page_that_is_out_of_date_changes_nothing_and_shows_what_is_true(
    world: World, person: NewPerson
) -> None:
    meeting = booked(world, "Vito Voss", timedelta(hours=5))
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    mia.presses("Cancel it").is_told("too late to cancel without using")
    mia.page.context.set_offline(True)
    booking.cancel(
        actor=world.actor(meeting.seller.account),
        session=meeting.session,
        sequence=0,
        reason="I am ill.",
    )
    mia.page.context.set_offline(False)
    mia.is_told("I am ill.").is_told("The session went back to the pack.")
    assert left(meeting, world) == (4, 0)


def test_a_session_of_somebody_else_looks_like_none(world: World, person: NewPerson) -> None:
    meeting = booked(world, "Walt Wehr", timedelta(days=2))
    ben = person(world.mentee("Ben Bauer")).open("/").is_signed_in()
    for path in (meeting.path, "/sessions/ses_unknown"):
        ben.open(path).reads("There is no such session, or it is not yours.")
        ben.is_not_told("Walt Wehr")


def test_a_mentors_day_shows_who_comes_and_what_is_to_decide(
    world: World, person: NewPerson
) -> None:
    meeting = over(world, "Yara Yung")
    yara = person(meeting.seller.account).open("/").is_signed_in()
    yara.open("/mentor").reads("Your week")
    yara.open("/mentor/sessions").reads("Sessions").is_told("Mia Maler")
    yara.open("/mentor/sessions?only=past").is_told("No session is over yet.")
