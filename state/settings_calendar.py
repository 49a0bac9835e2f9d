"""One's own calendars: the Google connection, what blocks one's time, and the secret feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import calendar, feeds, topics
from services.audit import Actor
from services.calendar import CalendarChoice, ConnectionView, Question
from services.feeds import FeedView
from state import live
from state.base import AppState, run
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment

Seen = tuple[ConnectionView, FeedView | None]


@dataclass(frozen=True)
class CalendarFace:
    """One of the person's calendars as a box to tick."""

    public_id: str
    name: str
    busy: bool
    note: str
    error: str
    read: Moment


@dataclass(frozen=True)
class QuestionFace:
    """An event of ours that the person deleted or moved. `asked` is what became of it."""

    public_id: str
    asked: str
    session_href: str
    move_href: str


@dataclass(frozen=True)
class ConnectionFace:
    """The connection in words. `state` is "off" (the studio has no Google), "none", "broken" or
    "active"."""

    state: str = "none"
    account: str = ""
    since: Moment = NEVER
    broken: Moment = NEVER
    broken_reason: str = ""
    writes: bool = False
    should_write: bool = False
    waiting: str = ""
    blocked: str = ""


def audience(actor: Actor) -> live.Audience[Seen]:
    """The tabs in which one person looks at their calendars."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    return live.Audience(("settings_calendar", actor), own, partial(_seen, actor=actor))


def _seen(db: Session, *, actor: Actor) -> Seen:
    return calendar.get_connection(db, actor=actor), feeds.find_feed(db, actor=actor)


class SettingsCalendarState(Loads, AppState):
    """The page's facts, and what its buttons do. `busy` names the one that waits for Google."""

    connection: ConnectionFace = ConnectionFace()
    calendars: list[CalendarFace] = []
    questions: list[QuestionFace] = []
    busy: str = ""
    has_feed: bool = False
    feed: str = ""
    feed_webcal: str = ""

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read everything."""
        self.busy = ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("user")
    async def choose(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Store which calendars block one's time; an unticked box is not sent."""
        if self.busy:
            return
        known = {each.public_id for each in self.calendars}
        chosen = [name for name in form if name in known and form[name]]
        self.busy = "choose"
        yield
        try:
            await run(calendar.choose, actor=await self._actor(), calendars=chosen)
        finally:
            self.busy = ""
        await self._again()
        self._tell("Your choice is saved.", "good")

    @rx.event
    @requires("user")
    async def put_back(self, event: str) -> None:
        """Have an event written as the session stands."""
        await run(calendar.put_back, actor=await self._actor(), event=event)
        await self._again()
        self._tell("The event comes back in a moment. The session stands as it was.", "good")

    @rx.event
    @requires("user")
    async def disconnect(self) -> AsyncGenerator[None, None]:
        """Forget the Google account."""
        if self.busy:
            return
        self.busy = "disconnect"
        yield
        try:
            await run(calendar.disconnect, actor=await self._actor())
        finally:
            self.busy = ""
        await self._again()
        told = "Your Google calendar is disconnected, and its access is being given back."
        self._tell(told, "good")

    @rx.event
    @requires("user")
    async def renew_feed(self) -> None:
        """Make the secret address, or a new one."""
        had = self.has_feed
        await run(feeds.renew_feed, actor=await self._actor())
        await self._again()
        self._tell(
            "The old address is dead. Subscribe to the new one."
            if had
            else "Your address is ready.",
            "good",
        )

    @rx.event
    @requires("user")
    async def close_feed(self) -> None:
        """End the secret address."""
        await run(feeds.close_feed, actor=await self._actor())
        await self._again()
        self._tell("The address is dead.", "good")

    async def _again(self) -> None:
        self._show(await live.watch(self, audience(await self._actor())))

    def _show(self, seen: Seen) -> None:
        view, feed = seen
        zone = self.time_zone
        self.connection = _connection(view, zone)
        self.calendars = [_calendar(each, zone) for each in view.calendars]
        self.questions = [_question(each, zone) for each in view.questions]
        self.has_feed = feed is not None
        self.feed = feed.address if feed else ""
        self.feed_webcal = feed.webcal if feed else ""


def _connection(view: ConnectionView, zone: str) -> ConnectionFace:
    state = "active" if view.account else "none" if view.offered else "off"
    return ConnectionFace(
        state="broken" if view.broken else state,
        account=view.account,
        since=moment(view.since, zone),
        broken=moment(view.broken_at, zone),
        broken_reason=view.broken_reason,
        writes=view.writes,
        should_write=view.should_write,
        waiting=count(view.waiting, "session") if view.waiting else "",
        blocked=view.blocked if not view.broken else "",
    )


def _calendar(each: CalendarChoice, zone: str) -> CalendarFace:
    note = "sessions are written here" if each.holds_sessions else ""
    return CalendarFace(
        public_id=each.public_id,
        name=each.name,
        busy=each.busy,
        note=note,
        error=each.error,
        read=moment(each.read_at, zone),
    )


def _question(each: Question, zone: str) -> QuestionFace:
    time = moment(each.starts_at, zone).full
    moved = moment(each.moved_to, zone).full if each.moved_to else ""
    asked = f"You deleted the session with {each.mentee} ({time}) from your calendar."
    if each.moved_to == each.starts_at:
        asked = f"You changed how long the session with {each.mentee} ({time}) takes."
    elif moved:
        asked = f"You moved the session with {each.mentee} from {time} to {moved}."
    return QuestionFace(
        public_id=each.public_id,
        asked=asked,
        session_href=f"/sessions/{each.session}",
        move_href=f"/sessions/{each.session}/move?sequence={each.sequence}",
    )
