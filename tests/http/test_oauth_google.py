"""Leaving for Google and coming back, as a browser does it; and Google's pushes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import auth, google_push, middleware, oauth
from services import calendar, clock, db, ratelimits
from services.config import settings
from services.models import CalendarConnection, ConnectedCalendar, InboxEvent
from state import cookies, flash
from state.guard import forget_presences
from tests.support.google import Google
from tests.support.people import PASSWORD, make_user
from tests.support.servers import Sandbox
from tests.support.studio import stored

PUSH = "/api/webhooks/google"


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    forget_presences()
    yield
    ratelimits.forget_all()
    forget_presences()


@pytest.fixture
def google(database: str, sandbox: Sandbox) -> Google:
    """An account at Google, and a mentor here."""
    sandbox.control("google/pushes", {"mode": "hold"})
    make_user(mentor="mia")
    return Google(sandbox, "mia@example.com")


def browser(folder: Path, *, email: str = "mia@example.com") -> TestClient:
    """A signed-in browser on the routes, behind the edge's rules."""
    routes = [*auth.routes, *oauth.routes, *google_push.routes]
    app = middleware.protect(Starlette(routes=routes), settings(), folder)
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


def test_a_person_leaves_for_google_and_comes_back_connected(
    google: Google, tmp_path: Path
) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/google/start", {"next": "/onboarding"})
    assert there.startswith(settings().google_consent_url)
    back = go(client, "/oauth/google/callback", google.consent(there))
    assert back == ("/onboarding", "Your calendar is connected.")
    assert stored(CalendarConnection)[0].account == google.email


def test_the_way_back_of_one_browser_is_of_no_use_to_another(
    google: Google, tmp_path: Path
) -> None:
    there, _ = go(browser(tmp_path), "/oauth/google/start")
    brought = google.consent(there)
    location, told = go(browser(tmp_path), "/oauth/google/callback", brought)
    assert location == "/settings/calendar"
    assert "another browser" in told
    location, _ = go(browser(tmp_path, email=""), "/oauth/google/callback", brought)
    assert location == "/sign-in"
    assert stored(CalendarConnection) == []


def test_a_visitor_is_asked_to_sign_in_first(google: Google, tmp_path: Path) -> None:
    location, told = go(browser(tmp_path, email=""), "/oauth/google/start")
    assert (location, told) == ("/sign-in", "Please sign in first.")


def test_a_no_at_google_is_told_in_words(google: Google, tmp_path: Path) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/google/start")
    brought = google.consent(there, deny=True)
    assert brought["error"] == "access_denied"
    location, told = go(client, "/oauth/google/callback", brought)
    assert (location, "did not allow" in told) == ("/settings/calendar", True)


@pytest.mark.parametrize(
    "query",
    [{}, {"state": "x"}, {"code": "x"}, {"state": "x" * 9_000, "code": "x" * 9_000}],
    ids=["nothing", "state", "code", "long"],
)
def test_made_up_answers_change_nothing(
    google: Google, tmp_path: Path, query: dict[str, str]
) -> None:
    location, told = go(browser(tmp_path), "/oauth/google/callback", query)
    assert location == "/settings/calendar"
    assert told
    assert stored(CalendarConnection) == []


@pytest.mark.parametrize("page", ["https://evil.example.com", "//evil.example.com", "/\\evil"])
def test_nobody_is_sent_to_a_foreign_page(google: Google, tmp_path: Path, page: str) -> None:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/google/start", {"next": page})
    location, _ = go(client, "/oauth/google/callback", google.consent(there))
    assert location == "/settings/calendar"


def _connected(google: Google, tmp_path: Path) -> TestClient:
    client = browser(tmp_path)
    there, _ = go(client, "/oauth/google/start")
    go(client, "/oauth/google/callback", google.consent(there))
    return TestClient(client.app)  # Google has none of the browser's cookies


def _headers(google: Google, **changes: str) -> dict[str, Any]:
    channel = google.channels()[0]
    told = {
        "X-Goog-Channel-ID": channel["channel"],
        "X-Goog-Channel-Token": channel["token"],
        "X-Goog-Resource-State": "exists",
        "X-Goog-Resource-ID": channel["resource"],
        "X-Goog-Message-Number": "2",
    }
    return told | changes


def _is_due() -> bool:
    with db.reading() as session:
        found = session.exec(select(ConnectedCalendar.look_at)).all()
        return any(at <= clock.utc_now() for at in found)


def test_a_push_with_the_channels_token_is_taken_however_often_it_comes(
    google: Google, tmp_path: Path
) -> None:
    client = _connected(google, tmp_path)
    assert not _is_due()
    for _ in range(2):
        assert client.post(PUSH, headers=_headers(google)).status_code == 200
    assert _is_due()
    assert len(calendar.take_due()) == 1
    assert stored(InboxEvent) == []


def test_the_first_message_of_a_channel_asks_for_nothing(google: Google, tmp_path: Path) -> None:
    client = _connected(google, tmp_path)
    told = _headers(google) | {"X-Goog-Resource-State": "sync"}
    assert client.post(PUSH, headers=told).status_code == 200
    assert not _is_due()


def test_a_forged_or_headless_push_is_refused(google: Google, tmp_path: Path) -> None:
    client = _connected(google, tmp_path)
    for changed in ({"X-Goog-Channel-Token": "guessed"}, {"X-Goog-Channel-ID": "chn_other"}):
        assert client.post(PUSH, headers=_headers(google) | changed).status_code == 404
    assert client.post(PUSH).status_code == 400
    assert client.get(PUSH).status_code == 405
    assert not _is_due()
