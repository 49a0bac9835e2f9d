"""Starting a checkout: the seat is held and the order written in one transaction, then the
buyer is sent to pay. Clicking twice, a second tab or another pack lead to one open checkout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func
from sqlmodel import Session, select

from services import access, audit, clock, db, locking, seats
from services.audit import Actor
from services.checkout import line, settlement
from services.config import settings
from services.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    OfferRetired,
    ProviderRejected,
    TooManyCheckouts,
)
from services.ids import OrderId, UserId
from services.models import (
    Mentor,
    OfferStatus,
    Order,
    OrderStatus,
    PackOffer,
    Seat,
    SeatStatus,
    UserStatus,
)
from services.providers.payments import registry
from services.providers.payments.base import Checkout, CheckoutState

MAX_TURNS = 4
"""How often a checkout may be overtaken by another tab before we say so."""
HANDOVER = timedelta(minutes=2)
"""Longer than ending a checkout takes with all its retries; after it the sweep cleans up."""


@dataclass(frozen=True, slots=True)
class CheckoutStarted:
    """Where the buyer goes: to pay at `url`, or, without one, to the page that tells the truth."""

    order: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """The order to go on with; `in_the_way` says that it must be ended before a new one."""

    order_id: OrderId
    in_the_way: bool = False


@dataclass(frozen=True, slots=True)
class _Opened:
    """How opening a page went.

    `has_ended`: its page is over, its hold may be taken over. `refused_by`: the provider
    that would not make it, which a retry that came too late explains once.
    """

    started: CheckoutStarted | None = None
    has_ended: bool = False
    refused_by: str = ""


def start(*, actor: Actor, offer: str) -> CheckoutStarted:
    """Hold a seat with the offer's mentor and open the payment page.

    Raises:
        SignInNeeded, VerificationNeeded, NotFound, NotAllowed, OfferRetired, SeatsSoldOut,
        TooManyCheckouts, Conflict, ProviderUnavailable (the seat stays held), ProviderRejected
    """
    user_id = access.require_verified(actor)
    ended: OrderId | None = None
    refusals = 0
    for _ in range(MAX_TURNS):
        turn = hold(actor=actor, user_id=user_id, offer=offer, ended=ended)
        if turn.in_the_way:
            stays = _end_older(actor, turn.order_id)
            if stays is not None:
                return stays
            ended = turn.order_id
            continue
        opened = _open_page(actor, turn.order_id)
        if opened.started is not None:
            return opened.started
        ended = turn.order_id if opened.has_ended else None
        refusals += bool(opened.refused_by)
        if refusals > 1:
            raise ProviderRejected(opened.refused_by, "the payment page was refused")
    raise Conflict("This checkout was changed in another tab. Please look at your orders.")


def hold(*, actor: Actor, user_id: UserId, offer: str, ended: OrderId | None = None) -> Turn:
    """The first half of `start`: decide which order this click is about, and hold its seat.

    `ended` is this buyer's older order whose payment page is over: its hold is taken over.

    Raises:
        NotFound, NotAllowed, OfferRetired, SeatsSoldOut, TooManyCheckouts
    """
    with line.in_line(offer=offer, buyer=user_id), db.transaction() as session:
        return _reserve(session, actor, user_id, offer, ended)


def give_back(*, actor: Actor, order: str) -> None:
    """End one's own open checkout and give the seat back; paid meanwhile, it counts as paid.

    Raises:
        NotFound, Conflict, ProviderUnavailable
    """
    with db.reading() as session:
        row = access.order_for(session, actor, order)
        if row.status is not OrderStatus.PENDING:
            return
        if row.bank_pending_at is not None:
            raise Conflict("Your bank is still working on this payment. Please wait for it.")
    with db.transaction() as session:
        _begin_handover(session.get_one(Order, row.id))
    seen = _ended(row.id)
    with db.transaction() as session:
        settlement.apply(
            session, actor=actor, order_id=row.id, seen=seen, ended_as=OrderStatus.CANCELED
        )


def _reserve(
    db: Session, actor: Actor, user_id: UserId, offer_id: str, ended: OrderId | None
) -> Turn:
    """One transaction: decide which order this click is about, and hold its seat."""
    offer, mentor = _on_sale(db, actor, offer_id)
    locking.lock(db, users=[user_id], mentors=[mentor.id])
    locking.read_again(db, mentor, offer)
    if offer.status is not OfferStatus.ACTIVE:
        raise OfferRetired
    if mentor.suspended_at is not None:
        raise Conflict("This mentor cannot hold sessions for now, so the pack is not sold.")
    pending = _pending(db, user_id, mentor)
    if pending is not None and pending.id != ended:
        same = pending.offer_id == offer.id and pending.expires_at > clock.utc_now()
        if same or pending.bank_pending_at is not None:
            return Turn(pending.id)
        _begin_handover(pending)
        return Turn(pending.id, in_the_way=True)
    if pending is not None:
        _hand_over(db, actor, pending)
    seat = seats.find_unreleased(db, user_id, mentor.id)
    if (seat is None or seat.status is SeatStatus.HELD) and not mentor.listed:
        raise NotFound("pack")
    if pending is None:
        _check_account_limit(db, user_id)
    return Turn(_write_order(db, actor, user_id, mentor, offer, seat).id)


def _write_order(
    db: Session,
    actor: Actor,
    user_id: UserId,
    mentor: Mentor,
    offer: PackOffer,
    seat: Seat | None,
) -> Order:
    """Hold the place until the checkout's end, which is computed here, once."""
    now = clock.utc_now().replace(microsecond=0)
    expires_at = now + timedelta(minutes=settings().seat_hold_minutes)
    if seat is None:
        seat = seats.hold(db, actor=actor, mentee_id=user_id, mentor=mentor, until=expires_at)
    else:
        seats.keep_until(db, seat, expires_at)
    order = Order(
        mentee_id=user_id,
        mentor_id=mentor.id,
        offer_id=offer.id,
        seat_id=seat.id,
        title=offer.title,
        sessions=offer.sessions,
        amount_minor=offer.price_minor,
        currency=offer.currency,
        validity_days=offer.validity_days,
        expires_at=expires_at,
        check_at=now + settlement.LOOK_EVERY,
    )
    db.add(order)
    db.flush()
    settlement.publish(db, order)
    audit.record(
        db,
        actor=actor,
        action="order.created",
        thing=order.public_id,
        after={"offer": offer.public_id, "seat": seat.public_id},
    )
    return order


