"""Entering a session's room, staying in it, and leaving it: the evidence that somebody came.

Who says in time that they are still there goes on with the entry they had. After a gap it is
another one, for what lies between is no evidence; nor is an entry after the end, when only who was
there before may come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, meeting_news, rooms
from services.audit import SYSTEM, Actor
from services.config import settings
from services.errors import Conflict, NotAllowed, NotFound
from services.ids import UserId
from services.models import LIVE_SESSIONS, MentoringSession, SessionJoin
from services.providers.video import registry
from services.recordings import running
from services.sessions import presence

LONGEST_TICKET: Final = timedelta(minutes=20)
"""A browser asks for the next one before: who is shut out keeps none for long."""
SHORTEST_TICKET: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Admission:
    """What one person's browser needs to be in the room, until `ends_at`. `other_uid` is the number
    of the other person there. The next one is asked for at `renew_at`, early enough to try again
    while the studio is away; None where the room closes first."""

    app_id: str
    channel: str
    uid: int
    other_uid: int
    token: str = field(repr=False)
    ends_at: datetime = field(kw_only=True)
    renew_at: datetime | None = field(kw_only=True)


def enter(*, actor: Actor, session: str) -> Admission:
    """Enter the room of a session of one's own, from a little before its start until a little after
    its end. Twice is no error, nor from a second tab.

    Raises:
        SignInNeeded, NotFound, NotAllowed
        Conflict: too early, over, or canceled; or over, and one was not there before.
    """
    with db.transaction() as tx:
        row, user_id, now = _locked(tx, actor, session)
        last = _last_entry(tx, row, user_id)
        if last is None and (row.status not in LIVE_SESSIONS or now >= row.ends_at):
            raise Conflict("This session is over.")
        _is_there(tx, actor, row, user_id, last)
    return _admit(row, user_id, now)


def renew(*, actor: Actor, session: str) -> Admission:
    """The next ticket of somebody who entered; it says as well that they are still there.

    Raises:
        SignInNeeded, NotFound, NotAllowed, Conflict: one never entered, or the room is closed.
    """
    with db.transaction() as tx:
        row, user_id, now = _still_there(tx, actor, session)
    return _admit(row, user_id, now)


def beat(*, actor: Actor, session: str) -> None:
    """Say that one is still there; every 30 seconds from an open room.

    Raises:
        SignInNeeded, NotFound, NotAllowed, Conflict: one never entered, or the room is closed.
    """
    with db.transaction() as tx:
        _still_there(tx, actor, session)


def leave(*, actor: Actor, session: str) -> None:
    """Leave the room, on every device: only who enters is there again. Twice is no error, nor after
    it was closed.

    Raises:
        SignInNeeded, NotFound, NotAllowed
    """
    with db.transaction() as tx:
        row, user_id = _own(tx, actor, session)
        locking.lock_session(tx, row)
        entry = _last_entry(tx, row, user_id)
        if entry is None or entry.seen_at is None or _wanted_to_leave(entry):
            return
        # Later than they were seen, as silence never is: so it is known as their own wish.
        known = clock.utc_now() if _is_in(entry) else entry.seen_at
        at = max(known, entry.seen_at + timedelta.resolution)
        has_left(tx, actor, row, entry, at=at)


def has_left(
    db: Session, actor: Actor, session: MentoringSession, entry: SessionJoin, *, at: datetime
) -> None:
    """Somebody is in the room no more since `at`. The caller has locked the session."""
    _end(db, actor, session, entry, at=at)
    meeting_news.changed(db, session)
    running.reconsider(db, session=session)


def _end(
    db: Session, actor: Actor, session: MentoringSession, entry: SessionJoin, *, at: datetime
) -> None:
    entry.left_at = at
    db.add(entry)
    db.flush()
    audit.record(db, actor=actor, action="session.left", thing=session.public_id)


def _still_there(
    db: Session, actor: Actor, session: str
) -> tuple[MentoringSession, UserId, datetime]:
    """Whoever was taken for gone, a sleeping laptop say, is there again; but not a tab that stayed
    open when its person left on another device."""
    row, user_id, now = _locked(db, actor, session)
    entry = _last_entry(db, row, user_id)
    if entry is None:
        raise Conflict("You are not in the room. Enter it first.")
    if _wanted_to_leave(entry):
        raise Conflict("You have left the room, perhaps in another tab. Enter it to come back.")
    _is_there(db, actor, row, user_id, entry)
    return row, user_id, now


def _wanted_to_leave(entry: SessionJoin) -> bool:
    left, seen = entry.left_at, entry.seen_at
    return left is not None and seen is not None and left > seen


def _locked(db: Session, actor: Actor, session: str) -> tuple[MentoringSession, UserId, datetime]:
    """One's own session, under its lock, and the time at which its room is open: whether both are
    there is decided so."""
    row, user_id = _own(db, actor, session)
    locking.lock_session(db, row)
    now = clock.utc_now()
    _check_open(row, now)
    return row, user_id, now


def _own(db: Session, actor: Actor, session: str) -> tuple[MentoringSession, UserId]:
    user_id = access.require_user(actor)
    row = access.session_for(db, actor, session)
    if not settings().video_offered:
        raise NotFound("room")
    if user_id not in rooms.people_of(row):
        raise NotAllowed("Only the two people of a session can enter its room.")
    return row, user_id


def _check_open(session: MentoringSession, now: datetime) -> None:
    if session.canceled_at is not None:
        raise Conflict("This session was canceled.")
    if now < rooms.opens_at(session):
        raise Conflict("The room is not open yet.")
    if now > rooms.closes_at(session) - SHORTEST_TICKET:
        raise Conflict("This session is over, and its room is closed.")


def _last_entry(db: Session, session: MentoringSession, user_id: UserId) -> SessionJoin | None:
    """The person's last one into the room; before a session moved, they entered another."""
    found = select(SessionJoin).where(
        SessionJoin.session_id == session.id,
        SessionJoin.user_id == user_id,
        col(SessionJoin.seen_at).is_not(None),
        col(SessionJoin.joined_at) >= rooms.opens_at(session),
    )
    return db.exec(found.order_by(col(SessionJoin.id).desc()).limit(1)).first()


