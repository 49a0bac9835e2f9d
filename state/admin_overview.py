"""The admin's first look: money this month, seats now, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, money, orders, topics
from services.analytics import Attention, MonthToDate, Overview, RevenueMonth
from services.audit import Actor
from state import admin_inbox, admin_orders, figures, live
from state.admin_revenue import this_month
from state.admin_seats import UseRow, over_note, use_rows
from state.base import AppState
from state.guard import requires
from state.listing import address
from state.phase import Loads, loading
from state.shown import ALIKE, count, moment

PATH = "/admin"


@dataclass(frozen=True)
class MoneyNow:
    """The month so far in one currency."""

    name: str = ""
    net: str = ""
    note: str = ""


@dataclass(frozen=True)
class Task:
    """Something that needs an admin: what it is, what to do about it, and where."""

    title: str = ""
    advice: str = ""
    href: str = ""
    tone: str = "warning"


def snapshot(db: Session, *, actor: Actor) -> Overview:
    """What the page shows.

    Raises:
        SignInNeeded, NotAllowed
    """
    return analytics.get_overview(db, actor=actor)


def audience(actor: Actor) -> live.Audience[Overview]:
    """All admins who look at the overview."""
    watched = frozenset({topics.ORDERS, topics.INBOX, topics.SEATS})
    return live.Audience(
        ("admin_overview",), watched, partial(snapshot, actor=actor), live.REPORT_PAUSE
    )


class AdminOverviewState(Loads, AppState):
    """The studio at a glance."""

    to_date: list[MoneyNow] = []
    chart: dict[str, Any] = {}
    says: str = ""
    running: str = ""
    empty: bool = False
    taken: str = ""
    taken_note: str = ""
    fullest: list[UseRow] = []
    tasks: list[Task] = []
    zone: str = ""
    as_of: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the overview."""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, overview: Overview) -> None:
        """Fill the page; reads nothing but the overview."""
        self.to_date = [_money(to_date) for to_date in overview.to_date]
        self.empty = not any(m.taking.payments or m.taking.refunds for m in overview.months)
        self.chart, self.says = ({}, "") if self.empty else _by_month(overview.months)
        self.running = figures.running_in_words(overview.months)
        now = overview.seats
        self.taken = f"{now.active + now.grace + now.held} of {now.capacity}"
        self.taken_note = over_note(now)
        self.fullest = use_rows(overview.fullest)
        self.tasks = _tasks(overview.attention)
        self.zone = overview.zone
        self.as_of = moment(overview.as_of, overview.zone).full


@lru_cache(ALIKE)
def _by_month(months: tuple[RevenueMonth, ...]) -> tuple[dict[str, Any], str]:
    """The chart, and what it says."""
    return figures.net_by_month(months), figures.net_in_words(months)


def _money(to_date: MonthToDate) -> MoneyNow:
    name, note = this_month(to_date)
    return MoneyNow(name, money.shown(to_date.net), note)


def _tasks(attention: Attention) -> list[Task]:
    """Everything that waits, the gravest first; nothing that is at zero."""
    found = [
        (
            attention.failed_refunds,
            Task(
                f"{count(attention.failed_refunds, 'refund')} failed",
                "The money did not go back. Open the order and see why.",
                address(admin_orders.PATH, only=orders.REFUND_FAILED),
                "bad",
            ),
        ),
        (
            attention.failed_events,
            Task(
                f"{count(attention.failed_events, 'webhook')} failed",
                "Handling it again is always harmless.",
                address(admin_inbox.PATH, only="failed"),
                "bad",
            ),
        ),
        (
            attention.dead_messages,
            Task(
                f"{count(attention.dead_messages, 'message')} could not be sent",
                "Send them again with the operator's command: retry.",
                "",
                "bad",
            ),
        ),
        (
            attention.disputes_waiting,
            Task(
                f"{count(attention.disputes_waiting, 'webhook')} about disputes waiting",
                "Answer in the provider's dashboard before the last day for evidence.",
                address(admin_inbox.PATH, only="waiting"),
            ),
        ),
        (
            attention.orders_at_bank,
            Task(
                f"{count(attention.orders_at_bank, 'order')} waiting for a bank",
                "Nothing to do: the seat is held until the bank has answered.",
                address(admin_orders.PATH, only="pending"),
            ),
        ),
    ]
    return [task for number, task in found if number]
