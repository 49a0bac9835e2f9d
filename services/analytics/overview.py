"""The admin's first look: money, seats, and what waits for an admin."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlmodel import Session, SQLModel, col

from services import access, clock
from services.analytics import periods
from services.analytics.periods import Period, period
from services.analytics.progress import read_with
from services.analytics.reports import Attention, MentorSeats, MonthToDate, Overview, RevenueMonth
from services.analytics.revenue import by_month, get_to_date
from services.analytics.seats import get_seats
from services.analytics.takings import Which
from services.audit import Actor
from services.config import settings
from services.models import (
    InboxEvent,
    InboxStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Refund,
    RefundStatus,
    ReportKind,
)

FULLEST = 5
USE_OVER_DAYS = 30


def get_overview(db: Session, *, actor: Actor) -> Overview:
    """Figures of this month and the last twelve, seats now, and what needs attention; for admins.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    own, today = settings().studio_currency, periods.today()

    def money(until: date | None) -> tuple[dict[str, MonthToDate], tuple[RevenueMonth, ...]]:
        return get_to_date(db, until, Which()), by_month(db, period(), own, until)

    to_date, months = read_with(db, ReportKind.REVENUE, money)
    lately = Period(today - (USE_OVER_DAYS - 1) * periods.DAY, today)
    seats = get_seats(db, actor=actor, period=lately)
    return Overview(
        to_date=tuple(to_date[each] for each in sorted(to_date, key=lambda c: (c != own, c))),
        months=months,
        seats=seats.now,
        fullest=tuple(sorted(seats.mentors, key=_room)[:FULLEST]),
        attention=_attention(db),
        zone=periods.zone(),
        as_of=clock.utc_now(),
    )


def _room(mentor: MentorSeats) -> tuple[bool, float, int, str]:
    """Open mentors first, those with the smallest share of free places leading."""
    if not mentor.capacity:
        return True, 0.0, -mentor.over_by, mentor.name
    taken = mentor.active + mentor.grace + mentor.held
    return False, -taken / mentor.capacity, -mentor.capacity, mentor.name


def _attention(db: Session) -> Attention:
    """Five counts in one query."""
    waiting = col(InboxEvent.status) == InboxStatus.WAITING
    counted = (
        _count(InboxEvent, col(InboxEvent.status) == InboxStatus.FAILED),
        _count(OutboxMessage, col(OutboxMessage.status) == OutboxStatus.DEAD),
        _count(Refund, col(Refund.status) == RefundStatus.FAILED),
        _count(InboxEvent, waiting & func.lower(col(InboxEvent.type)).contains("dispute")),
        _count(
            Order,
            (col(Order.status) == OrderStatus.PENDING) & col(Order.bank_pending_at).is_not(None),
        ),
    )
    failed, dead, refunds, disputes, orders = db.connection().execute(select(*counted)).one()
    return Attention(failed, dead, refunds, disputes, orders)


def _count(table: type[SQLModel], wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(wanted).scalar_subquery()
