"""Booking: the times of a week with one mentor, those that are chosen and held, and the booking.

A time that is chosen is held at once. What is chosen stays here whatever fails, and comes back from
the holds when the page is loaded anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from typing import Any

import reflex as rx

from services import accounts, booking, catalogue, photos, picking, topics, urls
from services.audit import Actor
from services.booking import ChoiceView
from services.errors import AppError, InvalidInput, SlotNotOffered, SlotTaken
from services.ids import MentorId
from services.picking import PickerWeek
from state import live, slots
from state.base import AppState, read, run, write
from state.guard import forget_presences, requires
from state.phase import Loads, loading
from state.picks import (
    WAYS,
    PickFace,
    book_label,
    booked_words,
    pack_words,
    pick_faces,
    way_on,
    weeks_on,
)
from state.shown import count, initials, plain, until
from state.slots import Reader
from state.weeks import ShowsWeek


def audience(
    actor: Actor, slug: str, mentor: MentorId, week: date, zone: str
) -> live.Audience[PickerWeek]:
    """The open pickers of one person in one week with one mentor."""
    starts, ends = slots.span(week, zone)
    own = set[str]() if actor.user_id is None else {topics.mentee(actor.user_id)}
    watched = frozenset({topics.mentor_sessions(mentor), topics.availability(mentor)} | own)
    reading = partial(picking.get_week, actor=actor, mentor=slug, starts=starts, ends=ends)
    return live.Audience(("book", slug, actor, week, zone), watched, reading)


class BookState(ShowsWeek, Loads, AppState):
    """The week shown and the times chosen. `busy` is what was pressed and is at work: a time, or
    "again", "weekly" or "book"."""

    mentor: str = ""
    initials: str = ""
    photo: str = ""
    mentor_href: str = ""
    length: str = ""
    obstacle: str = ""
    why_not: str = ""
    way: str = ""
    way_href: str = ""
    packs: list[str] = []
    most: int = 0
    wrong_zone: str = ""

    picks: list[PickFace] = []
    chosen: str = ""
    held: str = ""
    lost: bool = False
    can_fill: bool = False
    label: str = ""
    said: str = ""
    problem: str = ""
    busy: str = ""
    booked: list[str] = []
    booked_href: str = ""
    booked_label: str = ""
    _slug: str = ""
    _mentor: MentorId | None = None
    _seen: PickerWeek | None = None
    _picks: list[datetime] = []
    _gone: list[datetime] = []

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[None, None]:
        """Show the mentor and the week named in the address; without one, the first that has
        times; or still what was booked."""
        if self._returns and self.booked:
            return
        slug = plain(str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1], 80)
        if slug != self._slug:
            self.phase, self._slug, self._picks, self._gone = "loading", slug, [], []
            yield
        self.booked, self.problem, self.said, self.wrong_zone = [], "", "", ""
        self.busy = ""
        with loading(self):
            self._mentor = await read(catalogue.find_mentor_id, slug)
            await self._open(str(self.router.url.query_parameters.get("week", "")))

    @rx.event
    @requires("user")
    async def refresh(self) -> AsyncGenerator[None, None]:
        """Show what is free and what is held now."""
        week = await live.news(self)
        if week is live.ANEW:
            async for _ in self.load():
                yield
        elif week is not None:
            with loading(self):
                await self._take(week)

    @rx.event
    @requires("user")
    async def book_more(self) -> AsyncGenerator[None, None]:
        """Choose other times, after what was booked."""
        self.booked = []
        async for _ in self.load():
            yield

    @rx.event
    @requires("user")
    async def look_again(self) -> None:
        """Look whether what was chosen is still held: a hold ends while nobody does anything."""
        if self._picks:
            await self._look()

    @rx.event
    @requires("user")
    async def choose_day(self, day: str) -> None:
        """Show the times of another day of the week."""
        self.day = str(day)[:10]
        self._show_times()

    @rx.event
    @requires("user")
    async def choose_zone(self, form: dict[str, Any]) -> None:
        """Take over another time zone, here and everywhere."""
        zone, presence = str(form.get("time_zone", "")).strip(), await self._presence()
        try:
            await write(
                accounts.update_profile, actor=presence.actor, name=presence.name, time_zone=zone
            )
        except InvalidInput as error:
            self.wrong_zone = error.message
            return
        forget_presences()
        self.wrong_zone, self.time_zone = "", zone
        with loading(self):
            await self._open(self._monday.isoformat() if self._monday else "")
        self.said = f"Times are now shown in {zone}."

    @rx.event
    @requires("user")
    async def toggle(self, slot: str) -> AsyncGenerator[None, None]:
        """Choose a time, or leave it again. With one session to book, another one replaces it."""
        at = slots.instant_of(str(slot))
        if at is not None:
            with self._pressed(at.isoformat()):
                yield
                await self._toggle(at)

    async def _toggle(self, at: datetime) -> None:
        if at in self._picks:
            if await self._choose([one for one in self._picks if one != at]):
                self.said = f"Not chosen any more: {self._when(at)}. {self.chosen}"
            return
        kept = self._bookable() if self.most > 1 else []
        if len(kept) >= self.most:
            self.problem = f"{self.chosen} Take one away before you choose another."
        elif await self._choose([*kept, at], at):
            self.said = f"Chosen: {self._when(at)}. {self.chosen} {self.held}"

    @rx.event
    @requires("user")
    async def hold_again(self) -> AsyncGenerator[None, None]:
        """Hold the chosen times for some more minutes; what is gone is left out."""
        with self._pressed("again"):
            yield
            if await self._choose(self._bookable()):
                self.said = self.held

    @rx.event
    @requires("user")
    async def fill_weekly(self) -> AsyncGenerator[None, None]:
        """Choose the same time in the weeks after the last chosen one, until there are enough."""
        with self._pressed("weekly"):
            yield
            await self._fill()

    async def _fill(self) -> None:
        picks = self._bookable()
        if not picks or len(picks) >= self.most:
            return
        last, actor = max(picks), await self._actor()
        later = weeks_on(last, self.time_zone)
        free = await read(picking.list_free, actor=actor, mentor=self._slug, starts=later)
        found = [one for one in later if one in free][: self.most - len(picks)]
        if not found:
            at = slots.local(last, self.time_zone)
            self.problem = f"No later {at:%A} has {at:%H:%M} free. Choose the other times by day."
        elif await self._choose([*picks, *found]):
            passed = sum(one < found[-1] and one not in free for one in later)
            skipped = f" {count(passed, 'week')} without it passed over." if passed else ""
            self.said = f"{count(len(found), 'time')} added.{skipped} {self.chosen} {self.held}"

    @rx.event
    @requires("user")
    async def book(self) -> AsyncGenerator[None, None]:
        """Book all chosen times or none. After a failure the choice stays, with what is gone."""
        picks = sorted(self._bookable())
        if not picks or self.busy == "book":
            return
        self.busy, self.problem = "book", ""
        yield
        actor = await self._actor()
        try:
            made = await run(booking.book, actor=actor, mentor=self._slug, starts=picks)
        except AppError as error:
            self.problem = self._problem(error)
        else:
            minutes = self._seen.choice.session_minutes if self._seen else 0
            self.booked = booked_words(picks, self.time_zone, minutes)
            self.booked_href, self.booked_label = way_on(made)
            self._picks, self._gone = [], []
        finally:
            self.busy = ""
        await self._look()

    @contextmanager
    def _pressed(self, what: str) -> Iterator[None]:
        self.busy = what
        try:
            yield
        finally:
            self.busy = ""

    async def _open(self, named: str) -> None:
        """Look at a week from now on."""
        self._monday = slots.week_of(named, self.time_zone)
        found = await live.watch(self, await self._audience())
        if not named and not found.slots and found.next_free is not None:
            self._monday = slots.monday(slots.local(found.next_free, self.time_zone).date())
            found = await live.watch(self, await self._audience())
        if not self._picks:
            self._picks = sorted(found.choice.held)
        await self._take(found)

    async def _audience(self) -> live.Audience[PickerWeek]:
        if self._mentor is None or self._monday is None:
            raise RuntimeError("the page is not loaded")
        actor = await self._actor()
        return audience(actor, self._slug, self._mentor, self._monday, self.time_zone)

    async def _look(self) -> None:
        """Read the same week again, after something was done."""
        await self._take(await read((await self._audience()).read))

    async def _choose(self, picks: Sequence[datetime], new: datetime | None = None) -> bool:
        """Hold these times instead of those before, without what is gone; False when that failed,
        and then the choice stays as it was."""
        self.problem, actor = "", await self._actor()
        wanted = sorted(one for one in picks if one not in self._gone)
        try:
            if wanted:
                await run(booking.hold, actor=actor, mentor=self._slug, starts=wanted)
            else:
                await run(booking.release_hold, actor=actor)
        except AppError as error:
            self.problem = self._problem(error, new)
        else:
            self._picks = sorted(picks)
        await self._look()
        return not self.problem

    def _bookable(self) -> list[datetime]:
        return [one for one in self._picks if one not in self._gone]

    async def _take(self, week: PickerWeek) -> None:
        """Show a reading, and find out which chosen times somebody else has now."""
        self._seen = week
        loose = [one for one in self._picks if one not in week.choice.held]
        free = frozenset[datetime]()
        if loose:
            actor = await self._actor()
            free = await read(picking.list_free, actor=actor, mentor=self._slug, starts=loose)
        self._gone = [one for one in loose if one not in free]
        self._show_choice(week.choice)
        self._show_week(f"/book/{self._slug}", self.time_zone, week.next_free)
        self._show_times()
        self._show_picks(week.choice)

    def _show_choice(self, choice: ChoiceView) -> None:
        self.mentor, self.initials = choice.mentor_name, initials(choice.mentor_name)
        self.photo = photos.url(choice.photo_key, "small")
        self.mentor_href = urls.mentor(choice.mentor_slug)
        self.length = count(choice.session_minutes, "minute")
        self.obstacle, self.why_not = choice.obstacle.value, choice.why_not
        self.way, href = WAYS.get(choice.obstacle, ("", ""))
        self.way_href = href or self.mentor_href
        self.packs, self.most = pack_words(choice, self.time_zone), choice.available

    def _show_times(self) -> None:
        if self._seen is not None:
            self._show_day(self._seen.slots, self._reader(), self._picks)

    def _show_picks(self, choice: ChoiceView) -> None:
        reader, ready = self._reader(), self._bookable()
        self.picks = pick_faces(self._picks, self._gone, reader, choice.session_minutes)
        self.chosen = f"{len(ready)} of {self.most} chosen."
        self.lost = any(one not in choice.held for one in ready)
        self.held = ""
        if ready and not self.lost:
            self.held = f"Held for you until {until(choice.held_until, self.time_zone).text}."
        self.can_fill = 0 < len(ready) < self.most
        self.label = book_label(len(ready))

    def _reader(self) -> Reader:
        seen = self._seen
        theirs = seen.choice.mentor_zone if seen else self.time_zone
        return Reader(self.time_zone, theirs, seen.choice.mentor_name if seen else "")

    def _problem(self, error: AppError, about: datetime | None = None) -> str:
        """What went wrong, and with which of the times where that is known."""
        if isinstance(error, SlotTaken | SlotNotOffered):
            about = error.starts_at or about
        return f"{self._when(about)}: {error.message}" if about else error.message

    def _when(self, instant: datetime) -> str:
        at = slots.local(instant, self.time_zone)
        return f"{slots.day_words(at.date())}, {at:%H:%M}"
