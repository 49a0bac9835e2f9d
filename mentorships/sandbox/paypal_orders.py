"""PayPal's orders: made by the seller, approved by the buyer, then captured by the seller."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mentorships.sandbox import paypal_disputes, paypal_money, paypal_objects, store
from mentorships.sandbox.paypal_errors import (
    DUPLICATE_INVOICE,
    PayPalError,
    invalid,
    missing,
    not_found,
    refused,
)
from mentorships.sandbox.paypal_events import Cause, emit, new_id
from mentorships.sandbox.paypal_objects import CAPTURE, ORDER
from mentorships.sandbox.store import Json, Record

# PayPal forgets what nobody approves, and gives back what nobody captures (VENDORS.md, PayPal).
LIVES_SECONDS = 3 * 3600
_OPEN = ("CREATED", "PAYER_ACTION_REQUIRED")

Captures = Literal["completes", "declines", "refused", "review", "echeck"]
Refunds = Literal["at once", "pending", "fails"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the buyer pays with, and what then happens."""

    name: str
    shows: str
    captures: Captures = "completes"
    refunds: Refunds = "at once"
    disputed: bool = False


INSTRUMENTS = {
    each.name: each
    for each in (
        Instrument("balance", "PayPal balance: pays"),
        Instrument(
            "declined", "A card that is declined when the studio takes the money", "declines"
        ),
        Instrument("refused", "A payment that PayPal refuses at once", "refused"),
        Instrument("review", "A payment that PayPal looks at first", "review"),
        Instrument("echeck", "Bank account: the result comes in days", "echeck"),
        Instrument("refund_pending", "Pays; a refund is pending first", refunds="pending"),
        Instrument("refund_fails", "Pays; a refund fails later", refunds="fails"),
        Instrument("disputed", "Pays; a dispute follows", disputed=True),
    )
}


def _check_context(source: Json) -> Json | None:
    if not source:
        return None
    if "paypal" not in source:
        raise missing("/payment_source/paypal")
    context: Json = source["paypal"].get("experience_context", {})
    for name in ("return_url", "cancel_url"):
        pointer = f"/payment_source/paypal/experience_context/{name}"
        if name not in context:
            raise missing(pointer)
        parts = urlsplit(context[name])
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise invalid(
                "INVALID_PARAMETER_SYNTAX",
                "The value of a field does not conform to the expected format.",
                pointer,
            )
    return context


def _check_invoice(db: sqlite3.Connection, invoice_id: str | None) -> None:
    """Refuse an invoice's second payment; an order that nobody paid takes none."""
    paid = store.holding(db, CAPTURE, "invoice_id", invoice_id) if invoice_id else []
    if any(capture.body["status"] != "DECLINED" for capture in paid):
        raise refused(
            "DUPLICATE_INVOICE_ID",
            field="/purchase_units/0/invoice_id",
            description=DUPLICATE_INVOICE["order"],
        )


def _check_items(unit: Json, amount: int, currency: str) -> None:
    """Refuse items that do not add up to the amount."""
    pointer, items = "/purchase_units/0", unit.get("items", [])
    total = unit["amount"].get("breakdown", {}).get("item_total")
    if total is None:
        if items:
            raise refused("ITEM_TOTAL_REQUIRED", field=f"{pointer}/amount/breakdown/item_total")
        return
    stated = paypal_money.read(total, f"{pointer}/amount/breakdown/item_total")
    if stated != (amount, currency):
        raise refused("AMOUNT_MISMATCH", field=f"{pointer}/amount/value")
    added = 0
    for number, item in enumerate(items):
        price, _ = paypal_money.read(item["unit_amount"], f"{pointer}/items/{number}/unit_amount")
        added += price * int(item["quantity"])
    if items and added != amount:
        raise refused("ITEM_TOTAL_MISMATCH", field=f"{pointer}/amount/breakdown/item_total")


