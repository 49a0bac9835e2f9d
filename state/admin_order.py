"""One order as admins see it: all that happened, what the ledger says, and its documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import reflex as rx
from sqlmodel import Session

from services import invoices, money, order_story, topics
from services.audit import Actor
from services.invoices import OrderInvoices
from services.models import InboxStatus, OutboxStatus
from services.order_story import Happening, Kind, OrderStory
from state import live, things
from state.base import AppState
from state.guard import requires
from state.invoices import HasInvoices, InvoicesState
from state.listing import address
from state.mentors import FilterChip
from state.order_facts import ADMIN_ORDERS, OrderFacts, order_facts
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment

PATH = ADMIN_ORDERS
MOST_SHOWN = 300
"""Lines of the time line that the page shows, the newest ones; a filter shows older ones."""

WORTH_TELLING = timedelta(minutes=1)
"""A webhook or a message that took longer says when it was done."""

_TONES: dict[str, str] = {
    InboxStatus.HANDLED.value: "good",
    InboxStatus.FAILED.value: "bad",
    OutboxStatus.SENT.value: "good",
    OutboxStatus.DUE.value: "warning",
    OutboxStatus.DEAD.value: "bad",
}


@dataclass(frozen=True, slots=True)
class AdminOrderPage:
    """All that the page shows, read together."""

    story: OrderStory
    invoices: OrderInvoices


@dataclass(frozen=True)
class StoryLine:
    """One happening as a line of the table."""

    at: Moment = NEVER
    kind: str = ""
    what: str = ""
    who: str = ""
    details: str = ""
    amount: str = ""
    thing: str = ""
    href: str = ""
    is_file: bool = False
    state: str = ""
    tone: str = "quiet"
    ended: Moment = NEVER


@dataclass(frozen=True)
class BalanceLine:
    """What stands in one account."""

    account: str = ""
    amount: str = ""


def read_page(db: Session, *, actor: Actor, order: str) -> AdminOrderPage:
    """The story and the documents. A constant number of queries, however much has happened."""
    return AdminOrderPage(
        story=order_story.get_story(db, actor=actor, order=order),
        invoices=invoices.of_order(db, actor=actor, order=order),
    )


def audience(actor: Actor, order: str) -> live.Audience[AdminOrderPage]:
    """The admins who look at one order."""
    watched = frozenset({topics.ORDERS, topics.LEDGER, topics.SESSIONS, topics.SEATS, topics.INBOX})
    seen = partial(read_page, actor=actor, order=order)
    return live.Audience(("admin_order", order, actor), watched, seen, pause=live.REPORT_PAUSE)


class AdminOrderState(Loads, HasInvoices, AppState):
    """One order; the filter of its time line stands in the address."""

    head: OrderFacts = OrderFacts()
    lines: list[StoryLine] = []
    chips: list[FilterChip] = []
    shown: str = ""
    balances: list[BalanceLine] = []
    findings: list[str] = []
    chosen: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the order and the filter that the address names."""
        only = self.router.url.query_parameters.get("only", "")
        self.chosen = only if only in set(Kind) else ""
        invoice = await self.get_state(InvoicesState)
        invoice.busy = invoice.answer = ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, page: AdminOrderPage) -> None:
        story, zone = page.story, self.time_zone
        self.head = order_facts(story.order, zone, for_admin=True)
        self.chips = _chips(story, self.chosen)
        wanted = [one for one in story.happenings if self.chosen in ("", one.kind.value)]
        newest = wanted[-MOST_SHOWN:]
        self.lines = [_line(one, zone) for one in reversed(newest)]
        every = count(len(wanted), "entry", "entries")
        self.shown = every if len(newest) == len(wanted) else f"the newest {len(newest)} of {every}"
        self.balances = [
            BalanceLine(one.account.capitalize(), money.shown(one.amount)) for one in story.balances
        ]
        self.findings = [one.sentence for one in story.findings]
        self._show_invoices(page.invoices, zone)


def _chips(story: OrderStory, chosen: str) -> list[FilterChip]:
    """One chip for each kind that there is, with how many there are."""
    found = Counter(one.kind for one in story.happenings)
    here = f"{PATH}/{story.order.public_id}"
    return [
        FilterChip(
            label=f"{kind.value.capitalize()} ({found[kind]})",
            href=address(here, only="" if chosen == kind.value else kind.value),
            chosen=chosen == kind.value,
        )
        for kind in Kind
        if found[kind] or chosen == kind.value
    ]


def _line(one: Happening, zone: str) -> StoryLine:
    href = _href(one.thing)
    took_long = one.ended_at is not None and one.ended_at - one.at >= WORTH_TELLING
    return StoryLine(
        at=moment(one.at, zone),
        kind=one.kind.value,
        what=one.what,
        who=one.who,
        details=one.details,
        amount=money.shown(one.amount) if one.amount else "",
        thing=one.thing,
        href=href,
        is_file=href.startswith("/files/"),
        state=one.state,
        tone=_TONES.get(one.state, "quiet"),
        ended=moment(one.ended_at, zone) if took_long else NEVER,
    )


def _href(thing: str) -> str:
    """Where the thing is shown; "" for what has no page of its own, or this one."""
    return "" if thing.startswith("ord_") else things.place(thing)
