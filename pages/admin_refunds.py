"""Refunds, for admins: decide, help, and see what is on its way."""

from __future__ import annotations

from collections.abc import Callable

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card
from pages.components.forms import field, text_area
from pages.components.kinds import NOTHING, Child, Text
from pages.components.links import text_link
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.refund_start import refund_start
from pages.components.text import muted, prose, quiet, strong
from pages.layout import Page, signed_in
from state.admin_refunds import PATH, AdminRefund
from state.admin_refunds import AdminRefundsState as State
from state.refund_start import RefundStartState

_One = rx.vars.ObjectVar[AdminRefund]


def admin_refunds() -> rx.Component:
    """The queue, by what each one needs."""
    anything = has(State.waiting) | has(State.troubled) | has(State.underway) | has(State.recent)
    return signed_in(
        "Refunds",
        loaded(
            State.phase,
            or_empty(
                anything,
                stack(
                    refund_start(),
                    section(
                        "To decide",
                        or_empty(
                            has(State.waiting),
                            divided(rx.foreach(State.waiting, _open)),
                            muted("Nobody waits for an answer."),
                        ),
                    ),
                    _part("Needs your help", State.troubled, _open),
                    _part("On its way", State.underway, _line),
                    _if_said(State.more),
                    _part("Settled lately", State.recent, _line),
                    gap="apart",
                ),
                stack(
                    refund_start(),
                    empty(
                        "No refund yet.",
                        "What mentees ask for waits here for an answer. A refund is started from "
                        "its order.",
                        action=link_button("Orders", "/admin/orders", kind="secondary"),
                    ),
                    gap="apart",
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=PATH,
        state=rx.cond(has(State.waiting), toned("to be decided", "warning"), NOTHING),
    )


def _part(
    heading: str, refunds: list[AdminRefund], make: Callable[[_One], rx.Component]
) -> rx.Component:
    rows = divided(rx.foreach(refunds, make))
    return rx.cond(has(refunds), section(heading, rows), NOTHING)


def _line(one: _One) -> rx.Component:
    return stack(*_head(one), gap="close")


def _open(one: _One) -> rx.Component:
    """One that somebody has to answer."""
    return stack(
        *_head(one),
        rx.cond(
            State.asking == one.public_id,
            card(_question(one)),
            row(*_answers(one)),
        ),
        _if_said(one.why_not),
        gap="close",
    )


def _head(one: _One) -> list[rx.Component]:
    return [
        row(
            strong(one.amount),
            toned(one.status, one.tone),
            quiet("for ", one.what),
            moment(one.at),
        ),
        muted(
            text_link(one.title, one.order_href),
            " of ",
            one.mentee,
            " with ",
            one.mentor,
            ". ",
            one.source,
            rx.cond(one.who != "", rx.fragment(" ", one.who), NOTHING),
            ". ",
            one.now,
        ),
        rx.cond(one.note != "", prose("“", one.note, "”"), NOTHING),
        rx.cond(one.said != "", prose("Answer: “", one.said, "”"), NOTHING),
    ]


def _answers(one: _One) -> list[rx.Component]:
    busy = State.busy == one.public_id
    return [
        rx.cond(
            one.decidable,
            rx.fragment(
                button(
                    _approve(one),
                    about=_for(one),
                    on_click=State.approve(one.public_id),
                    busy=busy,
                ),
                _asks(one, "deny", "Decline"),
            ),
            NOTHING,
        ),
        rx.cond(
            one.approvable,
            button(
                _approve(one),
                about=_for(one),
                on_click=State.approve_second(one.public_id),
                busy=busy,
            ),
            NOTHING,
        ),
        rx.cond(one.deniable, _asks(one, "deny_second", "Do not send it"), NOTHING),
        rx.cond(
            one.failed,
            rx.fragment(
                button(
                    "Try again",
                    about=one.about,
                    on_click=State.try_again(one.public_id),
                    kind="secondary",
                    busy=busy,
                ),
                _asks(one, "by_hand", "Paid another way"),
            ),
            NOTHING,
        ),
        rx.cond(one.dismissable, _asks(one, "dismiss", "Nothing more to do"), NOTHING),
        rx.cond(one.restorable, _asks(one, "restore", "Give the pack back"), NOTHING),
        rx.cond(one.asks_sessions, _asks(one, "sessions", "Say for which sessions"), NOTHING),
    ]


def _approve(one: _One) -> str:
    """With what goes back: one press sends it."""
    return f"Approve {one.gives}"


def _for(one: _One) -> str:
    return f"for {one.mentee}"


def _asks(one: _One, question: str, label: str) -> rx.Component:
    asked = State.ask(one.public_id, question)
    return button(label, about=one.about, on_click=asked, kind="secondary")


def _question(one: _One) -> rx.Component:
    return rx.fragment(
        rx.match(
            State.question,
            ("deny", _note("Reason", "The mentee reads it.", "Decline it", danger=True)),
            ("deny_second", _note("Reason", "Admins alone read it.", "Do not send it")),
            (
                "by_hand",
                _note(
                    "How it was paid",
                    "Such as a bank transfer, and when. The mentee reads it.",
                    "It is paid",
                ),
            ),
            (
                "dismiss",
                _note(
                    "Why nothing is paid any more",
                    "Such as: the sessions were used after all. The mentee reads it.",
                    "Close it",
                ),
            ),
            (
                "restore",
                _note("What to know about it", "The mentee reads it.", "Give the pack back"),
            ),
            ("sessions", _sessions(one)),
            NOTHING,
        )
    )


def _note(label: str, help: str, submit: str, *, danger: bool = False) -> rx.Component:
    entry = text_area(
        "note", label, help=help, error=State.wrong, required=True, max_length=500, autofocus=True
    )
    return _asked(entry, submit, danger=danger)


def _sessions(one: _One) -> rx.Component:
    entry = field(
        "sessions",
        "How many sessions it was for",
        kind="number",
        help=rx.Var.create("Unused now: ") + one.unused.to_string() + ". 0 when it was a gesture.",
        error=State.wrong,
        autofocus=True,
        inputmode="numeric",
        max_length=3,
    )
    return _asked(entry, "Close these sessions")


def _asked(entry: Child, submit: Text, *, danger: bool = False) -> rx.Component:
    return asked(
        entry,
        submit=submit,
        on_submit=State.answer,
        on_close=State.ask("", ""),
        busy=State.busy != "",
        label="Your answer",
        danger=danger,
    )


def _if_said(words: Text) -> rx.Component:
    return rx.cond(words != "", muted(words), NOTHING)


PAGE = Page(
    route=PATH,
    title="Refunds",
    component=admin_refunds,
    on_load=[RefundStartState.load, State.load],
)
