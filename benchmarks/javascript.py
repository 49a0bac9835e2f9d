"""How much JavaScript a browser loads for a page, compressed as it travels: what Chromium really
asks the running product for, scripts and preloaded modules alike, until the page is quiet."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, sync_playwright

from benchmarks.figure import Figure, at_most, is_small
from benchmarks.surroundings import database, product
from jobs.inbox import handle_inbox
from tests.chaos.shop import paid
from tests.chaos.till import Till
from tests.support import browser as chromium
from tests.support.people import PASSWORD, make_user
from tests.support.servers import environment_of, sandbox_process

ADMIN = "ada.admin@example.com"
HEAVIEST = ("/admin", "/admin/revenue", "/admin/seats", "/admin/orders", "/admin/inbox")
"""The admin's pages, of which the heaviest counts."""
CHARTS = ("/admin/revenue", "/admin/seats")
UNIT = "kB"
FIGURES = ("page_js_home", "page_js_admin")


def measure() -> list[Figure]:
    """The first page, as a visitor opens it, and the heaviest of the admin's pages."""
    with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as name:
        folder = Path(name)
        with database("sqlite", folder / "db") as url:
            make_user(ADMIN, name="Ada Admin", admin=True)
            _sell(folder)
            with product(folder / "product", url) as address, sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=chromium.find(), args=chromium.flags()
                )
                home = _kilobytes(_visitor(browser, address), "/")
                admin = max(
                    _kilobytes(_admin(browser, address), path)
                    for path in (HEAVIEST[1:2] if is_small() else HEAVIEST)
                )
                browser.close()
    return [
        at_most("page_js_home", home, UNIT, goal=300),
        at_most("page_js_admin", admin, UNIT, goal=700),
    ]


def _sell(folder: Path) -> None:
    """A purchase: an empty dashboard shows no chart, and loads no code for it."""
    with (
        sandbox_process(folder / "sandbox") as simulators,
        environment_of(simulators.environment),
    ):
        paid(Till(simulators))
        handle_inbox.call_local()


def _visitor(browser: Browser, address: str) -> Page:
    return browser.new_context(base_url=address).new_page()


def _admin(browser: Browser, address: str) -> Page:
    """A browser with nothing in its cache, signed in as the admin."""
    with browser.new_context(base_url=address) as first:
        page = first.new_page()
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(ADMIN)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        cookies = first.cookies()
    context = browser.new_context(base_url=address)
    context.add_cookies(cookies)  # type: ignore[arg-type]  # Playwright's own, as it gave them
    return context.new_page()


def _kilobytes(page: Page, path: str) -> float:
    """The scripts of one page: each once, compressed as a server in front of us would."""
    scripts: dict[str, bytes] = {}

    def note(response: Response) -> None:
        if response.request.resource_type == "script" and response.ok:
            scripts[response.url] = response.body()

    page.on("response", note)
    page.goto(path, wait_until="networkidle")
    page.wait_for_selector("main h1")
    if path in CHARTS:
        page.wait_for_selector(".js-plotly-plot")
    page.wait_for_load_state("networkidle")
    if not scripts:
        raise RuntimeError(f"{path} loaded no script at all")
    total = sum(len(gzip.compress(body, 6)) for body in scripts.values()) / 1000
    print(f"   {path}: {len(scripts)} scripts, {total:.0f} kB", flush=True)
    return total
