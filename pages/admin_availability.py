"""One mentor's hours, edited by an admin: the mentor's own editor."""

from __future__ import annotations

import reflex as rx

from pages.components.availability import availability_editor, save_button, saved_mark
from pages.components.buttons import link_button
from pages.components.phases import empty, loaded
from pages.layout import Page, signed_in
from state.mentor_availability import MentorAvailabilityState as State


def admin_availability() -> rx.Component:
    """The editor, or that there is no such mentor."""
    is_ready = State.phase == "ready"
    return signed_in(
        rx.cond(is_ready, f"Availability of {State.name}", "Availability"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no mentor at this address.",
                "The address may have a typing mistake.",
                action=link_button("See all mentors", "/admin/mentors"),
            ),
            loaded(
                State.phase,
                availability_editor(),
                failure=State.failure,
                again=State.load_any,
                shape="page",
            ),
        ),
        area="admin",
        active="/admin/mentors",
        state=rx.cond(is_ready, saved_mark(), rx.fragment()),
        action=rx.cond(is_ready, save_button(), rx.fragment()),
    )


PAGE = Page(
    route="/admin/mentors/[slug]/availability",
    title="Availability",
    component=admin_availability,
    on_load=[State.load_any],
)
