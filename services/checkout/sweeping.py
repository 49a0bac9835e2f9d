"""What finds a payment although nobody told us: the sweep of open orders."""

from __future__ import annotations

import structlog
from sqlmodel import col, select

from services import clock, db
from services.checkout import ends, settlement
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import OrderId
from services.jobs import runs
from services.models import Order, OrderStatus

log = structlog.get_logger()


def sweep(*, limit: int = 50) -> int:
    """Look at the pending orders that are due: lost webhooks, ended holds. Returns how many."""
    due = (
        select(Order.id)
        .where(Order.status == OrderStatus.PENDING, col(Order.check_at) <= clock.utc_now())
        .order_by(col(Order.check_at))
        .limit(limit)
    )
    with db.reading() as session:
        ids = session.exec(due).all()
    for order_id in ids:
        try:
            settlement.settle(OrderId(order_id))
        except (ProviderUnavailable, ProviderRejected) as error:
            log.warning("checkout_not_settled", order_id=order_id, error=str(error))
        except Exception as error:  # one order that we cannot settle must not starve the others
            log.exception("checkout_not_settled", order_id=order_id)
            runs.stumble("checkout", error)
            ends.keep_hold(OrderId(order_id))
    return len(ids)
