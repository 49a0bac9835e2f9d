"""One recording, for admins: its story, its files, who may keep or delete it, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as day
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from services import costs, topics
from services.audit import Actor
from services.config import settings
from services.costs import SessionCost
from services.errors import InvalidInput
from services.models import Access
from services.recordings import purging, retention, transferring
from services.recordings.one import get_recording
from services.recordings.views import AccessView, ConsentView, RecordingView
from services.storage import moving
from state import live
from state.admin_recordings import AdminRecording, line
from state.base import AppState, run
from state.guard import requires
from state.job_rows import Steps
from state.phase import Loads, loading
from state.recording_files import (
    FileLine,
    Proof,
    PurgedLine,
    file_lines,
    may_retry,
    proof_of,
    purged_lines,
)
from state.recording_words import ANSWERS, action_words, length, weight
from state.shown import NEVER, Moment, count, moment, plain

_EXTRA = timedelta(days=30)
"""How much longer is offered."""
_HOW = {Access.WATCHED: "watched", Access.DOWNLOADED: "downloaded"}
QUESTIONS = frozenset({"extend", "hold", "release", "purge", "move"})


@dataclass(frozen=True)
class FactLine:
    """One thing to know."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class StoryLine:
    """Something that happened to the recording; `who` is "" for the studio itself."""

    what: str = ""
    who: str = ""
    reason: str = ""
    at: Moment = NEVER


@dataclass(frozen=True)
class AccessLine:
    """Somebody was given a link to a file."""

    who: str = ""
    side: str = ""
    how: str = ""
    at: Moment = NEVER


@dataclass(frozen=True)
class ConsentLine:
    """One person's answer about being recorded."""

    who: str = ""
    side: str = ""
    answer: str = ""
    tone: str = "quiet"
    version: str = ""
    at: Moment = NEVER


@dataclass(frozen=True)
class CostFacts:
    """What the session's recordings cost up to now."""

    recording: str = ""
    storage: str = ""
    sent: str = ""
    total: str = ""
    measured: str = ""
    unpriced: bool = False


@dataclass(frozen=True)
class RecordingSeen:
    """What the page shows."""

    view: RecordingView
    cost: SessionCost


def _seen(db: Session, *, actor: Actor, recording: str) -> RecordingSeen:
    view = get_recording(db, actor=actor, recording=recording)
    return RecordingSeen(view, costs.get_session_cost(db, actor=actor, session=view.row.session))


def audience(actor: Actor, recording: str) -> live.Audience[RecordingSeen]:
    """The admins who look at the same recording."""
    seen = partial(_seen, actor=actor, recording=recording)
    watched = frozenset({topics.RECORDINGS, topics.COSTS})
    return live.Audience(("admin_recording", recording), watched, seen, live.REPORT_PAUSE)


