"""The simulated Agora's page: who records, and what a person lets go wrong."""

from __future__ import annotations

import httpx
import pytest

from mentorships.sandbox.pages_agora import SCENARIOS
from tests.sandbox.agora import Rest, rest
from tests.sandbox.conftest import Simulators

__all__ = ["rest"]

HOME = "/sandbox/agora"


class Browser:
    """Somebody at the simulator's page."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.http = httpx.Client(base_url=rest.http.base_url, trust_env=False)

    def page(self, path: str = HOME) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200
        return answer.text

    def press(self, path: str, **fields: str) -> str:
        answer = self.http.post(f"{HOME}{path}", data=fields)
        assert answer.status_code == 303
        return str(answer.headers["location"])


@pytest.fixture
def browser(rest: Rest) -> Browser:
    return Browser(rest)


def test_recorders_are_listed_with_their_state_files_and_notifications(browser: Browser) -> None:
    assert "None yet" in browser.page()
    recorder = browser.rest.started()
    assert "records" in browser.page()
    one = f"{HOME}/recorders/{recorder['sid']}"
    assert "recorder_started" in browser.page(one)
    browser.rest.stop(recorder)
    browser.rest.later(10)
    assert "over" in browser.page()
    page = browser.page(one)
    assert f"{recorder['sid']}_ses-1_0.mp4" in page
    assert "Break" not in page
    assert browser.http.get(f"{HOME}/recorders/nobody").status_code == 404
    assert browser.http.post(f"{HOME}/recorders/nobody/leave").status_code == 404


def test_no_secret_of_a_bucket_is_shown(browser: Browser) -> None:
    storage = browser.rest.storage(secretKey="hidden-word")
    recorder = browser.rest.started(storageConfig=storage)
    assert "hidden-word" not in browser.page(f"{HOME}/recorders/{recorder['sid']}")
    assert "hidden-word" not in str(browser.rest.world.recordings())


def test_everybody_leaves_comes_back_and_the_recorder_moves_and_breaks(browser: Browser) -> None:
    recorder = browser.rest.started()
    one = f"/recorders/{recorder['sid']}"
    browser.press(f"{one}/leave")
    assert "Somebody comes back" in browser.page(f"{HOME}{one}")
    browser.press(f"{one}/leave")
    browser.rest.later(90)
    assert "records" in browser.page()
    browser.press(f"{one}/move")
    assert "not to be found" in browser.page()
    browser.rest.later(20)
    assert "records" in browser.page()
    browser.press(f"{one}/break")
    assert "broke" in browser.page()


def test_a_scenario_is_chosen_for_the_recorders_to_come(browser: Browser) -> None:
    before = browser.rest.started()
    browser.press("/choose", scenario="silent", webhooks="never")
    page = browser.page()
    assert '<option value="silent" selected>' in page
    assert '<option value="never" selected>' in page
    browser.rest.later(300)
    assert browser.rest.world.recording(before["sid"])["behaviour"]["sends"] is True
    browser.press("/choose", scenario="nonsense", webhooks="nonsense")
    assert '<option value="silent" selected>' in browser.page()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_played(browser: Browser, name: str) -> None:
    browser.press("/choose", scenario=name)
    recorder = browser.rest.started()
    browser.rest.later(30)
    browser.rest.stop(recorder)
    browser.rest.later(120)
    assert browser.rest.world.recording(recorder["sid"])["status"] == "over"


def test_recording_is_switched_off_and_on_for_the_app(browser: Browser) -> None:
    browser.press("/app")
    assert "may not record" in browser.page()
    assert browser.rest.acquire().status_code == 400
    browser.press("/app")
    assert browser.rest.acquire().status_code == 200


def test_a_notification_is_sent_again(browser: Browser) -> None:
    recorder = browser.rest.started()
    [first, *_] = browser.rest.world.deliveries()
    before = len(browser.rest.world.deliveries())
    browser.press(f"/recorders/{recorder['sid']}/again", delivery=str(first["id"]))
    assert len(browser.rest.world.deliveries()) == before + 1
    wrong = browser.http.post(
        f"{HOME}/recorders/{recorder['sid']}/again", data={"delivery": "99999"}
    )
    assert wrong.status_code == 404


def test_an_address_that_does_not_answer_the_health_check_is_told(browser: Browser) -> None:
    assert browser.press("/examine").endswith("examined=refused")
    assert "does not answer every test event" in browser.page(f"{HOME}?examined=refused")


def test_forms_of_foreign_pages_are_refused(browser: Browser) -> None:
    recorder = browser.rest.started()
    for path in ("/choose", "/app", "/examine", f"/recorders/{recorder['sid']}/break"):
        answer = browser.http.post(f"{HOME}{path}", headers={"origin": "https://evil.example.com"})
        assert answer.status_code == 403
    assert "records" in browser.page()


def test_the_index_leads_there(simulators: Simulators) -> None:
    assert HOME in simulators.http.get("/sandbox").text
