"""Where a person waits, for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, clock
from services.audit import Actor
from services.ids import MentorId, UserId
from services.models import (
    Mentor,
    Order,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.seats import line

ENDED_SHOWN = timedelta(days=7)
"""So long the end of a wait that somebody else decided is shown."""
MOST_ENTRIES = 100
MOST_CHOICES = 50


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One's own place in a mentor's line. `position` counts from 1 among those who wait, 0 when one
    does not; `reason` says why one stands first, or why the wait ended. `is_buying`: the checkout
    of the place on offer is open, so that it cannot be declined now; `is_away`: the mentor cannot
    hold sessions for now, so that nobody is offered anything."""

    public_id: str
    mentor_name: str
    mentor_slug: str
    photo_key: str | None
    status: WaitlistStatus
    position: int
    is_first: bool
    reason: str
    joined_at: datetime
    offer_ends_at: datetime | None
    ended_at: datetime | None
    is_buying: bool
    is_away: bool = False


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A pack of one's own that is usable, while its place was given to somebody else (PRODUCT.md
    rule 8): a refund, by its `order`, or the head of the line. `order` is "" for a grant."""

    pack: str
    title: str
    left: int
    order: str
    mentor_name: str
    mentor_slug: str


def list_own(db: Session, *, actor: Actor) -> tuple[OwnEntry, ...]:
    """Where the signed-in person waits: offers first, then by name; and what ended lately without
    their doing. One query.

    Raises:
        SignInNeeded
    """
    mentee = access.require_user(actor)
    lately = clock.utc_now() - ENDED_SHOWN
    ended = and_(
        col(WaitlistEntry.ended_at) > lately,
        or_(
            col(WaitlistEntry.status) == WaitlistStatus.LAPSED,
            and_(col(WaitlistEntry.status) == WaitlistStatus.LEFT, col(WaitlistEntry.reason) != ""),
        ),
        ~_waits_again(),
    )
    shown = or_(col(WaitlistEntry.status).in_(line.OPEN_ENTRIES), ended)
    entries = _read(db, col(WaitlistEntry.mentee_id) == mentee, shown)
    return tuple(sorted(entries, key=_most_urgent))


def find_own(db: Session, *, mentee_id: UserId, mentor_id: MentorId) -> OwnEntry | None:
    """The person's open place in one mentor's line. One query."""
    found = _read(
        db,
        col(WaitlistEntry.mentee_id) == mentee_id,
        col(WaitlistEntry.mentor_id) == mentor_id,
        col(WaitlistEntry.status).in_(line.OPEN_ENTRIES),
    )
    return found[0] if found else None


def count_waiting(db: Session, mentor_id: MentorId) -> int:
    """How many people wait for a place with this mentor, without those who have an offer."""
    waiting = select(func.count(col(WaitlistEntry.id))).where(
        WaitlistEntry.mentor_id == mentor_id, WaitlistEntry.status == WaitlistStatus.WAITING
    )
    return db.exec(waiting).one()


def list_choices(db: Session, *, actor: Actor) -> tuple[PlaceChoice, ...]:
    """The signed-in person's packs that are usable and have no place, as long as they have not
    chosen what becomes of them. One query.

    Raises:
        SignInNeeded
    """
    mentee = access.require_user(actor)
    same_pair = and_(
        col(Seat.mentee_id) == col(Pack.mentee_id),
        col(Seat.mentor_id) == col(Pack.mentor_id),
        col(Seat.status) != SeatStatus.RELEASED,
    )
    waits = and_(
        col(WaitlistEntry.mentee_id) == col(Pack.mentee_id),
        col(WaitlistEntry.mentor_id) == col(Pack.mentor_id),
        col(WaitlistEntry.status).in_(line.OPEN_ENTRIES),
        col(WaitlistEntry.priority) == 1,
    )
    rows = db.exec(
        select(Pack, Order.public_id, User.name, Mentor.slug)
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Order, col(Order.id) == col(Pack.order_id))
        .where(
            col(Pack.mentee_id) == mentee,
            col(Pack.status) == PackStatus.ACTIVE,
            col(Pack.left) > 0,
            col(Pack.paused_at).is_(None),  # a refund of it is asked for already
            or_(col(Pack.expires_at).is_(None), col(Pack.expires_at) > clock.utc_now()),
            col(User.status) != UserStatus.ERASED,
            ~select(Seat.id).where(same_pair).exists(),
            ~select(WaitlistEntry.id).where(waits).exists(),
        )
        .order_by(col(Pack.created_at), col(Pack.id))
        .limit(MOST_CHOICES)
    ).all()
    return tuple(
        PlaceChoice(pack.public_id, pack.title, pack.left, order or "", name, slug)
        for pack, order, name, slug in rows
    )


def _read(db: Session, *wanted: ColumnElement[bool]) -> list[OwnEntry]:
    ahead = aliased(WaitlistEntry)
    before_me = or_(
        col(ahead.priority) > col(WaitlistEntry.priority),
        and_(
            col(ahead.priority) == col(WaitlistEntry.priority),
            or_(
                col(ahead.joined_at) < col(WaitlistEntry.joined_at),
                and_(
                    col(ahead.joined_at) == col(WaitlistEntry.joined_at),
                    col(ahead.id) <= col(WaitlistEntry.id),
                ),
            ),
        ),
    )
    position = (
        select(func.count(col(ahead.id)))
        .where(
            col(ahead.mentor_id) == col(WaitlistEntry.mentor_id),
            col(ahead.status) == WaitlistStatus.WAITING,
            before_me,
        )
        .correlate(WaitlistEntry)
        .scalar_subquery()
    )
    rows = db.exec(
        select(WaitlistEntry, Mentor, User.name, position, line.is_being_paid())  # pyright: ignore[reportCallIssue]  # SQLModel types four columns at most
        .join(Mentor, col(Mentor.id) == col(WaitlistEntry.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(*wanted)
        .order_by(col(WaitlistEntry.id).desc())
        .limit(MOST_ENTRIES)
    ).all()
    return [_own(*row) for row in rows]


def _own(
    entry: WaitlistEntry, mentor: Mentor, name: str, position: int, is_buying: bool
) -> OwnEntry:
    waits = entry.status is WaitlistStatus.WAITING
    return OwnEntry(
        public_id=entry.public_id,
        mentor_name=name,
        mentor_slug=mentor.slug,
        photo_key=mentor.photo_key,
        status=entry.status,
        position=position if waits else 0,
        is_first=entry.priority == 1,
        reason=entry.reason,
        joined_at=entry.joined_at,
        offer_ends_at=entry.offer_ends_at,
        ended_at=entry.ended_at,
        is_buying=entry.status is WaitlistStatus.OFFERED and bool(is_buying),
        is_away=mentor.suspended_at is not None,
    )


def _waits_again() -> ColumnElement[bool]:
    """Whether the person of an ended entry has come into the same line since."""
    later = aliased(WaitlistEntry)
    found = (
        select(later.id)
        .where(
            col(later.mentee_id) == col(WaitlistEntry.mentee_id),
            col(later.mentor_id) == col(WaitlistEntry.mentor_id),
            col(later.id) > col(WaitlistEntry.id),
        )
        .correlate(WaitlistEntry)
    )
    return found.exists()


def _most_urgent(entry: OwnEntry) -> tuple[int, str, str]:
    order = (WaitlistStatus.OFFERED, WaitlistStatus.WAITING)
    rank = order.index(entry.status) if entry.status in order else len(order)
    return rank, entry.mentor_name, entry.mentor_slug
