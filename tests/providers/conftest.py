"""Fixtures of the adapters' contract tests."""

from __future__ import annotations

import pytest
import stripe

from tests.support.servers import Sandbox


@pytest.fixture
def vendor(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Empty simulators whose webhooks stay with them; the SDK retries without waiting."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.0)
    sandbox.control("stripe/webhooks", {"mode": "hold"})
    return sandbox
