"""Refunds, for admins: what waits for an answer, what needs help, what is on its way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import money, refunds, topics
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.models import RefundSource
from services.money import Money
from services.refunds import Queue, RefundFace, RefundView
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.order_facts import admin_order
from state.phase import Loads, loading
from state.refund_faces import STATUS, said, what
from state.shown import NEVER, Moment, cut_off, moment, plain

PATH = "/admin/refunds"
Steps = AsyncGenerator[None, None]
_SOURCES = {
    RefundSource.ADMIN: "Started by an admin",
    RefundSource.MENTEE: "Asked for by the mentee",
    RefundSource.AUTOMATIC: "Automatic",
    RefundSource.PROVIDER: "Made in the provider's dashboard",
}


@dataclass(frozen=True)
class AdminRefund:
    """A refund to decide about, to help, or to see. `gives` is what goes back when it is approved,
    and `now` says so where that differs from what was asked for; `about` tells it from others; the
    flags say which answers are open to this admin."""

    public_id: str = ""
    order: str = ""
    order_href: str = ""
    amount: str = ""
    gives: str = ""
    now: str = ""
    about: str = ""
    what: str = ""
    title: str = ""
    mentee: str = ""
    mentor: str = ""
    status: str = ""
    tone: str = "quiet"
    source: str = ""
    note: str = ""
    said: str = ""
    who: str = ""
    at: Moment = NEVER
    unused: int = 0
    decidable: bool = False
    approvable: bool = False
    deniable: bool = False
    failed: bool = False
    dismissable: bool = False
    restorable: bool = False
    asks_sessions: bool = False
    why_not: str = ""


def audience(actor: Actor) -> live.Audience[Queue]:
    """The tabs in which one admin looks at the queue; what may be answered differs by person."""
    seen = partial(refunds.list_queue, actor=actor)
    return live.Audience(("admin_refunds", actor), frozenset({topics.ORDERS}), seen)


class AdminRefundsState(Loads, AppState):
    """The queue. `asking` is the refund whose question is open, and `question` which one it is."""

    waiting: list[AdminRefund] = []
    troubled: list[AdminRefund] = []
    underway: list[AdminRefund] = []
    recent: list[AdminRefund] = []
    more: str = ""
    asking: str = ""
    question: str = ""
    busy: str = ""
    wrong: str = ""
    _gives: dict[str, Money] = {}

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the queue."""
        self.busy = self.wrong = self.asking = self.question = ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask(self, refund: str, question: str) -> None:
        """Open one of the questions of a refund; an empty one closes it."""
        self.asking, self.question, self.wrong = plain(refund, 60), plain(question, 20), ""

    @rx.event
    @requires("admin")
    async def approve(self, refund: str) -> Steps:
        """Say yes to what a mentee asked for, and to the amount that the page shows."""
        async for step in self._approve(refund, refunds.decide):
            yield step

    @rx.event
    @requires("admin")
    async def approve_second(self, refund: str) -> Steps:
        """Be the second admin who says yes."""
        async for step in self._approve(refund, refunds.approve_second):
            yield step

    @rx.event
    @requires("admin")
    async def try_again(self, refund: str) -> Steps:
        """Send a failed one once more."""
        told = "It is sent once more, within a minute."
        async for step in self._do(refund, told, refunds.try_again):
            yield step

    @rx.event
    @requires("admin")
    async def answer(self, form: dict[str, Any]) -> Steps:
        """Whatever the open question asks: a reason, a note, or how many sessions."""
        note = str(form.get("note", ""))[:1_000]
        match self.question:
            case "deny":
                asked, told = partial(refunds.decide, approve=False, note=note), "Declined."
            case "deny_second":
                second = partial(refunds.approve_second, approve=False, note=note)
                asked, told = second, "It is not sent. The sessions can be booked again."
            case "by_hand":
                asked = partial(refunds.pay_by_hand, note=note)
                told = "Noted: it was paid another way."
            case "dismiss":
                asked = partial(refunds.dismiss, note=note)
                told = "Closed."
            case "restore":
                asked = partial(refunds.restore, note=note)
                told = "The sessions are the mentee's again."
            case "sessions":
                chosen = plain(str(form.get("sessions", "")), 3)
                closes = int(chosen) if chosen.isascii() and chosen.isdigit() else -1
                asked = partial(refunds.close_sessions, sessions=closes)
                told = "Noted."
            case _:
                return
        async for step in self._do(self.asking, told, asked):
            yield step

    async def _approve(self, refund: str, work: Callable[..., None]) -> Steps:
        refund = plain(refund, 60)
        shown = self._gives.get(refund)
        if shown is None:  # it does not wait any more
            await self._read_again()
            return
        told = "Approved: the money is on its way."
        async for step in self._do(refund, told, work, approve=True, amount=shown):
            yield step

    async def _do(self, refund: str, told: str, work: Callable[..., None], **asked: Any) -> Steps:
        """Do one thing to a refund, and show what has become of it; after a refusal everything
        typed stays as it is."""
        self.busy, self.wrong = plain(refund, 60), ""
        yield
        try:
            await run(work, actor=await self._actor(), refund=self.busy, **asked)
        except InvalidInput as error:
            self.wrong = error.message
            return
        except Conflict:
            await self._read_again()
            raise
        finally:
            self.busy = ""
        self.asking = self.question = ""
        await self._read_again()
        self._tell(told, "good")

    async def _read_again(self) -> None:
        with loading(self):
            self._show(await read(refunds.list_queue, actor=await self._actor()))

    def _show(self, queue: Queue) -> None:
        zone = self.time_zone
        self._gives = {one.public_id: one.now or one.amount for one in queue.waiting}
        self.waiting = [_refund(one, zone) for one in queue.waiting]
        self.troubled = [_refund(one, zone) for one in queue.troubled]
        self.underway = [_refund(one, zone) for one in queue.underway]
        self.recent = [_refund(one, zone) for one in queue.recent]
        waiting = len(queue.waiting) + len(queue.troubled) + len(queue.underway)
        self.more = cut_off(waiting, refunds.MOST_OPEN)


