"""The form by which an admin starts a refund of one order."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import form_width, row, section, stack
from pages.components.buttons import button, link_button
from pages.components.forms import errors_of, field, form, option, select, text_area
from pages.components.kinds import NOTHING
from pages.components.phases import empty, loaded
from pages.components.text import muted, strong, text
from state.refund_start import PATH, REASONS, Choice
from state.refund_start import RefundStartState as State

_wrong = errors_of(State.wrong, State.wrong_text)


def refund_start() -> rx.Component:
    """The form for the order that the address names; nothing without one."""
    away = link_button("Close", PATH, kind="secondary")
    content = rx.cond(
        State.phase == "missing",
        empty("There is no such order.", action=away),
        loaded(
            State.phase,
            stack(
                text(strong(State.title)),
                rx.cond(
                    State.stuck != "",
                    stack(muted(State.stuck), row(away), gap="close"),
                    form_width(_form()),
                ),
            ),
            failure=State.failure,
            again=State.load,
            shape="panel",
        ),
    )
    return rx.cond(State.order != "", section("Start a refund", content), NOTHING)


def _form() -> rx.Component:
    return form(
        select(
            "scope",
            "What goes back",
            rx.foreach(State.choices, _choice),
            help="Sessions that are closed and booked are canceled, and both people are told.",
            error=_wrong("scope"),
            on_change=State.choose,
        ),
        rx.cond(State.other, _other(), NOTHING),
        select("reason", "Why", *(option(word, reason.value) for reason, word in REASONS.items())),
        text_area(
            "note",
            "Words to the mentee",
            help="Needed for another amount.",
            error=_wrong("note"),
            max_length=500,
        ),
        row(
            button("Start the refund", submit=True, busy=State.busy),
            link_button("Not now", PATH, kind="secondary"),
        ),
        on_submit=State.start,
        key=State.order,
        label="Start a refund",
    )


def _other() -> rx.Component:
    return rx.fragment(
        field(
            "amount",
            "Amount",
            help=rx.Var.create("At most ") + State.most + ".",
            error=_wrong("amount"),
            inputmode="decimal",
            max_length=20,
        ),
        field(
            "sessions",
            "Sessions that close with it",
            help=rx.Var.create("Unused: ") + State.unused + ". Empty when none closes.",
            error=_wrong("sessions"),
            required=False,
            inputmode="numeric",
            max_length=3,
        ),
    )


def _choice(one: rx.vars.ObjectVar[Choice]) -> rx.Component:
    return option(one.label, one.value)
