"""Days on which a mentor offers no slot do not count toward the validity of packs (rule 9).

A day is judged once, as it begins in the mentor's zone, by what is offered at that moment: so a
pack never ends on a day that does not count. Days that the studio slept through are judged
afterwards as of their noon, by what is known now. The row of the day and the longer validity are
one transaction; the row's key says that it happens once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services import audit, availability, clock, db, locking, topics
from services.audit import SYSTEM
from services.ids import MentorId
from services.models import Availability, Mentor, OfferedDay, Pack, PackStatus, User

MOST_DAYS_BACK = 60
"""How many days an outage may have lasted for its days still to be judged."""
ONE_DAY = timedelta(days=1)
NOON = time(12)


def count_offered_days() -> int:
    """Judge the days that have begun since each mentor was judged last; how many were idle.

    Only of mentors whose packs have an end.
    """
    with db.reading() as session:
        waiting = select(col(Pack.mentor_id)).where(_runs()).distinct()
        mentors = session.exec(waiting.order_by(col(Pack.mentor_id))).all()
    return _count(mentors)


def count(mentor: MentorId) -> int:
    """The same for one mentor."""
    return _count([mentor])


def _count(mentors: Sequence[MentorId]) -> int:
    now = clock.utc_now()
    with db.reading() as session:
        days = _unjudged(session, mentors, now)
        moments = {moment for each in days.values() for _, moment in each}
        first = {
            moment: availability.next_free(
                session,
                [mentor for mentor, each in days.items() if moment in {at for _, at in each}],
                now=moment,
            )
            for moment in sorted(moments)
        }
    idle = 0
    for mentor, each in days.items():
        for day, moment in each:
            idle += _judge(mentor, day, moment, idle=first[moment].get(mentor) is None)
    return idle


def _runs() -> ColumnElement[bool]:
    running = col(Pack.expires_at).is_not(None) & col(Pack.paused_at).is_(None)
    return (col(Pack.status) == PackStatus.ACTIVE) & running


def _unjudged(
    db: Session, mentors: Sequence[MentorId], now: datetime
) -> dict[MentorId, list[tuple[date, datetime]]]:
    """For each mentor the local days without a row, each with the moment to judge it by."""
    found = db.exec(
        select(
            col(Mentor.id),
            func.coalesce(col(Availability.time_zone), col(User.time_zone)),
            func.max(col(OfferedDay.day)),
        )
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Availability, col(Availability.mentor_id) == col(Mentor.id))
        .outerjoin(OfferedDay, col(OfferedDay.mentor_id) == col(Mentor.id))
        .where(col(Mentor.id).in_(mentors))
        .group_by(col(Mentor.id), col(Availability.time_zone), col(User.time_zone))
    ).all()
    days: dict[MentorId, list[tuple[date, datetime]]] = {}
    for mentor, zone_name, last in found:
        zone = ZoneInfo(zone_name)
        today = now.astimezone(zone).date()
        first = max(last + ONE_DAY, today - MOST_DAYS_BACK * ONE_DAY) if last else today
        missing = [first + n * ONE_DAY for n in range((today - first).days + 1)]
        if missing:
            days[mentor] = [
                (day, now if day == today else datetime.combine(day, NOON, zone).astimezone(UTC))
                for day in missing
            ]
    return days


def _judge(mentor: MentorId, day: date, moment: datetime, *, idle: bool) -> bool:
    """Write the day's row and, if it was idle, let the packs run a day longer; False when it was
    not idle, or another worker was faster."""
    with db.transaction() as tx:
        locking.lock(tx, mentors=[mentor])
        if tx.get(OfferedDay, (mentor, day)) is not None:
            return False
        tx.add(OfferedDay(mentor_id=mentor, day=day, idle=idle))
        tx.flush()
        if idle:
            _lengthen(tx, mentor, day, moment)
        return idle


def _lengthen(db: Session, mentor: MentorId, day: date, moment: datetime) -> None:
    """One day more for each pack that was there at the `moment` by which the day is judged; one
    that waited then for the last to end waits a day more."""
    there = col(Pack.created_at) <= moment
    packs = db.exec(select(Pack).where(Pack.mentor_id == mentor, _runs(), there)).all()
    for pack in packs:
        if pack.expires_at is None:
            continue
        before = pack.expires_at
        pack.expires_at = before + ONE_DAY
        if pack.starts_at > moment:
            pack.starts_at += ONE_DAY
        topics.publish(db, topics.mentee(pack.mentee_id))
        audit.record(
            db,
            actor=SYSTEM,
            action="pack.extended",
            thing=pack.public_id,
            before={"expires_at": before.isoformat()},
            after={
                "expires_at": pack.expires_at.isoformat(),
                "reason": f"no slot was offered on {day.isoformat()}",
            },
        )
