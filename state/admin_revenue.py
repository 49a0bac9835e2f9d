"""Revenue, for admins, in one currency: cash received and what was earned, by month, mentor, offer
and provider."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, money, topics
from services.analytics import (
    MonthToDate,
    RevenueLine,
    RevenueMonth,
    RevenueReport,
    Taking,
)
from services.audit import Actor
from services.money import Money
from state import figure_words, figures, live
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
from state.revenue_rows import Breakdown, Earned, TakingRow, earning_row, taking_row
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
        ("admin_revenue", asked),
        frozenset({topics.ORDERS, topics.LEDGER}),
        read,
        live.REPORT_PAUSE,
    )


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
    earned: str = ""
    earned_note: str = ""
    deferred: str = ""
    deferred_note: str = ""
    share: str = ""
    fees: str = ""
    disputed: str = ""
    earnings: Earned = Earned()
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
        self._show_earned(report)
        total = report.total
        self.empty = not (total.payments or total.refunds or report.earned.total.minor)
        if self.empty:
            self.months = self.mentors = self.offers = self.providers = Breakdown()
            self.earnings = Earned()
            return
        self.earnings = _earned(asked, report.months, report.mentors)
        self.months = _by_month(asked, report.months)
        self.running = figure_words.running_in_words(report.months)
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

    def _show_earned(self, report: RevenueReport) -> None:
        earned, last = report.earned, report.period.last
        self.earned, self.share = money.shown(earned.total), money.shown(earned.share)
        self.earned_note = f"{money.shown(earned.expired)} of it by credits that expired"
        self.deferred = money.shown(report.deferred)
        self.deferred_note = f"At the end of {days_in_words(last, last)}"
        self.fees, self.disputed = money.shown(earned.fees), money.shown(earned.disputed)

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
        figure_words.net_in_words(months),
        [_month_row(month) for month in reversed(months)],
        _csv(asked, "month"),
    )


@lru_cache(ALIKE)
def _earned(
    asked: RevenueAsked, months: tuple[RevenueMonth, ...], mentors: tuple[RevenueLine, ...]
) -> Earned:
    by_total = sorted(mentors, key=lambda line: -line.earning.total.minor)[:MOST_ROWS]
    return Earned(
        figures.earned_by_month(months),
        figure_words.earned_in_words(months),
        [
            replace(earning_row(each.earning), label=f"{each.month:%B %Y}", note=_note(each))
            for each in reversed(months)
        ],
        [
            replace(earning_row(each.earning), label=each.label, href=asked.but(mentor=each.key))
            for each in by_total
        ],
        _csv(asked, "month"),
        _csv(asked, "mentor"),
        more_in_the_file(len(mentors)),
    )


@lru_cache(ALIKE)
def _by(name: str, asked: RevenueAsked, lines: tuple[RevenueLine, ...]) -> Breakdown:
    more = len(lines) - figures.MOST_LINES
    return Breakdown(
        figures.net_by_line(lines),
        figure_words.lines_in_words(name, lines),
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
    return replace(taking_row(month.taking), label=f"{month.month:%B %Y}", note=_note(month))


def _note(month: RevenueMonth) -> str:
    return "" if month.complete else "in part"


def _line_row(line: RevenueLine, href: str) -> TakingRow:
    return replace(taking_row(line.taking), label=line.label, href=href)
