"""Parts of the pages where people sign up, sign in and set passwords."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import stack
from pages.components.forms import hidden
from pages.components.kinds import Text
from pages.components.links import text_link
from pages.components.notices import notice
from pages.components.text import muted
from services.passwords import MIN_LENGTH
from state.accounts import FormState

PASSWORD_HELP = f"At least {MIN_LENGTH} characters. A sentence is easier to remember."


def wrong(field: str) -> rx.Var[str]:
    """The error of one field of the page's form; empty when there is none."""
    return rx.cond(FormState.wrong_field == field, FormState.wrong_text, "")


def problem(*fields: str) -> rx.Component:
    """What is wrong with something that has no field to stand at, such as a link's token."""
    text = rx.cond(
        rx.Var.create(list(fields)).contains(FormState.wrong_field), FormState.wrong_text, ""
    )
    return rx.cond(text != "", rx.el.div(notice(text, tone="warning"), role="alert"), rx.fragment())


def carried_next() -> rx.Component:
    """The page to go on to, carried through the form."""
    return hidden("next", FormState.next)


def from_browser(name: str, expression: str) -> rx.Component:
    """A hidden field that the browser fills by itself, once the page lives in it."""
    value = rx.Var(expression, _var_type=str).to(str)
    return rx.cond(FormState.is_hydrated, hidden(name, value), rx.fragment())


def for_password_managers(email: Text) -> rx.Component:
    """The account that the password fields of a form belong to; seen by programs only."""
    return rx.el.input(
        type="hidden",
        name="username",
        value=email,
        read_only=True,
        custom_attrs={"autoComplete": "username"},
    )


def otherwise(*ways: tuple[str, str, str]) -> rx.Component:
    """The lines below a form that lead elsewhere: a question, a link's words and its page. The page
    to go on to is not lost on the way."""
    return stack(
        *(
            muted(
                question, " ", text_link(words, rx.Var.create(page).to(str) + FormState.next_query)
            )
            for question, words, page in ways
        ),
        gap="close",
    )
