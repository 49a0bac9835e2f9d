"""PayPal's token, its amounts, and what its doctor's check finds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clock import utc_now
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.money import Money
from services.providers.payments import paypal_read
from services.providers.payments.paypal import PayPalPayments
from services.providers.payments.paypal_certificates import Certificates
from services.providers.payments.paypal_client import PayPalClient
from services.providers.payments.registry import payments
from tests.support.servers import Sandbox

ORDERS = "/v2/checkout/orders"
UNKNOWN = f"{ORDERS}/5O190127TN364715T"


@pytest.fixture
def client(vendor: Sandbox) -> PayPalClient:
    """A client that has no token yet."""
    chosen = settings()
    return PayPalClient(
        client_id=chosen.effective_paypal_client_id,
        secret=chosen.effective_paypal_client_secret,
        api_base=chosen.paypal_api_base,
        timeout_seconds=5,
    )


def tokens_asked(vendor: Sandbox) -> int:
    return int(cast(dict[str, Any], vendor.control("paypal/tokens"))["asked"])


def ask(client: PayPalClient) -> None:
    with pytest.raises(ProviderRejected):
        client.get("get_checkout", UNKNOWN)


def test_many_threads_ask_for_one_token(vendor: Sandbox, client: PayPalClient) -> None:
    together = threading.Barrier(8)

    def one(_: int) -> None:
        together.wait()
        ask(client)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(8)))
    assert tokens_asked(vendor) == 1


def test_a_token_that_was_revoked_is_replaced_once_for_all_threads(
    vendor: Sandbox, client: PayPalClient
) -> None:
    ask(client)
    vendor.control("paypal/tokens", {"expire": True})
    together = threading.Barrier(6)

    def one(_: int) -> None:
        together.wait()
        ask(client)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(one, range(6)))
    assert tokens_asked(vendor) == 2


def test_a_token_is_not_used_in_the_last_minute_of_its_life(
    vendor: Sandbox, client: PayPalClient
) -> None:
    vendor.control("paypal/tokens", {"seconds": 30})
    ask(client)
    ask(client)
    assert tokens_asked(vendor) == 2


def test_a_request_goes_on_with_the_same_id_after_a_new_token(
    vendor: Sandbox, client: PayPalClient
) -> None:
    ask(client)
    body = {
        "intent": "CAPTURE",
        "purchase_units": [{"amount": {"currency_code": "EUR", "value": "12.00"}}],
    }
    made = client.post("create_checkout", ORDERS, body, key="create:1")
    vendor.control("paypal/tokens", {"expire": True})
    assert client.post("create_checkout", ORDERS, body, key="create:1")["id"] == made["id"]


def test_a_refused_secret_is_asked_for_once_and_is_no_loop(vendor: Sandbox) -> None:
    wrong = PayPalClient(
        client_id="x", secret="y", api_base=settings().paypal_api_base, timeout_seconds=5
    )
    with pytest.raises(ProviderUnavailable) as refused:
        wrong.get("get_checkout", UNKNOWN)
    assert refused.value.code == "authentication"


def test_too_many_tokens_are_an_outage(vendor: Sandbox, client: PayPalClient) -> None:
    fault: dict[str, object] = {
        "vendor": "paypal",
        "path": "/v1/oauth2/token",
        "kind": "status",
        "status": 429,
        "times": 1,
    }
    vendor.control("faults", fault)
    with pytest.raises(ProviderUnavailable):
        client.get("get_checkout", UNKNOWN)
    ask(client)


@given(minor=st.integers(0, 10**9), currency=st.sampled_from(sorted(paypal_read.CURRENCIES)))
def test_every_amount_in_whole_steps_is_written_and_read_without_loss(
    minor: int, currency: str
) -> None:
    money = Money(minor * paypal_read.step(currency), currency)
    wire = paypal_read.written(money)
    assert paypal_read.read_money(wire) == money
    digits = str(wire["value"]).partition(".")[2]
    assert len(digits) == (0 if currency in paypal_read.ZERO_DECIMAL else 2)


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_an_amount_with_digits_that_paypal_does_not_have_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="0 digits"):
        paypal_read.written(Money(12_345, currency))


def test_the_check_tells_that_all_is_well_and_what_time_it_is_there(vendor: Sandbox) -> None:
    url = f"{settings().public_url}/api/webhooks/paypal"
    answer = payments("paypal").check(webhook_url=url)
    assert (answer.told, answer.problems) == ("the client is right", ())
    assert answer.at is not None
    assert abs(answer.at - utc_now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "https://elsewhere.example.com"}, "PayPal has no webhook http"),
        (
            {"event_types": ["CHECKOUT.ORDER.APPROVED"]},
            "does not send CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        ),
    ],
)
def test_the_check_tells_what_is_wrong_with_the_webhook(
    vendor: Sandbox, changes: dict[str, object], words: str
) -> None:
    vendor.control("paypal/endpoint", changes)
    url = f"{settings().public_url}/api/webhooks/paypal"
    [problem] = payments("paypal").check(webhook_url=url).problems
    assert words in problem


def test_the_check_tells_when_the_webhooks_id_is_not_ours(
    vendor: Sandbox, client: PayPalClient
) -> None:
    certificates = Certificates(hosts=".paypal.com", roots="", timeout_seconds=1)
    other = PayPalPayments(client=client, certificates=certificates, webhook_id="WH-OTHER")
    url = f"{settings().public_url}/api/webhooks/paypal"
    [problem] = other.check(webhook_url=url).problems
    assert problem.startswith("PAYPAL_WEBHOOK_ID is not that of")
