"""Telling admins when recordings cost more than the studio means to spend."""

from __future__ import annotations

from services import db, notifications
from services.config import settings
from services.costs import reading

BUDGET = "budget"


def warn_of_budget() -> list[str]:
    """Tell of this month's cost when it is above the budget, and when it is expected to be: each
    once a month. What was found now; safe to call at any time, and by several at once."""
    if not settings().cost_budget:
        return []
    with db.reading() as session:
        budget = reading.find_budget(session)
    alerts = ["cost_over"] if budget.is_over else ["cost_ahead"] if budget.will_be_over else []
    if alerts:
        with db.transaction() as session:
            for alert in alerts:
                month = budget.month.isoformat()[:7]
                notifications.alert_admins(session, alert=alert, thing=BUDGET, once=month)
    return alerts
