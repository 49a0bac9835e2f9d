"""Packs on sale: what is in it, what it costs, and the way to buy it."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import link_button
from pages.components.kinds import Flag
from pages.components.packs import pack_dots
from state.mentor import OfferFace


def offers(those: list[OfferFace] | rx.Var[list[OfferFace]], *, on_sale: Flag) -> rx.Component:
    """Packs below each other in one card; the button is there only while they are `on_sale`."""
    return rx.el.div(rx.foreach(those, lambda one: _offer(one, on_sale)), class_name="card rows")


def _offer(offer: rx.vars.ObjectVar[OfferFace], on_sale: Flag) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.h3(offer.title),
                rx.el.p(offer.sessions, ", ", offer.validity, class_name="muted small"),
                class_name="stack stack-tight",
            ),
            pack_dots(offer.dots, offer.sessions),
            class_name="stack stack-close",
        ),
        rx.el.div(
            rx.el.span(offer.price, class_name="price"),
            rx.el.span(offer.each, class_name="muted small figures"),
            class_name="row row-between row-baseline",
        ),
        rx.cond(
            on_sale,
            link_button("Buy this pack", offer.href, full=True),
            rx.fragment(),
        ),
        class_name="offer",
    )
