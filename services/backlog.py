"""What waits, and what went wrong for good: the figures that an operator is woken by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import clock, refunds
from services.models import (
    OPEN_SESSIONS,
    Dispute,
    DisputeStatus,
    InboxEvent,
    InboxStatus,
    MentoringSession,
    Objection,
    ObjectionStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Seat,
    SeatStatus,
    UnmatchedMoney,
    UnmatchedStatus,
)


@dataclass(frozen=True, slots=True)
class Queue:
    """Due work: how many, and for how many seconds the oldest has been due (0 when none is)."""

    due: int
    oldest_seconds: float
    given_up: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The studio's figures at one moment."""

    inbox: Queue
    outbox: Queue
    orders: dict[str, int]
    seats: dict[str, int]
    sessions: dict[str, int]
    objections: int
    refunds_waiting: int
    refunds_troubled: int
    disputes_open: int
    unmatched_money: int


def read(db: Session) -> Backlog:
    """Count by index; a scrape costs a handful of short queries."""
    events, messages = col(InboxEvent.status), col(OutboxMessage.status)
    return Backlog(
        inbox=_queue(
            db,
            due=events == InboxStatus.RECEIVED,
            due_at=col(InboxEvent.due_at),
            given_up=events == InboxStatus.FAILED,
        ),
        outbox=_queue(
            db,
            due=messages.in_([OutboxStatus.DUE, OutboxStatus.FAILED]),
            due_at=col(OutboxMessage.due_at),
            given_up=messages == OutboxStatus.DEAD,
        ),
        orders=_by_status(db, col(Order.status), OrderStatus),
        seats=_by_status(db, col(Seat.status), [s for s in SeatStatus if s != SeatStatus.RELEASED]),
        sessions=_by_status(db, col(MentoringSession.status), sorted(OPEN_SESSIONS)),
        objections=_count(db, col(Objection.status) == ObjectionStatus.OPEN),
        refunds_waiting=_count(db, refunds.waits()),
        refunds_troubled=_count(db, refunds.troubled()),
        disputes_open=_count(db, col(Dispute.status) == DisputeStatus.OPEN),
        unmatched_money=_count(db, col(UnmatchedMoney.status) == UnmatchedStatus.OPEN),
    )


def _queue(db: Session, *, due: Any, due_at: Any, given_up: Any) -> Queue:
    now = clock.utc_now()
    count, oldest = db.exec(select(func.count(), func.min(due_at)).where(due, due_at <= now)).one()
    return Queue(count, _seconds_since(oldest, now), _count(db, given_up))


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def _count(db: Session, condition: Any) -> int:
    return db.exec(select(func.count()).where(condition)).one()


def _by_status(db: Session, column: Any, statuses: Iterable[StrEnum]) -> dict[str, int]:
    """Every status, the ones that nothing has too: a series that vanishes cannot be watched."""
    wanted = list(statuses)
    rows = db.exec(select(column, func.count()).where(column.in_(wanted)).group_by(column)).all()
    found = {str(status): count for status, count in rows}
    return {status.value: found.get(str(status), 0) for status in wanted}
