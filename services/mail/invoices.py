"""The facts of the mail that brings an invoice when it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from services import invoices, money, urls
from services.mail.shared import FILES, Skipped
from services.models import Invoice, Order, User
from services.money import Money

Facts = dict[str, Any]


def _invoice(db: Session, _user: User, data: Facts) -> Facts:
    invoice = db.get(Invoice, data["invoice_id"])
    if invoice is None:
        raise Skipped
    files = invoices.with_correction(db, invoice)
    order = db.get_one(Order, invoice.order_id)
    return {
        "label": invoice.label,
        "title": order.title,
        "total": money.shown(Money(invoice.total_minor, invoice.currency)),
        "corrected": len(files) > 1,
        "link": urls.order(order.public_id),
        FILES: files,
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {"invoice": _invoice}
