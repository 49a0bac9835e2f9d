"""Instants as one person reads them: in their own zone, which is written out."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from services.models import User


def in_zone(instant: datetime, user: User) -> str:
    """An instant: `21 November 2026 at 14:32 (Europe/Berlin)`."""
    day = _local(instant, user, "d MMMM y")
    return f"{day} at {hour(instant, user.time_zone)} ({user.time_zone})"


def day_in_zone(instant: datetime, user: User) -> str:
    """Their day of an instant: `Saturday 21 November`."""
    return _local(instant, user, "EEEE d MMMM")


def span_in_zone(starts_at: datetime, ends_at: datetime, user: User) -> str:
    """A session's time: `Saturday 21 November 2026, 14:30 to 15:30 (Europe/Berlin)`."""
    day = _local(starts_at, user, "EEEE d MMMM y")
    zone = user.time_zone
    return f"{day}, {hour(starts_at, zone)} to {hour(ends_at, zone)} ({zone})"


def hour(instant: datetime, zone: str) -> str:
    """`14:32`; `02:30 CEST` in the hour that comes twice when the clocks go back."""
    local = instant.astimezone(ZoneInfo(zone))
    other = local.replace(fold=1 - local.fold)
    return f"{local:%H:%M}" if other.utcoffset() == local.utcoffset() else f"{local:%H:%M %Z}"


def _local(instant: datetime, user: User, pattern: str) -> str:
    return format_datetime(instant.astimezone(ZoneInfo(user.time_zone)), pattern, locale="en")
