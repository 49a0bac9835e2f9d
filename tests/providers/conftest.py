"""Fixtures of the adapters' contract tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.providers.vendors import VENDORS, Vendor
from tests.sandbox.paypal_specs import Specification, all_of_them, check_all
from tests.support.servers import Sandbox

IN_NO_WORDS = frozenset({401, 409, 429, 500, 503})
"""A refused token, which OAuth words, and what the simulator answers when a test lets it fail."""


@pytest.fixture(scope="session")
def paypals_words() -> dict[str, Specification] | None:
    """PayPal's specifications; None where they are missing, which tests/sandbox says, or in CI
    fails for."""
    try:
        return all_of_them()
    except pytest.skip.Exception:
        return None


@pytest.fixture
def vendor(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    paypals_words: dict[str, Specification] | None,
) -> Iterator[Sandbox]:
    """Empty simulators whose webhooks stay with them; the SDK retries without waiting.

    In the end every request to PayPal, and every answer, was as PayPal's specifications say, which
    say nothing of certificates.
    """
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.0)
    for name in ("stripe", "paypal"):
        sandbox.control(f"{name}/webhooks", {"mode": "hold"})
    answers: list[httpx.Response] = []
    send = httpx.Client.send

    def noted(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        answer = send(client, request, **more)
        path = request.url.path
        in_words = path.startswith("/paypal/") and "/notifications/certs/" not in path
        if in_words and answer.status_code not in IN_NO_WORDS:
            answers.append(answer)
        return answer

    monkeypatch.setattr(httpx.Client, "send", noted)
    yield sandbox
    if paypals_words is not None:
        check_all(answers, paypals_words)


@pytest.fixture(params=VENDORS)
def at(request: pytest.FixtureRequest, vendor: Sandbox) -> Vendor:
    """Each payment vendor in turn."""
    return VENDORS[request.param](vendor)
