"""What mentees of the demo studio do with their money."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlmodel import col, select

from mentorships.seed import meetings, people
from mentorships.seed.simulator import DECLINED, PAYPAL, STRIPE
from mentorships.seed.world import World
from services import checkout, db, grace, packs, reconciliation, seats
from services.errors import ProviderUnavailable, SeatsSoldOut
from services.ids import MentorId, OrderId
from services.models import Order, Pack, Seat, SeatStatus

RENEWS, COMES_BACK = 0.62, 0.5
ABANDONS, GIVES_BACK, DECLINES = 0.06, 0.10, 0.14
"""Shares of the checkouts, cumulated."""
WARNED, AFTER_GRACE = timedelta(hours=60), timedelta(hours=80)
FIRST_BOOKING = timedelta(hours=1)
"""So long after the purchase."""
FEW = 2
"""Who does not stay books so many sessions; the others of the pack end with it."""


def buy_somewhere(world: World, mentee: str) -> None:
    """Buy from a mentor whom one likes; a full one leads to another."""
    weights = [seed.popularity for seed in people.MENTORS]
    for seed in world.dice.choices(people.MENTORS, weights, k=4):
        if buy(world, mentee, seed.email):
            return


def buy(world: World, mentee: str, mentor: str, *, stays: bool = True, code: str = "") -> bool:
    """Start a checkout and do what people do with it; False when no seat was free."""
    offers = world.offers[mentor]
    offer = offers[-1] if world.dice.random() < 0.2 else offers[0]
    try:
        started = checkout.start(
            actor=world.mentees[mentee], offer=offer, provider=_chosen(world), code=code
        )
    except SeatsSoldOut:
        return False
    if started.url is None:
        return True
    luck = world.dice.random() if stays else 1.0
    after = partial(_after, world, started.order, mentee, mentor, stays)
    soon = world.moment + timedelta(minutes=4)
    if luck < ABANDONS:
        world.plan(world.moment + timedelta(minutes=37), checkout.sweep)
    elif luck < GIVES_BACK:
        give_back = partial(checkout.give_back, actor=world.mentees[mentee], order=started.order)
        world.plan(soon, give_back)
    else:
        pays = partial(_pay, world, started.url, declined_first=luck < DECLINES)
        world.plan(soon, pays)
        world.plan(soon + timedelta(seconds=30), after)
    return True


def _chosen(world: World) -> str:
    """One of four pays with PayPal."""
    world.sold += 1
    return PAYPAL if world.sold % 4 == 0 else STRIPE


def leave_soon(world: World, mentor: str) -> None:
    """Somebody buys a pack that ends just before today and is not renewed."""
    buy(world, _newcomer(world, mentor), mentor, stays=False)


def fill(world: World, mentor: str, at_least: int) -> None:
    """Newcomers buy until this many seats are taken."""
    for _ in range(at_least):
        with db.reading() as session:
            if seats.count_taken(session, _mentor_id(world, mentor)) >= at_least:
                return
        mentee = _newcomer(world, mentor)
        started = checkout.start(actor=world.mentees[mentee], offer=world.offers[mentor][0])
        if started.url is not None:
            _pay(world, started.url)
            first = partial(meetings.begin, world, mentee, mentor)
            world.plan(world.moment + FIRST_BOOKING, first, quiet=True)


def open_only(world: World, mentor: str) -> None:
    """Somebody is on the payment page right now."""
    checkout.start(actor=world.mentees[_newcomer(world, mentor)], offer=world.offers[mentor][0])


def pay_too_late(world: World, mentor: str) -> None:
    """One pays while we cannot hear of it; the last place goes to another; money goes back."""
    capacity = next(seed.capacity for seed in people.MENTORS if seed.email == mentor)
    fill(world, mentor, capacity - 1)
    unlucky = world.mentees[_newcomer(world, mentor)]
    started = checkout.start(actor=unlucky, offer=world.offers[mentor][0])
    begin = world.moment
    world.plan(
        begin + timedelta(minutes=30), partial(world.simulator.pay, started.url or "", lost=True)
    )
    world.plan(begin + timedelta(minutes=51), partial(_look_in_the_dark, world, started.order))
    world.plan(begin + timedelta(minutes=55), partial(fill, world, mentor, capacity))
    world.plan(begin + timedelta(minutes=70), reconciliation.reconcile)


def _look_in_the_dark(world: World, order: str) -> None:
    """Stripe is asked how the order stands, and does not answer."""
    tries = 3  # what the SDK makes of one call
    world.simulator.fail(path="/v1/checkout/sessions/*", method="GET", times=tries)
    with db.reading() as session:
        order_id = session.exec(select(Order.id).where(Order.public_id == order)).one()
    with suppress(ProviderUnavailable):
        checkout.settle(OrderId(order_id))


def _pay(world: World, url: str, *, declined_first: bool = False) -> None:
    if declined_first:
        world.simulator.pay(url, card=DECLINED)
    world.simulator.pay(url)


def _after(world: World, order: str, mentee: str, mentor: str, stays: bool) -> None:
    """The pack is there: plan its end, and what its owner does then."""
    with db.reading() as session:
        found = select(Pack).join(Order, col(Order.id) == Pack.order_id)
        pack = session.exec(found.where(col(Order.public_id) == order)).one_or_none()
    if pack is None or pack.expires_at is None:
        return
    most = 100 if stays or mentee == people.MENTEE[0] else FEW
    first = partial(meetings.begin, world, mentee, mentor, most=most)
    world.plan(world.moment + FIRST_BOOKING, first, quiet=True)
    world.plan(pack.expires_at + timedelta(minutes=1), packs.expire_due)
    world.plan(pack.expires_at + WARNED, grace.warn_due, quiet=True)
    world.plan(pack.expires_at + AFTER_GRACE, release_ended, quiet=True)
    luck = world.dice.random()
    if stays and luck < RENEWS:
        days = world.dice.uniform(-6, 2)
        moment = pack.expires_at + timedelta(days=days)
        world.plan(moment, partial(buy, world, mentee, mentor))
        return
    if stays and world.dice.random() < COMES_BACK:
        moment = pack.expires_at + timedelta(days=world.dice.uniform(10, 40))
        world.plan(moment, partial(buy_somewhere, world, mentee))


def release_ended() -> None:
    """What the sweep does about seats whose grace is over: who was warned in time loses the seat,
    who was not is warned now."""
    grace.warn_due()
    grace.release_due()


def _newcomer(world: World, mentor: str) -> str:
    """A mentee without a seat with this mentor; the demo mentee keeps to her own story."""
    with db.reading() as session:
        taken = set(
            session.exec(
                select(Seat.mentee_id).where(
                    Seat.mentor_id == _mentor_id(world, mentor),
                    Seat.status != SeatStatus.RELEASED,
                )
            ).all()
        )
    free = [
        email
        for email, actor in world.mentees.items()
        if actor.user_id not in taken and email != people.MENTEE[0]
    ]
    return world.dice.choice(free)


def _mentor_id(world: World, mentor: str) -> MentorId:
    mentor_id = world.mentors[mentor][0].mentor_id
    assert mentor_id is not None  # noqa: S101  # a mentor's actor has one
    return mentor_id
