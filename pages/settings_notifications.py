"""What one wants to be told, and by which ways."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.boxes import stack
from pages.components.forms import tick
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.phases import loaded
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, only_read, quiet, strong, text
from pages.layout import Page, signed_in
from state.settings_notifications import PATH, Box, CategoryFace
from state.settings_notifications import SettingsNotificationsState as State

_Row = rx.vars.ObjectVar[CategoryFace]
_Box = rx.vars.ObjectVar[Box]


def settings_notifications() -> rx.Component:
    """One table; each box is saved as it is pressed."""
    return signed_in(
        "Notifications",
        loaded(
            State.phase,
            stack(
                text(
                    "Choose what you want to hear of, and how. Each box is saved as you press it."
                ),
                _table(),
                rx.el.div(muted(State.told), role="status"),
                muted(
                    "Mails marked “always” are about your sessions, your money or your account: "
                    "you need them, so they cannot be switched off. Links to confirm your address "
                    "or to set a password always come, too."
                ),
                rx.cond(
                    State.discord,
                    muted(
                        "What you switch off by mail and keep on Discord is mailed all the same "
                        "when Discord cannot deliver it."
                    ),
                    rx.fragment(),
                ),
                muted("What you were told so far: ", text_link("Notifications", "/notifications")),
                gap="wide",
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="mentee",
        active="/settings",
    )


def _table() -> rx.Component:
    return table(
        "What you are told, and how",
        [
            head("About"),
            head("In the app"),
            head("By mail"),
            rx.cond(State.discord, head("On Discord"), rx.fragment()),
        ],
        rx.foreach(State.rows, _row),
        choices=True,
    )


def _row(one: _Row) -> rx.Component:
    return row(
        cell(strong(one.title), under(one.words), rank="main"),
        cell(_box(one.category, "app", one.app), label="In the app"),
        cell(_box(one.category, "mail", one.mail), label="By mail"),
        rx.cond(
            State.discord,
            cell(_box(one.category, "discord", one.discord), label="On Discord"),
            rx.fragment(),
        ),
    )


def _box(category: rx.Var[str], channel: str, way: Any) -> rx.Component:
    box: _Box = way
    choice = tick(
        box.label,
        checked=box.is_on,
        on_change=lambda ticked: State.choose(category, channel, ticked),
    )
    return rx.fragment(
        rx.match(
            box.kind,
            ("always", rx.fragment(quiet("always"), only_read(": ", box.label))),
            ("", rx.fragment(quiet("–"), only_read(box.label, ": does not come this way"))),
            choice,
        )
    )


PAGE = Page(
    route=PATH, title="Notifications", component=settings_notifications, on_load=[State.load]
)
