"""One recording: watch it, keep it, see who watched it, take back the consent to it.

A link is made when somebody presses Watch, and not before: it is written down who was given one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import reflex as rx

from services import clock, consent
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.models import Access
from services.recordings import links, one
from services.recordings.views import RecordingView
from services.sessions import Side
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.recording_faces import (
    AccessFace,
    CertificateFace,
    ConsentFace,
    Head,
    PartFace,
    Standing,
    access_face,
    certificate_face,
    consent_face,
    head,
    parts,
    standing,
)

Steps = AsyncGenerator[None, None]
_REASON = 400
_LONGEST_SECONDS = 24 * 60 * 60


def audience(actor: Actor, recording: str, topic: str) -> live.Audience[RecordingView]:
    """The tabs in which one person looks at one recording."""
    seen = partial(one.get_recording, actor=actor, recording=recording)
    return live.Audience(("recording", recording, actor), frozenset({topic}), seen)


class RecordingState(Loads, AppState):
    """One recording as stored, and what this tab plays of it.

    `playing` is the file that the player has (a public id), `src` its link. An admin says why
    first: `opened` tells that this was done. `fetched` is a link to keep a file by, made for an
    admin.
    """

    side: str = ""
    head: Head = Head()
    standing: Standing = Standing()
    parts: list[PartFace] = []
    consents: list[ConsentFace] = []
    may_withdraw: bool = False
    accesses: list[AccessFace] = []
    accesses_note: str = ""
    certificate: CertificateFace = CertificateFace()

    src: str = ""
    playing: str = ""
    broken: str = ""
    opened: bool = False
    fetched: str = ""
    asking: str = ""
    busy: str = ""
    wrong_text: str = ""
    _reason: str = ""
    _broke_at: int = 0
    _seen: RecordingView | None = None

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[None, None]:
        """Open the recording that the address names."""
        recording = self._named()
        self.busy = self.asking = self.wrong_text = ""
        if not self._returns:
            self._close()  # a film that was left does not begin to play again by itself
        if self._seen is None or self._seen.row.public_id != recording:
            self._close()
            self.phase = "loading"
            yield
        await self._open()

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed; what plays goes on."""
        await live.follow(self, self._open, self._show, loading(self))

    async def _open(self) -> None:
        recording = self._named()
        with loading(self):
            actor = await self._actor()
            topic = await read(one.get_topic, actor=actor, recording=recording)
            self._show(await live.watch(self, audience(actor, recording, topic)))

    def _show(self, view: RecordingView) -> None:
        zone = self.time_zone
        self._seen, self.side = view, view.side.value
        self.head = head(view, zone)
        self.standing = standing(view, zone, clock.utc_now())
        self.parts = parts(view)
        self.consents = [consent_face(each, zone) for each in view.consents]
        mine = next((each for each in view.consents if each.mine), None)
        gone = self.standing.kind == "gone"
        self.may_withdraw = mine is not None and mine.granted and not gone
        self.accesses = [
            access_face(each, len(view.parts), zone, side=view.side) for each in view.accesses
        ]
        listed = len(view.accesses)
        more = f"The newest {listed} of {view.accessed} are listed."
        self.accesses_note = more if view.accessed > listed else ""
        self.certificate = certificate_face(view.certificate, zone)
        if not view.row.watchable:
            self._close()

    def _close(self) -> None:
        """Nothing plays any more."""
        self.src = self.playing = self.broken = self.fetched = self._reason = ""
        self.opened, self._broke_at = False, 0

    @rx.event
    @requires("user")
    async def watch(self, file: str) -> Steps:
        """Play a part from its beginning, or from where it broke off."""
        async for step in self._play(str(file)[:60]):
            yield step

    @rx.event
    @requires("user")
    async def ended(self) -> Steps:
        """A part is over: the next one follows by itself."""
        files = [part.file for part in self.parts]
        place = files.index(self.playing) + 1 if self.playing in files else len(files)
        if place < len(files):
            async for step in self._play(files[place]):
                yield step

    @rx.event
    @requires("user")
    async def broke(self, seconds: float) -> None:
        """The browser cannot go on after so many seconds: the link is too old, or it cannot play
        that."""
        if self.src:
            self.src, self.broken, self._broke_at = "", self.playing, _place(seconds)

    async def _play(self, file: str) -> Steps:
        place = self._broke_at if file == self.broken else 0
        self.busy, self.wrong_text = f"watch {file}", ""
        yield
        try:
            link = await self._link(file, Access.WATCHED)
            self.src = f"{link}#t={place}" if place else link
            self.playing, self.broken = file, ""
        finally:
            self.busy = ""

    async def _link(self, file: str, how: Access) -> str:
        """A link for this person; after a refusal the page says what is true now."""
        try:
            actor = await self._actor()
            return await run(links.link, actor=actor, file=file, how=how, reason=self._reason)
        except (Conflict, links.Gone):
            await self._read_again()
            raise

    async def _read_again(self) -> None:
        with loading(self):
            actor = await self._actor()
            self._show(await read(one.get_recording, actor=actor, recording=self._named()))

    @rx.event
    @requires("admin")
    async def say_why(self, form: dict[str, Any]) -> None:
        """An admin says why they look at what is other people's. It is written down with each film
        that they open."""
        reason = " ".join(str(form.get("reason", ""))[:_REASON].split())
        if not reason:
            self.wrong_text = "Say why you look at it: it is written down."
            return
        self._reason, self.opened, self.wrong_text = reason, True, ""

    @rx.event
    @requires("admin")
    async def fetch(self, file: str) -> Steps:
        """A link for an admin to keep a film by."""
        self.busy, self.fetched = f"fetch {str(file)[:60]}", ""
        yield
        try:
            self.fetched = await self._link(str(file)[:60], Access.DOWNLOADED)
        except InvalidInput as error:
            self.opened, self.wrong_text = False, error.message
        finally:
            self.busy = ""

    @rx.event
    @requires("user")
    async def ask(self, what: str) -> None:
        """Open the question of the page; an empty one closes it."""
        self.asking = what[:20]

    @rx.event
    @requires("user")
    async def withdraw(self) -> Steps:
        """Take back one's consent to every recording of the session."""
        if self._seen is None or self._seen.side is Side.ADMIN:
            return
        session, self.busy = self._seen.row.session, "withdraw"
        yield
        try:
            done = await run(consent.withdraw, actor=await self._actor(), session=session)
        finally:
            self.busy = ""
        self.asking = ""
        self._tell(withdrawn_words(done), "warning" if done.held else "good")
        await self._read_again()


def _place(seconds: object) -> int:
    """What a browser says, in whole seconds; 0 for what is no place of a film."""
    if isinstance(seconds, int | float) and 0 <= seconds < _LONGEST_SECONDS:
        return int(seconds)
    return 0


def withdrawn_words(done: consent.Withdrawn) -> str:
    """What taking a consent back has done."""
    said = ["Your consent is taken back."]
    if done.stopped:
        said.append("The recorder stops.")
    if done.deleted:
        said.append(
            "The recording is being deleted."
            if done.deleted == 1
            else f"{done.deleted} recordings are being deleted."
        )
    if done.held:
        said.append("The studio holds what was recorded: it is deleted as soon as that hold ends.")
    return " ".join(said)
