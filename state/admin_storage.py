"""The stores of recordings, for admins: what lies in them, bringing it elsewhere, and what fits
nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import reflex as rx
from sqlmodel import Session

from services import topics
from services.audit import Actor
from services.config import settings
from services.costs.presets import KINDS
from services.errors import InvalidInput
from services.models import OrphanKind
from services.paging import Part
from services.storage import moving, orphans, overview
from services.storage.orphans import OrphanView
from services.storage.overview import StoreView
from state import live, stores
from state.base import AppState
from state.guard import requires
from state.job_rows import Steps, lately
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.recording_words import arrived, weight
from state.shown import NEVER, Moment, count, date, plain

PATH = "/admin/storage"
SETTLED = "settled"
WAYS = ("delete", "adopt", "note")
LONGEST_SECONDS = 8
_LONGEST_ID = 60
_WHAT: dict[OrphanKind, tuple[str, str]] = {
    OrphanKind.FILE_WITHOUT_ROW: ("no recording knows it", "warning"),
    OrphanKind.ROW_WITHOUT_FILE: ("it is missing in its store", "bad"),
}


@dataclass(frozen=True)
class StoreLine:
    """A store; `answer` is what it said when it was asked, in words, with its tone. `needed` is
    until when its settings must stay, where nothing new comes there."""

    name: str = ""
    kind: str = ""
    place: str = ""
    role: str = ""
    files: str = ""
    size: str = ""
    oldest: Moment = NEVER
    progress: str = ""
    copied: int = 0
    filled: bool = False
    answer: str = ""
    tone: str = "quiet"
    trouble: str = ""
    needed: Moment = NEVER


@dataclass(frozen=True)
class OrphanLine:
    """A file that no row knows, or a row whose file is not there."""

    public_id: str = ""
    what: str = ""
    tone: str = "quiet"
    store: str = ""
    key: str = ""
    size: str = ""
    recording_href: str = ""
    found: Moment = NEVER
    settled: Moment = NEVER
    how: str = ""
    deletable: bool = False
    adoptable: bool = False


@dataclass(frozen=True)
class StorageSeen:
    """What the page shows of the database; what the stores answer comes later."""

    stores: tuple[StoreView, ...]
    orphans: Part[OrphanView]


def _seen(db: Session, *, actor: Actor, settled: bool, before: str | None) -> StorageSeen:
    return StorageSeen(
        overview.list_stores(db, actor=actor),
        orphans.list_orphans(db, actor=actor, settled=settled, before=before),
    )


def audience(actor: Actor, settled: bool, before: str | None) -> live.Audience[StorageSeen]:
    """The admins who look at the same part of the same list."""
    seen = partial(_seen, actor=actor, settled=settled, before=before)
    watched = frozenset({topics.RECORDINGS})
    return live.Audience(("admin_storage", settled, before), watched, seen, live.REPORT_PAUSE)


class AdminStorageState(Loads, AppState):
    """`moving` is the store whose recordings are to be brought elsewhere, `asking` the orphan whose
    question `question` is open; one of them at most."""

    stores: list[StoreLine] = []
    names: list[str] = []
    orphans: list[OrphanLine] = []
    orphans_total: str = ""
    chips: list[FilterChip] = []
    settled: bool = False
    older_href: str = ""
    first_href: str = ""
    moving: str = ""
    asking: str = ""
    question: str = ""
    busy: bool = False
    wrong_field: str = ""
    wrong: str = ""
    _answers: dict[str, str] = {}

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        asked = self.router.url.query_parameters
        self.settled = asked.get("only", "") == SETTLED
        before = plain(asked.get("before", ""), _LONGEST_ID) or None
        self.first_href = self._here() if before else ""
        self.chips = [
            FilterChip("Open", PATH, not self.settled),
            FilterChip("Settled", address(PATH, only=SETTLED), self.settled),
        ]
        self._close()
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self.settled, before)))

    @rx.event
    @requires("admin")
    async def look(self) -> Steps:
        """Ask all stores at once whether they answer: what is there stands already."""
        self._answers = {}
        actor, known = await self._actor(), settings().stores
        names = [store.name for store in self.stores if store.name in known]
        for answer in asyncio.as_completed([_look(actor, name) for name in names]):
            name, words = await answer
            self._answers = self._answers | {name: words}
            self.stores = [self._answered(store) for store in self.stores]
            yield

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def ask_move(self, store: str) -> None:
        """Open the question where a store's recordings are to go; an empty one closes it."""
        self._close()
        self.moving = plain(store, 40)
        self.names = [name for name in settings().stores if name != self.moving]

    @rx.event
    @requires("admin")
    async def move(self, form: dict[str, Any]) -> Steps:
        """Have the worker bring all recordings of the store to another one."""
        to = plain(str(form.get("to", "")), 40)
        async for step in self._do(partial(moving.ask, store=self.moving, to=to), _moved):
            yield step

    @rx.event
    @requires("admin")
    async def ask(self, orphan: str, question: str) -> None:
        """Open one of the questions about an orphan; an empty one closes it."""
        self._close()
        self.asking = plain(orphan, _LONGEST_ID)
        self.question = question if question in WAYS else ""

    @rx.event
    @requires("admin")
    async def settle(self, form: dict[str, Any]) -> Steps:
        """Do with the orphan what the open question says."""
        if not self.question:
            return
        reason = str(form.get("reason", ""))[:1_000]
        work = partial(orphans.settle, orphan=self.asking, how=self.question, reason=reason)
        async for step in self._do(work, lambda _: "Settled."):
            yield step

    async def _do(self, work: Callable[..., Any], told: Callable[[Any], str]) -> Steps:
        """Do one thing, and show what has become of it; after a refusal everything typed stays."""
        self.busy, self.wrong_field, self.wrong = True, "", ""
        yield
        try:
            done = await stores.ask(work, actor=await self._actor())
        except InvalidInput as error:
            self.wrong_field, self.wrong = error.field, error.message
            return
        finally:
            self.busy = False
        await self.load()
        self._tell(told(done), "good")

    def _close(self) -> None:
        self.moving = self.asking = self.question = self.wrong_field = self.wrong = ""
        self.busy = False

    def _here(self, **more: str) -> str:
        return address(PATH, only=SETTLED if self.settled else "", **more)

    def _show(self, seen: StorageSeen) -> None:
        zone, part = self.time_zone, seen.orphans
        self.stores = [self._answered(_store(one, zone)) for one in seen.stores]
        self.orphans = [_orphan(one, zone) for one in part.rows]
        total = len(part.rows) if part.total is None else part.total
        self.orphans_total = count(total, "find") if part.rows else ""
        self.older_href = self._here(before=part.next) if part.next else ""

    def _answered(self, store: StoreLine) -> StoreLine:
        """The store with what it said when it was asked."""
        said = self._answers.get(store.name)
        if said is None or store.answer == "not set up":
            return store
        words = ("does not answer", "bad", said) if said else ("answers", "good", "")
        answer, tone, trouble = words
        return replace(store, answer=answer, tone=tone, trouble=trouble)


