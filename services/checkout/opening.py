"""Starting a checkout: the seat is held and the order written in one transaction, then the
buyer is sent to pay. Clicking twice, a second tab, another pack or another provider lead to one
open checkout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, select

from services import access, clock, db, locking, seats
from services.audit import Actor
from services.checkout import capturing, line, settlement, writing
from services.checkout.settlement import provider_of
from services.checkout.writing import Wish
from services.discounts.checking import normal
from services.errors import Conflict, NotAllowed, NotFound, OfferRetired, ProviderRejected
from services.ids import OrderId, UserId
from services.models import (
    DiscountCode,
    Mentor,
    OfferStatus,
    Order,
    OrderStatus,
    PackOffer,
    Provider,
    Seat,
    SeatStatus,
    UserStatus,
)
from services.money import Money
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
    """The order to go on with, and where it is to be paid; `in_the_way` says that its page must be
    ended before a new one, `free` the public id of an order that needed no payment and is done."""

    order_id: OrderId
    provider: Provider | None
    in_the_way: bool = False
    free: str = ""


@dataclass(frozen=True, slots=True)
class _Opened:
    """How opening a page went.

    `has_ended`: its page is over, its hold may be taken over. `refused_by`: the provider
    that would not make it, which a retry that came too late explains once.
    """

    started: CheckoutStarted | None = None
    has_ended: bool = False
    refused_by: str = ""


def start(
    *, actor: Actor, offer: str, provider: str = "", code: str = "", terms: str = ""
) -> CheckoutStarted:
    """Hold a seat with the offer's mentor and open the provider's payment page.

    Args:
        provider: one of `CheckoutPreview.providers`; "" for the first of them.
        code: a discount code; "" for none.
        terms: the version of the terms that the page showed; "" when it showed none.

    Raises:
        SignInNeeded, VerificationNeeded, NotFound, NotAllowed, OfferRetired, SeatsSoldOut,
        TooManyCheckouts, Conflict, InvalidInput, ProviderUnavailable (the seat stays held),
        ProviderRejected
    """
    user_id = access.require_verified(actor)
    registry.load()
    wish = Wish(offer, provider, code, terms)
    ended: Turn | None = None
    refusals = 0
    for _ in range(MAX_TURNS):
        turn = _turn(actor, user_id, wish, ended)
        if turn.free:
            return CheckoutStarted(turn.free, None)
        if turn.in_the_way:
            stays = _end_older(actor, turn.order_id)
            if stays is not None:
                return stays
            ended = turn
            continue
        opened = _open_page(actor, turn.order_id)
        if opened.started is not None:
            return opened.started
        ended = turn if opened.has_ended else None
        refusals += bool(opened.refused_by)
        if refusals > 1:
            raise ProviderRejected(opened.refused_by, "the payment page was refused")
    raise Conflict("This checkout was changed in another tab. Please look at your orders.")


def hold(*, actor: Actor, user_id: UserId, offer: str) -> Turn:
    """The first half of `start`: decide which order this click is about, and hold its seat.

    Raises:
        NotFound, NotAllowed, OfferRetired, SeatsSoldOut, TooManyCheckouts, Conflict
    """
    return _turn(actor, user_id, Wish(offer), None)


def _turn(actor: Actor, user_id: UserId, wish: Wish, ended: Turn | None) -> Turn:
    with line.in_line(offer=wish.offer, buyer=user_id), db.transaction() as session:
        return _reserve(session, actor, user_id, wish, ended)


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
        locking.lock(session, mentors=[row.mentor_id], orders=[row.id])
        found = session.get_one(Order, row.id)
        if _is_being_paid(found):
            raise Conflict("You have approved this payment, and it is being taken right now.")
        _begin_handover(found)
    provider, seen = _ended(row.id)
    with db.transaction() as session:
        settlement.apply(
            session,
            actor=actor,
            order_id=row.id,
            seen=seen,
            provider=provider,
            ended_as=OrderStatus.CANCELED,
        )


def _reserve(db: Session, actor: Actor, user_id: UserId, wish: Wish, ended: Turn | None) -> Turn:
    """One transaction: decide which order this click is about, and hold its seat.

    `ended` is this buyer's older order whose page is over: its hold is taken over.
    """
    offer, mentor = _on_sale(db, actor, wish.offer)
    locking.lock(db, users=[user_id], mentors=[mentor.id])
    locking.read_again(db, mentor, offer)
    if offer.status is not OfferStatus.ACTIVE:
        raise OfferRetired
    if mentor.suspended_at is not None:
        raise Conflict("This mentor cannot hold sessions for now, so the pack is not sold.")
    pending = _pending(db, user_id, mentor)
    goes_on = pending is not None and _is_wanted(db, pending, offer, wish)
    if pending is not None and not _is_over(pending, ended):
        busy = pending.bank_pending_at is not None or _is_being_paid(pending)
        if busy or (goes_on and not _other_provider(pending, wish)):
            return Turn(pending.id, pending.provider)
        writing.check(db, buyer=user_id, offer=offer, wish=wish, ending=pending)
        _begin_handover(pending)
        return Turn(pending.id, pending.provider, in_the_way=True)
    if pending is not None and goes_on and _other_provider(pending, wish):
        price = Money(pending.amount_minor, pending.currency)
        provider = writing.chosen_provider(price, wish.provider)
        writing.switch_provider(db, actor=actor, order=pending, provider=provider)
        return Turn(pending.id, provider)
    if pending is not None:
        writing.hand_over(db, actor=actor, order=pending)
    seat = seats.find_unreleased(db, user_id, mentor.id)
    _require_word(db, mentor, seat, goes_on=pending is not None)
    if pending is None:
        writing.check_account_limit(db, user_id)
    order = writing.write_order(
        db, actor=actor, buyer=user_id, mentor=mentor, offer=offer, seat=seat, wish=wish
    )
    return Turn(order.id, order.provider, free="" if order.provider else order.public_id)


def _require_word(db: Session, mentor: Mentor, seat: Seat | None, *, goes_on: bool) -> None:
    """An unlisted mentor's packs are for those who have a seat, or the offer of one; and an offer
    is good until it ends, unless its checkout is open already."""
    if seat is not None and seat.status is not SeatStatus.HELD:
        return
    offer = seats.find_offer(db, seat.id) if seat is not None else None
    if offer is None and not mentor.listed:
        raise NotFound("pack")
    ends_at = offer.offer_ends_at if offer is not None else None
    if ends_at is not None and ends_at <= clock.utc_now() and not goes_on:
        raise Conflict(
            "Your offer of this place has ended, and it goes to the next in line. "
            "Nothing was charged. You can join the waitlist again."
        )


def _is_over(pending: Order, ended: Turn | None) -> bool:
    """Whether it is this order's page that has ended, and not one that it had before: another tab
    may have gone on to another provider meanwhile."""
    return ended is not None and (pending.id, pending.provider) == (ended.order_id, ended.provider)


def _is_wanted(db: Session, pending: Order, offer: PackOffer, wish: Wish) -> bool:
    """Whether the open checkout is for this very offer and code, and still has time."""
    if pending.offer_id != offer.id or pending.expires_at <= clock.utc_now():
        return False
    if not wish.code:
        return True
    code = db.get(DiscountCode, pending.discount_code_id) if pending.discount_code_id else None
    return code is not None and code.code == normal(wish.code)


def _other_provider(pending: Order, wish: Wish) -> bool:
    return bool(wish.provider) and pending.provider != wish.provider


def _is_being_paid(order: Order) -> bool:
    return order.capture_until is not None and order.capture_until > clock.utc_now()


def _open_page(actor: Actor, order_id: OrderId) -> _Opened:
    """The order's payment page, unless it is over: then the next turn begins anew."""
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = settlement.page_for(session, order)
    provider = provider_of(order)
    try:
        seen = settlement.look(order, new, end=False)
    except ProviderRejected:
        seen = None
    if seen is None:
        _refused(actor, order_id, provider)
        return _Opened(refused_by=provider.value)
    if seen.state is CheckoutState.APPROVED:  # came back here, and not to the page of the order
        taken = capturing.take(order_id, seen, provider=provider)
        return _remember_page(actor, order_id, provider, taken or seen, captured=taken is not None)
    return _remember_page(actor, order_id, provider, seen)


