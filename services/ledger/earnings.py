"""What a mentor has earned, session by session, in months of the mentor's own time zone and in one
currency at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from services import access, clock
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput, NotAllowed
from services.ids import MentorId
from services.ledger.shares import share_percent
from services.ledger.totals import Rows, pick
from services.ledger.views import into
from services.models import Account, MentoringSession, Order, Posting, User
from services.money import Money

MONTHS = 12
"""So many months are offered, up to this one."""


@dataclass(frozen=True, slots=True)
class EarnedSession:
    """What one session brought at an instant; below zero when its outcome was corrected.

    `session` is its public id and `starts_at` when it was.
    """

    session: str
    starts_at: datetime
    mentee: str
    title: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class MonthOfEarnings:
    """A month (its first day), and what it brought."""

    month: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Earnings:
    """A mentor's earnings in one currency: the sessions of one month, newest first; the last twelve
    months, this one first; and all that was ever earned.

    `currencies` are all in which anything was earned, the studio's first. `percent` is the mentor's
    share now.
    """

    currency: str
    currencies: tuple[str, ...]
    month: date
    sessions: tuple[EarnedSession, ...]
    months: tuple[MonthOfEarnings, ...]
    total: Money
    percent: int
    zone: str


def get_earnings(db: Session, *, actor: Actor, month: str = "", currency: str = "") -> Earnings:
    """The signed-in mentor's earnings; `month` (`2026-11`) chooses one, empty means this one.
    Without a `currency` it is the studio's, or the first in which anything was earned.

    Raises:
        SignInNeeded, NotAllowed: no mentor.
        InvalidInput: a month that is none of the last twelve, or a currency of no earnings.
    """
    user_id = access.require_user(actor)
    if actor.mentor_id is None:
        raise NotAllowed("Only mentors have this page. An admin can make you one.")
    mentor_id, zone = actor.mentor_id, db.get_one(User, user_id).time_zone
    offered = _months(zone)
    chosen = offered[0] if not month else _read(month)
    if chosen not in offered:
        raise InvalidInput("month", "Choose one of the last twelve months.")
    totals, own = _totals(db, mentor_id), settings().studio_currency
    currencies = sorted(totals, key=lambda code: (code != own, code)) or [own]
    shown = currency or currencies[0]
    if shown not in currencies:
        raise InvalidInput("currency", f"Nothing was earned in {shown[:3]}.")
    return Earnings(
        currency=shown,
        currencies=tuple(currencies),
        month=chosen,
        sessions=_sessions(db, _lines_of(mentor_id, shown), chosen, zone),
        months=_by_month(db, _lines_of(mentor_id, shown), offered, zone, shown),
        total=Money(totals.get(shown, 0), shown),
        percent=share_percent(db, mentor_id),
        zone=zone,
    )


def _read(month: str) -> date:
    try:
        return datetime.strptime(month[:20], "%Y-%m").date()  # noqa: DTZ007  # a month
    except ValueError:
        raise InvalidInput("month", "Write a month as 2026-01.") from None


def _months(zone: str) -> list[date]:
    """The first days of this month and the eleven before it."""
    today = clock.utc_now().astimezone(ZoneInfo(zone)).date()
    now = today.year * 12 + today.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(now, now - MONTHS, -1)]


def _begin(month: date, zone: str) -> datetime:
    return datetime.combine(month, time(), ZoneInfo(zone)).astimezone(UTC)


def _end(month: date, zone: str) -> datetime:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return _begin(after, zone)


def _lines_of(mentor_id: MentorId, currency: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Posting.mentor_id) == mentor_id,
        col(Posting.currency) == currency,
        into(Account.MENTOR_EARNINGS) != 0,
    )


def _sessions(
    db: Session, wanted: tuple[ColumnElement[bool], ...], month: date, zone: str
) -> tuple[EarnedSession, ...]:
    earned = into(Account.MENTOR_EARNINGS)
    found = (
        pick(
            col(MentoringSession.public_id),
            col(MentoringSession.starts_at),
            col(User.name),
            col(Order.title),
            earned,
            col(Posting.currency),
            col(Posting.at),
        )
        .join(MentoringSession, col(MentoringSession.id) == col(Posting.session_id))
        .join(Order, col(Order.id) == col(Posting.order_id))
        .join(User, col(User.id) == col(Order.mentee_id))
        .where(
            *wanted,
            col(Posting.at) >= _begin(month, zone),
            col(Posting.at) < _end(month, zone),
        )
        .order_by(col(Posting.at).desc(), col(Posting.id).desc())
    )
    return tuple(
        EarnedSession(session, starts_at, mentee, title, Money(minor, currency), at)
        for session, starts_at, mentee, title, minor, currency, at in _rows(db, found)
    )


def _by_month(
    db: Session,
    wanted: tuple[ColumnElement[bool], ...],
    months: list[date],
    zone: str,
    currency: str,
) -> tuple[MonthOfEarnings, ...]:
    found = pick(col(Posting.at), into(Account.MENTOR_EARNINGS)).where(
        *wanted, col(Posting.at) >= _begin(months[-1], zone)
    )
    sums: defaultdict[date, int] = defaultdict(int)
    for at, minor in _rows(db, found):
        sums[at.astimezone(ZoneInfo(zone)).date().replace(day=1)] += minor
    return tuple(MonthOfEarnings(month, Money(sums[month], currency)) for month in months)


def _totals(db: Session, mentor_id: MentorId) -> dict[str, int]:
    """Minor units ever earned, by currency."""
    earned = into(Account.MENTOR_EARNINGS)
    found = (
        pick(col(Posting.currency), func.sum(earned))
        .where(col(Posting.mentor_id) == mentor_id, earned != 0)
        .group_by(col(Posting.currency))
    )
    return {currency: int(minor) for currency, minor in _rows(db, found)}


def _rows(db: Session, found: Rows) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.connection().execute(found)]
