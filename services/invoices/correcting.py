"""Putting a wrong name or address on an invoice right: a credit note cancels it, a new invoice
takes its place, and both say so. No money moves."""

from __future__ import annotations

from sqlmodel import Session

from services import access, locking
from services import db as database
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.invoices import issuing, people, sending, words
from services.invoices.numbering import label_of, next_number, year_now
from services.models import Invoice, InvoiceSeries, Order, User, UserStatus

NOTHING_NEW = (
    "The invoice says the same already. Change your billing details in the settings first, "
    "then correct it here."
)


def correct(*, actor: Actor, order: str) -> None:
    """Make the order's invoice out to the buyer's billing details of now, and mail both documents.

    Raises:
        NotFound: no such order, or it has no invoice, Conflict: nothing would change,
        TooManyAttempts
    """
    sending.count(actor, order)
    with database.transaction() as session:
        row = access.order_for(session, actor, order)
        locking.lock(session, orders=[row.id])
        wrong = issuing.current(session, row)
        if wrong is None:
            raise NotFound("invoice")
        replacement = _replaced(session, actor, row, wrong)
        sending.mail(session, row, replacement)


def would_change(db: Session, order: Order, invoice: Invoice) -> bool:
    """Whether an invoice made out now would name buyer or seller in another way. Those of an
    account that was erased stay as they are."""
    user = db.get_one(User, order.mentee_id)
    if user.status is UserStatus.ERASED:
        return False
    return invoice.buyer != people.buyer_of(user) or invoice.seller != people.seller_now()


def _replaced(db: Session, actor: Actor, order: Order, wrong: Invoice) -> Invoice:
    if not would_change(db, order, wrong):
        raise Conflict(NOTHING_NEW)
    user, year = db.get_one(User, order.mentee_id), year_now()
    # Both numbers are taken before either document is written: each names the other.
    credited = (year, next_number(db, InvoiceSeries.CREDIT_NOTE, year))
    numbered = (year, next_number(db, InvoiceSeries.INVOICE, year))
    note = issuing.copy_of(order, wrong, InvoiceSeries.CREDIT_NOTE)
    note.buyer, note.seller = dict(wrong.buyer), dict(wrong.seller)
    note.lines = words.of_cancellation(wrong, label_of(InvoiceSeries.INVOICE, *numbered))
    issuing.write(db, actor, order, note, credited)
    invoice = issuing.copy_of(order, wrong, InvoiceSeries.INVOICE)
    invoice.buyer, invoice.seller = people.buyer_of(user), people.seller_now()
    invoice.lines = words.of_replacement(wrong, note.label)
    return issuing.write(db, actor, order, invoice, numbered)
