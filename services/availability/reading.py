"""What the database knows of mentors' calendars, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services import calendar
from services.config import settings
from services.db import among
from services.ids import MentorId, SessionId, UserId
from services.models import (
    Availability,
    BusyTime,
    CalendarConnection,
    ConnectedCalendar,
    ConnectionStatus,
    DateOverride,
    Mentor,
    MentoringSession,
    OccupiedTime,
    SlotHold,
    TimeOff,
    User,
    UserStatus,
    WeeklyHours,
)
from services.slots import Busy, BusyKind, Rules, Span, Taken, Window

DAY = timedelta(days=1)
LONGEST = timedelta(minutes=480 + 60)
"""The longest session with the longest buffer: what lies further away cannot be in the way."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One mentor's rules, and why nothing is offered at all ("": something may be)."""

    mentor_id: MentorId
    user_id: UserId
    name: str
    rules: Rules
    meeting_link: str
    off_sale: str


def desks(
    db: Session, mentors: Collection[MentorId], *, since: datetime, until: datetime
) -> dict[MentorId, Desk]:
    """The rules of these mentors, as far as they matter between two instants; five queries."""
    rows = _chosen(db, mentors)
    first, last = (since - DAY).date(), (until + LONGEST + DAY).date()
    weekly = _weekly(db, mentors)
    overrides = overrides_of(db, mentors, first=first, last=last)
    days_off, spans_off = _time_off(db, mentors, since, until, first=first, last=last)
    blocked = calendar.blocked(db, [row.user_id for row in rows])
    found: dict[MentorId, Desk] = {}
    for row in rows:
        rules = Rules(
            zone=row.chosen_zone or row.time_zone,
            weekly=tuple(map(tuple, weekly[row.id])),
            overrides=overrides[row.id],
            days_off=tuple(days_off[row.id]),
            time_off=tuple(spans_off[row.id]),
            step_minutes=settings().slot_step_minutes,
            **_numbers(row),
        )
        off_sale = _off_sale(row) or blocked.get(row.user_id, "")
        found[row.id] = Desk(row.id, row.user_id, row.name, rules, row.meeting_link or "", off_sale)
    return found


def _chosen(db: Session, mentors: Collection[MentorId]) -> Sequence[Any]:
    """Columns, not rows of tables: a catalogue asks for hundreds of mentors."""
    chosen = (
        columns(
            col(Mentor.id),
            col(Mentor.user_id),
            col(Mentor.suspended_at),
            col(User.name),
            col(User.status),
            col(User.time_zone),
            col(Availability.time_zone).label("chosen_zone"),
            col(Availability.session_minutes),
            col(Availability.buffer_minutes),
            col(Availability.notice_minutes),
            col(Availability.horizon_days),
            col(Availability.meeting_link),
        )
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Availability, col(Availability.mentor_id) == col(Mentor.id))
        .where(among(db, Mentor.id, mentors))
    )
    return db.connection().execute(chosen).all()


def _numbers(row: Any) -> dict[str, int]:
    """The mentor's own numbers, else the studio's."""
    if row.chosen_zone is not None:
        return {
            "session_minutes": row.session_minutes,
            "buffer_minutes": row.buffer_minutes,
            "notice_minutes": row.notice_minutes,
            "horizon_days": row.horizon_days,
        }
    studio = settings()
    return {
        "session_minutes": studio.session_minutes,
        "buffer_minutes": studio.buffer_minutes,
        "notice_minutes": studio.notice_hours * 60,
        "horizon_days": studio.horizon_days,
    }


def _off_sale(row: Any) -> str:
    if row.status is not UserStatus.ACTIVE or row.suspended_at is not None:
        return f"{row.name} takes no bookings at the moment."
    return ""


def _weekly(
    db: Session, mentors: Collection[MentorId]
) -> defaultdict[MentorId, tuple[list[Window], ...]]:
    """The windows of each weekday, Monday first."""
    hours = (
        columns(
            col(WeeklyHours.mentor_id),
            col(WeeklyHours.weekday),
            col(WeeklyHours.start_minute),
            col(WeeklyHours.end_minute),
        )
        .where(among(db, WeeklyHours.mentor_id, mentors))
        .order_by(col(WeeklyHours.start_minute))
    )
    found: defaultdict[MentorId, tuple[list[Window], ...]] = defaultdict(_no_hours)
    for mentor, weekday, start, end in db.connection().execute(hours):
        found[mentor][weekday].append(Window(start, end))
    return found


def _no_hours() -> tuple[list[Window], ...]:
    return ([], [], [], [], [], [], [])


def overrides_of(
    db: Session, mentors: Collection[MentorId], *, first: date, last: date
) -> defaultdict[MentorId, dict[date, tuple[Window, ...]]]:
    """The hours of single dates from `first` to `last`."""
    rows = db.exec(
        select(DateOverride)
        .where(among(db, DateOverride.mentor_id, mentors))
        .where(col(DateOverride.day).between(first, last))
        .order_by(col(DateOverride.day), col(DateOverride.start_minute))
    )
    found: defaultdict[MentorId, dict[date, tuple[Window, ...]]] = defaultdict(dict)
    for row in rows:
        window = (
            ()
            if row.start_minute is None or row.end_minute is None
            else (Window(row.start_minute, row.end_minute),)
        )
        days = found[row.mentor_id]
        days[row.day] = days.get(row.day, ()) + window
    return found


