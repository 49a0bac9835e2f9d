"""The addresses that get no mail, for admins: why, and writing to them again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import topics
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.mail import suppressions
from services.mail.suppressions import Suppressed
from services.models import SuppressionReason
from services.paging import Part
from state import live
from state.base import AppState, run
from state.guard import requires
from state.job_rows import Steps, lately, page_of
from state.listing import Listing
from state.mail_rows import SUPPRESSED as PATH
from state.phase import loading
from state.shown import NEVER, Moment, plain

WORDS = {
    SuppressionReason.BOUNCED: ("came back", "bad"),
    SuppressionReason.COMPLAINED: ("called spam", "bad"),
    SuppressionReason.BY_HAND: ("by hand", "warning"),
}


@dataclass(frozen=True)
class SuppressedLine:
    """An address as a row shows one."""

    public_id: str = ""
    address: str = ""
    person: str = ""
    person_href: str = ""
    reason: str = ""
    tone: str = "bad"
    note: str = ""
    at: Moment = NEVER


def audience(actor: Actor, query: str, before: str | None) -> live.Audience[Part[Suppressed]]:
    """The admins who look at the same part of the list."""
    seen = partial(suppressions.list_all, actor=actor, query=query, before=before)
    watched = frozenset({topics.MAILS})
    return live.Audience(("admin_suppressed", query, before), watched, seen, live.REPORT_PAUSE)


class AdminSuppressedState(Listing, AppState):
    """One part of the list. `adding`: the form for another address is open."""

    rows: list[SuppressedLine] = []
    adding: bool = False
    busy: bool = False
    wrong: str = ""
    wrong_text: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        self.adding, self.busy, self.wrong = False, False, ""
        before = self._begin(PATH, {})
        with loading(self):
            watched = audience(await self._actor(), self.query, before)
            self._show(await live.watch(self, watched))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for a part of an address."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def ask(self, adding: bool) -> None:
        """Open the form for another address, or close it."""
        self.adding, self.wrong = adding, ""

    @rx.event
    @requires("admin")
    async def add(self, form: dict[str, Any]) -> Steps:
        """Write to an address no more."""
        self.busy, self.wrong = True, ""
        yield
        try:
            await run(
                suppressions.add_by_hand,
                actor=await self._actor(),
                address=plain(str(form.get("address", "")), 300),
                note=str(form.get("note", ""))[:1_000],
            )
        except InvalidInput as error:
            wrong = "address" if error.field == "email" else error.field
            self.wrong, self.wrong_text = wrong, error.message
            return
        except Conflict as error:
            self.wrong, self.wrong_text = "address", error.message
            return
        finally:
            self.busy = False
        await self.load()
        self._tell("No mail goes to this address any more.", "good")

    @rx.event
    @requires("admin")
    async def lift(self, suppression: str) -> None:
        """Write to an address again."""
        await run(suppressions.lift, actor=await self._actor(), suppression=plain(suppression, 60))
        await self.load()
        self._tell("Mails go to this address again.", "good")

    def _show(self, part: Part[Suppressed]) -> None:
        self.rows = [_line(one, self.time_zone) for one in part.rows]
        self._end(PATH, part, "address", "addresses")


def _line(one: Suppressed, zone: str) -> SuppressedLine:
    reason, tone = WORDS[one.reason]
    return SuppressedLine(
        public_id=one.public_id,
        address=one.address,
        person=one.person,
        person_href=page_of(one.user),
        reason=reason,
        tone=tone,
        note=one.note,
        at=lately(one.at, zone),
    )
