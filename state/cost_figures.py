"""The charts of what recordings cost as plain data, and what they show in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from services import costs
from services.costs import Cost, CostPoint, Parts
from state.figures import Figure, drawn, tells
from state.recording_words import weight

GB = 10**9
_EXPECTED = 0.55
_DAY_MS = 86_400_000
_TICKS = {"day": "%-d %b\n%Y", "week": "%-d %b\n%Y", "month": "%b\n%Y"}


def costs_over_time(points: Sequence[CostPoint], bucket: str) -> Figure:
    """Bars of what each part of the period cost. Series: recording, storage, sent."""
    series = (
        ("Recording", [point.cost.recording for point in points]),
        ("Storage", [point.cost.storage for point in points]),
        ("Sent", [sent(point.cost) for point in points]),
    )
    return drawn(
        [
            {"type": "bar", "y": [_major(cost) for cost in amounts]}
            | _spans(points)
            | tells(name, [costs.shown(cost) for cost in amounts])
            for name, amounts in series
        ],
        yaxis=_axis(tickprefix="US$"),
        xaxis=_time_axis(bucket),
    )


def stored_over_time(
    points: Sequence[CostPoint], forecast: Sequence[CostPoint], bucket: str
) -> Figure:
    """Bars of the GB that lay in the stores on the average; those to come are paler."""
    every = [*points, *forecast]
    bars: dict[str, Any] = _spans(every) | {
        "type": "bar",
        "y": [point.stored_bytes / GB for point in every],
        "marker": {"opacity": [_EXPECTED if point.expected else 1.0 for point in every]},
    }
    told = [
        f"{weight(point.stored_bytes)}{', expected' if point.expected else ''}" for point in every
    ]
    return drawn(
        [bars | tells("Stored", told)],
        yaxis=_axis(ticksuffix=" GB"),
        xaxis=_time_axis("day" if bucket == "day" else "week"),
    )


def costs_in_words(points: Sequence[CostPoint], bucket: str) -> str:
    """What the chart of costs shows: the dearest part, and the latest."""
    best, last = max(points, key=lambda point: point.cost.total.micros), points[-1]
    cost = last.cost
    return (
        f"Costs by {bucket}: the most is {costs.shown(best.cost.total)} ({named(best, bucket)}); "
        f"the latest, {named(last, bucket)}, has {costs.shown(cost.total)}: "
        f"{costs.shown(cost.recording)} for recording, {costs.shown(cost.storage)} for storage, "
        f"{costs.shown(sent(cost))} for what was sent."
    )


def stored_in_words(points: Sequence[CostPoint], forecast: Sequence[CostPoint]) -> str:
    """What the chart of stored bytes shows: now, the most, and what is expected."""
    words = "Stored over time"
    if points:
        best = max(points, key=lambda point: point.stored_bytes)
        words += (
            f": {weight(points[-1].stored_bytes)} at the end of the period, "
            f"{weight(best.stored_bytes)} at the most"
        )
    if forecast:
        most = max(forecast, key=lambda point: point.stored_bytes)
        words += f"; {weight(most.stored_bytes)} at the most are expected in the next 90 days"
    return f"{words}."


def sent(cost: Parts) -> Cost:
    """What was paid for bytes on their way, directly or through the CDN."""
    return cost.download + cost.cdn


def named(point: CostPoint, bucket: str) -> str:
    """Which days a point stands for."""
    if bucket == "month":
        return f"{point.day:%B %Y}"
    return f"week of {_day(point.day)}" if bucket == "week" else _day(point.day)


def _spans(points: Sequence[CostPoint]) -> dict[str, Any]:
    """Bars as wide as the days that they stand for."""
    return {
        "x": [point.day.isoformat() for point in points],
        "width": [point.days * _DAY_MS * 0.8 for point in points],
        "offset": 0,
    }


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _major(cost: Cost) -> float:
    """The height of a bar; for drawing only, never for reckoning."""
    return cost.micros / 1_000_000


def _axis(**more: Any) -> dict[str, Any]:
    shared = {"fixedrange": True, "rangemode": "tozero", "automargin": True, "nticks": 6}
    return shared | more


def _time_axis(bucket: str) -> dict[str, Any]:
    return {
        "type": "date",
        "fixedrange": True,
        "showgrid": False,
        "automargin": True,
        "tickformat": _TICKS[bucket],
        "hoverformat": "%B %Y" if bucket == "month" else "%-d %B %Y",
    }
