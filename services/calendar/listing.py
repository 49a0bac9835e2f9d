"""A connection's calendars, as its account lists them.

What cannot be read is unknown, not free: a calendar that its owner chose and that is gone at Google
stays until they untick it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session, col, delete, select

from services import clock
from services.ids import CalendarConnectionId, CalendarId
from services.models import BusyTime, CalendarConnection, ConnectedCalendar
from services.providers.calendar.base import RemoteCalendar

MOST_CALENDARS = 50
"""As many as one question for busy time may name."""
LISTED_EVERY = timedelta(days=1)


def calendars_of(db: Session, connection_id: CalendarConnectionId) -> list[ConnectedCalendar]:
    """A connection's calendars in the order in which they came."""
    rows = select(ConnectedCalendar).where(ConnectedCalendar.connection_id == connection_id)
    return list(db.exec(rows.order_by(col(ConnectedCalendar.id))).all())


def forget(db: Session, calendars: Iterable[CalendarId]) -> None:
    """Drop the busy time of these calendars."""
    db.exec(delete(BusyTime).where(col(BusyTime.calendar_id).in_(list(calendars))))


def shortened(found: Iterable[RemoteCalendar]) -> list[RemoteCalendar]:
    """As many as we can read, the account's own among them."""
    return sorted(found, key=lambda each: not each.primary)[:MOST_CALENDARS]


def is_due(connection: CalendarConnection) -> bool:
    """Whether the account should be asked again which calendars it has."""
    listed = connection.listed_at
    return listed is None or listed <= clock.utc_now() - LISTED_EVERY


def put(db: Session, connection: CalendarConnection, found: Iterable[RemoteCalendar]) -> None:
    """The calendars there are now; choices made before stay, the own one is chosen at first. Under
    a lock of the connection."""
    known = {row.external_id: row for row in calendars_of(db, connection.id)}
    for each in shortened(found):
        row = known.pop(each.id, None)
        if row is None:
            row = ConnectedCalendar(
                connection_id=connection.id, external_id=each.id, busy=each.primary
            )
            db.add(row)
        row.name, row.time_zone = each.name[:200], each.time_zone[:64]
    gone = [row for row in known.values() if not row.busy]
    forget(db, [row.id for row in gone])
    for row in gone:
        db.delete(row)
    connection.listed_at = clock.utc_now()
    db.flush()
