"""Revenue, for admins: cash received in one currency, by month, mentor, offer and provider."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, money, topics
from services.analytics import MonthToDate, RevenueLine, RevenueMonth, RevenueReport, Taking
from services.audit import Actor
from services.money import Money
from state import figures, live
from state.base import AppState
from state.guard import requires
from state.mentors import FilterChip
from state.reporting import (
    CSV,
    MOST_ROWS,
    Asked,
    Reporting,
    days_in_words,
    more_in_the_file,
    ranged,
)
from state.shown import ALIKE, count

PATH = "/admin/revenue"
BY = ("month", "mentor", "offer", "provider")
MOST_CHIPS = 5


@dataclass(frozen=True)
class RevenueAsked(Asked):
    """Of the revenue report."""

    currency: str = ""
    mentor: str = ""
    offer: str = ""
    provider: str = ""

    def but(self, **changed: str) -> str:
        """This page's address with something changed."""
        return replace(self, **changed).address(PATH)


def snapshot(db: Session, *, actor: Actor, asked: RevenueAsked) -> RevenueReport:
    """What the page and its CSV show.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput, NotFound
    """
    return analytics.get_revenue(
        db,
        actor=actor,
        period=analytics.period(asked.first, asked.last),
        currency=asked.currency,
        mentor=asked.mentor,
        offer=asked.offer,
        provider=asked.provider,
    )


def audience(actor: Actor, asked: RevenueAsked) -> live.Audience[RevenueReport]:
    """The admins who look at the same report."""
    read = partial(snapshot, actor=actor, asked=asked)
    return live.Audience(
        ("admin_revenue", asked), frozenset({topics.ORDERS}), read, live.REPORT_PAUSE
    )


@dataclass(frozen=True)
class TakingRow:
    """One row of a table behind a chart."""

    label: str = ""
    note: str = ""
    href: str = ""
    paid: str = ""
    refunded: str = ""
    net: str = ""
    payments: str = ""
    refunds: str = ""


@dataclass(frozen=True)
class Breakdown:
    """A chart, what it says, the table behind it, and where to get it as a file."""

    chart: dict[str, Any] = field(default_factory=dict[str, Any])
    says: str = ""
    rows: list[TakingRow] = field(default_factory=list[TakingRow])
    csv: str = ""
    left_out: str = ""


class AdminRevenueState(Reporting, AppState):
    """The report that the address asks for."""

    currency: str = ""
    currencies: list[FilterChip] = []
    mentor_chips: list[FilterChip] = []
    offer_chips: list[FilterChip] = []
    provider_chips: list[FilterChip] = []
    filtered: bool = False
    empty: bool = False
    net: str = ""
    paid: str = ""
    refunded: str = ""
    payments: str = ""
    refunds: str = ""
    to_date: str = ""
    to_date_name: str = ""
    to_date_note: str = ""
    running: str = ""
    months: Breakdown = Breakdown()
    mentors: Breakdown = Breakdown()
    offers: Breakdown = Breakdown()
    providers: Breakdown = Breakdown()
    _asked: RevenueAsked = RevenueAsked()

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read what the address asks for."""
        self._asked = RevenueAsked.of(self.router.url.query_parameters)
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
        """Go to a period of one's own, keeping currency and filters."""
        return ranged(PATH, form, self._kept())

    def _kept(self) -> dict[str, str]:
        kept = asdict(self._asked)
        return {name: kept[name] for name in ("currency", "mentor", "offer", "provider")}

    def _show(self, report: RevenueReport) -> None:
        """Fill the page; reads nothing but the report."""
        asked = self._asked
        self._show_period(report.period, report.zone, report.as_of)
        self._offer_periods(PATH, self._kept(), report.period)
        self.currency = report.currency
        self.filtered = bool(asked.mentor or asked.offer or asked.provider)
        self._show_chips(report)
        self._show_totals(report.total, report.to_date)
        self.empty = not (report.total.payments or report.total.refunds)
        if self.empty:
            self.months = self.mentors = self.offers = self.providers = Breakdown()
            return
        self.months = _by_month(asked, report.months)
        self.running = figures.running_in_words(report.months)
        self.mentors = _by("mentor", asked, report.mentors)
        self.offers = _by("offer", asked, report.offers)
        self.providers = _by("provider", asked, report.providers)

    def _show_totals(self, total: Taking, to_date: MonthToDate) -> None:
        self.net, self.paid = money.shown(total.net), money.shown(total.paid)
        self.refunded = money.shown(total.refunded)
        self.payments = count(total.payments, "payment")
        self.refunds = count(total.refunds, "refund")
        self.to_date = money.shown(to_date.net)
        self.to_date_name, self.to_date_note = this_month(to_date)

    def _show_chips(self, report: RevenueReport) -> None:
        asked = self._asked
        self.currencies = [
            FilterChip(code, asked.but(currency=code), code == report.currency)
            for code in report.currencies
            if report.currencies[1:]
        ]
        self.mentor_chips = _chips("mentor", asked, report.mentors)
        self.offer_chips = _chips("offer", asked, report.offers)
        self.provider_chips = _chips("provider", asked, report.providers)


