"""Sessions that are about to begin, for journeys into their room."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlmodel import select

from services import db
from services.models import Availability, Mentor
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.test_sessions import Meeting, booked
from tests.journeys.world import World

LINK = "https://meet.example.com/mina"


def soon(world: World, mentor: str, away: timedelta = timedelta(minutes=10)) -> Meeting:
    """A session whose room is open."""
    return booked(world, mentor, away)


def has_link(meeting: Meeting) -> None:
    """The mentor has given a meeting link of their own."""
    with db.transaction() as session:
        mentor = session.exec(select(Mentor).where(Mentor.slug == meeting.seller.slug)).one()
        session.add(
            Availability(
                mentor_id=mentor.id,
                time_zone="UTC",
                session_minutes=60,
                buffer_minutes=0,
                notice_minutes=60,
                horizon_days=30,
                meeting_link=LINK,
            )
        )


def comes(person: NewPerson, meeting: Meeting, *, mentor: bool = False) -> Person:
    """One of the two, before the door of the room."""
    account = meeting.seller.account if mentor else meeting.mentee
    one = person(account).open("/").is_signed_in().open(f"{meeting.path}/room")
    return one.reads(f"Room with {meeting.mentee.name if mentor else meeting.seller.name}")


def own_picture(page: Page) -> None:
    """The own camera's picture is shown, and moves."""
    shown = page.locator("video.tile-mirrored")
    expect(shown).to_be_visible()
    page.wait_for_function("() => document.querySelector('video.tile-mirrored')?.videoWidth > 0")
