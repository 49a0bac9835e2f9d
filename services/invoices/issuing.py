"""Writing invoices and credit notes, each in the transaction of what it documents.

Every function here takes a number, and so is the last thing that its transaction does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import audit, clock, topics
from services.audit import Actor
from services.invoices import people, words
from services.invoices.numbering import label_of, next_number, year_now
from services.models import (
    Account,
    Dispute,
    Invoice,
    InvoiceSeries,
    Order,
    Payment,
    Posting,
    Refund,
    TaxMode,
    User,
)
from services.pricing import rounded


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts of a document, in minor units."""

    total: int
    tax: int

    @property
    def net(self) -> int:
        """Without the tax."""
        return self.total - self.tax


def issue(db: Session, *, actor: Actor, order: Order, payment: Payment | None) -> Invoice:
    """The invoice of a purchase that made a pack; without a payment it was free.

    The caller holds the order's lock, and locks nothing more. A second call gives the first one's
    invoice.
    """
    known = db.exec(_original(order)).one_or_none()
    if known is not None:
        return known
    user = db.get_one(User, order.mentee_id)
    invoice = _new(order, InvoiceSeries.INVOICE, Sums(order.amount_minor, order.tax_minor))
    invoice.payment_id = payment.id if payment else None
    invoice.buyer, invoice.seller = people.buyer_of(user), people.seller_now()
    invoice.lines = words.of_purchase(db, order, payment)
    return write(db, actor, order, invoice)


def credit(db: Session, *, actor: Actor, refund: Refund) -> Invoice | None:
    """The credit note of a refund that succeeded; None when what was paid back has no invoice.

    Called after the ledger's postings of the refund: the tax is what they took back. The caller
    holds the order's lock, and locks nothing more. A second call gives the first one's note.
    """
    known = db.exec(select(Invoice).where(Invoice.refund_id == refund.id)).one_or_none()
    order = db.get_one(Order, refund.order_id)
    invoice = current(db, order)
    if known is not None or invoice is None or invoice.payment_id != refund.payment_id:
        return known
    of_refund = (Posting.refund_id == refund.id, Posting.credit == Account.REFUNDS)
    sums = _part(db, refund.amount_minor, invoice, _left(db, order, invoice), *of_refund)
    note = _new(order, InvoiceSeries.CREDIT_NOTE, sums)
    note.payment_id, note.refund_id = refund.payment_id, refund.id
    note.buyer, note.seller = dict(invoice.buyer), dict(invoice.seller)
    note.lines = words.of_refund(db, refund, invoice, order, words.line_amount(note))
    return write(db, actor, order, note)


def credit_lost(db: Session, *, actor: Actor, dispute: Dispute) -> Invoice | None:
    """The credit note of what a lost dispute took; None when what it took has no invoice, or was
    owed to the buyer already, by a refund that has a note of its own.

    Called after the ledger's postings of the loss, as `credit` is. A second call gives the first
    one's note.
    """
    known = db.exec(select(Invoice).where(Invoice.dispute_id == dispute.id)).one_or_none()
    order = db.get_one(Order, dispute.order_id)
    invoice = current(db, order)
    if known is not None or invoice is None or invoice.payment_id != dispute.payment_id:
        return known
    of_dispute = (Posting.dispute_id == dispute.id, Posting.credit == Account.DISPUTES)
    owed = select(func.coalesce(func.sum(Posting.amount_minor), 0)).where(
        Posting.order_id == order.id, *of_dispute, Posting.debit == Account.REFUNDS
    )
    minor = dispute.amount_minor - int(db.exec(owed).one())
    if not minor:
        return None
    sums = _part(db, minor, invoice, _left(db, order, invoice), *of_dispute)
    note = _new(order, InvoiceSeries.CREDIT_NOTE, sums)
    note.payment_id, note.dispute_id = dispute.payment_id, dispute.id
    note.buyer, note.seller = dict(invoice.buyer), dict(invoice.seller)
    note.lines = words.of_dispute(db, dispute, invoice, order, words.line_amount(note))
    return write(db, actor, order, note)


def reissue(db: Session, *, actor: Actor, refund: Refund) -> Invoice | None:
    """The refund failed after all and the pack is restored: its credit note is taken back by an
    invoice; None when there was no note. A second call gives the first one's invoice.
    """
    note = db.exec(select(Invoice).where(Invoice.refund_id == refund.id)).one_or_none()
    if note is None:
        return None
    known = db.exec(select(Invoice).where(Invoice.corrects_id == note.id)).one_or_none()
    if known is not None:
        return known
    order = db.get_one(Order, refund.order_id)
    invoice = _new(order, InvoiceSeries.INVOICE, Sums(note.total_minor, note.tax_minor))
    invoice.payment_id, invoice.corrects_id = note.payment_id, note.id
    invoice.buyer, invoice.seller = dict(note.buyer), dict(note.seller)
    invoice.lines = words.of_reissue(note)
    return write(db, actor, order, invoice)