@lru_cache(ALIKE)
def _by_month(asked: RevenueAsked, months: tuple[RevenueMonth, ...]) -> Breakdown:
    return Breakdown(
        figures.net_by_month(months),
        figures.net_in_words(months),
        [_month_row(month) for month in reversed(months)],
        _csv(asked, "month"),
    )


@lru_cache(ALIKE)
def _by(name: str, asked: RevenueAsked, lines: tuple[RevenueLine, ...]) -> Breakdown:
    more = len(lines) - figures.MOST_LINES
    return Breakdown(
        figures.net_by_line(lines),
        figures.lines_in_words(name, lines),
        [_line_row(line, asked.but(**{name: line.key})) for line in lines[:MOST_ROWS]],
        _csv(asked, name),
        more_in_the_file(len(lines))
        or (f"The table has {count(more, 'more line')}." if more > 0 else ""),
    )


@lru_cache(ALIKE)
def _chips(name: str, asked: RevenueAsked, lines: tuple[RevenueLine, ...]) -> list[FilterChip]:
    """The one in force, to be taken away again; else the largest, to choose from. There is
    nothing to choose between one."""
    chosen: str = getattr(asked, name)
    if chosen:
        label = next((line.label for line in lines if line.key == chosen), chosen)
        return [FilterChip(label, asked.but(**{name: ""}), True)]
    if not lines[1:]:
        return []
    return [
        FilterChip(line.label, asked.but(**{name: line.key}), False) for line in lines[:MOST_CHIPS]
    ]


def this_month(to_date: MonthToDate) -> tuple[str, str]:
    """The name of the month so far, and how it stands against the same days of the last one."""
    more = to_date.net + -to_date.previous_net
    name = f"Net, {days_in_words(to_date.first, to_date.last)}"
    same = f"{to_date.previous_first.day} to {to_date.previous_last.day}"
    before = f"{same} {to_date.previous_last:%B} ({money.shown(to_date.previous_net)})"
    if not more.minor:
        return name, f"As much as {before}"
    way = "more" if more.minor > 0 else "less"
    return name, f"{money.shown(Money(abs(more.minor), more.currency))} {way} than {before}"


def _csv(asked: RevenueAsked, by: str) -> str:
    return asked.address(CSV.format(name="revenue"), by=by)


def _month_row(month: RevenueMonth) -> TakingRow:
    note = "" if month.complete else "in part"
    return replace(_row(month.taking), label=f"{month.month:%B %Y}", note=note)


def _line_row(line: RevenueLine, href: str) -> TakingRow:
    return replace(_row(line.taking), label=line.label, href=href)


def _row(taking: Taking) -> TakingRow:
    return TakingRow(
        paid=money.shown(taking.paid),
        refunded=money.shown(taking.refunded),
        net=money.shown(taking.net),
        payments=count(taking.payments, "payment"),
        refunds=count(taking.refunds, "refund"),
    )
