"""Small builders for races and kills: a mentor with offers, buyers, and orders that were paid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from sqlmodel import select

from services import checkout, clock, db
from services.audit import SYSTEM, Actor
from services.checkout import settlement
from services.ids import MentorId, OfferId, OrderId, UserId
from services.models import Mentor, Order, PackOffer, User
from tests.chaos.till import Till

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Shop:
    """A listed mentor and the public ids of the offers."""

    mentor_id: MentorId
    slug: str
    owner: Actor
    offers: tuple[str, ...]
    offer_ids: tuple[OfferId, ...]

    @property
    def offer(self) -> str:
        """The first offer's public id."""
        return self.offers[0]


@dataclass(frozen=True, slots=True)
class Buyer:
    """A signed-in person with a confirmed address."""

    id: UserId
    email: str

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor("user", user_id=self.id, verified=True)


@dataclass(frozen=True, slots=True)
class Bought:
    """One buyer's order with one mentor, and its checkout at the provider."""

    shop: Shop
    buyer: Buyer
    order: str
    order_id: OrderId
    session: str


def open_shop(*, capacity: int = 1, offers: int = 1) -> Shop:
    """A mentor with `capacity` places and some offers of different prices."""
    number = next(_numbers)
    with db.transaction() as session:
        owner = User(
            email=f"mentor-{number}@example.com", name=f"Mentor {number}", password_hash="x"
        )
        session.add(owner)
        session.flush()
        mentor = Mentor(user_id=owner.id, slug=f"mentor-{number}", capacity=capacity, listed=True)
        session.add(mentor)
        session.flush()
        sold = [
            PackOffer(
                mentor_id=mentor.id,
                title=f"Pack {index}",
                price_minor=10_000 + index,
                currency="EUR",
                validity_days=45,
            )
            for index in range(offers)
        ]
        session.add_all(sold)
        session.flush()
        return Shop(
            mentor.id,
            mentor.slug,
            Actor("user", user_id=owner.id, mentor_id=mentor.id, verified=True),
            tuple(offer.public_id for offer in sold),
            tuple(offer.id for offer in sold),
        )


def buyers(amount: int) -> list[Buyer]:
    """Different people who may buy."""
    return [_person(is_admin=False) for _ in range(amount)]


def admin() -> Buyer:
    """Somebody whom alerts reach."""
    return _person(is_admin=True)


def _person(*, is_admin: bool) -> Buyer:
    number = next(_numbers)
    user = User(
        email=f"buyer-{number}@example.com",
        name=f"Buyer {number}",
        password_hash="x",
        is_admin=is_admin,
        email_verified_at=clock.utc_now(),
    )
    with db.transaction() as session:
        session.add(user)
        session.flush()
        return Buyer(user.id, user.email)


def started(shop: Shop, buyer: Buyer) -> Bought:
    """The buyer stands before the payment page."""
    checkout.start(actor=buyer.actor, offer=shop.offer)
    with db.reading() as session:
        order = session.exec(
            select(Order).where(Order.mentee_id == buyer.id, Order.mentor_id == shop.mentor_id)
        ).one()
        assert order.checkout_id is not None
        return Bought(shop, buyer, order.public_id, order.id, order.checkout_id)


def given_up(bought: Bought) -> None:
    """The place goes to others although the payment page was not ended at the provider, as after
    an outage that lasted longer than the hold."""
    with db.transaction() as session:
        settlement.apply(session, actor=SYSTEM, order_id=bought.order_id, seen=None)


def paid(till: Till, *, capacity: int = 1) -> Bought:
    """A new buyer has paid a new mentor's pack, and the provider's event is in the inbox."""
    bought = started(open_shop(capacity=capacity), buyers(1)[0])
    till.pay(bought.session)
    till.store_events("checkout.session.completed")
    return bought