def current(db: Session, order: Order) -> Invoice | None:
    """The invoice that holds for the order's purchase: the first, or the one that replaced it."""
    wrong = aliased(Invoice)
    return db.exec(
        select(Invoice)
        .outerjoin(wrong, col(wrong.id) == col(Invoice.corrects_id))
        .where(
            Invoice.order_id == order.id,
            Invoice.series == InvoiceSeries.INVOICE,
            col(Invoice.corrects_id).is_(None) | (col(wrong.series) == InvoiceSeries.INVOICE),
        )
        .order_by(col(Invoice.id).desc())
        .limit(1)
    ).one_or_none()


def write(
    db: Session, actor: Actor, order: Order, invoice: Invoice, number: tuple[int, int] | None = None
) -> Invoice:
    """Number the document (or give it the year and number already taken) and write it."""
    invoice.year = number[0] if number else year_now()
    invoice.number = number[1] if number else next_number(db, invoice.series, invoice.year)
    invoice.label = label_of(invoice.series, invoice.year, invoice.number)
    invoice.issued_at = clock.utc_now()
    db.add(invoice)
    db.flush()
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))
    audit.record(
        db,
        actor=actor,
        action=f"{invoice.series.value.replace(' ', '_')}.issued",
        thing=invoice.public_id,
        after={"label": invoice.label, "order": order.public_id},
    )
    return invoice


def _new(order: Order, series: InvoiceSeries, sums: Sums) -> Invoice:
    return Invoice(
        series=series,
        year=0,
        number=0,
        label="",
        order_id=order.id,
        buyer_id=order.mentee_id,
        net_minor=sums.net,
        tax_minor=sums.tax,
        total_minor=sums.total,
        currency=order.currency,
        tax_rate_bp=order.tax_rate_bp,
        tax_mode=order.tax_mode,
    )


def copy_of(order: Order, invoice: Invoice, series: InvoiceSeries) -> Invoice:
    """A document of the same amounts, not yet numbered, that corrects this one."""
    new = _new(order, series, Sums(invoice.total_minor, invoice.tax_minor))
    new.payment_id, new.corrects_id = invoice.payment_id, invoice.id
    return new


def _left(db: Session, order: Order, invoice: Invoice) -> Sums:
    """What of a purchase no credit note has taken back yet: notes of refunds and of lost
    disputes, less those that were canceled. Corrections come in pairs that sum to nothing."""
    note = aliased(Invoice)
    credited = select(
        func.coalesce(func.sum(Invoice.total_minor), 0),
        func.coalesce(func.sum(Invoice.tax_minor), 0),
    )
    back = db.exec(
        credited.where(
            Invoice.order_id == order.id,
            col(Invoice.refund_id).is_not(None) | col(Invoice.dispute_id).is_not(None),
        )
    ).one()
    again = db.exec(
        credited.join(note, col(note.id) == col(Invoice.corrects_id)).where(
            Invoice.order_id == order.id, col(note.refund_id).is_not(None)
        )
    ).one()
    return Sums(
        total=invoice.total_minor - int(back[0]) + int(again[0]),
        tax=invoice.tax_minor - int(back[1]) + int(again[1]),
    )


def _part(db: Session, minor: int, invoice: Invoice, left: Sums, *went: Any) -> Sums:
    """What went back, with the tax in it: what the ledger took of it by the postings that `went`
    picks, never more than is left; by its share of the price where the ledger does not know it."""
    if minor >= left.total:
        return Sums(minor, min(left.tax, minor))
    if invoice.tax_mode is TaxMode.NONE:
        return Sums(minor, 0)
    taxed = select(func.count(), func.coalesce(func.sum(Posting.amount_minor), 0))
    posted = db.exec(taxed.where(Posting.debit == Account.TAX, *went)).one()
    taken = int(posted[1])
    if not posted[0]:
        taken = rounded(minor * invoice.tax_minor, invoice.total_minor)
    return Sums(minor, min(taken, left.tax, minor))


def _original(order: Order) -> Any:
    return select(Invoice).where(
        Invoice.order_id == order.id,
        Invoice.series == InvoiceSeries.INVOICE,
        col(Invoice.corrects_id).is_(None),
    )
