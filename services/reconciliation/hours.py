"""Hours of the studio's day: what happens once in a night, or once in a morning, is due since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services import clock
from services.config import settings


def last_time_it_was(hour: int) -> datetime:
    """The newest instant, not in the future, at which clocks in the studio showed this hour."""
    now = clock.utc_now().astimezone(ZoneInfo(settings().studio_timezone))
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at if at <= now else at - timedelta(days=1)).astimezone(UTC)


def day_of(instant: datetime) -> str:
    """The studio's day, such as 2026-11-21."""
    return instant.astimezone(ZoneInfo(settings().studio_timezone)).date().isoformat()
