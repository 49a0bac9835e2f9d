"""One mail, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, fact, fact_list
from pages.components.jobs import fact_if, thing
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark, under
from pages.components.mails import letter, mail_places
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, loaded
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.admin_mail import AdminMailState as State
from state.admin_mail import StepLine
from state.mail_rows import MAILS


def admin_mail() -> rx.Component:
    """What became of it, and how it reads."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.subject, "Mail"),
        mail_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such mail.",
                "Perhaps its address was cut short.",
                action=link_button("All mails", MAILS, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=MAILS,
        state=rx.cond(State.phase == "ready", toned(State.head.status, State.head.tone), NOTHING),
        action=rx.cond(
            (State.phase == "ready") & State.may_repeat,
            button("Send again", on_click=State.send_again, busy=State.busy),
            NOTHING,
        ),
    )


def _content() -> rx.Component:
    return stack(
        _unreachable(),
        split(_facts(), _steps(), even=True),
        letter(
            State.letter,
            heading="How it reads now",
            note=muted("Written anew from what is stored: what was sent is not kept."),
        ),
        gap="apart",
    )


def _unreachable() -> rx.Component:
    return rx.cond(
        State.suppression != "",
        notice(
            strong("No mail goes to this address."),
            text("Earlier ones came back, were called spam, or an admin said so."),
            tone="warning",
            action=line(button("Write to it again", on_click=State.lift, kind="secondary")),
        ),
        NOTHING,
    )


def _facts() -> rx.Component:
    return card(
        strong("The mail"),
        fact_list(
            fact("Kind", State.head.kind),
            fact_if(
                State.head.person != "", "To", text_link(State.head.person, State.head.person_href)
            ),
            fact_if(State.head.address != "", "Address", State.head.address),
            fact_if(
                State.head.about != "", "About", thing(State.head.about, State.head.about_href)
            ),
            fact_if(State.head.reason != "", "Why", State.head.reason),
            fact_if(
                State.vendor_id != "", "At the mail service", mark(State.vendor_id, short=True)
            ),
            fact_if(
                State.message_href != "", "Outbox", text_link("Its message", State.message_href)
            ),
        ),
        rx.cond(State.why_not != "", muted("It cannot be sent again. ", State.why_not), NOTHING),
        label="The mail",
    )


def _steps() -> rx.Component:
    return section(
        "What became of it",
        table(
            "What became of it",
            [head("When"), head("What")],
            rx.foreach(State.steps, _step),
            dense=True,
        ),
    )


def _step(one: rx.vars.ObjectVar[StepLine]) -> rx.Component:
    return row(
        cell(moment(one.at), rank="fact"),
        cell(
            rx.cond(one.href != "", text_link(one.what, one.href), one.what),
            rx.cond(one.details != "", under(one.details), NOTHING),
            rank="main",
        ),
    )


PAGE = Page(
    route=f"{MAILS}/[mail]",
    title="Mail",
    component=admin_mail,
    on_load=[State.load],
)
