"""A mentee who has bought, and not yet said what booking needs, is reminded: after a day, after
two, then weekly for some weeks, until it is done.

The next moment stands on the mentee's own row; whoever slept through several is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from services import clock, locking, onboarding
from services.config import settings
from services.db import insert_or_ignore
from services.ids import UserId
from services.models import Onboarding, Pack, PackStatus, User
from services.reminders import book
from services.reminders.book import Moment
from services.telling import Line

KIND = "onboarding_reminder"
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)

NO_PACK = "There is no pack left to book with."


def start(db: Session, *, mentee_id: UserId) -> None:
    """A pack was bought: from now on its mentee is reminded of what booking needs."""
    first = next(_moments(clock.utc_now()))
    if insert_or_ignore(db, Onboarding(user_id=mentee_id, remind_at=first)):
        return
    waiting = col(Onboarding.user_id) == mentee_id, col(Onboarding.done_at).is_(None)
    db.exec(update(Onboarding).where(*waiting).values(remind_at=first))


def _moments(since: datetime) -> Iterator[datetime]:
    """The moments of the reminders, counted from the purchase."""
    yield from (since + DAY, since + 2 * DAY)
    for week in range(1, settings().onboarding_reminder_weeks + 1):
        yield since + 2 * DAY + week * WEEK


def find_due(db: Session, *, limit: int) -> Sequence[UserId]:
    """The mentees whose next reminder is due."""
    due = (
        select(col(Onboarding.user_id))
        .where(col(Onboarding.remind_at) <= clock.utc_now())
        .order_by(col(Onboarding.remind_at))
        .limit(limit)
    )
    return db.exec(due).all()


def remind(db: Session, user_id: UserId) -> bool:
    """Remind one mentee, and settle when the next reminder is due."""
    locking.lock(db, users=[user_id])
    told = db.get_one(Onboarding, user_id)
    locking.read_again(db, told)
    now, due_at = clock.utc_now(), told.remind_at
    if due_at is None or due_at > now:
        return False
    bought_at = _last_pack(db, user_id)
    told.remind_at = None
    if bought_at is not None and told.done_at is None:
        told.remind_at = next((at for at in _moments(bought_at) if at > now), None)
    db.flush()
    if told.done_at is None:
        _tell(db, user_id, due_at, bought=bought_at is not None)
    return True


def _tell(db: Session, user_id: UserId, due_at: datetime, *, bought: bool) -> None:
    reader = db.get_one(User, user_id)
    moment = Moment(KIND, reader.public_id, due_at.isoformat(), due_at)
    if not bought:
        book.suppress(db, moment, user_id=user_id, reason=NO_PACK)
        return
    standing = onboarding.standing(db, [user_id])[user_id]
    missing = standing.of - standing.done
    steps = "One step is" if missing == 1 else f"{missing} steps are"
    line = Line("You can book after a few steps", f"{steps} still to do.", "/onboarding")
    book.remind(db, moment, reader=reader, line=line)


def _last_pack(db: Session, user_id: UserId) -> datetime | None:
    """When the newest of the packs was bought that can still be used."""
    found = select(func.max(col(Pack.created_at))).where(
        col(Pack.mentee_id) == user_id,
        col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
        col(Pack.left) > 0,
    )
    return db.exec(found).one()
