"""Money that came in: a paid order becomes a payment, a pack and an active seat, or goes back."""

from __future__ import annotations

from sqlmodel import Session, select

from services import (
    audit,
    clock,
    discord,
    discounts,
    invoices,
    ledger,
    packs,
    refunds,
    seats,
    telling,
    topics,
    unmatched,
)
from services.audit import Actor
from services.errors import SeatsSoldOut
from services.models import (
    Mentor,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Provider,
    RefundReason,
    Seat,
    SeatStatus,
    UnmatchedKind,
    User,
    UserStatus,
)
from services.money import Money
from services.providers.payments import registry
from services.reminders import welcome
from services.telling import Line


def fulfil(
    db: Session,
    *,
    actor: Actor,
    order: Order,
    provider: Provider,
    payment_id: str,
    paid: Money,
    fee: Money | None = None,
) -> None:
    """Apply a payment that its provider itself has shown. Once, however often it is told.

    The caller holds the locks of the mentor and the order. Order, payment, pack, seat, credit
    entry, postings, audit and mail are one transaction. Without a free place, or for a second
    payment of the same order, the whole amount goes back. `fee` is what the provider keeps, which
    may become known later: then it is told again.
    """
    payment = _find(db, provider, payment_id)
    if payment is None:
        payment = _record(db, actor, order, provider, payment_id, paid)
        _use(db, actor, order, payment)
    if fee is not None:
        ledger.record_fee(db, payment=payment, fee=fee)


def fulfil_free(db: Session, *, actor: Actor, order: Order) -> None:
    """Give what an order is about that costs nothing: no payment, no provider, no posting.

    The caller holds the locks of the mentor and the order.

    Raises:
        SeatsSoldOut: the order holds no place, and none is free.
    """
    _mark_paid(db, actor, order)
    seat = _seat_for(db, actor, order)
    if seat is None:
        mentor = db.get_one(Mentor, order.mentor_id)
        raise SeatsSoldOut(db.get_one(User, mentor.user_id).name)
    _deliver(db, actor, order, seat, step=1)
    invoices.issue(db, actor=actor, order=order, payment=None)


def _use(db: Session, actor: Actor, order: Order, payment: Payment) -> None:
    """Make a pack of new money, or send it back, or leave it to an admin."""
    paid = Money(payment.amount_minor, payment.currency)
    if order.paid_at is not None and paid.currency == order.currency:
        _send_back(db, order, payment, RefundReason.PAID_TWICE)
        return
    if paid != Money(order.amount_minor, order.currency):
        _keep_apart(db, order, payment)
        return
    order.provider = payment.provider
    _mark_paid(db, actor, order)
    seat = _seat_for(db, actor, order)
    if seat is None:
        discounts.release(db, order)
        _send_back(db, order, payment, RefundReason.NO_PLACE)
        return
    step = registry.payments(payment.provider).step(order.currency)
    _deliver(db, actor, order, seat, step=step)
    ledger.post_sale(db, order=order, payment=payment)
    invoices.issue(db, actor=actor, order=order, payment=payment)


def _deliver(db: Session, actor: Actor, order: Order, seat: Seat, *, step: int) -> None:
    """The pack, what each of its sessions was paid, and its seat; the buyer hears of it, and of
    somebody new the mentor."""
    order.seat_id = seat.id
    is_new = seat.status is SeatStatus.HELD
    discounts.keep(db, order)
    pack = packs.create(db, actor=actor, order=order, seat=seat)
    paid, tax = (Money(minor, order.currency) for minor in (order.amount_minor, order.tax_minor))
    ledger.open_shares(db, pack=pack, paid=paid, tax=tax, step=step)
    seats.activate(db, actor=actor, seat=seat, reason="pack")
    discord.follow_seat(db, seat=seat)  # one that was active before may lack its role: a dispute
    welcome.start(db, mentee_id=order.mentee_id)
    _tell(db, order)
    if is_new:
        _tell_mentor(db, order)


def _keep_apart(db: Session, order: Order, payment: Payment) -> None:
    """It names this order and does not fit it: an admin finds out why, and sends it back."""
    ledger.post_unmatched(db, order=order, payment=payment)
    unmatched.add(
        db,
        provider=payment.provider,
        kind=UnmatchedKind.PAYMENT,
        provider_id=payment.provider_id,
        payment_provider_id=payment.provider_id,
        amount=Money(payment.amount_minor, payment.currency),
        seen_at=payment.completed_at or clock.utc_now(),
        order_id=order.id,
    )


def _send_back(db: Session, order: Order, payment: Payment, reason: RefundReason) -> None:
    ledger.post_going_back(db, order=order, payment=payment)
    refunds.refund_automatically(db, payment=payment, reason=reason)


def _find(db: Session, provider: Provider, payment_id: str) -> Payment | None:
    return db.exec(
        select(Payment).where(Payment.provider == provider, Payment.provider_id == payment_id)
    ).one_or_none()


def _record(
    db: Session,
    actor: Actor,
    order: Order,
    provider: Provider,
    payment_id: str,
    paid: Money,
) -> Payment:
    payment = Payment(
        order_id=order.id,
        provider=provider,
        provider_id=payment_id,
        amount_minor=paid.minor,
        currency=paid.currency,
        status=PaymentStatus.COMPLETED,
        completed_at=clock.utc_now(),
    )
    db.add(payment)
    db.flush()
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))
    audit.record(
        db,
        actor=actor,
        action="payment.completed",
        thing=payment.public_id,
        after={"order": order.public_id, "minor": paid.minor, "currency": paid.currency},
    )
    return payment


def _mark_paid(db: Session, actor: Actor, order: Order) -> None:
    before = order.status
    order.status, order.paid_at = OrderStatus.PAID, clock.utc_now()
    order.bank_pending_at = order.declined_at = order.ended_at = None
    db.flush()
    audit.record(
        db,
        actor=actor,
        action="order.paid",
        thing=order.public_id,
        before={"status": before.value},
        after={"status": OrderStatus.PAID.value},
    )


def _seat_for(db: Session, actor: Actor, order: Order) -> Seat | None:
    """The seat this order pays for: the one it held, the mentee's own, or a free place. None: there
    is no place, or nobody to take it, because the account was erased meanwhile."""
    if db.get_one(User, order.mentee_id).status is UserStatus.ERASED:
        return None
    seat = seats.find_unreleased(db, order.mentee_id, order.mentor_id)
    if seat is not None:
        return seat
    mentor = db.get_one(Mentor, order.mentor_id)
    if not seats.has_place(db, mentor):
        return None
    return seats.insert_held(
        db,
        actor=actor,
        mentee_id=order.mentee_id,
        mentor_id=order.mentor_id,
        until=clock.utc_now(),
    )


def _tell(db: Session, order: Order) -> None:
    mentor = db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
    telling.tell(
        db,
        user_id=order.mentee_id,
        kind="purchase",
        about=order.public_id,
        line=Line(f"Your pack with {mentor} is ready", order.title, "/dashboard"),
        data={"order_id": order.id},
    )


def _tell_mentor(db: Session, order: Order) -> None:
    mentee = db.get_one(User, order.mentee_id)
    sessions = "1 session" if order.sessions == 1 else f"{order.sessions} sessions"
    telling.tell(
        db,
        user_id=db.get_one(Mentor, order.mentor_id).user_id,
        kind="new_mentee",
        about=order.public_id,
        line=Line(
            f"{mentee.name} is your new mentee",
            f"They have {sessions} with you.",
            f"/mentor/mentees/{mentee.public_id}",
        ),
        data={"order_id": order.id},
    )
