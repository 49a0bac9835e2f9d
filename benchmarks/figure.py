"""One measured figure, and the sizes of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Size = TypeVar("Size")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    `value` and `baseline` are in `unit`; `ratio` is value / baseline. The goal is about the ratio
    where there is one and about the value where not; of a dashboard it is about the value, and the
    baseline is told besides. `holds` is None without a goal.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: float | None = None
    holds: bool | None = None


def at_least(name: str, value: float, unit: str, *, baseline: float, goal: float) -> Figure:
    """A rate that should reach `goal` times the rate of the bare limit."""
    ratio = value / baseline
    return Figure(name, value, unit, baseline, ratio, goal, ratio >= goal)


def at_most(
    name: str, value: float, unit: str, *, goal: float, baseline: float | None = None
) -> Figure:
    """A duration or a size that should stay below `goal`, or below `goal` times the baseline."""
    if baseline is None:
        return Figure(name, value, unit, None, None, goal, value <= goal)
    ratio = value / baseline
    return Figure(name, value, unit, baseline, ratio, goal, ratio <= goal)


def without_goal(name: str, value: float, unit: str, *, baseline: float | None = None) -> Figure:
    """A figure that is only told."""
    return Figure(name, value, unit, baseline, value / baseline if baseline else None)


def is_small() -> bool:
    """BENCH=small: the smallest sizes, to see that a benchmark runs; its figures mean nothing."""
    return os.environ.get("BENCH") == "small"


def sized(full: Size, small: Size) -> Size:
    """The size of this run."""
    return small if is_small() else full


def middle(values: list[float]) -> float:
    """The median of alternating rounds: one disturbed round changes nothing."""
    return median(values)
