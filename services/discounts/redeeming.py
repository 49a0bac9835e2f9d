"""Using a code: counted when a checkout begins, given back when it ends unpaid.

The limits are kept by a lock on the code: nobody counts while another one writes.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import clock, locking, topics
from services.discounts.checking import refuse_unless_usable
from services.errors import InvalidInput
from services.models import DiscountCode, DiscountRedemption, Order, PackOffer


def redeem(db: Session, *, order: Order, code: DiscountCode) -> None:
    """Count the code as used by this order, in the transaction that writes it; lock no person, no
    mentor and no order after it.

    Raises:
        InvalidInput: meanwhile the code ended, or somebody else took its last use.
    """
    locking.lock(db, codes=[code.id])
    locking.read_again(db, code)
    offer = db.get_one(PackOffer, order.offer_id)
    refuse_unless_usable(db, code, buyer=order.mentee_id, offer=offer)
    order.discount_code_id = code.id
    now = clock.utc_now()
    db.add(DiscountRedemption(code_id=code.id, order_id=order.id, user_id=order.mentee_id, at=now))
    _changed(db)


def redeem_again(db: Session, *, order: Order) -> bool:
    """The order may be paid after all, and nothing has been paid yet: its use of a code counts
    again, within the limits. False: the code cannot be used any more. Lock as for `redeem`."""
    found = _of(db, order)
    if found is None or found.released_at is None:
        return True
    code = db.get_one(DiscountCode, found.code_id)
    locking.lock(db, codes=[code.id])
    locking.read_again(db, code)
    offer = db.get_one(PackOffer, order.offer_id)
    try:
        refuse_unless_usable(db, code, buyer=order.mentee_id, offer=offer)
    except InvalidInput:
        return False
    found.released_at = None
    _changed(db)
    return True


def release(db: Session, order: Order) -> None:
    """The order ended unpaid: its use of a code is free for others again."""
    found = _of(db, order)
    if found is not None and found.released_at is None:
        found.released_at = clock.utc_now()
        _changed(db)


def keep(db: Session, order: Order) -> None:
    """The order is paid: its use of a code counts, also when it had been given back meanwhile. The
    price was promised and the money has moved, so a late payment may lead one beyond a limit."""
    found = _of(db, order)
    if found is not None and found.released_at is not None:
        found.released_at = None
        _changed(db)


def _changed(db: Session) -> None:
    db.flush()
    topics.publish(db, topics.DISCOUNTS)


def _of(db: Session, order: Order) -> DiscountRedemption | None:
    if order.discount_code_id is None:
        return None
    return db.exec(
        select(DiscountRedemption).where(col(DiscountRedemption.order_id) == order.id)
    ).one_or_none()
