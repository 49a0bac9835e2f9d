"""The jobs' charts as plain data, and what they show in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.jobs.views import HourPoint, KindLine
from state.figures import MOST_LINES, Figure, as_text, drawn, edge_labels, lying_bars, tells
from state.shown import count

_UNFINISHED = 0.55


@dataclass(frozen=True)
class Bar:
    """What ended in one hour, or on one day, of a person's zone: `at` is when that began."""

    at: datetime
    succeeded: int
    failed: int


def bars_of(points: Sequence[HourPoint], *, zone: str, by_day: bool) -> tuple[Bar, ...]:
    """The hours as bars, or the days that they belong to."""
    local = ZoneInfo(zone)
    found: dict[datetime, Bar] = {}
    for point in points:
        at = point.hour.astimezone(local).replace(tzinfo=None)
        at = at.replace(hour=0, minute=0) if by_day else at
        before = found.get(at, Bar(at, 0, 0))
        found[at] = Bar(at, before.succeeded + point.succeeded, before.failed + point.failed)
    return tuple(found.values())


def runs_over_time(bars: Sequence[Bar], *, by_day: bool) -> Figure:
    """Bars of the runs that ended: below those that succeeded, above it those that failed. The last
    one is not over, and paler. Series: succeeded, failed."""
    shared: dict[str, Any] = {
        "type": "bar",
        "x": [bar.at.isoformat() for bar in bars],
        "marker": {"opacity": [1.0] * (len(bars) - 1) + [_UNFINISHED]},
    }
    good, bad = [bar.succeeded for bar in bars], [bar.failed for bar in bars]
    figure = drawn(
        [
            shared | tells("Succeeded", [f"{one:,}" for one in good]) | {"y": good},
            shared | tells("Failed", [f"{one:,}" for one in bad]) | {"y": bad},
        ],
        yaxis={"fixedrange": True, "rangemode": "tozero", "automargin": True, "nticks": 6},
        xaxis={
            "type": "date",
            "fixedrange": True,
            "showgrid": False,
            "automargin": True,
            "tickformat": "%-d %b\n%Y" if by_day else "%H:%M\n%-d %b",
            "hoverformat": "%-d %B %Y" if by_day else "%-d %B, from %H:%M",
        },
    )
    labels = edge_labels([float(one) for one in good], [float(one) for one in bad], _NAMES)
    figure["layout"]["annotations"] = labels
    return figure


_NAMES = ("Succeeded", "Failed")


def failures_by_kind(kinds: Sequence[KindLine]) -> Figure:
    """Lying bars of the kinds that failed, the most first."""
    shown = failing(kinds)
    return lying_bars(
        names=[line.kind for line in shown],
        lengths=[float(line.failed) for line in shown],
        texts=[f"{line.failed:,}" for line in shown],
        hovers=[
            f"<b>{as_text(line.kind)}</b><br>{line.failed:,} of {count(line.runs, 'run')} failed"
            for line in shown
        ],
    )


def failing(kinds: Sequence[KindLine]) -> list[KindLine]:
    """The kinds that the chart of failures shows."""
    return sorted((line for line in kinds if line.failed), key=lambda line: -line.failed)[
        :MOST_LINES
    ]


def runs_in_words(bars: Sequence[Bar], *, by_day: bool) -> str:
    """What the chart over time shows: how many in all, and the busiest part."""
    good, bad = sum(bar.succeeded for bar in bars), sum(bar.failed for bar in bars)
    most = max(bars, key=lambda bar: bar.succeeded + bar.failed)
    day = f"{most.at.day} {most.at:%B %Y}"
    when = f"on {day}" if by_day else f"from {most.at:%H:%M} on {day}"
    each = "day" if by_day else "hour"
    return (
        f"Runs of jobs by {each}: {good:,} succeeded and {bad:,} failed; the busiest {each} had "
        f"{count(most.succeeded + most.failed, 'run')}, {when}."
    )


def failures_in_words(kinds: Sequence[KindLine]) -> str:
    """What the chart of failures shows: the kind that failed most."""
    shown = failing(kinds)
    if not shown:
        return "Nothing failed."
    first = shown[0]
    others = f"; {count(len(shown) - 1, 'other kind')} failed too" if shown[1:] else ""
    return f"Failures by kind: {first.kind} failed most, {first.failed:,} times{others}."
