"""Signing in."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import carried_next, otherwise, wrong
from pages.components.buttons import button
from pages.components.forms import field, form
from pages.layout import Page, form_page
from services.passwords import MAX_LENGTH
from state.sign_in import SignInState


def sign_in() -> rx.Component:
    """One form, and the ways out for who cannot use it."""
    return form_page(
        "Sign in",
        form(
            field(
                "email",
                "E-mail",
                kind="email",
                value=SignInState.typed_email,
                error=wrong("email"),
                autocomplete="username",
                inputmode="email",
                max_length=254,
            ),
            field(
                "password",
                "Password",
                kind="password",
                error=wrong("password"),
                autocomplete="current-password",
                max_length=MAX_LENGTH,
            ),
            carried_next(),
            button("Sign in", submit=True, full=True),
            action="/auth/sign-in",
            key=SignInState.attempt,
            label="Sign in",
        ),
        otherwise(
            ("New here?", "Sign up", "/sign-up"),
            ("Forgotten your password?", "Set a new one", "/reset"),
            ("No mail from us yet?", "Send the link again", "/verify"),
        ),
    )


PAGE = Page(route="/sign-in", title="Sign in", component=sign_in, on_load=[SignInState.enter])
