"""The newest recordings, as a part of a dashboard."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import section
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.phases import failed, has
from pages.components.recordings import recording_list
from state.newest_recordings import NewestRecordingsState as State


def newest_recordings(every: str) -> rx.Component:
    """A few of them, with the way to all (`every`); nothing where there are none."""
    return rx.cond(
        (State.phase == "failed") | has(State.rows),
        section(
            "Recordings",
            rx.cond(
                State.phase == "failed",
                failed(State.failure, State.try_again),
                recording_list(State.rows, label="Your newest recordings"),
            ),
            action=text_link("All recordings", every),
        ),
        NOTHING,
    )
