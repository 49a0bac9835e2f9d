"""What rules lead to, before they are saved or after: the slots, and the sessions that collide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from services import access, clock
from services.audit import Actor
from services.availability import words
from services.availability.checks import as_rules, checked_now
from services.availability.reading import Asking, desks, taken_time
from services.availability.shapes import Collision, RulesInput
from services.errors import InvalidInput
from services.models import MentoringSession, SessionStatus, User
from services.slots import MINUTES_OF_DAY, Rules, Slot, Why, slots, why

MOST_DAYS = 42
MOST_COLLISIONS = 100
_EXCLUDED = frozenset({Why.DAY_CLOSED, Why.OUTSIDE_HOURS, Why.TIME_OFF})
_AHEAD = timedelta(days=400)


def preview(
    db: Session, *, actor: Actor, mentor: str, rules: RulesInput, first_day: date, days: int = 7
) -> tuple[Slot, ...]:
    """The slots that a mentee would see on some dates of the rules' zone, were these the rules;
    with the time off and the busy time that stand. At most 42 days; nothing is stored.

    Raises:
        NotFound
        InvalidInput: as saving them would.
    """
    row = access.mentor_for(db, actor, mentor)
    now = clock.utc_now()
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"Choose from 1 to {MOST_DAYS} days.")
    if abs(first_day - now.date()) > _AHEAD:
        raise InvalidInput("first_day", "Choose a day within the next year.")
    chosen = checked_now(rules, now)
    since = instant_of(chosen.time_zone, first_day, 0)
    until = instant_of(chosen.time_zone, first_day + timedelta(days=days), 0)
    desk = desks(db, [row.id], since=since, until=until)[row.id]
    desk = replace(desk, rules=as_rules(chosen, standing=desk.rules))
    taken = taken_time(db, [desk], asking=Asking(now), since=since, until=until)[row.id]
    return tuple(slots(desk.rules, now=now, since=since, until=until, taken=taken))


def collisions(
    db: Session, *, actor: Actor, mentor: str, rules: RulesInput | None = None
) -> tuple[Collision, ...]:
    """The booked sessions to come that the hours or the time off exclude; the first hundred.

    With `rules` those that these would exclude, with the time off that stands.

    Raises:
        NotFound
        InvalidInput: as saving them would.
    """
    row = access.mentor_for(db, actor, mentor)
    now = clock.utc_now()
    found = db.exec(
        select(MentoringSession, User)
        .join(User, col(User.id) == col(MentoringSession.mentee_id))
        .where(MentoringSession.mentor_id == row.id)
        .where(MentoringSession.status == SessionStatus.SCHEDULED)
        .where(col(MentoringSession.starts_at) > now)
        .order_by(col(MentoringSession.starts_at), col(MentoringSession.id))
    ).all()
    if not found:
        return ()
    desk = desks(db, [row.id], since=now, until=found[-1][0].starts_at)[row.id]
    standing = (
        as_rules(checked_now(rules, now), standing=desk.rules) if rules is not None else desk.rules
    )
    excluded = (
        Collision(
            session=session.public_id,
            sequence=session.sequence,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            mentee=mentee.public_id,
            mentee_name=mentee.name,
            why=told,
        )
        for session, mentee in found
        if (told := _why_excluded(standing, session, now))
    )
    return tuple(one for _, one in zip(range(MOST_COLLISIONS), excluded, strict=False))


def _why_excluded(rules: Rules, session: MentoringSession, now: datetime) -> str:
    """The first reason in words; "" when hours and time off allow the session as it is."""
    length = (session.ends_at - session.starts_at) // timedelta(minutes=1)
    as_it_is = replace(rules, session_minutes=max(1, length))
    reasons = why(as_it_is, session.starts_at, now=now)
    return next((words.for_mentor(r, rules) for r in reasons if r.why in _EXCLUDED), "")


def instant_of(zone: str, day: date, minute: int) -> datetime:
    """The instant (UTC) at which a zone's clocks show a minute of a day, 1440 being its end.

    What the clocks show twice is the first time; what they skip is as much later as they jump.
    """
    wall = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(
        minutes=max(0, min(minute, MINUTES_OF_DAY))
    )
    return wall.astimezone(UTC)
