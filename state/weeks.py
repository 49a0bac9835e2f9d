"""The week of a page on which a time is chosen, and the day of it whose times are shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import reflex as rx

from services.slots import Slot
from state import slots
from state.slots import DayFace, PartFace, Reader


class ShowsWeek(rx.State, mixin=True):
    """Mix into a page's state: `class BookState(ShowsWeek, Loads, AppState)`. `_monday` is the
    week's, None before the page is loaded."""

    week_title: str = ""
    earlier: str = ""
    later: str = ""
    next_free: str = ""
    next_href: str = ""
    days: list[DayFace] = []
    day: str = ""
    day_title: str = ""
    parts: list[PartFace] = []
    other_zone: str = ""
    _monday: date | None = None

    def _show_week(self, here: str, zone: str, next_free: datetime | None, **asked: str) -> None:
        """Which week it is, and the ways to others; `here` and `asked` are the page's address."""
        if self._monday is None:
            return
        self.week_title = slots.title_of(self._monday)
        self.earlier, self.later = slots.around(here, self._monday, zone, **asked)
        self.next_free = self.next_href = ""
        if next_free is not None:
            self.next_free = slots.with_zone(next_free, zone)
            first = slots.monday(slots.local(next_free, zone).date())
            self.next_href = slots.at_week(here, first, **asked)

    def _show_day(
        self, offered: Sequence[Slot], reader: Reader, chosen: Collection[datetime]
    ) -> None:
        """The days of the week, and the times of one of them."""
        if self._monday is None:
            return
        self.days = slots.days_of(self._monday, offered, reader.zone, chosen)
        self.day = slots.day_to_show(self.day, offered, reader.zone)
        self.day_title = slots.day_words(date.fromisoformat(self.day)) if self.day else ""
        self.parts = slots.parts_of(self.day, offered, reader, chosen)
        self.other_zone = slots.zone_beside(self.parts, reader)
