"""What the demo studio's admin finds on the desk about money: discount codes, refunds, disputes,
and a payment that belongs to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import case
from sqlmodel import col, select

from mentorships.seed import arrivals, people, words
from mentorships.seed.simulator import PAYPAL, STRIPE
from mentorships.seed.world import World
from services import db, discounts, ids, reconciliation, refunds, urls
from services.discounts import AMOUNT, PERCENT, NewCode
from services.models import (
    Dispute,
    Order,
    Pack,
    PackStatus,
    Payment,
    Refund,
    RefundReason,
    RefundScope,
    User,
)
from services.providers.payments.base import NewCheckout
from services.providers.payments.registry import payments

WELCOME, PORTFOLIO = "SKETCH10", "PORTFOLIO20"
"""Discount codes: for everybody's first pack, and for Mara's alone. Lea uses the first."""
LATE = 25
"""Whole units of the studio's currency for a session that began late."""
LEA = people.MENTEE[0]
LONGER = timedelta(days=10)
"""A pack that somebody fights over lasts at least so much longer."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A paid order, the ids of its payment page and payment at the provider, and its buyer."""

    order: str
    page: str
    payment: str
    mentee: str


def plan_all(world: World) -> None:
    """Put all of it on the agenda."""

    def ago(**span: float) -> datetime:
        return world.now - timedelta(**span)

    world.plan(ago(days=136), partial(_say_sorry, world))
    world.plan(ago(days=40, hours=2), partial(_bank_was_wrong, world))
    world.plan(ago(days=14), partial(_make_codes, world), quiet=True)
    world.plan(ago(days=6), partial(_gives_part_back, world))
    world.plan(ago(days=4, hours=3), partial(_pays_for_nothing, world))
    world.plan(ago(days=3), partial(_bank_asks, world))
    world.plan(ago(hours=29), partial(_asks_back, world), quiet=True)


def _make_codes(world: World) -> None:
    """One for everybody, once each; one for Mara's packs, for a month."""
    end = (world.moment + timedelta(days=45)).date().isoformat()
    _, mara = world.mentors[people.MENTORS[0].email]
    codes = (
        NewCode(code=WELCOME, kind=PERCENT, value="10", max_total="50"),
        NewCode(code=PORTFOLIO, kind=AMOUNT, value="20", ends_on=end, max_total="5", mentor=mara),
    )
    with db.transaction() as session:
        for new in codes:
            discounts.create_code(session, actor=world.admin, new=new)


def _say_sorry(world: World) -> None:
    """A session of Lea's began late: a part of what she paid goes back, her sessions stay."""
    with db.reading() as session:
        orders = select(Order.public_id).join(User, col(User.id) == col(Order.mentee_id))
        order = session.exec(orders.where(User.email == LEA).order_by(col(Order.id))).first()
    assert order is not None  # noqa: S101  # she bought it two weeks before
    refunds.start(
        actor=world.admin,
        order=order,
        scope=RefundScope.OTHER,
        amount=arrivals.price(LATE),
        reason=RefundReason.GOODWILL,
        note=words.SORRY,
    )


def _gives_part_back(world: World) -> None:
    """Somebody needs one session less than they bought."""
    for sale in _sales(world, STRIPE, spare=2, begun=True):
        refunds.start(
            actor=world.admin,
            order=sale.order,
            scope=RefundScope.UNUSED,
            sessions=1,
            note=words.ONE_LESS,
        )
        return


def _asks_back(world: World) -> None:
    """A mentee asks for the sessions that are left, and nobody has answered yet."""
    for sale in _sales(world, STRIPE, spare=2, begun=True):
        actor = world.mentees[sale.mentee]
        with db.reading() as session:
            offer = refunds.quote(session, actor=actor, order=sale.order)
        if not offer.why_not:
            refunds.request(
                actor=actor, order=sale.order, amount=offer.amount, note=words.MOVES_AWAY
            )
            return


def _bank_was_wrong(world: World) -> None:
    """A chargeback that the studio answered, and won twelve days later."""
    for sale in _sales(world, PAYPAL, spare=1):
        dispute = world.simulator.dispute(PAYPAL, sale.payment)
        won = partial(world.simulator.decide, dispute, "won")
        world.plan(world.moment + timedelta(days=12), won)
        return


def _bank_asks(world: World) -> None:
    """A chargeback whose evidence is due within days."""
    for sale in _sales(world, STRIPE, spare=1):
        world.simulator.dispute(STRIPE, sale.page)
        return


def _pays_for_nothing(world: World) -> None:
    """Somebody pays on a page of an order that the studio does not have: money that is kept, and
    that an admin has to ask about."""
    order = ids.new_public_id("ord")
    new = NewCheckout(
        order=order,
        attempt=1,
        title="Four sessions",
        description="Four sessions, agreed by phone",
        price=arrivals.price(people.MENTORS[0].price),
        email="somebody@example.com",
        expires_at=world.moment + timedelta(hours=2),
        return_url=urls.checkout_return(order),
    )
    world.simulator.pay(payments(STRIPE).create_checkout(new).url or "")
    world.plan(world.moment + timedelta(minutes=4), reconciliation.reconcile)


def _sales(world: World, provider: str, *, spare: int, begun: bool = False) -> list[Sale]:
    """Orders nobody fights over yet, with at least so many sessions to book, the most first; or,
    with `begun`, those first of which a session was held."""
    free = col(Pack.left) - col(Pack.reserved) - col(Pack.locked)
    first = case((col(Pack.left) < col(Pack.total), 0), else_=1) if begun else free.desc()
    found = (
        select(Order.public_id, Order.checkout_id, Payment.provider_id, User.email)
        .join(Payment, col(Payment.order_id) == col(Order.id))
        .join(Pack, col(Pack.order_id) == col(Order.id))
        .join(User, col(User.id) == col(Order.mentee_id))
        .where(
            Payment.provider == provider,
            Pack.status == PackStatus.ACTIVE,
            free >= spare,
            col(Pack.expires_at) > world.moment + LONGER,
            User.email != LEA,
            col(Order.id).not_in(select(Refund.order_id)),
            col(Order.id).not_in(select(Dispute.order_id)),
        )
        .order_by(first, col(Order.id))
    )
    with db.reading() as session:
        return [
            Sale(order, page or "", payment, mentee)
            for order, page, payment, mentee in session.exec(found).all()
        ]
