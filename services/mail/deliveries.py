"""What became of each mail: a row per key of the outbox, from its first attempt on.

A row says that a mail is on its way, was handed over, was given up, or never will be sent; what the
recipient's side makes of it comes by the vendor's reports (`mail.events`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services import clock, db, outbox, redaction, topics
from services.db import insert_or_ignore
from services.errors import ProviderRejected
from services.ids import MailDeliveryId, UserId
from services.mail.shared import Skipped, Unreachable, reader_of
from services.models import (
    MailDelivery,
    MailStatus,
    OutboxMessage,
    OutboxStatus,
    UserStatus,
)

LEFT_OUT = frozenset({MailStatus.SKIPPED, MailStatus.SUPPRESSED})
"""What was settled without handing anything over, as long as `sent_at` is empty."""
_REASON = 300
_SUBJECT = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """A mail that is about to be handed over. `begun_at` is its first attempt."""

    id: MailDeliveryId
    public_id: str
    begun_at: datetime
    settled: bool


def find(db: Session, key: str) -> Attempt | None:
    """What is known of the mail with this key of the outbox."""
    row = db.exec(select(MailDelivery).where(MailDelivery.unique_key == key)).one_or_none()
    return None if row is None else _attempt(row)


def begin(
    db: Session, *, key: str, data: dict[str, Any], user: UserId, to: str, subject: str
) -> Attempt:
    """Note that a mail is on its way; one that was refused before is on its way again."""
    row = _written(db, key, data, user)
    if not _is_settled(row):
        row.status, row.reason = MailStatus.SENDING, ""
        row.recipient, row.subject = to, subject[:_SUBJECT]
        row.status_at = clock.utc_now()
        topics.publish(db, topics.MAILS)
    return _attempt(row)


def handed(db: Session, attempt: Attempt, vendor_id: str) -> None:
    """The vendor has it. A report of it may have come before this."""
    row = db.get_one(MailDelivery, attempt.id, with_for_update=True)
    row.vendor_id = row.vendor_id or vendor_id[:100]
    if row.sent_at is None:
        row.sent_at = clock.utc_now()
    if row.status is MailStatus.SENDING:
        row.status, row.status_at = MailStatus.SENT, clock.utc_now()
    topics.publish(db, topics.MAILS)


def unknown(db: Session, vendor_ids: list[str]) -> list[str]:
    """Those of the vendor's ids that no row has."""
    wanted = select(MailDelivery.vendor_id).where(col(MailDelivery.vendor_id).in_(vendor_ids))
    known = set(db.exec(wanted).all())
    return [one for one in vendor_ids if one not in known]


def leave_out(db: Session, *, key: str, data: dict[str, Any], why: Skipped) -> None:
    """It is not sent, and never will be."""
    status = MailStatus.SUPPRESSED if isinstance(why, Unreachable) else MailStatus.SKIPPED
    _settle(db, key, data, status, why.reason)


def fail(db: Session, *, key: str, data: dict[str, Any], error: Exception) -> None:
    """It could not be written, or the vendor refused it; it may be tried again by hand."""
    reason = redaction.text(f"{type(error).__name__}: {error}")
    _settle(db, key, data, MailStatus.FAILED, reason)


def give_up(*, key: str, data: dict[str, Any], error: Exception) -> None:
    """Its message is a dead letter, because the vendor was away for too long, or we cannot write
    it: an operator decides about it. What the vendor refused for good says so already."""
    if isinstance(error, ProviderRejected):
        return
    with db.transaction() as session:
        reader = reader_of(session, data)
        row = _written(session, key, data, reader.id if reader else None)
        if not _is_settled(row):
            _say(session, row, MailStatus.GIVEN_UP, row.reason or redaction.text(str(error)))


def handed_over(db: Session, key: str) -> datetime | None:
    """When the mail with this key of the outbox was handed to the vendor, or when it was settled
    that it never will be: left out, refused for good, canceled. None while it is still to be sent,
    also where it was given up until an operator decides, and for a key that nobody has."""
    row = db.exec(select(MailDelivery).where(MailDelivery.unique_key == key)).one_or_none()
    if row is not None and row.sent_at is not None:
        return row.sent_at
    if row is not None and row.status in LEFT_OUT:
        return row.status_at
    message = db.exec(select(OutboxMessage).where(OutboxMessage.unique_key == key)).one_or_none()
    if message is None:
        return None
    if message.status is OutboxStatus.SENT:  # by a version that kept no such rows
        return message.sent_at or message.due_at
    refused = row is None or row.status is MailStatus.FAILED
    if message.status is OutboxStatus.CANCELED or (message.status is OutboxStatus.DEAD and refused):
        return row.status_at if row is not None else message.due_at
    return None


def _written(db: Session, key: str, data: dict[str, Any], user: UserId | None) -> MailDelivery:
    """The row of this key, made if it is new, and locked."""
    made = MailDelivery(
        unique_key=key,
        user_id=user,
        template=str(data.get("template", ""))[:60],
        about=str(data.get("about") or outbox.about(key))[:60],
        data=data,
    )
    insert_or_ignore(db, made)
    wanted = select(MailDelivery).where(MailDelivery.unique_key == key).with_for_update()
    return db.exec(wanted).one()


def _settle(db: Session, key: str, data: dict[str, Any], status: MailStatus, reason: str) -> None:
    reader = reader_of(db, data)
    row = _written(db, key, data, reader.id if reader else None)
    if row.sent_at is not None:
        return
    if reader is not None and reader.status is not UserStatus.ERASED:
        row.recipient = row.recipient or reader.email
    _say(db, row, status, reason)


def _say(db: Session, row: MailDelivery, status: MailStatus, reason: str) -> None:
    row.status, row.reason, row.status_at = status, reason[:_REASON], clock.utc_now()
    topics.publish(db, topics.MAILS)


def _is_settled(row: MailDelivery) -> bool:
    return row.sent_at is not None or row.status in LEFT_OUT


def _attempt(row: MailDelivery) -> Attempt:
    return Attempt(row.id, row.public_id, row.created_at, _is_settled(row))
