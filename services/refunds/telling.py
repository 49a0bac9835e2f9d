"""Who hears of a refund: open pages, the audit trail, and mails."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from services import audit, notifications, outbox, topics
from services.audit import Actor
from services.models import Order, Refund


def publish(db: Session, refund: Refund) -> None:
    """Open pages show the refund anew."""
    order = db.get_one(Order, refund.order_id)
    topics.publish(db, topics.ORDERS, topics.mentee(order.mentee_id))


def record(
    db: Session,
    *,
    actor: Actor,
    refund: Refund,
    action: str,
    before: str = "",
    **more: Any,
) -> None:
    """Append the audit line of a step, and show it on open pages."""
    publish(db, refund)
    audit.record(
        db,
        actor=actor,
        action=f"refund.{action}",
        thing=refund.public_id,
        before={"status": before} if before else {},
        after={"status": refund.status.value} | {key: text for key, text in more.items() if text},
    )


def mail(db: Session, refund: Refund, template: str) -> None:
    """One mail to the buyer, once for each attempt of the refund."""
    order = db.get_one(Order, refund.order_id)
    occasion = f":{refund.attempt}" if refund.attempt > 1 else ""
    outbox.add(
        db,
        kind="mail",
        key=f"mail:{template}:{refund.public_id}{occasion}",
        data={"template": template, "user_id": order.mentee_id, "refund_id": refund.id},
    )


def alert(db: Session, refund: Refund, code: str) -> None:
    """Tell the admins, once for each attempt of the refund."""
    notifications.alert_admins(db, alert=code, thing=refund.public_id, occasion=str(refund.attempt))
