"""What recordings and their files cost, for admins: over time, by mentor and store, what is to
come, and what it would be elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, costs, topics
from services.analytics import Period
from services.audit import Actor
from services.costs import Cost, CostReport, NewPrice, PriceLine, SessionLine
from services.costs.presets import PLAN
from services.errors import InvalidInput
from state import cost_figures, live
from state.base import AppState, write
from state.cost_rows import (
    CostRow,
    PriceRow,
    StoreRow,
    WhatIfRow,
    mentor_row,
    point_row,
    price_row,
    store_row,
    what_if_row,
)
from state.guard import requires
from state.mentors import FilterChip
from state.recording_words import weight
from state.reporting import (
    CSV,
    MOST_ROWS,
    Asked,
    Reporting,
    more_in_the_file,
    ranged,
)
from state.shown import count, plain

PATH = "/admin/costs"
BY_SESSION = "session"
BY = ("time", "mentor", "forecast", "comparison", BY_SESSION)
FIELDS = (
    "component",
    "price",
    "valid_from",
    "place",
    "free_per_day",
    "free_per_month",
    "note",
)


@dataclass(frozen=True)
class CostsAsked(Asked):
    """Of the cost dashboard; `prices` names a preset of the price book."""

    prices: str = ""


@dataclass(frozen=True)
class CostsSeen:
    """What the page shows."""

    report: CostReport
    prices: tuple[PriceLine, ...]


@dataclass(frozen=True)
class CostTable:
    """A chart, what it says, the table behind it, and where to get it as a file."""

    chart: dict[str, Any] = field(default_factory=dict[str, Any])
    says: str = ""
    rows: list[CostRow] = field(default_factory=list[CostRow])
    csv: str = ""
    left_out: str = ""


def snapshot(db: Session, *, actor: Actor, asked: CostsAsked) -> CostReport:
    """What the page and its files show.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    period = analytics.period(asked.first, asked.last)
    return costs.get_costs(db, actor=actor, period=period, preset=asked.prices)


