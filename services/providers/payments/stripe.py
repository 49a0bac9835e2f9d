"""Stripe Checkout through the vendor's SDK (one-time payments, hosted page, card refunds).

Facts behind this file: stripe-python 16.1, API version 2026-10-28.endive. `StripeClient` retries
only when told to, and reuses the idempotency key when it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

import stripe

from services.errors import ProviderRejected, ProviderUnavailable
from services.money import Money
from services.providers import calls
from services.providers.answers import Answer, clock_of
from services.providers.payments import stripe_events as events
from services.providers.payments import stripe_read as read
from services.providers.payments.base import (
    About,
    Checkout,
    Event,
    NewCheckout,
    NewRefund,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    Refusal,
)
from services.providers.payments.stripe_client import ObservedClient
from services.providers.payments.stripe_endpoints import endpoint_problems

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params.checkout import SessionCreateParams

NAME: Final = "stripe"
RETRIES: Final = 2
PAGE: Final = 100
REFUSED_KEY: Final = "authentication"
FEE: Final = "latest_charge.balance_transaction"


class StripePayments:
    """The `PaymentProvider` of Stripe, or of the simulator behind another base address."""

    key_settings: ClassVar[str] = "STRIPE_SECRET_KEY"
    takes_by_capture: ClassVar[bool] = False
    wanted: ClassVar[frozenset[str]] = frozenset(events.ABOUT)

    def __init__(
        self, *, key: str, webhook_secret: str, api_base: str, timeout_seconds: float
    ) -> None:
        self._key = key
        self._webhook_secret = webhook_secret.encode()
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": api_base},
            max_network_retries=RETRIES,
            http_client=ObservedClient(timeout=timeout_seconds, allow_sync_methods=True),
        )

    def takes(self, price: Money) -> bool:
        return read.takes(price)

    def step(self, currency: str) -> int:
        return read.step(currency)

    def create_checkout(self, new: NewCheckout) -> Checkout:
        """Create the payment page; asked again with the same order and attempt: the same page."""
        if not self.takes(new.price):
            raise ProviderRejected(NAME, f"cannot take this amount of {new.price.currency}")
        with _translated("create_checkout"):
            session = self._client.v1.checkout.sessions.create(
                params=_page(new),
                options={"idempotency_key": f"checkout:{new.order}:{new.attempt}"},
            )
        return read.checkout(session)

    def get_checkout(self, checkout_id: str) -> Checkout:
        with _translated("get_checkout"):
            session = self._client.v1.checkout.sessions.retrieve(
                checkout_id, params={"expand": [f"payment_intent.{FEE}"]}
            )
        return read.checkout(session)

    def capture(self, checkout_id: str, *, order: str) -> Checkout:  # noqa: ARG002
        """Stripe takes the money when the buyer pays: there is nothing left to take."""
        return self.get_checkout(checkout_id)

    def end_checkout(self, checkout_id: str) -> Checkout:
        """End the page. Stripe refuses when it is not open any more: then the truth is read."""
        try:
            with _translated("end_checkout"):
                self._client.v1.checkout.sessions.expire(checkout_id)
        except ProviderRejected as refused:
            if refused.code == Refusal.MISSING:
                raise
        return self.get_checkout(checkout_id)

    def get_payment(self, payment_id: str) -> ProviderPayment:
        with _translated("get_payment"):
            return read.payment(
                self._client.v1.payment_intents.retrieve(payment_id, params={"expand": [FEE]})
            )

    def list_payments(self, since: datetime) -> Iterator[ProviderPayment]:
        with _translated("list_payments"):
            page = self._client.v1.payment_intents.list(
                params={
                    "created": {"gte": int(since.timestamp())},
                    "limit": PAGE,
                    "expand": [f"data.{FEE}"],
                }
            )
            for intent in page.auto_paging_iter():
                yield read.payment(intent)

    def create_refund(self, new: NewRefund) -> ProviderRefund:
        with _translated("create_refund"):
            refund = self._client.v1.refunds.create(
                params={
                    "payment_intent": new.payment_id,
                    "amount": read.to_stripe(new.amount),
                    "metadata": {"refund": new.refund, "attempt": str(new.attempt)},
                },
                options={"idempotency_key": f"refund:{new.refund}:{new.attempt}"},
            )
        return read.refund(refund)

    def get_refund(self, refund_id: str) -> ProviderRefund:
        with _translated("get_refund"):
            return read.refund(self._client.v1.refunds.retrieve(refund_id))

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        with _translated("list_refunds"):
            page = self._client.v1.refunds.list(
                params={"payment_intent": payment_id, "limit": PAGE}
            )
            return [read.refund(refund) for refund in page.auto_paging_iter()]

    def list_recent_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        with _translated("list_recent_refunds"):
            page = self._client.v1.refunds.list(
                params={"created": {"gte": int(since.timestamp())}, "limit": PAGE}
            )
            for refund in page.auto_paging_iter():
                yield read.refund(refund)

    def get_dispute(self, dispute_id: str) -> ProviderDispute:
        with _translated("get_dispute"):
            return read.dispute(self._client.v1.disputes.retrieve(dispute_id))

    def list_disputes(self, since: datetime) -> Iterator[ProviderDispute]:
        with _translated("list_disputes"):
            page = self._client.v1.disputes.list(
                params={"created": {"gte": int(since.timestamp())}, "limit": PAGE}
            )
            for dispute in page.auto_paging_iter():
                yield read.dispute(dispute)

    def about(self, event_type: str) -> About:
        return events.ABOUT.get(event_type, About.OTHER)

    def reads_at_once(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002
        return True

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        """Verify the raw body, then read it."""
        events.verify(body, headers.get(events.SIGNATURE, ""), self._webhook_secret, now)
        return events.read(body)

    def check(self, *, webhook_url: str) -> Answer:
        """One read that selling needs, and the account's webhook endpoints; without retries."""
        options: RequestOptions = {"max_network_retries": 0}
        with _translated("check"):
            seen = self._client.v1.checkout.sessions.list(params={"limit": 1}, options=options)
        answered = seen.last_response
        at = clock_of(answered.headers) if answered is not None else None
        mode = "live mode" if "_live_" in self._key else "test mode"
        try:
            with _translated("check"):
                page = self._client.v1.webhook_endpoints.list(
                    params={"limit": PAGE}, options=options
                )
                endpoints = list(page.auto_paging_iter())
        except ProviderUnavailable as error:
            if error.code != REFUSED_KEY:
                raise
            return Answer(f"{mode}; this key may not look at the webhook endpoints", at=at)
        return Answer(mode, tuple(endpoint_problems(endpoints, webhook_url, self.wanted)), at)


