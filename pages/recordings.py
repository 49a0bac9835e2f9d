"""One's own recordings, as a mentee."""

from __future__ import annotations

import reflex as rx

from pages.components.recordings import recording_page_list
from pages.layout import Page, signed_in
from state.recording_faces import PATH
from state.recordings import RecordingsState as State


def recordings() -> rx.Component:
    """What can be watched, what becomes of the rest, and what was deleted."""
    return signed_in(
        "Recordings", recording_page_list(State, load=State.load), area="mentee", active=PATH
    )


PAGE = Page(route=PATH, title="Recordings", component=recordings, on_load=[State.load])
