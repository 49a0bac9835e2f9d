"""The signed-in mentor's own profile, photo, seats and packs."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.buttons import link_button
from pages.components.mentor_editor import mentor_editor
from pages.components.phases import loaded
from pages.layout import Page, signed_in
from state.mentor_profile import MentorProfileState


def mentor_profile() -> rx.Component:
    """The editor, and the way to the page as visitors see it."""
    return signed_in(
        "Profile",
        loaded(
            MentorProfileState.phase,
            mentor_editor(for_admin=False),
            failure=MentorProfileState.failure,
            again=MentorProfileState.load_own,
            shape="page",
        ),
        area="mentor",
        active="/mentor/profile",
        state=rx.cond(
            MentorProfileState.phase == "ready",
            badge(rx.cond(MentorProfileState.listed, "listed", "not listed")),
            rx.fragment(),
        ),
        action=rx.cond(
            MentorProfileState.phase == "ready",
            link_button("See your page", MentorProfileState.page_href, kind="secondary"),
            rx.fragment(),
        ),
    )


PAGE = Page(
    route="/mentor/profile",
    title="Profile",
    component=mentor_profile,
    on_load=[MentorProfileState.load_own],
)
