"""The facts of mails about people's own calendars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, select

from services import urls
from services.mail.shared import Skipped
from services.models import (
    LIVE_SESSIONS,
    CalendarConnection,
    CalendarEvent,
    ConnectedCalendar,
    ConnectionStatus,
    EventDeviation,
    Mentor,
    MentoringSession,
    User,
)
from services.times import in_zone

Facts = dict[str, Any]
SETTINGS = "/settings/calendar"


def _broken(db: Session, user: User, data: Facts) -> Facts:
    connection = db.get(CalendarConnection, data["connection_id"])
    if connection is None or connection.status is not ConnectionStatus.BROKEN:
        raise Skipped
    mentors = select(Mentor.id).where(Mentor.user_id == user.id)
    return {
        "account": connection.account,
        "since": in_zone(connection.broken_at, user) if connection.broken_at else "",
        "reason": connection.broken_reason,
        "mentors": db.exec(mentors).first() is not None,
        "link": urls.absolute(SETTINGS),
    }


def _unread(db: Session, user: User, data: Facts) -> Facts:
    calendar = db.get(ConnectedCalendar, data["calendar_id"])
    if calendar is None or not calendar.busy or not calendar.error:  # unticked, or read since
        raise Skipped
    return {
        "calendar": calendar.name or calendar.external_id,
        "since": in_zone(calendar.read_at, user) if calendar.read_at else "",
        "reason": calendar.error,
        "link": urls.absolute(SETTINGS),
    }


def _question(db: Session, user: User, data: Facts) -> Facts:
    event = db.get(CalendarEvent, data["event_id"])
    if event is None or event.deviation is None:
        raise Skipped
    meeting = db.get_one(MentoringSession, event.session_id)
    if meeting.status not in LIVE_SESSIONS:
        raise Skipped
    moved = event.deviation is EventDeviation.MOVED and event.moved_to is not None
    return {
        "mentee": db.get_one(User, meeting.mentee_id).name,
        "time": in_zone(meeting.starts_at, user),
        "moved_to": in_zone(event.moved_to, user) if moved and event.moved_to else "",
        "resized": event.moved_to == meeting.starts_at,
        "session": urls.absolute(f"/sessions/{meeting.public_id}"),
        "link": urls.absolute(SETTINGS),
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "calendar_broken": _broken,
    "calendar_question": _question,
    "calendar_unread": _unread,
}
