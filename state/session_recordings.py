"""The recordings of a session, on its page: what both have agreed to, and what there is to watch.

It looks by itself, beside the page that it stands on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

import reflex as rx

from services import consent
from services.audit import Actor
from services.config import settings
from services.errors import AppError
from services.recordings import one
from services.recordings.views import SessionRecordings
from services.sessions import Side
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.recording import withdrawn_words
from state.recording_faces import ConsentFace, RecordingFace, consent_face, recording_face

PART = "recordings"
Steps = AsyncGenerator[None, None]


def audience(actor: Actor, session: str, topic: str) -> live.Audience[SessionRecordings]:
    """The tabs in which one person looks at one session's recordings."""
    seen = partial(one.get_of_session, actor=actor, session=session)
    return live.Audience((PART, session, actor), frozenset({topic}), seen)


class SessionRecordingsState(Loads, AppState):
    """`shown`: there is something to say here. `asks`: the reader has not agreed to the text as it
    is, and still can. `declines`: a no would be another answer than the one that there is."""

    shown: bool = False
    asks: bool = False
    declines: bool = False
    may_withdraw: bool = False
    running: bool = False
    over: bool = False
    paragraphs: list[str] = []
    consents: list[ConsentFace] = []
    rows: list[RecordingFace] = []
    asking: str = ""
    busy: str = ""
    _session: str = ""
    _version: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read what the session that the address names has."""
        session = self._named()
        if session != self._session:
            self._session, self.phase, self.shown = session, "loading", False
        self.asking = self.busy = ""
        await self._open()

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self._open, self._show, loading(self))

    async def _open(self) -> None:
        session = self._named()
        with loading(self):
            actor = await self._actor()
            topic = await read(one.get_session_topic, actor=actor, session=session)
            self._show(await live.watch(self, audience(actor, session, topic), part=PART))

    def _show(self, found: SessionRecordings) -> None:
        zone, mine = self.time_zone, found.mine
        offered = settings().video_offered and found.answerable
        answered = any(one.answer for one in found.consents)
        self.shown = bool(found.recordings) or answered or offered
        current = mine is not None and mine.text_version == consent.TEXT_VERSION
        self.asks = offered and mine is not None and not (mine.granted and current)
        self.declines = self.asks and mine is not None and mine.answer is None
        kept = any(row.purged_at is None for row in found.recordings)
        self.may_withdraw = mine is not None and mine.granted and (kept or found.answerable)
        self.running, self.over = found.running is not None, not found.answerable
        self._version = consent.TEXT_VERSION
        self.paragraphs = list(consent.text_of(self._version)) if self.asks else []
        self.consents = [consent_face(each, zone) for each in found.consents]
        side = next((each.side for each in found.consents if each.mine), Side.ADMIN)
        self.rows = [recording_face(row, side, zone) for row in found.recordings]

    @rx.event
    @requires("user")
    async def ask(self, what: str) -> None:
        """Open the question of this part; an empty one closes it."""
        self.asking = what[:20]

    @rx.event
    @requires("user")
    async def answer(self, granted: bool) -> Steps:
        """Agree to be recorded, or not."""
        self.busy = "yes" if granted else "no"
        yield
        try:
            await run(
                consent.answer,
                actor=await self._actor(),
                session=self._named(),
                granted=bool(granted),
                text_version=self._version,
            )
        except AppError:
            await self._read_again()
            raise
        finally:
            self.busy = ""
        told = "You agreed." if granted else "You declined. The session takes place all the same."
        self._tell(told, "good")
        await self._read_again()

    @rx.event
    @requires("user")
    async def withdraw(self) -> Steps:
        """Take one's consent back."""
        self.busy = "withdraw"
        yield
        try:
            done = await run(consent.withdraw, actor=await self._actor(), session=self._named())
        finally:
            self.busy = ""
        self.asking = ""
        self._tell(withdrawn_words(done), "warning" if done.held else "good")
        await self._read_again()

    async def _read_again(self) -> None:
        with loading(self):
            actor = await self._actor()
            self._show(await read(one.get_of_session, actor=actor, session=self._named()))
