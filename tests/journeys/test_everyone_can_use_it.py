"""Every page, as people with other eyes, hands and screens use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from pages import PAGES
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import (
    NARROW,
    has_no_obstacles,
    has_settled,
    is_for_everyone,
    nothing_sticks_out,
)
from tests.journeys.people import DECLINED
from tests.journeys.studio import Studio
from tests.journeys.world import Account, World

FOR_VISITORS = ("/sign-up", "/sign-in", "/verify", "/reset")


@dataclass(frozen=True)
class Situation:
    """A page as one finds it, beyond the one of every route."""

    name: str
    who: Callable[[Studio], Account | None]
    address: Callable[[Studio], str]


def _film(face: str) -> Callable[[Studio], str]:
    return lambda studio: f"/recordings/{getattr(studio.films, face)}"


SITUATIONS = [
    Situation("home of a newcomer", lambda s: s.newcomer, lambda _: "/dashboard"),
    Situation("no orders", lambda s: s.newcomer, lambda _: "/orders"),
    Situation("no mentees", lambda s: s.new_mentor.account, lambda _: "/mentor"),
    Situation("no result", lambda _: None, lambda _: "/mentors?q=nobody+at+all"),
    Situation("full mentor", lambda s: s.newcomer, lambda s: f"/mentors/{s.full.slug}"),
    Situation("unknown mentor", lambda _: None, lambda _: "/mentors/nobody"),
    Situation("checkout of a visitor", lambda _: None, lambda s: f"/checkout/{s.on_sale.offer}"),
    Situation("sold out", lambda s: s.newcomer, lambda s: f"/checkout/{s.full.offer}"),
    Situation("retired pack", lambda _: None, lambda _: "/checkout/off_unknown"),
    Situation("not paid yet", lambda s: s.esra.account, lambda s: f"/checkout/return/{s.open}"),
    Situation("given back", lambda s: s.esra.account, lambda s: f"/checkout/return/{s.canceled}"),
    Situation("foreign order", lambda s: s.newcomer, lambda s: f"/checkout/return/{s.paid}"),
    Situation("no sessions", lambda s: s.newcomer, lambda _: "/sessions"),
    Situation("onboarding begins", lambda s: s.newcomer, lambda _: "/onboarding"),
    Situation("book without a pack", lambda s: s.newcomer, lambda s: f"/book/{s.own_mentor}"),
    Situation("proposed time", lambda s: s.esra.account, lambda s: f"/sessions/{s.met.asked}"),
    Situation("undecided", lambda s: s.esra.account, lambda s: f"/sessions/{s.met.undecided}"),
    Situation("objected", lambda s: s.esra.account, lambda s: f"/sessions/{s.met.objected}"),
    Situation(
        "old link",
        lambda s: s.esra.account,
        lambda s: f"/sessions/{s.met.booked}/move?sequence=9",
    ),
    Situation(
        "propose a time",
        lambda s: s.esra.account,
        lambda s: f"/sessions/{s.met.booked}/move?sequence=0&propose=1",
    ),
    Situation("foreign session", lambda s: s.newcomer, lambda s: f"/sessions/{s.met.booked}"),
    *(
        Situation(f"recording: {face}", lambda s: s.esra.account, _film(face))
        for face in ("parts", "stream", "coming", "failed", "held", "going", "gone")
    ),
    Situation("recorded", lambda s: s.esra.account, lambda s: f"/sessions/{s.films.session}"),
    Situation("deleted", lambda s: s.esra.account, lambda _: "/recordings?only=deleted"),
    Situation("foreign recording", lambda s: s.newcomer, lambda s: f"/recordings/{s.films.ready}"),
    Situation("no recordings", lambda s: s.newcomer, lambda _: "/recordings"),
    Situation("empty search", lambda s: s.esra.account, lambda _: "/admin/users?q=nobody"),
]


@pytest.mark.parametrize("route", [page.route for page in PAGES])
def test_a_page_has_no_obstacles_in_light_and_dark_and_fits_a_phone(
    world: World, person: NewPerson, studio: Studio, route: str
) -> None:
    esra = person(studio.esra.account)
    if not route.startswith(FOR_VISITORS):
        esra.is_signed_in()
    is_for_everyone(esra.open(studio.address(route)).page)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_a_special_face_of_a_page_has_no_obstacles_either(
    world: World, person: NewPerson, studio: Studio, situation: Situation
) -> None:
    account = situation.who(studio)
    somebody = person(account or studio.newcomer)
    if account is not None:
        somebody.is_signed_in()
    is_for_everyone(somebody.open(situation.address(studio)).page)


def test_forms_with_something_wrong_and_open_editors_have_no_obstacles(
    world: World, person: NewPerson, studio: Studio
) -> None:
    visitor = person(studio.newcomer)
    visitor.open("/sign-in").signs_in(password="wrong").is_told("do not match")
    is_for_everyone(visitor.page)

    esra = person(studio.esra.account).is_signed_in().open("/mentor/profile")
    esra.presses("Add a pack").fills("Title", "x").fills("Price", "nothing")
    esra.presses("Put it on sale").is_told("Write an amount such as 120 or 120.50.")
    is_for_everyone(esra.page)

    esra.open("/admin/users").looks_up("Search accounts", studio.newcomer.email)
    esra.presses(f"Manage {studio.newcomer.name}").presses("Suspend").is_told("signed out")
    is_for_everyone(esra.page)


def test_the_simulators_pages_have_no_obstacles_either(
    world: World, person: NewPerson, studio: Studio
) -> None:
    rosa = person(world.mentee("Rosa Rind")).is_signed_in().opens_checkout(studio.on_sale)
    rosa.goes_to_pay()
    rosa.pays(DECLINED).is_told("Your card was declined.")
    has_no_obstacles(rosa.page)
    rosa.open("/sandbox/mail").reads("Mailbox")
    has_no_obstacles(rosa.page)
    rosa.open("/sandbox/stripe").reads("Payments")
    has_no_obstacles(rosa.page)
    rosa.open("/sandbox/paypal").reads("PayPal")
    has_no_obstacles(rosa.page)


def test_chosen_colours_are_kept_in_this_browser(
    world: World, person: NewPerson, studio: Studio
) -> None:
    visitor = person(studio.newcomer).open("/mentors").arrives_as_visitor()
    visitor.presses("Dark")
    expect(visitor.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    visitor.page.reload()
    expect(visitor.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    visitor.arrives_as_visitor().presses("Light")
    expect(visitor.page.locator("html")).not_to_have_class(re.compile(r"\bdark\b"))


def test_the_title_of_a_page_that_a_link_leads_to_is_announced(
    world: World, person: NewPerson, studio: Studio
) -> None:
    visitor = person(studio.newcomer).open("/").arrives_as_visitor()
    expect(visitor.page.locator("#announcer")).to_have_text("")
    visitor.follows("Mentors").is_at("/mentors")
    expect(visitor.page.locator("#announcer")).to_have_text(re.compile("^Mentors · "))


def test_long_words_and_names_stay_inside_a_phone(world: World, person: NewPerson) -> None:
    name = "Wolfeschlegelsteinhausenbergerdorffwelche Vorfahrenundnachfahren"
    word = "Donaudampfschifffahrtsgesellschaft"
    seller = world.mentor(name)
    world.describes(seller, headline=f"{word} {word}", skills=[word], bio=word * 3)
    mentee = world.mentee(name)
    world.bought(mentee, seller)
    addresses = {
        mentee: ("/dashboard", "/orders", "/settings", f"/checkout/{seller.offer}"),
        seller.account: (
            "/mentor", "/mentor/profile", f"/mentors/{seller.slug}", f"/mentors?q={word}",
        ),
        world.admin(name): (
            "/admin/users?q=wolfe", "/admin/mentors?q=wolfe", "/admin/orders?q=wolfe",
            f"/admin/mentors/{seller.slug}",
        ),
    }  # fmt: skip
    for account, paths in addresses.items():
        somebody = person(account).is_signed_in()
        somebody.page.set_viewport_size({"width": NARROW, "height": 740})
        for path in paths:
            has_settled(somebody.open(path).page)
            nothing_sticks_out(somebody.page)
