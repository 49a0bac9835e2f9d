"""Writing orders: a new one with its place, the change of the provider, the handing over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, select

from services import audit, clock, discounts, payments, pricing, seats
from services.audit import Actor
from services.checkout import ends, settlement
from services.config import PAYMENT_NAMES, settings
from services.errors import Conflict, TooManyCheckouts
from services.ids import OrderId, UserId
from services.models import (
    DiscountCode,
    Mentor,
    Order,
    OrderStatus,
    PackOffer,
    Provider,
    Seat,
)
from services.money import Money
from services.pricing import Price
from services.privacy import documents
from services.providers.payments import registry


@dataclass(frozen=True, slots=True)
class Wish:
    """What a click on "pay" asks for. An empty `provider` is the first that takes the price, an
    empty `code` no discount (an open checkout keeps its own); `terms` is the version of the terms
    that the page showed, "" when there was none."""

    offer: str
    provider: str = ""
    code: str = ""
    terms: str = ""


def write_order(
    db: Session,
    *,
    actor: Actor,
    buyer: UserId,
    mentor: Mentor,
    offer: PackOffer,
    seat: Seat | None,
    wish: Wish,
) -> Order:
    """Hold the place until the checkout's end, which is computed here, once.

    An order that costs nothing is paid at once: its pack is made in this transaction.

    Raises:
        SeatsSoldOut, Conflict, InvalidInput (the code)
    """
    code, price, provider = _decided(db, buyer, offer, wish)
    now, expires_at = _hold_time()
    if seat is None:
        seat = seats.hold(db, actor=actor, mentee_id=buyer, mentor=mentor, until=expires_at)
    else:
        seats.keep_until(db, seat, expires_at)
    order = Order(
        mentee_id=buyer,
        mentor_id=mentor.id,
        offer_id=offer.id,
        seat_id=seat.id,
        title=offer.title,
        sessions=offer.sessions,
        list_minor=price.list_minor,
        discount_minor=price.discount_minor,
        tax_mode=price.tax_mode,
        tax_rate_bp=price.tax_rate_bp,
        tax_minor=price.tax_minor,
        amount_minor=price.amount_minor,
        currency=price.currency,
        validity_days=offer.validity_days,
        provider=provider,
        expires_at=expires_at,
        check_at=now + settlement.LOOK_EVERY,
    )
    db.add(order)
    db.flush()
    _settle_details(db, actor, order, offer, seat, code, wish)
    return order


def check(db: Session, *, buyer: UserId, offer: PackOffer, wish: Wish, ending: Order) -> None:
    """Refuse what cannot be, before the open checkout `ending` is ended for it.

    Raises:
        Conflict, InvalidInput (the code)
    """
    if wish.terms:
        documents.require_shown(wish.terms)
    _decided(db, buyer, offer, wish, ending=ending.id)


def _decided(
    db: Session, buyer: UserId, offer: PackOffer, wish: Wish, ending: OrderId | None = None
) -> tuple[DiscountCode | None, Price, Provider | None]:
    """The code that counts, the price with it, and who takes that; nobody when it is free."""
    code = None
    if wish.code:
        code = discounts.applied(db, buyer=buyer, code=wish.code, offer=offer, ending=ending)
    price = pricing.price(offer, code, pricing.tax_now())
    return code, price, None if price.is_free else chosen_provider(price.total, wish.provider)


def _settle_details(
    db: Session,
    actor: Actor,
    order: Order,
    offer: PackOffer,
    seat: Seat,
    code: DiscountCode | None,
    wish: Wish,
) -> None:
    order.terms_version = documents.accept_with_order(
        db, user_id=order.mentee_id, order_id=order.id, shown=wish.terms
    )
    if code is not None:
        discounts.redeem(db, order=order, code=code)
    ends.publish(db, order)
    audit.record(
        db,
        actor=actor,
        action="order.created",
        thing=order.public_id,
        after={
            "offer": offer.public_id,
            "seat": seat.public_id,
            "provider": order.provider.value if order.provider else "",
        },
    )
    if order.provider is None:
        payments.fulfil_free(db, actor=actor, order=order)


def chosen_provider(price: Money, wanted: str) -> Provider:
    """Who takes the money: the wanted one, or the first that can.

    Raises:
        Conflict: it cannot take this amount, or nobody can.
    """
    offered = registry.offered(price)
    if wanted in offered:
        return Provider(wanted)
    if wanted or not offered:
        name = PAYMENT_NAMES.get(wanted, "Online payment")
        raise Conflict(f"{name} is not possible for this price. Please choose another way to pay.")
    return Provider(next(iter(offered)))


def switch_provider(db: Session, *, actor: Actor, order: Order, provider: Provider) -> None:
    """The same order goes to another provider: its place stays, its time begins anew.

    The old page has been ended, or brings no money unless we take it.
    """
    now, expires_at = _hold_time()
    before = order.provider
    order.provider, order.checkout_id, order.checkout_url = provider, None, None
    order.checkout_attempt += 1
    order.expires_at, order.check_at = expires_at, now + settlement.LOOK_EVERY
    order.handover_until = order.declined_at = None
    db.flush()
    seat = db.get(Seat, order.seat_id) if order.seat_id is not None else None
    if seat is not None:
        seats.keep_until(db, seat, expires_at)
    ends.publish(db, order)
    audit.record(
        db,
        actor=actor,
        action="order.provider_changed",
        thing=order.public_id,
        before={"provider": before.value if before else ""},
        after={"provider": provider.value},
    )


def hand_over(db: Session, *, actor: Actor, order: Order) -> None:
    """The older order ends; its hold is not released, the new order takes it over."""
    now = clock.utc_now()
    order.status = OrderStatus.EXPIRED if order.expires_at <= now else OrderStatus.CANCELED
    order.ended_at = now
    db.flush()
    discounts.release(db, order)
    ends.publish(db, order)
    audit.record(
        db,
        actor=actor,
        action=f"order.{order.status.value}",
        thing=order.public_id,
        before={"status": OrderStatus.PENDING.value},
        after={"status": order.status.value, "reason": "another checkout took its place"},
    )


def check_account_limit(db: Session, buyer: UserId) -> None:
    """Raises TooManyCheckouts."""
    open_checkouts = db.exec(
        select(func.count()).where(Order.mentee_id == buyer, Order.status == OrderStatus.PENDING)
    ).one()
    limit = settings().open_checkouts_per_account
    if open_checkouts >= limit:
        raise TooManyCheckouts(limit)


def _hold_time() -> tuple[datetime, datetime]:
    """Now, and when the hold ends."""
    now = clock.utc_now().replace(microsecond=0)
    return now, now + timedelta(minutes=settings().seat_hold_minutes)
