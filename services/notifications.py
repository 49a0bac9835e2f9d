"""Telling the studio's admins that something needs their eyes."""

from __future__ import annotations

from sqlmodel import Session, select

from services import outbox
from services.models import User, UserStatus

ALERTS = {
    "sold_out": "A payment came after the last place was gone; the whole amount is going back",
    "paid_twice": "An order was paid twice; the second payment is going back",
    "refund_failed": "A refund did not go through; the buyer has to be paid another way",
    "refund_requested": "A mentee asks for a refund; an admin decides about it",
    "refund_second": "A refund above the limit waits for a second admin",
    "refund_returned": "A refund came back after it had gone out: pay the buyer another way, or "
    "give the pack back",
    "refund_at_provider": "Money of a pack went back in the provider's own dashboard: say which "
    "sessions it was for",
    "refund_beyond_sessions": "A refund went out that had been given up, and sessions that it was "
    "for are in use meanwhile: look whether they stay.",
    "refund_disputed": "A refund went out although the buyer had the same money from a bank, or "
    "another way: they may have it twice. What becomes of it is shown under Unmatched money",
    "unmatched_money": "Money moved at a provider that fits nothing here; find out what it was",
    "inquiry_opened": "A buyer's bank asks about a payment; no money moved. Answer at the provider",
    "dispute_opened": "A payment is disputed and its pack is frozen; answer with evidence in time",
    "dispute_due": "Evidence for a dispute is due within three days",
    "dispute_won": "A dispute was won: the money is back, and the pack goes on",
    "dispute_lost": "A dispute was lost: the money is gone, and the sessions that it paid for are "
    "closed",
    "ledger": "The ledger does not add up for this order: check-ledger says what differs",
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
