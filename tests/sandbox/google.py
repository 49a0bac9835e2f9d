"""A simulated Google account in a test, and a token that may do everything there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import clock
from services.providers.calendar.registry import consent
from tests.support.google import Google
from tests.support.servers import Sandbox
from tests.support.studio import BEGINNING

VERIFIER = "v" * 64


@pytest.fixture
def google(sandbox: Sandbox) -> Iterator[Google]:
    sandbox.control("clock", {"now": int(BEGINNING.timestamp())})
    sandbox.control("google/pushes", {"mode": "hold"})
    with clock.at(BEGINNING):
        yield Google(sandbox)


def token_of(google: Google) -> str:
    url = consent().consent_url(wanted=frozenset(), state="s", verifier=VERIFIER, hint=google.email)
    asked = url.replace("scope=", "scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar", 1)
    code = google.consent(asked)["code"]
    return consent().exchange(code=code, verifier=VERIFIER).access
