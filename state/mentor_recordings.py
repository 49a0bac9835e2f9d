"""One's own recordings, as a mentor."""

from __future__ import annotations

from functools import partial

import reflex as rx

from services import topics
from services.audit import Actor
from services.paging import Part
from services.recordings import reading
from services.recordings.reading import Which
from services.recordings.views import RecordingRow
from services.sessions import Side
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import loading
from state.recordings import PartOfRecordings

PATH = "/mentor/recordings"


def audience(actor: Actor, which: Which, before: str) -> live.Audience[Part[RecordingRow]]:
    """The tabs in which one mentor looks at the same part of their recordings."""
    own = frozenset({topics.mentor_sessions(actor.mentor_id)} if actor.mentor_id else ())
    read = partial(reading.list_mentors, actor=actor, which=which, before=before or None)
    return live.Audience(("mentor_recordings", actor, which, before), own, read)


class MentorRecordingsState(PartOfRecordings, AppState):
    """One part of the list."""

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read the part that the address names."""
        which, before = self._begin(PATH)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), which, before)))

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[RecordingRow]) -> None:
        self._end(PATH, part, Side.MENTOR, self.time_zone)
