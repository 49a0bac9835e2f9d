"""The first steps of a mentee, and where the mentor and an admin see them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import World


@pytest.mark.several(full=True)
def test_a_mentee_is_led_from_step_to_step_and_mentor_and_admin_see_how_far(
    world: World, person: NewPerson
) -> None:
    seller, buyer = world.mentor("Ilse Ihm"), world.mentee("Mia Maler")
    world.bought(buyer, seller)
    mia, ilse = person(buyer).is_signed_in(), person(seller.account).is_signed_in()

    mia.open("/onboarding").reads("Get ready").is_told("0 of 4 steps done")
    mia.fills("About you", "I write novels, slowly.").presses("Save and go on")
    mia.is_told("1 of 4 steps done")
    mia.page.get_by_label("Time zone", exact=True).select_option("Asia/Kolkata")
    mia.presses("Save and go on").is_told("2 of 4 steps done")

    ilse.open("/mentor/mentees").reads("Mentees")
    expect(ilse.row("Mia Maler")).to_contain_text("2 of 4 steps, next: goals")

    mia.fills("What do you want to reach?", "Finish the second one.").presses("Save and go on")
    mia.is_told("3 of 4 steps done")
    mia.fills("How do you like to work?", "Plain words.").presses("Save and go on")
    mia.is_told("You can book now.").presses("Go on without")
    expect(mia.page.get_by_role("button", name="Go on without")).to_have_count(0)

    ilse.open("/mentor/mentees").follows("Mia Maler").reads("Mia Maler")
    ilse.is_told("Finish the second one.").is_told("Asia/Kolkata").is_told("ready to book")
    ada = person(world.admin()).is_signed_in()
    ada.open("/admin/users").looks_up("Search accounts", buyer.email)
    expect(ada.row("Mia Maler")).to_contain_text("ready to book")


def test_a_refused_step_says_why_keeps_what_was_typed_and_can_be_changed_later(
    world: World, person: NewPerson
) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in()
    mia.open("/onboarding?next=/mentors").reads("Get ready")
    mia.fills("About you", "   ").fills("Your name", "Mia M. Maler").presses("Save and go on")
    mia.is_told("The text about you is missing.")
    expect(mia.page.get_by_label("Your name")).to_have_value("Mia M. Maler")
    mia.fills("About you", "Now I say something.").presses("Save and go on")
    mia.is_told("1 of 4 steps done").presses("Change")
    expect(mia.page.get_by_label("About you")).to_have_value("Now I say something.")


def test_the_zone_that_the_browser_says_is_suggested_until_the_person_has_spoken(
    world: World, person: NewPerson
) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in()
    mia.open("/onboarding").reads("Get ready")
    here = mia.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    mia.page.get_by_role("listitem").filter(has_text="Your time zone").get_by_role("button").click()
    zone = mia.page.get_by_label("Time zone", exact=True)
    expect(zone).to_have_value(here)
    zone.select_option("Pacific/Chatham")
    mia.presses("Save and go on").is_told("1 of 4 steps done")
    mia.open("/onboarding").is_told("1 of 4 steps done")
    mia.page.get_by_role("listitem").filter(has_text="Your time zone").get_by_role("button").click()
    expect(zone).to_have_value("Pacific/Chatham")


def test_what_is_typed_stays_while_the_connection_is_lost_and_when_it_is_there_again(
    world: World, person: NewPerson
) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in().in_another_tab()
    sockets: list[WebSocketRoute] = []

    def listen(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    mia.page.route_web_socket(re.compile("/_event/"), listen)
    mia.open("/onboarding").reads("Get ready").fills("About you", "I write novels, slowly.")
    mia.page.get_by_label("About you").evaluate("field => field.mark = 'the same'")
    sockets[-1].close()
    for _ in range(400):
        mia.page.wait_for_timeout(50)
        if len(sockets) > 1:
            break
    mia.page.wait_for_timeout(1_000)  # what the page loads now comes without a sign
    assert len(sockets) > 1
    assert mia.page.get_by_label("About you").evaluate("field => field.mark") == "the same"
    mia.presses("Save and go on").is_told("1 of 4 steps done")
