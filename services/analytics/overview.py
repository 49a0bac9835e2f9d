"""The admin's first look: money, seats, and what waits for an admin."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlmodel import Session, SQLModel, col

from services import access, clock, disputes, reconciliation, refunds
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
    Dispute,
    DisputeStatus,
    InboxEvent,
    InboxStatus,
    Order,
    OrderStatus,
    Orphan,
    OutboxMessage,
    OutboxStatus,
    Recording,
    Refund,
    ReportKind,
    UnmatchedMoney,
    UnmatchedStatus,
)
from services.recordings import reading as recordings

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
    """Everything but the comparison is counted in one query."""
    is_open, due_at = col(Dispute.status) == DisputeStatus.OPEN, col(Dispute.evidence_due_at)
    now = clock.utc_now()
    counted = (
        _count(InboxEvent, col(InboxEvent.status) == InboxStatus.FAILED),
        _count(OutboxMessage, col(OutboxMessage.status) == OutboxStatus.DEAD),
        _count(Refund, refunds.waits()),
        _count(Refund, refunds.troubled()),
        _count(Dispute, is_open & (due_at > now) & (due_at <= now + disputes.WARN_BEFORE)),
        _count(Dispute, is_open),
        _count(UnmatchedMoney, col(UnmatchedMoney.status) == UnmatchedStatus.OPEN),
        _count(
            Order,
            (col(Order.status) == OrderStatus.PENDING) & col(Order.bank_pending_at).is_not(None),
        ),
        _count(Recording, recordings.troubled()),
        _count(Orphan, col(Orphan.settled_at).is_(None)),
    )
    events, messages, waiting, troubled, due, disputed, unmatched, orders, recorded, orphans = (
        db.connection().execute(select(*counted)).one()
    )
    return Attention(
        failed_events=events,
        dead_messages=messages,
        refunds_waiting=waiting,
        refunds_troubled=troubled,
        disputes_due=due,
        open_disputes=disputed,
        unmatched=unmatched,
        differing=reconciliation.count_differing(db),
        orders_at_bank=orders,
        recordings_troubled=recorded,
        orphans=orphans,
    )


def _count(table: type[SQLModel], wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(wanted).scalar_subquery()
