"""Money that came in: what buyers paid, and what the provider kept of it."""

from __future__ import annotations

from sqlmodel import Session

from services import clock
from services.ledger.posting import About, Leg, is_posted, post
from services.models import Account, Order, Payment, PostingKind
from services.money import Money


def post_sale(db: Session, *, order: Order, payment: Payment) -> None:
    """A payment that made a pack: its sessions are owed to the buyer, its tax to the state."""
    net = payment.amount_minor - order.tax_minor
    _post(
        db,
        order,
        payment,
        Leg(Account.PROVIDER, Account.DEFERRED, net),
        Leg(Account.PROVIDER, Account.TAX, order.tax_minor),
    )


def post_going_back(db: Session, *, order: Order, payment: Payment) -> None:
    """A payment that buys nothing, and goes back: all of it is owed to the buyer."""
    leg = Leg(Account.PROVIDER, Account.REFUNDS, payment.amount_minor)
    _post(db, order, payment, leg)


def post_unmatched(db: Session, *, order: Order, payment: Payment) -> None:
    """A payment that does not fit its order: it waits for an admin."""
    leg = Leg(Account.PROVIDER, Account.UNMATCHED, payment.amount_minor)
    _post(db, order, payment, leg)


def record_fee(db: Session, *, payment: Payment, fee: Money) -> None:
    """What the provider kept of a payment, whenever that becomes known; counted once.

    A fee in another currency than the payment's is in the ledger alone: amounts of different
    currencies are never added.
    """
    if payment.fee_minor is not None or fee.minor < 0:
        return
    order = db.get_one(Order, payment.order_id)
    if fee.currency == payment.currency:
        payment.fee_minor = fee.minor
        db.flush()
    post(
        db,
        key=_fee_key(payment),
        kind=PostingKind.FEE,
        legs=[Leg(Account.FEES, Account.PROVIDER, fee.minor)],
        about=about_payment(order, payment, currency=fee.currency),
        at=payment.completed_at or clock.utc_now(),
    )


def is_fee_known(db: Session, *, payment: Payment) -> bool:
    """Whether it stands in the ledger; also one in another currency, which the row cannot hold."""
    return is_posted(db, _fee_key(payment))


def _fee_key(payment: Payment) -> str:
    return f"fee:{payment.public_id}"


def key_of(payment: Payment) -> str:
    """The key under which a payment stands in the ledger."""
    return f"payment:{payment.public_id}"


def about_payment(order: Order, payment: Payment, *, currency: str = "") -> About:
    """What is posted about a payment is about these."""
    return About(
        currency=currency or payment.currency,
        provider=payment.provider,
        order_id=order.id,
        mentor_id=order.mentor_id,
        payment_id=payment.id,
    )


def _post(db: Session, order: Order, payment: Payment, *legs: Leg) -> None:
    post(
        db,
        key=key_of(payment),
        kind=PostingKind.PAYMENT,
        legs=legs,
        about=about_payment(order, payment),
        at=payment.completed_at or clock.utc_now(),
    )
