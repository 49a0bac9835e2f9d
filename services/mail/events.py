"""What the mail service reports of mails that left: delivered, delayed, come back, called spam.

Reports come late, twice and in any order: a mail only ever moves forward.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, select

from services import audit, clock, db, topics
from services.inbox import Outcome, Taken
from services.mail import suppressions
from services.models import InboxEvent, MailDelivery, MailStatus, SuppressionReason
from services.providers.mail.base import Gone, Happened, Report
from services.providers.mail.resend_events import report

STATUS: Final = {
    Happened.SENT: MailStatus.SENT,
    Happened.DELAYED: MailStatus.DELAYED,
    Happened.DELIVERED: MailStatus.DELIVERED,
    Happened.BOUNCED: MailStatus.BOUNCED,
    Happened.COMPLAINED: MailStatus.COMPLAINED,
    Happened.FAILED: MailStatus.FAILED,
    Happened.SUPPRESSED: MailStatus.SUPPRESSED,
}
_STAGE: Final = {
    MailStatus.SENT: 1,
    MailStatus.DELAYED: 2,
    MailStatus.DELIVERED: 3,
    MailStatus.FAILED: 4,
    MailStatus.SUPPRESSED: 4,
    MailStatus.BOUNCED: 5,
    MailStatus.COMPLAINED: 6,
}
"""How far a mail has come. Before it was handed over it stands at no stage at all."""
_REASONS: Final = {
    Gone.NOBODY_THERE: SuppressionReason.BOUNCED,
    Gone.CALLED_SPAM: SuppressionReason.COMPLAINED,
}
_LONGEST_REASON: Final = 300


def apply_event(taken: Taken) -> Outcome:
    """Note what became of the mail that an event is about; IGNORED when it is none of ours.

    Raises:
        BadEvent: it cannot be read.
    """
    with db.reading() as session:
        payload = session.get_one(InboxEvent, taken.id).payload
    told = report(payload) if payload else None
    if told is None:
        return Outcome.IGNORED
    with db.transaction() as session:
        row = _find(session, told)
        if row is None:
            return Outcome.IGNORED
        if _move(session, row, told) and told.gone and row.recipient:
            _suppress(session, row, told.gone, told.reason)
    return Outcome.HANDLED


def _find(db: Session, told: Report) -> MailDelivery | None:
    """By the vendor's id; by ours, when the answer that held the vendor's was lost."""
    columns = ((MailDelivery.vendor_id, told.mail_id), (MailDelivery.public_id, told.delivery))
    for column, value in columns:
        if value:
            wanted = select(MailDelivery).where(column == value).order_by("id").limit(1)
            found = db.exec(wanted.with_for_update()).one_or_none()
            if found is not None:
                return found
    return None


def _move(db: Session, row: MailDelivery, told: Report) -> bool:
    """Whether it was news: a report that is handled again must not stop an address that somebody
    has lifted since."""
    status, at = STATUS[told.happened], min(told.at, clock.utc_now())
    reached = _STAGE.get(row.status, 0) if row.sent_at is not None else 0
    row.vendor_id = row.vendor_id or told.mail_id
    row.sent_at = row.sent_at or at
    if _STAGE[status] < reached or (_STAGE[status] == reached and at <= row.status_at):
        return False
    row.status, row.status_at = status, at
    row.reason = told.reason[:_LONGEST_REASON]
    topics.publish(db, topics.MAILS)
    return True


def _suppress(db: Session, row: MailDelivery, gone: Gone, reason: str) -> None:
    suppressions.add(
        db,
        actor=audit.by_provider("resend"),
        address=row.recipient,
        reason=_REASONS[gone],
        note=reason,
    )
