"""Sending a mail once more, because an admin says so."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, col, func, select

from services import access, audit, clock, db, outbox, topics
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.mail import suppressions
from services.mail.deliveries import LEFT_OUT
from services.mail.shared import Unreachable
from services.models import (
    MailDelivery,
    MailStatus,
    OutboxMessage,
    OutboxStatus,
    User,
    UserStatus,
)

AGAIN: Final = ":again:"
LINKS: Final = frozenset({"verify", "reset"})
"""Mails that bring a link of one's own: the person asks for another one."""
_WAITS: Final = "It is still on its way, and tried again by itself."


def why_not(row: MailDelivery, user: User | None, message: OutboxMessage | None) -> str:
    """Why a mail cannot be sent again; "" when it can. `message` is the one that it came from."""
    if user is None or user.status is UserStatus.ERASED:
        return "The account is gone."
    if row.template in LINKS:
        return "It brings a link for one person alone, who can ask for another one."
    if message is not None and message.status in (OutboxStatus.DUE, OutboxStatus.FAILED):
        return _WAITS
    return ""


def send_again(*, actor: Actor, mail: str) -> str:
    """Send a mail once more, as it reads now; the public id of the outbox message.

    Pressed twice at once it goes once.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        Conflict: it cannot be sent again, or its address gets no mail.
    """
    access.require_admin(actor)
    with db.transaction() as session:
        wanted = select(MailDelivery).where(MailDelivery.public_id == mail)
        row = session.exec(wanted.with_for_update()).one_or_none()
        if row is None:
            raise NotFound("mail")
        user = session.get(User, row.user_id) if row.user_id else None
        old = _message(session, row.unique_key)
        refusal = why_not(row, user, old)
        if refusal or user is None:
            raise Conflict(refusal)
        try:
            suppressions.check(session, user.email)
        except Unreachable as error:
            raise Conflict(f"It would not be sent: {error.reason}.") from None
        message = _queued(session, actor, row, old)
        audit.record(session, actor=actor, action="mail.sent_again", thing=row.public_id)
        topics.publish(session, topics.MAILS)
        return message


def _queued(db: Session, actor: Actor, row: MailDelivery, old: OutboxMessage | None) -> str:
    """One that was given up is tried again; one that left, or was left out, goes as another."""
    first = row.unique_key.partition(AGAIN)[0]
    settled = row.sent_at is not None or row.status in LEFT_OUT
    if old is not None and old.status is not OutboxStatus.SENT and not settled:
        outbox.send_again(db, actor=actor, messages=[old])
        row.status, row.status_at = MailStatus.SENDING, clock.utc_now()
        return old.public_id
    begins = func.substr(col(OutboxMessage.unique_key), 1, len(first) + len(AGAIN))
    before = select(func.count(col(OutboxMessage.id))).where(
        OutboxMessage.about == outbox.about(first), begins == first + AGAIN
    )
    number = db.exec(before).one() + 1
    waiting = _message(db, f"{first}{AGAIN}{number - 1}") if number > 1 else None
    if waiting is not None and waiting.status in (OutboxStatus.DUE, OutboxStatus.FAILED):
        raise Conflict("It is being sent again already.")
    key = f"{first}{AGAIN}{number}"
    outbox.add(db, kind="mail", key=key, data=row.data)
    made = _message(db, key)
    return made.public_id if made else ""


def _message(db: Session, key: str) -> OutboxMessage | None:
    wanted = select(OutboxMessage).where(OutboxMessage.unique_key == key)
    return db.exec(wanted.with_for_update()).one_or_none()
