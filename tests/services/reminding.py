"""What was reminded of, and what the mails of it would say if they left now."""

from __future__ import annotations

from sqlmodel import col, select

from services import db, mail
from services.ids import UserId
from services.mail.render import Letter
from services.models import Notification, OutboxMessage, Reminder, ReminderOutcome
from tests.support.studio import stored

SENT, SUPPRESSED = ReminderOutcome.SENT, ReminderOutcome.SUPPRESSED


def noted(kind: str = "") -> list[tuple[str, UserId, ReminderOutcome]]:
    """The book of reminders, in order: kind, for whom, and whether it was told."""
    rows = [row for row in stored(Reminder) if kind in ("", row.kind)]
    return [(row.kind, row.user_id, row.outcome) for row in rows]


def reasons(kind: str = "") -> list[str]:
    """Why the suppressed ones were not told."""
    rows = [row for row in stored(Reminder) if kind in ("", row.kind)]
    return [row.reason for row in rows if row.outcome is SUPPRESSED]


def mailed(kind: str) -> list[Letter]:
    """The letters of a kind as they would leave now, without those that would be left out."""
    found: list[Letter] = []
    for message in _mails(kind):
        try:
            found.append(mail.compose(message.data))
        except mail.Skipped:
            continue
    return found


def left_out(kind: str) -> list[str]:
    """Why those letters would be left out."""
    found: list[str] = []
    for message in _mails(kind):
        try:
            mail.compose(message.data)
        except mail.Skipped as skipped:
            found.append(skipped.reason)
    return found


def rung(kind: str) -> list[UserId]:
    """Who has a line of this kind in the app."""
    return [row.user_id for row in stored(Notification) if row.kind == kind]


def _mails(kind: str) -> list[OutboxMessage]:
    with db.reading() as session:
        waiting = select(OutboxMessage).where(OutboxMessage.kind == "mail")
        rows = session.exec(waiting.order_by(col(OutboxMessage.id))).all()
    return [row for row in rows if row.data["template"] == kind]
