"""What a mentee sees first: the one next step, then packs, seats and open checkouts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, clock
from services.audit import Actor
from services.ids import MentorId, PackId, UserId
from services.models import (
    CreditEntry,
    CreditKind,
    Mentor,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
)
from services.money import Money

RENEW_AT_LEFT = 1
MOST_PACKS = 200


class NextStepKind(StrEnum):
    """The one thing to do next, the most urgent first."""

    FINISH_CHECKOUT = "finish_checkout"
    VERIFY_EMAIL = "verify_email"
    RENEW = "renew"
    WAIT_FOR_BANK = "wait_for_bank"
    MEET = "meet"
    FIND_MENTOR = "find_mentor"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next and with whom. `until` ends the hold (finish a checkout) or the grace
    period (renew); `left` counts sessions with that mentor (renew, meet)."""

    kind: NextStepKind
    mentor_name: str = ""
    mentor_slug: str = ""
    order: str = ""
    left: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PackView:
    """A pack: `used` + `left` + `lost` = `total`; of `left`, `reserved` are booked, and `lost`
    ended unused (expired or refunded)."""

    public_id: str
    title: str
    total: int
    used: int
    left: int
    lost: int
    reserved: int
    status: PackStatus
    starts_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class MentorTogether:
    """A mentor with whom the person has a seat or packs.

    `seat` is None when there is none any more; `until` ends a grace period. `left` counts the
    sessions left over all usable packs.
    """

    name: str
    slug: str
    photo_key: str | None
    seat: SeatStatus | None
    until: datetime | None
    left: int
    packs: tuple[PackView, ...]


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """An order that waits for its money; `held_until` ends the seat's hold."""

    order: str
    title: str
    price: Money
    mentor_name: str
    mentor_slug: str
    held_until: datetime
    waiting_for_bank: bool
    declined: bool


@dataclass(frozen=True, slots=True)
class MenteeHome:
    """Everything of the mentee's dashboard."""

    next_step: NextStep
    together: tuple[MentorTogether, ...]
    checkouts: tuple[OpenCheckout, ...]


def get_home(db: Session, *, actor: Actor) -> MenteeHome:
    """The signed-in person's dashboard; five queries however much there is.

    Raises:
        SignInNeeded
    """
    mentee = access.require_user(actor)
    checkouts = _open_checkouts(db, mentee)
    together = _together(db, mentee)
    return MenteeHome(_next_step(actor, checkouts, together), together, checkouts)


def _open_checkouts(db: Session, mentee: UserId) -> tuple[OpenCheckout, ...]:
    rows = db.exec(
        select(Order, User.name, Mentor.slug)
        .join(Mentor, col(Mentor.id) == col(Order.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Order.mentee_id) == mentee, col(Order.status) == OrderStatus.PENDING)
        .order_by(col(Order.expires_at), col(Order.id))
    ).all()
    return tuple(
        OpenCheckout(
            order=order.public_id,
            title=order.title,
            price=Money(order.amount_minor, order.currency),
            mentor_name=name,
            mentor_slug=slug,
            held_until=order.expires_at,
            waiting_for_bank=order.bank_pending_at is not None,
            declined=order.declined_at is not None,
        )
        for order, name, slug in rows
    )


def _together(db: Session, mentee: UserId) -> tuple[MentorTogether, ...]:
    seats = {
        seat.mentor_id: seat
        for seat in db.exec(
            select(Seat).where(
                col(Seat.mentee_id) == mentee,
                col(Seat.status).in_([SeatStatus.ACTIVE, SeatStatus.GRACE]),
            )
        ).all()
    }
    packs: defaultdict[MentorId, list[Pack]] = defaultdict(list)
    newest = select(Pack).where(col(Pack.mentee_id) == mentee)
    for pack in db.exec(newest.order_by(col(Pack.created_at).desc()).limit(MOST_PACKS)).all():
        packs[pack.mentor_id].append(pack)
    mentors = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id).in_([*seats, *packs]))
    ).all()
    used = _consumed(db, mentee)
    together = [
        _with_mentor(mentor, name, seats.get(mentor.id), packs[mentor.id], used)
        for mentor, name in mentors
    ]
    return tuple(sorted(together, key=lambda one: (one.seat is None, one.name, one.slug)))


def _consumed(db: Session, mentee: UserId) -> dict[PackId, int]:
    """How many sessions of each pack took place (or were missed by the mentee)."""
    rows = db.exec(
        select(col(CreditEntry.pack_id), func.sum(col(CreditEntry.amount)))
        .join(Pack, col(Pack.id) == col(CreditEntry.pack_id))
        .where(col(Pack.mentee_id) == mentee, col(CreditEntry.kind) == CreditKind.CONSUME)
        .group_by(col(CreditEntry.pack_id))
    )
    return {pack: -int(amount) for pack, amount in rows.all()}


def _with_mentor(
    mentor: Mentor, name: str, seat: Seat | None, packs: list[Pack], used: dict[PackId, int]
) -> MentorTogether:
    return MentorTogether(
        name=name,
        slug=mentor.slug,
        photo_key=mentor.photo_key,
        seat=seat.status if seat else None,
        until=seat.grace_ends_at if seat else None,
        left=sum(pack.left for pack in packs if _usable(pack)),
        packs=tuple(_pack_view(pack, used.get(pack.id, 0)) for pack in packs),
    )


def _usable(pack: Pack) -> bool:
    ended = pack.expires_at is not None and pack.expires_at <= clock.utc_now()
    return pack.status is PackStatus.ACTIVE and not ended


def _pack_view(pack: Pack, used: int) -> PackView:
    return PackView(
        public_id=pack.public_id,
        title=pack.title,
        total=pack.total,
        used=used,
        left=pack.left,
        lost=max(0, pack.total - used - pack.left),
        reserved=pack.reserved,
        status=pack.status,
        starts_at=pack.starts_at,
        expires_at=pack.expires_at,
    )


def _next_step(
    actor: Actor, checkouts: tuple[OpenCheckout, ...], together: tuple[MentorTogether, ...]
) -> NextStep:
    payable = [one for one in checkouts if not one.waiting_for_bank]
    if payable:
        return _about_checkout(NextStepKind.FINISH_CHECKOUT, payable[0])
    if not actor.verified:
        return NextStep(NextStepKind.VERIFY_EMAIL)
    seated = [one for one in together if one.seat is not None]
    short = [one for one in seated if one.left <= RENEW_AT_LEFT]
    if short:
        return _about_mentor(NextStepKind.RENEW, min(short, key=_urgency))
    if checkouts:
        return _about_checkout(NextStepKind.WAIT_FOR_BANK, checkouts[0])
    if seated:
        return _about_mentor(NextStepKind.MEET, seated[0])
    return NextStep(NextStepKind.FIND_MENTOR)


def _urgency(one: MentorTogether) -> tuple[bool, datetime, int]:
    """A grace period that ends soonest first, then the fewest sessions left."""
    return (one.until is None, one.until or clock.utc_now(), one.left)


def _about_checkout(kind: NextStepKind, checkout: OpenCheckout) -> NextStep:
    return NextStep(
        kind,
        mentor_name=checkout.mentor_name,
        mentor_slug=checkout.mentor_slug,
        order=checkout.order,
        until=checkout.held_until,
    )


def _about_mentor(kind: NextStepKind, one: MentorTogether) -> NextStep:
    return NextStep(
        kind, mentor_name=one.name, mentor_slug=one.slug, left=one.left, until=one.until
    )
