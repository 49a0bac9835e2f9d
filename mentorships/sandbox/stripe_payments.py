"""What a buyer does on the hosted page: pay, be declined, authenticate, pay by bank."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from mentorships.sandbox import store, stripe_balance, stripe_disputes, stripe_objects
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_errors import StripeError, invalid, refused
from mentorships.sandbox.stripe_events import Cause, emit, new_id
from mentorships.sandbox.stripe_sessions import CARD, DELAYED, KIND, open_session

Effect = Literal["pays", "declines", "authenticates"]
Refunds = Literal["at once", "pending", "fails"]


@dataclass(frozen=True, slots=True)
class TestCard:
    """What one of Stripe's test numbers does (VENDORS.md, Stripe, Test cards)."""

    number: str
    shows: str
    effect: Effect = "pays"
    error: str = ""
    refunds: Refunds = "at once"
    disputed: bool = False

    @property
    def grouped(self) -> str:
        """The number in groups of four, as printed on a card."""
        return " ".join(self.number[start : start + 4] for start in range(0, 16, 4))


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242", "pays at once"),
        TestCard("4000000000000002", "is declined", "declines", "card_declined"),
        TestCard("4000000000009995", "has too little money", "declines", "insufficient_funds"),
        TestCard("4000000000000069", "has expired", "declines", "expired_card"),
        TestCard("4000000000000127", "has a wrong CVC", "declines", "incorrect_cvc"),
        TestCard("4000000000000119", "fails in processing", "declines", "processing_error"),
        TestCard("4000002500003155", "asks for authentication", "authenticates"),
        TestCard("4000002760003184", "always asks for authentication", "authenticates"),
        TestCard("4000000000007726", "pays; a refund is pending first", refunds="pending"),
        TestCard("4000000000005126", "pays; a refund fails later", refunds="fails"),
        TestCard("4000000000000259", "pays; a chargeback follows", disputed=True),
    )
}

DECLINES = {
    "card_declined": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_failed": (
        "We are unable to authenticate your payment method. "
        "Please choose a different payment method and try again."
    ),
    "unknown_card": "Your card number is not one of the test numbers below.",
}


def _declined(reason: str) -> StripeError:
    return StripeError(402, DECLINES[reason], code=reason, kind="card_error", executed=True)


def card_of(text: str) -> TestCard:
    """The test card that a person typed, with or without spaces.

    Raises:
        StripeError: 402, the number is no test number.
    """
    card = CARDS.get("".join(text.split()).replace("-", ""))
    if card is None:
        raise _declined("unknown_card")
    return card


def _attempt(db: sqlite3.Connection, cause: Cause, session: Record) -> Record:
    """The session's PaymentIntent, made when the form is sent for the first time."""
    if session.body["payment_intent"]:
        return store.get(db, "payment_intent", session.body["payment_intent"])
    data: Json = session.extra["payment_intent_data"]
    intent = Record(
        "payment_intent",
        stripe_objects.payment_intent(session.body, data, now=cause.now),
        parent=session.id,
    )
    session.body["payment_intent"] = intent.id
    session.parent = intent.id
    store.save(db, session)
    return store.add(db, intent)


def submit(
    db: sqlite3.Connection, cause: Cause, session_id: str, card: TestCard, email: str | None
) -> StripeError | None:
    """The buyer sends the form with a card.

    Returns:
        None when it was paid, the refusal when it was declined (the session stays open), or a
        refusal with the code `authentication_required` when the bank wants a further step.

    Raises:
        LookupError: unknown session.
        StripeError: the session is no longer open, or takes no cards (400).
    """
    session = open_session(db, session_id)
    if CARD not in session.body["payment_method_types"]:
        raise invalid("This Checkout Session takes no cards.")
    intent = _attempt(db, cause, session)
    if card.effect == "authenticates":
        intent.body.update(
            status="requires_action",
            next_action={"type": "use_stripe_sdk"},
            last_payment_error=None,
        )
        intent.extra.update(card=card.number, email=email)
        store.save(db, intent)
        return StripeError(
            402, "This payment needs authentication.", code="authentication_required"
        )
    if card.effect == "declines":
        return _decline(db, intent, card.error)
    _succeed(db, cause, session, intent, card, email)
    return None


def _decline(db: sqlite3.Connection, intent: Record, reason: str) -> StripeError:
    intent.body.update(
        status="requires_payment_method",
        next_action=None,
        last_payment_error={"type": "card_error"},
    )
    store.save(db, intent)
    return _declined(reason)


