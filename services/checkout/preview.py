"""What the checkout page shows before anything is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from services import access, clock, discounts, pricing, seats
from services.audit import Actor
from services.errors import NotFound
from services.models import (
    DiscountCode,
    Mentor,
    Order,
    OrderStatus,
    PackOffer,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.pricing import Price
from services.providers.payments import registry


@dataclass(frozen=True, slots=True)
class CheckoutPreview:
    """One offer as this visitor may buy it. `blocked` is a sentence, or "" when it may be bought.

    `code` is the discount code in the price, "" for none. `providers` are those that can take the
    price, with the names people know: none when it is free. `open_order` is the public id of an
    open checkout with this mentor, held until `held_until`, to be paid with `open_provider`. A
    place from the waitlist is on offer until `offer_ends_at`; `can_wait`: there is none to buy, and
    one may wait for it.
    """

    offer: str
    title: str
    sessions: int
    price: Price
    code: str
    providers: dict[str, str]
    validity_days: int | None
    mentor_name: str
    mentor_slug: str
    photo_key: str | None
    is_renewal: bool
    blocked: str
    open_order: str | None
    held_until: datetime | None
    open_order_same_offer: bool
    open_provider: str
    offer_ends_at: datetime | None = None
    can_wait: bool = False


def preview(db: Session, *, actor: Actor, offer: str, code: str = "") -> CheckoutPreview:
    """Read an offer for checkout, with a discount code or the one of the open checkout; nothing is
    held by looking.

    Raises:
        NotFound: unknown or retired, or its mentor is not listed and the visitor has no seat.
        InvalidInput: of the field "code", with the reason why it cannot be used.
    """
    row = access.offer_on_sale(db, offer)
    mentor = db.get_one(Mentor, row.mentor_id)
    user = db.get_one(User, mentor.user_id)
    name = user.name
    pending = _pending(db, actor, mentor)
    seat = _own_seat(db, actor, mentor)
    renewal = seat is not None and seat.status in {SeatStatus.ACTIVE, SeatStatus.GRACE}
    offered_until = _offered_until(db, seat)
    sells = mentor.listed or renewal or offered_until is not None
    if not (sells and user.status is UserStatus.ACTIVE) and pending is None:
        raise NotFound("pack")
    same = pending if pending is not None and pending.offer_id == row.id else None
    used = _code(db, actor, row, code, pending=pending, same=same)
    price = pricing.price(row, used, pricing.tax_now())
    has_place = renewal or pending is not None or offered_until is not None
    blocked, can_wait = _blocked(db, actor, mentor, name, has_place=has_place)
    return CheckoutPreview(
        offer=row.public_id,
        title=row.title,
        sessions=row.sessions,
        price=price,
        code=used.code if used else "",
        providers={} if price.is_free else registry.offered(price.total),
        validity_days=row.validity_days,
        mentor_name=name,
        mentor_slug=mentor.slug,
        photo_key=mentor.photo_key,
        is_renewal=renewal,
        blocked=blocked,
        open_order=pending.public_id if pending else None,
        held_until=pending.expires_at if pending else None,
        open_order_same_offer=same is not None,
        open_provider=pending.provider.value if pending and pending.provider else "",
        offer_ends_at=offered_until,
        can_wait=can_wait,
    )


def _code(
    db: Session,
    actor: Actor,
    offer: PackOffer,
    typed: str,
    *,
    pending: Order | None,
    same: Order | None,
) -> DiscountCode | None:
    """The code in the price: what was typed, or what the open checkout for this offer has."""
    if not typed:
        return (
            db.get(DiscountCode, same.discount_code_id) if same and same.discount_code_id else None
        )
    return discounts.applied(
        db,
        buyer=actor.user_id,
        code=typed,
        offer=offer,
        ending=pending.id if pending else None,
    )


def _blocked(
    db: Session, actor: Actor, mentor: Mentor, name: str, *, has_place: bool
) -> tuple[str, bool]:
    """Why this visitor cannot buy, "" when they can; and whether they may wait for a place."""
    if actor.user_id is None:
        return "Sign in or create an account to buy this pack.", False
    if mentor.user_id == actor.user_id:
        return "This is your own pack: you cannot buy it yourself.", False
    if not actor.verified:
        return "Please confirm your e-mail address first: open the link we mailed you.", False
    if mentor.suspended_at is not None:
        return f"{name} cannot hold sessions for now, so this pack is not sold.", False
    if has_place or seats.has_place(db, mentor):
        return "", False
    if mentor.capacity == 0:
        return f"{name} is not taking new mentees at the moment.", True
    if seats.has_room(db, mentor):
        return f"{name}'s free seats go to those who wait for one.", True
    return f"All of {name}'s seats are taken at the moment.", True


def _pending(db: Session, actor: Actor, mentor: Mentor) -> Order | None:
    if actor.user_id is None:
        return None
    return db.exec(
        select(Order).where(
            Order.mentee_id == actor.user_id,
            Order.mentor_id == mentor.id,
            Order.status == OrderStatus.PENDING,
            or_(Order.expires_at > clock.utc_now(), col(Order.bank_pending_at).is_not(None)),
        )
    ).one_or_none()


def _own_seat(db: Session, actor: Actor, mentor: Mentor) -> Seat | None:
    if actor.user_id is None:
        return None
    return seats.find_unreleased(db, actor.user_id, mentor.id)


def _offered_until(db: Session, seat: Seat | None) -> datetime | None:
    """When the offer of a place from the waitlist ends; None without one that still stands."""
    if seat is None or seat.status is not SeatStatus.HELD:
        return None
    offer = seats.find_offer(db, seat.id)
    ends_at = offer.offer_ends_at if offer is not None else None
    return ends_at if ends_at is not None and ends_at > clock.utc_now() else None
