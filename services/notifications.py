"""Telling the studio's admins that something needs their eyes."""

from __future__ import annotations

from sqlmodel import Session, select

from services import outbox
from services.models import User, UserStatus

ALERTS = {
    "sold_out": "A payment came after the last place was gone; the whole amount is going back",
    "paid_twice": "An order was paid twice; the second payment is going back",
    "refund_failed": "A refund did not go through; the buyer has to be paid another way",
    "payment_mismatch": "A payment does not fit its order; nothing was fulfilled",
    "event_failed": "A webhook could not be handled",
    "place_resold": "A pack was made usable again, but its mentee has no place any more: ask "
    "whether they want a refund or the head of the queue",
    "objection": "A mentee objects to what became of a session; an admin decides",
    "message_dead": "A message could not be sent",
}
"""What an admin reads, by the alert's code."""


def alert_admins(db: Session, *, alert: str, thing: str, occasion: str = "1") -> None:
    """One mail per admin about `thing` (a public id), once per alert, thing and occasion.

    `occasion` tells one failure from the next, where a person may have had it tried again.
    """
    admins = select(User.id, User.public_id).where(User.is_admin, User.status == UserStatus.ACTIVE)
    for user_id, public_id in db.exec(admins).all():
        outbox.add(
            db,
            kind="mail",
            key=f"mail:alert:{alert}:{thing}:{occasion}:{public_id}",
            data={"template": "admin_alert", "user_id": user_id, "alert": alert, "thing": thing},
        )
