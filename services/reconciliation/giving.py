"""An admin says what unmatched money was. A payment that is given to an order is applied to it as
if it had been paid there."""

from __future__ import annotations

from sqlmodel import select

from services import access, db, unmatched
from services.audit import Actor
from services.checkout import settlement
from services.errors import Conflict, NotFound, ProviderRejected
from services.models import Order, Provider, UnmatchedKind, UnmatchedMoney, UnmatchedStatus
from services.money import Money, shown
from services.providers.payments import registry
from services.providers.payments.base import PaymentState

_NOT_SHOWN = "The provider does not show this as a payment that came in. Settle it with a note."


def settle(*, actor: Actor, entry: str, note: str, order: str = "") -> None:
    """Close an entry of the unmatched money, once however often it is asked.

    With the public id of an `order`, a payment becomes that order's: its pack when it is the price
    of an unpaid order, and money that goes back at once when the order is paid already or has no
    place. A refund or a dispute is only written down with it: that money has moved.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: the order is the admin's own, the amount is not its price, the provider does not
            show the money any more, or it has an order that it does not fit.
        ProviderUnavailable
    """
    access.require_admin(actor)
    unmatched.checked_note(note)
    row = _read(entry)
    if row.kind is UnmatchedKind.PAYMENT and row.order_id is None and order.strip():
        if row.status is UnmatchedStatus.OPEN:
            _give(actor=actor, row=row, order=order.strip(), note=note)
        return
    unmatched.settle(actor=actor, unmatched=entry, note=note, order=order)


def _give(*, actor: Actor, row: UnmatchedMoney, order: str, note: str) -> None:
    with db.reading() as session:
        chosen = access.order_for(session, actor, order)
    if chosen.mentee_id == actor.user_id:
        raise Conflict("This order is your own: another admin has to do that.")
    provider = Provider(row.provider)
    try:
        payment = registry.payments(provider).get_payment(row.provider_id)
    except ProviderRejected as refused:
        raise Conflict(_NOT_SHOWN) from refused
    if payment.state is not PaymentState.COMPLETED:
        raise Conflict(_NOT_SHOWN)
    _require_fitting(chosen, payment.amount)
    with db.transaction() as tx:
        entry = unmatched.locked(tx, row.public_id)
        if entry.status is not UnmatchedStatus.OPEN:
            return  # another admin was faster
        settlement.give_payment(
            tx, actor=actor, order_id=chosen.id, provider=provider, payment=payment
        )
        why = unmatched.checked_note(note)
        unmatched.close(tx, actor=actor, row=entry, order_id=chosen.id, note=why)


def _require_fitting(order: Order, amount: Money) -> None:
    price = Money(order.amount_minor, order.currency)
    goes_back = order.paid_at is not None and amount.currency == order.currency
    if amount != price and not goes_back:
        raise Conflict(
            f"This order costs {shown(price)}, and {shown(amount)} came. Refund it at the "
            "provider, and settle it with a note."
        )


def _read(entry: str) -> UnmatchedMoney:
    with db.reading() as session:
        found = select(UnmatchedMoney).where(UnmatchedMoney.public_id == entry)
        row = session.exec(found).one_or_none()
    if row is None:
        raise NotFound("entry")
    return row
