"""What happened to a session: its page's history, and the reasons in its mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services.ids import UserId
from services.models import AuditEntry, User
from services.reminders import reading
from services.sessions.views import HistoryLine

MOST_LINES = 200
QUIET = (
    "session.joined",
    "session.entered",
    "session.left",
    "session.goals_set",
    "session.note_saved",
)
"""Audited, but no part of what is told: the page shows these as they are now, and a note that
somebody keeps for themselves is nobody else's business."""


def list_history(db: Session, session: str) -> tuple[HistoryLine, ...]:
    """The lines about a session (a public id), oldest first. The caller settles who may see."""
    found = db.exec(
        select(AuditEntry, User.name)
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(AuditEntry.thing == session, col(AuditEntry.action).not_in(QUIET))
        .order_by(col(AuditEntry.id).desc())
        .limit(MOST_LINES)
    ).all()
    return tuple(
        HistoryLine(
            line.at,
            name or "",
            line.action,
            str(line.after.get("reason", "")),
            _instant(line.before.get("starts_at")),
            _instant(line.after.get("starts_at")),
        )
        for line, name in reversed(found)
    )


def list_reminders(db: Session, session: str, *, reader: UserId | None) -> tuple[HistoryLine, ...]:
    """What the reminders of a session add to its history, oldest first: one's own, or everybody's
    without a `reader`. The caller settles who may see."""
    return tuple(
        HistoryLine(
            one.at,
            "",
            "reminder.sent" if one.told else "reminder.suppressed",
            one.reason,
            to_name=one.reader,
        )
        for one in reading.list_about(db, [session], reader=reader)
    )


def last_reason(db: Session, session: str, action: str) -> str:
    """The reason that was given when this was last done to the session (a public id)."""
    line = db.exec(
        select(AuditEntry)
        .where(AuditEntry.thing == session, AuditEntry.action == action)
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
    ).first()
    return str(line.after.get("reason", "")) if line else ""


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
