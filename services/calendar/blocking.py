"""Whose slots are not sold because their calendar is not known, and telling them.

The last known busy time counts for CALENDAR_UNKNOWN_MINUTES. A calendar that was never read sells
nothing either.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services import clock, telling
from services.calendar import listing
from services.config import settings
from services.db import among
from services.ids import CalendarConnectionId, UserId
from services.models import CalendarConnection, ConnectedCalendar, ConnectionStatus, Mentor
from services.telling import Line

BROKEN = "The mentor's calendar is not connected any more, so their free times are not known."
UNKNOWN = "The mentor's calendar cannot be read right now, so their free times are not known."


def blocked(db: Session, user_ids: Collection[UserId]) -> dict[UserId, str]:
    """Why nobody can book these mentors now, for those whose calendar stands against it."""
    rows = (
        columns(
            col(CalendarConnection.user_id),
            col(CalendarConnection.status),
            func.count(col(ConnectedCalendar.id)),
            func.count(col(ConnectedCalendar.read_at)),
            func.min(col(ConnectedCalendar.read_at)),
        )
        .outerjoin(
            ConnectedCalendar,
            (col(ConnectedCalendar.connection_id) == col(CalendarConnection.id))
            & col(ConnectedCalendar.busy),
        )
        .where(
            among(db, CalendarConnection.user_id, user_ids),
            col(CalendarConnection.status) != ConnectionStatus.DISCONNECTED,
        )
        .group_by(col(CalendarConnection.user_id), col(CalendarConnection.status))
    )
    oldest = clock.utc_now() - _counts()
    found: dict[UserId, str] = {}
    for user_id, status, chosen, read, last in db.connection().execute(rows).all():
        if status is ConnectionStatus.BROKEN:
            found[user_id] = BROKEN
        elif chosen > read or (last is not None and last < oldest):
            found[user_id] = UNKNOWN
    return found


def sales_blocked(db: Session, user_id: UserId) -> str | None:
    """The same for one person; None when nothing stands against booking them."""
    return blocked(db, [user_id]).get(user_id)


def tell_unread(db: Session, connection_id: CalendarConnectionId) -> None:
    """Tell a mentor which calendar keeps them from being booked: once for each time that it could
    not be read for too long."""
    connection = db.get_one(CalendarConnection, connection_id)
    mentors = select(Mentor.id).where(Mentor.user_id == connection.user_id)
    if connection.status is not ConnectionStatus.ACTIVE or db.exec(mentors).first() is None:
        return  # a broken one has a mail of its own
    oldest = clock.utc_now() - _counts()
    for calendar in listing.calendars_of(db, connection_id):
        since = calendar.read_at or connection.created_at
        if calendar.busy and since < oldest:
            title = f"Your calendar {calendar.name or calendar.external_id} cannot be read"
            telling.tell(
                db,
                user_id=connection.user_id,
                kind="calendar_unread",
                about=calendar.public_id,
                occasion=since.isoformat(),
                line=Line(title, "Nobody can book you until it can.", "/settings/calendar"),
                data={"calendar_id": calendar.id},
            )


def _counts() -> timedelta:
    return timedelta(minutes=settings().calendar_unknown_minutes)
