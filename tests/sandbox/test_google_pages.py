"""The simulated Google's pages: consent, calendars, and the pushes that a person can watch."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from services.config import settings
from services.providers.calendar.base import Access
from services.providers.calendar.registry import calendars, consent
from tests.sandbox.google import VERIFIER, google, token_of
from tests.support.google import Google, utc
from tests.support.studio import BEGINNING

__all__ = ["google"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"client_id": "another"}, "invalid_client"),
        ({"redirect_uri": "https://evil.example.com/oauth/google/callback"}, "redirect_uri"),
        ({"code_challenge_method": "plain"}, "S256"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ],
    ids=["client", "redirect", "challenge", "scope"],
)
def test_a_wrong_authorization_request_shows_an_error_and_sends_nobody_anywhere(
    google: Google, change: dict[str, str], told: str
) -> None:
    url = httpx.URL(
        consent().consent_url(wanted=frozenset(), state="s", verifier=VERIFIER, hint="")
    ).copy_merge_params({"scope": "https://www.googleapis.com/auth/calendar.freebusy"} | change)
    answer = httpx.get(f"{google.sandbox.address}{url.path}", params=url.params, trust_env=False)
    assert answer.status_code == 400
    assert told in answer.text
    assert "location" not in answer.headers


def test_a_person_consents_on_the_page_and_can_untick_or_cancel(google: Google) -> None:
    url = httpx.URL(
        consent().consent_url(
            wanted=frozenset(Access), state="s", verifier=VERIFIER, hint=google.email
        )
    )
    there = f"{google.sandbox.address}{url.path}"
    page = httpx.get(there, params=url.params, trust_env=False)
    assert page.text.count('type="checkbox"') == 3
    assert google.email in page.text
    ticked = "scope:https://www.googleapis.com/auth/calendar.freebusy"
    form = {"email": google.email, "answer": "allow", ticked: "on"}
    answer = httpx.post(there, params=url.params, data=form, trust_env=False)
    back = httpx.URL(answer.headers["location"])
    assert back.path == "/oauth/google/callback"
    tokens = consent().exchange(code=back.params["code"], verifier=VERIFIER)
    assert tokens.granted == {Access.BUSY}
    denied = httpx.post(
        there, params=url.params, data={"email": "", "answer": "deny"}, trust_env=False
    )
    assert "error=access_denied" in denied.headers["location"]
    foreign = httpx.post(
        there,
        params=url.params,
        data=form,
        headers={"origin": "https://x.example"},
        trust_env=False,
    )
    assert foreign.status_code == 403


def test_a_person_fills_moves_and_empties_their_calendar_on_the_page(google: Google) -> None:
    token_of(google)
    base = f"{google.sandbox.address}/sandbox/google/accounts/{google.email}"

    def press(button: str, **fields: str) -> None:
        answer = httpx.post(f"{base}/{button}", data=fields, trust_env=False)
        assert answer.status_code == 303
        assert "problem" not in answer.headers["location"], answer.headers["location"]

    for kind in ("busy", "weekly", "all_day", "tentative", "free"):
        press("add", kind=kind, day="2026-03-12", time="09:00", hours="1.5", calendar="primary")
    known = calendars(token_of(google)).busy(("primary",), (utc(1, 0), utc(31, 0))).known["primary"]
    assert len(known) == 3  # the whole day swallows those of its day, and two weeks follow
    event = google.standing()[0]
    press("move", calendar=google.email, event=event["id"])
    press("delete", calendar=google.email, event=event["id"])
    assert len(google.standing()) == 4
    assert "cancelled" in httpx.get(base, trust_env=False).text
    press("read", calendar=google.email)
    assert "cannot be read" in httpx.get(base, trust_env=False).text
    press("revoke")
    assert google.access() == ""


def test_pushes_reach_the_product_with_googles_headers_once_twice_or_never(
    google: Google,
) -> None:
    there = calendars(token_of(google))
    there.watch(
        "primary",
        channel="c1",
        token="the token",
        address=f"{settings().public_url}/api/webhooks/google",
        until=BEGINNING + timedelta(days=1),
    )
    for mode, expected in (("never", "never"), ("hold", "held")):
        google.sandbox.control("google/pushes", {"mode": mode})
        google.add(utc(10, 9))
        assert google.pushes()[0]["status"] == expected
    google.sandbox.control("google/pushes", {"mode": "twice"})
    google.add(utc(11, 9))
    first, second = google.pushes()[:2]
    assert first["headers"] == second["headers"]
    assert first["headers"]["X-Goog-Channel-Token"] == "the token"
    assert first["headers"]["X-Goog-Message-Number"] == "4"
