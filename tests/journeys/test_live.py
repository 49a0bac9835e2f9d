"""Live pages in browsers: what somebody else does is there without a reload, and nothing that a
person is in the middle of is lost."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import World


def test_a_purchase_appears_on_open_screens_of_mentee_mentor_admin_and_visitor(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Nadja Noll")
    mia = person(world.mentee("Mia Maler"))
    at_home = mia.open("/").is_signed_in().in_another_tab()
    at_home.open("/dashboard").reads("Hello, Mia Maler").is_told("No packs yet.")
    noor = person(seller.account).open("/").is_signed_in().open("/mentor").reads("Your mentees")
    ada = person(world.admin()).open("/").is_signed_in()
    ada.open("/admin/orders").reads("Orders").searches("Search orders", mia.account.email)
    expect(ada.row(mia.account.email)).to_have_count(0)
    visitor = person(world.mentee("Vera Visitor")).open(f"/mentors/{seller.slug}")
    visitor.is_told("10 of 10 seats left")
    for one in (at_home, noor, ada, visitor):
        one.page.evaluate("window.sameDocument = true")

    mia.buys(seller)

    at_home.is_told("4 of 4 sessions left").is_told("Seat active")
    noor.is_told("1 of 10")
    expect(noor.row(mia.account.name)).to_contain_text("4 of 4 sessions left")
    expect(ada.row(mia.account.email)).to_contain_text("paid")
    visitor.is_told("9 of 10 seats left")
    for one in (at_home, noor, ada, visitor):
        assert one.page.evaluate("window.sameDocument") is True


def test_what_an_admin_is_typing_stays_when_the_list_changes(
    world: World, person: NewPerson
) -> None:
    seller, mia = world.mentor("Oona Orth"), world.mentee("Mia Maler")
    ada = person(world.admin()).open("/").is_signed_in()
    ada.open("/admin/orders").reads("Orders")
    box = ada.page.get_by_role("searchbox", name="Search orders")
    box.fill("what I was abo")
    world.bought(mia, seller)
    expect(ada.row(mia.email)).to_contain_text("paid")
    expect(box).to_have_value("what I was abo")
    expect(box).to_be_focused()


def test_an_admin_who_reads_further_down_stays_there(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Pia Prinz"), world.mentee("Mia Maler")
    first = world.bought(mia, seller)
    second = world.bought(world.mentee("Max Muster"), seller)
    ada = person(world.admin()).open("/").is_signed_in()
    ada.open(f"/admin/orders?before={second}").reads("Orders")
    expect(ada.row(mia.email)).to_contain_text("paid")
    noah = world.mentee("Noah Neu")
    world.bought(noah, seller)
    world.refunded(first, 100)
    world.bought(noah, seller)  # says that orders have changed
    expect(ada.row(mia.email)).to_contain_text("back")
    expect(ada.row(noah.email)).to_have_count(0)
    expect(ada.page).to_have_url(re.compile(r"before="))
