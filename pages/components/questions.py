"""A question that a page has opened: its form, the answer, and the way out of it."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row
from pages.components.buttons import button
from pages.components.forms import form
from pages.components.kinds import Child, Flag, Press, Text


def asked(
    *entries: Child,
    submit: Text,
    on_submit: Press,
    on_close: Press,
    busy: Flag,
    label: str,
    danger: bool = False,
) -> rx.Component:
    """The form of a question; `label` names it for who does not see it."""
    return form(
        *entries,
        answers(submit, on_close=on_close, busy=busy, danger=danger),
        on_submit=on_submit,
        label=label,
    )


def answers(submit: Text, *, on_close: Press, busy: Flag, danger: bool = False) -> rx.Component:
    """Its two buttons: the answer, and not now."""
    return row(
        button(submit, submit=True, busy=busy, kind="danger" if danger else "primary"),
        button("Not now", on_click=on_close, kind="secondary"),
    )
