"""An order's facts in words, for every page that shows one order."""

from __future__ import annotations

from dataclasses import dataclass

from services import money, urls
from services.config import vendor_name
from services.orders import Face, OrderView
from state.listing import address
from state.orders import STATUS
from state.shown import NEVER, Moment, count, date

ADMIN_ORDERS = "/admin/orders"


@dataclass(frozen=True)
class OrderFacts:
    """What was bought, by whom and for how much; what is empty is not said. Admins have the buyer,
    and `start_href`, where a refund is started; `unpaid_href` is where one pays, or sees why not.
    """

    public_id: str = ""
    title: str = ""
    mentee: str = ""
    email: str = ""
    mentor: str = ""
    mentor_href: str = ""
    sessions: str = ""
    price: str = ""
    provider: str = ""
    refunded: str = ""
    lost: str = ""
    status: str = ""
    tone: str = "quiet"
    ordered: Moment = NEVER
    paid: Moment = NEVER
    unpaid_href: str = ""
    start_href: str = ""
    story_href: str = ""


def admin_order(order: str) -> str:
    """The path of an order's page for admins; nothing for no order."""
    return f"{ADMIN_ORDERS}/{order}" if order else ""


def order_facts(order: OrderView, zone: str, *, for_admin: bool = False) -> OrderFacts:
    """The facts of one order, with times in the reader's zone."""
    status, tone = STATUS[order.face]
    has_money = order.price.minor > 0 and order.paid_at is not None
    startable = has_money or order.face is Face.MISFIT
    return OrderFacts(
        public_id=order.public_id,
        title=order.title,
        mentee=order.mentee_name if for_admin else "",
        email=order.mentee_email if for_admin else "",
        mentor=order.mentor_name,
        mentor_href=f"/admin/mentors/{order.mentor_slug}"
        if for_admin
        else urls.mentor(order.mentor_slug),
        sessions=count(order.sessions, "session"),
        price=money.shown(order.price),
        provider=vendor_name(order.provider) if has_money else "",
        refunded=money.shown(order.refunded) if order.refunded.minor else "",
        lost=money.shown(order.lost) if order.lost.minor else "",
        status=status,
        tone=tone,
        ordered=date(order.created_at, zone),
        paid=date(order.paid_at, zone),
        unpaid_href="" if order.paid_at else f"/checkout/return/{order.public_id}",
        start_href=start_refund(order.public_id) if startable else "",
        story_href=admin_order(order.public_id),
    )


def start_refund(order: str) -> str:
    """Where an admin starts a refund of the order."""
    return address("/admin/refunds", order=order)
