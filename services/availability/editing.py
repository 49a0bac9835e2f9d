"""Reading and saving a mentor's rules: for the mentor and for admins."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, topics
from services.audit import Actor
from services.availability.checks import FURTHEST_DAY, checked_now
from services.availability.reading import Desk, desks, overrides_of
from services.availability.shapes import DayHours, RulesInput, RulesView, TimeOffView
from services.config import settings
from services.ids import MentorId
from services.models import (
    Availability,
    DateOverride,
    Mentor,
    MentoringSession,
    OccupiedTime,
    SlotHold,
    TimeOff,
    WeeklyHours,
)
from services.slots import local_day


def get_rules(db: Session, *, actor: Actor, mentor: str) -> RulesView:
    """The rules of a mentor (slug), with the dates and the time off that are not over.

    Raises:
        NotFound
    """
    row = access.mentor_for(db, actor, mentor)
    now = clock.utc_now()
    desk = desks(db, [row.id], since=now, until=now)[row.id]
    today = local_day(desk.rules.zone, now)
    return RulesView(
        slug=row.slug,
        name=desk.name,
        rules=_as_input(db, desk, today),
        time_off=_time_off(db, row.id, now, today),
        off_sale=desk.off_sale,
        step_minutes=settings().slot_step_minutes,
    )


def save_rules(*, actor: Actor, mentor: str, rules: RulesInput) -> None:
    """Replace a mentor's rules. Booked sessions stay: `collisions` lists those that do not fit.

    A shorter buffer holds for the sessions that are booked already, a longer one for new ones.

    Raises:
        NotFound
        InvalidInput: `field` says which.
    """
    with db.transaction() as session:
        row = access.mentor_for(session, actor, mentor)
        now = clock.utc_now()
        locking.lock(session, users=[row.user_id], mentors=[row.id])
        desk = desks(session, [row.id], since=now, until=now)[row.id]
        before = _as_input(session, desk, local_day(desk.rules.zone, now))
        new = checked_now(rules, now)
        stored = session.get(Availability, row.id) is not None
        if new == before and stored:
            return
        _store(session, row, new, now)
        if new.buffer_minutes < before.buffer_minutes:
            _shorten_buffers(session, row, new.buffer_minutes)
        topics.publish(session, topics.availability(row.id))
        audit.record(
            session,
            actor=actor,
            action="availability.changed",
            thing=row.public_id,
            **_changes(before, new),
        )


def _as_input(db: Session, desk: Desk, today: date) -> RulesInput:
    rules = desk.rules
    dates = overrides_of(db, [desk.mentor_id], first=today, last=today + FURTHEST_DAY)
    return RulesInput(
        time_zone=rules.zone,
        weekly=rules.weekly,
        overrides=tuple(DayHours(day, hours) for day, hours in dates[desk.mentor_id].items()),
        session_minutes=rules.session_minutes,
        buffer_minutes=rules.buffer_minutes,
        notice_minutes=rules.notice_minutes,
        horizon_days=rules.horizon_days,
        meeting_link=desk.meeting_link,
    )


def _time_off(
    db: Session, mentor_id: MentorId, now: datetime, today: date
) -> tuple[TimeOffView, ...]:
    rows = db.exec(
        select(TimeOff)
        .where(TimeOff.mentor_id == mentor_id)
        .where((col(TimeOff.ends_at) > now) | (col(TimeOff.last_day) >= today))
    ).all()
    ordered = sorted(rows, key=lambda row: (row.first_day or row.starts_at.date(), row.id))  # type: ignore[union-attr]  # a constraint: the one or the other
    return tuple(
        TimeOffView(
            row.public_id, row.starts_at, row.ends_at, row.first_day, row.last_day, row.note
        )
        for row in ordered
    )


def _store(db: Session, mentor: Mentor, new: RulesInput, now: datetime) -> None:
    values: dict[str, Any] = {
        "time_zone": new.time_zone,
        "session_minutes": new.session_minutes,
        "buffer_minutes": new.buffer_minutes,
        "notice_minutes": new.notice_minutes,
        "horizon_days": new.horizon_days,
        "meeting_link": new.meeting_link,
        "updated_at": now,
    }
    row = db.get(Availability, mentor.id)
    if row is None:
        db.add(Availability(mentor_id=mentor.id, **values))
    else:
        row.sqlmodel_update(values)
    today = local_day(new.time_zone, now)
    db.exec(delete(WeeklyHours).where(col(WeeklyHours.mentor_id) == mentor.id))
    db.exec(
        delete(DateOverride)
        .where(col(DateOverride.mentor_id) == mentor.id)
        .where(col(DateOverride.day) >= today)
    )
    for weekday, windows in enumerate(new.weekly):
        for start, end in windows:
            db.add(
                WeeklyHours(
                    mentor_id=mentor.id, weekday=weekday, start_minute=start, end_minute=end
                )
            )
    for one in new.overrides:
        for start, end in one.windows or [(None, None)]:
            db.add(
                DateOverride(mentor_id=mentor.id, day=one.day, start_minute=start, end_minute=end)
            )
    db.flush()


def _shorten_buffers(db: Session, mentor: Mentor, buffer_minutes: int) -> None:
    """Let the time that the mentor's sessions and holds take end earlier, if the buffer does."""
    rows = db.exec(
        select(OccupiedTime, MentoringSession.ends_at, SlotHold.ends_at)
        .outerjoin(MentoringSession, col(MentoringSession.id) == col(OccupiedTime.session_id))
        .outerjoin(SlotHold, col(SlotHold.id) == col(OccupiedTime.hold_id))
        .where(col(OccupiedTime.person_id) == mentor.user_id)
        .where(col(OccupiedTime.mentor_side).is_(True))
    )
    for row, session_ends, hold_ends in rows:
        exact: datetime = session_ends or hold_ends
        row.ends_at = min(row.ends_at, exact + timedelta(minutes=buffer_minutes))
    db.flush()


def _changes(before: RulesInput, after: RulesInput) -> dict[str, dict[str, Any]]:
    old, new = _told(before), _told(after)
    changed = [field for field in new if old[field] != new[field]]
    return {
        "before": {field: old[field] for field in changed},
        "after": {field: new[field] for field in changed},
    }


def _told(rules: RulesInput) -> dict[str, Any]:
    """For the audit line. The link may let anybody in who reads it."""
    told = asdict(rules)
    told["overrides"] = {one.day.isoformat(): one.windows for one in rules.overrides}
    told["meeting_link"] = "set" if rules.meeting_link else "empty"
    return told
