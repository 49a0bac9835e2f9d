"""What the ledger says, added up in SQL: from the monthly and daily roll-ups, and from postings.

One line is a bucket (the first day of a month, or a day), mentor, offer, provider and what moved.
Each posting counts on the day it happened: a payment when it was completed, a refund when it
succeeded, revenue when a session was held.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Subquery,
    case,
    func,
    literal_column,
    or_,
    union_all,
)
from sqlmodel import Session, col

from services.analytics import periods
from services.analytics.periods import DAY
from services.analytics.sql import (
    Rows,
    day_spans,
    fetch,
    instant_spans,
    pick,
    unindexed,
    whole,
)
from services.ids import MentorId, OfferId
from services.ledger.views import into
from services.models import (
    Account,
    DailyRevenue,
    MonthlyRevenue,
    Order,
    Posting,
    PostingKind,
    Provider,
)


class Sums(NamedTuple):
    """What a group of lines adds up to, in minor units of one currency, and how many payments and
    refunds it counts. `share` is the mentors' part of what was earned."""

    paid: int = 0
    refunded: int = 0
    earned: int = 0
    breakage: int = 0
    fees: int = 0
    disputed: int = 0
    share: int = 0
    payments: int = 0
    refunds: int = 0

    def plus(self, other: Sequence[int]) -> Sums:
        """Both together."""
        return Sums(*map(operator.add, self, other))


COUNTED = ("payments", "refunds")
AMOUNTS = tuple(name if name in COUNTED else f"{name}_minor" for name in Sums._fields)
"""The columns behind `Sums`, in lines and roll-ups alike."""
COLUMNS = (*AMOUNTS, "deferred_minor")
"""All that lines and roll-ups hold; what is deferred is only ever summed up over all time."""
CASH = ("paid_minor", "refunded_minor")
"""Who asks for these alone is not shown the days on which only sessions were held."""
MONTHS = "of_months"
"""The name of the part that holds whole months."""


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


def lines(db: Session, of: Sources, which: Which, names: Sequence[str] = AMOUNTS) -> CTE:
    """All lines of these sources as a table to group by, with these sums' columns: every column
    costs, for each row, whether it is looked at or not. `of` must not be empty."""
    found = (
        pick(part.c.bucket, part.c.currency, *(part.c[name] for name in names))
        for part in parts(db, of, which, cash=tuple(names) == CASH)
    )
    return union_all(*found).cte("line")


def parts(db: Session, of: Sources, which: Which, *, cash: bool = False) -> list[Subquery]:
    """The lines of each source as a table of its own, which can be grouped in its index's order."""
    found: list[Subquery] = []
    if of.months:
        found.append(_monthly(of.months, which).subquery(MONTHS))
    if of.days:
        daily = _daily(db, of.days, which)
        found.append((daily.where(cash_moved()) if cash else daily).subquery("of_days"))
    if of.rows:
        found.append(raw_lines(db, of.rows, which).subquery("of_rows"))
    return found


def cash_moved() -> ColumnElement[bool]:
    """The days of an offer with cash, found by an index of their own: the words are the index's."""
    table, nothing = DailyRevenue, literal_column("0")
    return or_(col(table.paid_minor) != nothing, col(table.refunded_minor) != nothing)


def sums(line: FromClause, names: Sequence[str] = AMOUNTS) -> tuple[ColumnElement[Any], ...]:
    """The sums of a group of lines: those of `Sums` in its order, or of some columns."""
    return tuple(whole(func.sum(line.c[name]), name) for name in names)


