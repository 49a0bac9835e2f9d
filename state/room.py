"""A session's room as its two people see it: the devices before, the call, the question whether it
may be recorded, and the end.

Cameras and microphones stay in the browser (assets/room.jsx). What is told here of them is only
what does not work, so that the page can say what to do.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import reflex as rx

from services import clock, consent, sessions, video
from services.audit import Actor
from services.errors import Conflict, DatabaseUnavailable, NotAllowed, NotFound
from services.recordings import one
from services.sessions import Side
from services.video import Admission, RoomView
from state import live, room_faces
from state.base import AppState, read, run
from state.guard import explain, requires
from state.phase import Loads, loading
from state.recording import withdrawn_words
from state.room_faces import Light, Other, Question, Ticket, Times, Trouble
from state.shown import initials, plain

TICK_MS = 10_000
Steps = AsyncGenerator[Any, None]
NO_TICKET = Ticket()
SHUT_OUT = (Conflict, NotFound, NotAllowed)
_KINDS = ("camera", "microphone", "screen", "call")


def audience(actor: Actor, session: str, topic: str) -> live.Audience[RoomView]:
    """The tabs in which one person is at one room."""
    seen = partial(video.get_room, actor=actor, session=session)
    return live.Audience(("room", session, actor), frozenset({topic}), seen)


class RoomState(Loads, AppState):
    """One room. `ticket` lets this browser in; whoever has none is before the door."""

    session: str = ""
    stage: str = "check"
    me: str = ""
    other: Other = Other()
    times: Times = Times()
    consent: Question = Question()
    light: Light = Light()
    ticket: Ticket = NO_TICKET
    troubles: list[Trouble] = []
    is_mentors: bool = False
    meeting_link: bool = False

    busy: str = ""
    asking: bool = False
    leave_to: str = ""
    _seen: RoomView | None = None
    _wrong: dict[str, str] = {}

    @rx.event
    @requires("user")
    async def load(self) -> Steps:
        """Come to the room that the address names. Who loads its page anew, or was cut off from the
        studio, goes back to where they were."""
        returns = self._returns and bool(self._seen)
        self.busy = self.leave_to = ""
        self.asking = False
        if not returns:
            self._wrong, self.troubles, self.phase = {}, [], "loading"
            self.ticket = NO_TICKET
            yield
        with self._showing():
            self._show(await self._watch())
            view = self._seen
            if returns and view is not None and view.is_in and self.ticket.token:
                await self._go_in()

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show who came or left, what was answered, whether it is recorded."""
        await live.follow(self, self._open, self._show, self._showing())

    @rx.event
    @requires("user")
    async def tick(self) -> None:
        """Time has passed: say anew how long it still is."""
        self._show_time_now()

    @rx.event
    @requires("user")
    async def enter(self) -> Steps:
        """Go in."""
        self.busy = "enter"
        yield
        try:
            await self._go_in()
        finally:
            self.busy = ""

    @rx.event
    @requires("user")
    async def come_back(self) -> None:
        """This tab was inside when the studio was started anew, or forgot it: go in again, unless
        the person has left meanwhile."""
        view = self._seen
        if view is not None and view.is_in and not self.ticket.token:
            await self._go_in()

    @rx.event
    @requires("user")
    async def beat(self) -> None:
        """One is still there."""
        if not self.ticket.token:
            return
        try:
            await run(video.beat, actor=await self._actor(), session=self._place())
        except SHUT_OUT:
            self._put_out()
            raise

    @rx.event
    @requires("user")
    async def renew(self) -> None:
        """It is time for the next ticket; there is none where the room closes with this one."""
        if not self.ticket.renew_in:
            return
        try:
            fresh = await run(video.renew, actor=await self._actor(), session=self._place())
        except SHUT_OUT:
            self._put_out()
            raise
        self.ticket = _ticket(fresh)

    @rx.event
    @requires("user")
    async def leave(self) -> Steps:
        """Go out, and back to the session's page."""
        self.busy = "leave"
        yield
        try:
            await run(video.leave, actor=await self._actor(), session=self._place())
        finally:
            self.busy = ""
        self._put_out()
        yield rx.redirect(f"/sessions/{self._place()}")

    @rx.event
    @requires("user")
    async def go_to_link(self) -> Steps:
        """The room does not work: say that one came, and go to the mentor's own meeting link."""
        self.busy, self.leave_to = "link", ""
        yield
        try:
            self.leave_to = await run(
                sessions.join, actor=await self._actor(), session=self._place()
            )
        finally:
            self.busy = ""

    @rx.event
    @requires("user")
    async def answer(self, granted: bool) -> Steps:
        """Say whether it may be recorded. The answer is to the text that the page shows."""
        self.busy = "yes" if granted else "no"
        yield
        asked: dict[str, Any] = {"granted": granted is True, "text_version": self.consent.version}
        try:
            await run(consent.answer, actor=await self._actor(), session=self._place(), **asked)
        except Conflict:
            await self._read_again()
            raise
        finally:
            self.busy = ""
        await self._read_again()

    @rx.event
    @requires("user")
    async def ask(self, asking: bool) -> None:
        """Open or close the question whether one really takes the yes back."""
        self.asking = asking is True

    @rx.event
    @requires("user")
    async def withdraw(self) -> Steps:
        """Take the yes back."""
        self.busy = "withdraw"
        yield
        try:
            done = await run(consent.withdraw, actor=await self._actor(), session=self._place())
        except Conflict:
            await self._read_again()
            raise
        finally:
            self.busy, self.asking = "", False
        await self._read_again()
        self._tell(withdrawn_words(done), "good" if not done.held else "warning")

    @rx.event
    @requires("user")
    async def trouble(self, kind: str, code: str) -> None:
        """What the browser says of a camera, a microphone, the screen or the call; "" for well."""
        if kind not in _KINDS:
            return
        word = room_faces.newest(self._wrong.get(kind, ""), plain(str(code), 60))
        if word == room_faces.EXPIRED and not self.ticket.renew_in:
            word = ""  # the room closes with this ticket
            self._show_time_now()
        self._wrong = {each: said for each, said in self._wrong.items() if each != kind}
        if word:
            self._wrong[kind] = word
        if kind == "call" and word in room_faces.TWICE:
            self._put_out()
        self._show_troubles()

    async def _go_in(self) -> None:
        admitted = await run(video.enter, actor=await self._actor(), session=self._place())
        self.ticket = _ticket(admitted)
        self._wrong.pop("call", None)
        self._show_troubles()
        await self._read_again()

    @contextmanager
    def _showing(self) -> Iterator[None]:
        """A call goes on while the studio cannot be read: then a notice says so, and nothing takes
        the place of the pictures."""
        if not self.ticket.token:
            with loading(self):
                yield
            return
        try:
            yield
        except Exception as error:
            self._tell(*explain(error), again=isinstance(error, DatabaseUnavailable))
        else:
            self.phase = "ready"

    async def _open(self) -> None:
        with self._showing():
            self._show(await self._watch())

    async def _watch(self) -> RoomView:
        actor, session = await self._actor(), self._place()
        topic = await read(one.get_session_topic, actor=actor, session=session)
        return await live.watch(self, audience(actor, session, topic))

    async def _read_again(self) -> None:
        with self._showing():
            actor = await self._actor()
            self._show(await read(video.get_room, actor=actor, session=self._place()))

    def _show_troubles(self) -> None:
        wrong = [(kind, self._wrong[kind]) for kind in _KINDS if kind in self._wrong]
        self.troubles = [found for one in wrong if (found := room_faces.trouble(*one))]

    def _put_out(self) -> None:
        self.ticket = NO_TICKET
        self._show_time_now()

    def _show_time_now(self) -> None:
        if self._seen is not None:
            self._show_time(self._seen)

    def _show(self, view: RoomView) -> None:
        self._seen, self.session = view, view.session
        self.me = initials(view.name)
        self.light = room_faces.light(view)
        self.is_mentors = view.side is Side.MENTOR
        self.meeting_link = view.meeting_link != ""
        self._show_time(view)

    def _show_time(self, view: RoomView) -> None:
        now = clock.utc_now()
        self.stage = room_faces.stage(view, now, has_ticket=self.ticket.token != "")
        if self.stage != "in" and self.ticket.token:
            self.ticket = NO_TICKET
        self.times = room_faces.times(view, self.time_zone, now)
        self.other = room_faces.other(view, self.time_zone)
        self.consent = room_faces.consent(view, now)

    def _place(self) -> str:
        """The session that the address names."""
        return plain(str(self.router.url.path).rstrip("/").split("/")[-2], 60)


def _ticket(given: Admission) -> Ticket:
    left = given.renew_at - clock.utc_now() if given.renew_at else timedelta()
    return Ticket(
        app_id=given.app_id,
        channel=given.channel,
        uid=given.uid,
        other_uid=given.other_uid,
        token=given.token,
        renew_in=math.ceil(left.total_seconds()),
    )
