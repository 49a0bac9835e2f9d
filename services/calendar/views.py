"""What a person sees of their own calendar connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services import access
from services.audit import Actor
from services.calendar import blocking, channels, events, listing
from services.config import settings
from services.ids import UserId
from services.models import (
    LIVE_SESSIONS,
    CalendarConnection,
    CalendarEvent,
    ConnectionStatus,
    EventDeviation,
    Mentor,
    MentoringSession,
    User,
)
from services.providers.calendar.base import Access


@dataclass(frozen=True, slots=True)
class CalendarChoice:
    """One of the person's calendars; `busy` ones keep them from being booked. `error` says why it
    could not be read the last time."""

    public_id: str
    name: str
    time_zone: str
    busy: bool
    holds_sessions: bool
    read_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class Question:
    """The person deleted (`moved_to` is None) or moved our event: what does it mean? One that was
    only made longer or shorter has "moved" to the time it was at."""

    public_id: str
    session: str
    sequence: int
    mentee: str
    starts_at: datetime
    moved_to: datetime | None
    deviated_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """`offered` is False when the studio has no Google client. Without `account` nothing is
    connected. `writes` tells that sessions are written into the calendar, `should_write` that
    they could be if the person, a mentor, connected once more; `waiting` counts the sessions that
    are not written as they are now; `blocked` says why nobody can book, "" when they can."""

    offered: bool
    account: str = ""
    broken: bool = False
    broken_at: datetime | None = None
    broken_reason: str = ""
    since: datetime | None = None
    writes: bool = False
    should_write: bool = False
    waiting: int = 0
    blocked: str = ""
    calendars: tuple[CalendarChoice, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the studio's connections stand: those that work, those of them that could not be read
    for too long, and those whose owners must connect again."""

    connected: int
    unread: int
    broken: int


def count_standing(db: Session) -> Standing:
    """The studio's connections in three numbers, for its operator."""
    rows = db.exec(
        select(CalendarConnection.user_id, CalendarConnection.status).where(
            CalendarConnection.status != ConnectionStatus.DISCONNECTED
        )
    ).all()
    active = [UserId(user) for user, status in rows if status is ConnectionStatus.ACTIVE]
    return Standing(len(active), len(blocking.blocked(db, active)), len(rows) - len(active))


def get_connection(db: Session, *, actor: Actor) -> ConnectionView:
    """The signed-in person's own connection.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    offered = settings().google_offered
    row = db.exec(
        select(CalendarConnection).where(
            CalendarConnection.user_id == user_id,
            CalendarConnection.status != ConnectionStatus.DISCONNECTED,
        )
    ).one_or_none()
    if row is None:
        return ConnectionView(offered=offered)
    mentors = db.exec(select(Mentor.id).where(Mentor.user_id == user_id)).first() is not None
    writes = channels.may(row, Access.EVENTS)
    return ConnectionView(
        offered=offered,
        account=row.account,
        broken=row.status is ConnectionStatus.BROKEN,
        broken_at=row.broken_at,
        broken_reason=row.broken_reason,
        since=row.created_at,
        writes=writes,
        should_write=mentors and not writes,
        waiting=len(events.list_waiting(db, row)) if writes else 0,
        blocked=(blocking.sales_blocked(db, user_id) or "") if mentors else "",
        calendars=tuple(
            CalendarChoice(
                public_id=each.public_id,
                name=each.name,
                time_zone=each.time_zone,
                busy=each.busy,
                holds_sessions=channels.is_written(row, each),
                read_at=each.read_at,
                error=each.error,
            )
            for each in listing.calendars_of(db, row.id)
        ),
        questions=_questions(db, row),
    )


def _questions(db: Session, connection: CalendarConnection) -> tuple[Question, ...]:
    rows = (
        select(CalendarEvent, MentoringSession, User.name)
        .join(MentoringSession, col(MentoringSession.id) == col(CalendarEvent.session_id))
        .join(User, col(User.id) == col(MentoringSession.mentee_id))
        .where(
            CalendarEvent.connection_id == connection.id,
            col(CalendarEvent.deviation).is_not(None),
            col(MentoringSession.status).in_(LIVE_SESSIONS),
        )
        .order_by(col(MentoringSession.starts_at), col(CalendarEvent.id))
    )
    return tuple(
        Question(
            public_id=row.public_id,
            session=meeting.public_id,
            sequence=meeting.sequence,
            mentee=name,
            starts_at=meeting.starts_at,
            moved_to=row.moved_to if row.deviation is EventDeviation.MOVED else None,
            deviated_at=row.deviated_at or meeting.starts_at,
        )
        for row, meeting, name in db.exec(rows).all()
    )
