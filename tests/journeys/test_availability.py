"""A mentor says when sessions can be booked, and sees what follows from it before saving."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import select

from services import clock, db
from services.models import Availability, Mentor, Pack, WeeklyHours
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import Seller, World
from tests.services.rows import a_session, open_hours


def mentor_of(seller: Seller) -> Mentor:
    with db.reading() as session:
        return session.exec(select(Mentor).where(Mentor.slug == seller.slug)).one()


def hours_of(seller: Seller) -> list[tuple[int, int, int]]:
    with db.reading() as session:
        rows = session.exec(
            select(WeeklyHours).where(WeeklyHours.mentor_id == mentor_of(seller).id)
        ).all()
    return sorted((row.weekday, row.start_minute, row.end_minute) for row in rows)


def day(person: Person, name: str) -> Locator:
    return person.page.get_by_role("group", name=name, exact=True)


def seen(person: Person) -> Locator:
    """The times of the preview."""
    return person.page.locator(".preview-time")


def in_two_weeks() -> datetime:
    """A Monday, at noon."""
    now = clock.utc_now()
    monday = now + timedelta(days=14 - now.weekday())
    return datetime(monday.year, monday.month, monday.day, 12, tzinfo=UTC)


@pytest.mark.several(full=True)
def test_a_mentor_sees_the_slots_before_saving_and_a_mentee_after(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Anke Aust")
    anke = person(seller.account).is_signed_in()
    anke.open("/mentor/availability").reads("Availability").is_told("0 slots in these seven days")
    anke.page.get_by_label("Time zone of these hours").select_option("Europe/Lisbon")
    anke.presses("Later")  # whatever day it is, the notice takes nothing from next week

    day(anke, "Monday").get_by_role("button", name="Add hours").click()
    expect(anke.page.get_by_label("Monday from")).to_have_value("09:00")
    anke.fills("Monday until", "12:00").is_told("5 slots in these seven days")
    expect(seen(anke).first).to_have_text("09:00")
    day(anke, "Monday").get_by_role("button", name="Add hours").click()
    expect(anke.page.get_by_label("Monday from")).to_have_count(2)
    day(anke, "Monday").get_by_text("Copy Monday").click()
    day(anke, "Monday").get_by_role("button", name="Monday to Friday").click()
    expect(anke.page.get_by_label("Friday until").first).to_have_value("12:00")
    assert hours_of(seller) == []

    anke.is_told("not saved yet").presses("Save the hours").is_told("Saved.")
    assert len(hours_of(seller)) == 10
    assert hours_of(seller)[:2] == [(0, 540, 720), (0, 780, 900)]
    anke.open("/mentor/availability").reads("Availability")
    expect(anke.page.get_by_label("Friday until").first).to_have_value("12:00")


def test_hours_that_make_no_sense_are_refused_in_words_and_stay_typed(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Arno Aust")
    arno = person(seller.account).is_signed_in()
    arno.open("/mentor/availability").reads("Availability")
    day(arno, "Sunday").get_by_role("button", name="Add hours").click()
    arno.fills("Sunday from", "18:00").fills("Sunday until", "08:00")
    arno.is_told("Not shown yet").presses("Save the hours")
    expect(day(arno, "Sunday")).to_contain_text("must end after they begin")
    expect(arno.page.get_by_label("Sunday from")).to_have_value("18:00")
    arno.fills("Sunday until", "20:00").fills("Buffer, in minutes", "90").presses("Save the hours")
    arno.is_told("from 0 to 60")
    arno.fills("Buffer, in minutes", "15").fills("Notice, in hours", "1.5")
    arno.presses("Save the hours").is_told("Saved.")
    with db.reading() as session:
        stored = session.get_one(Availability, mentor_of(seller).id)
    assert (stored.buffer_minutes, stored.notice_minutes) == (15, 90)


@pytest.mark.several(full=True)
def test_time_off_lists_the_booked_sessions_inside_with_a_way_to_propose_another_time(
    world: World, person: NewPerson
) -> None:
    seller, buyer = world.mentor("Auda Aust"), world.mentee("Mia Maler")
    world.bought(buyer, seller)
    open_hours(mentor_of(seller), zone="UTC", hours=(9, 17))
    with db.reading() as session:
        pack = session.exec(select(Pack).where(Pack.mentee_id == world.user(buyer).id)).one()
    at = in_two_weeks()
    booked = a_session(pack, at)
    auda = person(seller.account).is_signed_in()

    auda.open("/mentor/availability").reads("Availability").is_not_told("do not fit")
    auda.fills("First day", at.date().isoformat()).fills("Note (optional)", "Family")
    auda.presses("Take the time off").reads("Booked sessions that do not fit").is_told("all day")
    expect(auda.page.get_by_role("link", name="Propose a new time")).to_have_attribute(
        "href", f"/sessions/{booked.public_id}/move?sequence=0&propose=1"
    )

    auda.page.locator("[name=why_day]").fill(at.date().isoformat())
    auda.fills("Start", "14:00").presses("Ask").is_told("not offered").is_told("There is time off")
    auda.page.get_by_role("button", name="Remove").last.click()
    auda.is_told("No time off is coming.").is_not_told("do not fit")
    auda.presses("Ask").is_told("Nothing stands against it")


def test_a_date_can_be_closed_or_have_hours_of_its_own(world: World, person: NewPerson) -> None:
    seller = world.mentor("Axel Aust")
    open_hours(mentor_of(seller), zone="UTC", hours=(9, 17))
    axel = person(seller.account).is_signed_in()
    at = in_two_weeks()
    axel.open("/mentor/availability").reads("Availability")
    for _ in range(2):
        axel.presses("Later")
    axel.page.locator("[name=day]").fill(at.date().isoformat())
    axel.presses("Add the date")
    expect(axel.page.get_by_role("button", name=re.compile(r"^Remove .* 20\d\d$"))).to_be_visible()
    axel.page.locator("[name=day]").fill((at + timedelta(days=1)).date().isoformat())
    axel.page.locator("[name=day_starts]").fill("20:00")
    axel.page.locator("[name=day_ends]").fill("21:30")
    axel.presses("Add the date").is_told("20:00 to 21:30")
    axel.presses("Save the hours").is_told("Saved.")
    axel.open("/mentor/availability").is_told("20:00 to 21:30")


def test_an_admin_edits_the_hours_of_a_mentor_and_is_told_when_somebody_was_faster(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Alma Aust")
    ada, alma = person(world.admin()).is_signed_in(), person(seller.account).is_signed_in()
    ada.open(f"/admin/mentors/{seller.slug}").follows("Availability")
    ada.is_at(f"/admin/mentors/{seller.slug}/availability").reads("Availability of Alma Aust")
    alma.open("/mentor/availability").reads("Availability")
    day(alma, "Monday").get_by_role("button", name="Add hours").click()
    alma.presses("Save the hours").is_told("Saved.")

    day(ada, "Tuesday").get_by_role("button", name="Add hours").click()
    ada.presses("Save the hours").is_told("Somebody else has changed these hours.")
    assert [weekday for weekday, _, _ in hours_of(seller)] == [0]
    ada.presses("Save the hours").is_told("Saved.")
    assert [weekday for weekday, _, _ in hours_of(seller)] == [1]


def test_an_admin_suspends_a_mentor_and_lets_the_mentor_come_back(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Aron Aust")
    open_hours(mentor_of(seller), zone="UTC", hours=(9, 17))
    ada = person(world.admin()).is_signed_in()
    ada.open(f"/admin/mentors/{seller.slug}").reads("Suspension").presses("Suspend the mentor")
    ada.fills("Reason", "x").presses("Suspend the mentor").is_told("The reason needs 3 characters.")
    ada.fills("Reason", "Long illness").presses("Suspend the mentor")
    ada.is_told("The mentor is suspended.")
    aron = person(seller.account).is_signed_in()
    aron.open("/mentor/availability").is_told("takes no bookings at the moment")
    ada.presses("Let the mentor come back").fills("Reason", "Well again")
    ada.presses("Let the mentor come back").is_told("The mentor can be booked again.")
