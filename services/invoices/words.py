"""What stands on invoices and credit notes: lines with amounts, and notes without."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlmodel import Session

from services.config import PAYMENT_NAMES, settings
from services.models import (
    DiscountCode,
    Dispute,
    Invoice,
    Mentor,
    Order,
    Payment,
    Refund,
    RefundReason,
    RefundRemedy,
    User,
)

Lines = list[dict[str, Any]]
"""`{"text", "detail", "minor"}` for an amount, `{"note"}` for a sentence below them."""

_WHY = {
    RefundReason.BY_REQUEST: "as you asked",
    RefundReason.GOODWILL: "as a gesture of goodwill",
    RefundReason.MENTOR_LEFT: "because your mentor cannot go on",
}


def of_purchase(db: Session, order: Order, payment: Payment | None) -> Lines:
    """The pack, its discount, and how it was paid."""
    sold = line(order.title, f"{_sessions(order.sessions)} with {_mentor(db, order)}")
    lines = [sold | {"minor": order.list_minor}]
    if order.discount_minor:
        code = db.get(DiscountCode, order.discount_code_id) if order.discount_code_id else None
        name = f"Discount code {code.code}" if code else "Discount"
        lines.append(line(name) | {"minor": -order.discount_minor})
    if payment is None:
        lines.append(note("Nothing was left to pay."))
    else:
        paid = payment.completed_at or payment.created_at
        name = PAYMENT_NAMES[payment.provider.value]
        lines.append(note(f"Paid in full on {day(paid)} through {name}. Nothing is left to pay."))
    return [*lines, _order(order)]


def of_refund(db: Session, refund: Refund, invoice: Invoice, order: Order, minor: int) -> Lines:
    """What went back of a purchase; `minor` is the line's amount."""
    what = f"{order.title} with {_mentor(db, order)}"
    if refund.sessions:
        what = f"{what}: {_sessions(refund.sessions)} given back"
    why = _WHY.get(refund.reason)
    by_hand = refund.remedy is RefundRemedy.BY_HAND
    through = "in another way" if by_hand else f"through {PAYMENT_NAMES[refund.provider.value]}"
    at = refund.remedied_at if by_hand else refund.settled_at
    returned = f"Returned on {day(at or refund.created_at)} {through}"
    return [
        line(f"Refund on invoice {invoice.label}", what) | {"minor": minor},
        note(f"{returned}, {why}." if why else f"{returned}."),
        _order(order),
    ]


def of_dispute(db: Session, dispute: Dispute, invoice: Invoice, order: Order, minor: int) -> Lines:
    """What a buyer's bank, or the provider, took back for good; `minor` is the line's amount."""
    name = PAYMENT_NAMES[dispute.provider.value]
    taken = day(dispute.closed_at or dispute.opened_at)
    return [
        line(f"Chargeback on invoice {invoice.label}", f"{order.title} with {_mentor(db, order)}")
        | {"minor": minor},
        note(f"Returned on {taken} through {name}, by a decision about a dispute."),
        _order(order),
    ]


def of_cancellation(wrong: Invoice, replacement: str) -> Lines:
    """Takes back a whole document, because another takes its place."""
    return [
        line(f"Invoice {wrong.label} of {day(wrong.issued_at)} is canceled")
        | {"minor": line_amount(wrong)},
        note(f"Invoice {replacement} takes its place. No money moves."),
    ]


def of_replacement(wrong: Invoice, credit_note: str) -> Lines:
    """The lines of the wrong document, on one whose names are right."""
    kept = [dict(one) for one in wrong.lines if not one.get("about_documents")]
    replaces = f"Replaces invoice {wrong.label} of {day(wrong.issued_at)}"
    told = f"{replaces}, which credit note {credit_note} canceled."
    return [*kept, note(told) | {"about_documents": True}]


def of_reissue(canceled: Invoice) -> Lines:
    """Takes back a credit note whose refund did not go through."""
    return [
        line(
            f"Credit note {canceled.label} of {day(canceled.issued_at)} is canceled",
            "The refund did not go through, and your sessions are yours again",
        )
        | {"minor": line_amount(canceled)},
    ]


def line(text: str, detail: str = "") -> dict[str, Any]:
    """What an amount is for."""
    return {"text": text, "detail": detail}


def note(text: str) -> dict[str, Any]:
    """A sentence below the amounts."""
    return {"note": text}


def line_amount(document: Invoice) -> int:
    """What the lines of a document sum to: its tax is in them, or comes on top."""
    added = document.tax_mode.value == "added"
    return document.net_minor if added else document.total_minor


def day(instant: datetime) -> str:
    """The studio's day of an instant: `21 November 2026`."""
    local = instant.astimezone(ZoneInfo(settings().studio_timezone))
    return format_date(local.date(), "d MMMM y", locale="en")


def _order(order: Order) -> dict[str, Any]:
    return note(f"Order {order.public_id}")


def _sessions(number: int) -> str:
    return f"{number} session" if number == 1 else f"{number} sessions"


def _mentor(db: Session, order: Order) -> str:
    return db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
