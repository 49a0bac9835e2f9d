"""What the product asks of a payment provider, in its own words.

Errors: `ProviderUnavailable` (nothing is known, try again) and `ProviderRejected` (refused; its
`code` is a `Refusal` where the product must know which). No call here is made while a transaction
is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from services.money import Money
from services.providers.answers import Answer
from services.providers.hooks import BadEvent as BadEvent
from services.providers.hooks import BadSignature as BadSignature
from services.providers.hooks import Event as Event
from services.providers.hooks import Hooks


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
    """OPEN: can be paid. APPROVED: the buyer agreed, the money is not taken yet. WAITING: the buyer
    has finished, the bank has not. ENDED: never paid."""

    OPEN = "open"
    APPROVED = "approved"
    WAITING = "waiting"
    PAID = "paid"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment page as the provider knows it now.

    `order` is our public id from its metadata ("" when there is none); `payment_id` and `paid`
    are set when the state is PAID, and so is `fee`, what the provider keeps, once it is known in
    the payment's currency. `declined` tells that the last method was refused and another may be
    tried, `bank_failed` that a delayed payment has failed. `changed_at` is when the buyer last did
    something, where the provider tells.
    """

    id: str
    state: CheckoutState
    order: str
    url: str | None
    created_at: datetime
    payment_id: str | None = None
    paid: Money | None = None
    fee: Money | None = None
    declined: bool = False
    bank_failed: bool = False
    changed_at: datetime | None = None


class PaymentState(StrEnum):
    """Where a payment's money is; what went back is told apart from it."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider knows it now.

    `order` is our public id from its metadata and `checkout` the page it came by, "" where the
    provider does not tell; `refunded` is what went back of it, None where only the payment itself
    shows that; `fee` as in `Checkout`.
    """

    id: str
    order: str
    checkout: str
    amount: Money
    fee: Money | None
    refunded: Money | None
    state: PaymentState
    created_at: datetime


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
    created_at: datetime


class DisputeState(StrEnum):
    """INQUIRY_CLOSED: a question that ended without a claim."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    INQUIRY_CLOSED = "inquiry closed"


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A dispute as the provider knows it now.

    `inquiry`: a question, which moves no money. `withdrawn`: the amount is away from our balance
    now, which may be less than the buyer asked for; `fee` is what the dispute itself has cost so
    far, where it is known.
    """

    id: str
    payment_id: str
    amount: Money
    fee: Money | None
    state: DisputeState
    inquiry: bool
    withdrawn: bool
    reason: str
    evidence_due_at: datetime | None
    created_at: datetime


class Refusal(StrEnum):
    """The codes of `ProviderRejected` that mean the same with every provider."""

    MISSING = "resource_missing"
    ALREADY_REFUNDED = "charge_already_refunded"
    TOO_MUCH = "amount_too_large"
    DISPUTED = "charge_disputed"


class About(StrEnum):
    """What kind of thing a webhook's object is."""

    CHECKOUT = "checkout"
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    OTHER = "other"


class PaymentProvider(Hooks, Protocol):
    """One adapter per vendor."""

    wanted: ClassVar[frozenset[str]]
    """The types of webhooks that must reach us."""
    key_settings: ClassVar[str]
    """The settings that hold our key, in words for the operator."""
    takes_by_capture: ClassVar[bool]
    """Whether a page brings money only when `capture` is called: then it need not be ended."""

    def takes(self, price: Money) -> bool:
        """Whether this amount can be charged here at all."""
        ...

    def step(self, currency: str) -> int:
        """The smallest amount that can be charged or refunded, in minor units of `currency`."""
        ...

    def create_checkout(self, new: NewCheckout) -> Checkout: ...

    def get_checkout(self, checkout_id: str) -> Checkout: ...

    def capture(self, checkout_id: str, *, order: str) -> Checkout:
        """Take the money of an approved page, once however often it is asked, and return the page
        as it is afterwards: paid, waiting, ended, or open for another method. A page that is in
        another state is returned as it is."""
        ...

    def end_checkout(self, checkout_id: str) -> Checkout:
        """Make the page unpayable and return it as it is afterwards: ended, or paid meanwhile."""
        ...

    def get_payment(self, payment_id: str) -> ProviderPayment: ...

    def list_payments(self, since: datetime) -> Iterator[ProviderPayment]: ...

    def create_refund(self, new: NewRefund) -> ProviderRefund: ...

    def get_refund(self, refund_id: str) -> ProviderRefund: ...

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]: ...

    def list_recent_refunds(self, since: datetime) -> Iterator[ProviderRefund]: ...

    def get_dispute(self, dispute_id: str) -> ProviderDispute: ...

    def list_disputes(self, since: datetime) -> Iterator[ProviderDispute]: ...

    def about(self, event_type: str) -> About:
        """What the object of such a webhook is; OTHER when nobody needs to know."""
        ...

    def check(self, *, webhook_url: str) -> Answer:
        """Ask for something harmless: is the key right, do the wanted webhooks reach us?"""
        ...
