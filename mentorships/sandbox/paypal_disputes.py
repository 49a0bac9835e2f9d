"""PayPal's disputes: an inquiry moves no money; a claim takes it until it is decided.

An inquiry that both sides do not settle is escalated to a claim under the same id.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import Literal, get_args

from mentorships.sandbox import paypal_money, paypal_objects, store
from mentorships.sandbox.paypal_errors import refused
from mentorships.sandbox.paypal_events import Cause, emit, new_id
from mentorships.sandbox.paypal_objects import CAPTURE, DISPUTE
from mentorships.sandbox.store import Json, Record

Outcome = Literal["won", "lost", "payout", "canceled"]
# `payout`: PayPal pays the buyer itself, and the seller keeps the money.
OUTCOMES: dict[Outcome, str] = {
    "won": "RESOLVED_SELLER_FAVOUR",
    "lost": "RESOLVED_BUYER_FAVOUR",
    "payout": "RESOLVED_WITH_PAYOUT",
    "canceled": "CANCELED_BY_BUYER",
}
CHOICES: tuple[Outcome, ...] = get_args(Outcome)
_RESPONSE_SECONDS = 10 * 86_400
_INQUIRY_SECONDS = 20 * 86_400


def last_of(db: sqlite3.Connection, capture_id: str) -> Record | None:
    """The capture's newest dispute."""
    disputes = store.children(db, DISPUTE, capture_id)
    return disputes[0] if disputes else None


def is_open(dispute: Record) -> bool:
    """Whether it still waits for its outcome."""
    return dispute.body["status"] != "RESOLVED"


def open_dispute(
    db: sqlite3.Connection, cause: Cause, captured: Record, *, inquiry: bool, amount: int | None
) -> Record:
    """The buyer disputes a payment, all that was not refunded or the given minor units.

    Raises:
        PayPalError: it is disputed already, refunded, or never came (422).
    """
    body = captured.body
    last = last_of(db, captured.id)
    if last is not None and (is_open(last) or last.body["outcome"] != OUTCOMES["canceled"]):
        raise _no("This payment has been disputed already.")
    left: int = body["amount"] - body["refunded"]
    if body["status"] in ("PENDING", "DECLINED") or left == 0:
        raise _no("There is no money left to dispute.")
    disputed = left if amount is None else amount
    if disputed > left:
        raise _no("More than what is left of the payment cannot be disputed.")
    kept: Json = {
        "id": f"PP-R-{secrets.token_hex(2).upper()}-{10_000_000 + secrets.randbelow(10**7)}",
        "created": cause.now,
        "updated": cause.now,
        "status": "WAITING_FOR_SELLER_RESPONSE",
        "stage": "INQUIRY" if inquiry else "CHARGEBACK",
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "capture": captured.id,
        "order": captured.parent,
        "amount": disputed,
        "currency": body["currency"],
        "due_by": cause.now + (_INQUIRY_SECONDS if inquiry else _RESPONSE_SECONDS),
        "transaction_status": "COMPLETED",
        "outcome": None,
        "returned": 0,
        "moves": [],
    }
    dispute = Record(DISPUTE, kept, parent=captured.id)
    if not inquiry:
        _take(cause, dispute)
    store.add(db, dispute)
    _tell(db, cause, dispute, "CREATED")
    return dispute


def _no(words: str) -> Exception:
    return refused("TRANSACTION_REFUSED", description=words)


def _move(cause: Cause, dispute: Record, kind: str, amount: int, reason: str) -> None:
    dispute.body["moves"].append(
        {"at": cause.now, "type": kind, "amount": amount, "reason": reason, "id": new_id()}
    )


def _take(cause: Cause, dispute: Record) -> None:
    """PayPal holds the money until the claim is decided."""
    dispute.body["transaction_status"] = "HELD"
    _move(cause, dispute, "DEBIT", dispute.body["amount"], "DISPUTE_SETTLEMENT")


def _tell(db: sqlite3.Connection, cause: Cause, dispute: Record, event: str) -> None:
    resource = paypal_objects.dispute(db, cause, dispute)
    emit(db, cause, f"CUSTOMER.DISPUTE.{event}", resource, subject=dispute.body["order"])


def _check_open(dispute: Record) -> None:
    if not is_open(dispute):
        raise _no("This dispute is over.")


def escalate(db: sqlite3.Connection, cause: Cause, dispute: Record) -> None:
    """An inquiry becomes a claim, and the money is held.

    Raises:
        PayPalError: it is over, or a claim already (422).
    """
    _check_open(dispute)
    if dispute.body["stage"] != "INQUIRY":
        raise _no("This is a claim already.")
    dispute.body.update(stage="CHARGEBACK", updated=cause.now, due_by=cause.now + _RESPONSE_SECONDS)
    _take(cause, dispute)
    store.save(db, dispute)
    _tell(db, cause, dispute, "UPDATED")


def close(
    db: sqlite3.Connection,
    cause: Cause,
    dispute: Record,
    outcome: Outcome,
    amount: int | None = None,
) -> None:
    """The dispute ends. Lost, the money is gone and a fee with it, or so many minor units of it;
    what is not lost comes back.

    Raises:
        PayPalError: it is over, an inquiry that nobody can win or lose, or about less (422).
    """
    _check_open(dispute)
    body = dispute.body
    lost = body["amount"] if amount is None else amount
    if lost > body["amount"]:
        raise _no("Less than this was disputed.")
    claim = body["stage"] != "INQUIRY"
    if not claim and outcome != "canceled":
        raise _no("An inquiry is escalated first, or the buyer cancels it.")
    captured = store.get(db, CAPTURE, body["capture"])
    if outcome == "lost" and captured.body["refunded"] == captured.body["amount"]:
        raise _no("The payment was refunded: there is nothing left to lose.")
    body.update(status="RESOLVED", outcome=OUTCOMES[outcome], updated=cause.now)
    if outcome == "lost":
        body.update(transaction_status="REVERSED", returned=lost)
        if lost < body["amount"]:
            rest = body["amount"] - lost
            _move(cause, dispute, "CREDIT", rest, "DISPUTE_SETTLEMENT")
        fee = paypal_money.dispute_fee(body["currency"])
        _move(cause, dispute, "DEBIT", fee, "DISPUTE_FEE")
    elif claim:
        body["transaction_status"] = "COMPLETED"
        _move(cause, dispute, "CREDIT", body["amount"], "DISPUTE_SETTLEMENT")
    store.save(db, dispute)
    _tell(db, cause, dispute, "RESOLVED")
    if outcome == "lost":
        _reverse(db, cause, dispute)


def _reverse(db: sqlite3.Connection, cause: Cause, dispute: Record) -> None:
    """PayPal tells of the lost money a second time, in the form of a refund."""
    body = dispute.body
    reversal: Json = {
        "id": new_id(),
        "created": cause.now,
        "updated": cause.now,
        "status": "COMPLETED",
        "capture": body["capture"],
        "amount": body["returned"],
        "total": body["returned"],
        "currency": body["currency"],
        "custom_id": None,
        "invoice_id": None,
        "note_to_payer": "Payment reversed",
    }
    resource = paypal_objects.refund(cause, Record("paypal_reversal", reversal))
    emit(db, cause, "PAYMENT.CAPTURE.REVERSED", resource, subject=body["order"])
