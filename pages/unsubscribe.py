"""Getting no more mails of one kind. The link opens this page; only its button changes anything."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import otherwise
from pages.components.boxes import stack
from pages.components.buttons import button, link_button
from pages.components.forms import form, hidden
from pages.components.notices import notice
from pages.components.phases import loaded
from pages.components.text import muted, strong, text
from pages.layout import Page, form_page
from state.unsubscribe import UnsubscribeState as State

CHOICES = "/settings/notifications"


def unsubscribe() -> rx.Component:
    """The question, or that it is done, or that the link is of no use."""
    return form_page(
        "Your mails",
        loaded(
            State.phase,
            rx.cond(State.problem != "", _useless(), rx.cond(State.comes, _asked(), _done())),
            failure=State.failure,
            again=State.load,
        ),
        otherwise(("Want to choose more finely?", "All your choices", CHOICES)),
    )


def _asked() -> rx.Component:
    return stack(
        text("Do you want to get no more mails of this kind?"),
        strong(State.title),
        form(
            hidden("token", State.token),
            button("Send me no more of them", submit=True, full=True),
            action="/unsubscribe/now",
            label="Get no more of these mails",
        ),
        muted("What you need to know of your orders and sessions still comes."),
    )


def _done() -> rx.Component:
    return stack(
        notice(text("You get no more mails of this kind: ", strong(State.title)), tone="good"),
        muted("In the app you are told as before. You can take this back at any time."),
    )


def _useless() -> rx.Component:
    return stack(
        rx.el.div(notice(State.problem, tone="warning"), role="alert"),
        link_button("Choose what you get", CHOICES),
    )


PAGE = Page(
    route="/unsubscribe",
    title="Your mails",
    component=unsubscribe,
    on_load=[State.load],
)
