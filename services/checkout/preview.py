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
    open checkout with this mentor, held until `held_until`, to be paid with `open_provider`.
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
    renewal = _renews(db, actor, mentor)
    sells = mentor.listed or renewal
    if not (sells and user.status is UserStatus.ACTIVE) and pending is None:
        raise NotFound("pack")
    same = pending if pending is not None and pending.offer_id == row.id else None
    used = _code(db, actor, row, code, pending=pending, same=same)
    price = pricing.price(row, used, pricing.tax_now())
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
        blocked=_blocked(db, actor, mentor, name, has_place=renewal or pending is not None),
        open_order=pending.public_id if pending else None,
        held_until=pending.expires_at if pending else None,
        open_order_same_offer=same is not None,
        open_provider=pending.provider.value if pending and pending.provider else "",
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


def _blocked(db: Session, actor: Actor, mentor: Mentor, name: str, *, has_place: bool) -> str:
    if actor.user_id is None:
        return "Sign in or create an account to buy this pack."
    if mentor.user_id == actor.user_id:
        return "This is your own pack: you cannot buy it yourself."
    if not actor.verified:
        return "Please confirm your e-mail address first: open the link we mailed you."
    if mentor.suspended_at is not None:
        return f"{name} cannot hold sessions for now, so this pack is not sold."
    if has_place or seats.has_place(db, mentor):
        return ""
    if mentor.capacity == 0:
        return f"{name} is not taking new mentees at the moment."
    return f"All of {name}'s seats are taken at the moment."


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


def _renews(db: Session, actor: Actor, mentor: Mentor) -> bool:
    if actor.user_id is None:
        return False
    seat = seats.find_unreleased(db, actor.user_id, mentor.id)
    return seat is not None and seat.status in {SeatStatus.ACTIVE, SeatStatus.GRACE}
