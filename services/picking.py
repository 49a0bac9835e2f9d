"""What the slot picker shows: one week of times to choose from, to book them or to move a session.

Times that the packs of the mentee do not reach are left out: they could not be booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services import access, availability, booking, clock
from services.audit import Actor
from services.booking import ChoiceView
from services.config import settings
from services.ids import MentorId, SessionId, UserId
from services.models import (
    Availability,
    MentoringSession,
    Pack,
    Proposal,
    ProposalStatus,
    SessionStatus,
    User,
)
from services.sessions.views import Side, side_of
from services.slots import Slot


@dataclass(frozen=True, slots=True)
class PickerWeek:
    """The times of one week. `next_free` is the first later one, where the week has none."""

    choice: ChoiceView
    slots: tuple[Slot, ...]
    next_free: datetime | None


@dataclass(frozen=True, slots=True)
class MovingWeek:
    """A session to be moved, and the times of one week to move it to.

    `open` while it can be moved at all; after `change_until` a mentee can only propose. A mentee's
    new time starts by `expires_at`. `proposed` is the time of the open proposal.
    """

    session: str
    mentor_id: MentorId
    session_id: SessionId
    side: Side
    status: SessionStatus
    open: bool
    sequence: int
    starts_at: datetime
    ends_at: datetime
    change_until: datetime
    expires_at: datetime | None
    proposed: datetime | None
    mentor_name: str
    mentor_zone: str
    mentee_name: str
    mentee_zone: str
    slots: tuple[Slot, ...]
    next_free: datetime | None


def get_week(
    db: Session, *, actor: Actor, mentor: str, starts: datetime, ends: datetime
) -> PickerWeek:
    """The times that the signed-in person may choose with a mentor (a slug) from `starts` until
    before `ends`; none while something stands against booking at all.

    Raises:
        SignInNeeded, NotFound
    """
    mentee = access.require_user(actor)
    choice = booking.get_choice(db, actor=actor, mentor=mentor)
    if choice.obstacle:
        return PickerWeek(choice, (), None)
    search = _Search(choice.mentor_id, mentee, latest=_latest(choice))
    found = search.between(db, starts, ends)
    return PickerWeek(choice, found, None if found else search.after(db, ends))


def list_free(
    db: Session, *, actor: Actor, mentor: str, starts: Sequence[datetime]
) -> frozenset[datetime]:
    """Which of these times may be chosen now.

    Raises:
        SignInNeeded, NotFound
    """
    if not starts:
        return frozenset()
    begins, ends = min(starts), max(starts) + timedelta(minutes=1)
    week = get_week(db, actor=actor, mentor=mentor, starts=begins, ends=ends)
    return frozenset(starts) & {slot.starts_at for slot in week.slots}


def get_moving_week(
    db: Session, *, actor: Actor, session: str, starts: datetime, ends: datetime
) -> MovingWeek:
    """A session of one's own (any for an admin), and the times of a week to move it to.

    Raises:
        SignInNeeded, NotFound
    """
    access.require_user(actor)
    row = access.session_for(db, actor, session)
    side = side_of(actor, row)
    mentor, mentee = db.get_one(User, row.mentor_user_id), db.get_one(User, row.mentee_id)
    expires_at = db.get_one(Pack, row.pack_id).expires_at
    is_open = row.status is SessionStatus.SCHEDULED and row.starts_at > clock.utc_now()
    slots: tuple[Slot, ...] = ()
    next_free = None
    if is_open:
        latest = expires_at if side is Side.MENTEE else None
        search = _Search(row.mentor_id, row.mentee_id, latest=latest, moving=row.id)
        slots = search.between(db, starts, ends)
        next_free = None if slots else search.after(db, ends)
    return MovingWeek(
        session=row.public_id,
        mentor_id=row.mentor_id,
        session_id=row.id,
        side=side,
        status=row.status,
        open=is_open,
        sequence=row.sequence,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        change_until=row.starts_at - timedelta(hours=settings().change_limit_hours),
        expires_at=expires_at,
        proposed=_proposed(db, row),
        mentor_name=mentor.name,
        mentor_zone=_zone_of(db, row.mentor_id, mentor),
        mentee_name=mentee.name,
        mentee_zone=mentee.time_zone,
        slots=tuple(slot for slot in slots if slot.starts_at != row.starts_at),
        next_free=next_free,
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """Whose times are looked for. `latest`: a session starts by then."""

    mentor_id: MentorId
    mentee_id: UserId
    latest: datetime | None = None
    moving: SessionId | None = None

    def between(self, db: Session, starts: datetime, ends: datetime) -> tuple[Slot, ...]:
        found = availability.offered(
            db,
            mentor_id=self.mentor_id,
            mentee_id=self.mentee_id,
            starts=starts,
            ends=ends,
            moving=self.moving,
        )
        return tuple(slot for slot in found if self._reaches(slot.starts_at))

    def after(self, db: Session, instant: datetime) -> datetime | None:
        later = availability.next_offered(
            db,
            mentor_id=self.mentor_id,
            mentee_id=self.mentee_id,
            after=instant,
            moving=self.moving,
        )
        return later if later and self._reaches(later) else None

    def _reaches(self, start: datetime) -> bool:
        return self.latest is None or start <= self.latest


def _latest(choice: ChoiceView) -> datetime | None:
    """Until when a session may start that one of the packs pays; None: there is no such end."""
    ends = [pack.expires_at for pack in choice.packs if pack.available]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _proposed(db: Session, session: MentoringSession) -> datetime | None:
    return db.exec(
        select(Proposal.starts_at).where(
            col(Proposal.session_id) == session.id, col(Proposal.status) == ProposalStatus.OPEN
        )
    ).one_or_none()


def _zone_of(db: Session, mentor: MentorId, user: User) -> str:
    """The zone in which the mentor's hours are; without hours the one of the account."""
    rules = db.get(Availability, mentor)
    return rules.time_zone if rules is not None else user.time_zone
