"""A bought pack whose money is to go back, and what must hold when it has."""

from __future__ import annotations

from sqlmodel import col, func, select

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import db, ledger, refunds
from services.audit import Actor
from services.models import (
    AuditEntry,
    CreditEntry,
    CreditKind,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Payment,
    Refund,
    RefundStatus,
    Seat,
    SeatStatus,
)
from services.money import Money
from tests.chaos.shop import Bought, Buyer, paid
from tests.chaos.till import Till

PRICE = 10_000


def deciding(person: Buyer) -> Actor:
    """An admin who decides."""
    return Actor("user", user_id=person.id, is_admin=True, verified=True)


def usable(till: Till, *, capacity: int = 1) -> Bought:
    """Somebody has a pack of four sessions for €100.00, and nothing waits to be sent."""
    bought = paid(till, capacity=capacity)
    handle_inbox.call_local()
    send_outbox.call_local()
    return bought


def asked(bought: Bought) -> str:
    """The buyer asks for all of it; the refund's public id."""
    return refunds.request(actor=bought.buyer.actor, order=bought.order, amount=Money(PRICE, "EUR"))


def agreed(bought: Bought, admin: Buyer) -> str:
    """The buyer asked, and an admin agreed: it is due to be sent."""
    refund = asked(bought)
    refunds.decide(actor=deciding(admin), refund=refund, approve=True)
    return refund


def refunds_of(bought: Bought) -> list[Refund]:
    """The order's refunds, the oldest first."""
    with db.reading() as session:
        found = select(Refund).where(Refund.order_id == bought.order_id)
        return list(session.exec(found.order_by(col(Refund.id))).all())


def pack_of(bought: Bought) -> Pack:
    """The order's pack as it is stored now."""
    with db.reading() as session:
        return session.exec(select(Pack).where(Pack.order_id == bought.order_id)).one()


def given_back(bought: Bought, till: Till, when: str = "", *, mails: int = 1) -> None:
    """All of it went back exactly once: at the provider, in our tables, in the ledger, and to the
    buyer, who was told once; pack and seat are gone."""
    with db.reading() as session:
        order = session.get_one(Order, bought.order_id)
        payment = session.exec(select(Payment).where(Payment.order_id == order.id)).one()
        pack = session.exec(select(Pack).where(Pack.order_id == order.id)).one()
        seat = session.get_one(Seat, pack.seat_id)
        closed = session.exec(
            select(func.sum(CreditEntry.amount)).where(
                CreditEntry.pack_id == pack.id, CreditEntry.kind == CreditKind.REFUND
            )
        ).one()
    done = [row for row in refunds_of(bought) if row.status is RefundStatus.SUCCEEDED]
    assert len(done) == 1, when
    assert order.status is OrderStatus.REFUNDED, when
    assert payment.refunded_minor == PRICE, when
    assert (pack.status, pack.left, pack.locked, closed) == (PackStatus.REFUNDED, 0, 0, -4), when
    assert pack.paused_at is None, when
    assert seat.status is SeatStatus.RELEASED, when
    made = till.refunds(bought.session)
    assert [(one["id"], one["amount"]) for one in made] == [(done[0].provider_id, PRICE)], when
    assert told(done[0], "refund.succeeded") == 1, when
    assert len(till.mails(bought.buyer.email, "refunded")) == mails, when
    adds_up(when)


def adds_up(when: str = "") -> None:
    """The ledger agrees with what it tells of, order by order."""
    assert list(ledger.check_orders()) == [], when


def told(refund: Refund, action: str) -> int:
    """How many audit lines say this of a refund."""
    with db.reading() as session:
        lines = select(func.count()).where(
            AuditEntry.action == action, AuditEntry.thing == refund.public_id
        )
        return session.exec(lines).one()
