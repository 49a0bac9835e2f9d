"""What must hold in the end, whoever died or raced on the way."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from services import db, seats
from services.ids import MentorId, PackId
from services.models import (
    AuditEntry,
    CreditEntry,
    CreditKind,
    InboxEvent,
    InboxStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Pack,
    PackStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Seat,
    SeatStatus,
)
from tests.chaos.shop import Bought, Buyer, Shop
from tests.chaos.till import Till


def taken(mentor_id: MentorId) -> int:
    """How many of a mentor's places are in use."""
    with db.reading() as session:
        return seats.count_taken(session, mentor_id)


def orders(shop: Shop, *statuses: OrderStatus) -> list[Order]:
    """The orders with a mentor, all of them or those in some states."""
    with db.reading() as session:
        found = session.exec(select(Order).where(Order.mentor_id == shop.mentor_id)).all()
    return [order for order in found if not statuses or order.status in statuses]


def packs(shop: Shop) -> list[Pack]:
    """The packs bought from a mentor."""
    with db.reading() as session:
        return list(session.exec(select(Pack).where(Pack.mentor_id == shop.mentor_id)).all())


def one_pack(bought: Bought, till: Till, when: str = "") -> None:
    """The order was fulfilled exactly once, and the buyer was told exactly once."""
    with db.reading() as session:
        order = session.get_one(Order, bought.order_id)
        assert order.status is OrderStatus.PAID, when
        payment = session.exec(select(Payment).where(Payment.order_id == order.id)).one()
        assert payment.status is PaymentStatus.COMPLETED, when
        assert payment.refunded_minor == 0, when
        pack = session.exec(select(Pack).where(Pack.order_id == order.id)).one()
        assert (pack.status, pack.left, pack.total) == (PackStatus.ACTIVE, 4, 4), when
        assert _purchases(session, pack.id) == [4], when
        seat = session.exec(
            select(Seat).where(
                Seat.mentor_id == bought.shop.mentor_id, Seat.status != SeatStatus.RELEASED
            )
        ).one()
        assert (seat.id, seat.status) == (pack.seat_id, SeatStatus.ACTIVE), when
        for action, thing in (("order.paid", order.public_id), ("pack.created", pack.public_id)):
            assert _told(session, action, thing) == 1, when
        assert not session.exec(select(Refund).where(Refund.order_id == order.id)).all(), when
    assert len(till.mails(bought.buyer.email, "purchase")) == 1, when


def one_refund(bought: Bought, till: Till, admin: Buyer, when: str = "") -> None:
    """The whole amount went back exactly once, and buyer and admin were told exactly once."""
    with db.reading() as session:
        order = session.get_one(Order, bought.order_id)
        assert order.status is OrderStatus.REFUNDED, when
        payment = session.exec(select(Payment).where(Payment.order_id == order.id)).one()
        assert payment.status is PaymentStatus.REFUNDED, when
        assert payment.refunded_minor == payment.amount_minor == order.amount_minor, when
        refund = session.exec(select(Refund).where(Refund.order_id == order.id)).one()
        assert refund.status is RefundStatus.SUCCEEDED, when
        assert _told(session, "refund.succeeded", refund.public_id) == 1, when
        assert not session.exec(select(Pack).where(Pack.order_id == order.id)).all(), when
    made = till.refunds(bought.session)
    assert [(one["id"], one["amount"]) for one in made] == [
        (refund.provider_id, order.amount_minor)
    ], when
    assert len(till.mails(bought.buyer.email, "refunded")) == 1, when
    alerts = [m for m in till.mails(admin.email, "admin_alert") if order.public_id in m["text"]]
    assert len(alerts) == 1, when


def one_checkout(bought_by: Buyer, shop: Shop, till: Till, when: str = "") -> Order:
    """The buyer has one open checkout with the mentor, whose page can be paid until the hold's
    end, and whose place is held."""
    with db.reading() as session:
        order = session.exec(
            select(Order).where(
                Order.mentee_id == bought_by.id,
                Order.mentor_id == shop.mentor_id,
                Order.status == OrderStatus.PENDING,
            )
        ).one()
        seat = session.exec(
            select(Seat).where(Seat.mentee_id == bought_by.id, Seat.status != SeatStatus.RELEASED)
        ).one()
    assert (seat.id, seat.status) == (order.seat_id, SeatStatus.HELD), when
    assert seat.held_until == order.expires_at, when
    mine = [o.public_id for o in orders(shop) if o.mentee_id == bought_by.id]
    pages = till.open_sessions(*mine)
    assert [page["id"] for page in pages] == [order.checkout_id], when
    assert pages[0]["client_reference_id"] == order.public_id, when
    assert pages[0]["expires_at"] == int(order.expires_at.timestamp()), when
    return order


def nothing_left(bought_by: Buyer, shop: Shop, till: Till, when: str = "") -> None:
    """The buyer's attempt is over: no open order, no held place, no page that could be paid."""
    mine = [order for order in orders(shop) if order.mentee_id == bought_by.id]
    assert all(order.status is OrderStatus.EXPIRED for order in mine), when
    assert taken(shop.mentor_id) == 0, when
    if mine:
        assert till.open_sessions(*(order.public_id for order in mine)) == [], when


def all_quiet(when: str = "") -> None:
    """Nothing waits in inbox and outbox, and nothing has failed there."""
    with db.reading() as session:
        events = session.exec(
            select(InboxEvent.event_id).where(
                col(InboxEvent.status).in_([InboxStatus.RECEIVED, InboxStatus.FAILED])
            )
        ).all()
        messages = session.exec(
            select(OutboxMessage.unique_key).where(OutboxMessage.status != OutboxStatus.SENT)
        ).all()
    assert not events, when
    assert not messages, when


def _purchases(session: Session, pack_id: PackId) -> list[int]:
    return list(
        session.exec(
            select(CreditEntry.amount).where(
                CreditEntry.pack_id == pack_id, CreditEntry.kind == CreditKind.PURCHASE
            )
        ).all()
    )


def _told(session: Session, action: str, thing: str) -> int:
    entries = select(func.count()).where(AuditEntry.action == action, AuditEntry.thing == thing)
    return session.exec(entries).one()
