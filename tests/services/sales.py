"""Single sales and refunds for the tests of reports, each on a day of its own."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import select

from services import db, ledger
from services.models import (
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
)
from tests.services.rows import a_mentor, a_user, an_offer, an_order


def a_sale(
    at: datetime, minor: int = 10_000, *, currency: str = "EUR", name: str = "Mina"
) -> Order:
    """One paid order of a mentor of its own."""
    mentor = a_mentor(f"{name} {minor} {at.isoformat()}", slug=f"m-{minor}-{at.timestamp():.6f}")
    buyer = a_user(f"Buyer {minor} {at.timestamp()}")
    order = an_order(buyer, an_offer(mentor, minor, currency=currency), status=OrderStatus.PAID)
    paid(order, at)
    return order


def paid(order: Order, at: datetime, *, provider: Provider = Provider.STRIPE) -> Payment:
    """The order's payment was completed at this moment, and stands in the ledger."""
    with db.transaction() as session:
        payment = Payment(
            order_id=order.id,
            provider=provider,
            provider_id=f"pi_{order.public_id}",
            amount_minor=order.amount_minor,
            currency=order.currency,
            status=PaymentStatus.COMPLETED,
            completed_at=at,
        )
        session.add(payment)
        session.flush()
        ledger.post_sale(session, order=order, payment=payment)
    return payment


def a_refund_of(order: Order, minor: int, at: datetime, status: RefundStatus) -> Refund:
    with db.reading() as session:
        payment = session.exec(select(Payment).where(Payment.order_id == order.id)).one()
    refund = Refund(
        order_id=order.id,
        payment_id=payment.id,
        provider=Provider.STRIPE,
        provider_id=f"re_{order.public_id}",
        amount_minor=minor,
        currency=payment.currency,
        status=status,
        source=RefundSource.ADMIN,
        reason=RefundReason.PAID_TWICE,
        decided_at=at,
        settled_at=at,
    )
    with db.transaction() as session:
        session.add(refund)
        session.flush()
        if status is RefundStatus.SUCCEEDED:
            ledger.post_refund(session, refund=refund, pack=None, sessions=0, owed=False, at=at)
    return refund
