"""The people of the demo read what they are told within two days, as people do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, update

from services import db, telling
from services.models import Notification

WITHIN = timedelta(days=2)


def read_what_is_old(now: datetime) -> None:
    """Leave unread what was told lately, and forget what is long past."""
    telling.prune()
    old = (col(Notification.read_at).is_(None), col(Notification.created_at) < now - WITHIN)
    with db.transaction() as session:
        session.exec(update(Notification).where(*old).values(read_at=now - WITHIN))
