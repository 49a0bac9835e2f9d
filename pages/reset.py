"""Asking for the mail with which a new password is set."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import otherwise, wrong
from pages.components.buttons import button
from pages.components.forms import field, form
from pages.components.text import text
from pages.layout import Page, form_page
from state.accounts import FormState


def reset() -> rx.Component:
    """One field; the answer is the same whoever asks."""
    return form_page(
        "Set a new password",
        text("Tell us your address. We mail you a link that sets a new password."),
        form(
            field(
                "email",
                "E-mail",
                kind="email",
                value=FormState.typed_email,
                error=wrong("email"),
                autocomplete="username",
                inputmode="email",
                max_length=254,
            ),
            button("Mail me the link", submit=True, full=True),
            action="/auth/reset",
            key=FormState.attempt,
            label="Set a new password",
        ),
        otherwise(("You remember it?", "Sign in", "/sign-in")),
    )


PAGE = Page(route="/reset", title="Set a new password", component=reset, on_load=[FormState.load])