def create(db: sqlite3.Connection, cause: Cause, sent: Json) -> Record:
    """Make an order from a checked body.

    Raises:
        PayPalError: an amount, address or invoice that PayPal refuses (400, 422).
    """
    unit: Json = sent["purchase_units"][0]
    amount, currency = paypal_money.read(unit["amount"], "/purchase_units/0/amount")
    _check_items(unit, amount, currency)
    if sent["intent"] != "CAPTURE":
        raise refused("AUTH_CAPTURE_NOT_ENABLED", field="/intent")
    source: Json = sent.get("payment_source", {})
    context = _check_context(source)
    _check_invoice(db, unit.get("invoice_id"))
    body: Json = {
        "id": new_id(),
        "created": cause.now,
        "updated": cause.now,
        "status": "CREATED" if context is None else "PAYER_ACTION_REQUIRED",
        "intent": sent["intent"],
        "amount": amount,
        "currency": currency,
        "breakdown": unit["amount"].get("breakdown"),
        "items": unit.get("items"),
        "reference_id": unit.get("reference_id", "default"),
        "context": context,
        "buyer": source.get("paypal", {}).get("email_address"),
        "payer": None,
        "instrument": None,
        "capture": None,
    }
    for name in ("description", "custom_id", "invoice_id", "soft_descriptor"):
        body[name] = unit.get(name)
    return store.add(db, Record(ORDER, body, due=cause.now + LIVES_SECONDS))


def find(db: sqlite3.Connection, order_id: str) -> Record:
    """The order of that id.

    Raises:
        PayPalError: PayPal knows none, or has forgotten it (404).
    """
    order = store.find(db, ORDER, order_id)
    if order is None or order.body["status"] == "FORGOTTEN":
        raise not_found("order_id")
    return order


def _save(db: sqlite3.Connection, cause: Cause, order: Record, **changes: object) -> None:
    # Later with every change, even when the clock stands still: sellers tell approvals apart by it.
    updated = max(cause.now, order.body["updated"] + 1)
    order.body.update(updated=updated, **changes)
    store.save(db, order)


def approve(
    db: sqlite3.Connection, cause: Cause, order: Record, instrument: Instrument, email: str | None
) -> None:
    """The buyer agrees to pay with an instrument. The money is not taken yet.

    Raises:
        PayPalError: the order is over, or wants an instrument that pays at once (422).
    """
    if order.body["status"] not in (*_OPEN, "APPROVED"):
        raise refused("ORDER_ALREADY_CAPTURED")
    context: Json = order.body["context"] or {}
    immediate = context.get("payment_method_preference") == "IMMEDIATE_PAYMENT_REQUIRED"
    if immediate and instrument.captures == "echeck":
        raise refused(
            "PAYER_CANNOT_PAY",
            description="The seller wants to be paid at once: choose something else.",
        )
    payer: Json = order.body["payer"] or {
        "payer_id": "PAYER" + new_id(8).translate(str.maketrans("01IO", "2345")),
        "name": {"given_name": "Kim", "surname": "Example"},
    }
    payer["email_address"] = email or order.body["buyer"] or "buyer@example.com"
    _save(db, cause, order, status="APPROVED", payer=payer, instrument=instrument.name)
    resource = paypal_objects.order(db, cause, order)
    emit(db, cause, "CHECKOUT.ORDER.APPROVED", resource, subject=order.id)


def _declined(db: sqlite3.Connection, cause: Cause, order: Record) -> PayPalError:
    _save(db, cause, order, status="PAYER_ACTION_REQUIRED")
    links = [paypal_objects.payer_link(cause, order)]
    return refused("INSTRUMENT_DECLINED", links=links, kept=True)


_OUTCOMES: dict[Captures, tuple[str, str | None]] = {
    "completes": ("COMPLETED", None),
    "refused": ("DECLINED", "OTHER"),
    "review": ("PENDING", "PENDING_REVIEW"),
    "echeck": ("PENDING", "ECHECK"),
}


