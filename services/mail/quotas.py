"""What a full quota of the vendor means: no mail leaves until its day or month is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from services import clock, db, notifications
from services.errors import ProviderUnavailable
from services.jobs import pauses
from services.providers.mail.base import Refusal

KIND: Final = "mail"
"""The outbox messages that stand still."""
THING: Final = "mails"
"""What the alert is about."""
_WORDS: Final = {
    Refusal.DAY_IS_FULL: "the mail service takes no more mails today: its daily quota is used up",
    Refusal.MONTH_IS_FULL: "the mail service takes no more mails this month: its quota is used up",
}


def heed(error: ProviderUnavailable) -> None:
    """Let mails stand still if that is what the vendor asked for, and tell the admins once."""
    full = next((one for one in _WORDS if one == error.code), None)
    if full is None:
        return
    until = _end_of(full)
    with db.transaction() as session:
        if pauses.begin(session, kind=KIND, reason=_WORDS[full], until=until):
            notifications.alert_admins(
                session, alert="mail_quota", thing=THING, occasion=until.date().isoformat()
            )


def _end_of(full: Refusal) -> datetime:
    """The vendor's days and months are those of UTC, as far as it says."""
    today = clock.utc_now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if full is Refusal.DAY_IS_FULL:
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
