"""One's own recordings, as a mentor."""

from __future__ import annotations

import reflex as rx

from pages.components.recordings import recording_page_list
from pages.layout import Page, signed_in
from state.mentor_recordings import PATH
from state.mentor_recordings import MentorRecordingsState as State


def mentor_recordings() -> rx.Component:
    """What can be watched, what becomes of the rest, and what was deleted."""
    return signed_in(
        "Recordings", recording_page_list(State, load=State.load), area="mentor", active=PATH
    )


PAGE = Page(route=PATH, title="Recordings", component=mentor_recordings, on_load=[State.load])
