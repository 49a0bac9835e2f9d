"""Push channels: the vendor tells us that a calendar has changed, so that we read it at once.

A channel lives for a week at most and cannot be renewed: a new one is opened a day before, then the
old one is closed. Messages get lost, so calendars are read every few minutes besides. Where no
channel can be opened (no public https address, a calendar of somebody else's, which the consent to
one's own events does not cover) that is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

import structlog
from sqlmodel import col, select

from services import clock, db, urls
from services.calendar import tokens
from services.errors import ProviderError, ProviderRejected
from services.ids import CalendarConnectionId, hashed, new_public_id, new_secret
from services.models import CalendarConnection, ConnectedCalendar, ConnectionStatus
from services.providers.calendar.base import (
    Access,
    AccessLost,
    CalendarProvider,
    Channel,
    ScopeMissing,
)

LIVES = timedelta(days=7)
RENEWED_BEFORE = timedelta(days=1)
PATH = "/api/webhooks/google"

log = structlog.get_logger()


def may(connection: CalendarConnection, access: Access) -> bool:
    """Whether the person has consented to that."""
    return access.value in connection.scopes.split()


def is_written(connection: CalendarConnection, calendar: ConnectedCalendar) -> bool:
    """Whether sessions are written into this calendar."""
    own = calendar.external_id == connection.sessions_calendar
    return own and may(connection, Access.EVENTS)


def renew(connection_id: CalendarConnectionId) -> None:
    """Open the channels that are missing or end within a day."""
    soon = clock.utc_now() + RENEWED_BEFORE
    wanted = select(ConnectedCalendar).where(
        ConnectedCalendar.connection_id == connection_id,
        col(ConnectedCalendar.channel_expires_at).is_(None)
        | (col(ConnectedCalendar.channel_expires_at) < soon),
    )
    with db.reading() as session:
        connection = session.get_one(CalendarConnection, connection_id)
        due = [row for row in session.exec(wanted).all() if row.busy or is_written(connection, row)]
    if connection.status is not ConnectionStatus.ACTIVE or not may(connection, Access.EVENTS):
        return
    for calendar in due:
        try:
            _open(connection_id, calendar)
        except AccessLost:
            return
        except ProviderRejected as refused:
            log.warning("calendar_channel_refused", reason=refused.code)
            _try_again_later(calendar)
        except ProviderError as error:
            log.warning("calendar_channel_failed", reason=type(error).__name__)


def _open(connection_id: CalendarConnectionId, calendar: ConnectedCalendar) -> None:
    name, secret = new_public_id("chn"), new_secret()

    def watch(there: CalendarProvider) -> Channel:
        try:
            return there.watch(
                calendar.external_id,
                channel=name,
                token=secret,
                address=urls.absolute(PATH),
                until=clock.utc_now() + LIVES,
            )
        except ScopeMissing as refused:  # a hint less; nothing is lost by it
            raise ProviderRejected(tokens.GOOGLE, str(refused), code=refused.code) from refused

    opened = tokens.asking(connection_id, watch)
    old = Channel(calendar.channel_id or "", calendar.channel_resource, clock.utc_now())
    with db.transaction() as session:
        row = session.get(ConnectedCalendar, calendar.id, with_for_update=True)
        if row is not None and row.channel_id == calendar.channel_id:
            row.channel_id, row.channel_token_hash = opened.id, hashed(secret)
            row.channel_resource, row.channel_expires_at = opened.resource, opened.expires_at
        else:  # somebody was faster: theirs stays
            old = opened
    if old.id:
        close(connection_id, [(old.id, old.resource)])


def _try_again_later(calendar: ConnectedCalendar) -> None:
    """Without a channel, the end of it says when the next one is tried."""
    with db.transaction() as session:
        row = session.get(ConnectedCalendar, calendar.id)
        if row is not None and row.channel_id is None:
            row.channel_expires_at = clock.utc_now() + 2 * RENEWED_BEFORE


def close(
    connection_id: CalendarConnectionId,
    opened: Iterable[tuple[str, str]],
    *,
    timeout_seconds: float | None = None,
) -> None:
    """Close channels, given by id and resource, until Google does not go along; one that stays open
    says nothing that we would believe, and ends."""

    def stop(there: CalendarProvider) -> None:
        for channel, resource in opened:
            there.stop(channel=channel, resource=resource)

    with suppress(ProviderError):
        tokens.asking(connection_id, stop, timeout_seconds=timeout_seconds)
