"""The tables behind the cost dashboard, as they go into a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.costs.amounts import Cost, written
from services.costs.reports import CostPoint, CostReport, Parts, SessionLine
from services.errors import InvalidInput

if TYPE_CHECKING:
    from pandas import DataFrame

BY = ("time", "mentor", "forecast", "comparison")


def costs_frame(report: CostReport, by: str) -> DataFrame:
    """The report's table by "time", "mentor", "forecast" or "comparison" (stores, retentions).

    Amounts are decimal strings in the currency's major unit, with the currency in its own column.

    Raises:
        InvalidInput: no such table.
    """
    from pandas import DataFrame

    match by:
        case "time":
            rows = [_point(point) for point in report.points]
        case "forecast":
            rows = [_point(point) for point in report.forecast]
        case "mentor":
            rows = [
                {"mentor": one.name, "address": one.slug, "recordings": one.recordings}
                | _amounts(one.cost)
                for one in report.mentors
            ]
        case "comparison":
            rows = [
                {"store": one.label, "retention (days)": days} | _per_month(cost, report.currency)
                for one in report.what_if
                for days, cost in one.by_retention
            ]
        case _:
            raise InvalidInput("by", f"Choose one of these tables: {', '.join(BY)}.")
    return DataFrame(rows, columns=list(_COLUMNS[by]))


def sessions_frame(lines: Iterable[SessionLine]) -> DataFrame:
    """The table of sessions, each with what was measured of it and what that costs up to now."""
    from pandas import DataFrame

    rows = [
        {
            "session": line.session,
            "begins": line.starts_at.isoformat(timespec="seconds"),
            "mentor": line.mentor_name,
            "address": line.mentor_slug,
            "recorded (seconds)": line.cost.seconds,
            "stored now (bytes)": line.cost.stored_bytes,
            "sent (bytes)": line.cost.sent_bytes,
            **_amounts(line.cost.cost),
            "without a price": "yes" if line.cost.unpriced else "",
        }
        for line in lines
    ]
    return DataFrame(rows, columns=list(_SESSIONS))


_AMOUNTS = ("currency", "recording", "storage", "download", "cdn", "total")
_POINT = ("day", "days", *_AMOUNTS, "stored (bytes, average)")
_SESSIONS = (
    "session",
    "begins",
    "mentor",
    "address",
    "recorded (seconds)",
    "stored now (bytes)",
    "sent (bytes)",
    *_AMOUNTS,
    "without a price",
)
_COLUMNS = {
    "time": _POINT,
    "forecast": _POINT,
    "mentor": ("mentor", "address", "recordings", *_AMOUNTS),
    "comparison": ("store", "retention (days)", "currency", "total (30 days)"),
}


def _point(point: CostPoint) -> dict[str, str | int]:
    return {
        "day": point.day.isoformat(),
        "days": point.days,
        **_amounts(point.cost),
        "stored (bytes, average)": point.stored_bytes,
    }


def _amounts(cost: Parts) -> dict[str, str | int]:
    return {
        "currency": cost.recording.currency,
        "recording": written(cost.recording),
        "storage": written(cost.storage),
        "download": written(cost.download),
        "cdn": written(cost.cdn),
        "total": written(cost.total),
    }


def _per_month(cost: Cost | None, currency: str) -> dict[str, str | int]:
    return {"currency": currency, "total (30 days)": written(cost) if cost else ""}
