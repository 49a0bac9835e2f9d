"""What people are told in the app: it rings without a reload, it is read, and it is chosen."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import World

RINGS = re.compile(r"Notifications: \d+ new ones?$")


def test_the_bell_rings_on_an_open_page_and_what_it_says_is_read(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Tove Tal"), person(world.mentee("Mia Maler"))
    mia.is_signed_in().open("/dashboard").reads("Hello, Mia Maler")
    mia.page.evaluate("window.sameDocument = true")
    bell = mia.page.get_by_role("link", name=RINGS)
    expect(bell).to_have_count(0)

    world.bought(mia.account, seller)

    expect(bell).to_be_visible()
    bell.click()
    mia.reads("Notifications").is_told("Your pack with Tove Tal is ready")
    assert mia.page.evaluate("window.sameDocument") is True
    mia.presses("Mark all as read").is_told("You have read everything.")
    expect(bell).to_have_count(0)
    mia.follows("Your pack with Tove Tal is ready").is_told("4 of 4 sessions left")


def test_one_chooses_what_one_hears_of_and_the_choice_stays(
    world: World, person: NewPerson
) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in().open("/settings/notifications")
    mia.reads("Notifications")
    box = mia.page.get_by_role("checkbox", name="Session reminders by mail")
    expect(box).to_be_checked()
    box.click()
    mia.is_told("Saved: Session reminders by mail, off.")
    expect(mia.page.get_by_role("checkbox", name="Your sessions by mail")).to_have_count(0)
    mia.page.reload()
    expect(box).not_to_be_checked()
