"""The mails that were sent, for admins: what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx

from services import topics
from services.audit import Actor
from services.mail import listing
from services.mail.render import FACTS
from services.mail.views import MailRow
from services.paging import Part
from state import live
from state.base import AppState
from state.guard import requires
from state.job_rows import JobListing, lately, page_of
from state.mail_rows import MAILS as PATH
from state.mail_rows import STATUS, kind_words
from state.phase import loading
from state.shown import NEVER, Moment

CHOICES = {status.value: words.capitalize() for status, (words, _) in STATUS.items()}


@dataclass(frozen=True)
class MailLine:
    """A mail as a row shows one."""

    public_id: str = ""
    href: str = ""
    subject: str = ""
    kind: str = ""
    person: str = ""
    person_href: str = ""
    address: str = ""
    about: str = ""
    about_href: str = ""
    status: str = ""
    tone: str = "quiet"
    reason: str = ""
    at: Moment = NEVER


def audience(actor: Actor, asked: dict[str, str | None]) -> live.Audience[Part[MailRow]]:
    """The admins who look at the same part of the same list."""
    seen = partial(listing.list_mails, actor=actor, **asked)
    watched = frozenset({topics.MAILS})
    return live.Audience(("admin_mails", *asked.values()), watched, seen, live.REPORT_PAUSE)


class AdminMailsState(JobListing, AppState):
    """One part of the list of mails."""

    rows: list[MailLine] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin_of_kind(PATH, CHOICES)
        with loading(self):
            asked = self._asked_of_kind(before)
            self._show(await live.watch(self, audience(await self._actor(), asked)))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for a person, an address or an id, among the mails of a kind."""
        return self._searched_for(PATH, form)

    def _show(self, part: Part[MailRow]) -> None:
        self.rows = [line(one, self.time_zone) for one in part.rows]
        self._end_of_kind(PATH, part, "mail", FACTS)


def line(one: MailRow, zone: str) -> MailLine:
    """A mail in words."""
    words, tone = STATUS[one.status]
    return MailLine(
        public_id=one.public_id,
        href=f"{PATH}/{one.public_id}",
        subject=one.subject or kind_words(one.template).capitalize(),
        kind=kind_words(one.template),
        person=one.person,
        person_href=page_of(one.user),
        address=one.address,
        about=one.about,
        about_href=page_of(one.about),
        status=words,
        tone=tone,
        reason=one.reason,
        at=lately(one.at, zone),
    )