def _page(new: NewCheckout) -> SessionCreateParams:
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": new.price.currency.lower(),
                    "unit_amount": read.to_stripe(new.price),
                    "product_data": {"name": new.title, "description": new.description},
                },
            }
        ],
        "client_reference_id": new.order,
        "metadata": {"order": new.order},
        "payment_intent_data": {"metadata": {"order": new.order}},
        "customer_email": new.email,
        "expires_at": int(new.expires_at.timestamp()),
        "success_url": new.return_url,
        "cancel_url": new.return_url,
        "submit_type": "pay",
        "expand": ["payment_intent"],
    }
    if not new.delayed:
        params["allowed_payment_method_types"] = ["card", "link"]
    return params


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """Stripe's errors become ours. A wrong key is an outage: nothing is known of the outcome."""
    try:
        with calls.operation(operation):
            yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(NAME, str(error), code=error.code or "") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise ProviderUnavailable(NAME, "the key was refused", code=REFUSED_KEY) from error
    except stripe.StripeError as error:
        status = error.http_status or 500
        message = f"{status} {error.code or ''} {error.user_message or ''}".strip()
        if status >= 500 or status in {409, 429}:
            raise ProviderUnavailable(
                NAME, message, code=error.code or "", answered=status >= 500
            ) from error
        raise ProviderRejected(NAME, message, code=error.code or "") from error
