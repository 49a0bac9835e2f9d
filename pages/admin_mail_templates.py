"""All mails that the product sends, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.mails import mail_places
from pages.components.moments import moment
from pages.components.phases import loaded
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong
from pages.layout import Page, signed_in
from state.admin_mail_templates import AdminMailTemplatesState as State
from state.admin_mail_templates import TemplateLine
from state.mail_rows import MAILS, TEMPLATES


def admin_mail_templates() -> rx.Component:
    """A table of all of them."""
    heads = [head("Mail"), head("Category"), head("Goes"), head("Sent last")]
    return signed_in(
        "Templates",
        mail_places(TEMPLATES),
        loaded(
            State.phase,
            table("Templates", heads, rx.foreach(State.rows, _row), dense=True),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=MAILS,
    )


def _row(one: rx.vars.ObjectVar[TemplateLine]) -> rx.Component:
    return row(
        cell(text_link(strong(one.name), one.href), under(one.subject), rank="main"),
        cell(one.category),
        cell(
            rx.cond(one.always, toned("always", "quiet"), toned("if wanted", "good")), rank="fact"
        ),
        cell(rx.cond(one.sent.iso != "", moment(one.sent), muted("not yet"))),
    )


PAGE = Page(
    route=TEMPLATES,
    title="Templates",
    component=admin_mail_templates,
    on_load=[State.load],
)
