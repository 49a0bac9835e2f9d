"""The notice that no mail reaches the person, with the way to be written to again."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row
from pages.components.buttons import button
from pages.components.kinds import NOTHING
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.text import strong, text
from state.mail_trouble import MailTroubleState as State


def mail_trouble() -> rx.Component:
    """Nothing while mails arrive."""
    again = row(button("Write to me again", on_click=State.try_again, kind="secondary"))
    return rx.cond(
        State.address != "",
        rx.el.div(
            notice(
                strong("We cannot reach you by mail at ", State.address, "."),
                text("Since ", moment(State.since), ": ", State.words, "."),
                rx.cond(
                    State.may_lift,
                    text("Look whether your mailbox works and takes our mails, then:"),
                    text("Please ask the studio."),
                ),
                tone="warning",
                action=rx.cond(State.may_lift, again, NOTHING),
            ),
            role="status",
        ),
        NOTHING,
    )
