"""The simulated Discord's pages: consent, the server and its people, and commands."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.config import settings
from services.providers.discord.base import Command
from services.providers.discord.interactions import DEFERRED
from services.providers.discord.registry import discord
from tests.sandbox.conftest import Simulators
from tests.support.discord import Discord, Person
from tests.support.servers import Sandbox

HOME = "/sandbox/discord"


class Browser:
    """Somebody who plays the world on the simulator's pages."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = Discord(sandbox)
        self.http = httpx.Client(base_url=sandbox.address, trust_env=False)

    def page(self, path: str = HOME) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200
        return answer.text

    def press(self, path: str, **fields: str) -> httpx.Response:
        answer = self.http.post(f"{HOME}{path}", data=fields)
        assert answer.status_code == 303
        return answer

    def act(self, person: Person, button: str, **fields: str) -> None:
        self.press(f"/accounts/{person.id}/{button}", **fields)


@pytest.fixture
def browser(sandbox: Sandbox) -> Browser:
    return Browser(sandbox)


def asked(**changes: str) -> httpx.URL:
    url = httpx.URL(discord().consent_url("the state", settings().discord_redirect_url))
    return url.copy_merge_params(changes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"client_id": "another"}, "Unknown Application"),
        ({"redirect_uri": "https://evil.example.com/oauth/discord/callback"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost/elsewhere"}, "redirect_uri"),
        ({"scope": "identify guilds.everything"}, "scope"),
        ({"response_type": "token"}, "response type"),
    ],
    ids=["client", "site", "path", "scope", "type"],
)
def test_a_wrong_authorization_request_shows_an_error_and_sends_nobody_anywhere(
    browser: Browser, change: dict[str, str], told: str
) -> None:
    url = asked(**change)
    for answer in (
        browser.http.get(url.path, params=url.params),
        browser.http.post(url.path, params=url.params, data={"username": "x", "answer": "allow"}),
    ):
        assert answer.status_code == 400
        assert told in answer.text
        assert "location" not in answer.headers


def test_a_person_consents_on_the_page_or_cancels(browser: Browser) -> None:
    url = asked()
    page = browser.http.get(url.path, params=url.params)
    assert "Join servers for you" in page.text
    form = {"username": "Mina.M ", "answer": "allow"}
    answer = browser.http.post(url.path, params=url.params, data=form)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["the state"]
    token = discord().exchange(back["code"][0], settings().discord_redirect_url).access_token
    assert discord().me(token).username == "mina.m"
    for no in ({"username": "x", "answer": "deny"}, {"username": " ", "answer": "allow"}):
        denied = browser.http.post(url.path, params=url.params, data=no)
        assert "error=access_denied" in denied.headers["location"]


def test_a_form_from_a_foreign_page_is_refused(browser: Browser) -> None:
    mina = browser.world.account("mina", member=True)
    foreign = {"origin": "https://evil.example.com"}
    for path in (f"/accounts/{mina.id}/leave", "/bot", "/examine", f"/accounts/{mina.id}/type"):
        answer = browser.http.post(f"{HOME}{path}", headers=foreign)
        assert answer.status_code == 403
    assert mina.shown()["status"] == "member"


def test_a_person_leaves_comes_back_is_banned_and_closes_their_messages(browser: Browser) -> None:
    mina = browser.world.account("mina", member=True)
    for button, standing in (
        ("leave", "away"),
        ("join", "member"),
        ("ban", "banned"),
        ("join", "member"),
    ):
        browser.act(mina, button)
        assert mina.shown()["status"] == standing
    for open_ in (False, True):
        browser.act(mina, "dms")
        assert mina.shown()["dms_open"] is open_
    role = browser.world.role("Mina’s mentees")
    mina.put_role(role, given=True)
    assert "Mina’s mentees" in browser.page(f"{HOME}/accounts/{mina.id}")
    browser.act(mina, "role", role=role)
    assert mina.roles() == []


def test_the_server_shows_its_people_roles_messages_and_alerts(browser: Browser) -> None:
    assert "Nobody yet" in browser.page()
    mina = browser.world.account("mina", member=True)
    mina.put_role(browser.world.role("<b>Bold</b>"), given=True)
    channel = discord().open_dm(mina.id)
    discord().send(channel, "Your <i>seat</i>", "n1")
    home, account = browser.page(), browser.page(f"{HOME}/accounts/{mina.id}")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in home
    assert "in the server" in home
    assert "Your &lt;i&gt;seat&lt;/i&gt;" in account
    assert browser.http.get(f"{HOME}/accounts/123").status_code == 404


def test_somebody_drags_a_role_above_the_bot_deletes_it_and_throws_the_bot_out(
    browser: Browser,
) -> None:
    role = browser.world.role("Mina’s mentees")
    browser.press(f"/roles/{role}", do="above")
    assert "above the bot" in browser.page()
    browser.press(f"/roles/{role}", do="below")
    assert "Drag above the bot" in browser.page()
    browser.press(f"/roles/{role}", do="delete")
    assert "Mina’s mentees" not in browser.page()
    assert "problem=Unknown%20Role" in browser.press(f"/roles/{role}").headers["location"]
    browser.press("/bot")
    assert "thrown out" in browser.page()
    browser.press("/bot")
    assert "thrown out" not in browser.page()


def test_only_registered_commands_can_be_typed_by_members(browser: Browser) -> None:
    mina = browser.world.account("mina", member=True)
    there = f"{HOME}/accounts/{mina.id}"
    assert "None yet" in browser.page(there)
    refused = browser.press(f"/accounts/{mina.id}/type", command="seat")
    assert "There%20is%20no%20such%20command" in refused.headers["location"]
    discord().register_commands([Command("seat", "Your seats")])
    assert "/seat" in browser.page(there)
    mina.leave()
    assert "Only who is in the server" in browser.page(there)
    refused = browser.press(f"/accounts/{mina.id}/type", command="seat")
    assert "Unknown%20Member" in refused.headers["location"]


def test_a_command_is_posted_and_a_studio_that_says_nothing_has_not_responded(
    simulators: Simulators,
) -> None:
    asked = {"username": "mina", "member": True}
    person = simulators.control("discord/account", asked)["id"]
    told = simulators.control("discord/command", {"id": person, "command": "seat"})
    assert told["content"] == "The application did not respond"
    [(body, _)] = simulators.receiver.requests
    assert b'"name": "seat"' in body
    assert len(simulators.receiver.headers[0]["x-signature-ed25519"]) == 128


def test_an_address_that_believes_anything_is_refused(simulators: Simulators) -> None:
    found = simulators.control("discord/examine", {})
    assert found == {"signed": 0, "forged": 0, "taken": False}


def test_a_deferred_answer_is_shown_when_it_comes(browser: Browser) -> None:
    mina = browser.world.account("mina", member=True)
    typed = mina.type("seat")
    mina.acknowledged(typed["interaction"], 200, DEFERRED)
    there = f"{HOME}/accounts/{mina.id}"
    assert "is thinking" in browser.page(there)
    discord().answer(mina.shown()["commands"][0]["token"], "You have one seat.")
    assert "You have one seat." in browser.page(there)
    assert "Only mina can see this" in browser.page(there)
