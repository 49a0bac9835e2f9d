"""The editor of a mentor's availability: mentors edit their own, admins anybody's; what may be
edited is decided by the services, for each action anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from services import accounts, availability, catalogue, clock
from services.availability import RulesInput, RulesView
from services.errors import InvalidInput
from state import hours, hours_words
from state.base import AppState, read, run
from state.guard import requires
from state.hours import DateRow, DayRow, Keys, PreviewDay
from state.hours_words import Answer, CollisionRow, TimeOffRow
from state.phase import Loads, loading
from state.shown import count, plain

PREVIEW_DAYS = 7
_NUMBERS = ("session_minutes", "buffer_minutes", "notice_hours", "horizon_days")


class MentorAvailabilityState(Loads, AppState):
    """The rules as they are being edited. Nothing of them is stored before `save`; time off is
    stored at once. `version` makes the fields new when what is stored has changed."""

    slug: str = ""
    name: str = ""
    version: int = 0
    off_sale: str = ""
    week: list[DayRow] = []
    dates: list[DateRow] = []
    zone: str = ""
    session_minutes: str = ""
    buffer_minutes: str = ""
    notice_hours: str = ""
    horizon_days: str = ""
    link: str = ""
    step_words: str = ""
    time_off: list[TimeOffRow] = []
    date_key: int = 0
    off_key: int = 0

    dirty: bool = False
    saving: bool = False
    saved: str = ""
    refused: str = ""
    wrong_field: str = ""
    wrong_text: str = ""

    preview: list[PreviewDay] = []
    preview_total: str = ""
    preview_zone: str = ""
    preview_problem: str = ""
    is_first_week: bool = True
    collisions: list[CollisionRow] = []
    answer: Answer = Answer()

    _keys: int = 0
    _week_number: int = 0
    _overrides: hours.RulesDates = ()
    _stored: RulesInput | None = None

    @rx.event
    @requires("mentor")
    async def load_own(self) -> None:
        """Open the signed-in mentor's own hours."""
        with loading(self):
            await self._open(await read(catalogue.get_own_slug, actor=await self._actor()))

    @rx.event
    @requires("admin")
    async def load_any(self) -> AsyncGenerator[None, None]:
        """Open the hours of the mentor named in the address."""
        slug = plain(self.router.url.path.rstrip("/").split("/")[-2], 80)
        if slug != self.slug:
            self.phase = "loading"
            yield
        with loading(self):
            await self._open(slug)

    async def _open(self, slug: str) -> None:
        """Come to the page, or back to it, as after a lost connection: what is typed stays."""
        view = await self._read(slug)
        self.saving = False
        if slug == self.slug and (self.dirty or view.rules == self._stored):
            self._show_around(view)
        else:
            self._week_number, self.preview_zone = 0, view.rules.time_zone
            self.saved, self.answer = "", Answer()
            self._show(view)
        await self._look()

    async def _read(self, slug: str) -> RulesView:
        return await read(availability.get_rules, actor=await self._actor(), mentor=slug)

    def _show(self, view: RulesView) -> None:
        rules, keys = view.rules, Keys(self._keys)
        self.week = hours.week_rows(rules.weekly, keys)
        self._keys = keys.last
        self.zone, self.link = rules.time_zone, rules.meeting_link
        self.session_minutes = str(rules.session_minutes)
        self.buffer_minutes, self.horizon_days = str(rules.buffer_minutes), str(rules.horizon_days)
        self.notice_hours = hours.hours_of(rules.notice_minutes)
        self._stored, self.dirty = rules, False
        self._set_dates(rules.overrides)
        self._show_around(view)
        self.version += 1
        self._right()

    def _show_around(self, view: RulesView) -> None:
        """What stands around the fields, and is no draft."""
        self.slug, self.name, self.off_sale = view.slug, view.name, view.off_sale
        self.step_words = count(view.step_minutes, "minute")
        self.time_off = [
            hours_words.time_off_row(one, view.rules.time_zone) for one in view.time_off
        ]

    @rx.event
    @requires("user")
    async def discard(self) -> None:
        """Go back to what is stored."""
        self._show(await self._read(self.slug))
        await self._look()

    def _set_dates(self, overrides: hours.RulesDates) -> None:
        self._overrides = overrides
        self.dates = [hours.date_row(one) for one in overrides]

    def _right(self) -> None:
        self.wrong_field = self.wrong_text = self.refused = ""

    def _wrong(self, error: InvalidInput) -> None:
        self.wrong_field, self.wrong_text = error.field, error.message

    # What is edited, and looked at before it is saved

    @rx.event
    @requires("user")
    async def set_time(self, weekday: int, key: int, edge: str, value: str) -> None:
        """Something was typed into a field of a day."""
        typed = plain(str(value), 8)
        starts, ends = (typed, None) if edge == "starts" else (None, typed)
        await self._change(
            {weekday}, lambda day, _keys: hours.with_time(day, key, starts=starts, ends=ends)
        )

    @rx.event
    @requires("user")
    async def add_window(self, weekday: int) -> None:
        """More hours on a weekday."""
        await self._change({weekday}, hours.with_window)

    @rx.event
    @requires("user")
    async def remove_window(self, weekday: int, key: int) -> None:
        """Fewer hours on a weekday."""
        await self._change({weekday}, lambda day, _keys: hours.without_window(day, key))

    @rx.event
    @requires("user")
    async def copy_day(self, weekday: int, to: list[int]) -> None:
        """Let other weekdays have the same hours."""
        source = next((day for day in self.week if day.weekday == weekday), None)
        if source is not None:
            others = {number for number in to if number != weekday}
            await self._change(others, lambda day, keys: hours.with_hours_of(day, source, keys))

    async def _change(self, weekdays: Container[int], change: hours.Change) -> None:
        keys = Keys(self._keys)
        self.week = [change(day, keys) if day.weekday in weekdays else day for day in self.week]
        self._keys = keys.last
        await self._changed()

    @rx.event
    @requires("user")
    async def set_rule(self, name: str, value: str) -> None:
        """One of the numbers, the zone or the link was changed."""
        typed = plain(str(value), 500)
        if name == "time_zone":
            follows = self.preview_zone == self.zone and accounts.is_zone(typed)
            self.preview_zone, self.zone = typed if follows else self.preview_zone, typed
        elif name in {*_NUMBERS, "link"}:
            setattr(self, name, typed)
        else:
            return
        await self._changed()

    @rx.event
    @requires("user")
    async def add_date(self, form: dict[str, Any]) -> None:
        """A date that differs: closed, or with hours of its own."""
        self._right()
        try:
            day, typed = hours.date_of(form)
        except InvalidInput as error:
            self._wrong(error)
            return
        self._set_dates(hours.with_date(self._overrides, day, typed))
        self.date_key += 1
        await self._changed()

    @rx.event
    @requires("user")
    async def remove_date(self, day: str) -> None:
        """The date is like its weekday again."""
        self._set_dates(tuple(one for one in self._overrides if one.day.isoformat() != day))
        await self._changed()

    async def _changed(self) -> None:
        self.dirty, self.saved = True, ""
        self._right()
        await self._look()

    def _draft(self) -> RulesInput:
        typed = {name: str(getattr(self, name)) for name in _NUMBERS}
        return hours.rules_of(self.week, typed, self.zone, self.link, self._overrides)

    @rx.event
    @requires("user")
    async def see_from(self, zone: str) -> None:
        """Look at the slots as somebody in another zone sees them."""
        self.preview_zone = zone if accounts.is_zone(zone) else self.zone
        await self._look()

    @rx.event
    @requires("user")
    async def turn_week(self, weeks: int) -> None:
        """Look at another week, never at one that is over."""
        self._week_number = max(0, min(52, self._week_number + int(weeks)))
        await self._look()

    async def _look(self) -> None:
        """The slots, and the sessions that do not fit, of what is in the fields now."""
        actor = await self._actor()
        try:
            draft = self._draft()
            zone = self.preview_zone
            today = clock.utc_now().astimezone(ZoneInfo(zone)).date()
            first = today + timedelta(days=PREVIEW_DAYS * self._week_number)
            slots = await read(
                availability.preview,
                actor=actor,
                mentor=self.slug,
                rules=draft,
                first_day=first - timedelta(days=2),
                days=PREVIEW_DAYS + 4,  # the dates of two zones differ by two at most
            )
            found = await read(availability.collisions, actor=actor, mentor=self.slug, rules=draft)
        except InvalidInput as error:
            self.preview_problem = error.message
            return
        days = [first + timedelta(days=number) for number in range(PREVIEW_DAYS)]
        self.preview = hours.preview_days(slots, days, zone)
        self.preview_problem, self.is_first_week = "", self._week_number == 0
        self.preview_total = count(sum(len(day.times) for day in self.preview), "slot")
        self.collisions = [hours_words.collision_row(one, draft.time_zone) for one in found]

    @rx.event
    @requires("user")
    async def save(self) -> AsyncGenerator[None, None]:
        """Store the rules; after a refusal everything typed stays as it is."""
        self.saving, self.saved = True, ""
        self._right()
        yield
        try:
            await self._save()
        except InvalidInput as error:
            self._wrong(error)
            self.refused = error.message
        finally:
            self.saving = False

    async def _save(self) -> None:
        draft = self._draft()
        stored = await self._read(self.slug)
        if stored.rules != self._stored:
            self._stored = stored.rules
            raise InvalidInput(
                "save", "Somebody else has changed these hours. Save again to replace theirs."
            )
        await run(availability.save_rules, actor=await self._actor(), mentor=self.slug, rules=draft)
        self._show(await self._read(self.slug))
        await self._look()
        self.saved = "Saved."

    # What is stored at once

    @rx.event
    @requires("user")
    async def add_time_off(self, form: dict[str, Any]) -> None:
        """Time off: whole days, or from one time to another when both times are given."""
        self._right()
        try:
            await run(
                availability.add_time_off,
                actor=await self._actor(),
                mentor=self.slug,
                note=str(form.get("note", ""))[:400],
                **hours_words.times_off(form, self._zone_stored()),
            )
        except InvalidInput as error:
            field = {"starts_at": "first_day", "ends_at": "last_day"}.get(error.field, error.field)
            self.wrong_field, self.wrong_text = field, error.message
            return
        self.off_key += 1
        await self._after_time_off()

    @rx.event
    @requires("user")
    async def remove_time_off(self, entry: str) -> None:
        """Be there after all."""
        actor = await self._actor()
        await run(availability.remove_time_off, actor=actor, mentor=self.slug, time_off=entry)
        await self._after_time_off()

    async def _after_time_off(self) -> None:
        self._show_around(await self._read(self.slug))
        await self._look()

    def _zone_stored(self) -> str:
        return self._stored.time_zone if self._stored else self.zone

    @rx.event
    @requires("user")
    async def ask_why(self, form: dict[str, Any]) -> None:
        """Why a time is offered or not, by what is stored."""
        self._right()
        zone = self._zone_stored()
        try:
            asked = hours_words.asked_time(form, zone)
        except InvalidInput as error:
            self._wrong(error)
            return
        found = await read(
            availability.why_offered,
            actor=await self._actor(),
            mentor=self.slug,
            starts_at=asked,
        )
        self.answer = hours_words.answer(found, zone)
