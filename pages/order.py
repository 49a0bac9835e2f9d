"""One order of one's own: what was bought, its invoices, and what goes back."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, side, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card
from pages.components.forms import text_area
from pages.components.invoices import invoices
from pages.components.moments import moment
from pages.components.orders import order_card, start_refund
from pages.components.phases import empty, has, loaded
from pages.components.questions import asked
from pages.components.text import muted, prose, strong, text
from pages.layout import Page, signed_in
from state.invoices import InvoicesState
from state.order import OrderState as State
from state.refund_faces import RefundLine

_Line = rx.vars.ObjectVar[RefundLine]


def order() -> rx.Component:
    """What was bought, what went back, and the way to ask for more."""
    return signed_in(
        rx.cond(State.phase == "ready", State.bought.title, "Order"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such order, or it is not yours.",
                "Perhaps you are signed in as somebody else.",
                action=link_button("Your orders", "/orders", kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="mentee",
        active="/orders",
        state=rx.cond(
            State.phase == "ready", toned(State.bought.status, State.bought.tone), rx.fragment()
        ),
    )


def _content() -> rx.Component:
    return split(stack(_refunds(), invoices(State), gap="apart"), side(_bought()))


def _bought() -> rx.Component:
    bought = State.bought
    return order_card(
        bought,
        rx.cond(
            bought.unpaid_href != "",
            row(link_button("See the payment", bought.unpaid_href, kind="secondary")),
            rx.fragment(),
        ),
        rx.cond(
            State.is_admin,
            start_refund(
                bought, link_button("The whole story", bought.story_href, kind="secondary")
            ),
            rx.fragment(),
        ),
        label="Your order",
    )


def _refunds() -> rx.Component:
    return section(
        "Refunds",
        rx.cond(has(State.lines), divided(rx.foreach(State.lines, _line)), rx.fragment()),
        rx.cond(
            State.bought.unpaid_href != "",
            rx.cond(has(State.lines), rx.fragment(), muted("Nothing was paid yet.")),
            rx.cond(State.offer.why_not != "", muted(State.offer.why_not), _offer()),
        ),
    )


def _line(one: _Line) -> rx.Component:
    return stack(
        row(strong(one.amount), toned(one.status, one.tone), moment(one.asked)),
        muted("For ", one.what, ". ", one.story),
        rx.cond(one.said != "", prose("The studio writes: “", one.said, "”"), rx.fragment()),
        rx.cond(
            one.withdrawable,
            row(
                button(
                    "Take the request back",
                    about=one.about,
                    on_click=State.withdraw(one.public_id),
                    kind="secondary",
                    busy=State.busy == "withdraw",
                )
            ),
            rx.fragment(),
        ),
        gap="close",
    )


def _offer() -> rx.Component:
    offer = State.offer
    return rx.cond(
        State.asking,
        card(_asking(), label="Ask for a refund"),
        stack(
            text("You can have ", strong(offer.amount), " back, for ", offer.what, "."),
            row(
                button(
                    rx.Var.create("Ask for ") + offer.amount,
                    on_click=State.ask(True),
                    kind="secondary",
                )
            ),
            gap="close",
        ),
    )


def _asking() -> rx.Component:
    offer = State.offer
    return asked(
        text(
            "You ask for ",
            strong(offer.amount),
            " back, for ",
            offer.what,
            ". The studio decides. Until then nothing can be booked from this pack, and its time "
            "stands still.",
        ),
        rx.cond(offer.booked != "", muted(offer.booked), rx.fragment()),
        text_area(
            "note",
            "Why",
            help="The studio reads it.",
            error=State.wrong,
            max_length=500,
            autofocus=True,
        ),
        submit=rx.Var.create("Ask for ") + offer.amount,
        on_close=State.ask(False),
        busy=State.busy == "request",
        on_submit=State.request,
        label="Ask for a refund",
    )


PAGE = Page(
    route="/orders/[order]",
    title="Order",
    component=order,
    on_load=[InvoicesState.begin, State.load],
)
