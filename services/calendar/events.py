"""Sessions as events in their mentor's own calendar.

The id is ours, made from the session's, so that a write may be repeated after any crash: an id that
is taken is looked at first. One event is one invitation thread, since its id never changes (unless
the vendor has forgotten it) and its sequence only grows.
"""

from __future__ import annotations

import base64
from collections.abc import Collection

from sqlalchemy import update
from sqlmodel import Session, col, select

from services import clock, outbox
from services.calendar import channels
from services.ids import CalendarConnectionId, SessionId, UserId
from services.models import (
    LIVE_SESSIONS,
    CalendarConnection,
    CalendarEvent,
    ConnectionStatus,
    MentoringSession,
    SessionStatus,
)
from services.providers.calendar.base import Access

KIND = "calendar_write"


def session_changed(db: Session, session: MentoringSession) -> None:
    """Have the session written into its mentor's calendar, if there is one. Inside the
    transaction of the change."""
    connection = _writing(db, session.mentor_user_id)
    if connection is None:
        return
    if row_of(db, session.id, connection.id) is None:
        if is_gone(session):
            return
        _new_row(db, session, connection, invites=session.sequence == 0)
    _queue(db, session, connection, occasion=str(session.sequence))


def queue_waiting(db: Session, connection: CalendarConnection, *, occasion: str) -> int:
    """Have everything written that should stand in the calendar and does not: after connecting,
    and after connecting again. How many."""
    if not channels.may(connection, Access.EVENTS):
        return 0
    waiting = list_waiting(db, connection)
    for session in waiting:
        if row_of(db, session.id, connection.id) is None:
            _new_row(db, session, connection, invites=False)
        _queue(db, session, connection, occasion=f"{session.sequence}:{occasion}")
    return len(waiting)


def take_over(db: Session, connection: CalendarConnection) -> None:
    """What an earlier connection of the same account has written is this one's from now on: its
    events are changed and taken out with their sessions, and its guests stay invited."""
    earlier = select(CalendarConnection.id).where(
        CalendarConnection.user_id == connection.user_id,
        CalendarConnection.account == connection.account,
        CalendarConnection.id != connection.id,
    )
    db.exec(
        update(CalendarEvent)
        .where(col(CalendarEvent.connection_id).in_(earlier))
        .values(connection_id=connection.id)
    )


def list_waiting(db: Session, connection: CalendarConnection) -> list[MentoringSession]:
    """The sessions whose event is not written as they are now."""
    row = CalendarEvent
    behind = col(row.written_sequence).is_(None) | (
        col(row.written_sequence) != col(MentoringSession.sequence)
    )
    coming = col(MentoringSession.status).in_(LIVE_SESSIONS) & (
        col(MentoringSession.ends_at) > clock.utc_now()
    )
    found = (
        select(MentoringSession)
        .outerjoin(
            row,
            (col(row.session_id) == col(MentoringSession.id))
            & (col(row.connection_id) == connection.id),
        )
        .where(
            MentoringSession.mentor_user_id == connection.user_id,
            (coming & col(row.id).is_(None)) | (col(row.id).is_not(None) & behind),
        )
        .order_by(col(MentoringSession.starts_at), col(MentoringSession.id))
    )
    return list(db.exec(found).all())


def queue_again(db: Session, row: CalendarEvent, *, occasion: str) -> None:
    """Have one event written once more, although it was."""
    session = db.get_one(MentoringSession, row.session_id)
    connection = db.get_one(CalendarConnection, row.connection_id)
    _queue(db, session, connection, occasion=f"{session.sequence}:{occasion}")


def uid_of(db: Session, session_id: SessionId) -> str | None:
    """The iCalendar UID of the session's event in Google, whose invitation the mentee gets; None
    when Google invites nobody to it."""
    return uids_of(db, [session_id]).get(session_id)


def uids_of(db: Session, session_ids: Collection[SessionId]) -> dict[SessionId, str]:
    """The same for several sessions, for those that Google invites to."""
    found = (
        select(CalendarEvent.session_id, CalendarEvent.external_id)
        .where(col(CalendarEvent.session_id).in_(session_ids), CalendarEvent.invites)
        .order_by(col(CalendarEvent.id).desc())  # the first one stays: it began the thread
    )
    rows = db.exec(found).all()
    return {SessionId(session_id): f"{name}@google.com" for session_id, name in rows}


def event_id(session: str, attempt: int) -> str:
    """An id of ours for a session's event: the letters and digits of base32hex."""
    return base64.b32hexencode(f"{session}.{attempt}".encode()).decode().rstrip("=").lower()


def _writing(db: Session, user_id: UserId) -> CalendarConnection | None:
    """The connection that the person's sessions are written through. A broken one counts: what
    is due waits for the day when it is connected again."""
    found = db.exec(
        select(CalendarConnection).where(
            CalendarConnection.user_id == user_id,
            CalendarConnection.status != ConnectionStatus.DISCONNECTED,
        )
    ).one_or_none()
    return found if found is not None and channels.may(found, Access.EVENTS) else None


def row_of(
    db: Session, session_id: SessionId, connection_id: CalendarConnectionId
) -> CalendarEvent | None:
    return db.exec(
        select(CalendarEvent).where(
            CalendarEvent.session_id == session_id, CalendarEvent.connection_id == connection_id
        )
    ).one_or_none()


def _new_row(
    db: Session, session: MentoringSession, connection: CalendarConnection, *, invites: bool
) -> CalendarEvent:
    """`invites` is False when a mail of ours has invited the mentee already: one thread will do."""
    row = CalendarEvent(
        session_id=session.id,
        connection_id=connection.id,
        calendar=connection.sessions_calendar,
        external_id=event_id(session.public_id, 1),
        invites=invites,
    )
    db.add(row)
    return row


def _queue(
    db: Session, session: MentoringSession, connection: CalendarConnection, *, occasion: str
) -> None:
    outbox.add(
        db,
        kind=KIND,
        key=f"calendar:{session.public_id}:{connection.public_id}:{occasion}",
        data={"session_id": session.id, "connection_id": connection.id},
    )


def is_gone(session: MentoringSession) -> bool:
    """Whether the mentor's time is free again; one that took place stays in the calendar."""
    return session.status is SessionStatus.CANCELED or session.late
