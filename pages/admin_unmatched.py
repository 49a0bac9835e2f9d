"""Unmatched money, for admins: find out what it was, and say so."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, form_width, row, section, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.forms import errors_of, field, text_area
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.text import muted, prose, quiet, strong, text
from pages.layout import Page, signed_in
from state.admin_unmatched import PATH, UnmatchedLine
from state.admin_unmatched import AdminUnmatchedState as State

_wrong = errors_of(State.wrong, State.wrong_text)

_Line = rx.vars.ObjectVar[UnmatchedLine]
_GIVES = (
    "The id of the order that it pays. The order then has it as if it had been paid there: it "
    "becomes the pack, or goes back to the buyer when the order is paid already or has no place. "
    "Without an order nothing is moved."
)
_DOES_NOT_FIT = " and does not fit it. Send it back from the order's page."
_HOW = (
    "Look for the id in the provider's dashboard: it says who paid, or what was given back. Then "
    "say here what it was."
)
_NOTES = "The id of the order that it belongs to, if it belongs to one. Nothing is moved by this."


def admin_unmatched() -> rx.Component:
    """What waits for somebody who finds out, and what was found."""
    return signed_in(
        "Unmatched money",
        loaded(
            State.phase,
            or_empty(
                has(State.waiting) | has(State.settled),
                stack(
                    section(
                        "To find out",
                        or_empty(
                            has(State.waiting),
                            stack(
                                muted(_HOW),
                                divided(rx.foreach(State.waiting, _open)),
                            ),
                            muted("Nothing waits."),
                        ),
                    ),
                    rx.cond(
                        has(State.settled),
                        section("Settled", divided(rx.foreach(State.settled, _settled))),
                        NOTHING,
                    ),
                    rx.cond(State.more != "", muted(State.more), NOTHING),
                    gap="apart",
                ),
                empty(
                    "Every cent has its order.",
                    "Money that moves at a provider and fits no order of ours is listed here, for "
                    "you to find out what it was. It is never guessed.",
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=PATH,
        state=rx.cond(has(State.waiting), toned(State.to_find_out, "warning"), NOTHING),
    )


def _head(one: _Line) -> list[rx.Component]:
    return [
        row(strong(one.amount), quiet(one.what), moment(one.seen)),
        muted(mark(one.ids)),
    ]


def _open(one: _Line) -> rx.Component:
    return stack(
        *_head(one),
        rx.cond(
            one.order_href != "",
            text("It came for ", text_link("an order", one.order_href), _DOES_NOT_FIT),
            rx.cond(
                State.asking == one.public_id,
                card(form_width(_settling(one))),
                row(
                    button(
                        "Say what it was",
                        about=one.amount,
                        on_click=State.ask(one.public_id),
                        kind="secondary",
                    )
                ),
            ),
        ),
        gap="close",
    )


def _settling(one: _Line) -> rx.Component:
    return asked(
        text_area(
            "note",
            "What it was",
            help="It is kept with the entry.",
            error=_wrong("note"),
            required=True,
            max_length=500,
        ),
        field(
            "order",
            "Order",
            help=rx.cond(one.pays, _GIVES, _NOTES),
            error=_wrong("order"),
            required=False,
            placeholder="ord_…",
            max_length=60,
        ),
        submit="Settle it",
        on_submit=State.settle,
        on_close=State.ask(""),
        busy=State.busy,
        label="Settle it",
    )


def _settled(one: _Line) -> rx.Component:
    return stack(
        *_head(one),
        prose(one.note),
        muted(
            "Settled by ",
            one.who,
            rx.cond(
                one.order_href != "",
                rx.fragment(": ", text_link("its order", one.order_href)),
                NOTHING,
            ),
        ),
        gap="close",
    )


PAGE = Page(route=PATH, title="Unmatched money", component=admin_unmatched, on_load=[State.load])