def raw_lines(db: Session, spans: Sequence[tuple[date, datetime, datetime]], which: Which) -> Rows:
    """The postings of these spans, one line each. `spans` must not be empty."""
    span = instant_spans(db, spans)
    # The spans say it all; the outermost instants besides show the planner how few rows that is.
    begins, ends = min(begins for _, begins, _ in spans), max(ends for _, _, ends in spans)
    at = col(Posting.at)
    found = (
        pick(
            span.c.bucket.label("bucket"),
            col(Order.mentor_id).label("mentor_id"),
            col(Order.offer_id).label("offer_id"),
            col(Posting.provider).label("provider"),
            col(Posting.currency).label("currency"),
            *(amount.label(name) for name, amount in zip(COLUMNS, _amounts(), strict=True)),
        )
        .select_from(span)
        .join(Posting, (at >= span.c.begins) & (at < span.c.ends))
        .join(Order, col(Order.id) == col(Posting.order_id))
        .where(unindexed(db, Posting.at) >= begins, unindexed(db, Posting.at) < ends)
    )
    own = (unindexed(db, Posting.currency), unindexed(db, Posting.provider))
    return _only(found, which, *own, Order.mentor_id, Order.offer_id)


def deferred(db: Session, last: date, which: Which, *, rolled_until: date | None) -> int:
    """What was paid for sessions that were not held by the end of a day; one query."""
    after = last + DAY
    rolled = min(after, rolled_until) if rolled_until else None
    found = [_unrolled(which).where(col(Posting.at) < periods.begin_of(after))]
    if rolled is not None:
        month = periods.month_of(rolled)
        found[0] = found[0].where(col(Posting.at) >= periods.begin_of(rolled))
        for table, within in (
            (MonthlyRevenue, col(MonthlyRevenue.month) < month),
            (DailyRevenue, (col(DailyRevenue.day) >= month) & (col(DailyRevenue.day) < rolled)),
        ):
            columns = (table.currency, table.provider, table.mentor_id, table.offer_id)
            kept = pick(func.sum(col(table.deferred_minor)).label("minor")).where(within)
            found.append(_only(kept, which, *columns))
    every = union_all(*found).subquery("moved")
    return int(fetch(db, pick(whole(func.sum(every.c.minor), "minor")))[0][0])


def _unrolled(which: Which) -> Rows:
    moved = pick(func.sum(into(Account.DEFERRED)).label("minor"))
    found = moved.select_from(Posting).join(Order, col(Order.id) == col(Posting.order_id))
    return _only(found, which, Posting.currency, Posting.provider, Order.mentor_id, Order.offer_id)


def _amounts() -> tuple[ColumnElement[int], ...]:
    """What one posting adds to each of `COLUMNS`."""
    kind, provider = col(Posting.kind), into(Account.PROVIDER)
    came = (kind == PostingKind.PAYMENT) & (col(Posting.debit) == Account.PROVIDER)
    went = kind.in_([PostingKind.REFUND, PostingKind.REFUND_UNDONE])
    fought = kind.in_([PostingKind.DISPUTE, PostingKind.DISPUTE_WON])
    expired = kind.in_([PostingKind.BREAKAGE, PostingKind.BREAKAGE_UNDONE])
    # A payment's other legs are parts of the same payment.
    one_payment = came & (col(Posting.leg) == 1)
    one_refund = case(
        (went & (col(Posting.credit) == Account.PROVIDER), 1),
        (went & (col(Posting.debit) == Account.PROVIDER), -1),
        else_=0,
    )
    return (
        case((came, col(Posting.amount_minor)), else_=0),
        case((went, -provider), else_=0),
        into(Account.EARNED),
        case((expired, into(Account.EARNED)), else_=0),
        into(Account.FEES),
        case((fought, -provider), else_=0),
        into(Account.MENTOR_EARNINGS),
        case((one_payment, 1), else_=0),
        one_refund,
        into(Account.DEFERRED),
    )


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
    named = (getattr(table, name) for name in COLUMNS)
    return (table.mentor_id, table.offer_id, table.provider, table.currency, *named)


def _only(found: Rows, which: Which, *columns: Any) -> Rows:
    """Narrowed by `columns`: currency, provider, mentor and offer."""
    wanted = (which.currency, which.provider, which.mentor, which.offer)
    named = [one == value for one, value in zip(columns, wanted, strict=True) if value is not None]
    return found.where(*named)