def _open_page(actor: Actor, order_id: OrderId) -> _Opened:
    """The order's payment page, unless it is over: then the next turn begins anew."""
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = settlement.page_for(session, order)
    try:
        seen = settlement.look(order, new, end=False)
    except ProviderRejected:
        seen = None
    if seen is None:
        _refused(actor, order_id)
        return _Opened(refused_by=order.provider.value)
    return _remember_page(actor, order_id, seen)


def _remember_page(actor: Actor, order_id: OrderId, seen: Checkout) -> _Opened:
    with db.transaction() as session:
        order = settlement.apply(session, actor=actor, order_id=order_id, seen=seen)
    if order.status is OrderStatus.PAID or seen.state is CheckoutState.WAITING:
        return _Opened(CheckoutStarted(order.public_id, None))
    if seen.state is not CheckoutState.OPEN:
        return _Opened(has_ended=True)
    if order.status is OrderStatus.PENDING and order.checkout_id == seen.id:
        return _Opened(CheckoutStarted(order.public_id, seen.url))
    registry.payments(order.provider).end_checkout(seen.id)  # ended while we opened the page
    return _Opened()


def _end_older(actor: Actor, order_id: OrderId) -> CheckoutStarted | None:
    """End another checkout with this mentor at the provider; one that was paid counts."""
    seen = _ended(order_id)
    if seen is None or seen.state is CheckoutState.ENDED:
        return None
    with db.transaction() as session:
        order = settlement.apply(session, actor=actor, order_id=order_id, seen=seen)
        return CheckoutStarted(order.public_id, None)


def _ended(order_id: OrderId) -> Checkout | None:
    """Make the order's checkout unpayable; None when the provider never had one."""
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = settlement.page_for(session, order)
    return settlement.look(order, new, end=True)


def _on_sale(db: Session, actor: Actor, offer_id: str) -> tuple[PackOffer, Mentor]:
    offer, mentor, owner = access.offer_and_whose(db, offer_id)
    if offer.status is not OfferStatus.ACTIVE:
        raise OfferRetired
    if mentor.user_id == actor.user_id:
        raise NotAllowed("You cannot buy your own pack.")
    if owner.status is not UserStatus.ACTIVE:
        raise NotFound("pack")
    return offer, mentor


def _pending(db: Session, user_id: UserId, mentor: Mentor) -> Order | None:
    return db.exec(
        select(Order).where(
            Order.mentee_id == user_id,
            Order.mentor_id == mentor.id,
            Order.status == OrderStatus.PENDING,
        )
    ).one_or_none()


def _begin_handover(order: Order) -> None:
    """We are about to end this checkout ourselves: its webhook must not give the seat away."""
    order.handover_until = clock.utc_now() + HANDOVER


def _hand_over(db: Session, actor: Actor, order: Order) -> None:
    """The older order ends; its hold is not released, the new order takes it over."""
    now = clock.utc_now()
    order.status = OrderStatus.EXPIRED if order.expires_at <= now else OrderStatus.CANCELED
    order.ended_at = now
    db.flush()
    settlement.publish(db, order)
    audit.record(
        db,
        actor=actor,
        action=f"order.{order.status.value}",
        thing=order.public_id,
        before={"status": OrderStatus.PENDING.value},
        after={"status": order.status.value, "reason": "another checkout took its place"},
    )


def _check_account_limit(db: Session, user_id: UserId) -> None:
    open_checkouts = db.exec(
        select(func.count()).where(Order.mentee_id == user_id, Order.status == OrderStatus.PENDING)
    ).one()
    limit = settings().open_checkouts_per_account
    if open_checkouts >= limit:
        raise TooManyCheckouts(limit)


def _refused(actor: Actor, order_id: OrderId) -> None:
    """The provider will not make this page (a retry that came too late): the order ends."""
    with db.transaction() as session:
        settlement.apply(session, actor=actor, order_id=order_id, seen=None)
