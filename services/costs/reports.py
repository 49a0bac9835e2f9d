"""What the cost dashboard shows. Days and months are calendar days in the studio's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.analytics.periods import Period
from services.costs.amounts import Cost
from services.costs.forecasting import Typical
from services.models import Component


@dataclass(frozen=True, slots=True)
class Parts:
    """What something cost, by what one pays for."""

    recording: Cost
    storage: Cost
    download: Cost
    cdn: Cost

    @property
    def total(self) -> Cost:
        """All of it."""
        return self.recording + self.storage + self.download + self.cdn

    def of(self, component: Component) -> Cost:
        """One of them."""
        found: Cost = getattr(self, component.value)
        return found


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One bucket of `days` days that begins on `day`: what it cost, and the bytes that lay in all
    stores on the average. `expected` is one that is still to come."""

    day: date
    days: int
    cost: Parts
    stored_bytes: int
    expected: bool = False


@dataclass(frozen=True, slots=True)
class MentorCost:
    """What one mentor's sessions cost over the period: their part of each component's cost, by what
    they used of it."""

    slug: str
    name: str
    recordings: int
    cost: Parts


@dataclass(frozen=True, slots=True)
class StoreUse:
    """One store now, and over the period: what lies there, and what it cost."""

    name: str
    kind: str
    stored_bytes: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a month would cost with another retention, by kind of store; None without a price."""

    kind: str
    label: str
    in_use: bool
    by_retention: tuple[tuple[int, Cost | None], ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """This calendar month: what it has cost, and what it is expected to have cost at its end, by
    the prices of a preset. `limit` is None without a budget."""

    month: date
    preset: str
    so_far: Cost
    expected: Cost
    limit: Cost | None

    @property
    def is_over(self) -> bool:
        """Whether it has cost more than the budget."""
        return self.limit is not None and self.so_far.micros > self.limit.micros

    @property
    def will_be_over(self) -> bool:
        """Whether it is expected to cost more than the budget."""
        return self.limit is not None and self.expected.micros > self.limit.micros


@dataclass(frozen=True, slots=True)
class CostReport:
    """What recordings cost. Every bucket of the period is there, also the empty ones.

    `per_recording` is None when nothing was recorded in the period; `unpriced` are the stores, and
    what they are used for, for which the book has no price: they count as nothing. `typical` is
    what the forecast goes by; `what_if` is empty when nothing was recorded lately. `month` goes by
    the prices that are shown, `budget` by those of the settings, as the mails to admins do.
    """

    currency: str
    preset: str
    zone: str
    period: Period
    bucket: str
    total: Parts
    recordings: int
    per_recording: Cost | None
    points: tuple[CostPoint, ...]
    forecast: tuple[CostPoint, ...]
    mentors: tuple[MentorCost, ...]
    stores: tuple[StoreUse, ...]
    what_if: tuple[WhatIf, ...]
    unpriced: tuple[str, ...]
    typical: Typical
    booked: int
    retention_days: int
    month: Budget
    budget: Budget
    as_of: datetime


@dataclass(frozen=True, slots=True)
class SessionCost:
    """What one session's recordings cost up to now, by themselves: nothing of it is free."""

    cost: Parts
    seconds: int
    stored_bytes: int
    sent_bytes: int
    unpriced: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session of a list, by its public id, and what its recordings cost."""

    session: str
    starts_at: datetime
    mentor_slug: str
    mentor_name: str
    cost: SessionCost
