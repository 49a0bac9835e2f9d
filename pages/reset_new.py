"""Setting a new password with the link from the mail. Opening the page alone changes nothing."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import PASSWORD_HELP, otherwise, problem, wrong
from pages.components.buttons import button, link_button
from pages.components.forms import field, form, hidden
from pages.components.text import text
from pages.layout import Page, form_page
from services.passwords import MAX_LENGTH, MIN_LENGTH
from state.accounts import FormState


def reset_new() -> rx.Component:
    """The form when the address holds a link's token, else the way to a new link."""
    return form_page(
        "Choose a new password",
        problem("token"),
        rx.cond(
            FormState.is_hydrated & (FormState.token == ""),
            _no_link(),
            rx.fragment(text("Every browser will be signed out, and you sign in anew."), _form()),
        ),
        otherwise(("The link does not work?", "Mail me a new one", "/reset")),
    )


def _form() -> rx.Component:
    return form(
        hidden("token", FormState.token),
        field(
            "password",
            "New password",
            kind="password",
            help=PASSWORD_HELP,
            error=wrong("password"),
            autocomplete="new-password",
            min_length=MIN_LENGTH,
            max_length=MAX_LENGTH,
        ),
        button("Set this password", submit=True, full=True),
        action="/auth/reset/new",
        key=FormState.attempt,
        label="Choose a new password",
    )


def _no_link() -> rx.Component:
    return rx.fragment(
        text("This page opens from the link in our mail."),
        link_button("Mail me a link", "/reset"),
    )


PAGE = Page(
    route="/reset/new", title="Choose a new password", component=reset_new, on_load=[FormState.load]
)
