"""One mentor, edited by an admin: the mentor's own editor, the name, and being listed."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.boxes import row
from pages.components.buttons import button, link_button
from pages.components.mentor_editor import mentor_editor
from pages.components.phases import empty, loaded
from pages.layout import Page, signed_in
from state.mentor_profile import MentorProfileState as State


def admin_mentor() -> rx.Component:
    """The editor, or that there is no such mentor."""
    return signed_in(
        rx.cond(State.phase == "ready", State.name, "Mentor"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no mentor at this address.",
                "The address may have a typing mistake.",
                action=link_button("See all mentors", "/admin/mentors"),
            ),
            loaded(
                State.phase,
                mentor_editor(for_admin=True),
                failure=State.failure,
                again=State.load_any,
                shape="page",
            ),
        ),
        area="admin",
        active="/admin/mentors",
        state=rx.cond(
            State.phase == "ready",
            badge(rx.cond(State.listed, "listed", "not listed")),
            rx.fragment(),
        ),
        action=rx.cond(State.phase == "ready", _actions(), rx.fragment()),
    )


def _actions() -> rx.Component:
    return row(
        link_button("See the page", State.page_href, kind="secondary"),
        rx.cond(
            State.listed,
            button("Take off the list", on_click=State.set_listed(False), kind="secondary"),
            button("List", on_click=State.set_listed(True)),
        ),
    )


PAGE = Page(
    route="/admin/mentors/[slug]", title="Mentor", component=admin_mentor, on_load=[State.load_any]
)
