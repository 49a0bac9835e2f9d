"""What the product asks of a payment provider, in its own words.

Errors: `ProviderUnavailable` (nothing is known, try again) and `ProviderRejected` (refused).
No call here is made while a transaction is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.money import Money
from services.providers.answers import Answer


@dataclass(frozen=True, slots=True)
class NewCheckout:
    """What a hosted payment page is made from. The same order and attempt give the same page.

    Without `delayed` the page offers only methods whose result is known at once.
    """

    order: str
    attempt: int
    title: str
    description: str
    price: Money
    email: str
    expires_at: datetime
    return_url: str
    delayed: bool = False


class CheckoutState(StrEnum):
    """OPEN: can be paid. WAITING: the buyer has finished, the bank has not. ENDED: never paid."""

    OPEN = "open"
    WAITING = "waiting"
    PAID = "paid"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment page as the provider knows it now.

    `order` is our public id from its metadata ("" when there is none); `payment_id` and `paid`
    are set when the state is PAID; `bank_failed` tells that a delayed payment has failed.
    """

    id: str
    state: CheckoutState
    order: str
    url: str | None
    created_at: datetime
    payment_id: str | None = None
    paid: Money | None = None
    declined: bool = False
    bank_failed: bool = False


@dataclass(frozen=True, slots=True)
class NewRefund:
    """One attempt at one refund."""

    refund: str
    attempt: int
    payment_id: str
    amount: Money


class RefundState(StrEnum):
    """What became of a refund. A card refund may still go from SUCCEEDED to FAILED days later."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the provider knows it now; `refund` and `attempt` are ours, from its metadata."""

    id: str
    refund: str
    attempt: int
    payment_id: str
    amount: Money
    state: RefundState


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook: a hint that the object it names has changed."""

    id: str
    type: str
    object_id: str


class BadSignature(Exception):
    """A webhook that the provider did not sign, or not now; the text is safe to answer."""


class BadEvent(Exception):
    """A signed webhook that we cannot read; the text is safe to answer."""


class PaymentProvider(Protocol):
    """One adapter per vendor."""

    def create_checkout(self, new: NewCheckout) -> Checkout: ...

    def get_checkout(self, checkout_id: str) -> Checkout: ...

    def end_checkout(self, checkout_id: str) -> Checkout:
        """Make the page unpayable and return it as it is afterwards: ended, or paid meanwhile."""
        ...

    def list_checkouts(self, since: datetime) -> Iterator[Checkout]: ...

    def create_refund(self, new: NewRefund) -> ProviderRefund: ...

    def get_refund(self, refund_id: str) -> ProviderRefund: ...

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]: ...

    def read_event(self, body: bytes, signature: str, now: datetime) -> Event:
        """Verify and read a webhook.

        Raises:
            BadSignature, BadEvent
        """
        ...

    def check(self, *, webhook_url: str, events: frozenset[str]) -> Answer:
        """Ask for something harmless: is the key right, do webhooks of these types reach us?"""
        ...
