"""Telling the studio's admins that something needs their eyes."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import naming, outbox, telling, urls
from services.admin_places import place_of
from services.config import settings
from services.ids import UserId
from services.models import User, UserStatus
from services.telling import Line

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
    "discord_refused": "Discord does not let our bot do its work: it needs the permissions to "
    "manage roles and to create invites, its own role above the mentors' roles, the right to list "
    "members, and the scope for commands",
    "message_dead": "A message could not be sent",
    "mail_quota": "The mail service takes no more mails for now: its quota is used up. Mails wait, "
    "and leave when its day or month is over",
    "queue_stuck": "What is due has not been worked on for ten minutes",
    "worker_silent": "A worker gives no sign of life: it was killed, or its host is gone",
    "worker_back": "A worker that was silent works again",
    "nobody_works": "No worker has run for ten minutes, since the last one was stopped: nothing is "
    "sent, and nothing that is due happens. Start one",
    "recording_stuck": "The files of a recording cannot be brought to their store, or not be "
    "deleted: a store refuses us, is not set up any more, has lost one, or has been away for long",
    "cost_over": "Recordings have cost more this month than the studio's budget for them",
    "cost_ahead": "By what is booked, recordings will cost more this month than the studio's "
    "budget for them",
    "recording_failed": "A recording came to nothing, or could not be saved: what it says there, "
    "and what is left of it, decides whether to try again",
    "vendor_stopped": "An outside service refuses us altogether, such as for a wrong key: what "
    "goes there stands still until somebody lets it go on",
}
"""What an admin reads, by the alert's code."""
OF_THE_HOUSE = frozenset(
    {
        "event_failed",
        "message_dead",
        "refund_failed",
        "mail_quota",
        "queue_stuck",
        "nobody_works",
        "worker_silent",
        "worker_back",
        "vendor_stopped",
        "discord_refused",
    }
)
"""What is wrong with the studio itself: whoever operates it hears of it on Discord, too."""


def alert_admins(
    db: Session, *, alert: str, thing: str, occasion: str = "1", once: str = ""
) -> None:
    """One mail and one line of the bell per admin about `thing` (a public id), once per alert,
    thing and occasion; what is wrong with the studio itself is told on Discord as well.

    `occasion` tells one failure from the next, where a person may have had it tried again. `once`
    stands in for thing and occasion where many things go wrong together: the first one is told.
    """
    told = f"{alert}:{once or f'{thing}:{occasion}'}"
    place = place_of(db, thing)
    line = Line(ALERTS[alert], f"About {naming.named(db, thing)}", place)
    admins = select(User.id, User.public_id).where(User.is_admin, User.status == UserStatus.ACTIVE)
    for user_id, public_id in db.exec(admins.order_by(col(User.id))).all():
        data = {"template": "admin_alert", "user_id": user_id, "alert": alert, "thing": thing}
        if outbox.add(db, kind="mail", key=f"mail:alert:{told}:{public_id}", data=data):
            telling.note(
                db,
                user_id=UserId(user_id),
                kind="admin_alert",
                about=thing,
                occasion=f"{alert}:{once or occasion}",
                line=line,
            )
    if alert in OF_THE_HOUSE and settings().effective_discord_alert_channel_id:
        text = f"{ALERTS[alert]}: {naming.impersonal(db, thing)}\n{urls.absolute(place)}"
        outbox.add(db, kind="discord_alert", key=f"discord:alert:{told}", data={"text": text})