async def _look(actor: Actor, store: str) -> tuple[str, str]:
    """A store's name, and "" or what keeps it from answering; nobody waits for it for long."""
    asked = stores.ask(overview.look, actor=actor, store=store)
    try:
        return store, await asyncio.wait_for(asked, LONGEST_SECONDS)
    except TimeoutError:
        return store, f"It has not answered for {LONGEST_SECONDS} seconds."


def _moved(there: bool) -> str:
    if not there:
        return "There is nothing to move."
    return "They go one after the other, as shown here. They can be watched meanwhile."


def _store(one: StoreView, zone: str) -> StoreLine:
    roles = {
        "new recordings are kept here": one.is_default,
        "the recorder writes here": one.is_source,
    }
    unknown = ("not set up", "bad", "Files are said to lie here, but the settings do not know it.")
    answer, tone, trouble = ("being asked …", "quiet", "") if one.known else unknown
    return StoreLine(
        name=one.name,
        kind=KINDS.get(one.kind, one.kind),
        place=one.place,
        role=", ".join(words for words, is_so in roles.items() if is_so),
        files=count(one.files, "file"),
        size=weight(one.bytes),
        oldest=lately(one.oldest_at, zone),
        progress=arrived(one.arrived_bytes, one.arriving_bytes) if one.arriving else "",
        copied=one.arrived_bytes * 1_000 // one.arriving_bytes if one.arriving_bytes else 0,
        filled=one.files > 0,
        answer=answer,
        tone=tone,
        trouble=trouble,
        needed=NEVER if one.is_default or one.is_source else date(one.needed_until, zone),
    )


def _orphan(one: OrphanView, zone: str) -> OrphanLine:
    words, tone = _WHAT[one.kind]
    is_open = one.settled_at is None
    by = f"{one.settled_how}, by {one.settled_by}" if one.settled_by else one.settled_how
    return OrphanLine(
        public_id=one.public_id,
        what=words,
        tone=tone if is_open else "quiet",
        store=one.store,
        key=one.key,
        size=weight(one.bytes),
        recording_href=f"/admin/recordings/{one.recording}" if one.recording else "",
        found=lately(one.found_at, zone),
        settled=lately(one.settled_at, zone),
        how=by,
        deletable=is_open and one.kind is OrphanKind.FILE_WITHOUT_ROW,
        adoptable=is_open and one.may_adopt,
    )
