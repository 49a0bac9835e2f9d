"""What people and the studio did to a message or an event, by its audit lines."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services.jobs.views import HistoryLine
from services.models import AuditEntry, User

MOST_LINES = 20


def history_of(db: Session, thing: str) -> tuple[HistoryLine, ...]:
    """The newest lines about a thing (a public id), the newest first; one query."""
    rows = db.exec(
        select(AuditEntry, User.name)
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(AuditEntry.thing == thing)
        .order_by(col(AuditEntry.id).desc())
        .limit(MOST_LINES)
    ).all()
    return tuple(
        HistoryLine(line.at, line.action, name or "", str(line.after.get("reason", "")))
        for line, name in rows
    )
