"""Disputes: a chargeback takes the money at once, an inquiry takes none."""

from __future__ import annotations

import sqlite3
from typing import Literal

from mentorships.sandbox import store, stripe_balance
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_errors import refused
from mentorships.sandbox.stripe_events import Cause, emit, new_id
from mentorships.sandbox.stripe_objects import nulls

Outcome = Literal["won", "lost"]
_OPEN = ("needs_response", "warning_needs_response")


_EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def _blank(charge_body: Json, *, now: int, inquiry: bool) -> Json:
    """A chargeback, or an inquiry that moves no money."""
    return {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": charge_body["amount"],
        "balance_transactions": [],
        "charge": charge_body["id"],
        "created": now,
        "currency": charge_body["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**nulls(*_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge_body["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": "inquiry" if inquiry else "chargeback",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _last(db: sqlite3.Connection, charge_id: str) -> Record | None:
    disputes = store.children(db, "dispute", charge_id)
    return disputes[0] if disputes else None


def is_open(dispute: Record) -> bool:
    """Whether the dispute still waits for its outcome."""
    return dispute.body["status"] in _OPEN


def blocks_refund(db: sqlite3.Connection, charge_id: str) -> bool:
    """Whether a chargeback, open or lost, forbids a refund of the charge."""
    dispute = _last(db, charge_id)
    return dispute is not None and dispute.body["status"] in ("needs_response", "lost")


def open_dispute(
    db: sqlite3.Connection,
    cause: Cause,
    charge_id: str,
    *,
    inquiry: bool,
    amount: int | None = None,
) -> Record:
    """The buyer's bank disputes the charge, all of it or the given minor units.

    Raises:
        LookupError: unknown charge.
        StripeError: it is disputed already, fully refunded, or smaller than that (400).
    """
    charge = store.get(db, "charge", charge_id)
    last = _last(db, charge_id)
    if last is not None and last.body["status"] != "warning_closed":
        raise refused("This charge has been disputed already.")
    if charge.body["refunded"]:
        raise refused("A fully refunded charge cannot be disputed.")
    body = _blank(charge.body, now=cause.now, inquiry=inquiry)
    if amount is not None and not 0 < amount <= charge.body["amount"]:
        raise refused("This is not a part of the charge.")
    body["amount"] = body["amount"] if amount is None else amount
    if not inquiry:
        _withdraw(db, cause, charge, body)
    dispute = store.add(db, Record("dispute", body, parent=charge_id))
    charge.body["disputed"] = True
    store.save(db, charge)
    subject: str = charge.extra["session"]
    emit(db, cause, "charge.dispute.created", dispute.body, subject=subject)
    if not inquiry:
        emit(db, cause, "charge.dispute.funds_withdrawn", dispute.body, subject=subject)
    return dispute


def _withdraw(db: sqlite3.Connection, cause: Cause, charge: Record, dispute: Json) -> None:
    taken = stripe_balance.disputed(db, charge.body, dispute["amount"], cause.now)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], taken]


def escalate(db: sqlite3.Connection, cause: Cause, charge_id: str) -> Record:
    """The buyer's bank is not content with the answer: the inquiry becomes a chargeback.

    Raises:
        LookupError: unknown charge.
        StripeError: no inquiry is open (400).
    """
    charge = store.get(db, "charge", charge_id)
    dispute = _last(db, charge_id)
    if dispute is None or dispute.body["status"] != "warning_needs_response":
        raise refused("This charge has no open inquiry.")
    dispute.body.update(status="needs_response", is_charge_refundable=False)
    dispute.body["payment_method_details"]["card"]["case_type"] = "chargeback"
    _withdraw(db, cause, charge, dispute.body)
    store.save(db, dispute)
    subject: str = charge.extra["session"]
    emit(db, cause, "charge.dispute.updated", dispute.body, subject=subject)
    emit(db, cause, "charge.dispute.funds_withdrawn", dispute.body, subject=subject)
    return dispute


def close_dispute(db: sqlite3.Connection, cause: Cause, charge_id: str, outcome: Outcome) -> Record:
    """The dispute ends. A won one gives the money back; an inquiry simply closes.

    Raises:
        LookupError: unknown charge.
        StripeError: no dispute is open (400).
    """
    charge = store.get(db, "charge", charge_id)
    dispute = _last(db, charge_id)
    if dispute is None or not is_open(dispute):
        raise refused("This charge has no open dispute.")
    before = dispute.body["status"]
    inquiry = before == "warning_needs_response"
    dispute.body["status"] = "warning_closed" if inquiry else outcome
    if not inquiry and outcome == "won":
        back = stripe_balance.reinstated(db, charge.body, dispute.body["amount"], cause.now)
        dispute.body["balance_transactions"] = [*dispute.body["balance_transactions"], back]
    store.save(db, dispute)
    subject: str = charge.extra["session"]
    emit(
        db,
        cause,
        "charge.dispute.closed",
        dispute.body,
        subject=subject,
    )
    if not inquiry and outcome == "won":
        emit(db, cause, "charge.dispute.funds_reinstated", dispute.body, subject=subject)
    return dispute
