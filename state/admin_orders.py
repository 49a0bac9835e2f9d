"""All orders, for admins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import reflex as rx

from services import money, orders, topics
from services.audit import Actor
from services.models import OrderStatus
from services.orders import OrderView
from services.paging import Part
from state import live
from state.base import AppState
from state.guard import requires
from state.listing import Listing
from state.order_facts import ADMIN_ORDERS
from state.orders import STATUS, went_back
from state.phase import loading
from state.shown import ALIKE, NEVER, Moment, date

PATH = ADMIN_ORDERS
CHOICES = {status.value: status.value.capitalize() for status in OrderStatus} | {
    orders.REFUND_TROUBLED: "Refund needs help"
}
SORTS = ("-date", "-price")


@dataclass(frozen=True)
class AdminOrder:
    """An order as an admin's row shows one."""

    public_id: str = ""
    href: str = ""
    title: str = ""
    mentee: str = ""
    email: str = ""
    mentor: str = ""
    mentor_href: str = ""
    status: str = ""
    tone: str = "quiet"
    price: str = ""
    refunded: str = ""
    date: Moment = NEVER


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[OrderView]]:
    """The admins who look at the same part of the same list."""
    read = partial(orders.list_all, actor=actor, **asked)
    return live.Audience(("admin_orders", *asked.values()), frozenset({topics.ORDERS}), read)


class AdminOrdersState(Listing, AppState):
    """One part of the list of all orders."""

    rows: list[AdminOrder] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            asked = {"status": self.chosen, **self._asked(before)}
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[OrderView]) -> None:
        self.rows = _rows(part.rows, self.time_zone)
        self._end(PATH, part, "order")

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)


@lru_cache(ALIKE)
def _rows(orders: tuple[OrderView, ...], zone: str) -> list[AdminOrder]:
    return [_row(order, zone) for order in orders]


def _row(order: OrderView, zone: str) -> AdminOrder:
    status, tone = STATUS[order.face]
    return AdminOrder(
        public_id=order.public_id,
        href=f"{PATH}/{order.public_id}",
        title=order.title,
        mentee=order.mentee_name,
        email=order.mentee_email,
        mentor=order.mentor_name,
        mentor_href=f"/admin/mentors/{order.mentor_slug}",
        status=status,
        tone=tone,
        price=money.shown(order.price),
        refunded=went_back(order),
        date=date(order.created_at, zone),
    )
