"""The admin's first look: money this month, seats now, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import analytics, money, topics
from services.analytics import Attention, MonthToDate, Overview, RevenueMonth
from services.audit import Actor
from state import (
    admin_disputes,
    admin_inbox,
    admin_orders,
    admin_outbox,
    admin_reconciliation,
    admin_recordings,
    admin_refunds,
    admin_storage,
    admin_unmatched,
    figure_words,
    figures,
    live,
)
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
    watched = frozenset(
        {topics.ORDERS, topics.INBOX, topics.SEATS, topics.RECONCILIATION, topics.RECORDINGS}
    )
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
        self.running = figure_words.running_in_words(overview.months)
        now = overview.seats
        self.taken = f"{now.active + now.grace + now.held} of {now.capacity}"
        self.taken_note = over_note(now)
        self.fullest = use_rows(overview.fullest)
        self.tasks = tasks_of(overview.attention)
        self.zone = overview.zone
        self.as_of = moment(overview.as_of, overview.zone).full


@lru_cache(ALIKE)
def _by_month(months: tuple[RevenueMonth, ...]) -> tuple[dict[str, Any], str]:
    """The chart, and what it says."""
    return figures.net_by_month(months), figure_words.net_in_words(months)


def _money(to_date: MonthToDate) -> MoneyNow:
    name, note = this_month(to_date)
    return MoneyNow(name, money.shown(to_date.net), note)


def tasks_of(attention: Attention) -> list[Task]:
    """Everything that waits, the gravest first; nothing that is at zero."""
    waiting = [
        task for number, task in (*_about_money(attention), *_about_others(attention)) if number
    ]
    return sorted(waiting, key=lambda task: task.tone != "bad")


def _about_money(now: Attention) -> list[tuple[int, Task]]:
    later = now.open_disputes - now.disputes_due
    return [
        _task(
            now.refunds_troubled,
            "refund needs your help|refunds need your help",
            "The money did not go back, came back, or nobody has said what it went back for.",
            admin_refunds.PATH,
            "bad",
        ),
        _task(
            now.disputes_due,
            "dispute wants evidence now|disputes want evidence now",
            "Within three days the time to answer at the provider ends.",
            admin_disputes.PATH,
            "bad",
        ),
        _task(
            now.unmatched,
            "movement of money fits nothing|movements of money fit nothing",
            "Find out what it was, and say so or send it back.",
            admin_unmatched.PATH,
        ),
        _task(
            now.differing,
            "thing differs from the provider's|things differ from the provider's",
            "See what to do about each in the newest comparison.",
            admin_reconciliation.PATH,
        ),
        _task(
            now.refunds_waiting,
            "refund waits for an answer|refunds wait for an answer",
            "Until then nothing can be booked from its pack.",
            admin_refunds.PATH,
        ),
        _task(
            later,
            "dispute open|disputes open",
            "Answer at the provider before the last day for evidence.",
            admin_disputes.PATH,
        ),
    ]


def _about_others(now: Attention) -> list[tuple[int, Task]]:
    return [
        _task(
            now.failed_events,
            "webhook failed|webhooks failed",
            "Handling it again is always harmless.",
            address(admin_inbox.PATH, only="failed"),
            "bad",
        ),
        _task(
            now.dead_messages,
            "message could not be sent|messages could not be sent",
            "See why, then send them again or give them up.",
            address(admin_outbox.PATH, only="dead"),
            "bad",
        ),
        _task(
            now.recordings_troubled,
            "recording has trouble|recordings have trouble",
            "See what stands against each, and try again what can be.",
            address(admin_recordings.PATH, only="trouble"),
        ),
        _task(
            now.orphans,
            "file fits no recording, or is missing|files fit no recording, or are missing",
            "The nightly check of the stores found it: say what is to become of each.",
            admin_storage.PATH,
        ),
        _task(
            now.orders_at_bank,
            "order waiting for a bank|orders waiting for a bank",
            "Nothing to do: the seat is held until the bank has answered.",
            address(admin_orders.PATH, only="pending"),
        ),
    ]


def _task(
    number: int, words: str, advice: str, href: str, tone: str = "warning"
) -> tuple[int, Task]:
    """A task with its number; `words` are those for one, a bar, and those for more."""
    one, _, many = words.partition("|")
    return number, Task(count(number, one, many), advice, href, tone)
