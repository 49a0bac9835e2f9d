"""Stripe Checkout through the vendor's SDK (one-time payments, hosted page, card refunds).

Facts behind this file: stripe-python 16.1, API version 2026-10-28.endive. `StripeClient` retries
only when told to, and reuses the idempotency key when it does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import stripe
from stripe.checkout import Session

from services.errors import ProviderRejected, ProviderUnavailable
from services.money import Money, exponent
from services.providers import calls
from services.providers.answers import Answer, clock_of
from services.providers.payments.base import (
    BadEvent,
    BadSignature,
    Checkout,
    CheckoutState,
    Event,
    NewCheckout,
    NewRefund,
    ProviderRefund,
    RefundState,
)
from services.providers.payments.stripe_client import ObservedClient
from services.providers.payments.stripe_endpoints import endpoint_problems

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params.checkout import SessionCreateParams

NAME: Final = "stripe"
TOLERANCE_SECONDS: Final = 300
RETRIES: Final = 2
PAGE: Final = 100
REFUSED_KEY: Final = "authentication"

# fmt: off
ZERO_DECIMAL: Final = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV",
    "XAF", "XOF", "XPF",
})
# fmt: on
THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
PAYMENT_FAILED: Final = frozenset({"requires_payment_method", "canceled"})
REFUND_STATES: Final = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELED,
}


class StripePayments:
    """The `PaymentProvider` of Stripe, or of the simulator behind another base address."""

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

    def create_checkout(self, new: NewCheckout) -> Checkout:
        """Create the payment page; asked again with the same order and attempt: the same page."""
        with _translated("create_checkout"):
            session = self._client.v1.checkout.sessions.create(
                params=_page(new),
                options={"idempotency_key": f"checkout:{new.order}:{new.attempt}"},
            )
        return _checkout(session)

    def get_checkout(self, checkout_id: str) -> Checkout:
        with _translated("get_checkout"):
            session = self._client.v1.checkout.sessions.retrieve(
                checkout_id, params={"expand": ["payment_intent"]}
            )
        return _checkout(session)

    def end_checkout(self, checkout_id: str) -> Checkout:
        """End the page. Stripe refuses when it is not open any more: then the truth is read."""
        try:
            with _translated("end_checkout"):
                self._client.v1.checkout.sessions.expire(checkout_id)
        except ProviderRejected as refused:
            if refused.code == "resource_missing":
                raise
        return self.get_checkout(checkout_id)

    def list_checkouts(self, since: datetime) -> Iterator[Checkout]:
        with _translated("list_checkouts"):
            page = self._client.v1.checkout.sessions.list(
                params={
                    "created": {"gte": int(since.timestamp())},
                    "limit": PAGE,
                    "expand": ["data.payment_intent"],
                }
            )
            for session in page.auto_paging_iter():
                yield _checkout(session)

    def create_refund(self, new: NewRefund) -> ProviderRefund:
        with _translated("create_refund"):
            refund = self._client.v1.refunds.create(
                params={
                    "payment_intent": new.payment_id,
                    "amount": _to_stripe(new.amount),
                    "metadata": {"refund": new.refund, "attempt": str(new.attempt)},
                },
                options={"idempotency_key": f"refund:{new.refund}:{new.attempt}"},
            )
        return _refund(refund)

    def get_refund(self, refund_id: str) -> ProviderRefund:
        with _translated("get_refund"):
            return _refund(self._client.v1.refunds.retrieve(refund_id))

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        with _translated("list_refunds"):
            page = self._client.v1.refunds.list(
                params={"payment_intent": payment_id, "limit": PAGE}
            )
            return [_refund(refund) for refund in page.auto_paging_iter()]

    def read_event(self, body: bytes, signature: str, now: datetime) -> Event:
        """Verify the raw body, then read it.

        Our own few lines instead of the SDK's `construct_event`: that one accepts time stamps
        from the future and is eight times slower.
        """
        _verify(body, signature, self._webhook_secret, now)
        return _event(body)

    def check(self, *, webhook_url: str, events: frozenset[str]) -> Answer:
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
        return Answer(mode, tuple(endpoint_problems(endpoints, webhook_url, events)), at)


def _page(new: NewCheckout) -> SessionCreateParams:
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": new.price.currency.lower(),
                    "unit_amount": _to_stripe(new.price),
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


def _digits(currency: str) -> int:
    """Stripe's own table of minor units: ISK, UGX and others differ from what people write."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def _to_stripe(money: Money) -> int:
    more = _digits(money.currency) - exponent(money.currency)
    return money.minor * 10**more if more >= 0 else money.minor // 10**-more


