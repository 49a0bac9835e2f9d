"""Stripe's objects in the product's words: sessions, payments, refunds, disputes, amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import stripe
from stripe._stripe_object import UntypedStripeObject
from stripe.checkout import Session

from services.money import Money, exponent
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    DisputeState,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    RefundState,
)

# fmt: off
ZERO_DECIMAL: Final = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV",
    "XAF", "XOF", "XPF",
})
WHOLE_UNITS: Final = frozenset({"ISK", "UGX"})
"""Written with two digits that must be zero."""
SMALLEST: Final = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17_500,
    "MXN": 1000, "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}
"""The smallest charge in Stripe's units, where it is not 50."""
# fmt: on
SMALLEST_ELSEWHERE: Final = 50
LARGEST: Final = 99_999_999
THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
PAYMENT_FAILED: Final = frozenset({"requires_payment_method", "canceled"})
REFUND_STATES: Final = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELED,
}
DISPUTE_STATES: Final = {
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    # An appeal changes nothing until it is won.
    "appeal_needs_response": DisputeState.LOST,
    "appeal_under_review": DisputeState.LOST,
    "warning_closed": DisputeState.INQUIRY_CLOSED,
    # Settled before it began; the money that went back is a refund of its own.
    "prevented": DisputeState.INQUIRY_CLOSED,
}


def step(currency: str) -> int:
    """The smallest amount Stripe can move, in minor units of ours."""
    if currency in WHOLE_UNITS:
        return 10 ** exponent(currency)
    least = 10 if currency in THREE_DECIMAL else 1
    return least * 10 ** max(0, exponent(currency) - _digits(currency))


def takes(price: Money) -> bool:
    """Whether Stripe charges this amount."""
    smallest = SMALLEST.get(price.currency, SMALLEST_ELSEWHERE)
    return price.minor % step(price.currency) == 0 and smallest <= to_stripe(price) <= LARGEST


def to_stripe(money: Money) -> int:
    """The amount in Stripe's units of its currency."""
    more = _digits(money.currency) - exponent(money.currency)
    return money.minor * 10**more if more >= 0 else money.minor // 10**-more


def from_stripe(amount: int, currency: str) -> Money:
    """Stripe's units of a currency as an amount of ours."""
    code = currency.upper()
    more = exponent(code) - _digits(code)
    return Money(amount * 10**more if more >= 0 else amount // 10**-more, code)


def checkout(session: Session) -> Checkout:
    """`bank_failed` follows the payment's status: an earlier declined card leaves its error."""
    intent = session.payment_intent
    known = intent if isinstance(intent, stripe.PaymentIntent) else None
    paid = session.payment_status == "paid" and known is not None
    failure = known.last_payment_error if known else None
    failed = known is not None and known.status in PAYMENT_FAILED
    return Checkout(
        id=session.id,
        state=_state(session, failed=failed),
        order=_named(session.metadata, "order"),
        url=session.url,
        created_at=_instant(session.created),
        payment_id=known.id if known else None,
        paid=from_stripe(session.amount_total or 0, session.currency or "") if paid else None,
        fee=_fee(known) if paid and known else None,
        declined=session.status == "open" and failure is not None,
        bank_failed=session.status == "complete" and not paid and failed,
    )


def payment(intent: stripe.PaymentIntent) -> ProviderPayment:
    """A payment intent with its charge and that one's balance transaction."""
    charge = intent.latest_charge
    refunded = charge.amount_refunded if isinstance(charge, stripe.Charge) else 0
    state = PaymentState.PENDING
    if intent.status == "succeeded":
        state = PaymentState.COMPLETED
    elif intent.status in PAYMENT_FAILED:
        state = PaymentState.FAILED
    return ProviderPayment(
        id=intent.id,
        order=_named(intent.metadata, "order"),
        checkout="",
        amount=from_stripe(intent.amount, intent.currency),
        fee=_fee(intent),
        refunded=from_stripe(refunded, intent.currency),
        state=state,
        created_at=_instant(intent.created),
    )


def refund(told: stripe.Refund) -> ProviderRefund:
    """A refund; its metadata names ours."""
    intent = told.payment_intent
    attempt = _named(told.metadata, "attempt")
    return ProviderRefund(
        id=told.id,
        refund=_named(told.metadata, "refund"),
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() else 0,
        payment_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent or "",
        amount=from_stripe(told.amount, told.currency),
        state=REFUND_STATES.get(told.status or "", RefundState.PENDING),
        created_at=_instant(told.created),
    )


def dispute(told: stripe.Dispute) -> ProviderDispute:
    """A dispute. Whether the money is away now is what its balance transactions add up to."""
    intent = told.payment_intent
    due = told.evidence_details.due_by
    same = [each for each in told.balance_transactions if each.currency == told.currency]
    fee = sum(each.fee for each in same)
    state = DISPUTE_STATES.get(told.status, DisputeState.OPEN)
    return ProviderDispute(
        id=told.id,
        payment_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent or "",
        amount=from_stripe(told.amount, told.currency),
        fee=from_stripe(max(fee, 0), told.currency) if same else None,
        state=state,
        inquiry=told.status.startswith("warning_") or state is DisputeState.INQUIRY_CLOSED,
        withdrawn=sum(each.amount for each in told.balance_transactions) < 0,
        reason=told.reason.replace("_", " "),
        evidence_due_at=_instant(due) if due else None,
        created_at=_instant(told.created),
    )


def _state(session: Session, *, failed: bool) -> CheckoutState:
    if session.payment_status == "paid":
        return CheckoutState.PAID
    if session.status == "open":
        return CheckoutState.OPEN
    if session.status == "complete" and not failed:
        return CheckoutState.WAITING
    return CheckoutState.ENDED


def _fee(intent: stripe.PaymentIntent) -> Money | None:
    """What Stripe keeps; of no use in another currency than the payment's (a converted payout)."""
    charge = intent.latest_charge
    moved = charge.balance_transaction if isinstance(charge, stripe.Charge) else None
    if not isinstance(moved, stripe.BalanceTransaction) or moved.currency != intent.currency:
        return None
    return from_stripe(moved.fee, moved.currency)


def _digits(currency: str) -> int:
    """Stripe's own table of minor units: ISK, UGX and others differ from what people write."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def _named(metadata: UntypedStripeObject[str] | None, name: str) -> str:
    return str(metadata[name]) if metadata is not None and name in metadata else ""


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
