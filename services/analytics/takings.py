"""Cash received, added up in SQL: from the monthly and daily roll-ups, and from the rows.

One line is a bucket (the first day of a month, or a day), mentor, offer, provider and what was
paid and refunded. A payment counts on the day it was completed, a refund on the day it succeeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, func, literal, union_all
from sqlmodel import Session, col

from services.analytics import periods
from services.analytics.periods import DAY
from services.analytics.sql import Rows, day_spans, instant_spans, pick, unindexed, whole
from services.ids import MentorId, OfferId
from services.models import (
    DailyRevenue,
    MonthlyRevenue,
    Order,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundStatus,
)

RECEIVED = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)
"""A payment that was refunded was received all the same: the refund is counted by itself."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which lines are wanted; None means all."""

    currency: str | None = None
    mentor: MentorId | None = None
    offer: OfferId | None = None
    provider: Provider | None = None


@dataclass(slots=True)
class Sources:
    """Where each part of the time comes from: whole months, single days, and instants."""

    months: list[date] = field(default_factory=list[date])
    days: list[tuple[date, date, date]] = field(default_factory=list[tuple[date, date, date]])
    rows: list[tuple[date, datetime, datetime]] = field(
        default_factory=list[tuple[date, datetime, datetime]]
    )


def sources(first: date, last: date, *, rolled_until: date | None) -> Sources:
    """Cut the days into months (the buckets), and each into what is rolled up and what is not."""
    found = Sources()
    for month in periods.months_between(first, last):
        begin, month_end = max(first, month), periods.add_months(month, 1) - DAY
        end = min(last, month_end)
        open_from = begin if rolled_until is None else max(begin, rolled_until)
        rolled_end = min(end, open_from - DAY)
        if (begin, rolled_end) == (month, month_end):
            found.months.append(month)
        elif begin <= rolled_end:
            found.days.append((month, begin, rolled_end))
        if open_from <= end:
            instants = periods.begin_of(open_from), periods.begin_of(end + DAY)
            found.rows.append((month, *instants))
    return found


def lines(db: Session, of: Sources, which: Which) -> CTE:
    """All lines of these sources, as a table to group by. `of` must not be empty."""
    return union_all(*(pick(*part.c) for part in parts(db, of, which))).cte("line")


def parts(db: Session, of: Sources, which: Which) -> list[FromClause]:
    """The lines of each source as a table of its own, which can be grouped in its index's order."""
    found: list[FromClause] = []
    if of.months:
        found.append(_monthly(of.months, which).subquery("of_months"))
    if of.days:
        found.append(_daily(db, of.days, which).subquery("of_days"))
    if of.rows:
        found.append(union_all(*raw_lines(db, of.rows, which)).subquery("of_rows"))
    return found


def sums(line: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The four sums of a group of lines."""
    names = ("paid_minor", "refunded_minor", "payments", "refunds")
    return tuple(whole(func.sum(line.c[name]), name) for name in names)


def raw_lines(
    db: Session, spans: Sequence[tuple[date, datetime, datetime]], which: Which
) -> tuple[Rows, Rows]:
    """The payments and the refunds of these spans, one line each. `spans` must not be empty."""
    span = instant_spans(db, spans)
    # The spans say it all; the outermost instants besides show the planner how few rows that is.
    begins, ends = min(begins for _, begins, _ in spans), max(ends for _, _, ends in spans)
    paid, back = _payments(span), _refunds(span)
    return (
        _of_orders(db, paid, which, Payment.currency, Payment.provider).where(
            col(Payment.status).in_(RECEIVED),
            unindexed(db, Payment.completed_at) >= begins,
            unindexed(db, Payment.completed_at) < ends,
        ),
        _of_orders(db, back, which, Refund.currency, Refund.provider).where(
            unindexed(db, Refund.status) == RefundStatus.SUCCEEDED,
            unindexed(db, Refund.settled_at) >= begins,
            unindexed(db, Refund.settled_at) < ends,
        ),
    )


def _payments(span: FromClause) -> Rows:
    return (
        pick(
            span.c.bucket.label("bucket"),
            col(Order.mentor_id).label("mentor_id"),
            col(Order.offer_id).label("offer_id"),
            col(Payment.provider).label("provider"),
            col(Payment.currency).label("currency"),
            col(Payment.amount_minor).label("paid_minor"),
            literal(0).label("refunded_minor"),
            literal(1).label("payments"),
            literal(0).label("refunds"),
        )
        .select_from(span)
        .join(
            Payment,
            (col(Payment.completed_at) >= span.c.begins)
            & (col(Payment.completed_at) < span.c.ends),
        )
        .join(Order, col(Order.id) == col(Payment.order_id))
    )


def _refunds(span: FromClause) -> Rows:
    return (
        pick(
            span.c.bucket,
            col(Order.mentor_id),
            col(Order.offer_id),
            col(Refund.provider),
            col(Refund.currency),
            literal(0),
            col(Refund.amount_minor),
            literal(0),
            literal(1),
        )
        .select_from(span)
        .join(
            Refund,
            (col(Refund.settled_at) >= span.c.begins) & (col(Refund.settled_at) < span.c.ends),
        )
        .join(Order, col(Order.id) == col(Refund.order_id))
    )


def _of_orders(db: Session, found: Rows, which: Which, currency: Any, provider: Any) -> Rows:
    own = (unindexed(db, currency), unindexed(db, provider))
    return _only(found, which, *own, Order.mentor_id, Order.offer_id)


def _monthly(months: list[date], which: Which) -> Rows:
    table = MonthlyRevenue
    found = pick(col(table.month).label("bucket"), *_columns(table))
    found = found.where(col(table.month).in_(months))
    return _only(found, which, table.currency, table.provider, table.mentor_id, table.offer_id)


def _daily(db: Session, days: list[tuple[date, date, date]], which: Which) -> Rows:
    table, span = DailyRevenue, day_spans(db, days)
    found = (
        pick(span.c.bucket.label("bucket"), *_columns(table))
        .select_from(span)
        .join(table, (col(table.day) >= span.c.first) & (col(table.day) <= span.c.last))
        .where(
            unindexed(db, table.day) >= min(first for _, first, _ in days),
            unindexed(db, table.day) <= max(last for *_, last in days),
        )
    )
    columns = (table.currency, table.provider, table.mentor_id, table.offer_id)
    return _only(found, which, *(unindexed(db, column) for column in columns))


def _columns(table: type[DailyRevenue] | type[MonthlyRevenue]) -> tuple[Any, ...]:
    return (
        table.mentor_id,
        table.offer_id,
        table.provider,
        table.currency,
        table.paid_minor,
        table.refunded_minor,
        table.payments,
        table.refunds,
    )


def _only(found: Rows, which: Which, *columns: Any) -> Rows:
    """Narrowed by `columns`: currency, provider, mentor and offer."""
    wanted = (which.currency, which.provider, which.mentor, which.offer)
    named = [one == value for one, value in zip(columns, wanted, strict=True) if value is not None]
    return found.where(*named)