class AdminRecordingState(Loads, AppState):
    """`asking` is the question that is open: extend, hold, release, purge or move."""

    head: AdminRecording = AdminRecording()
    session_href: str = ""
    watch_href: str = ""
    facts: list[FactLine] = []
    kept: Moment = NEVER
    held: Moment = NEVER
    hold_reason: str = ""
    wish: str = ""
    next_look: Moment = NEVER
    files: list[FileLine] = []
    files_shown: str = ""
    story: list[StoryLine] = []
    accesses: list[AccessLine] = []
    accessed: str = ""
    consents: list[ConsentLine] = []
    proof: Proof = Proof()
    purged: list[PurgedLine] = []
    cost: CostFacts = CostFacts()
    may_extend: bool = False
    may_hold: bool = False
    may_release: bool = False
    may_purge: bool = False
    may_retry: bool = False
    may_move: bool = False
    stores: list[str] = []
    until: str = ""
    until_zone: str = ""
    asking: str = ""
    busy: bool = False
    wrong_field: str = ""
    wrong: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the recording that the address names."""
        self.busy, self.asking, self.wrong = False, "", ""
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask(self, question: str) -> None:
        """Open one of the questions; an empty one closes it."""
        self.asking = question if question in QUESTIONS else ""
        self.wrong_field = self.wrong = ""

    @rx.event
    @requires("admin")
    async def answer(self, form: dict[str, Any]) -> Steps:
        """Whatever the open question asks: a reason, a day, a store."""
        reason = str(form.get("reason", ""))[:1_000]
        match self.asking:
            case "extend":
                until = _day(form.get("until"))
                work = partial(retention.extend, until=until, reason=reason) if until else None
                told = "It is kept for longer. Both people are told."
            case "hold":
                work = partial(retention.hold, reason=reason)
                told = "It is held: nothing deletes it. Both people are told."
            case "release":
                work = partial(retention.release, reason=reason)
                told = "The hold is lifted. Both people are told."
            case "purge":
                work = partial(purging.purge_now, reason=reason)
                told = "It is being deleted now. The proof appears here."
            case "move":
                work = partial(_move, to=plain(str(form.get("to", "")), 40))
                told = "Its files are on their way. It can be watched meanwhile."
            case _:
                return
        if work is None:
            self.wrong_field, self.wrong = "until", "Choose a day."
            return
        async for step in self._do(told, work):
            yield step

    @rx.event
    @requires("admin")
    async def try_again(self) -> Steps:
        """Bring the files once more, now."""
        async for step in self._do("Tried again, from now on.", transferring.try_again):
            yield step

    async def _do(self, told: str, work: Callable[..., object]) -> Steps:
        """Do one thing to the recording, and show what has become of it; after a refusal everything
        typed stays as it is."""
        self.busy, self.wrong_field, self.wrong = True, "", ""
        yield
        try:
            await run(work, actor=await self._actor(), recording=self.head.public_id)
        except InvalidInput as error:
            self.wrong_field, self.wrong = error.field, error.message
            return
        finally:
            self.busy = False
        await self.load()
        self._tell(told, "good")

    def _show(self, seen: RecordingSeen) -> None:
        view, zone = seen.view, self.time_zone
        row = view.row
        self.head = line(row, zone, seen.cost)
        self.session_href = f"/sessions/{row.session}"
        self.watch_href = f"/recordings/{row.public_id}" if row.watchable else ""
        self.kept = moment(row.keep_until, zone) if row.purged_at is None else NEVER
        self.held = moment(view.held_at, zone) if row.held else NEVER
        self.hold_reason = view.hold_reason if row.held else ""
        self.wish = view.purge_reason if row.purging else ""
        waits = row.tries > 0 and row.purged_at is None
        self.next_look = moment(view.look_at, zone) if waits else NEVER
        self.facts = _facts(view)
        self.files = file_lines(view.files, moving=self.head.progress != "", zone=zone)
        self.files_shown = f"{len(view.files)} of {count(row.files, 'file')}"
        self._show_people(view)
        self.proof, self.purged = proof_of(view.certificate, zone), purged_lines(view.certificate)
        self.cost = _cost(seen.cost)
        self._allow(view)

    def _show_people(self, view: RecordingView) -> None:
        zone = self.time_zone
        self.story = [
            StoryLine(action_words(one.action), one.by_name, one.reason, moment(one.at, zone))
            for one in reversed(view.history)
        ]
        self.accesses = [_access(one, zone) for one in view.accesses]
        more = view.accessed - len(view.accesses)
        self.accessed = f"And {more} earlier." if more > 0 else ""
        self.consents = [_consent(one, zone) for one in view.consents]

    def _allow(self, view: RecordingView) -> None:
        """Which buttons there are; the services decide again when one is pressed."""
        row = view.row
        there = row.purged_at is None
        self.may_extend = there and not row.purging and row.keep_until is not None
        self.may_hold, self.may_release = there and not row.held, there and row.held
        self.may_purge = there and not row.held and not row.purging
        self.may_retry = may_retry(view)
        here = set(row.stores)
        self.stores = [name for name in settings().stores if here != {name}]
        self.may_move = row.watchable and row.copied >= row.bytes > 0 and bool(self.stores)
        if row.keep_until is not None:
            zone = settings().studio_timezone
            later = (row.keep_until + _EXTRA).astimezone(ZoneInfo(zone))
            self.until, self.until_zone = later.date().isoformat(), zone


def _move(*, actor: Actor, recording: str, to: str) -> None:
    moving.move(actor=actor, to=to, recordings=[recording])


def _day(value: object) -> day | None:
    try:
        return day.fromisoformat(plain(str(value or ""), 10))
    except ValueError:
        return None


def _facts(view: RecordingView) -> list[FactLine]:
    """What there is to know beyond the status; what is not there is left out."""
    row = view.row
    found = {
        "Recorded": length(row.seconds),
        "Files": f"{count(row.files, 'file')}, {weight(row.bytes)}" if row.files else "",
        "Where": " and ".join(row.stores),
        "Why it ended": view.stop_reason,
        "Why it is kept for longer": view.extend_reason,
        "Recorder writes to": view.source,
        "At the video service": view.sid,
    }
    return [FactLine(name, value) for name, value in found.items() if value]


def _access(one: AccessView, zone: str) -> AccessLine:
    part = f", part {one.part}" if one.part > 1 else ""
    return AccessLine(one.name, one.side.value, f"{_HOW[one.how]}{part}", moment(one.at, zone))


def _consent(one: ConsentView, zone: str) -> ConsentLine:
    words, tone = ANSWERS[one.answer]
    return ConsentLine(
        one.name, one.side.value, words, tone, one.text_version, moment(one.answered_at, zone)
    )


def _cost(found: SessionCost) -> CostFacts:
    parts = found.cost
    return CostFacts(
        recording=costs.shown(parts.recording),
        storage=costs.shown(parts.storage),
        sent=costs.shown(parts.download + parts.cdn),
        total=costs.shown(parts.total),
        measured=f"{length(found.seconds) or 'nothing'} recorded, "
        f"{weight(found.stored_bytes)} stored now, {weight(found.sent_bytes)} sent",
        unpriced=found.unpriced,
    )
