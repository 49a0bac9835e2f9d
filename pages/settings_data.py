"""One's own data: take it along, see what one agreed to, have the account erased."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import for_password_managers, wrong
from pages.components.boxes import divided, form_width, row, setting, stack
from pages.components.buttons import button, document_button
from pages.components.forms import check, field, form, hidden
from pages.components.links import text_link
from pages.components.losses import (
    lost_packs,
    lost_places,
    lost_recordings,
    lost_sessions,
    obstacle_list,
)
from pages.components.moments import moment
from pages.components.phases import has, loaded
from pages.components.text import muted, quiet, text
from pages.layout import Page, signed_in
from services.passwords import MAX_LENGTH
from state.settings_data import PATH, AgreedFace, SettingsDataState


def settings_data() -> rx.Component:
    """Copy, agreements, erasure."""
    return signed_in(
        "My data",
        loaded(
            SettingsDataState.phase,
            rx.fragment(_copy(), _agreed(), _erase()),
            failure=SettingsDataState.failure,
            again=SettingsDataState.open,
            shape="page",
        ),
        area="mentee",
        active="/settings",
    )


def _copy() -> rx.Component:
    link = SettingsDataState.link
    ready = stack(
        row(document_button("Download my data", link, beside=True)),
        muted(
            "The link works in this browser until ",
            SettingsDataState.link_until,
            ". The file is made when you open it.",
        ),
    )
    return setting(
        "A copy of your data",
        text(
            "One zip file with everything we have about you: lists that programs can read, your "
            "invoices, and a note on what is what."
        ),
        rx.el.div(rx.cond(link != "", ready, rx.fragment()), role="status"),
        row(
            button(
                rx.cond(link != "", "Make a new link", "Make a link to my data"),
                on_click=SettingsDataState.make_link,
                kind="secondary",
                busy=SettingsDataState.making,
            )
        ),
    )


def _agreed() -> rx.Component:
    return setting(
        "What you agreed to",
        rx.cond(
            has(SettingsDataState.agreed),
            divided(rx.foreach(SettingsDataState.agreed, _agreement)),
            text(
                "Nothing yet. Here are the ",
                text_link("terms", "/terms"),
                " and the ",
                text_link("privacy notice", "/privacy"),
                ".",
            ),
        ),
    )


def _agreement(each: rx.vars.ObjectVar[AgreedFace]) -> rx.Component:
    return row(text_link(each.title, each.href), quiet(moment(each.at)), between=True)


def _erase() -> rx.Component:
    return setting(
        "Erase your account",
        text(
            "Everything about you is deleted or emptied. Invoices stay, with the name on them, and "
            "so do the records of payments: the law wants that. It cannot be undone."
        ),
        rx.cond(
            has(SettingsDataState.obstacles),
            stack(
                text("Some things must be settled first:"),
                obstacle_list(SettingsDataState.obstacles),
            ),
            stack(
                lost_packs(SettingsDataState.packs),
                lost_sessions(SettingsDataState.sessions),
                lost_places(SettingsDataState.places),
                lost_recordings(SettingsDataState.recordings),
                _form(),
                gap="wide",
            ),
        ),
    )


def _form() -> rx.Component:
    return form_width(
        form(
            for_password_managers(SettingsDataState.email),
            hidden("mark", SettingsDataState.mark),
            field(
                "password",
                "Your password",
                kind="password",
                error=wrong("password"),
                autocomplete="current-password",
                max_length=MAX_LENGTH,
            ),
            check(
                "understood",
                "I know what I lose, and that it cannot be undone.",
                required=True,
            ),
            row(button("Erase my account for good", submit=True, kind="danger")),
            action="/auth/erase",
            key=SettingsDataState.attempt,
            label="Erase your account",
        ),
    )


PAGE = Page(route=PATH, title="My data", component=settings_data, on_load=[SettingsDataState.open])
