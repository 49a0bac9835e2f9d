"""What a mentee may book with a mentor now, or what stands against it, and which packs pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from services import access, availability, clock, credits, onboarding, seats
from services.audit import Actor
from services.booking.times import mentor_named
from services.config import settings
from services.errors import Conflict, NoCredit, VerificationNeeded
from services.ids import MentorId, UserId
from services.models import (
    Availability,
    Mentor,
    Pack,
    PackStatus,
    SeatStatus,
    SlotHold,
    SlotHoldStatus,
    User,
)

# Made once: making it takes longer than running it, and it runs under a rush.
_PACKS = (
    select(Pack)
    .where(col(Pack.mentee_id) == bindparam("mentee"), col(Pack.mentor_id) == bindparam("mentor"))
    .order_by(col(Pack.expires_at).is_(None), col(Pack.expires_at), col(Pack.id))
    .execution_options(populate_existing=True)
)


class Obstacle(StrEnum):
    """What stands against a booking, whatever the time."""

    NONE = ""
    VERIFY = "verify"
    NO_PACK = "no_pack"
    NO_CREDITS = "no_credits"
    EXPIRED = "expired"
    ONBOARDING = "onboarding"
    NO_SEAT = "no_seat"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack that pays for bookings which start by `expires_at` (None: any)."""

    public_id: str
    title: str
    available: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """What may be booked. `packs` pay in this order; `available` is the sum of their credits.

    `why_not` is a sentence for the mentee, "" when nothing stands against a booking. `held` are
    the times that the mentee holds with this mentor, until `held_until`.
    """

    mentor_id: MentorId
    mentor_slug: str
    mentor_name: str
    mentor_zone: str
    photo_key: str | None
    session_minutes: int
    packs: tuple[PackChoice, ...]
    available: int
    seat: SeatStatus | None
    obstacle: Obstacle
    why_not: str
    held: tuple[datetime, ...]
    held_until: datetime | None


def get_choice(db: Session, *, actor: Actor, mentor: str) -> ChoiceView:
    """What the signed-in person may book with a mentor, by the mentor's slug.

    Raises:
        SignInNeeded, NotFound
    """
    mentee_id = access.require_user(actor)
    row = mentor_named(db, mentor)
    user = db.get_one(User, row.user_id)
    rules = db.get(Availability, row.id)
    obstacle, why, packs = _standing(db, mentee_id, row, verified=actor.verified)
    if not obstacle and row.id in availability.off_sale(db, [row.id]):
        obstacle, why = Obstacle.CLOSED, f"{user.name} takes no bookings at the moment."
    seat = seats.find_unreleased(db, mentee_id, row.id)
    held = _held(db, mentee_id, row.id)
    return ChoiceView(
        mentor_id=row.id,
        mentor_slug=row.slug,
        mentor_name=user.name,
        mentor_zone=rules.time_zone if rules else user.time_zone,
        photo_key=row.photo_key,
        session_minutes=rules.session_minutes if rules else settings().session_minutes,
        packs=tuple(
            PackChoice(pack.public_id, pack.title, credits.available(pack), pack.expires_at)
            for pack in packs
        ),
        available=sum(map(credits.available, packs)),
        seat=seat.status if seat else None,
        obstacle=obstacle,
        why_not=why,
        held=tuple(hold.starts_at for hold in held),
        held_until=min((hold.held_until for hold in held), default=None),
    )


def require_bookable(
    db: Session, *, mentee_id: UserId, mentor: Mentor, verified: bool
) -> list[Pack]:
    """The packs that pay, in the order in which they do.

    Raises:
        VerificationNeeded, NoCredit
        Conflict: onboarding is not done, or the mentee has no seat.
    """
    obstacle, why, packs = _standing(db, mentee_id, mentor, verified=verified)
    match obstacle:
        case Obstacle.NONE:
            return packs
        case Obstacle.VERIFY:
            raise VerificationNeeded
        case Obstacle.ONBOARDING | Obstacle.NO_SEAT | Obstacle.CLOSED:
            raise Conflict(why, code=obstacle.value)
        case Obstacle.NO_PACK | Obstacle.NO_CREDITS | Obstacle.EXPIRED:
            raise NoCredit(why)


def require_credit(db: Session, *, mentee_id: UserId, mentor: Mentor) -> list[Pack]:
    """The packs that pay, when a mentor or an admin books: credits alone are asked for.

    Raises:
        NoCredit
    """
    obstacle, why, packs = _credit(db, mentee_id, mentor)
    if obstacle:
        raise NoCredit(why)
    return packs


