"""One of the product's mails, for admins: as its reader would get it."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import stack
from pages.components.buttons import link_button
from pages.components.kinds import NOTHING
from pages.components.mails import letter, mail_places
from pages.components.notices import notice
from pages.components.phases import empty, loaded
from pages.components.text import muted
from pages.layout import Page, signed_in
from state.admin_mail_templates import AdminMailTemplateState as State
from state.mail_rows import MAILS, TEMPLATES


def admin_mail_template() -> rx.Component:
    """The letter, with real facts where there are any."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.name, "Template"),
        mail_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such mail.",
                "Perhaps its address was cut short.",
                action=link_button("All templates", TEMPLATES, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=MAILS,
        state=rx.cond(
            State.phase == "ready",
            rx.cond(State.example, toned("made-up facts", "warning"), toned("real facts", "good")),
            NOTHING,
        ),
        action=link_button("Mails of this kind", State.head.mails_href, kind="secondary"),
    )


def _content() -> rx.Component:
    return stack(
        rx.cond(State.example, notice(State.letter.why), NOTHING),
        letter(
            State.letter,
            heading="The letter",
            note=muted(
                State.head.category,
                rx.cond(State.head.always, ". It always goes.", ". Its readers can switch it off."),
            ),
        ),
    )


PAGE = Page(
    route=f"{TEMPLATES}/[template]",
    title="Template",
    component=admin_mail_template,
    on_load=[State.load],
)