def _remember_page(
    actor: Actor,
    order_id: OrderId,
    provider: Provider,
    seen: Checkout,
    *,
    captured: bool = False,
) -> _Opened:
    with db.transaction() as session:
        order = settlement.apply(
            session,
            actor=actor,
            order_id=order_id,
            seen=seen,
            provider=provider,
            captured=captured,
        )
    in_work = seen.state in {CheckoutState.WAITING, CheckoutState.APPROVED}
    if order.status is OrderStatus.PAID or in_work:
        return _Opened(CheckoutStarted(order.public_id, None))
    if seen.state is not CheckoutState.OPEN:
        return _Opened(has_ended=True)
    if order.status is OrderStatus.PENDING and order.checkout_id == seen.id:
        return _Opened(CheckoutStarted(order.public_id, seen.url))
    registry.payments(provider).end_checkout(seen.id)  # ended while we opened the page
    return _Opened()


def _end_older(actor: Actor, order_id: OrderId) -> CheckoutStarted | None:
    """End another checkout with this mentor at the provider; one that was paid counts."""
    provider, seen = _ended(order_id)
    if seen is None or seen.state is CheckoutState.ENDED:
        return None
    with db.transaction() as session:
        order = settlement.apply(
            session, actor=actor, order_id=order_id, seen=seen, provider=provider
        )
        return CheckoutStarted(order.public_id, None)


def _ended(order_id: OrderId) -> tuple[Provider, Checkout | None]:
    """Make the order's checkout unpayable, and say at which provider; None when that never had one,
    or needs not be told: then it may be away, and the buyer goes to another one all the same."""
    with db.reading() as session:
        order = session.get_one(Order, order_id)
        new = settlement.page_for(session, order)
    provider = provider_of(order)
    adapter = registry.payments(provider)
    if adapter.takes_by_capture and order.capture_until is None:
        return provider, None
    seen = settlement.look(order, new, end=True)
    if seen is not None and seen.state is CheckoutState.APPROVED:
        seen = adapter.end_checkout(seen.id)
    return provider, seen


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


def _refused(actor: Actor, order_id: OrderId, provider: Provider) -> None:
    """The provider will not make this page (a retry that came too late): the order ends."""
    with db.transaction() as session:
        settlement.apply(session, actor=actor, order_id=order_id, seen=None, provider=provider)
