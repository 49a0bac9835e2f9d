"""Seat utilization, for admins: over time, and each mentor's seats now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, topics
from services.analytics import MentorSeats, SeatsNow, SeatsPoint, SeatsReport
from services.audit import Actor
from state import figure_words, figures, live
from state.base import AppState
from state.guard import requires
from state.listing import address
from state.mentors import FilterChip
from state.reporting import CSV, MOST_ROWS, Asked, Reporting, more_in_the_file, ranged
from state.shown import ALIKE, count

PATH = "/admin/seats"
BY = ("time", "mentor")


@dataclass(frozen=True)
class SeatsAsked(Asked):
    """Of the report on seats."""

    mentor: str = ""


def snapshot(db: Session, *, actor: Actor, asked: SeatsAsked) -> SeatsReport:
    """What the page and its CSV show.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput, NotFound
    """
    shown = analytics.period(asked.first, asked.last)
    return analytics.get_seats(db, actor=actor, period=shown, mentor=asked.mentor)


def audience(actor: Actor, asked: SeatsAsked) -> live.Audience[SeatsReport]:
    """The admins who look at the same report."""
    read = partial(snapshot, actor=actor, asked=asked)
    return live.Audience(("admin_seats", asked), frozenset({topics.SEATS}), read, live.REPORT_PAUSE)


@dataclass(frozen=True)
class UseRow:
    """One mentor's seats now; `used` of `places` is how far the bar reaches."""

    name: str = ""
    href: str = ""
    listed: bool = True
    taken: str = ""
    used: int = 0
    places: int = 1
    active: str = ""
    grace: str = ""
    held: str = ""
    free: str = ""
    over: str = ""
    average: str = ""


@dataclass(frozen=True)
class TimeRow:
    """One part of the period, in averages."""

    label: str = ""
    note: str = ""
    capacity: str = ""
    active: str = ""
    grace: str = ""
    held: str = ""
    free: str = ""
    over: str = ""


class AdminSeatsState(Reporting, AppState):
    """The report that the address asks for."""

    empty: bool = False
    mentor_chips: list[FilterChip] = []
    taken: str = ""
    taken_note: str = ""
    active: str = ""
    grace: str = ""
    held: str = ""
    average: str = ""
    chart: dict[str, Any] = {}
    says: str = ""
    times: list[TimeRow] = []
    mentors: list[UseRow] = []
    mentors_left_out: str = ""
    time_csv: str = ""
    mentor_csv: str = ""
    _asked: SeatsAsked = SeatsAsked()

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read what the address asks for."""
        self._asked = SeatsAsked.of(self.router.url.query_parameters)
        self._offer_periods(PATH, {"mentor": self._asked.mentor}, None)
        with self._reading():
            self._show(await live.watch(self, audience(await self._actor(), self._asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, self._reading())

    @rx.event
    @requires("admin")
    async def choose(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to a period of one's own, keeping the mentor."""
        return ranged(PATH, form, {"mentor": self._asked.mentor})

    def _show(self, report: SeatsReport) -> None:
        """Fill the page; reads nothing but the report."""
        asked = self._asked
        self._show_period(report.period, report.zone, report.as_of)
        self._offer_periods(PATH, {"mentor": asked.mentor}, report.period)
        self.mentor_chips = _chips(asked, report)
        self._show_now(report.now)
        self.average = share(report.average_use)
        self.mentors = use_rows(report.mentors, asked)[:MOST_ROWS]
        self.mentors_left_out = more_in_the_file(len(report.mentors))
        self.mentor_csv = asked.address(CSV.format(name="seats"), by="mentor")
        self.time_csv = asked.address(CSV.format(name="seats"), by="time")
        points = report.points
        self.empty = not any(p.capacity or p.active or p.grace or p.held for p in points)
        if self.empty:
            self.chart, self.says, self.times = {}, "", []
            return
        self.chart, self.says, self.times = _over_time(points, report.bucket)

    def _show_now(self, now: SeatsNow) -> None:
        self.taken = f"{now.active + now.grace + now.held} of {now.capacity}"
        self.taken_note = over_note(now)
        self.active, self.grace, self.held = str(now.active), str(now.grace), str(now.held)


@lru_cache(ALIKE)
def _over_time(
    points: tuple[SeatsPoint, ...], bucket: str
) -> tuple[dict[str, Any], str, list[TimeRow]]:
    """The chart, what it says, and the table behind it."""
    return (
        figures.seats_over_time(points, bucket),
        figure_words.seats_in_words(points, bucket),
        [_time_row(point, bucket) for point in reversed(points)],
    )


@lru_cache(ALIKE)
def use_rows(mentors: tuple[MentorSeats, ...], asked: SeatsAsked | None = None) -> list[UseRow]:
    """Mentors with their seats now, the fullest first."""
    days = asked or SeatsAsked()
    return [_use_row(one, days) for one in sorted(mentors, key=_emptiness)]


def share(of_capacity: float | None) -> str:
    """A share of the capacity in words; without any capacity there is none."""
    return "no seats" if of_capacity is None else f"{of_capacity * 100:.0f} %"


def over_note(now: SeatsNow) -> str:
    """What to know besides how many are taken."""
    over = f", {now.over_by} over capacity" if now.over_by else ""
    return f"{now.free} free{over}"


def _emptiness(one: MentorSeats) -> tuple[int, float, str]:
    taken = one.active + one.grace + one.held
    return (-one.over_by, -(taken / one.capacity if one.capacity else 0.0), one.name)


def _use_row(one: MentorSeats, asked: SeatsAsked) -> UseRow:
    taken = one.active + one.grace + one.held
    return UseRow(
        name=one.name,
        href=address(PATH, first=asked.first, last=asked.last, mentor=one.slug),
        listed=one.listed,
        taken=f"{taken} of {one.capacity}",
        used=min(taken, max(one.capacity, 1)),
        places=max(one.capacity, 1),
        active=str(one.active),
        grace=str(one.grace),
        held=str(one.held),
        free=str(one.free),
        over=f"over by {one.over_by}" if one.over_by else "",
        average=share(one.average_use),
    )


def _time_row(point: SeatsPoint, bucket: str) -> TimeRow:
    return TimeRow(
        label=figures.bucket_name(point, bucket),
        note=count(point.days, "day") if bucket != "day" else "",
        capacity=figures.seats(point.capacity),
        active=figures.seats(point.active),
        grace=figures.seats(point.grace),
        held=figures.seats(point.held),
        free=figures.seats(point.free),
        over=figures.seats(point.over),
    )


def _chips(asked: SeatsAsked, report: SeatsReport) -> list[FilterChip]:
    """The mentor in force, to be taken away again."""
    if not asked.mentor:
        return []
    name = next((one.name for one in report.mentors if one.slug == asked.mentor), asked.mentor)
    return [FilterChip(name, address(PATH, first=asked.first, last=asked.last), True)]
