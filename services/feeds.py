"""A person's sessions as a calendar to subscribe to, under a secret address.

Whoever has the address reads the sessions, without signing in: calendars cannot sign in. The secret
is stored hashed, to be found, and encrypted, to be shown to its owner again. A new one ends the
one before at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from services import access, audit, clock, db, encryption, invitations, locking, ratelimits, urls
from services.audit import Actor
from services.config import settings
from services.errors import NotFound
from services.ids import UserId, hashed, new_secret
from services.models import CalendarFeed, MentoringSession, User, UserStatus

_MAX_SECRET = 64


@dataclass(frozen=True, slots=True)
class FeedView:
    """The feed's address, for calendars that subscribe by `https:` and those that know `webcal:`.

    Both are empty when the address cannot be shown any more (SECRET_KEY has changed); it still
    works, and can be renewed.
    """

    address: str
    webcal: str
    created_at: datetime


def find_feed(db: Session, *, actor: Actor) -> FeedView | None:
    """One's own feed, None when there is none yet.

    Raises:
        SignInNeeded
    """
    row = db.get(CalendarFeed, access.require_user(actor))
    if row is None:
        return None
    try:
        address = urls.feed(encryption.decrypt(row.secret_encrypted))
    except encryption.Unreadable:
        return FeedView("", "", row.created_at)
    return FeedView(address, "webcal" + address[address.index(":") :], row.created_at)


def renew_feed(*, actor: Actor) -> None:
    """Give oneself a feed, or the feed a new address: the one before is dead at once.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    secret = new_secret()
    with db.transaction() as session:
        row = _locked(session, user_id)
        action = "calendar_feed.renewed" if row else "calendar_feed.made"
        row = row or CalendarFeed(user_id=user_id, secret_hash="", secret_encrypted="")
        row.secret_hash, row.secret_encrypted = hashed(secret), encryption.encrypt(secret)
        row.created_at = clock.utc_now()
        session.add(row)
        _audit(session, actor, user_id, action)


def close_feed(*, actor: Actor) -> None:
    """Take the address away; nothing when there is none.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    with db.transaction() as session:
        row = _locked(session, user_id)
        if row is not None:
            session.delete(row)
            _audit(session, actor, user_id, "calendar_feed.closed")


def read_feed(*, secret: str, address: str) -> bytes:
    """The calendar behind a secret: the person's sessions in both roles, from a while back
    (`feed_past_days`) on. Three queries, however many sessions there are.

    `address` is where the request comes from: there is a limit to how often a feed is read, and to
    how often an address asks for feeds that do not exist.

    Raises:
        NotFound, TooManyAttempts
    """
    if not secret or len(secret) > _MAX_SECRET or not secret.isascii():
        raise NotFound("calendar")
    with db.reading() as session:
        reader = _reader(session, secret)
        if reader is None:
            ratelimits.hit(ratelimits.FEED_MISS, address)
            raise NotFound("calendar")
        ratelimits.hit(ratelimits.FEED, reader.public_id)
        return _calendar(session, reader)


def _reader(db: Session, secret: str) -> User | None:
    return db.exec(
        select(User)
        .join(CalendarFeed, col(CalendarFeed.user_id) == col(User.id))
        .where(CalendarFeed.secret_hash == hashed(secret), User.status == UserStatus.ACTIVE)
    ).one_or_none()


def _calendar(db: Session, reader: User) -> bytes:
    since = clock.utc_now() - timedelta(days=settings().feed_past_days)
    mine = or_(
        col(MentoringSession.mentee_id) == reader.id,
        col(MentoringSession.mentor_user_id) == reader.id,
    )
    wanted = [mine, col(MentoringSession.starts_at) >= since]
    listed = invitations.entries(db, reader=reader, wanted=wanted)
    name = f"{settings().studio_name} sessions"
    return invitations.published(listed, name=name, zone=reader.time_zone)


def _locked(db: Session, user_id: UserId) -> CalendarFeed | None:
    """The person's feed, under their lock: two tabs that renew it do so one after the other."""
    locking.lock(db, users=[user_id])
    return db.get(CalendarFeed, user_id, populate_existing=True)


def _audit(db: Session, actor: Actor, user_id: UserId, action: str) -> None:
    audit.record(db, actor=actor, action=action, thing=db.get_one(User, user_id).public_id)