def awaiting_authentication(db: sqlite3.Connection, session: Record) -> bool:
    """Whether the buyer stands before the bank's authentication step."""
    intent_id = session.body["payment_intent"]
    if session.body["status"] != "open" or not intent_id:
        return False
    intent = store.get(db, "payment_intent", intent_id)
    return bool(intent.body["status"] == "requires_action")


def authenticate(
    db: sqlite3.Connection, cause: Cause, session_id: str, *, passed: bool
) -> StripeError | None:
    """The buyer passes or fails the bank's authentication step; returns the refusal if failed.

    Raises:
        LookupError: unknown session.
        StripeError: the session is over, or nothing waits for authentication (400).
    """
    session = open_session(db, session_id)
    if not awaiting_authentication(db, session):
        raise invalid("This payment does not wait for authentication.")
    intent = store.get(db, "payment_intent", session.body["payment_intent"])
    if not passed:
        return _decline(db, intent, "authentication_failed")
    card = CARDS[intent.extra["card"]]
    _succeed(db, cause, session, intent, card, intent.extra["email"])
    return None


def _complete(session: Record, email: str | None, payment_status: str) -> None:
    session.body.update(status="complete", url=None, payment_status=payment_status)
    session.body["customer_details"] = stripe_objects.paid_customer_details(
        email or session.body["customer_email"] or "buyer@example.com"
    )
    session.due = None


def _capture(
    db: sqlite3.Connection, cause: Cause, session: Record, intent: Record, method: Json
) -> Record:
    """The money has come: a charge, and the PaymentIntent succeeded."""
    intent.body.update(
        status="succeeded",
        amount_received=intent.body["amount"],
        next_action=None,
        last_payment_error=None,
        payment_method=intent.body["payment_method"] or new_id("pm"),
    )
    details: Json = session.body["customer_details"]
    body = stripe_objects.charge(intent.body, now=cause.now, method=method, email=details["email"])
    body["balance_transaction"] = stripe_balance.charged(db, body)
    charge = Record("charge", body, parent=intent.id, extra={"session": session.id})
    intent.body["latest_charge"] = charge.id
    store.save(db, intent)
    return store.add(db, charge)


def _succeed(
    db: sqlite3.Connection,
    cause: Cause,
    session: Record,
    intent: Record,
    card: TestCard,
    email: str | None,
) -> None:
    _complete(session, email, "paid")
    charge = _capture(db, cause, session, intent, stripe_objects.card_details(card.number))
    charge.extra["refunds"] = card.refunds
    store.save(db, charge)
    store.save(db, session)
    emit(db, cause, "payment_intent.succeeded", intent.body, subject=session.id)
    emit(db, cause, "checkout.session.completed", session.body, subject=session.id)
    if card.disputed:
        stripe_disputes.open_dispute(db, cause, charge.id, inquiry=False)


def submit_bank(db: sqlite3.Connection, cause: Cause, session_id: str, email: str | None) -> None:
    """The buyer chooses the bank debit: the session completes unpaid, the result comes later.

    Raises:
        LookupError: unknown session.
        StripeError: the session is over, or does not offer the method (400).
    """
    session = open_session(db, session_id)
    if DELAYED not in session.body["payment_method_types"]:
        raise invalid("This Checkout Session does not offer a bank debit.")
    intent = _attempt(db, cause, session)
    intent.body.update(status="processing", next_action=None, payment_method=new_id("pm"))
    store.save(db, intent)
    _complete(session, email, "unpaid")
    store.save(db, session)
    emit(db, cause, "checkout.session.completed", session.body, subject=session.id)


def settle(db: sqlite3.Connection, cause: Cause, session_id: str, *, succeeded: bool) -> Record:
    """The bank debit's result arrives; returns the session.

    Raises:
        LookupError: unknown session.
        StripeError: nothing waits for a bank's result (400).
    """
    session = store.get(db, KIND, session_id)
    intent_id = session.body["payment_intent"]
    intent = store.get(db, "payment_intent", intent_id) if intent_id else None
    if intent is None or intent.body["status"] != "processing":
        raise refused("This Checkout Session does not wait for a bank's result.")
    if succeeded:
        session.body["payment_status"] = "paid"
        charge = _capture(db, cause, session, intent, {"type": DELAYED})
        charge.extra["refunds"] = "at once"
        store.save(db, charge)
        emit(db, cause, "payment_intent.succeeded", intent.body, subject=session.id)
    else:
        intent.body.update(
            status="requires_payment_method", last_payment_error={"type": "card_error"}
        )
        store.save(db, intent)
    store.save(db, session)
    outcome = "async_payment_succeeded" if succeeded else "async_payment_failed"
    emit(db, cause, f"checkout.session.{outcome}", session.body, subject=session.id)
    return session
