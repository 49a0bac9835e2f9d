"""The main journey, on both databases and on several hosts: a stranger becomes a mentee, and
everybody sees it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.people import Person
from tests.journeys.world import SHOWN_PRICE, Seller, World, newcomer
from tests.support.servers import LiveApp
from tests.support.several import Several

NewPage = Callable[[str], Page]


def test_a_stranger_buys_a_pack_and_mentee_mentor_and_admin_see_it(
    live_app: LiveApp, new_page: NewPage, own_settings: None
) -> None:
    a_stranger_buys_a_pack(World(live_app), new_page)


def test_a_stranger_buys_a_pack_and_everybody_sees_it_on_postgres(
    live_app_on_postgres: LiveApp, new_page: NewPage, own_settings: None
) -> None:
    a_stranger_buys_a_pack(World(live_app_on_postgres), new_page)


def test_a_stranger_buys_a_pack_and_everybody_sees_it_on_several_hosts(
    several: Several, new_page: NewPage, own_settings: None
) -> None:
    a_stranger_buys_a_pack(World(several), new_page)


def a_stranger_buys_a_pack(world: World, new_page: NewPage) -> None:
    """The journey, from the sign-up to the lists of the admin."""
    with world.inside():
        seller, admin = world.mentor("Noor Verkade"), world.admin()

    mia = Person(new_page(world.app.address), newcomer("Mia Maler"))
    mia.signs_up().confirms_address().signs_in(then="/dashboard").reads("Hello, Mia Maler")
    mia.is_told("No packs yet.")
    checkout_id = buys_from_the_catalogue(mia, seller)
    sees_the_pack(mia, seller)
    mia.opens_mail(f"Your pack with {seller.name} is ready").is_told("4 sessions")

    noor = Person(new_page(world.app.address), seller.account)
    sees_the_mentee(noor, mia)

    ada = Person(new_page(world.app.address), admin)
    sees_everything(ada, mia, seller, checkout_id)


def buys_from_the_catalogue(mia: Person, seller: Seller) -> str:
    """From the dashboard through the catalogue to Stripe and back; the payment page's id."""
    mia.follows("Find a mentor").is_at("/mentors").finds(seller)
    mia.is_told("10 of 10 seats left").follows("Buy this pack").reads("Checkout")
    mia.is_told("Your seat is held for 35 minutes while you pay")
    checkout_id = mia.goes_to_pay()
    mia.pays().is_back()
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    return checkout_id


def sees_the_pack(mia: Person, seller: Seller) -> None:
    """Dashboard and orders."""
    mia.follows("Go to your packs").is_at("/dashboard")
    mia.is_told("4 of 4 sessions left").is_told("Seat active")
    mia.follows("Orders").is_at("/orders")
    expect(mia.row(seller.name)).to_contain_text(SHOWN_PRICE)
    expect(mia.row(seller.name)).to_contain_text("paid")


def sees_the_mentee(noor: Person, mia: Person) -> None:
    """The mentor's dashboard."""
    noor.open("/mentor").signs_in(then="/mentor").reads("Your mentees")
    noor.is_told("1 of 10").is_told("9 free")
    expect(noor.row(mia.account.name)).to_contain_text("4 of 4 sessions left")
    expect(noor.row(mia.account.name)).to_contain_text("active")


def sees_everything(ada: Person, mia: Person, seller: Seller, checkout_id: str) -> None:
    """The admin's lists."""
    ada.open("/admin/orders").signs_in(then="/admin/orders").reads("Orders")
    ada.looks_up("Search orders", mia.account.email)
    expect(ada.row(mia.account.email)).to_contain_text(SHOWN_PRICE)
    expect(ada.row(mia.account.email)).to_contain_text("paid")

    ada.follows("Users").is_at("/admin/users").looks_up("Search accounts", mia.account.email)
    expect(ada.row(mia.account.email)).to_contain_text("verified")

    ada.follows("Mentors").is_at("/admin/mentors").looks_up("Search mentors", seller.name)
    expect(ada.row(seller.name)).to_contain_text("1 of 10")

    ada.follows("Inbox").is_at("/admin/inbox").looks_up("Search webhooks", checkout_id)
    expect(ada.row("checkout.session.completed")).to_contain_text("handled")
