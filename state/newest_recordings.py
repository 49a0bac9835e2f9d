"""The newest recordings, on a dashboard. They look by themselves, beside the page they stand on."""

from __future__ import annotations

from functools import partial

import reflex as rx

from services import topics
from services.audit import Actor
from services.recordings import reading
from services.recordings.views import RecordingRow
from services.sessions import Side
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import Loads, loading
from state.recording_faces import RecordingFace, recording_face

PART = "recordings"


def audience(actor: Actor, *, teaches: bool) -> live.Audience[tuple[RecordingRow, ...]]:
    """The open dashboards of one person, as a mentee or as a mentor."""
    own = set[str]()
    if teaches and actor.mentor_id:
        own.add(topics.mentor_sessions(actor.mentor_id))
    elif actor.user_id:
        own.add(topics.mentee(actor.user_id))
    seen = partial(reading.list_newest, actor=actor, teaches=teaches)
    return live.Audience(("newest_recordings", actor, teaches), frozenset(own), seen)


class NewestRecordingsState(Loads, AppState):
    """A few rows; none where there is nothing to watch."""

    rows: list[RecordingFace] = []
    _teaches: bool = False

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Those of one's sessions as a mentee."""
        self._teaches = False
        await self._open()

    @rx.event
    @requires("mentor")
    async def load_mentors(self) -> None:
        """Those of one's sessions as a mentor."""
        self._teaches = True
        await self._open()

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self._open, self._show, loading(self))

    @rx.event
    @requires("user")
    async def try_again(self) -> None:
        """After a failure."""
        await self._open()

    async def _open(self) -> None:
        with loading(self):
            seen = audience(await self._actor(), teaches=self._teaches)
            self._show(await live.watch(self, seen, part=PART))

    def _show(self, found: tuple[RecordingRow, ...]) -> None:
        side = Side.MENTOR if self._teaches else Side.MENTEE
        self.rows = [recording_face(row, side, self.time_zone) for row in found]
