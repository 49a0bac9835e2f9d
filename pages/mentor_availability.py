"""The signed-in mentor's own hours."""

from __future__ import annotations

import reflex as rx

from pages.components.availability import availability_editor, save_button, saved_mark
from pages.components.phases import loaded
from pages.layout import Page, signed_in
from state.mentor_availability import MentorAvailabilityState as State


def mentor_availability() -> rx.Component:
    """The editor."""
    is_ready = State.phase == "ready"
    return signed_in(
        "Availability",
        loaded(
            State.phase,
            availability_editor(),
            failure=State.failure,
            again=State.load_own,
            shape="page",
        ),
        area="mentor",
        active="/mentor/availability",
        state=rx.cond(is_ready, saved_mark(), rx.fragment()),
        action=rx.cond(is_ready, save_button(), rx.fragment()),
    )


PAGE = Page(
    route="/mentor/availability",
    title="Availability",
    component=mentor_availability,
    on_load=[State.load_own],
)
