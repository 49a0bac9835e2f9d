"""People and their own data: what they agree to, take along, and have erased."""

from __future__ import annotations

import io
from zipfile import ZipFile

from playwright.sync_api import expect
from sqlmodel import select

from services import db
from services.models import Acceptance
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import World


def agrees(mia: Person) -> None:
    """The button below the terms."""
    mia.page.get_by_role("button", name="I agree", exact=True).click()


def test_new_terms_are_shown_until_one_agrees(world: World, person: NewPerson) -> None:
    mia = person(world.mentee("Mia Maler"))
    with db.transaction() as session:
        own = select(Acceptance).where(Acceptance.user_id == world.user(mia.account).id)
        for row in session.exec(own).all():
            row.version = "1999-01"
    mia.is_signed_in().open("/dashboard").is_told("The studio has new terms.")

    mia.follows("Read them and agree").reads("What you buy")
    agrees(mia)
    mia.is_told("It is noted that you agree.")

    mia.open("/dashboard").reads("Hello, Mia Maler").is_not_told("The studio has new terms.")
    mia.open("/settings/data").reads("What you agreed to")
    expect(mia.page.get_by_role("main").get_by_role("link", name="version")).to_have_count(4)


def test_anybody_reads_terms_and_privacy_notice(world: World, person: NewPerson) -> None:
    visitor = person(world.mentee("Vera Vogt"))
    visitor.open("/").arrives_as_visitor()
    visitor.follows("Privacy").reads("How long").is_told("Your copy")
    visitor.follows("Terms").reads("Paying back")
    visitor.open("/terms?version=1999-01").is_told("There is no such version.")


def test_one_takes_a_copy_of_everything_along(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Selma Sand"), person(world.mentee("Mia Maler"))
    world.bought(mia.account, seller)
    mia.is_signed_in().open("/settings").follows("My data").reads("A copy of your data")
    mia.presses("Make a link to my data").is_told("The link works in this browser until")

    file = mia.saves(mia.page.get_by_role("link", name="Download my data"))

    assert 'filename="my-data.zip"' in file.headers["content-disposition"]
    with ZipFile(io.BytesIO(file.body())) as bundle:
        names = set(bundle.namelist())
    assert {"README.txt", "account.json", "orders.json", "packs.json"} <= names
    assert any(name.endswith(".pdf") for name in names)


def test_one_sees_what_is_lost_and_has_the_account_erased(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Selma Sand"), person(world.mentee("Mia Maler"))
    world.bought(mia.account, seller)
    ada = person(world.admin())
    mia.is_signed_in().open("/settings/data").reads("Erase your account")
    mia.is_told("4 sessions of “Four sessions” with Selma Sand")
    mia.page.get_by_role("checkbox", name="I know what I lose").check()
    mia.fills("Your password", "not this one").presses("Erase my account for good")
    mia.is_told("This is not your password.")

    mia.page.get_by_role("checkbox", name="I know what I lose").check()
    mia.fills("Your password", mia.account.password).presses("Erase my account for good")
    mia.is_at("/").is_told("Your account is erased").arrives_as_visitor()

    mia.open("/sign-in").signs_in().is_told("do not match")
    ada.is_signed_in().open("/admin/users?only=erased").is_told("Erased account")
    assert world.seats_in_use(seller) == 0


def test_an_open_checkout_stands_against_it_and_the_page_says_what_to_do(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Selma Sand"), person(world.mentee("Mia Maler")).is_signed_in()
    mia.opens_checkout(seller).goes_to_pay()
    mia.open("/settings/data").is_told("Some things must be settled first:")
    mia.is_told("Cancel it on its page").is_not_told("Your password")


def test_an_admin_erases_an_account_with_a_reason(world: World, person: NewPerson) -> None:
    mia, ada = world.mentee("Mia Maler"), person(world.admin()).is_signed_in()
    ada.open("/admin/users").looks_up("Search accounts", mia.email)
    ada.presses("Manage Mia Maler").presses("Erase").is_told("It cannot be undone.")
    ada.fills("Reason", "x").presses("Erase").is_told("The reason needs 3 characters.")
    ada.fills("Reason", "Asked by letter").presses("Erase")
    ada.is_told("Nothing fits all of that.")
