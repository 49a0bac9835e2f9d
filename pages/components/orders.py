"""The card with an order's facts, on every page that shows one order."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row
from pages.components.buttons import link_button
from pages.components.cards import card, fact, fact_list
from pages.components.kinds import Child
from pages.components.links import text_link
from pages.components.lists import mark, under
from pages.components.moments import moment
from state.order_facts import OrderFacts


def order_card(
    order: OrderFacts | rx.vars.ObjectVar[OrderFacts], *more: Child, label: str
) -> rx.Component:
    """What is known of the order; facts that are empty are left out."""
    return card(
        fact_list(
            _fact(order.mentee, "Mentee", rx.fragment(order.mentee, under(order.email))),
            fact("Mentor", text_link(order.mentor, order.mentor_href)),
            fact("Sessions", order.sessions),
            fact("Price", order.price),
            _fact(order.provider, "Paid with", order.provider),
            _fact(order.refunded, "Refunded", order.refunded),
            _fact(order.lost, "Charged back", order.lost),
            _fact(order.paid.iso, "Paid", moment(order.paid)),
            fact("Ordered", moment(order.ordered)),
            fact("Order", mark(order.public_id, short=True)),
        ),
        *more,
        label=label,
    )


def start_refund(order: OrderFacts | rx.vars.ObjectVar[OrderFacts], *more: Child) -> rx.Component:
    """The way to a refund, for admins; nothing while there is nothing to give back."""
    return rx.cond(
        order.start_href != "",
        row(link_button("Start a refund", order.start_href, kind="secondary"), *more),
        rx.fragment(),
    )


def _fact(if_said: str | rx.Var[str], name: str, value: Child) -> rx.Component:
    return rx.cond(if_said != "", fact(name, value), rx.fragment())
