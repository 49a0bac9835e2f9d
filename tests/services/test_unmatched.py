"""Money that does not fit the order it names waits and goes back; somebody else's is let be."""

from __future__ import annotations

import pytest

from services import checkout, db, orders, reconciliation, refunds, unmatched
from services.audit import Actor
from services.errors import Conflict
from services.models import (
    InboxEvent,
    InboxStatus,
    OrderStatus,
    OutboxMessage,
    Pack,
    Refund,
    RefundReason,
    RefundScope,
    RefundStatus,
    UnmatchedKind,
    UnmatchedMoney,
    UnmatchedStatus,
)
from services.orders import Face
from services.unmatched import UnmatchedView
from tests.services.refunding import Sale, a_sale, euros
from tests.services.rows import a_user, acting, an_admin, an_offer
from tests.services.tills import foreign_page
from tests.support.studio import Studio, stored


def misfit(studio: Studio, sale: Sale) -> str:
    """An order of €90.00 for which €50.00 came."""
    offer = an_offer(sale.mentor, 9_000)
    order = checkout.start(actor=acting(a_user("Willy Wrong")), offer=offer.public_id).order
    studio.pay(order, checkout=studio.another_page(order, euros(5_000)))
    studio.deliver()
    return order


def entries(admin: Actor) -> tuple[UnmatchedView, ...]:
    with db.reading() as session:
        return unmatched.list_all(session, actor=admin)


def face(order: str, admin: Actor) -> Face:
    with db.reading() as session:
        return orders.get_order(session, actor=admin, order=order).face


def test_money_that_does_not_fit_its_order_waits_there_until_it_is_back(studio: Studio) -> None:
    sale = a_sale(studio, capacity=3)
    order = misfit(studio, sale)
    [entry] = entries(sale.admin)
    assert (entry.status, entry.order, entry.amount) == (UnmatchedStatus.OPEN, order, euros(5_000))
    assert face(order, sale.admin) is Face.MISFIT
    alerts = [one.data for one in stored(OutboxMessage) if one.data.get("alert")]
    assert [(one["alert"], one["thing"]) for one in alerts] == [
        ("unmatched_money", entry.public_id)
    ]

    refunds.start(actor=sale.admin, order=order, scope=RefundScope.WHOLE)
    studio.send()
    [entry] = entries(sale.admin)
    assert (entry.status, entry.note) == (
        UnmatchedStatus.SETTLED,
        "It did not fit its order, and went back.",
    )
    assert face(order, sale.admin) is Face.REFUNDED


@pytest.mark.parametrize("named", [False, True])
def test_words_do_not_settle_money_that_the_ledger_still_holds(
    studio: Studio, *, named: bool
) -> None:
    sale = a_sale(studio, capacity=3)
    misfit(studio, sale)
    [entry] = entries(sale.admin)
    other = sale.order if named else ""
    with pytest.raises(Conflict, match="Start a refund"):
        reconciliation.settle_unmatched(
            actor=sale.admin, entry=entry.public_id, note="Never mind.", order=other
        )
    assert [row.status for row in stored(UnmatchedMoney)] == [UnmatchedStatus.OPEN]


def test_a_second_payment_goes_back_by_itself_whatever_its_amount(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.pay(sale.order, checkout=studio.another_page(sale.order, euros(5_000)))
    studio.deliver()
    studio.send()
    [back] = stored(Refund)
    assert (back.reason, back.status, back.amount_minor) == (
        RefundReason.PAID_TWICE,
        RefundStatus.SUCCEEDED,
        5_000,
    )
    assert stored(UnmatchedMoney) == []
    assert studio.order(sale.order).status is OrderStatus.PAID
    assert len(stored(Pack)) == 1


@pytest.mark.parametrize(("order", "kept"), [("another-shop", 0), ("ord_lost_with_a_disk", 2)])
def test_what_goes_back_of_somebody_elses_sale_alarms_nobody(
    studio: Studio, order: str, kept: int
) -> None:
    an_admin()
    steps: dict[str, dict[str, object]] = {
        "refund": {"amount": 2_000},
        "dispute": {"kind": "chargeback"},
    }
    for step, body in steps.items():
        page = foreign_page("stripe", f"{order}-{step}")
        studio.pay("", checkout=page)
        studio.sandbox.control(f"stripe/sessions/{page}/{step}", body)
    while studio.deliver():
        pass
    settled = {InboxStatus.HANDLED, InboxStatus.IGNORED}
    assert {one.status for one in stored(InboxEvent)} <= settled
    reconciliation.reconcile()
    gone = [row for row in stored(UnmatchedMoney) if row.kind is not UnmatchedKind.PAYMENT]
    assert len(gone) == kept
    alerts = {one.data["thing"] for one in stored(OutboxMessage) if one.data.get("alert")}
    assert alerts == {row.public_id for row in stored(UnmatchedMoney)}
