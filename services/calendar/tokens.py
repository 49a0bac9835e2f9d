"""A live access token for each call, and what happens when access was taken away.

Tokens lie encrypted in the database, are refreshed a minute before they end, and once more when the
vendor refuses one. A dead refresh token breaks the connection: nobody can be booked on a calendar
that cannot be read, and its owner is told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlmodel import Session, select

from services import audit, clock, db, encryption, telling, topics
from services.audit import by_provider
from services.ids import CalendarConnectionId, MentorId, UserId
from services.models import CalendarConnection, ConnectionStatus, Mentor
from services.providers.calendar.base import (
    AccessExpired,
    AccessLost,
    CalendarProvider,
    ScopeMissing,
    Tokens,
)
from services.providers.calendar.registry import calendars, consent
from services.telling import Line

GOOGLE = "google"
IMPATIENT_SECONDS = 4.0
"""How long a request may take while somebody waits for what comes of it."""
EARLY = timedelta(seconds=60)
"""How long before its end an access token is not used any more."""

Answer = TypeVar("Answer")
log = structlog.get_logger()


def asking(
    connection_id: CalendarConnectionId,
    ask: Callable[[CalendarProvider], Answer],
    *,
    timeout_seconds: float | None = None,
) -> Answer:
    """What the person's calendars answer. Never inside a transaction.

    Raises:
        AccessLost: the connection is broken, and everything that follows from it is written.
        ProviderUnavailable, ProviderRejected
    """
    try:
        access = _access(connection_id, timeout_seconds)
        try:
            return ask(calendars(access, timeout_seconds=timeout_seconds))
        except AccessExpired:
            access = _refreshed(connection_id, timeout_seconds)
            return ask(calendars(access, timeout_seconds=timeout_seconds))
    except ScopeMissing as error:
        lost(connection_id, "a permission was taken away")
        raise AccessLost(GOOGLE, "a permission was taken away", code=error.code) from error


def keep(row: CalendarConnection, tokens: Tokens) -> None:
    """Put tokens into a connection, encrypted; a refresh token stays until another one comes."""
    row.access_token_encrypted = encryption.encrypt(tokens.access)
    row.access_expires_at = tokens.expires_at
    if tokens.refresh:
        row.refresh_token_encrypted = encryption.encrypt(tokens.refresh)


def _access(connection_id: CalendarConnectionId, timeout_seconds: float | None) -> str:
    with db.reading() as session:
        row = session.get_one(CalendarConnection, connection_id)
    if row.status is not ConnectionStatus.ACTIVE:
        raise AccessLost(GOOGLE, f"the connection is {row.status.value}")
    ends = row.access_expires_at
    if row.access_token_encrypted and ends and ends - EARLY > clock.utc_now():
        try:
            return encryption.decrypt(row.access_token_encrypted)
        except encryption.Unreadable:
            pass  # so is the refresh token, which is said where it is read
    return _refreshed(connection_id, timeout_seconds)


def _refreshed(connection_id: CalendarConnectionId, timeout_seconds: float | None) -> str:
    """Get and keep a new access token."""
    with db.reading() as session:
        stored = session.get_one(CalendarConnection, connection_id).refresh_token_encrypted
    try:
        tokens = consent().refresh(encryption.decrypt(stored), timeout_seconds=timeout_seconds)
    except encryption.Unreadable as error:
        lost(connection_id, str(error), refresh=stored)
        raise AccessLost(GOOGLE, str(error)) from error
    except AccessLost:
        lost(connection_id, "the access was taken back or has ended", refresh=stored)
        raise
    with db.transaction() as session:
        row = session.get_one(CalendarConnection, connection_id, with_for_update=True)
        lives = row.status is ConnectionStatus.ACTIVE
        if lives and row.refresh_token_encrypted == stored:  # not renewed meanwhile
            keep(row, tokens)
    return tokens.access


def lost(connection_id: CalendarConnectionId, reason: str, *, refresh: str | None = None) -> None:
    """Break the connection and tell its owner, once.

    With `refresh` only if that is still the stored token: its owner may have just reconnected.
    """
    with db.transaction() as session:
        row = session.get_one(CalendarConnection, connection_id, with_for_update=True)
        current = refresh is None or row.refresh_token_encrypted == refresh
        if row.status is not ConnectionStatus.ACTIVE or not current:
            return
        row.status, row.broken_at, row.broken_reason = (
            ConnectionStatus.BROKEN,
            clock.utc_now(),
            reason[:300],
        )
        row.access_token_encrypted, row.access_expires_at = "", None
        audit.record(
            session,
            actor=by_provider(GOOGLE),
            action="calendar.broken",
            thing=row.public_id,
            after={"reason": reason},
        )
        telling.tell(
            session,
            user_id=row.user_id,
            kind="calendar_broken",
            about=row.public_id,
            occasion=row.broken_at.isoformat(),
            line=Line("Please connect your calendar again", row.account, "/settings/calendar"),
            data={"connection_id": row.id},
        )
        changed(session, row.user_id)
    log.warning("calendar_broken", connection=row.public_id, reason=reason)


def changed(db: Session, user_id: UserId) -> None:
    """Tell open pages: the owner's, and those that show when a mentor can be booked."""
    topics.publish(db, topics.mentee(user_id))
    mentor = db.exec(select(Mentor.id).where(Mentor.user_id == user_id)).one_or_none()
    if mentor is not None:
        own = MentorId(mentor)
        topics.publish(db, topics.availability(own), topics.mentor_sessions(own))
