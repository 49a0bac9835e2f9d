"""Refunds that have nothing left to give back, because their money went back without them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from services import clock
from services.audit import Actor
from services.models import Refund, RefundRemedy, RefundSource, RefundStatus
from services.refunds import telling


def end(
    db: Session, *, actor: Actor, refunds: Iterable[Refund], remedy: RefundRemedy, by: str
) -> None:
    """End refunds that were not carried out; `by` is the public id of what gave the money back.

    They need nobody any more. Whoever asked for one hears of it.
    """
    for refund in refunds:
        before, now = refund.status, clock.utc_now()
        refund.status, refund.settled_at = RefundStatus.CANCELED, now
        refund.remedy, refund.remedied_at = remedy, now
        db.flush()
        telling.record(
            db, actor=actor, refund=refund, action="overtaken", before=before.value, by=by
        )
        if refund.source is RefundSource.MENTEE:
            telling.mail(db, refund, "refund_overtaken")
