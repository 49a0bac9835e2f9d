"""Purchases and refunds as the tests of invoices need them, and what their documents say."""

from __future__ import annotations

from itertools import count
from typing import Any

import pypdfium2

from services import db, invoices, payments, pricing
from services.audit import SYSTEM
from services.ids import InvoiceId
from services.invoices.reading import attachment
from services.models import (
    DiscountCode,
    Invoice,
    Order,
    Payment,
    Provider,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    User,
)
from services.money import Money
from tests.services.rows import a_mentor, a_user, an_offer, an_order, saved
from tests.support.studio import stored

_numbers = count(1)
SELLER = {
    "SELLER_NAME": "Nordlicht Mentoring",
    "SELLER_ADDRESS": "Example Street 1; 10115 Berlin; Germany",
    "SELLER_TAX_ID": "DE123456789",
}


def an_open_order(
    buyer: User, price_minor: int = 12_000, code: DiscountCode | None = None
) -> Order:
    """An order of a new mentor's pack, priced as checkout prices it."""
    number = next(_numbers)
    offer = an_offer(a_mentor(f"Mentor {number}"), price_minor)
    price = pricing.price(offer, code, pricing.tax_now())
    return an_order(
        buyer,
        offer,
        list_minor=price.list_minor,
        discount_minor=price.discount_minor,
        discount_code_id=code.id if code else None,
        tax_mode=price.tax_mode,
        tax_rate_bp=price.tax_rate_bp,
        tax_minor=price.tax_minor,
        amount_minor=price.amount_minor,
        provider=None if price.is_free else Provider.STRIPE,
    )


def sold(buyer: User | None = None, *, price_minor: int = 12_000, **more: Any) -> Order:
    """An order whose payment has come in, or that was free."""
    order = an_open_order(buyer or a_user(f"Nora {next(_numbers)}"), price_minor, **more)
    with db.transaction() as session:
        row = session.get_one(Order, order.id)
        if row.provider is None:
            payments.fulfil_free(session, actor=SYSTEM, order=row)
        else:
            payments.fulfil(
                session,
                actor=SYSTEM,
                order=row,
                provider=row.provider,
                payment_id=f"pi_{row.public_id}",
                paid=Money(row.amount_minor, row.currency),
            )
    return row


def a_refund_of(order: Order, minor: int, **more: Any) -> Refund:
    """A refund of so much of the order's payment, succeeded unless told otherwise."""
    payment = next(row for row in stored(Payment) if row.order_id == order.id)
    fields: dict[str, Any] = {"status": RefundStatus.SUCCEEDED, "settled_at": order.created_at}
    return saved(
        Refund(
            order_id=order.id,
            payment_id=payment.id,
            provider=payment.provider,
            amount_minor=minor,
            currency=payment.currency,
            source=RefundSource.MENTEE,
            reason=RefundReason.BY_REQUEST,
            decided_at=order.created_at,
            **fields | more,
        )
    )


def credited(order: Order, minor: int, **more: Any) -> Invoice:
    """The credit note of such a refund."""
    refund = a_refund_of(order, minor, **more)
    with db.transaction() as session:
        note = invoices.credit(session, actor=SYSTEM, refund=session.get_one(Refund, refund.id))
    assert note is not None
    return note


def documents(order: Order) -> list[Invoice]:
    """The order's invoices and credit notes, oldest first."""
    return [row for row in stored(Invoice) if row.order_id == order.id]


def text_of(invoice: InvoiceId) -> str:
    """Every word on the document's pages, as a reader of the PDF finds them."""
    row = next(one for one in stored(Invoice) if one.id == invoice)
    return text_in(attachment(row).content)


def text_in(content: bytes) -> str:
    """The words of a PDF, with single spaces between them."""
    with pypdfium2.PdfDocument(content) as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    return " ".join(" ".join(pages).split())
