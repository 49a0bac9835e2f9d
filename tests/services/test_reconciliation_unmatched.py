"""Money that belonged to nothing, once an admin knows what it was."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial

import pytest

from services import clock, db, reconciliation, unmatched
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    AuditEntry,
    OrderStatus,
    Pack,
    Payment,
    Provider,
    Refund,
    RefundReason,
    UnmatchedKind,
    UnmatchedMoney,
    UnmatchedStatus,
    User,
)
from services.money import Money
from tests.chaos.crowd import refusals, together
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.services.tills import TILLS, StripeTill, Till
from tests.support.studio import Studio, stored

WHAT = "The order was lost with the old server."


@pytest.fixture(params=list(TILLS))
def till(request: pytest.FixtureRequest, studio: Studio) -> Till:
    """Each provider in turn."""
    return TILLS[request.param](studio)


@pytest.fixture
def ada(studio: Studio) -> Actor:
    """The admin."""
    return acting(an_admin())


def a_stray_payment(till: Till, minor: int = 12_000) -> str:
    """Somebody has paid an order that nobody knows any more; the entry."""
    name = f"ord_lost{minor}"
    till.takes_on(till.foreign_page(name, Money(minor, "EUR")), name)
    till.studio.lose_webhooks()
    reconciliation.reconcile()
    [entry] = [one for one in stored(UnmatchedMoney) if one.status is UnmatchedStatus.OPEN]
    return entry.public_id


def the_entry() -> UnmatchedMoney:
    [entry] = stored(UnmatchedMoney)
    return entry


def test_a_payment_that_is_given_to_its_order_becomes_the_pack(till: Till, ada: Actor) -> None:
    entry, order = a_stray_payment(till), till.starts()
    reconciliation.settle_unmatched(actor=ada, entry=entry, note=WHAT, order=f" {order} ")
    assert till.studio.order(order).status is OrderStatus.PAID
    [payment] = stored(Payment)
    [pack] = stored(Pack)
    assert (payment.provider.value, payment.order_id) == (till.vendor, pack.order_id)
    assert payment.fee_minor
    found = the_entry()
    assert (found.status, found.order_id, found.note, found.settled_by) == (
        UnmatchedStatus.SETTLED,
        pack.order_id,
        WHAT,
        ada.user_id,
    )
    paid = next(line for line in stored(AuditEntry) if line.action == "order.paid")
    assert paid.actor_id == ada.user_id
    assert reconciliation.reconcile().differ == 0


def test_a_payment_that_is_given_to_a_paid_order_goes_back_at_once(till: Till, ada: Actor) -> None:
    order = till.bought()
    entry = a_stray_payment(till)
    reconciliation.settle_unmatched(actor=ada, entry=entry, note=WHAT, order=order)
    till.studio.send()
    [refund] = stored(Refund)
    assert (refund.reason, refund.amount_minor) == (RefundReason.PAID_TWICE, 12_000)
    assert len(stored(Pack)) == 1


def test_a_payment_of_another_amount_does_not_pay_the_order(studio: Studio, ada: Actor) -> None:
    till = StripeTill(studio)
    entry, order = a_stray_payment(till, 5_000), till.starts()
    with pytest.raises(Conflict, match=r"costs €120\.00, and €50\.00 came"):
        reconciliation.settle_unmatched(actor=ada, entry=entry, note=WHAT, order=order)
    assert stored(Payment) == stored(Pack) == []
    assert the_entry().status is UnmatchedStatus.OPEN


def test_two_admins_who_give_one_payment_to_two_orders_make_one_pack(
    studio: Studio, ada: Actor
) -> None:
    till = StripeTill(studio)
    entry, offer = a_stray_payment(till), an_offer(a_mentor(capacity=3))
    orders = [till.starts("Nora Novak", offer), till.starts("Otto Other", offer)]
    both = [ada, acting(an_admin("Bea Boss"))]
    gives = [
        partial(
            copy_context().run,
            partial(
                reconciliation.settle_unmatched, actor=actor, entry=entry, note=WHAT, order=order
            ),
        )
        for actor, order in zip(both, orders, strict=True)
    ]
    assert refusals(together(gives)) == []
    assert len(stored(Payment)) == len(stored(Pack)) == 1
    assert sorted(studio.order(order).status for order in orders) == ["paid", "pending"]
    assert the_entry().order_id == stored(Payment)[0].order_id


def test_a_refund_that_is_given_to_an_order_moves_nothing(studio: Studio, ada: Actor) -> None:
    order = StripeTill(studio).bought()
    with db.transaction() as session:
        unmatched.add(
            session,
            provider=Provider.STRIPE,
            kind=UnmatchedKind.REFUND,
            provider_id="re_stranger",
            payment_provider_id="pi_stranger",
            amount=Money(1_234, "EUR"),
            seen_at=clock.utc_now(),
        )
    reconciliation.settle_unmatched(
        actor=ada, entry=the_entry().public_id, note="A gesture of ours.", order=order
    )
    assert the_entry().order_id == studio.order(order).id
    assert stored(Refund) == []


def test_what_cannot_be_settled_is_refused_with_the_reason_and_moves_nothing(
    studio: Studio, ada: Actor
) -> None:
    till = StripeTill(studio)
    entry = a_stray_payment(till)
    nora, order = acting(a_user("Nina Neu")), till.starts()

    def settle(
        actor: Actor = ada, note: str = WHAT, order: str = order, entry: str = entry
    ) -> None:
        reconciliation.settle_unmatched(actor=actor, entry=entry, note=note, order=order)

    with pytest.raises(NotAllowed):
        settle(actor=nora)
    with pytest.raises(InvalidInput):
        settle(note=" ")
    with pytest.raises(NotFound):
        settle(order="ord_nobody")
    with pytest.raises(NotFound):
        settle(entry="unm_nobody")
    buyer = studio.order(order).mentee_id
    with db.transaction() as session:
        session.get_one(User, buyer).is_admin = True
    with pytest.raises(Conflict, match="another admin"):
        settle(actor=Actor("user", user_id=buyer, is_admin=True, verified=True))
    assert stored(Payment) == []
    assert the_entry().status is UnmatchedStatus.OPEN
