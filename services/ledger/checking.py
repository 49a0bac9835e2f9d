"""Does every order add up? What the ledger says, against payments, refunds, disputes and packs.

Each question is one statement over all orders, so it sees one state of the database, and answers
with the rows that differ. A posting balances by its shape and happens once by its key; what can
still be wrong is that something was not posted, or that a row says something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Subquery, case, func, literal, or_
from sqlmodel import Session, col, select

from services import clock, db, notifications
from services.ids import OrderId
from services.ledger import totals
from services.ledger.totals import Rows, pick
from services.models import (
    CreditEntry,
    Dispute,
    Invoice,
    Order,
    OrderStatus,
    Pack,
    PackShare,
    Payment,
    PaymentStatus,
    Posting,
    Refund,
)
from services.money import Money, shown

MOST_ALERTS = 20
"""Mails of one day for each admin; the command lists every order."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one order (its public id) that does not add up."""

    order: str
    what: str
    expected: str
    found: str

    @property
    def sentence(self) -> str:
        """As an operator reads it."""
        return f"{self.order}: {self.what} should be {self.expected}, but is {self.found}."


@dataclass(frozen=True, slots=True)
class _Question:
    """What is compared: `found` with the bounds between which it must be."""

    what: str
    found: ColumnElement[int]
    least: ColumnElement[int]
    most: ColumnElement[int]
    money: bool = True

    @property
    def differs(self) -> ColumnElement[bool]:
        return or_(self.found < self.least, self.found > self.most)


def check_orders(*, order: str | None = None) -> list[Finding]:
    """Every order that does not add up, or whether one does (a public id); reads only."""
    found: list[Finding] = []
    for ask in (_orders, _payments):
        with db.reading() as session:
            found += ask(session, order)
    return sorted(found, key=lambda one: (one.order, one.what))


def check_order(session: Session, *, order_id: OrderId) -> list[Finding]:
    """What does not add up of one order; two queries, which read nothing but its own rows."""
    found = [*_orders(session, None, order_id), *_payments(session, None, order_id)]
    return sorted(found, key=lambda one: one.what)


def alert_about(findings: Iterable[Finding]) -> int:
    """Tell the admins of each order that does not add up, once per day; how many orders."""
    by_order = {finding.order: finding.sentence for finding in findings}
    if not by_order:
        return 0
    for order, sentence in by_order.items():
        log.error("order_does_not_add_up", order=order, what=sentence)
    with db.transaction() as session:
        for order in list(by_order)[:MOST_ALERTS]:
            notifications.alert_admins(session, alert="ledger", thing=order, occasion=clock.today())
    return len(by_order)


def _orders(session: Session, order: str | None, only: OrderId | None = None) -> Iterator[Finding]:
    """Each order's accounts, and the parts of its pack."""
    packs = select(Pack.id).where(Pack.order_id == only)
    book = totals.book(*_of(Posting.order_id, only))
    shares = totals.shares(*_of(PackShare.pack_id, only, packs))
    entries = totals.entries(*_of(CreditEntry.pack_id, only, packs))
    credited = totals.credited(*_of(Invoice.order_id, only))
    holding = totals.holding(*_of(Refund.order_id, only))
    contested = totals.contested(*_of(Dispute.order_id, only))
    questions = (
        *_about_money(book, shares, credited),
        *_about_parts(shares, entries),
        *_about_packs(book, holding, contested),
    )
    rows = (
        _comparing(literal(""), Order.currency, questions)
        .select_from(Order)
        .outerjoin(book, (book.c.order_id == col(Order.id)) & (book.c.currency == Order.currency))
        .outerjoin(Pack, col(Pack.order_id) == col(Order.id))
        .outerjoin(shares, shares.c.pack_id == col(Pack.id))
        .outerjoin(entries, entries.c.pack_id == col(Pack.id))
        .outerjoin(credited, credited.c.order_id == col(Order.id))
        .outerjoin(holding, holding.c.pack_id == col(Pack.id))
        .outerjoin(contested, contested.c.pack_id == col(Pack.id))
        .where(*_of(Order.id, only))
    )
    return _answers(session, rows, questions, order)


def _payments(
    session: Session, order: str | None, only: OrderId | None = None
) -> Iterator[Finding]:
    """Each payment's part of what the provider holds, and what went back of it."""
    held = totals.held(*_of(Posting.order_id, only))  # by the order: it has the index
    back = totals.back(*_of(Refund.order_id, only))
    owed = totals.owed(*_of(Refund.order_id, only))
    by_hand = totals.by_hand(*_of(Refund.order_id, only))
    withdrawn = totals.withdrawn(*_of(Dispute.order_id, only))
    received = col(Payment.status).in_([PaymentStatus.COMPLETED, PaymentStatus.REFUNDED])
    stays = col(Payment.amount_minor) - col(Payment.refunded_minor) - _or_0(withdrawn.c.minor)
    questions = (
        _equal("what is left before fees of", held.c.minor, case((received, stays), else_=0)),
        _equal("the provider's fee of", held.c.fee, Payment.fee_minor),
        _equal("what was refunded of", Payment.refunded_minor, back.c.minor),
        _equal("what was taken back of", Payment.disputed_minor, withdrawn.c.minor),
        _equal("what is in dispute of", held.c.disputes, withdrawn.c.open),
        _equal("what the buyer is owed of", held.c.refunds, owed.c.minor),
        _equal("what was paid another way of", held.c.by_hand, by_hand.c.minor),
        _Question(
            "what fits nothing of",
            _or_0(held.c.unmatched),
            literal(0),
            _or_0(Payment.amount_minor),
        ),
    )
    rows = (
        _comparing(Payment.public_id, Payment.currency, questions)
        .select_from(Payment)
        .join(Order, col(Order.id) == col(Payment.order_id))
        .outerjoin(
            held, (held.c.payment_id == col(Payment.id)) & (held.c.currency == Payment.currency)
        )
        .outerjoin(back, back.c.payment_id == col(Payment.id))
        .outerjoin(owed, owed.c.payment_id == col(Payment.id))
        .outerjoin(by_hand, by_hand.c.payment_id == col(Payment.id))
        .outerjoin(withdrawn, withdrawn.c.payment_id == col(Payment.id))
        .where(*_of(Order.id, only))
    )
    return _answers(session, rows, questions, order)