def _refund(one: RefundView, zone: str) -> AdminRefund:
    status, tone = STATUS[one.face]
    if one.asks_sessions:
        status, tone = "for which sessions?", "warning"
    decidable = one.face is RefundFace.ASKED and not one.own
    second = one.face is RefundFace.SECOND and not one.own
    return AdminRefund(
        public_id=one.public_id,
        order=one.order,
        order_href=admin_order(one.order),
        amount=money.shown(one.amount),
        gives=money.shown(one.now or one.amount),
        about=f"{money.shown(one.amount)} for {one.mentee_name}",
        now=_now(one.now, one.amount),
        what=what(one),
        title=one.title,
        mentee=one.mentee_name,
        mentor=one.mentor_name,
        status=status,
        tone=tone,
        source=_source(one),
        note=one.note,
        said=said(one) if said(one) != one.note else "",
        who=_who(one),
        at=moment(one.created_at, zone),
        unused=one.unused,
        decidable=decidable,
        approvable=second and not one.mine,
        deniable=second,
        failed=one.failed and not one.own,
        dismissable=one.dismissable and not one.own,
        restorable=one.restorable and not one.own,
        asks_sessions=one.asks_sessions and not one.own,
        why_not=_why_not(one),
    )


def _now(now: Money | None, asked: Money) -> str:
    if now is None or now == asked:
        return ""
    return "Nothing would go back now." if not now.minor else f"{money.shown(now)} by now."


def _source(one: RefundView) -> str:
    """Where it comes from; whoever started it is named after these words."""
    named = one.source is RefundSource.ADMIN and one.decided_by
    return "Started" if named else _SOURCES[one.source]


def _who(one: RefundView) -> str:
    decided = "by" if one.source is RefundSource.ADMIN else "and decided by"
    names = {decided: one.decided_by, "and approved by": one.approved_by}
    return " ".join(f"{word} {name}" for word, name in names.items() if name)


def _why_not(one: RefundView) -> str:
    if one.own:
        return "This order is your own: another admin decides about it."
    if one.face is RefundFace.SECOND and one.mine:
        return "You started it: another admin has to approve it."
    return ""
