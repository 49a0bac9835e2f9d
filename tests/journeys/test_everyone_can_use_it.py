"""Every page, as people with other eyes, hands and screens use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pages import PAGES
from services import checkout, operators
from tests.journeys.conftest import NewPerson
from tests.journeys.people import DECLINED, Person
from tests.journeys.world import SHOWN_PRICE, Account, Seller, World
from tests.support.servers import LiveApp

NARROW = 360
FOR_VISITORS = ("/sign-up", "/sign-in", "/verify", "/reset")
MOST_TABS = 60

FOCUS_IS_VISIBLE = """() => {
    const at = document.activeElement;
    if (at === document.body) return true;
    const box = at.getBoundingClientRect();
    const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    const drawn = (style) =>
        (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) ||
        style.boxShadow !== "none";
    return inside && (drawn(getComputedStyle(at)) || drawn(getComputedStyle(at, "::after")));
}"""

STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.outerHTML.slice(0, 120))"""

NOTHING_MOVES = "document.getAnimations().every((one) => one.playState !== 'running')"


@dataclass(frozen=True)
class Studio:
    """People and orders, so that no page is empty. `esra` is admin, mentor and mentee."""

    esra: Seller
    newcomer: Account
    new_mentor: Seller
    full: Seller
    on_sale: Seller
    paid: str
    open: str
    canceled: str

    def address(self, route: str) -> str:
        """An address of the page with this route."""
        samples = {
            "/404": "/no/such/page",
            "/mentors/[slug]": f"/mentors/{self.on_sale.slug}",
            "/checkout/[offer]": f"/checkout/{self.on_sale.offer}",
            "/checkout/return/[order]": f"/checkout/return/{self.paid}",
            "/admin/mentors/[slug]": f"/admin/mentors/{self.on_sale.slug}",
            "/reset/new": "/reset/new?token=not-a-real-one",
            "/verify": "/verify?token=not-a-real-one",
        }
        return samples.get(route, route)


@pytest.fixture(scope="module")
def studio(live_app: LiveApp) -> Studio:
    """Made once for all tests of this file."""
    world = World(live_app)
    with world.inside():
        esra = world.mentor("Esra Ebel")
        operators.create_admin(
            email=esra.account.email, name=esra.name, password=esra.account.password
        )
        full = world.mentor("Fritz Fuhr", seats=1)
        world.bought(world.mentee("Mia Maler"), full)
        world.bought(world.mentee("Ben Bauer"), esra)
        actor = world.actor(esra.account)
        held = checkout.start(actor=actor, offer=world.mentor("Greta Gorn").offer).order
        left = checkout.start(actor=actor, offer=world.mentor("Hanna Holm").offer).order
        checkout.give_back(actor=actor, order=left)
        return Studio(
            esra=esra,
            newcomer=world.mentee("Nina Neu"),
            new_mentor=world.mentor("Nele Nagel"),
            full=full,
            on_sale=world.mentor("Otto Oster"),
            paid=world.bought(esra.account, world.mentor("Paula Pape")),
            open=held,
            canceled=left,
        )


@dataclass(frozen=True)
class Situation:
    """A page as one finds it, beyond the one of every route."""

    name: str
    who: Callable[[Studio], Account | None]
    address: Callable[[Studio], str]


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

    esra.open("/admin/users").searches("Search accounts", studio.newcomer.email)
    esra.presses(f"Manage {studio.newcomer.name}").presses("Suspend").is_told("signed out")
    is_for_everyone(esra.page)


def test_stripes_page_and_the_mailbox_have_no_obstacles_either(
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


def test_the_first_tab_leads_past_the_navigation(
    world: World, person: NewPerson, studio: Studio
) -> None:
    esra = person(studio.esra.account).is_signed_in().open("/admin/orders").reads("Orders")
    esra.page.keyboard.press("Tab")
    expect(esra.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    esra.page.keyboard.press("Enter")
    tabs_to(esra, "searchbox", "Search orders", most=2)


def is_for_everyone(page: Page) -> None:
    """Axe finds nothing, in light and dark, and nothing sticks out of a phone."""
    has_settled(page)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    expect(page.locator("html")).not_to_have_class(re.compile(r"\bdark\b"))
    has_no_obstacles(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    has_no_obstacles(page)
    page.set_viewport_size({"width": NARROW, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW, f"{page.url} on a phone: {width} px, {page.evaluate(STICKING_OUT)}"


def has_settled(page: Page) -> None:
    """The page lives, and what it loads is there."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    known = page.get_by_role("link", name=re.compile("^(Sign in|Dashboard)$"))
    expect(known.or_(page.locator(".rail-links")).first).to_be_visible()


def has_no_obstacles(page: Page) -> None:
    """Axe finds nothing on the page as it is now, when colours have stopped changing."""
    page.wait_for_function(NOTHING_MOVES)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def tabs_to(
    person: Person, role: str, name: str | re.Pattern[str], *, most: int = MOST_TABS
) -> None:
    """Press Tab until the focus is there; on its way it can always be seen."""
    wanted = person.page.get_by_role(role, name=name).first  # pyright: ignore[reportArgumentType]
    expect(wanted).to_be_visible()
    for _ in range(most):
        person.page.keyboard.press("Tab")
        seen = person.page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        assert person.page.evaluate(FOCUS_IS_VISIBLE), f"the focus cannot be seen at {seen}"
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{name} is not reached by Tab on {person.page.url}")


def enters(person: Person, role: str, name: str | re.Pattern[str]) -> None:
    """Reach something by Tab, and press Enter."""
    tabs_to(person, role, name)
    person.page.keyboard.press("Enter")
