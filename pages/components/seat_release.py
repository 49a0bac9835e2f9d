"""Giving a seat back by hand: the button, and the question for the reason."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row
from pages.components.buttons import button
from pages.components.forms import field
from pages.components.kinds import Text
from pages.components.questions import asked
from state.seat_release import SeatReleaseState as State


def seat_release(seat: rx.Var[str] | str, mentee: Text) -> rx.Component:
    """For a seat (a public id) that nothing keeps any more."""
    question = asked(
        field(
            "reason",
            "Why it is given back",
            help="The mentee reads it. The place goes to the next in line.",
            error=State.wrong,
            max_length=200,
            autofocus=True,
        ),
        submit="Release this seat",
        on_submit=State.release,
        on_close=State.ask(""),
        busy=State.busy,
        label="Release this seat",
        danger=True,
    )
    ask = button("Release this seat", about=mentee, on_click=State.ask(seat), kind="secondary")
    return rx.cond(State.asking == seat, question, row(ask))