def _time_off(
    db: Session,
    mentors: Collection[MentorId],
    since: datetime,
    until: datetime,
    *,
    first: date,
    last: date,
) -> tuple[
    defaultdict[MentorId, list[tuple[date, date]]],
    defaultdict[MentorId, list[Span]],
]:
    rows = db.exec(
        select(TimeOff)
        .where(among(db, TimeOff.mentor_id, mentors))
        .where(or_(col(TimeOff.ends_at) > since, col(TimeOff.last_day) >= first))
        .where(or_(col(TimeOff.starts_at) < until + LONGEST, col(TimeOff.first_day) <= last))
    )
    days: defaultdict[MentorId, list[tuple[date, date]]] = defaultdict(list)
    spans: defaultdict[MentorId, list[Span]] = defaultdict(list)
    for row in rows:
        if row.first_day is not None and row.last_day is not None:
            days[row.mentor_id].append((row.first_day, row.last_day))
        elif row.starts_at is not None and row.ends_at is not None:
            spans[row.mentor_id].append(Span(row.starts_at, row.ends_at))
    return days, spans


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom, and for which session that is being moved, the time is read: what is theirs
    already does not stand in their own way."""

    now: datetime
    mentee_id: UserId | None = None
    moving: SessionId | None = None


def taken_time(
    db: Session, of: Iterable[Desk], *, asking: Asking, since: datetime, until: datetime
) -> dict[MentorId, Taken]:
    """What takes the time of each mentor, and of the mentee, between two instants; two queries.

    A mentor's own sessions count without the buffer that their rows hold, since the rules add it
    again; where a row holds a longer one from before, it is kept. The mentee's rows count as the
    database compares them.
    """
    by_mentor = {desk.user_id: desk for desk in of}
    people = {*by_mentor, *([asking.mentee_id] if asking.mentee_id is not None else [])}
    mentors: defaultdict[UserId, list[Busy]] = defaultdict(list)
    mentee: list[Busy] = []
    freed: list[Span] = []
    for person, mentor_side, session_id, starts, ends, exact in _occupied(
        db, people, asking, since, until
    ):
        if session_id is not None and session_id == asking.moving:
            freed.append(Span(starts, exact))
            continue
        kind = BusyKind.HOLD if session_id is None else BusyKind.SESSION
        if person == asking.mentee_id:
            mentee.append(Busy(starts, ends, kind))
        if person in by_mentor:
            buffer = timedelta(minutes=by_mentor[person].rules.buffer_minutes)
            until_then = max(exact, ends - buffer) if mentor_side else ends
            mentors[person].append(Busy(starts, until_then, kind))
    for person, starts, ends in _calendars(db, people, since, until):
        for busy in _without(Span(starts, ends), freed):
            if person == asking.mentee_id:
                mentee.append(busy)
            if person in by_mentor:
                mentors[person].append(busy)
    return {
        desk.mentor_id: Taken(tuple(mentors[user_id]), tuple(mentee))
        for user_id, desk in by_mentor.items()
    }


def _occupied(
    db: Session, people: Collection[UserId], asking: Asking, since: datetime, until: datetime
) -> Sequence[Any]:
    """What lives, without what the mentee holds; the last column is the end without a buffer."""
    lives = col(OccupiedTime.hold_id).is_(None) | (col(SlotHold.held_until) > asking.now)
    if asking.mentee_id is not None:
        lives &= col(OccupiedTime.hold_id).is_(None) | (col(SlotHold.mentee_id) != asking.mentee_id)
    occupied = (
        columns(
            col(OccupiedTime.person_id),
            col(OccupiedTime.mentor_side),
            col(OccupiedTime.session_id),
            col(OccupiedTime.starts_at),
            col(OccupiedTime.ends_at),
            func.coalesce(col(MentoringSession.ends_at), col(SlotHold.ends_at)),
        )
        .outerjoin(MentoringSession, col(MentoringSession.id) == col(OccupiedTime.session_id))
        .outerjoin(SlotHold, col(SlotHold.id) == col(OccupiedTime.hold_id))
        .where(among(db, OccupiedTime.person_id, people), lives)
        .where(col(OccupiedTime.ends_at) > since - LONGEST)
        .where(col(OccupiedTime.starts_at) < until + LONGEST)
        .order_by(col(OccupiedTime.starts_at))
    )
    return db.connection().execute(occupied).all()


def _calendars(
    db: Session, people: Collection[UserId], since: datetime, until: datetime
) -> Sequence[Any]:
    busy = (
        columns(col(BusyTime.user_id), col(BusyTime.starts_at), col(BusyTime.ends_at))
        .join(ConnectedCalendar, col(ConnectedCalendar.id) == col(BusyTime.calendar_id))
        .join(
            CalendarConnection,
            col(CalendarConnection.id) == col(ConnectedCalendar.connection_id),
        )
        .where(among(db, BusyTime.user_id, people))
        .where(col(BusyTime.ends_at) > since - LONGEST)
        .where(col(BusyTime.starts_at) < until + LONGEST)
        .where(col(ConnectedCalendar.busy).is_(True))
        .where(col(CalendarConnection.status) != ConnectionStatus.DISCONNECTED)
        .order_by(col(BusyTime.starts_at))
    )
    return db.connection().execute(busy).all()


def _without(span: Span, freed: Iterable[Span]) -> list[Busy]:
    """A calendar's busy time less that of the session that is being moved: it stands in the
    calendar too."""
    parts = [span]
    for hole in freed:
        parts = [
            part
            for starts, ends in parts
            for part in (
                Span(starts, min(ends, hole.starts_at)),
                Span(max(starts, hole.ends_at), ends),
            )
            if part.starts_at < part.ends_at
        ]
    return [Busy(starts, ends, BusyKind.CALENDAR) for starts, ends in parts]
