"""Every page as browsers show it: nothing for axe to find, nothing wider than a phone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from services.config import Settings
from tests.services import rows
from tests.support.people import PASSWORD, make_user
from tests.support.servers import LiveApp

PUBLIC = ["/", "/mentors", "/sign-in", "/sign-up", "/reset", "/verify", "/nowhere"]
MENTEES = ["/dashboard", "/orders", "/settings"]
ADMINS = ["/admin/orders", "/admin/users", "/admin/mentors", "/admin/inbox"]
LOADED = "() => !document.querySelector('.skeleton')"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def findings(page: Page) -> list[str]:
    """What axe says against the page as it stands, and whether it is too wide."""
    page.locator("h1").first.wait_for(state="attached")
    page.wait_for_function(LOADED)
    violations = Axe().run(page).response["violations"]
    found = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in violations]
    return [*found, "wider than the window"] if page.evaluate(TOO_WIDE) else found


def found_on(page: Page, paths: list[str]) -> dict[str, list[str]]:
    """The findings of several pages, on a phone in the dark and on a desk in the light."""
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(path)
        for width, colours in ((360, "dark"), (1280, "light")):
            page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            page.set_viewport_size({"width": width, "height": 800})
            if what := findings(page):
                found[f"{path} at {width}"] = what
    return found


def sign_in(page: Page, live_app: LiveApp, *, admin: bool = False) -> None:
    """Sign a new person in, as the form does."""
    email = f"{uuid.uuid4().hex}@example.com"
    make_user(email, admin=admin)
    page.request.post(
        f"{live_app.address}/auth/sign-in",
        form={"email": email, "password": PASSWORD},
        headers={"Origin": live_app.address},
    )


@pytest.fixture
def mentor(live_settings: Settings) -> str:
    """The slug of a listed mentor with one pack."""
    slug = f"mentor-{uuid.uuid4().hex[:8]}"
    rows.an_offer(rows.a_mentor(f"Mina {slug}", slug))
    return slug


def test_public_pages_are_readable_by_everybody_on_every_screen(page: Page, mentor: str) -> None:
    assert found_on(page, [*PUBLIC, f"/mentors/{mentor}"]) == {}


def test_pages_behind_the_sign_in_are_readable_by_everybody_on_every_screen(
    page: Page, live_app: LiveApp, mentor: str
) -> None:
    sign_in(page, live_app)
    assert found_on(page, [*MENTEES, f"/mentors/{mentor}"]) == {}


def test_admin_pages_are_readable_by_everybody_on_every_screen(
    page: Page, live_app: LiveApp, mentor: str
) -> None:
    sign_in(page, live_app, admin=True)
    assert found_on(page, ADMINS) == {}


def test_a_new_mentee_is_shown_the_one_thing_to_do(
    page: Page, live_app: LiveApp, mentor: str
) -> None:
    sign_in(page, live_app)
    page.goto("/dashboard")
    expect(page.get_by_role("heading", name="Find your mentor.")).to_be_visible()
    page.get_by_role("link", name="Find a mentor").click()
    expect(page.get_by_role("heading", name="Mentors", exact=True)).to_be_visible()


def test_filters_stand_in_the_address_and_the_back_button_takes_them_away(
    page: Page, mentor: str
) -> None:
    page.goto("/mentors")
    page.get_by_role("link", name="Has a seat").click()
    page.wait_for_url("**/mentors?seat=free")
    chip = page.get_by_role("link", name="Has a seat")
    expect(chip).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(chip).to_have_attribute("aria-current", "false")


def test_a_chosen_colour_scheme_is_remembered(page: Page, live_app: LiveApp) -> None:
    page.goto("/")
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_class("light")


def test_the_keyboard_reaches_the_content_first(
    live_app: LiveApp, new_page: Callable[[str], Page]
) -> None:
    page = new_page(live_app.address)
    page.goto("/mentors")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
