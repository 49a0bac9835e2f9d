"""Evidence has a deadline; the admins are told before it passes."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from services import clock, db, notifications
from services.models import Dispute, DisputeStatus

WARN_BEFORE = timedelta(days=3)


def warn_due() -> int:
    """Tell the admins, once for each dispute and deadline, of evidence due within `WARN_BEFORE`.

    Returns how many open disputes are that near to their deadline.
    """
    now = clock.utc_now()
    with db.transaction() as tx:
        found = select(Dispute).where(
            Dispute.status == DisputeStatus.OPEN,
            col(Dispute.evidence_due_at) > now,
            col(Dispute.evidence_due_at) <= now + WARN_BEFORE,
        )
        near = tx.exec(found.order_by(col(Dispute.id))).all()
        for row in near:
            day = row.evidence_due_at.date().isoformat() if row.evidence_due_at else ""
            notifications.alert_admins(tx, alert="dispute_due", thing=row.public_id, occasion=day)
    return len(near)
