"""Confirming an e-mail address. The link opens this page; only its button changes anything."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import otherwise, problem, wrong
from pages.components.buttons import button
from pages.components.forms import field, form, hidden
from pages.components.mail_trouble import mail_trouble
from pages.components.text import text
from pages.layout import Page, form_page
from state.accounts import FormState
from state.mail_trouble import MailTroubleState


def verify() -> rx.Component:
    """The button when the address holds a usable token, else the form for another mail."""
    may_confirm = (FormState.token != "") & (FormState.wrong_field != "token")
    return form_page(
        "Confirm your address",
        mail_trouble(),
        problem("token"),
        rx.cond(may_confirm, _confirm(), _again()),
        otherwise(("Confirmed already?", "Sign in", "/sign-in")),
    )


def _confirm() -> rx.Component:
    return rx.fragment(
        text("One press, and you can sign in and buy packs."),
        form(
            hidden("token", FormState.token),
            button("Confirm my address", submit=True, full=True),
            action="/auth/verify",
            label="Confirm your e-mail address",
        ),
    )


def _again() -> rx.Component:
    return rx.fragment(
        text("We mailed you a link when you signed up. Tell us your address for another one."),
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
            button("Send the link again", submit=True, full=True),
            action="/auth/verify/again",
            key=FormState.attempt,
            label="Send the link again",
        ),
    )


PAGE = Page(
    route="/verify",
    title="Confirm your e-mail address",
    component=verify,
    on_load=[FormState.load, MailTroubleState.look_if_signed_in],
)
