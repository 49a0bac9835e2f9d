"""Busy time of connected calendars: read by pushes, by polling, and once more before a booking.

What cannot be read is unknown, not free: the last known busy time stays, and `blocking` says what
follows when it is too old.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from services import clock, db
from services.calendar import blocking, channels, deviations, listing, tokens
from services.config import settings
from services.errors import ProviderError
from services.ids import CalendarConnectionId, CalendarId, UserId, hashed
from services.models import (
    LIVE_SESSIONS,
    Availability,
    BusyTime,
    CalendarConnection,
    ConnectedCalendar,
    ConnectionStatus,
    Mentor,
    MentoringSession,
)
from services.providers.calendar.base import (
    BusyTimes,
    CalendarProvider,
    Changes,
    Interval,
    RemoteCalendar,
)

PAST = timedelta(days=1)
AT_LEAST = timedelta(days=90)
"""How far ahead busy time is read, unless the person's own horizon is longer."""
GONE = "It is not in your Google account any more"

log = structlog.get_logger()
_waited_for = ThreadPoolExecutor(16, thread_name_prefix="waited_for")
"""Reads calendars while somebody waits, who goes on when it takes too long."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one reading asks for, and the instant it began. `gone` calendars are known to be."""

    user_id: UserId
    began: datetime
    window: Interval
    busy: tuple[str, ...]
    gone: frozenset[str]
    sessions: ConnectedCalendar | None
    lists: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """What Google told. `changes` and `listed` are None when it was not asked for them."""

    busy: BusyTimes
    changes: Changes | None = None
    listed: tuple[RemoteCalendar, ...] | None = None


