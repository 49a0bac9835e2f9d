"""Finding a mentor: the first steps of somebody who has nothing yet."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import World, newcomer


def test_a_new_mentee_is_shown_the_one_thing_to_do(world: World, person: NewPerson) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in()
    mia.open("/dashboard").reads("Find your mentor.").follows("Find a mentor").reads("Mentors")


def test_filters_stand_in_the_address_and_the_back_button_takes_them_away(
    world: World, person: NewPerson
) -> None:
    world.mentor("Bela Bach")
    visitor = person(newcomer("Vera Vogt")).open("/mentors").follows("Has a seat")
    visitor.page.wait_for_url("**/mentors?seat=free")
    chip = visitor.page.get_by_role("link", name="Has a seat")
    expect(chip).to_have_attribute("aria-current", "true")
    visitor.page.go_back()
    expect(chip).to_have_attribute("aria-current", "false")
