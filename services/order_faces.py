"""What an order looks like to a person."""

from __future__ import annotations

from enum import StrEnum

from services.models import Order, OrderStatus, RefundReason, RefundStatus


class Face(StrEnum):
    """What an order looks like to a person: finer than its status, because words differ."""

    OPEN = "open"
    WAITING = "waiting"
    DECLINED = "declined"
    PAID = "paid"
    TIME_RAN_OUT = "time_ran_out"
    CANCELED = "canceled"
    FAILED = "failed"
    SOLD_OUT_REFUNDING = "sold_out_refunding"
    SOLD_OUT_REFUNDED = "sold_out_refunded"
    PAID_TWICE_REFUNDED = "paid_twice_refunded"
    REFUND_STUCK = "refund_stuck"
    MISFIT = "misfit"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


_STUCK = {RefundStatus.FAILED, RefundStatus.CANCELED}
_PLAIN = {
    OrderStatus.PAID: Face.PAID,
    OrderStatus.CANCELED: Face.CANCELED,
    OrderStatus.EXPIRED: Face.TIME_RAN_OUT,
    OrderStatus.FAILED: Face.FAILED,
    OrderStatus.REFUNDED: Face.REFUNDED,
}


def face_of(
    order: Order,
    refunds: dict[RefundReason, RefundStatus],
    *,
    has_payment: bool = False,
    disputed: bool = False,
    lost: bool = False,
) -> Face:
    """The face of an order, given the status of its automatic refunds by their reason.

    `has_payment`: money of this order has come in, also money that did not fit it. `disputed`: a
    bank decides about it now; `lost`: a dispute took some of it for good.
    """
    if _STUCK & set(refunds.values()):
        return Face.REFUND_STUCK
    if order.status is OrderStatus.FAILED and has_payment:
        return Face.MISFIT
    if RefundReason.NO_PLACE in refunds:
        back = refunds[RefundReason.NO_PLACE] is RefundStatus.SUCCEEDED
        return Face.SOLD_OUT_REFUNDED if back else Face.SOLD_OUT_REFUNDING
    if order.status is OrderStatus.PENDING:
        if order.bank_pending_at is not None:
            return Face.WAITING
        return Face.DECLINED if order.declined_at is not None else Face.OPEN
    if order.status is OrderStatus.PAID and disputed:
        return Face.DISPUTED
    if order.status is OrderStatus.PAID and RefundReason.PAID_TWICE in refunds:
        return Face.PAID_TWICE_REFUNDED
    if order.status is OrderStatus.REFUNDED and lost:
        return Face.CHARGED_BACK
    return _PLAIN[order.status]
