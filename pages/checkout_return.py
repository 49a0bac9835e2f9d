"""The page one comes back to from paying, and later the page of the order."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, split
from pages.components.buttons import button, document_button, link_button
from pages.components.cards import facts
from pages.components.orders import order_card
from pages.components.outcomes import live_outcome, outcome
from pages.components.phases import loaded
from pages.components.text import muted
from pages.components.ticking import every
from pages.layout import Page, public
from services.config import settings
from state.checkout_return import LOOK_EVERY_MS, CheckoutReturnState


def checkout_return() -> rx.Component:
    """What became of the order, and what to do now."""
    return public(
        rx.cond(
            CheckoutReturnState.phase == "missing",
            outcome(
                "There is no such order, or it is not yours.",
                "If you bought with another account, sign in with that one.",
                link_button("Your orders", "/orders"),
            ),
            loaded(
                CheckoutReturnState.phase,
                split(_outcome(), _order()),
                failure=CheckoutReturnState.failure,
                again=CheckoutReturnState.load,
                shape="page",
                title="Your order",
            ),
        )
    )


def _outcome() -> rx.Component:
    told = CheckoutReturnState.outcome
    return live_outcome(
        told.title,
        told.words,
        told.tone,
        _watching(),
        row(
            rx.match(
                CheckoutReturnState.face,
                ("open", _unpaid(_pay())),
                ("declined", _unpaid("Try again")),
                ("waiting", link_button("Go to your dashboard", "/dashboard")),
                ("paid", link_button("Go to your packs", "/dashboard")),
                ("paid_twice_refunded", link_button("Go to your packs", "/dashboard")),
                ("refunded", link_button("Your orders", "/orders")),
                ("refund_stuck", link_button("Your orders", "/orders")),
                ("misfit", link_button("Your orders", "/orders")),
                ("sold_out_refunding", _waitlist()),
                ("sold_out_refunded", _waitlist()),
                link_button("Start again", CheckoutReturnState.order.mentor_href),
            )
        ),
    )


def _waitlist() -> rx.Component:
    """The place was gone: the next one may be waited for, on the mentor's page."""
    return link_button("Join the waitlist", CheckoutReturnState.order.mentor_href)


def _watching() -> rx.Component:
    unsettled = (
        (CheckoutReturnState.face == "open")
        | (CheckoutReturnState.face == "declined")
        | (CheckoutReturnState.face == "waiting")
        | (CheckoutReturnState.face == "sold_out_refunding")
    )
    told = rx.cond(
        CheckoutReturnState.provider_silent,
        muted(
            CheckoutReturnState.provider,
            " does not answer right now. Nothing is lost: we keep asking.",
        ),
        muted("This page looks again every few seconds."),
    )
    told = rx.fragment(every(LOOK_EVERY_MS, CheckoutReturnState.look), told)
    again = row(button("Look again", on_click=CheckoutReturnState.load, kind="secondary"))
    return rx.cond(unsettled, rx.cond(CheckoutReturnState.watching, told, again), rx.fragment())


def _another_way() -> list[rx.Component]:
    if len(settings().payment_providers) < 2:
        return []
    return [link_button("Another way to pay", CheckoutReturnState.offer_href, kind="secondary")]


def _pay() -> rx.Var[str] | str:
    return "Pay " + CheckoutReturnState.order.price + " with " + CheckoutReturnState.provider


def _unpaid(label: rx.Var[str] | str) -> rx.Component:
    return rx.fragment(
        rx.cond(
            CheckoutReturnState.pay_href != "",
            document_button(label, CheckoutReturnState.pay_href),
            link_button("Back to the mentor", CheckoutReturnState.order.mentor_href),
        ),
        *_another_way(),
        button(
            "Cancel this checkout",
            on_click=CheckoutReturnState.give_back,
            busy=CheckoutReturnState.giving_back,
            kind="secondary",
        ),
    )


def _order() -> rx.Component:
    order = CheckoutReturnState.order
    return order_card(
        order,
        facts(("Pack", order.title), ("Status", toned(order.status, order.tone))),
        label="Your order",
    )


PAGE = Page(
    route="/checkout/return/[order]",
    title="Your order",
    component=checkout_return,
    on_load=[CheckoutReturnState.load],
)
