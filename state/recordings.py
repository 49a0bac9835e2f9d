"""One's own recordings, as a mentee."""

from __future__ import annotations

from collections.abc import Mapping
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
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.recording_faces import PATH, RecordingFace, recording_face
from state.shown import count, plain

CHOICES: dict[Which, str] = {"kept": "Kept", "deleted": "Deleted"}


def chips(path: str, choices: Mapping[Which, str], chosen: str) -> list[FilterChip]:
    """The parts of the list, of which one is always chosen; the first one needs no address."""
    first = next(iter(choices))
    return [
        FilterChip(word, address(path, only="" if value == first else value), value == chosen)
        for value, word in choices.items()
    ]


def audience(actor: Actor, which: Which, before: str) -> live.Audience[Part[RecordingRow]]:
    """The tabs in which one mentee looks at the same part of their recordings."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    read = partial(reading.list_mine, actor=actor, which=which, before=before or None)
    return live.Audience(("recordings", actor, which, before), own, read)


class PartOfRecordings(Loads, mixin=True):
    """Own recordings in parts: which part, and from where on, stand in the address."""

    chosen: str = ""
    chips: list[FilterChip] = []
    rows: list[RecordingFace] = []
    total: str = ""
    next_href: str = ""
    first_href: str = ""

    def _begin(self, path: str) -> tuple[Which, str]:
        """Read the address: the part that is asked for, or the first, and the place to go on
        from."""
        asked = self.router.url.query_parameters
        parts: dict[str, Which] = {one: one for one in CHOICES}
        which = parts.get(asked.get("only", ""), next(iter(CHOICES)))
        self.chosen = which
        self.chips = chips(path, CHOICES, which)
        before = plain(asked.get("before", ""), 60)
        self.first_href = self._here(path) if before else ""
        return which, before

    def _end(self, path: str, part: Part[RecordingRow], side: Side, zone: str) -> None:
        """Show the rows, how many there are, and the way to the next ones."""
        self.rows = [recording_face(row, side, zone) for row in part.rows]
        self.total = count(part.total or len(part.rows), "recording")
        self.next_href = self._here(path, part.next) if part.next else ""

    def _here(self, path: str, before: str = "") -> str:
        only = "" if self.chosen == next(iter(CHOICES)) else self.chosen
        return address(path, only=only, before=before)


class RecordingsState(PartOfRecordings, AppState):
    """One part of the list."""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the part that the address names."""
        which, before = self._begin(PATH)
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), which, before)))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, part: Part[RecordingRow]) -> None:
        self._end(PATH, part, Side.MENTEE, self.time_zone)
