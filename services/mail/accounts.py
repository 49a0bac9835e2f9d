"""The facts of mails about what the studio did to an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, col, select

from services import urls
from services.mail.shared import Skipped
from services.models import AuditEntry, User, UserStatus

Facts = dict[str, Any]


def _suspended(db: Session, user: User, _data: Facts) -> Facts:
    if user.status is not UserStatus.SUSPENDED:
        raise Skipped
    done = select(AuditEntry).where(
        AuditEntry.thing == user.public_id, AuditEntry.action == "user.suspended"
    )
    last = db.exec(done.order_by(col(AuditEntry.id).desc()).limit(1)).one()
    return {"reason": str(last.after.get("reason", "")), "link": urls.absolute("/terms")}


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {"account_suspended": _suspended}
