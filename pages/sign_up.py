"""Signing up."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import (
    PASSWORD_HELP,
    carried_next,
    from_browser,
    otherwise,
    problem,
    wrong,
)
from pages.components.buttons import button
from pages.components.documents import agreement
from pages.components.forms import check, field, form, hidden
from pages.layout import Page, form_page
from services.models import Document
from services.passwords import MAX_LENGTH, MIN_LENGTH
from services.privacy import documents
from state.accounts import FormState


def sign_up() -> rx.Component:
    """One form; the answer comes by mail."""
    return form_page(
        "Sign up",
        form(
            field(
                "name",
                "Your name",
                value=FormState.typed_name,
                help="As mentors will read it.",
                error=wrong("name"),
                autocomplete="name",
                max_length=80,
            ),
            field(
                "email",
                "E-mail",
                kind="email",
                value=FormState.typed_email,
                help="We mail you a link that confirms it.",
                error=wrong("email"),
                autocomplete="username",
                inputmode="email",
                max_length=254,
            ),
            field(
                "password",
                "Password",
                kind="password",
                help=PASSWORD_HELP,
                error=wrong("password"),
                autocomplete="new-password",
                min_length=MIN_LENGTH,
                max_length=MAX_LENGTH,
            ),
            problem("accepts"),
            hidden("terms", documents.current(Document.TERMS)),
            check("accepts", agreement("I agree to"), required=True),
            from_browser("time_zone", "Intl.DateTimeFormat().resolvedOptions().timeZone"),
            from_browser("locale", "navigator.language"),
            carried_next(),
            button("Create my account", submit=True, full=True),
            action="/auth/sign-up",
            key=FormState.attempt,
            label="Sign up",
        ),
        otherwise(("You have an account?", "Sign in", "/sign-in")),
    )


PAGE = Page(
    route="/sign-up",
    title="Sign up",
    component=sign_up,
    on_load=[FormState.load],
    description="Open an account to buy a pack of sessions with a mentor.",
)
