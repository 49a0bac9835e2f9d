"""Who hears of a refund: open pages, the audit trail, and mails."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from services import audit, money, notifications, topics, urls
from services.audit import Actor
from services.models import Mentor, Order, Refund, User
from services.money import Money
from services.telling import Line, tell

_TITLES = {
    "refunded": "{amount} is on its way back to you",
    "refund_requested": "We have your request for {amount}",
    "refund_denied": "Your request for {amount} was declined",
    "refund_failed": "Your refund of {amount} did not go through",
    "refund_returned": "Your refund of {amount} came back to us",
    "refund_overtaken": "Your request for {amount} is over",
    "refund_paid_by_hand": "{amount} was paid back to you another way",
    "refund_restored": "Your sessions with {mentor} are yours again",
}


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


def mail(db: Session, refund: Refund, kind: str) -> None:
    """Tell the buyer, once for each attempt of the refund."""
    order = db.get_one(Order, refund.order_id)
    mentor = db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
    amount = money.shown(Money(refund.amount_minor, refund.currency))
    title = _TITLES[kind].format(amount=amount, mentor=mentor)
    tell(
        db,
        user_id=order.mentee_id,
        kind=kind,
        about=refund.public_id,
        occasion=str(refund.attempt),
        line=Line(title, f"{order.title}, with {mentor}", urls.order(order.public_id)),
        data={"refund_id": refund.id},
    )


def alert(db: Session, refund: Refund, code: str) -> None:
    """Tell the admins, once for each attempt of the refund."""
    notifications.alert_admins(db, alert=code, thing=refund.public_id, occasion=str(refund.attempt))
