"""All mails that the product sends, for admins: how each reads with real facts."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from services.mail import previews
from services.mail.views import TemplateRow
from state.base import AppState, read
from state.guard import requires
from state.job_rows import lately
from state.mail_rows import MAILS, TEMPLATES, LetterFace, kind_words, letter_face
from state.phase import Loads, loading
from state.shown import NEVER, Moment


@dataclass(frozen=True)
class TemplateLine:
    """One of the mails, as a row shows it."""

    name: str = ""
    href: str = ""
    mails_href: str = ""
    category: str = ""
    always: bool = False
    subject: str = ""
    sent: Moment = NEVER


class AdminMailTemplatesState(Loads, AppState):
    """The list of them."""

    rows: list[TemplateLine] = []

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the list."""
        with loading(self):
            rows = await read(previews.list_templates, actor=await self._actor())
            self.rows = [_line(row, self.time_zone) for row in rows]


class AdminMailTemplateState(Loads, AppState):
    """One of them, as its reader would get it."""

    head: TemplateLine = TemplateLine()
    letter: LetterFace = LetterFace()
    example: bool = False

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the one that the address names."""
        with loading(self):
            row, preview = await read(
                previews.get_template, actor=await self._actor(), template=self._named()
            )
            self.head = _line(row, self.time_zone)
            self.letter, self.example = letter_face(preview), preview.example


def _line(row: TemplateRow, zone: str) -> TemplateLine:
    return TemplateLine(
        name=kind_words(row.name).capitalize(),
        href=f"{TEMPLATES}/{row.name}",
        mails_href=f"{MAILS}?kind={row.name}",
        category=row.category,
        always=row.always,
        subject=row.subject,
        sent=lately(row.sent_at, zone),
    )
