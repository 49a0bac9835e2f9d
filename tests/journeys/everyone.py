"""What every page is looked at for, beyond what it is about: people with other eyes, hands and
screens use it too."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Locator, Page, TimeoutError, expect

from tests.journeys.people import Person

NARROW = 360
MOST_TABS = 160
LOOKS, LOOK_AGAIN_MS = 6, 500
COLOURS = ["color-contrast", "link-in-text-block"]
"""Axe's rules that look at colours: the others would find the same in the dark."""

# An outline around the focused element (or the row that its link fills), in sight and not covered.
FOCUS_IS_VISIBLE = """() => {
    const at = document.activeElement;
    if (at === document.body) return true;
    const box = at.getClientRects()[0];
    if (!box || box.width === 0) return false;
    const drawn = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    if (!drawn(getComputedStyle(at)) && !drawn(getComputedStyle(at, "::after"))) return false;
    const middle = (from, to, most) => (Math.max(from, 0) + Math.min(to, most)) / 2;
    const x = middle(box.left, box.right, innerWidth), y = middle(box.top, box.bottom, innerHeight);
    const seen = document.elementFromPoint(x, y);
    return seen !== null && (at.contains(seen) || seen.contains(at));
}"""

STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.outerHTML.slice(0, 120))"""

# What is pressed on a phone. Links within a sentence and those that fill a whole row are larger, or
# may be smaller; a box to tick is pressed on its label.
TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter((one) => one.type !== "hidden" && one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => !one.closest(".skip, .only-read, .banner, p, .js-plotly-plot"))
    .map((one) => one.type === "checkbox" ? one.closest("label") : one)
    .map((one) => one.matches(".row-open") ? one.closest("tr") : one)
    .filter((one) => one.getBoundingClientRect().height < 39.5)
    .map((one) => one.outerHTML.slice(0, 160))"""

MOVING = """() => [...document.querySelectorAll("*")]
    .filter((one) => {
        const style = getComputedStyle(one);
        const lasts = style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
        return lasts || style.animationName !== "none";
    })
    .map((one) => one.outerHTML.slice(0, 120))"""

HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter((one) => one.checkVisibility())
    .map((one) => Number(one.tagName[1]))"""


def is_for_everyone(page: Page) -> None:
    """Axe finds nothing, in light and dark; headings go down one level at a time; nothing moves for
    those who asked for that; a phone shows all of it, large enough for fingers, and the focus of
    the keyboard can always be seen there."""
    has_settled(page)
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # pyright: ignore[reportArgumentType]
        is_dark = re.compile(r"\bdark\b")
        html = expect(page.locator("html"))
        html.to_have_class(is_dark) if colours == "dark" else html.not_to_have_class(is_dark)
        has_no_obstacles(page, COLOURS if colours == "dark" else None)
    levels = page.evaluate(HEADINGS)
    assert levels.count(1) == 1, f"{page.url}: the headings are {levels}"
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), f"{page.url}: {levels}"
    assert page.evaluate(MOVING) == []
    page.set_viewport_size({"width": NARROW, "height": 740})
    nothing_sticks_out(page)
    small = page.evaluate(TOO_SMALL)
    assert not small, f"{page.url} on a phone, too small to press: {small}"
    keyboard_focus_can_be_followed(page)


def has_settled(page: Page) -> None:
    """The page lives, and what it loads is there."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    known = page.get_by_role("link", name=re.compile("^(Sign in|Dashboard)$"))
    expect(known.or_(page.locator(".rail-links")).first).to_be_visible()


def has_no_obstacles(page: Page, only: list[str] | None = None) -> None:
    """Axe finds nothing on the page as it is now; by all of its rules, or only by these."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options | ({"runOnly": only} if only else {}))
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def nothing_sticks_out(page: Page) -> None:
    """The page is as wide as its screen, as soon as its charts have noticed."""
    with suppress(TimeoutError):
        page.wait_for_function(
            "most => document.documentElement.scrollWidth <= most", arg=NARROW, timeout=5_000
        )
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW, f"{page.url} on a phone: {width} px, {page.evaluate(STICKING_OUT)}"


def keyboard_focus_can_be_followed(page: Page) -> None:
    """From the top of the page to its end by Tab, the focus is seen at every stop."""
    page.evaluate("document.activeElement.blur()")
    for stop in range(MOST_TABS):
        page.keyboard.press("Tab")
        if stop and page.evaluate("document.activeElement.matches('body, .skip')"):
            return
        is_seen(page)


def is_seen(page: Page) -> None:
    """What has the focus is in sight, and marked; within a frame, as the frame shows it.

    A page that lives may have grown above it in that very moment: then it is brought to the nearest
    edge again, as the browser did when it gave the focus. What is covered there is found.
    """
    here, frame = "document.activeElement.outerHTML.slice(0, 300)", page.main_frame
    while inner := _frame_with_focus(frame):
        frame = inner
    for _ in range(LOOKS):
        if frame.evaluate(FOCUS_IS_VISIBLE):
            return
        page.wait_for_timeout(LOOK_AGAIN_MS)
        frame.evaluate("document.activeElement.scrollIntoView({ block: 'nearest' })")
    assert frame.evaluate(FOCUS_IS_VISIBLE), (
        f"{page.url}: the focus cannot be seen at {frame.evaluate(here)}"
    )


def _frame_with_focus(frame: Frame) -> Frame | None:
    at = frame.evaluate_handle("document.activeElement").as_element()
    return at.content_frame() if at is not None else None


def tabs_to_css(person: Person, selector: str) -> None:
    """Press Tab until the focus is on the element that this selector names."""
    _tabs(person, person.page.locator(selector).first, selector, MOST_TABS)


def tabs_to(
    person: Person,
    role: str,
    name: str | re.Pattern[str],
    *,
    most: int = MOST_TABS,
    back: bool = False,
) -> None:
    """Press Tab (`back`: with Shift) until the focus is there; on its way it can always be seen."""
    exact = isinstance(name, str)
    found = person.page.get_by_role(role, name=name, exact=exact)  # pyright: ignore[reportArgumentType]
    wanted = found.first
    _tabs(person, wanted, name, most, key="Shift+Tab" if back else "Tab")


def _tabs(person: Person, wanted: Locator, name: object, most: int, key: str = "Tab") -> None:
    expect(wanted).to_be_visible()
    for _ in range(most):
        person.page.keyboard.press(key)
        is_seen(person.page)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{name} is not reached by Tab on {person.page.url}")


def enters(person: Person, role: str, name: str | re.Pattern[str], *, back: bool = False) -> None:
    """Reach something by Tab (`back`: with Shift), and press Enter."""
    tabs_to(person, role, name, back=back)
    person.page.keyboard.press("Enter")
