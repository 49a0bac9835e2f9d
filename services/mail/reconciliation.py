"""The facts of the daily report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from services import urls
from services.mail.shared import Skipped
from services.models import User


def _daily_report(_db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if not user.is_admin:
        raise Skipped
    return {
        "day": data["day"],
        "lines": data["lines"],
        "link": urls.absolute("/admin/reconciliation"),
    }


FACTS: dict[str, Callable[[Session, User, dict[str, Any]], dict[str, Any]]] = {
    "daily_report": _daily_report,
}
