"""Refunds: at once, pending first, or failing later, as the test card decides."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import store, stripe_objects
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_disputes import blocks_refund
from mentorships.sandbox.stripe_errors import invalid, missing, no_such, refused
from mentorships.sandbox.stripe_events import Cause, emit
from mentorships.sandbox.stripe_money import shown
from mentorships.sandbox.stripe_sessions import check_metadata

# How long a refund of the special test cards takes, in seconds of the simulator's clock.
SETTLES_AFTER = 5


def check_create(params: Json, _now: int = 0) -> None:
    """Refuse parameters that do not name exactly one payment, or a refund of nothing."""
    named = [name for name in ("payment_intent", "charge") if name in params]
    if not named:
        raise missing("payment_intent")
    if params.get("amount", 1) < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    check_metadata(params.get("metadata", {}), "metadata")


def _charge_of(db: sqlite3.Connection, params: Json) -> Record:
    charge_id = params.get("charge")
    if "payment_intent" in params:
        intent = store.find(db, "payment_intent", params["payment_intent"])
        if intent is None:
            raise no_such("payment_intent", params["payment_intent"], "payment_intent")
        latest = intent.body["latest_charge"]
        if latest is None:
            raise refused(
                f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        if charge_id is not None and charge_id != latest:
            raise refused("The charge does not belong to the PaymentIntent.", param="charge")
        charge_id = latest
    charge = store.find(db, "charge", str(charge_id))
    if charge is None:
        raise no_such("charge", str(charge_id), "charge")
    return charge


def create(db: sqlite3.Connection, cause: Cause, params: Json) -> Record:
    """Refund a payment, all that is left of it or `amount` minor units.

    Raises:
        StripeError: unknown payment (404); already refunded, disputed, or too much (400).
    """
    charge = _charge_of(db, params)
    left = charge.body["amount"] - charge.body["amount_refunded"]
    if left == 0:
        raise refused(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )
    if blocks_refund(db, charge.id):
        raise refused(f"Charge {charge.id} has been charged back.", code="charge_disputed")
    amount = int(params.get("amount", left))
    if amount > left:
        currency = charge.body["currency"]
        raise refused(
            f"Refund amount ({shown(amount, currency)}) is greater than unrefunded amount on "
            f"charge ({shown(left, currency)})",
            param="amount",
            code="amount_too_large",
        )
    body = stripe_objects.refund(charge.body, now=cause.now, amount=amount, params=params)
    refund = Record("refund", body, parent=charge.id)
    behaviour = charge.extra["refunds"]
    if behaviour != "at once":
        refund.due = cause.now + SETTLES_AFTER
    if behaviour == "pending":
        body.update(status="pending")
    store.add(db, refund)
    _move(db, charge, amount)
    subject: str = charge.extra["session"]
    emit(db, cause, "refund.created", refund.body, subject=subject)
    emit(
        db,
        cause,
        "charge.refunded",
        charge.body,
        subject=subject,
    )
    return refund


def _move(db: sqlite3.Connection, charge: Record, amount: int) -> None:
    charge.body["amount_refunded"] += amount
    charge.body["refunded"] = charge.body["amount_refunded"] == charge.body["amount"]
    store.save(db, charge)


def settle(db: sqlite3.Connection, cause: Cause, refund: Record) -> None:
    """A refund that was under way ends: a pending one succeeds, a doomed one fails.

    A failed refund's money returns, so that the charge can be refunded again.
    """
    charge = store.get(db, "charge", refund.parent)
    failed = charge.extra["refunds"] == "fails"
    refund.due = None
    refund.body["status"] = "failed" if failed else "succeeded"
    if failed:
        _move(db, charge, -refund.body["amount"])
    store.save(db, refund)
    subject: str = charge.extra["session"]
    emit(db, cause, "refund.updated", refund.body, subject=subject)
    if failed:
        emit(db, cause, "refund.failed", refund.body, subject=subject)


def of_charge(db: sqlite3.Connection, charge_id: str) -> list[Record]:
    """The charge's refunds, newest first."""
    return store.children(db, "refund", charge_id)
