"""Unmatched money, for admins: what moved at a provider and belongs to nothing we know."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import money, reconciliation, topics, unmatched
from services.audit import Actor
from services.config import vendor_name
from services.errors import Conflict, InvalidInput, NotFound, ProviderUnavailable
from services.models import UnmatchedKind, UnmatchedStatus
from services.unmatched import UnmatchedView
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.order_facts import admin_order
from state.phase import Loads, loading
from state.shown import NEVER, Moment, cut_off, moment, plain

PATH = "/admin/unmatched"


@dataclass(frozen=True)
class UnmatchedLine:
    """Money to find out about, or what it was found to be. `pays`: it came in, so an order may
    have it."""

    public_id: str = ""
    pays: bool = False
    amount: str = ""
    what: str = ""
    ids: str = ""
    seen: Moment = NEVER
    note: str = ""
    who: str = ""
    order_href: str = ""


def audience(actor: Actor) -> live.Audience[tuple[UnmatchedView, ...]]:
    """The admins who look at the list."""
    seen = partial(unmatched.list_all, actor=actor)
    return live.Audience(("admin_unmatched",), frozenset({topics.ORDERS}), seen)


class AdminUnmatchedState(Loads, AppState):
    """What is open, and what was settled. `asking` is the one that is about to be settled."""

    waiting: list[UnmatchedLine] = []
    to_find_out: str = ""
    settled: list[UnmatchedLine] = []
    more: str = ""
    asking: str = ""
    busy: bool = False
    wrong: str = ""
    wrong_text: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the list."""
        self.asking, self.busy = "", False
        self._right()
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask(self, unmatched_id: str) -> None:
        """Open the question of one; an empty id closes it."""
        self.asking = plain(unmatched_id, 60)
        self._right()

    @rx.event
    @requires("admin")
    async def settle(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Say what it was."""
        self.busy = True
        self._right()
        yield
        try:
            await run(
                reconciliation.settle_unmatched,
                actor=await self._actor(),
                entry=self.asking,
                note=str(form.get("note", ""))[:1_000],
                order=plain(str(form.get("order", "")), 60),
            )
        except InvalidInput as error:
            self.wrong, self.wrong_text = error.field, error.message
            return
        except NotFound:
            self.wrong, self.wrong_text = "order", "There is no such order."
            return
        except Conflict as error:
            self.wrong, self.wrong_text = "order", error.message
            return
        except ProviderUnavailable:
            self.wrong = "order"
            self.wrong_text = "The provider does not answer. Nothing was changed: try again later."
            return
        finally:
            self.busy = False
        given = bool(form.get("order")) and self._pays(self.asking)
        self.asking = ""
        with loading(self):
            self._show(await read(unmatched.list_all, actor=await self._actor()))
        became = "Its order's page shows what became of it."
        self._tell(f"Settled. {became if given else 'No money was moved by this.'}", "good")

    def _show(self, rows: tuple[UnmatchedView, ...]) -> None:
        self.more = cut_off(len(rows), unmatched.MOST_SHOWN)
        zone = self.time_zone
        lines = [(row.status, _line(row, zone)) for row in rows]
        self.waiting = [line for status, line in lines if status is UnmatchedStatus.OPEN]
        self.to_find_out = f"{len(self.waiting)} to find out"
        self.settled = [line for status, line in lines if status is UnmatchedStatus.SETTLED]

    def _pays(self, unmatched_id: str) -> bool:
        return any(one.pays for one in self.waiting if one.public_id == unmatched_id)

    def _right(self) -> None:
        self.wrong = self.wrong_text = ""


def _line(row: UnmatchedView, zone: str) -> UnmatchedLine:
    other = row.payment_id and row.payment_id != row.provider_id
    of_payment = f", of payment {row.payment_id}" if other else ""
    return UnmatchedLine(
        public_id=row.public_id,
        pays=row.kind is UnmatchedKind.PAYMENT,
        amount=money.shown(row.amount),
        what=f"{row.kind.value} at {vendor_name(row.provider.value)}",
        ids=f"{row.provider_id}{of_payment}",
        seen=moment(row.seen_at, zone),
        note=row.note,
        who=row.settled_by or ("the studio itself" if row.settled_at else ""),
        order_href=admin_order(row.order),
    )