def _of(column: Any, only: OrderId | None, rows: Any = None) -> tuple[ColumnElement[bool], ...]:
    """Nothing but one order's rows: the column names the order, or one of these rows of it."""
    if only is None:
        return ()
    return (col(column) == only if rows is None else col(column).in_(rows),)


def _about_money(book: Subquery, shares: Subquery, credited: Subquery) -> tuple[_Question, ...]:
    priced = case((col(Pack.id).is_(None), 0), else_=col(Order.amount_minor))
    taxed = case((col(Pack.id).is_(None), 0), else_=col(Order.tax_minor))
    given = _or_0(book.c.given)
    kept = col(Order.amount_minor) - given
    price = func.nullif(col(Order.amount_minor), 0)
    tax = case((kept > 0, _or_0(taxed * kept // price)), else_=0)
    rounding = case((kept > 0, _or_0(book.c.restored)), else_=0)  # what is undone is undone exactly
    return (
        _equal("what is paid and not yet held", book.c.deferred, shares.c.open_net),
        _equal("what the held sessions earned", book.c.sessions, shares.c.earned_net),
        _equal("what the expired sessions earned", book.c.breakage, shares.c.expired_net),
        _equal("the price of all sessions together", shares.c.amount, priced),
        _equal("the tax of all sessions together", shares.c.tax, taxed),
        _Question("the tax that is kept", _or_0(book.c.tax), tax - rounding, tax + rounding),
        _equal("what the credit notes took back", _or_else(credited.c.minor, given), given),
        _Question(
            "the mentor's part of what the held sessions earned",
            _or_0(book.c.mentor),
            literal(0),
            _or_0(shares.c.earned_net),
        ),
    )


def _about_packs(book: Subquery, holding: Subquery, contested: Subquery) -> tuple[_Question, ...]:
    """Whoever paid has a pack, or the money coming; and a pack rests for a reason alone."""
    has_pack = case((col(Pack.id).is_(None), 0), else_=1)
    must_have = (col(Order.status) == OrderStatus.PAID) & (_or_0(book.c.refunds) == 0)
    rests = case((or_(col(Pack.locked) > 0, col(Pack.paused_at).is_not(None)), 1), else_=0)
    reasons = _or_0(holding.c.refunds) + _or_0(contested.c.disputes)
    may_rest = case((reasons > 0, 1), else_=0)
    needed = case((must_have, 1), else_=0)
    return (
        _Question("the number of its packs", has_pack, needed, literal(1), money=False),
        _Question("the number of its packs that rest", rests, literal(0), may_rest, money=False),
    )


def _about_parts(shares: Subquery, entries: Subquery) -> tuple[_Question, ...]:
    counts = (
        ("all", shares.c.parts, Pack.total),
        ("open", shares.c.open, Pack.left),
        ("expired", shares.c.expired, entries.c.expired),
        ("given back", shares.c.closed, entries.c.closed),
    )
    return tuple(
        _equal(f"the number of its sessions, {which},", found, expected, money=False)
        for which, found, expected in counts
    )


def _equal(what: str, found: Any, expected: Any, *, money: bool = True) -> _Question:
    return _Question(what, _or_0(found), _or_0(expected), _or_0(expected), money)


def _or_0(value: Any) -> ColumnElement[int]:
    return _or_else(value, 0)


def _or_else(value: Any, other: Any) -> ColumnElement[int]:
    return func.coalesce(value, other)


def _comparing(thing: Any, currency: Any, questions: Sequence[_Question]) -> Rows:
    """The rows that differ, with what was compared."""
    values = (value for one in questions for value in (one.found, one.least, one.most))
    return pick(col(Order.public_id), thing, currency, *values).where(
        or_(*(one.differs for one in questions))
    )


def _answers(
    session: Session, rows: Rows, questions: Sequence[_Question], order: str | None
) -> Iterator[Finding]:
    if order is not None:
        rows = rows.where(col(Order.public_id) == order)
    for public_id, thing, currency, *values in session.connection().execute(rows):
        for number, one in enumerate(questions):
            found, least, most = values[3 * number : 3 * number + 3]
            if least <= found <= most:
                continue

            def said(value: int, *, money: bool = one.money, currency: str = currency) -> str:
                return shown(Money(value, currency)) if money else str(value)

            expected = said(least) if least == most else f"{said(least)} to {said(most)}"
            yield Finding(public_id, f"{one.what} {thing}".strip(), expected, said(found))
