"""Accounts: forgotten passwords, browsers left signed in, and being sent back to where one was."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import World

NEW_PASSWORD = "a quite different sentence"


def test_a_forgotten_password_is_replaced_by_mail(world: World, person: NewPerson) -> None:
    mia = person(world.mentee("Mia Maler"))

    mia.open("/sign-in").signs_in(password="I do not remember it")
    mia.is_told("That e-mail address and password do not match")
    expect(mia.page.get_by_label("E-mail")).to_have_value(mia.account.email)
    expect(mia.page.get_by_label("Password")).to_have_value("")

    mia.follows("Set a new one").reads("Set a new password").arrives_as_visitor()
    mia.fills("E-mail", mia.account.email).presses("Mail me the link")
    mia.is_told("a mail with a link is on its way")
    mia.opens_mail("Set a new password").follows_link_in_mail("/reset/new?token=")
    mia.reads("Choose a new password").arrives_as_visitor()
    mia.fills("New password", NEW_PASSWORD).presses("Set this password")
    mia.is_told("Your new password is set")

    mia.signs_in(password=NEW_PASSWORD, then="/dashboard").reads("Hello, Mia Maler")


def test_a_link_for_a_new_password_works_once(world: World, person: NewPerson) -> None:
    mia = person(world.mentee("Mia Maler"))
    mia.open("/reset").reads("Set a new password").arrives_as_visitor()
    mia.fills("E-mail", mia.account.email).presses("Mail me the link").is_told("on its way")
    mia.opens_mail("Set a new password").follows_link_in_mail("/reset/new?token=")
    mia.reads("Choose a new password").arrives_as_visitor()
    link = mia.page.url
    mia.fills("New password", NEW_PASSWORD).presses("Set this password").is_at("/sign-in")

    mia.page.goto(link)
    mia.arrives_as_visitor().fills("New password", "one more sentence of mine")
    mia.presses("Set this password")

    mia.is_told("it is too old, was used, or was not copied whole")
    mia.open("/sign-in").signs_in(password=NEW_PASSWORD, then="/dashboard")


@pytest.mark.several
def test_another_browser_is_signed_out_from_the_settings(world: World, person: NewPerson) -> None:
    account = world.mentee("Mia Maler")
    phone, laptop = person(account).is_signed_in(), person(account).is_signed_in()
    phone.open("/orders").reads("You have not ordered anything yet.")

    laptop.open("/settings").reads("Where you are signed in")
    here = laptop.page.get_by_role("row").filter(has_text="this one")
    other = laptop.page.get_by_role("row").filter(has=laptop.page.get_by_role("button"))
    expect(here).to_have_count(1)
    other.filter(has_not_text="this one").get_by_role("button", name="Sign out").click()
    laptop.is_told("That browser is signed out.")

    phone.open("/orders").is_at("/sign-in").is_told("Please sign in first.")
    laptop.open("/orders").reads("You have not ordered anything yet.")


def test_changing_the_password_signs_every_other_browser_out(
    world: World, person: NewPerson
) -> None:
    account = world.mentee("Mia Maler")
    phone, laptop = person(account).is_signed_in(), person(account).is_signed_in()

    laptop.open("/settings").reads("Password")
    laptop.fills("Current password", "not this one").fills("New password", NEW_PASSWORD)
    laptop.presses("Change password").is_told("not your current password")
    laptop.fills("Current password", account.password).fills("New password", NEW_PASSWORD)
    laptop.presses("Change password").is_told("Your password is changed")

    phone.open("/dashboard").is_at("/sign-in").is_told("Please sign in first.")
    phone.signs_in(password=NEW_PASSWORD, then="/dashboard").reads("Hello, Mia Maler")


def test_signing_in_on_the_way_to_a_purchase_leads_back_to_it(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Mara Moll"), person(world.mentee("Mia Maler"))

    mia.opens_checkout(seller).is_told("Sign in or create an account to buy this pack.")
    mia.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    mia.signs_in(then=f"/checkout/{seller.offer}")

    mia.goes_to_pay()


def test_a_page_behind_the_sign_in_is_where_one_lands_after_it(
    world: World, person: NewPerson
) -> None:
    mia = person(world.mentee("Mia Maler"))
    mia.open("/settings").is_at("/sign-in").is_told("Please sign in first.")
    mia.signs_in(then="/settings").reads("Settings")


@pytest.mark.several
def test_who_signs_out_is_out(world: World, person: NewPerson) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in()
    mia.open("/dashboard").reads("Hello, Mia Maler").presses("Sign out")
    mia.is_at("/").is_told("You are signed out.").arrives_as_visitor()
    mia.open("/dashboard").is_at("/sign-in")


@pytest.mark.several(full=True)
def test_a_suspended_person_is_out_at_once_and_is_told_at_the_door(
    world: World, person: NewPerson
) -> None:
    mia, ada = person(world.mentee("Mia Maler")).is_signed_in(), person(world.admin())
    mia.open("/dashboard").reads("Hello, Mia Maler")

    ada.is_signed_in().open("/admin/users").looks_up("Search accounts", mia.account.email)
    ada.presses("Manage Mia Maler").presses("Suspend")
    ada.is_told("The account is signed out everywhere")
    ada.fills("Reason", "Writes to strangers").presses("Suspend")
    ada.is_told("The account is suspended and signed out everywhere.")

    mia.follows("Orders").is_at("/sign-in").is_told("Please sign in first.")
    mia.signs_in().is_told("This account is suspended.")
