"""PayPal's refunds: at once, pending first, or failing later, as the buyer's instrument decides."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import paypal_disputes, paypal_money, paypal_objects, store
from mentorships.sandbox.paypal_errors import DUPLICATE_INVOICE, refused
from mentorships.sandbox.paypal_events import Cause, emit, new_id
from mentorships.sandbox.paypal_objects import CAPTURE, REFUND
from mentorships.sandbox.store import Json, Record

# VENDORS.md, PayPal, Error shape: refunds are possible for 180 days.
TIME_LIMIT_SECONDS = 180 * 86_400
# How long a refund takes to settle or fail, in seconds of the simulator's clock.
SETTLES_AFTER = 5


def _check_capture(cause: Cause, captured: Record) -> None:
    body = captured.body
    if body["status"] == "PENDING":
        raise refused("PENDING_CAPTURE")
    if body["status"] == "DECLINED":
        raise refused("REFUND_NOT_ALLOWED")
    if body["refunded"] == body["amount"]:
        raise refused("CAPTURE_FULLY_REFUNDED")
    if cause.now > body["created"] + TIME_LIMIT_SECONDS:
        raise refused("REFUND_TIME_LIMIT_EXCEEDED")


def _wanted(captured: Record, sent: Json) -> int:
    """The minor units to give back: what was asked for, or all that is left."""
    body = captured.body
    left: int = body["amount"] - body["refunded"]
    if "amount" not in sent:
        return left
    amount, currency = paypal_money.read(sent["amount"], "/amount", whole="DECIMALS_NOT_SUPPORTED")
    if currency != body["currency"]:
        raise refused("REFUND_CAPTURE_CURRENCY_MISMATCH", field="/amount/currency_code")
    if amount > left:
        raise refused("REFUND_AMOUNT_EXCEEDED", field="/amount/value")
    return amount


def _check_dispute(db: sqlite3.Connection, captured: Record, amount: int) -> None:
    last = paypal_disputes.last_of(db, captured.id)
    if last is None:
        return
    if last.body["outcome"] == paypal_disputes.OUTCOMES["lost"]:
        raise refused("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
    whole = amount == captured.body["amount"] - captured.body["refunded"]
    if paypal_disputes.is_open(last) and not whole:
        raise refused("TRANSACTION_DISPUTED")


def create(db: sqlite3.Connection, cause: Cause, captured: Record, sent: Json) -> Record:
    """Refund a capture, all that is left of it or the amount that a checked body names.

    Raises:
        PayPalError: nothing to give back, too much, too late, disputed, a used invoice id (422).
    """
    _check_capture(cause, captured)
    amount = _wanted(captured, sent)
    _check_dispute(db, captured, amount)
    invoice = sent.get("invoice_id")
    if invoice is not None and store.holding(db, REFUND, "invoice_id", invoice):
        raise refused(
            "DUPLICATE_INVOICE_ID", field="/invoice_id", description=DUPLICATE_INVOICE["refund"]
        )
    behaviour = captured.body["refunds"]
    _move(db, cause, captured, amount)
    body: Json = {
        "id": new_id(),
        "created": cause.now,
        "updated": cause.now,
        "status": "PENDING" if behaviour == "pending" else "COMPLETED",
        "capture": captured.id,
        "order": captured.parent,
        "amount": amount,
        "total": captured.body["refunded"],
        "currency": captured.body["currency"],
        "custom_id": sent.get("custom_id"),
        "invoice_id": invoice,
        "note_to_payer": sent.get("note_to_payer"),
    }
    due = None if behaviour == "at once" else cause.now + SETTLES_AFTER
    refund = store.add(db, Record(REFUND, body, parent=captured.id, due=due))
    event = "PAYMENT.REFUND.PENDING" if behaviour == "pending" else "PAYMENT.CAPTURE.REFUNDED"
    _tell(db, cause, refund, event)
    return refund


def _move(db: sqlite3.Connection, cause: Cause, captured: Record, amount: int) -> None:
    body = captured.body
    refunded = body["refunded"] + amount
    partly = "PARTIALLY_REFUNDED" if refunded else "COMPLETED"
    status = "REFUNDED" if refunded == body["amount"] else partly
    body.update(refunded=refunded, status=status, updated=cause.now)
    store.save(db, captured)


def _tell(db: sqlite3.Connection, cause: Cause, refund: Record, event: str) -> None:
    resource = paypal_objects.refund(cause, refund)
    emit(db, cause, event, resource, subject=refund.body["order"])


def settle(db: sqlite3.Connection, cause: Cause, refund: Record, *, completed: bool) -> None:
    """A refund that was under way ends. A failed one's money returns to the seller."""
    captured = store.get(db, CAPTURE, refund.parent)
    refund.due = None
    refund.body.update(status="COMPLETED" if completed else "FAILED", updated=cause.now)
    if not completed:
        _move(db, cause, captured, -refund.body["amount"])
    store.save(db, refund)
    event = "PAYMENT.CAPTURE.REFUNDED" if completed else "PAYMENT.REFUND.FAILED"
    _tell(db, cause, refund, event)


def run_out(db: sqlite3.Connection, cause: Cause, refund: Record) -> None:
    """Time has passed: a pending refund succeeds, a doomed one fails."""
    captured = store.get(db, CAPTURE, refund.parent)
    settle(db, cause, refund, completed=captured.body["refunds"] != "fails")
