"""What the reports share: a period that stands in the address, the ways to choose another one, and
what to say when the address asks for something that there is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Self

import reflex as rx

from services.analytics import Period, period
from services.analytics.periods import add_months, month_of, today
from services.errors import InvalidInput, NotFound
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.shown import moment, plain

CSV = "/files/reports/{name}.csv"
MOST_ROWS = 200
"""A page shows no more rows of a table; the file has all of them."""
_LONGEST = 80
"""Nothing that a report is asked for is longer."""


@dataclass(frozen=True)
class Asked:
    """What a report's address asks for, as it was written; the services say whether it makes sense.
    A report adds its filters."""

    first: str = ""
    last: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read an address's query; what is missing is empty, what is endless is cut."""
        return cls(**{each.name: plain(query.get(each.name, ""), _LONGEST) for each in fields(cls)})

    def address(self, path: str, **more: str) -> str:
        """The address of a page or file that asks for the same."""
        return address(path, **asdict(self), **more)


class Reporting(Loads, mixin=True):
    """Mix into a report's state: `class AdminRevenueState(Reporting, AppState)`.

    `wrong` is the sentence that stands in the report's place when the address asks for nonsense;
    `home` leads to the same report without any of that.
    """

    wrong: str = ""
    presets: list[FilterChip] = []
    first: str = ""
    last: str = ""
    days: str = ""
    zone: str = ""
    as_of: str = ""

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Around reading and showing: what is wrong with the address is said in its place, what
        failed is a failure."""
        with loading(self):
            try:
                yield
            except (InvalidInput, NotFound) as error:
                self.wrong = error.message
            else:
                self.wrong = ""

    def _show_period(self, shown: Period, zone: str, as_of: datetime) -> None:
        self.first, self.last = shown.first.isoformat(), shown.last.isoformat()
        self.days = days_in_words(shown.first, shown.last)
        self.zone = zone
        self.as_of = moment(as_of, zone).full

    def _offer_periods(self, path: str, kept: Mapping[str, str], shown: Period | None) -> None:
        """The presets, keeping what else is asked; the one in force is chosen."""
        self.presets = [
            FilterChip(
                label=word,
                href=address(path, first=first, last=last, **kept),
                chosen=shown == period(first, last),
            )
            for word, first, last in _presets(today())
        ]


def ranged(path: str, form: dict[str, Any], kept: Mapping[str, str]) -> rx.event.EventSpec:
    """Go to the period that was typed, keeping what else is asked."""
    days = {name: plain(str(form.get(name, "")), _LONGEST) for name in ("first", "last")}
    return rx.redirect(address(path, **days, **kept))


def more_in_the_file(rows: int) -> str:
    """What to say below a table of so many rows; nothing while the page shows them all."""
    return f"{rows - MOST_ROWS} more in the file." if rows > MOST_ROWS else ""


def days_in_words(first: date, last: date) -> str:
    """A span of days: `1 to 22 November 2026`, `1 December 2025 to 22 November 2026`."""
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    begin = f"{first.day} {first:%B}" if first.year == last.year else f"{first.day} {first:%B %Y}"
    return f"{begin} to {end}"


def _presets(now: date) -> list[tuple[str, str, str]]:
    """The spans people ask for: a word, the first day, the last; an empty last day is today."""
    return [
        ("This month", month_of(now).isoformat(), ""),
        ("Last 3 months", add_months(now, -2).isoformat(), ""),
        ("Last 12 months", "", ""),
        ("This year", date(now.year, 1, 1).isoformat(), ""),
        ("Last year", date(now.year - 1, 1, 1).isoformat(), date(now.year - 1, 12, 31).isoformat()),
    ]
