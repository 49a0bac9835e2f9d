"""What mentors did to our events in their own calendar: deleted or moved them.

The session stands, whatever becomes of its event: its mentor is asked what it means, once per
deviation, and cancels, moves the session, or has the event put back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from services import access, audit, clock, db, telling, topics, urls
from services.audit import Actor, by_provider
from services.calendar import events, tokens
from services.errors import NotFound
from services.ids import CalendarConnectionId
from services.models import (
    LIVE_SESSIONS,
    CalendarConnection,
    CalendarEvent,
    ConnectedCalendar,
    EventDeviation,
    MentoringSession,
    User,
)
from services.providers.calendar.base import (
    CalendarProvider,
    Changes,
    EventMissing,
    RemoteEvent,
    SyncExpired,
)
from services.telling import Line

MOST_LOOKED_FOR = 50
"""Events that a whole listing does not show, looked for one by one."""

log = structlog.get_logger()


def changes_in(there: CalendarProvider, calendar: ConnectedCalendar | None) -> Changes | None:
    """What changed in the calendar that sessions are written into, deletions included."""
    if calendar is None:
        return None
    if calendar.sync_token:
        try:
            return there.changes(calendar.external_id, calendar.sync_token)
        except SyncExpired:
            log.info("calendar_sync_expired", calendar=calendar.public_id)
    everything = there.changes(calendar.external_id, "")
    # A whole listing leaves deleted events out: ours that it does not show are looked at.
    shown = {event.id for event in everything.events}
    with db.reading() as session:
        missing = [each for each in _expected(session, calendar) if each not in shown]
    looked_at = [_seen(there, calendar, each) for each in missing[:MOST_LOOKED_FOR]]
    return replace(everything, events=(*everything.events, *looked_at))


def _expected(db: Session, calendar: ConnectedCalendar) -> list[str]:
    """The ids of the events that should stand in the calendar."""
    found = (
        select(CalendarEvent.external_id)
        .join(MentoringSession, col(MentoringSession.id) == col(CalendarEvent.session_id))
        .where(
            CalendarEvent.connection_id == calendar.connection_id,
            CalendarEvent.calendar == calendar.external_id,
            col(MentoringSession.status).in_(LIVE_SESSIONS),
            CalendarEvent.written_sequence == MentoringSession.sequence,
        )
        .order_by(col(MentoringSession.starts_at))
    )
    return list(db.exec(found).all())


def _seen(there: CalendarProvider, calendar: ConnectedCalendar, event_id: str) -> RemoteEvent:
    try:
        return there.get_event(calendar.external_id, event_id)
    except EventMissing:
        return RemoteEvent(event_id, "", True, None, None, 0, "", "")


def apply(
    connection_id: CalendarConnectionId,
    calendar: ConnectedCalendar,
    changes: Changes,
    *,
    began: datetime,
) -> None:
    """Compare our events among the changes with their sessions, and ask about what differs.

    `calendar` is as it was when the changes were asked for, not before `began`: whoever has stored
    others since then has seen them too. Where an event was written meanwhile, nobody knows which
    came first: all of it is told once more the next time.
    """
    ours = {event.id: event for event in changes.events}
    with db.transaction() as session:
        now = session.get(ConnectedCalendar, calendar.id, with_for_update=True)
        if now is None or now.sync_token != calendar.sync_token:
            return
        found = session.exec(
            select(CalendarEvent, MentoringSession)
            .join(MentoringSession, col(MentoringSession.id) == col(CalendarEvent.session_id))
            .where(
                CalendarEvent.connection_id == connection_id,
                col(CalendarEvent.external_id).in_(list(ours)),
            )
            .order_by(col(CalendarEvent.id))
        ).all()
        settled = [
            (row, meeting) for row, meeting in found if not row.written_at or row.written_at < began
        ]
        for row, meeting in settled:
            _compare(session, row, meeting, ours[row.external_id])
        if len(settled) == len(found):
            now.sync_token = changes.token[:500]


def _compare(
    db: Session, row: CalendarEvent, meeting: MentoringSession, event: RemoteEvent
) -> None:
    standing = meeting.status in LIVE_SESSIONS and row.written_sequence == meeting.sequence
    if not standing:  # a write of ours is under way, or the session is over
        return
    deviation, moved_to = _deviation(meeting, event)
    if (deviation, moved_to) == (row.deviation, row.moved_to):
        return
    row.deviation, row.moved_to = deviation, moved_to
    row.deviated_at = clock.utc_now() if deviation else None
    topics.publish(
        db,
        topics.session(meeting.id),
        topics.mentor_sessions(meeting.mentor_id),
        topics.mentee(meeting.mentor_user_id),
    )
    if deviation is None:
        return
    audit.record(
        db,
        actor=by_provider(tokens.GOOGLE),
        action=f"calendar.event_{deviation.value}",
        thing=meeting.public_id,
        after={"moved_to": moved_to.isoformat()} if moved_to else {},
    )
    mentee = db.get_one(User, meeting.mentee_id).name
    telling.tell(
        db,
        user_id=meeting.mentor_user_id,
        kind="calendar_question",
        about=meeting.public_id,
        occasion=clock.utc_now().isoformat(),
        line=Line(
            f"Your session with {mentee}: what do you mean?",
            f"Your calendar shows it differently; {mentee} does not know of it.",
            urls.session(meeting.public_id),
        ),
        data={"event_id": row.id},
    )


def _deviation(
    meeting: MentoringSession, event: RemoteEvent
) -> tuple[EventDeviation | None, datetime | None]:
    if event.deleted:
        return EventDeviation.DELETED, None
    if (event.starts_at, event.ends_at) != (meeting.starts_at, meeting.ends_at):
        return EventDeviation.MOVED, event.starts_at
    return None, None


def put_back(*, actor: Actor, event: str) -> None:
    """The mentor's answer "it was a mistake": the event is written as the session stands.

    Raises:
        SignInNeeded, NotFound
    """
    user_id = access.require_user(actor)
    with db.transaction() as session:
        row = session.exec(
            select(CalendarEvent)
            .join(
                CalendarConnection, col(CalendarConnection.id) == col(CalendarEvent.connection_id)
            )
            .where(CalendarEvent.public_id == event, CalendarConnection.user_id == user_id)
        ).one_or_none()
        if row is None:
            raise NotFound("event")
        if row.deviation is None or row.deviated_at is None:
            return  # somebody has answered already
        meeting = session.get_one(MentoringSession, row.session_id)
        audit.record(
            session, actor=actor, action="calendar.event_put_back", thing=meeting.public_id
        )
        events.queue_again(session, row, occasion=f"put back {row.deviated_at.isoformat()}")
        row.deviation, row.deviated_at, row.moved_to = None, None, None
        row.written_sequence = None  # so that it waits, should the connection be broken
        tokens.changed(session, user_id)
