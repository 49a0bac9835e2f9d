"""Everything that people come for is done with the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import NARROW, enters, tabs_to, tabs_to_css
from tests.journeys.studio import Studio
from tests.journeys.world import SHOWN_PRICE, World, newcomer

WORKER_SECONDS = 60


def test_a_pack_is_bought_by_keyboard_alone(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Quinn Quast"), person(world.mentee("Mia Maler"))
    keys = mia.page.keyboard

    mia.open("/sign-in").reads("Sign in").arrives_as_visitor()
    tabs_to(mia, "textbox", "E-mail")
    keys.type(mia.account.email)
    tabs_to(mia, "textbox", "Password")
    keys.type(mia.account.password)
    keys.press("Enter")
    mia.reads("Hello, Mia Maler")
    enters(mia, "link", "Find a mentor")
    mia.reads("Mentors")
    tabs_to(mia, "searchbox", "Search mentors")
    keys.type(seller.name)
    keys.press("Enter")
    mia.is_told("1 mentor")
    enters(mia, "link", re.compile(seller.name))
    mia.reads(seller.name)
    enters(mia, "link", "Buy this pack")
    mia.reads("Checkout")
    enters(mia, "button", f"Pay {SHOWN_PRICE} with Stripe")
    mia.is_at_stripe()
    enters(mia, "button", re.compile("^Pay "))
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    enters(mia, "link", "Go to your packs")
    mia.is_told("4 of 4 sessions left")
    enters(mia, "link", "Orders")
    mia.reads("Orders").is_told("1 order")
    enters(mia, "link", "Four sessions")
    mia.reads("Four sessions").is_told(seller.name)


def test_somebody_signs_up_by_keyboard_alone(world: World, person: NewPerson) -> None:
    nina = person(newcomer("Nina Neu"))
    keys = nina.page.keyboard
    nina.open("/").arrives_as_visitor()
    enters(nina, "link", "Sign up")
    nina.reads("Sign up")
    for label, text in (
        ("Your name", nina.account.name),
        ("E-mail", nina.account.email),
        ("Password", nina.account.password),
    ):
        tabs_to(nina, "textbox", label)
        keys.type(text)
    tabs_to(nina, "checkbox", re.compile("I agree to the terms"))
    keys.press("Space")
    enters(nina, "button", "Create my account")
    nina.is_told("open the link that we mailed")


def test_somebody_tells_about_themselves_before_booking_by_keyboard_alone(
    world: World, person: NewPerson
) -> None:
    nora = person(world.mentee("Nora Nuss")).is_signed_in()
    keys = nora.page.keyboard
    nora.open("/onboarding").reads("Get ready")
    tabs_to(nora, "textbox", "About you")
    keys.type("I draw after work.")
    enters(nora, "button", "Save and go on")
    nora.is_told("1 of 4 steps done")
    tabs_to(nora, "combobox", "Time zone")
    enters(nora, "button", "Save and go on")
    nora.is_told("2 of 4 steps done")
    for number, (label, words) in enumerate(
        (
            ("What do you want to reach?", "A portfolio of six pieces."),
            ("How do you like to work?", "Plain words."),
        ),
        3,
    ):
        tabs_to(nora, "textbox", label)
        keys.type(words)
        enters(nora, "button", "Save and go on")
        nora.is_told("You can book now." if number == 4 else f"{number} of 4 steps done")


def test_a_mentor_edits_the_profile_and_a_pack_by_keyboard_alone(
    world: World, person: NewPerson
) -> None:
    paul = person(world.mentor("Paul Pinsel").account).is_signed_in()
    keys = paul.page.keyboard
    paul.open("/mentor").reads("Your mentees")
    enters(paul, "link", "Profile")
    paul.is_at("/mentor/profile")
    tabs_to(paul, "textbox", "Headline (optional)")
    keys.press("Control+a")
    keys.type("Painting with three colours")
    enters(paul, "button", "Save the profile")
    paul.is_told("Saved.")
    enters(paul, "button", "Add a pack")
    tabs_to(paul, "textbox", "Title")
    keys.type("Two sessions")
    tabs_to(paul, "textbox", "Price")
    keys.type("110")
    enters(paul, "button", "Put it on sale")
    paul.is_told("The pack is on sale.").is_told("Two sessions")


def test_a_mentor_changes_when_sessions_are_offered_by_keyboard_alone(
    world: World, person: NewPerson
) -> None:
    rita = person(world.mentor("Rita Rabe").account).is_signed_in()
    keys = rita.page.keyboard
    rita.open("/mentor").reads("Your mentees")
    enters(rita, "link", "Availability")
    rita.is_at("/mentor/availability").reads("Availability")
    tabs_to(rita, "textbox", "Buffer, in minutes")
    keys.press("Control+a")
    keys.type("15")
    enters(rita, "button", "Save the hours")
    rita.is_told("Saved")
    rita.page.reload()
    expect(rita.page.get_by_label("Buffer, in minutes")).to_have_value("15")


def test_an_admin_searches_filters_sorts_and_retries_by_keyboard_alone(
    world: World, person: NewPerson, studio: Studio
) -> None:
    ada = person(world.admin()).is_signed_in().open("/admin/inbox").reads("Inbox")
    tabs_to(ada, "searchbox", "Search webhooks")
    ada.page.keyboard.type(world.failed_webhook())
    ada.page.keyboard.press("Enter")
    ada.is_told("1 webhook")
    enters(ada, "link", "checkout.session.completed")
    enters(ada, "button", "Show what it would do")
    again = ada.page.get_by_role("button", name="Handle it again", exact=True)
    expect(again).to_be_visible(timeout=WORKER_SECONDS * 1000)
    enters(ada, "button", "Handle it again")
    ada.is_told("It is handled again now.")
    enters(ada, "link", "Users")
    ada.reads("Users")
    enters(ada, "link", "Account")
    expect(ada.page.get_by_role("columnheader", name="Account")).to_have_attribute(
        "aria-sort", "ascending"
    )
    enters(ada, "link", "Admins", back=True)  # forward are all the rows
    expect(ada.page).to_have_url(re.compile(r"only=admins&sort=name"))
    enters(ada, "link", "Account")
    expect(ada.page).to_have_url(re.compile(r"sort=-name"))


def test_the_menu_of_a_phone_opens_and_changes_colours_by_keyboard_alone(
    world: World, person: NewPerson, studio: Studio
) -> None:
    esra = person(studio.esra.account).is_signed_in()
    esra.page.set_viewport_size({"width": NARROW, "height": 740})
    esra.open("/admin/orders").reads("Orders")
    tabs_to_css(esra, "summary[aria-label=Menu]")
    esra.page.keyboard.press("Enter")
    enters(esra, "button", "Dark")
    expect(esra.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    tabs_to_css(esra, ".rail-more > summary")
    esra.page.keyboard.press("Enter")
    enters(esra, "link", "Inbox")
    esra.is_at("/admin/inbox").reads("Inbox")


def test_the_first_tab_leads_past_the_navigation(
    world: World, person: NewPerson, studio: Studio
) -> None:
    esra = person(studio.esra.account).is_signed_in().open("/admin/orders").reads("Orders")
    esra.page.keyboard.press("Tab")
    expect(esra.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    esra.page.keyboard.press("Enter")
    tabs_to(esra, "searchbox", "Search orders", most=2)
