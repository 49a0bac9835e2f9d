"""A full mentor, in browsers: who waits, who is offered the place, and who buys it."""

from __future__ import annotations

from sqlmodel import select

from services import db
from services.models import Mentor, SeatStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.world import Seller, World
from tests.services.rows import a_seat


def full(world: World, name: str) -> Seller:
    """A mentor whose only seat is in grace."""
    seller = world.mentor(name, seats=1)
    with db.reading() as session:
        mentor = session.exec(select(Mentor).where(Mentor.slug == seller.slug)).one()
    a_seat(world.user(world.mentee("Olga Ofner")), mentor, SeatStatus.GRACE)
    return seller


def test_a_place_is_waited_for_declined_passed_on_and_bought(
    world: World, person: NewPerson
) -> None:
    seller = full(world, "Kaya Kern")
    page = f"/mentors/{seller.slug}"
    mia = person(world.mentee("Mia Maler")).is_signed_in().open(page)
    mia.is_told(f"All of {seller.name}'s seats are taken at the moment.")
    mia.presses("Join the waitlist").is_told("You are next.")
    ben = person(world.mentee("Ben Bauer")).is_signed_in().open(page)
    ben.is_told("1 person waits before you.").presses("Join the waitlist")
    ben.is_told("You are number 2: 1 person is before you.")

    ada = person(world.admin()).is_signed_in().open(f"/admin/waitlists/{seller.slug}")
    ada.reads("The line").presses("Release this seat Olga Ofner")
    ada.fills("Why it is given back", "She moved away").presses("Release this seat")
    ada.is_told("The seat is given back")

    mia.is_told("A place is held for you until")  # nobody reloads the page
    mia.open("/dashboard").is_told(f"A place with {seller.name} is yours.")
    mia.presses(f"Decline it {seller.name}").presses("Decline it")
    mia.is_told("Declined. Thank you: it goes to the next in line.")

    ben.is_told("A place is held for you until")
    ben.opens_mail(f"A place with {seller.name} is yours until")
    ben.buys(seller)
    assert world.packs(ben.account) == 1
    assert world.seats_in_use(seller) == 1
