"""What a person was told in the app: how much of it is unread, the list, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, delete, select, update

from services import access, clock, locking, paging, topics
from services import db as database
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput, NotFound
from services.ids import NotificationId, UserId
from services.models import Notification, User, UserStatus
from services.paging import Part

MOST_COUNTED = 100
"""Nobody reads a larger number: "99+" it is."""
PER_PAGE = 30
_PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Said:
    """One line as its reader sees it. `href` is a path of ours, or ""."""

    public_id: str
    title: str
    body: str
    href: str
    at: datetime
    unread: bool


def count_unread(db: Session, *, actor: Actor) -> int:
    """How many lines the signed-in person has not read, at most MOST_COUNTED.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    unread = (
        select(col(Notification.id))
        .where(Notification.user_id == user_id, col(Notification.read_at).is_(None))
        .limit(MOST_COUNTED)
        .subquery()
    )
    return db.exec(select(func.count()).select_from(unread)).one()


def list_said(
    db: Session, *, actor: Actor, before: str | None = None, limit: int = PER_PAGE
) -> Part[Said]:
    """One's own lines, newest first, from after the line `before` (a public id).

    Raises:
        SignInNeeded
        InvalidInput: there is no such line any more.
    """
    user_id = access.require_user(actor)
    found = select(Notification).where(Notification.user_id == user_id)
    if before:
        found = found.where(col(Notification.id) < _place_of(db, user_id, before))
    size = paging.bounded(limit)
    found = found.order_by(col(Notification.id).desc()).limit(size + 1)
    rows, more = paging.cut(db.exec(found).all(), size)
    return Part(
        rows=tuple(_said(row) for row in rows),
        next=rows[-1].public_id if more else None,
    )


def _place_of(db: Session, user_id: UserId, line: str) -> NotificationId:
    """Where one's own line stands.

    Raises:
        InvalidInput
    """
    own = Notification.user_id == user_id
    found = db.exec(select(Notification.id).where(Notification.public_id == line, own))
    place = found.one_or_none()
    if place is None:
        raise InvalidInput("before", "This list has changed. Please start again from its top.")
    return NotificationId(place)


def _said(row: Notification) -> Said:
    return Said(
        public_id=row.public_id,
        title=row.title,
        body=row.body,
        href=row.href,
        at=row.created_at,
        unread=row.read_at is None,
    )


# Reading changes nothing that anybody would ask about later: it leaves no audit line.


def mark_read(db: Session, *, actor: Actor, line: str) -> None:
    """Note that one's own line (a public id) was read; once more changes nothing.

    Raises:
        SignInNeeded, NotFound
    """
    user_id = access.require_user(actor)
    row = db.exec(
        select(Notification).where(Notification.public_id == line, Notification.user_id == user_id)
    ).one_or_none()
    if row is None:
        raise NotFound("notification")
    if row.read_at is None:
        row.read_at = clock.utc_now()
        topics.publish(db, topics.bell(user_id))


def mark_all_read(db: Session, *, actor: Actor, until: str) -> None:
    """Note that everything was read up to one's own line `until` (a public id), the newest that the
    person sees: what comes meanwhile stays unread.

    Raises:
        SignInNeeded, NotFound
    """
    user_id = access.require_user(actor)
    locking.lock(db, users=[user_id])  # two pages of one person mark the same rows in one order
    last = db.exec(
        select(Notification.id).where(
            Notification.public_id == until, Notification.user_id == user_id
        )
    ).one_or_none()
    if last is None:
        raise NotFound("notification")
    unread = (
        col(Notification.user_id) == user_id,
        col(Notification.read_at).is_(None),
        col(Notification.id) <= last,
    )
    db.exec(update(Notification).where(*unread).values(read_at=clock.utc_now()))
    topics.publish(db, topics.bell(user_id))


def prune() -> int:
    """Forget lines, read or not, after NOTIFICATION_DAYS, and what was told to somebody at the very
    moment of their erasure; how many. Safe at any time and twice."""
    before = clock.utc_now() - timedelta(days=settings().notification_days)
    erased = select(User.id).where(User.status == UserStatus.ERASED)
    over = (col(Notification.created_at) < before) | col(Notification.user_id).in_(erased)
    old = (
        select(Notification.id)
        .where(over)
        .order_by(col(Notification.created_at))
        .limit(_PRUNED_AT_ONCE)
    )
    pruned = 0
    while True:
        with database.transaction() as session:
            gone = session.exec(delete(Notification).where(col(Notification.id).in_(old))).rowcount
        pruned += gone
        if gone < _PRUNED_AT_ONCE:
            return pruned
