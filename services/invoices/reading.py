"""Invoices and credit notes as people see them, and their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services import access, ratelimits
from services import db as database
from services.audit import Actor
from services.ids import DisputeId, OrderId, RefundId, UserId
from services.invoices import correcting, issuing
from services.models import Invoice, InvoiceSeries, Order, Pack
from services.money import Money
from services.providers.mail.base import Attachment

_NAMES = {InvoiceSeries.INVOICE: "Invoice", InvoiceSeries.CREDIT_NOTE: "Credit note"}
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One document: `name` is what it is, `holds` that it is the invoice which counts now. `total`
    is positive, also on a credit note."""

    public_id: str
    name: str
    label: str
    issued_at: datetime
    total: Money
    buyer: str
    holds: bool


@dataclass(frozen=True, slots=True)
class OrderInvoices:
    """An order's documents, oldest first. `may_ask`: its invoice can be mailed, or made.
    `may_correct`: the billing details have changed since."""

    documents: tuple[InvoiceView, ...]
    may_ask: bool
    may_correct: bool


def of_order(db: Session, *, actor: Actor, order: str) -> OrderInvoices:
    """The documents of one's own order, or of any for an admin. A handful of queries, however many
    documents.

    Raises:
        NotFound
    """
    row = access.order_for(db, actor, order)
    valid = issuing.current(db, row)
    sold = db.exec(select(Pack.id).where(Pack.order_id == row.id)).first()
    return OrderInvoices(
        documents=tuple(_view(one, holds=one == valid) for one in _rows(db, row.id)),
        may_ask=sold is not None,
        may_correct=valid is not None and correcting.would_change(db, row, valid),
    )


def file_of(*, actor: Actor, invoice: str) -> Attachment:
    """The PDF of one document, for the buyer or an admin. Takes about 0.2 s of a processor.

    Raises:
        SignInNeeded, NotFound, TooManyAttempts
    """
    user_id = access.require_user(actor)
    with database.reading() as session:
        row = access.invoice_for(session, actor, invoice)
    ratelimits.hit(ratelimits.INVOICE_FILES, str(user_id))
    return attachment(row)


def files_of(db: Session, user: UserId) -> Iterator[Attachment]:
    """All documents of one person, oldest first, one at a time."""
    mine = select(Invoice).where(Invoice.buyer_id == user).order_by(col(Invoice.id))
    for row in db.exec(mine).all():
        yield attachment(row)


def files_of_order(db: Session, order: OrderId) -> Iterator[Attachment]:
    """All documents of one order, oldest first, one at a time."""
    for row in _rows(db, order):
        yield attachment(row)


def newest_of_order(db: Session, order: Order) -> tuple[Attachment, ...]:
    """The order's invoice that holds, as a mail's attachment; nothing when it has none."""
    valid = issuing.current(db, order)
    return (attachment(valid),) if valid is not None else ()


def of_refund(db: Session, refund: RefundId) -> tuple[Attachment, ...]:
    """The credit note of a refund, as a mail's attachment; nothing when it has none."""
    note = db.exec(select(Invoice).where(Invoice.refund_id == refund)).one_or_none()
    return (attachment(note),) if note is not None else ()


def of_dispute(db: Session, dispute: DisputeId) -> tuple[Attachment, ...]:
    """The credit note of a lost dispute, as a mail's attachment; nothing when it has none."""
    note = db.exec(select(Invoice).where(Invoice.dispute_id == dispute)).one_or_none()
    return (attachment(note),) if note is not None else ()


def with_correction(db: Session, invoice: Invoice) -> tuple[Attachment, ...]:
    """An invoice, and the credit note that canceled the one it replaced."""
    note = None
    if invoice.corrects_id is not None:
        note = db.exec(
            select(Invoice).where(
                Invoice.corrects_id == invoice.corrects_id,
                Invoice.series == InvoiceSeries.CREDIT_NOTE,
                col(Invoice.refund_id).is_(None),
            )
        ).one_or_none()
    return tuple(attachment(one) for one in (invoice, note) if one is not None)


def attachment(invoice: Invoice) -> Attachment:
    """One document as a file: the same bytes whenever it is asked for."""
    from services.invoices import pdf  # heavy, and most processes never make one

    kind = _NAMES[invoice.series].lower().replace(" ", "-")
    return Attachment(f"{kind}-{invoice.label}.pdf", PDF, pdf.render(invoice))


def _rows(db: Session, order: OrderId) -> list[Invoice]:
    found = select(Invoice).where(Invoice.order_id == order).order_by(col(Invoice.id))
    return list(db.exec(found).all())


def _view(row: Invoice, *, holds: bool) -> InvoiceView:
    return InvoiceView(
        public_id=row.public_id,
        name=_NAMES[row.series],
        label=row.label,
        issued_at=row.issued_at,
        total=Money(row.total_minor, row.currency),
        buyer=str(row.buyer.get("name", "")),
        holds=holds,
    )