def take_due(*, limit: int = 50) -> list[CalendarConnectionId]:
    """Connections with a calendar that should be read now, found by `limit` calendars at the most.
    Each goes to one taker only."""
    now = clock.utc_now()
    due = (
        select(ConnectedCalendar)
        .join(
            CalendarConnection, col(CalendarConnection.id) == col(ConnectedCalendar.connection_id)
        )
        .where(
            col(ConnectedCalendar.look_at) <= now,
            CalendarConnection.status == ConnectionStatus.ACTIVE,
        )
        .order_by(col(ConnectedCalendar.look_at), col(ConnectedCalendar.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=ConnectedCalendar)
    )
    with db.transaction() as session:
        taken = list(dict.fromkeys(row.connection_id for row in session.exec(due).all()))
        if taken:
            session.exec(
                update(ConnectedCalendar)
                .where(col(ConnectedCalendar.connection_id).in_(taken))
                .values(look_at=now + timedelta(minutes=settings().calendar_poll_minutes))
            )
        return taken


def sync(connection_id: CalendarConnectionId, *, timeout_seconds: float | None = None) -> None:
    """Read busy time, what happened to our events, and once a day which calendars there are; see
    to the push channels. With `timeout_seconds`, when somebody waits, read busy time alone.

    Raises:
        ProviderUnavailable, ProviderRejected: nothing was changed but the note of the failure.
    """
    with db.reading() as session:
        plan = _plan(session, connection_id)
    if plan is None:
        return

    hurried = timeout_seconds is not None

    def ask(there: CalendarProvider) -> _Reading:
        busy = there.busy(plan.busy, plan.window) if plan.busy else BusyTimes({}, {})
        if hurried:
            return _Reading(busy)
        lists = plan.lists or not busy.missing <= plan.gone
        changes = deviations.changes_in(there, plan.sessions)
        return _Reading(busy, changes, there.list_calendars() if lists else None)

    try:
        reading = tokens.asking(connection_id, ask, timeout_seconds=timeout_seconds)
    except ProviderError as error:
        _note_failure(connection_id, error)
        raise
    with db.transaction() as session:
        if reading.listed is not None:
            _list(session, connection_id, reading.listed)
        _store(session, connection_id, plan, reading.busy, hurried=hurried)
        blocking.tell_unread(session, connection_id)
    if reading.changes is not None and plan.sessions is not None:
        deviations.apply(connection_id, plan.sessions, reading.changes, began=plan.began)
    if not hurried:
        channels.renew(connection_id)


def _list(
    db: Session, connection_id: CalendarConnectionId, listed: tuple[RemoteCalendar, ...]
) -> None:
    connection = db.get_one(CalendarConnection, connection_id, with_for_update=True)
    if connection.status is not ConnectionStatus.DISCONNECTED:
        listing.put(db, connection, listed)


def _plan(db: Session, connection_id: CalendarConnectionId) -> _Plan | None:
    connection = db.get_one(CalendarConnection, connection_id)
    if connection.status is not ConnectionStatus.ACTIVE:
        return None
    found = listing.calendars_of(db, connection_id)
    now = clock.utc_now()
    return _Plan(
        user_id=connection.user_id,
        began=now,
        window=(now - PAST, now + max(AT_LEAST, _horizon(db, connection.user_id))),
        busy=tuple(calendar.external_id for calendar in found if calendar.busy),
        gone=frozenset(calendar.external_id for calendar in found if calendar.error == GONE),
        sessions=next((each for each in found if channels.is_written(connection, each)), None),
        lists=listing.is_due(connection),
    )


def _horizon(db: Session, user_id: UserId) -> timedelta:
    own = select(Availability.horizon_days).join(
        Mentor, col(Mentor.id) == col(Availability.mentor_id)
    )
    days = db.exec(own.where(Mentor.user_id == user_id)).one_or_none()
    return timedelta(days=(days or settings().horizon_days) + 2)


def _store(
    db: Session,
    connection_id: CalendarConnectionId,
    plan: _Plan,
    told: BusyTimes,
    *,
    hurried: bool,
) -> None:
    """Put a reading in the place of the last one, unless a later one is there already."""
    rows = select(ConnectedCalendar).where(ConnectedCalendar.connection_id == connection_id)
    locked = db.exec(rows.order_by(col(ConnectedCalendar.id)).with_for_update()).all()
    own = _sessions_of(db, plan.user_id, plan.window)
    differs = False
    following = plan.began + timedelta(minutes=settings().calendar_poll_minutes)
    for calendar in locked:
        if calendar.look_at <= plan.began and not hurried:  # no push has come since
            calendar.look_at = following
        later = calendar.read_at is not None and calendar.read_at > plan.began
        if not calendar.busy or later:
            continue
        if calendar.external_id in told.missing:
            calendar.error = GONE
        elif reason := told.unknown.get(calendar.external_id):
            calendar.error = f"Google cannot read it: {reason}"[:300]
        elif (found := told.known.get(calendar.external_id)) is not None:
            differs |= _replace(db, calendar.id, plan.user_id, without(found, own))
            differs |= calendar.read_at is None
            calendar.read_at, calendar.error = plan.began, ""
    if differs:
        tokens.changed(db, plan.user_id)


def _replace(db: Session, calendar_id: CalendarId, user_id: UserId, wanted: list[Interval]) -> bool:
    """Whether anything is different now."""
    kept = select(BusyTime.starts_at, BusyTime.ends_at).where(BusyTime.calendar_id == calendar_id)
    if sorted((start, end) for start, end in db.exec(kept).all()) == wanted:
        return False
    listing.forget(db, [calendar_id])
    db.add_all(
        BusyTime(calendar_id=calendar_id, user_id=user_id, starts_at=start, ends_at=end)
        for start, end in wanted
    )
    return True


def _sessions_of(db: Session, user_id: UserId, window: Interval) -> list[Interval]:
    """The person's own sessions: they occupy their time themselves, and must not keep it
    occupied once they have moved."""
    live = select(MentoringSession.starts_at, MentoringSession.ends_at).where(
        (MentoringSession.mentee_id == user_id) | (MentoringSession.mentor_user_id == user_id),
        col(MentoringSession.status).in_(LIVE_SESSIONS),
        col(MentoringSession.ends_at) > window[0],
        col(MentoringSession.starts_at) < window[1],
    )
    return sorted((start, end) for start, end in db.exec(live).all())


def without(busy: Iterable[Interval], own: list[Interval]) -> list[Interval]:
    """The busy intervals, in order, with one's own sessions cut out."""
    left = sorted(busy)
    for start, end in own:
        cut: list[Interval] = []
        for begins, ends in left:
            if ends <= start or begins >= end:
                cut.append((begins, ends))
                continue
            if begins < start:
                cut.append((begins, start))
            if ends > end:
                cut.append((end, ends))
        left = cut
    return left


def _note_failure(connection_id: CalendarConnectionId, error: ProviderError) -> None:
    """What the owner reads beside each calendar; the last known busy time stays."""
    with db.transaction() as session:
        for calendar in listing.calendars_of(session, connection_id):
            calendar.error = f"Google did not answer ({error.code or type(error).__name__})"[:300]
        blocking.tell_unread(session, connection_id)


def refresh_if_stale(*user_ids: UserId) -> None:
    """Read these people's busy time if it is older than CALENDAR_FRESH_SECONDS, all at once and for
    IMPATIENT_SECONDS at the most. Never inside a transaction. An outage changes nothing: `blocked`
    says when too little is known."""
    oldest = clock.utc_now() - timedelta(seconds=settings().calendar_fresh_seconds)
    stale = (
        select(CalendarConnection.id)
        .join(ConnectedCalendar, col(CalendarConnection.id) == col(ConnectedCalendar.connection_id))
        .where(
            col(CalendarConnection.user_id).in_(user_ids),
            CalendarConnection.status == ConnectionStatus.ACTIVE,
            ConnectedCalendar.busy,
            col(ConnectedCalendar.read_at).is_(None) | (col(ConnectedCalendar.read_at) < oldest),
        )
        .distinct()
    )
    with db.reading() as session:
        connections = session.exec(stale).all()
    looks = [
        _waited_for.submit(copy_context().run, _look, CalendarConnectionId(each))
        for each in connections
    ]
    done, late = wait(looks, tokens.IMPATIENT_SECONDS)
    for look in done:
        look.result()  # a mistake of ours is no outage
    for look in late:
        look.cancel()  # one that has begun still ends, and what it finds is kept
        log.warning("calendar_not_refreshed", reason="late")


def _look(connection_id: CalendarConnectionId) -> None:
    try:
        sync(connection_id, timeout_seconds=tokens.IMPATIENT_SECONDS)
    except ProviderError as error:
        log.warning("calendar_not_refreshed", reason=type(error).__name__)


def pushed(*, channel: str, token: str) -> bool:
    """Google tells that a calendar has changed: read it soon. False when we opened no such
    channel, or the token is not its own: whoever made it up does not get as far as writing."""
    mine = select(ConnectedCalendar.channel_token_hash).where(
        ConnectedCalendar.channel_id == channel
    )
    with db.reading() as session:
        known = session.exec(mine).one_or_none()
    if known is None or not hmac.compare_digest(known, hashed(token)):
        return False
    now = clock.utc_now()
    due = update(ConnectedCalendar).where(
        col(ConnectedCalendar.channel_id) == channel, col(ConnectedCalendar.look_at) > now
    )
    with db.transaction() as session:
        session.exec(due.values(look_at=now))
    return True