def _is_in(entry: SessionJoin) -> bool:
    return (
        entry.left_at is None
        and entry.seen_at is not None
        and entry.seen_at > clock.utc_now() - rooms.SILENT_AFTER
    )


def _is_there(
    db: Session, actor: Actor, session: MentoringSession, user_id: UserId, last: SessionJoin | None
) -> None:
    if last is not None and _is_in(last):
        last.seen_at = clock.utc_now()
        db.add(last)
    else:
        if last is not None and last.left_at is None and last.seen_at is not None:
            _end(db, SYSTEM, session, last, at=last.seen_at)  # nobody has swept it yet
        presence.remember(db, actor, session, user_id, in_room=True)
        audit.record(db, actor=actor, action="session.entered", thing=session.public_id)
    db.flush()
    running.reconsider(db, session=session)


def _admit(session: MentoringSession, user_id: UserId, now: datetime) -> Admission:
    [other] = rooms.people_of(session) - {user_id}
    closes_at = rooms.closes_at(session)
    ticket = registry.video().ticket(
        rooms.channel_of(session),
        rooms.uid_of(session, user_id),
        now=now,
        until=min(closes_at, now + LONGEST_TICKET),
    )
    return Admission(
        app_id=ticket.app_id,
        channel=ticket.channel,
        uid=ticket.uid,
        other_uid=rooms.uid_of(session, other),
        token=ticket.token,
        ends_at=ticket.ends_at,
        renew_at=now + (ticket.ends_at - now) / 2 if ticket.ends_at < closes_at else None,
    )
