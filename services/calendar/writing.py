"""Making an event what its session is now, whatever was written before and whoever writes besides.

Each write reads the session anew and writes what is true; whoever wrote an older state than the one
that stands looks again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlmodel import Session, select

from services import clock, db, urls
from services.calendar import tokens
from services.calendar.events import event_id, is_gone, row_of
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import CalendarConnectionId, SessionId
from services.models import (
    Availability,
    CalendarConnection,
    CalendarEvent,
    ConnectedCalendar,
    ConnectionStatus,
    MentoringSession,
    User,
)
from services.providers.calendar.base import (
    AccessLost,
    CalendarProvider,
    EventChanged,
    EventExists,
    EventMissing,
    EventText,
    RemoteEvent,
)
from services.times import hour

MOST_ROUNDS = 6
"""Tries against somebody who changes the same event at the same moment."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done about one session: `text` is None when its event must be gone."""

    row: CalendarEvent
    connection_id: CalendarConnectionId
    active: bool
    sequence: int
    text: EventText | None


def write(*, session_id: SessionId, connection_id: CalendarConnectionId) -> str:
    """Make the event what the session is now; a word for the job's bookkeeping.

    A connection that is broken or gone takes no write: `queue_waiting` repeats it.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    for _ in range(MOST_ROUNDS):
        with db.reading() as session:
            work = _work(session, session_id, connection_id)
        if work is None or not work.active:
            return "waits for the connection"
        try:
            written = tokens.asking(connection_id, lambda there, work=work: _carry_out(there, work))
        except AccessLost:
            return "waits for the connection"
        if _noted(work, written):
            return "gone" if work.text is None else "written"
    raise ProviderUnavailable(tokens.GOOGLE, "the session and its event keep changing")


def _work(db: Session, session_id: SessionId, connection_id: CalendarConnectionId) -> _Work | None:
    row = row_of(db, session_id, connection_id)
    if row is None:
        return None
    connection = db.get_one(CalendarConnection, connection_id)
    session = db.get_one(MentoringSession, session_id)
    return _Work(
        row=row,
        connection_id=connection_id,
        active=connection.status is ConnectionStatus.ACTIVE,
        sequence=session.sequence,
        text=None if is_gone(session) else _text(db, session, invites=row.invites),
    )


def _text(db: Session, session: MentoringSession, *, invites: bool) -> EventText:
    mentor = db.get_one(User, session.mentor_user_id)
    mentee = db.get_one(User, session.mentee_id)
    rules = db.get(Availability, session.mentor_id)
    page = urls.absolute(f"/sessions/{session.public_id}")
    zone = rules.time_zone if rules else mentor.time_zone
    times = dict.fromkeys(
        _when(session.starts_at, place) for place in (mentee.time_zone, zone, mentor.time_zone)
    )
    return EventText(
        session=session.public_id,
        title=f"{mentor.name} and {mentee.name}: {settings().studio_name}",
        description="\n".join([*times, "", f"Everything about this session: {page}"]),
        location=(rules.meeting_link if rules else "") or page,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        zone=zone,
        guests=(mentee.email,) if invites else (),
        sequence=session.sequence,
    )


def _when(instant: datetime, zone: str) -> str:
    """`Monday, 2 March 2026 at 15:30 (Asia/Kolkata)`"""
    local = instant.astimezone(ZoneInfo(zone))
    day = format_datetime(local, "EEEE, d MMMM y", locale="en")
    return f"{day} at {hour(instant, zone)} ({zone})"


def _carry_out(there: CalendarProvider, work: _Work) -> RemoteEvent | None:
    """Write or delete; None when somebody else was at it, so that all is read again."""
    if work.text is None:
        return _delete(there, work.row)
    if work.row.written_sequence is None:
        try:
            return there.insert_event(work.row.calendar, work.row.external_id, work.text)
        except EventExists:
            pass  # a write whose answer got lost, or another event: it is looked at
    return _update(there, work.row, work.text)


def _delete(there: CalendarProvider, row: CalendarEvent) -> RemoteEvent | None:
    with suppress(EventMissing):  # it was never written, or is deleted already
        there.delete_event(row.calendar, row.external_id)
    return RemoteEvent(row.external_id, "", True, None, None, 0, "", "")


def _update(there: CalendarProvider, row: CalendarEvent, text: EventText) -> RemoteEvent | None:
    try:
        before = there.get_event(row.calendar, row.external_id)
    except EventMissing:  # never written, or forgotten: the id may still be taken
        return _insert_anew(there, row, text)
    if before.session not in ("", text.session):
        return _insert_anew(there, row, text)
    same = (before.starts_at, before.ends_at) == (text.starts_at, text.ends_at)
    if same and not before.deleted and before.written == str(text.sequence):
        return before
    try:
        return there.update_event(row.calendar, before, text)
    except EventChanged:
        return None
    except ProviderRejected:
        if not before.deleted:
            raise
        return _insert_anew(there, row, text)  # deleted, and cannot come back


def _insert_anew(
    there: CalendarProvider, row: CalendarEvent, text: EventText
) -> RemoteEvent | None:
    """The same session under its next id; the row is told of it by the event that comes back."""
    following = event_id(text.session, row.attempt + 1)
    try:
        return there.insert_event(row.calendar, following, text)
    except EventExists:
        found = there.get_event(row.calendar, following)
        try:
            return there.update_event(row.calendar, found, text)
        except EventChanged:
            return None


def _noted(work: _Work, written: RemoteEvent | None) -> bool:
    """Keep what stands there now; False when the session has moved on meanwhile."""
    if written is None:
        return False
    with db.transaction() as session:
        row = session.get_one(CalendarEvent, work.row.id, with_for_update=True)
        if written.id != row.external_id:
            row.external_id, row.attempt = written.id, work.row.attempt + 1
        row.written_sequence, row.written_at = work.sequence, clock.utc_now()
        row.deviation, row.deviated_at, row.moved_to = None, None, None
        # Its busy time has moved too.
        for calendar in session.exec(
            select(ConnectedCalendar).where(
                ConnectedCalendar.connection_id == work.connection_id,
                ConnectedCalendar.external_id == row.calendar,
            )
        ):
            calendar.look_at = min(calendar.look_at, clock.utc_now())
        now = session.get_one(MentoringSession, row.session_id)
        return now.sequence == work.sequence and is_gone(now) == (work.text is None)
