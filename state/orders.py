"""One's own orders, newest first, and the words that every page has for an order's face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import money, orders, topics
from services.audit import Actor
from services.money import Money
from services.orders import Face, OrderView
from services.paging import Part
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, plain

STATUS: dict[Face, tuple[str, str]] = {
    Face.OPEN: ("not paid yet", "warning"),
    Face.WAITING: ("waiting for your bank", "warning"),
    Face.DECLINED: ("declined", "bad"),
    Face.PAID: ("paid", "good"),
    Face.TIME_RAN_OUT: ("expired", "quiet"),
    Face.CANCELED: ("canceled", "quiet"),
    Face.FAILED: ("failed", "bad"),
    Face.SOLD_OUT_REFUNDING: ("sold out, refund pending", "warning"),
    Face.SOLD_OUT_REFUNDED: ("sold out and refunded", "quiet"),
    Face.PAID_TWICE_REFUNDED: ("paid, one payment refunded", "good"),
    Face.REFUNDED: ("refunded", "quiet"),
    Face.DISPUTED: ("disputed", "warning"),
    Face.CHARGED_BACK: ("charged back", "quiet"),
    Face.REFUND_STUCK: ("refund failed", "bad"),
    Face.MISFIT: ("does not fit", "bad"),
}
"""The word of a face, and its tone."""


@dataclass(frozen=True)
class OrderFace:
    """An order as a row shows one."""

    href: str = ""
    title: str = ""
    mentor: str = ""
    date: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    price: str = ""
    refunded: str = ""


def order_face(order: OrderView, zone: str) -> OrderFace:
    """The words of a row."""
    status, tone = STATUS[order.face]
    return OrderFace(
        href=f"/{'orders' if order.paid_at else 'checkout/return'}/{order.public_id}",
        title=order.title,
        mentor=order.mentor_name,
        date=date(order.created_at, zone),
        status=status,
        tone=tone,
        price=money.shown(order.price),
        refunded=went_back(order),
    )


def went_back(order: OrderView) -> str:
    """What of the price went back, in words; empty when nothing did."""
    if order.lost.minor and not order.refunded.minor:
        return f"{money.shown(order.lost)} charged back"
    total = Money(order.refunded.minor + order.lost.minor, order.price.currency)
    return f"{money.shown(total)} back" if total.minor else ""


def audience(actor: Actor, before: str) -> live.Audience[Part[OrderView]]:
    """The tabs in which one person looks at the same part of their orders."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    read = partial(orders.list_mine, actor=actor, before=before or None)
    return live.Audience(("orders", actor, before), own, read)


class OrdersState(Loads, AppState):
    """One part of the list; where it begins stands in the address."""

    rows: list[OrderFace] = []
    total: str = ""
    older_href: str = ""
    is_first: bool = True

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = plain(self.router.url.query_parameters.get("before", ""), 60)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), before)))
            self.is_first = not before

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[OrderView]) -> None:
        self.rows = [order_face(order, self.time_zone) for order in part.rows]
        self.total = count(part.total or 0, "order")
        self.older_href = f"/orders?before={part.next}" if part.next else ""
