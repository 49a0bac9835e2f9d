"""A testimonial's way from the mentee to an admin to everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from services import clock, db
from services.models import Pack, SessionStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.world import Account, World
from tests.services.rows import a_session

BODY = "She read every page of mine, twice, and told me what to throw away."


def pack_of(world: World, mentee: Account) -> Pack:
    with db.reading() as session:
        return session.exec(select(Pack).where(Pack.mentee_id == world.user(mentee).id)).one()


def met(pack: Pack, times: int) -> None:
    """So many sessions of the pack have taken place."""
    for number in range(1, times + 1):
        at = clock.utc_now() - timedelta(days=7 * number)
        a_session(pack, at, status=SessionStatus.COMPLETED)


@pytest.mark.several(full=True)
def test_what_a_mentee_says_is_read_by_an_admin_and_then_by_everybody(
    world: World, person: NewPerson
) -> None:
    seller, buyer = world.mentor("Thea Thon"), world.mentee("Mia Maler")
    world.bought(buyer, seller)
    pack = pack_of(world, buyer)
    mia, ada = person(buyer).is_signed_in(), person(world.admin()).is_signed_in()

    mia.open(f"/testimonial/{pack.public_id}").is_told("once all sessions of the pack but one")
    met(pack, 3)
    mia.open(f"/testimonial/{pack.public_id}").is_told("Mia M.")
    mia.fills("Your words", "Short.").presses("Send it").is_told("needs 50 characters")
    mia.fills("Your words", BODY).presses("Send it").is_told("Thank you.")
    expect(mia.page.get_by_role("button", name="Send it again")).to_be_focused()

    ada.open("/admin/testimonials").searches("Search testimonials", "Thea")
    ada.is_told(BODY).presses("Decline").fills("Reason", "Say who you are.")
    ada.presses("Decline it").is_told("the mentee is told why")
    mia.open(f"/testimonial/{pack.public_id}").is_told("Say who you are.")
    mia.fills("Your words", f"{BODY} I am a novelist.").presses("Send it again").is_told("waiting")

    ada.open("/admin/testimonials").is_told("I am a novelist.")
    ada.searches("Search testimonials", "Thea").is_told("I am a novelist.")
    ada.presses("Publish").is_told("It is published.")
    mia.open(f"/testimonial/{pack.public_id}").is_told("Your words are published.")
    visitor = person(world.mentee("Vera Voss"))
    visitor.open(f"/mentors/{seller.slug}").is_told(f"{BODY} I am a novelist.").is_told("Mia M.")


def test_a_pack_of_somebody_else_looks_like_none(world: World, person: NewPerson) -> None:
    seller, buyer = world.mentor("Timo Thon"), world.mentee("Mia Maler")
    world.bought(buyer, seller)
    ben = person(world.mentee("Ben Bauer")).is_signed_in()
    for pack in (pack_of(world, buyer).public_id, "pck_unknown"):
        ben.open(f"/testimonial/{pack}").reads("There is no such pack, or it is not yours.")
        ben.is_not_told(seller.name)