def check_capture(db: sqlite3.Connection, cause: Cause, order: Record) -> None:
    """Refuse to capture an order that is captured, not approved, or was declined.

    Raises:
        PayPalError: 422.
    """
    status = order.body["status"]
    if status == "COMPLETED":
        raise refused("ORDER_ALREADY_CAPTURED")
    if status == "PAYER_ACTION_REQUIRED" and order.body["payer"] is not None:
        links = [paypal_objects.payer_link(cause, order)]
        raise refused("PAYER_ACTION_REQUIRED", links=links)
    if status != "APPROVED":
        raise refused("ORDER_NOT_APPROVED")
    _check_invoice(db, order.body["invoice_id"])


def capture(db: sqlite3.Connection, cause: Cause, order: Record) -> PayPalError | None:
    """The seller takes the money of an approved order.

    Returns:
        The refusal when the instrument was declined: the buyer may choose another. None when there
        is a capture, which need not be COMPLETED.

    Raises:
        PayPalError: the order cannot be captured (422).
    """
    check_capture(db, cause, order)
    instrument = INSTRUMENTS[order.body["instrument"]]
    if instrument.captures == "declines":
        return _declined(db, cause, order)
    status, reason = _OUTCOMES[instrument.captures]
    body: Json = {
        "id": new_id(),
        "created": cause.now,
        "updated": cause.now,
        "status": status,
        "reason": reason,
        "amount": order.body["amount"],
        "currency": order.body["currency"],
        "fee": None,
        "refunded": 0,
        "custom_id": order.body["custom_id"],
        "invoice_id": order.body["invoice_id"],
        "refunds": instrument.refunds,
    }
    captured = store.add(db, Record(CAPTURE, body, parent=order.id))
    order.due = None
    _save(db, cause, order, status="COMPLETED", capture=captured.id)
    _tell(db, cause, captured, status, status)
    if instrument.disputed:
        paypal_disputes.open_dispute(db, cause, captured, inquiry=False, amount=None)
    return None


def _tell(db: sqlite3.Connection, cause: Cause, captured: Record, status: str, event: str) -> None:
    body = captured.body
    completed = status == "COMPLETED"
    body.update(status=status, updated=cause.now)
    if completed:
        body.update(reason=None, fee=paypal_money.fee(body["amount"], body["currency"]))
    store.save(db, captured)
    resource = paypal_objects.capture(cause, captured, alone=True)
    emit(db, cause, f"PAYMENT.CAPTURE.{event}", resource, subject=captured.parent)


def settle(db: sqlite3.Connection, cause: Cause, captured: Record, *, completed: bool) -> None:
    """A pending capture's result arrives.

    Raises:
        PayPalError: nothing is pending (422).
    """
    if captured.body["status"] != "PENDING":
        raise refused("TRANSACTION_REFUSED", description="This payment is not pending.")
    if completed:
        _tell(db, cause, captured, "COMPLETED", "COMPLETED")
    else:
        _tell(db, cause, captured, "DECLINED", "DENIED")


def run_out(db: sqlite3.Connection, cause: Cause, order: Record) -> None:
    """Nobody finished the order in time: PayPal forgets it, or reverses the approval."""
    approved = order.body["status"] == "APPROVED"
    order.due = None
    _save(db, cause, order, status="VOIDED" if approved else "FORGOTTEN")
    if approved:
        resource = paypal_objects.order(db, cause, order)
        emit(db, cause, "CHECKOUT.PAYMENT-APPROVAL.REVERSED", resource, subject=order.id)


def back_to(order: Record, name: str) -> str | None:
    """Where the buyer goes from PayPal's page: the seller's address, with the token added."""
    context: Json = order.body["context"] or {}
    if name not in context:
        return None
    parts = urlsplit(context[name])
    added = {"token": order.id}
    if name == "return_url" and order.body["payer"] is not None:
        added["PayerID"] = order.body["payer"]["payer_id"]
    query = [*parse_qsl(parts.query, keep_blank_values=True), *added.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))
