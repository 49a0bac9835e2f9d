"""Moving a session: another time for it, taken at once or proposed to the other person.

The page knows which sequence of the session it was opened for. When the session has changed since,
it says so and changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

import reflex as rx

from services import booking, clock, picking, topics
from services.audit import Actor
from services.errors import AppError, OutOfDate
from services.models import SessionStatus
from services.picking import MovingWeek
from services.sessions.views import Side
from state import live, slots
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.shown import plain
from state.slots import Reader
from state.weeks import ShowsWeek

Face = Literal["", "open", "changed", "over", "done"]
LEAST_REASON, MOST_REASON = 3, 300

_OVER: dict[SessionStatus, str] = {
    SessionStatus.CANCELED: "It was canceled.",
    SessionStatus.SCHEDULED: "It begins now.",
    SessionStatus.IN_PROGRESS: "It has begun.",
}


def audience(actor: Actor, week: MovingWeek, monday: date, zone: str) -> live.Audience[MovingWeek]:
    """The open movers of one session by one person, in one week."""
    starts, ends = slots.span(monday, zone)
    watched = frozenset(
        {
            topics.session(week.session_id),
            topics.mentor_sessions(week.mentor_id),
            topics.availability(week.mentor_id),
        }
    )
    reading = partial(
        picking.get_moving_week, actor=actor, session=week.session, starts=starts, ends=ends
    )
    return live.Audience(("move", week.session, actor, monday, zone), watched, reading)


class MoveState(ShowsWeek, Loads, AppState):
    """The session, the times of a week, and the one that is chosen."""

    side: str = ""
    face: Face = ""
    other: str = ""
    now_at: str = ""
    why: str = ""
    session_href: str = ""
    again_href: str = ""
    proposing: bool = False
    may_move: bool = False
    rule: str = ""
    move_href: str = ""
    propose_href: str = ""
    asks_reason: bool = False
    own_time: bool = False
    open_proposal: str = ""

    chosen: str = ""
    chosen_theirs: str = ""
    label: str = ""
    said: str = ""
    problem: str = ""
    wrong_reason: str = ""
    wrong_time: str = ""
    busy: bool = False
    done: str = ""
    _session: str = ""
    _sequence: int | None = None
    _seen: MovingWeek | None = None
    _chosen: datetime | None = None
    _own: bool = False

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[None, None]:
        """Show the session named in the address, and the week; or still what was done."""
        if self._returns and self.face == "done":
            return
        session = plain(str(self.router.url.path).rstrip("/").split("/")[-2], 60)
        asked = self.router.url.query_parameters
        if session != self._session:
            self.phase, self._session, self._chosen = "loading", session, None
            yield
        sequence = _number(asked.get("sequence", ""))
        if sequence not in {None, self._sequence}:
            self._chosen = None
        self._sequence = sequence
        self.proposing = asked.get("propose", "") == "1"
        self.problem = self.said = self.wrong_reason = self.wrong_time = ""
        self.busy = False
        with loading(self):
            await self._open(str(asked.get("week", "")))

    @rx.event
    @requires("user")
    async def refresh(self) -> AsyncGenerator[None, None]:
        """Show what is free now, and whether the session is still the one it was."""
        week = await live.news(self)
        if week is live.ANEW:
            async for _ in self.load():
                yield
        elif week is not None and self.face != "done":
            with loading(self):
                self._show(week)

    @rx.event
    @requires("user")
    async def choose_day(self, day: str) -> None:
        """Show the times of another day of the week."""
        self.day = str(day)[:10]
        self._show_times()

    @rx.event
    @requires("user")
    async def toggle(self, slot: str) -> None:
        """Choose a time, instead of the one before."""
        at = slots.instant_of(str(slot))
        self.problem = self.wrong_time = ""
        self._chosen, self._own = (None if at == self._chosen else at), False
        self._show_times()
        self.said = f"Chosen: {self.chosen}" if self.chosen else "No time is chosen."

    @rx.event
    @requires("user")
    async def choose_own(self, form: dict[str, Any]) -> None:
        """Take a date and time that is not among those offered: mentors and admins may."""
        at = slots.instant_in(self.time_zone, str(form.get("own_time", "")))
        if at is None:
            self.wrong_time = "Choose a date and a time."
            return
        if at <= clock.utc_now():
            self.wrong_time = "That time is over already."
            return
        self.wrong_time, self._chosen, self._own = "", at, True
        self._show_times()
        self.said = f"Chosen: {self.chosen}"

    @rx.event
    @requires("user")
    async def send(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Move the session to the chosen time, or propose it; what was typed and chosen stays when
        that fails."""
        seen, at = self._seen, self._chosen
        reason = str(form.get("reason", "")).strip()
        self.wrong_reason = self.problem = ""
        if seen is None or self.busy:
            return
        if at is None:
            self.problem = "Choose a time first."
            return
        if self.asks_reason and not LEAST_REASON <= len(reason) <= MOST_REASON:
            self.wrong_reason = f"Say why, in {LEAST_REASON} to {MOST_REASON} characters."
            return
        self.busy = True
        yield
        try:
            await run(
                booking.propose if self.proposing else booking.reschedule,
                actor=await self._actor(),
                session=seen.session,
                sequence=self._expected(seen),
                starts_at=at,
                reason=reason[:MOST_REASON],
            )
        except OutOfDate:
            await self._look()
        except AppError as error:
            self.problem = error.message
            await self._look()
        else:
            when, self.face = slots.with_zone(at, self.time_zone), "done"
            self._chosen = None
            self.done = (
                f"{when} is proposed to {self.other}. The session stays where it is until then."
                if self.proposing
                else f"The session is now on {when}."
            )
        finally:
            self.busy = False

    def _expected(self, seen: MovingWeek) -> int:
        """The sequence that this page was opened for."""
        return seen.sequence if self._sequence is None else self._sequence

    async def _open(self, named: str) -> None:
        zone, actor = self.time_zone, await self._actor()
        self._monday = slots.week_of(named, zone)
        found = await self._read(actor)
        if not named and not found.slots and found.next_free is not None:
            self._monday = slots.monday(slots.local(found.next_free, zone).date())
        self._show(await live.watch(self, audience(actor, found, self._monday, zone)))
        if self._sequence is None:
            self._sequence = found.sequence  # from now on this page is about this one

    async def _read(self, actor: Actor) -> MovingWeek:
        if self._monday is None:
            raise RuntimeError("the page is not loaded")
        starts, ends = slots.span(self._monday, self.time_zone)
        return await read(
            picking.get_moving_week, actor=actor, session=self._session, starts=starts, ends=ends
        )

    async def _look(self) -> None:
        self._show(await self._read(await self._actor()))

    def _show(self, week: MovingWeek) -> None:
        self._seen, self.side = week, week.side.value
        zone = self.time_zone
        self.other = week.mentor_name if week.side is Side.MENTEE else week.mentee_name
        self.now_at = slots.with_zone(week.starts_at, zone)
        self.session_href = f"/sessions/{week.session}"
        here = f"{self.session_href}/move"
        self.again_href = f"{here}?sequence={week.sequence}"
        self.move_href = self.again_href
        self.propose_href = f"{self.again_href}&propose=1"
        self.face = "open"
        if not week.open:
            self.face, self.why = "over", _OVER.get(week.status, "It is over.")
        elif self._expected(week) != week.sequence:
            self.face = "changed"
        self._show_rules(week)
        self._show_week(here, zone, week.next_free, **self._asked(week))
        self._show_times()

    def _show_rules(self, week: MovingWeek) -> None:
        zone, by_mentee = self.time_zone, week.side is Side.MENTEE
        in_time = clock.utc_now() <= week.change_until
        self.may_move = in_time or not by_mentee
        if not self.may_move:
            self.proposing = True
        self.asks_reason = not by_mentee
        self.own_time = not by_mentee
        limit = slots.with_zone(week.change_until, zone)
        if not by_mentee:
            self.rule = (
                f"{week.mentee_name} is told at once, and the pack is good for at least another "
                "two weeks."
            )
        elif in_time:
            self.rule = f"You can move it yourself until {limit}."
        else:
            self.rule = (
                f"The time to move it yourself ended on {limit}. You can propose another time, "
                f"and {week.mentor_name} may accept it."
            )
        self.open_proposal = slots.with_zone(week.proposed, zone) if week.proposed else ""

    def _asked(self, week: MovingWeek) -> dict[str, str]:
        """What the addresses of the other weeks ask for."""
        asked = {"sequence": str(self._expected(week))}
        return asked | {"propose": "1"} if self.proposing else asked

    def _show_times(self) -> None:
        week, zone = self._seen, self.time_zone
        if week is None:
            return
        reader, at = self._reader(week), self._chosen
        self._show_day(week.slots, reader, [at] if at else [])
        self.chosen = self.chosen_theirs = self.label = ""
        if at is not None:
            ends = at + (week.ends_at - week.starts_at)
            self.chosen = slots.range_words(at, ends, zone)
            self.chosen_theirs = slots.theirs(at, reader)
            self.label = "Propose this time" if self.proposing else "Move the session"
            if not self._own and self._is_gone(week, at):
                self.problem = f"{self.chosen} is not free any more. Choose another time."

    def _is_gone(self, week: MovingWeek, at: datetime) -> bool:
        if self._monday is None:
            return False
        starts, ends = slots.span(self._monday, self.time_zone)
        return starts <= at < ends and at not in {slot.starts_at for slot in week.slots}

    def _reader(self, week: MovingWeek) -> Reader:
        if week.side is Side.MENTEE:
            return Reader(self.time_zone, week.mentor_zone, week.mentor_name)
        return Reader(self.time_zone, week.mentee_zone, week.mentee_name)


def _number(text: str) -> int | None:
    """The sequence in a link; -1, which no session has, for what is no number."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
