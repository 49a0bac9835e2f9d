"""All recordings, for admins: how far each one is, what it needs, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import costs, topics
from services.audit import Actor
from services.costs import SessionCost
from services.models import RecordingStatus
from services.paging import Part
from services.recordings import reading
from services.recordings.views import RecordingRow
from state import live
from state.base import AppState
from state.guard import requires
from state.job_rows import total_of
from state.listing import Listing
from state.mentors import FilterChip
from state.phase import loading
from state.recording_words import STATUS, arrived, length, weight
from state.sessions import span
from state.shown import NEVER, Moment, date, plain

PATH = "/admin/recordings"
CHOICES = {
    reading.TROUBLE: "Needs help",
    reading.HELD: "Held",
    reading.PURGING: "To be deleted",
    **{status.value: words.capitalize() for status, (words, _) in STATUS.items()},
}
"""What the list can be narrowed to."""
_LONGEST_SLUG = 60


@dataclass(frozen=True)
class AdminRecording:
    """A recording as a row shows one. While its files are on their way, `copied` of `bytes` have
    arrived, in thousandths, and `progress` says it; `note` is what to know about it."""

    public_id: str = ""
    href: str = ""
    mentee: str = ""
    mentor: str = ""
    mentor_href: str = ""
    when: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    marks: list[str] = field(default_factory=list[str])
    note: str = ""
    is_bad: bool = False
    progress: str = ""
    copied: int = 0
    lasts: str = ""
    size: str = ""
    stores: str = ""
    keep: Moment = NEVER
    cost: str = ""


@dataclass(frozen=True)
class RecordingsSeen:
    """A part of the list, and what the sessions in it cost."""

    part: Part[RecordingRow]
    costs: Mapping[str, SessionCost]


def _seen(db: Session, *, actor: Actor, **asked: Any) -> RecordingsSeen:
    part = reading.list_all(db, actor=actor, **asked)
    sessions = {row.session for row in part.rows}
    return RecordingsSeen(part, costs.list_session_costs(db, actor=actor, sessions=sessions))


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[RecordingsSeen]:
    """The admins who look at the same part of the same list."""
    seen = partial(_seen, actor=actor, **asked)
    watched = frozenset({topics.RECORDINGS, topics.COSTS})
    return live.Audience(("admin_recordings", *asked.values()), watched, seen, live.REPORT_PAUSE)


class AdminRecordingsState(Listing, AppState):
    """One part of the list of recordings; `mentor` is the slug of the one whose sessions it is
    narrowed to, and `mentor_chip` takes that away."""

    rows: list[AdminRecording] = []
    mentor: str = ""
    mentor_chip: list[FilterChip] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        asked_for = self.router.url.query_parameters
        self.mentor = plain(asked_for.get("mentor", ""), _LONGEST_SLUG)
        before = self._begin(PATH, CHOICES, ("-began",))
        self.filtered = self.filtered or bool(self.mentor)
        with loading(self):
            asked = {"status": self.chosen, "mentor": self.mentor, **self._asked(before)}
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for a person or an id."""
        return self._searched(PATH, form)

    def _here(self, path: str, **changed: str) -> str:
        """This list's address with something else asked of it, the mentor kept."""
        return Listing._here(self, path, **({"mentor": self.mentor} | changed))

    def _show(self, seen: RecordingsSeen) -> None:
        part = seen.part
        self.rows = [
            replace(
                line(one, self.time_zone, seen.costs.get(one.session)),
                mentor_href=self._here(PATH, mentor=one.mentor_slug),
            )
            for one in part.rows
        ]
        self._end(PATH, part, "recording")
        self.total = total_of(part, "recording") or self.total
        names = {one.mentor_slug: one.mentor_name for one in part.rows}
        whose = names.get(self.mentor, self.mentor)
        self.mentor_chip = (
            [FilterChip(f"Sessions of {whose}", self._here(PATH, mentor=""), True)]
            if self.mentor
            else []
        )


def line(one: RecordingRow, zone: str, cost: SessionCost | None = None) -> AdminRecording:
    """A recording in words."""
    words, tone = STATUS[one.status]
    when = span(one.starts_at, one.ends_at, zone)
    moving = is_moving(one)
    on_its_way = moving or one.status is RecordingStatus.TRANSFERRING
    return AdminRecording(
        public_id=one.public_id,
        href=f"{PATH}/{one.public_id}",
        mentee=one.mentee_name,
        mentor=one.mentor_name,
        when=replace(when, text=when.text.partition(" to ")[0]),
        status=words,
        tone=tone,
        marks=_marks(one, moving),
        note=one.trouble,
        is_bad=one.status is RecordingStatus.FAILED,
        progress=arrived(one.copied, one.bytes) if on_its_way and one.bytes else "",
        copied=one.copied * 1_000 // one.bytes if one.bytes else 0,
        lasts=length(one.seconds),
        size=weight(one.bytes) if one.bytes else "",
        stores=" and ".join(one.stores),
        keep=date(one.keep_until, zone) if one.purged_at is None else NEVER,
        cost=costs.shown(cost.cost.total) if cost else "",
    )


def is_moving(one: RecordingRow) -> bool:
    """Whether its files are on their way from one store to another."""
    return one.status is RecordingStatus.READY and one.copied < one.bytes


def _marks(one: RecordingRow, moving: bool) -> list[str]:
    """What stands beside the status."""
    found = {
        "held": one.held,
        "to be deleted": one.purging,
        "being moved": moving,
        "extended": one.extended and one.purged_at is None,
        f"no. {one.number} of its session": one.number > 1,
    }
    return [words for words, is_so in found.items() if is_so]