def sessions(
    db: Session, *, actor: Actor, asked: CostsAsked
) -> tuple[tuple[SessionLine, ...], Period]:
    """What each session of the period cost, and the period.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    period = analytics.period(asked.first, asked.last)
    return costs.list_sessions(db, actor=actor, period=period, preset=asked.prices), period


def _seen(db: Session, *, actor: Actor, asked: CostsAsked) -> CostsSeen:
    report = snapshot(db, actor=actor, asked=asked)
    return CostsSeen(report, costs.list_prices(db, actor=actor, preset=report.preset))


def audience(actor: Actor, asked: CostsAsked) -> live.Audience[CostsSeen]:
    """The admins who look at the same report."""
    read = partial(_seen, actor=actor, asked=asked)
    watched = frozenset({topics.COSTS, topics.SESSIONS})
    return live.Audience(("admin_costs", asked), watched, read, live.REPORT_PAUSE)


class AdminCostsState(Reporting, AppState):
    """The report that the address asks for, and the form for another price; `entered` makes the
    form empty again."""

    price_chips: list[FilterChip] = []
    preset: str = ""
    preset_name: str = ""
    empty: bool = False
    total: str = ""
    recordings: str = ""
    each: str = ""
    stored: str = ""
    month: str = ""
    month_note: str = ""
    ahead: str = ""
    alarm: str = ""
    unpriced: str = ""
    assumed: str = ""
    over_time: CostTable = CostTable()
    stored_over_time: CostTable = CostTable()
    mentors: CostTable = CostTable()
    stores: list[StoreRow] = []
    retentions: list[str] = []
    comparison: list[WhatIfRow] = []
    comparison_csv: str = ""
    alike: bool = False
    sessions_csv: str = ""
    prices: list[PriceRow] = []
    entering: bool = False
    entered: int = 0
    busy: bool = False
    wrong_field: str = ""
    wrong_text: str = ""
    _asked: CostsAsked = CostsAsked()

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read what the address asks for."""
        self._asked = CostsAsked.of(self.router.url.query_parameters)
        self.entering = self.busy = False
        self.wrong_field = ""
        self._offer_periods(PATH, self._kept(), None)
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
        """Go to a period of one's own, keeping the prices."""
        return ranged(PATH, form, self._kept())

    @rx.event
    @requires("admin")
    async def begin(self, entering: bool) -> None:
        """Open the form for another price, or close it."""
        self.entering, self.wrong_field = bool(entering), ""

    @rx.event
    @requires("admin")
    async def enter(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Enter a price into the book that is shown."""
        self.busy, self.wrong_field = True, ""
        yield
        asked = {name: plain(str(form.get(name, "")), 200) for name in FIELDS}
        new = NewPrice(preset=self.preset, **asked)
        try:
            await write(costs.set_price, actor=await self._actor(), new=new)
        except InvalidInput as error:
            self.wrong_field, self.wrong_text = error.field, error.message
            return
        finally:
            self.busy = False
        self.entering, self.entered = False, self.entered + 1
        self._tell("The price is entered. All costs are reckoned with it.", "good")

    @rx.event
    @requires("admin")
    async def remove(self, price: str) -> None:
        """Take a price out of the book that is shown."""
        component, _, rest = plain(price, 120).partition(":")
        place, _, day = rest.rpartition(":")
        await write(
            costs.remove_price,
            actor=await self._actor(),
            preset=self.preset,
            component=component,
            place=place,
            valid_from=day,
        )
        self._tell("The price is gone. All costs are reckoned without it.", "good")

    def _kept(self) -> dict[str, str]:
        return {"prices": self._asked.prices}

    def _show(self, seen: CostsSeen) -> None:
        """Fill the page; reads nothing but what was read."""
        report, asked = seen.report, self._asked
        self._show_period(report.period, report.zone, report.as_of)
        self._offer_periods(PATH, self._kept(), report.period)
        self.preset, self.preset_name = report.preset, costs.NAMES[report.preset]
        self.price_chips = [
            FilterChip(name, replace(asked, prices=key).address(PATH), key == report.preset)
            for key, name in costs.NAMES.items()
        ]
        self._show_totals(report)
        self._show_tables(report)
        self.prices = [price_row(line) for line in seen.prices]
        self.stores = [store_row(store) for store in report.stores]
        retentions = report.what_if[0].by_retention if report.what_if else ()
        self.retentions = [f"{days} days" for days, _ in retentions]
        self.comparison = [what_if_row(one) for one in report.what_if]
        self.comparison_csv = _csv(asked, "comparison") if report.what_if else ""
        self.alike = report.preset == PLAN and bool(report.what_if)
        self.sessions_csv = _csv(asked, BY_SESSION)

    def _show_totals(self, report: CostReport) -> None:
        month, budget = report.month, report.budget
        self.total = costs.shown(report.total.total)
        self.recordings = count(report.recordings, "recording")
        self.each = costs.shown(report.per_recording) if report.per_recording else "–"
        self.stored = weight(sum(store.stored_bytes for store in report.stores))
        self.month = costs.shown(month.so_far)
        self.month_note = f"{costs.shown(month.expected)} expected by the end of {month.month:%B}"
        if budget.limit is not None and budget.preset == month.preset:
            self.month_note += f", of a budget of {costs.shown(budget.limit)}"
        coming = [point.cost.total.micros for point in report.forecast]
        self.ahead = costs.shown(Cost(sum(coming), report.currency))
        self.alarm = _alarm(report)
        self.unpriced = ", ".join(report.unpriced)
        self.assumed = _assumed(report)

    def _show_tables(self, report: CostReport) -> None:
        asked, bucket = self._asked, report.bucket
        self.empty = not (
            report.total.total.micros
            or report.recordings
            or any(point.stored_bytes for point in (*report.points, *report.forecast))
        )
        if self.empty or not report.points:
            self.over_time = CostTable()
        else:
            self.over_time = CostTable(
                cost_figures.costs_over_time(report.points, bucket),
                cost_figures.costs_in_words(report.points, bucket),
                [point_row(point, bucket) for point in reversed(report.points)][:MOST_ROWS],
                _csv(asked, "time"),
            )
        self.stored_over_time = CostTable(
            cost_figures.stored_over_time(report.points, report.forecast, bucket),
            cost_figures.stored_in_words(report.points, report.forecast),
            [point_row(point, "week") for point in report.forecast],
            _csv(asked, "forecast"),
        )
        self.mentors = CostTable(
            rows=[mentor_row(one) for one in report.mentors[:MOST_ROWS]],
            csv=_csv(asked, "mentor"),
            left_out=more_in_the_file(len(report.mentors)),
        )


def _alarm(report: CostReport) -> str:
    """What stands above the figures when the month is dearer than the budget: whichever prices are
    shown, it goes by those of the settings, and names them."""
    budget = report.budget
    if budget.limit is None:
        return ""
    limit = costs.shown(budget.limit)
    month, by = f"{budget.month:%B}", f"Reckoned with {costs.NAMES[budget.preset].lower()}."
    if budget.is_over:
        so_far = costs.shown(budget.so_far)
        return f"{month} has cost {so_far}, above the budget of {limit}. {by}"
    if budget.will_be_over:
        expected = costs.shown(budget.expected)
        return f"By what is booked, {month} will cost {expected}: above the budget of {limit}. {by}"
    return ""


def _assumed(report: CostReport) -> str:
    """What the forecast goes by."""
    typical = report.typical
    each = f"{typical.seconds // 60} minutes and {weight(typical.bytes)} for each recording"
    booked = count(report.booked, "booked session")
    if not typical.measured:
        return f"{booked}; nothing was recorded lately, so we assume that all are, and {each}."
    share = typical.recorded_per_mille // 10
    return (
        f"{booked}, of which {share} % are recorded as in the last 30 days, with {each}. "
        f"Files leave after {count(report.retention_days, 'day')}."
    )


def _csv(asked: CostsAsked, by: str) -> str:
    return asked.address(CSV.format(name="costs"), by=by)
