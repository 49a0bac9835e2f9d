"""One mail, for admins: what became of it, how it reads now, and sending it again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import topics
from services.audit import Actor
from services.mail import listing, repeating, suppressions
from services.mail.views import MailView
from state import live
from state.admin_mails import MailLine, line
from state.base import AppState, run
from state.guard import requires
from state.job_rows import Steps, page_of
from state.mail_rows import LetterFace, letter_face
from state.phase import Loads, loading
from state.shown import NEVER, Moment, moment


@dataclass(frozen=True)
class StepLine:
    """Something that happened to the mail."""

    what: str = ""
    details: str = ""
    href: str = ""
    at: Moment = NEVER


def audience(actor: Actor, mail: str) -> live.Audience[MailView]:
    """The admins who look at the same mail."""
    seen = partial(listing.get_mail, actor=actor, mail=mail)
    return live.Audience(("admin_mail", mail), frozenset({topics.MAILS}), seen, live.REPORT_PAUSE)


class AdminMailState(Loads, AppState):
    """`suppression` is the entry that keeps mails from its address."""

    head: MailLine = MailLine()
    vendor_id: str = ""
    message_href: str = ""
    steps: list[StepLine] = []
    letter: LetterFace = LetterFace()
    suppression: str = ""
    may_repeat: bool = False
    why_not: str = ""
    busy: bool = False

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the mail that the address names."""
        self.busy = False
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def send_again(self) -> Steps:
        """Send it once more, as it reads now."""
        self.busy = True
        yield
        try:
            await run(repeating.send_again, actor=await self._actor(), mail=self.head.public_id)
        finally:
            self.busy = False
        await self.load()
        self._tell("It is sent again now, as a mail of its own in the list.", "good")

    @rx.event
    @requires("admin")
    async def lift(self) -> None:
        """Let mails go to its address again."""
        await run(suppressions.lift, actor=await self._actor(), suppression=self.suppression)
        await self.load()
        self._tell("Mails go to this address again. Send this one again if it is needed.", "good")

    def _show(self, view: MailView) -> None:
        zone = self.time_zone
        self.head = line(view.mail, zone)
        self.vendor_id = view.vendor_id
        self.message_href = page_of(view.message)
        self.steps = [
            StepLine(step.what, step.details, page_of(step.event), moment(step.at, zone))
            for step in view.steps
        ]
        self.letter = letter_face(view.preview)
        self.suppression = view.suppression
        self.may_repeat, self.why_not = view.may_repeat, view.why_not
