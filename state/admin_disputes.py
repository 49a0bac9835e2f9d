"""Disputes, for admins: what the banks ask back, and until when evidence counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import clock, disputes, money, topics
from services.audit import Actor
from services.config import settings, vendor_name
from services.disputes import DisputeView
from services.models import DisputeStatus
from state import live
from state.base import AppState
from state.guard import requires
from state.order_facts import admin_order
from state.phase import Loads, loading
from state.shown import NEVER, Moment, cut_off, date, moment

PATH = "/admin/disputes"


@dataclass(frozen=True)
class DisputeLine:
    """One dispute as it is shown. `since` says what happened on `day`. `answer` says what to do by
    `due`; empty when nothing can be done any more. `urgent`: `due` is near, or over."""

    public_id: str = ""
    amount: str = ""
    kind: str = ""
    tone: str = "quiet"
    who: str = ""
    why: str = ""
    ids: str = ""
    stands: str = ""
    since: str = ""
    day: Moment = NEVER
    answer: str = ""
    due: Moment = NEVER
    urgent: bool = False
    order_href: str = ""
    file_href: str = ""


def audience(actor: Actor) -> live.Audience[tuple[DisputeView, ...]]:
    """The admins who look at the list."""
    seen = partial(disputes.list_all, actor=actor)
    return live.Audience(("admin_disputes",), frozenset({topics.ORDERS}), seen)


class AdminDisputesState(Loads, AppState):
    """What is open, the nearest deadline first, and what is over."""

    waiting: list[DisputeLine] = []
    over: list[DisputeLine] = []
    open_words: str = ""
    more: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the list."""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, rows: tuple[DisputeView, ...]) -> None:
        self.more = cut_off(len(rows), disputes.MOST_SHOWN)
        zone = self.time_zone
        lines = [(row.status, dispute_line(row, zone)) for row in rows]
        self.waiting = [line for status, line in lines if status is DisputeStatus.OPEN]
        self.open_words = f"{len(self.waiting)} open"
        self.over = [line for status, line in lines if status is not DisputeStatus.OPEN]


def dispute_line(row: DisputeView, zone: str) -> DisputeLine:
    """A dispute in words: times in the reader's zone, the deadline in the studio's."""
    provider = vendor_name(row.provider.value)
    due = row.evidence_due_at if row.status is DisputeStatus.OPEN else None
    late = due is not None and due <= clock.utc_now()
    kind, tone = _kind(row)
    return DisputeLine(
        public_id=row.public_id,
        amount=money.shown(row.amount),
        kind=kind,
        tone=tone,
        who=f"{row.buyer}, at {provider}",
        why=f"{row.reason.replace('_', ' ').capitalize()}." if row.reason else "",
        ids=row.provider_id,
        stands=_stands(row),
        since="closed " if row.closed_at else "opened ",
        day=date(row.closed_at or row.opened_at, zone),
        answer=_answer(provider, late=late) if due else "",
        due=moment(due, settings().studio_timezone),
        urgent=due is not None and due - clock.utc_now() <= disputes.WARN_BEFORE,
        order_href=admin_order(row.order),
        file_href=f"/files/disputes/{row.public_id}.zip",
    )


def _kind(row: DisputeView) -> tuple[str, str]:
    match row.status:
        case DisputeStatus.OPEN:
            return ("inquiry", "warning") if row.inquiry else ("chargeback", "bad")
        case DisputeStatus.WON:
            return "won", "good"
        case DisputeStatus.LOST:
            return "lost", "bad"
        case DisputeStatus.INQUIRY_CLOSED:
            return "inquiry closed", "quiet"


def _answer(provider: str, *, late: bool) -> str:
    if late:
        return f"The time to answer at {provider} ended"
    return f"Answer at {provider}, with the evidence, before"


def _stands(row: DisputeView) -> str:
    fee = f" The dispute cost {money.shown(row.fee)}." if row.fee.minor else ""
    return f"{_money_of(row)}{_pack_of(row)}{fee}"


def _money_of(row: DisputeView) -> str:
    match row.status:
        case DisputeStatus.WON:
            return "The money is back."
        case DisputeStatus.LOST:
            return "The money is gone." if row.withdrawn else "All of it had gone back before."
        case DisputeStatus.INQUIRY_CLOSED:
            return "No money moved."
        case DisputeStatus.OPEN if row.withdrawn:
            return "The money is away until it is decided."
        case DisputeStatus.OPEN:
            return "No money has moved."


def _pack_of(row: DisputeView) -> str:
    if row.status is DisputeStatus.OPEN and row.frozen:
        return " The pack rests, its booked sessions stay."
    return ""