def pay(
    db: Session, packs: Sequence[Pack], starts: Sequence[datetime], *, reader: UserId
) -> list[Pack]:
    """Which pack pays for each of these starts, which are in order: the one that expires first,
    among those that are still good then.

    Raises:
        NoCredit: there are fewer credits, or a pack ends before.
    """
    credit = [credits.available(pack) for pack in packs]
    if len(starts) > sum(credit):
        have = "1 session" if sum(credit) == 1 else f"{sum(credit)} sessions"
        raise NoCredit(f"You have {have} left to book, but chose {len(starts)} times.")
    paid: list[Pack] = []
    for start in starts:
        for place, pack in enumerate(packs):
            if credit[place] and (pack.expires_at is None or start <= pack.expires_at):
                credit[place] -= 1
                paid.append(pack)
                break
        else:
            raise too_late_for(packs, db.get_one(User, reader))
    return paid


def too_late_for(packs: Sequence[Pack], reader: User) -> NoCredit:
    """A start lies behind the end of the packs that could pay; the last end is in the words."""
    last = max(pack.expires_at for pack in packs if pack.expires_at is not None)
    local = last.astimezone(ZoneInfo(reader.time_zone))
    return NoCredit(
        f"The pack is good until {local.day} {local:%B %Y, %H:%M} ({reader.time_zone}). "
        "Choose an earlier time: a later one needs another pack."
    )


def _standing(
    db: Session, mentee_id: UserId, mentor: Mentor, *, verified: bool
) -> tuple[Obstacle, str, list[Pack]]:
    obstacle, why, packs = _credit(db, mentee_id, mentor)
    if not verified:
        return Obstacle.VERIFY, VerificationNeeded().message, packs
    if obstacle:
        return obstacle, why, packs
    if not onboarding.is_done(db, mentee_id):
        return (
            Obstacle.ONBOARDING,
            "Before your first booking, tell us a little about you: it takes two minutes.",
            packs,
        )
    seat = seats.find_unreleased(db, mentee_id, mentor.id)
    if seat is None or seat.status is not SeatStatus.ACTIVE:
        return (
            Obstacle.NO_SEAT,
            "Your place with this mentor was given to somebody else. Your home page says how you "
            "can go on.",
            packs,
        )
    return Obstacle.NONE, "", packs


def _credit(db: Session, mentee_id: UserId, mentor: Mentor) -> tuple[Obstacle, str, list[Pack]]:
    now = clock.utc_now()
    owned = _packs(db, mentee_id, mentor.id)
    usable = [
        pack
        for pack in owned
        if pack.status is PackStatus.ACTIVE and (pack.expires_at is None or pack.expires_at > now)
    ]
    paying = [pack for pack in usable if credits.available(pack)]
    if paying:
        return Obstacle.NONE, "", paying
    if not owned:
        return Obstacle.NO_PACK, "There is no pack of sessions with this mentor yet.", []
    if any(pack.paused_at is not None and pack.status is PackStatus.ACTIVE for pack in owned):
        return Obstacle.NO_CREDITS, "The pack rests while its refund is under way.", []
    if usable or all(pack.status is PackStatus.DEPLETED for pack in owned):
        return Obstacle.NO_CREDITS, "All sessions are booked or used. Another pack adds more.", []
    if any(pack.status is PackStatus.FROZEN for pack in owned):
        return Obstacle.NO_CREDITS, "The pack rests until the bank has settled a dispute.", []
    return Obstacle.EXPIRED, "The pack is over. Booking again needs another pack.", []


def _packs(db: Session, mentee_id: UserId, mentor_id: MentorId) -> Sequence[Pack]:
    return db.exec(_PACKS, params={"mentee": mentee_id, "mentor": mentor_id}).all()


def _held(db: Session, mentee_id: UserId, mentor_id: MentorId) -> Sequence[SlotHold]:
    live = (
        select(SlotHold)
        .where(
            col(SlotHold.mentee_id) == mentee_id,
            col(SlotHold.mentor_id) == mentor_id,
            col(SlotHold.status) == SlotHoldStatus.HELD,
            col(SlotHold.held_until) > clock.utc_now(),
        )
        .order_by(col(SlotHold.starts_at))
    )
    return db.exec(live).all()
