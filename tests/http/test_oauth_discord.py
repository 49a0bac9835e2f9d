"""Leaving for Discord and coming back, as a browser does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import auth, middleware, oauth
from services import ratelimits
from services.config import settings
from services.models import DiscordLink
from state import cookies, flash
from state.guard import forget_presences
from tests.support.discord import Discord, Person
from tests.support.people import PASSWORD, make_user
from tests.support.servers import Sandbox
from tests.support.studio import stored

SETTINGS = "/settings/discord"


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    forget_presences()
    yield
    ratelimits.forget_all()
    forget_presences()


@pytest.fixture
def nora(database: str, sandbox: Sandbox) -> Person:
    """A person with an account here and one at Discord."""
    make_user("nora@example.com", name="Nora Novak")
    return Discord(sandbox).account("nora.n")


def browser(folder: Path, *, email: str = "nora@example.com") -> TestClient:
    """A signed-in browser on the routes, behind the edge's rules."""
    app = middleware.protect(Starlette(routes=[*auth.routes, *oauth.routes]), settings(), folder)
    origin = settings().public_url
    client = TestClient(app, base_url=origin, headers={"Origin": origin}, follow_redirects=False)
    if email:
        answer = client.post("/auth/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 303
    return client


def go(client: TestClient, path: str, query: dict[str, str] | None = None) -> tuple[str, str]:
    """Open an address; where it leads, and the message that waits there."""
    answer = client.get(path, params=query)
    assert answer.status_code == 303, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = flash.opened(client.cookies.get(cookies.flash_name()) or "")
    return answer.headers["location"], found.text if found else ""


def test_a_person_leaves_for_discord_and_comes_back_linked_and_in_the_server(
    nora: Person, tmp_path: Path
) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/discord/start", {"next": "/onboarding"})
    assert there.startswith(settings().discord_consent_url)
    back = go(client, "/oauth/discord/callback", nora.consent(there))
    assert back == ("/onboarding", "Your Discord account is linked.")
    assert stored(DiscordLink)[0].discord_id == nora.id
    assert nora.shown()["status"] == "member"
    assert nora.shown()["tokens"] == 0  # what is not needed any more is given back


def test_the_way_back_of_one_browser_is_of_no_use_to_another(nora: Person, tmp_path: Path) -> None:
    there, _ = go(browser(tmp_path), "/oauth/discord/start")
    brought = nora.consent(there)
    location, told = go(browser(tmp_path), "/oauth/discord/callback", brought)
    assert location == SETTINGS
    assert "another browser" in told
    location, _ = go(browser(tmp_path, email=""), "/oauth/discord/callback", brought)
    assert location == "/sign-in"
    assert stored(DiscordLink) == []


def test_the_state_of_another_service_is_of_no_use_here(nora: Person, tmp_path: Path) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/google/start")
    state = there.split("state=")[1].split("&")[0]
    mine, _ = go(client, "/oauth/discord/start")
    brought = nora.consent(mine) | {"state": state}
    location, _ = go(client, "/oauth/discord/callback", brought)
    assert location == SETTINGS
    assert stored(DiscordLink) == []


def test_a_visitor_is_asked_to_sign_in_first(nora: Person, tmp_path: Path) -> None:
    location, told = go(browser(tmp_path, email=""), "/oauth/discord/start")
    assert (location, told) == ("/sign-in", "Please sign in first.")


def test_a_no_at_discord_is_told_in_words(nora: Person, tmp_path: Path) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/discord/start")
    brought = nora.consent(there, deny=True)
    assert brought["error"] == "access_denied"
    location, told = go(client, "/oauth/discord/callback", brought)
    assert (location, "did not allow" in told) == (SETTINGS, True)


@pytest.mark.parametrize(
    "query",
    [{}, {"state": "x"}, {"code": "x"}, {"state": "x" * 9_000, "code": "x" * 9_000}],
    ids=["nothing", "state", "code", "long"],
)
def test_made_up_answers_change_nothing(
    nora: Person, tmp_path: Path, query: dict[str, str]
) -> None:
    location, told = go(browser(tmp_path), "/oauth/discord/callback", query)
    assert location == SETTINGS
    assert told
    assert stored(DiscordLink) == []


@pytest.mark.parametrize("page", ["https://evil.example.com", "//evil.example.com", "/\\evil"])
def test_nobody_is_sent_to_a_foreign_page(nora: Person, tmp_path: Path, page: str) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/discord/start", {"next": page})
    location, _ = go(client, "/oauth/discord/callback", nora.consent(there))
    assert location == SETTINGS


def test_an_outage_at_discord_keeps_nothing_and_says_so(nora: Person, tmp_path: Path) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/discord/start")
    brought = nora.consent(there)
    nora.discord.fault("/oauth2/token", "status", status=503)
    location, told = go(client, "/oauth/discord/callback", brought)
    assert location == SETTINGS
    assert told
    assert stored(DiscordLink) == []
