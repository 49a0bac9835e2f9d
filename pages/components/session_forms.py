"""The forms of a session's page: what happened, objections and answers, canceling, and texts."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.editors import said
from pages.components.forms import errors_of, form, hidden, option, select, text_area
from pages.components.kinds import NOTHING, Child, Flag, Press, Text
from pages.components.text import muted, text
from state.session import SessionState as State
from state.session_faces import Choice

_wrong = errors_of(State.wrong, State.wrong_text)


def decision(submit: str, *, closes: bool = False) -> rx.Component:
    """What happened, and a note about it; an admin has to say why."""
    needed, mentee = State.is_admin, State.side == "mentee"
    help = rx.cond(
        needed,
        "Why. Both people read it, and it is kept with the session.",
        rx.cond(
            mentee,
            "If your mentor did not come, say what happened: the studio looks at it.",
            "Your mentee reads it.",
        ),
    )
    return form(
        select(
            "outcome",
            "What happened?",
            option("Please choose", ""),
            rx.foreach(State.choices, _choice),
        ),
        _reason("note", "What to know about it", help=help, of="decide", needed=needed),
        _buttons(submit, busy=State.busy == "decide", closes=closes),
        on_submit=State.decide,
        label="What happened",
    )


def _choice(one: rx.vars.ObjectVar[Choice]) -> rx.Component:
    return option(one.word, one.value)


def objecting() -> rx.Component:
    """What the mentee says against the outcome."""
    return form(
        text_area(
            "objection",
            "What is wrong?",
            help="The studio reads it, and so does your mentor.",
            error=_wrong("object"),
            required=True,
            max_length=1_000,
        ),
        _buttons("Send the objection", busy=State.busy == "object"),
        on_submit=State.object_to,
        label="Objection",
    )


def settling() -> rx.Component:
    """The studio's answer to an objection."""
    return form(
        select(
            "uphold",
            "Is the objection right?",
            option("Please choose", ""),
            option("Yes: the session goes back to the pack", "yes"),
            option("No: the outcome stays", "no"),
        ),
        _reason("answer", "Answer", help="Both people read it.", of="settle", needed=True),
        row(button("Send the answer", submit=True, busy=State.busy == "settle")),
        on_submit=State.settle,
        label="Answer the objection",
    )


def canceling() -> rx.Component:
    """Why, and what it costs: a late canceling uses the session."""
    rights = State.rights
    return form(
        text(
            rx.cond(
                rights.late,
                "It is too late to cancel without using the session. Cancel it, and the session "
                "counts as used.",
                "Cancel this session? It goes back to the pack.",
            )
        ),
        hidden("late", rx.cond(rights.late, "yes", "")),
        _reason(
            "reason",
            "Reason",
            help="Both people read it.",
            of="cancel",
            needed=State.side != "mentee",
        ),
        _buttons(
            rx.cond(rights.late, "Cancel it and use the session", "Cancel the session"),
            busy=State.busy == "cancel",
            danger=True,
        ),
        on_submit=State.cancel,
        label="Cancel the session",
    )


def _reason(name: str, label: str, *, help: Text, of: str, needed: Flag) -> rx.Component:
    """A few words, which some have to give and others may."""
    entries = [
        text_area(name, label, help=help, error=_wrong(of), required=must, max_length=300)
        for must in (True, False)
    ]
    return rx.cond(needed, *entries)


def writing(
    name: str, label: str, value: Text, *, submit: str, on_submit: Press, help: str, most: int
) -> rx.Component:
    """A text that is kept. What is typed stays when the page follows what others do."""
    kind = name.partition("_")[0]
    return form(
        text_area(name, label, value=value, help=help, error=_wrong(kind), max_length=most),
        row(
            button(submit, submit=True, kind="secondary", busy=State.busy == kind),
            said(rx.cond(State.saved == kind, "Saved.", "")),
        ),
        on_submit=on_submit,
        key=f"{name} {State.head.public_id}",
        label=label,
    )


def opened(
    what: str, label: str, content: Child, *, above: Text = "", kind: str = "secondary"
) -> rx.Component:
    """A button that opens a form in its place."""
    style = "quiet" if kind == "quiet" else "secondary"
    closed = stack(
        if_said(above, muted), row(button(label, on_click=State.ask(what), kind=style)), gap="close"
    )
    return rx.cond(State.asking == what, card(content), closed)


def _buttons(
    submit: Text, *, busy: Flag, danger: bool = False, closes: bool = True
) -> rx.Component:
    close = button("Not now", on_click=State.ask(""), kind="secondary")
    return row(
        button(submit, submit=True, busy=busy, kind="danger" if danger else "primary"),
        *([close] * closes),
    )


def if_said(words: Text, make: Press) -> rx.Component:
    """Something, where there are words for it."""
    return rx.cond(words != "", make(words), NOTHING)
