"""Time off: whole days of the mentor, or from one instant to another."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, locking, topics
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.models import Mentor, TimeOff

MOST_ENTRIES = 200
FURTHEST = timedelta(days=2 * 366)
LONGEST = timedelta(days=366)
_DAY = timedelta(days=1)


def add_time_off(
    *,
    actor: Actor,
    mentor: str,
    first_day: date | None = None,
    last_day: date | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    note: str = "",
) -> str:
    """Take time off; its public id. Either both days (both included, in the mentor's zone) or both
    instants (aware). Booked sessions stay: `collisions` lists those inside.

    Raises:
        NotFound
        InvalidInput: `first_day`, `last_day`, `starts_at`, `ends_at` or `note`.
        Conflict: there are too many entries already.
    """
    note = inputs.line(note, field="note", what="The note", most=200)
    now = clock.utc_now()
    if starts_at is None and ends_at is None:
        times = _days(first_day, last_day, now.date())
    elif first_day is None and last_day is None:
        times = _instants(starts_at, ends_at, now)
    else:
        raise InvalidInput("first_day", "Choose whole days, or a time on one day.")
    with db.transaction() as session:
        row = access.mentor_for(session, actor, mentor)
        locking.lock(session, mentors=[row.id])
        if _count_open(session, row, now) >= MOST_ENTRIES:
            raise Conflict(f"There are {MOST_ENTRIES} entries already. Remove some first.")
        entry = TimeOff(mentor_id=row.id, note=note, **times)
        session.add(entry)
        session.flush()
        _remember(session, actor, row, "availability.time_off_added", after=_told(entry))
        return entry.public_id


def remove_time_off(*, actor: Actor, mentor: str, time_off: str) -> None:
    """Take an entry (public id) back; one that is gone already is gone.

    Raises:
        NotFound: no such mentor.
    """
    with db.transaction() as session:
        row = access.mentor_for(session, actor, mentor)
        locking.lock(session, mentors=[row.id])
        entry = session.exec(
            select(TimeOff).where(TimeOff.public_id == time_off, TimeOff.mentor_id == row.id)
        ).one_or_none()
        if entry is not None:
            session.delete(entry)
            session.flush()
            _remember(session, actor, row, "availability.time_off_removed", before=_told(entry))


def _days(first: date | None, last: date | None, today: date) -> dict[str, Any]:
    if first is None:
        raise InvalidInput("first_day", "Choose the first day.")
    last = last or first
    if last < first:
        raise InvalidInput("last_day", "The last day must not be before the first one.")
    if last < today - _DAY:
        raise InvalidInput("last_day", "This time is over already.")
    if last > today + FURTHEST:
        raise InvalidInput("last_day", "Choose days within the next two years.")
    if last - first > LONGEST:
        raise InvalidInput("last_day", "Choose at most a year at a time.")
    return {"first_day": first, "last_day": last}


def _instants(starts: datetime | None, ends: datetime | None, now: datetime) -> dict[str, Any]:
    if starts is None or starts.tzinfo is None:
        raise InvalidInput("starts_at", "Choose when it starts.")
    if ends is None or ends.tzinfo is None:
        raise InvalidInput("ends_at", "Choose when it ends.")
    if ends <= starts:
        raise InvalidInput("ends_at", "It must end after it starts.")
    if ends <= now:
        raise InvalidInput("ends_at", "This time is over already.")
    if ends > now + FURTHEST:
        raise InvalidInput("ends_at", "Choose a time within the next two years.")
    if ends - starts > LONGEST:
        raise InvalidInput("ends_at", "Choose at most a year at a time.")
    return {"starts_at": starts, "ends_at": ends}


def _count_open(db: Session, mentor: Mentor, now: datetime) -> int:
    return db.exec(
        select(func.count(col(TimeOff.id)))
        .where(TimeOff.mentor_id == mentor.id)
        .where((col(TimeOff.ends_at) > now) | (col(TimeOff.last_day) >= now.date()))
    ).one()


def _told(entry: TimeOff) -> dict[str, str]:
    """The times as they were chosen; the note is the mentor's own business."""
    times = (entry.first_day, entry.last_day, entry.starts_at, entry.ends_at)
    names = ("first_day", "last_day", "starts_at", "ends_at")
    return {
        name: time.isoformat() for name, time in zip(names, times, strict=True) if time is not None
    } | {"time_off": entry.public_id}


def _remember(
    db: Session, actor: Actor, mentor: Mentor, action: str, **told: dict[str, str]
) -> None:
    topics.publish(db, topics.availability(mentor.id))
    audit.record(db, actor=actor, action=action, thing=mentor.public_id, **told)