def _from_stripe(amount: int, currency: str) -> Money:
    code = currency.upper()
    more = exponent(code) - _digits(code)
    return Money(amount * 10**more if more >= 0 else amount // 10**-more, code)


def _checkout(session: Session) -> Checkout:
    """`bank_failed` follows the payment's status: an earlier declined card leaves its error."""
    intent = session.payment_intent
    paid = session.payment_status == "paid" and isinstance(intent, stripe.PaymentIntent)
    failure = intent.last_payment_error if isinstance(intent, stripe.PaymentIntent) else None
    failed = isinstance(intent, stripe.PaymentIntent) and intent.status in PAYMENT_FAILED
    return Checkout(
        id=session.id,
        state=_state(session, failed=failed),
        order=(session.metadata or {})["order"] if _has_order(session) else "",
        url=session.url,
        created_at=datetime.fromtimestamp(session.created, UTC),
        payment_id=intent.id if isinstance(intent, stripe.PaymentIntent) else None,
        paid=_from_stripe(session.amount_total or 0, session.currency or "") if paid else None,
        declined=session.status == "open" and failure is not None,
        bank_failed=session.status == "complete" and not paid and failed,
    )


def _has_order(session: Session) -> bool:
    return session.metadata is not None and "order" in session.metadata


def _state(session: Session, *, failed: bool) -> CheckoutState:
    if session.payment_status == "paid":
        return CheckoutState.PAID
    if session.status == "open":
        return CheckoutState.OPEN
    if session.status == "complete" and not failed:
        return CheckoutState.WAITING
    return CheckoutState.ENDED


def _refund(refund: stripe.Refund) -> ProviderRefund:
    intent = refund.payment_intent
    metadata = refund.metadata.to_dict() if refund.metadata is not None else {}
    attempt = str(metadata.get("attempt", ""))
    return ProviderRefund(
        id=refund.id,
        refund=str(metadata.get("refund", "")),
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() else 0,
        payment_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent or "",
        amount=_from_stripe(refund.amount, refund.currency),
        state=REFUND_STATES.get(refund.status or "", RefundState.PENDING),
    )


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


def _verify(body: bytes, header: str, secret: bytes, now: datetime) -> None:
    """Stripe's scheme: `t=<unix>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 of `t.body`."""
    parts = [part.split("=", 1) for part in header.split(",") if "=" in part]
    times = [value for name, value in parts if name.strip() == "t"]
    signatures = [value for name, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or not signatures:
        raise BadSignature("the Stripe-Signature header is missing or malformed")
    signed = times[0].encode() + b"." + body
    expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(expected, s) for s in signatures if s.isascii()):
        raise BadSignature("the signature does not match")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_SECONDS:
        raise BadSignature("the signature's time is more than 5 minutes away from ours")


def _event(body: bytes) -> Event:
    try:
        event = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadEvent("the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadEvent("the body is not JSON") from None
    if not isinstance(event, dict):
        raise BadEvent("the body is not an event")
    if event.get("object") == "v2.core.event":
        raise BadEvent("thin events are not supported: make the endpoint with snapshot events")
    match event:
        case {
            "object": "event",
            "id": str(id_),
            "type": str(kind),
            "data": {"object": dict(thing)},
        } if _is_name(id_, 255) and _is_name(kind, 100):
            object_id = str(thing.get("id") or "")
            return Event(id_, kind, object_id if _is_name(object_id, 255) else "")
        case _:
            raise BadEvent("the body is not an event with an id, a type and an object")


def _is_name(text: str, longest: int) -> bool:
    """Whether it can be one of Stripe's identifiers, and be stored as it is."""
    return 0 < len(text) <= longest and text.isascii() and text.isprintable()
