"""Testimonials, for admins: what waits to be read comes first."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import reflex as rx

from services import testimonials, topics, urls
from services.audit import Actor
from services.errors import AppError, InvalidInput
from services.models import TestimonialStatus
from services.paging import Part
from services.testimonials import AdminView
from state import live
from state.base import AppState, run
from state.guard import requires
from state.listing import Listing
from state.phase import loading
from state.shown import NEVER, Moment, moment

PATH = "/admin/testimonials"
EVERY = "all"
CHOICES = {
    TestimonialStatus.PUBLISHED.value: "Published",
    TestimonialStatus.DECLINED.value: "Declined",
    EVERY: "All",
}


@dataclass(frozen=True)
class TestimonialFace:
    """A testimonial to read and to decide about."""

    public_id: str = ""
    body: str = ""
    author: str = ""
    shown_as: str = ""
    mentor: str = ""
    mentor_href: str = ""
    status: str = ""
    reason: str = ""
    written: Moment = NEVER
    can_publish: bool = False
    can_decline: bool = False


def audience(
    actor: Actor, status: TestimonialStatus | None, query: str, before: str | None
) -> live.Audience[Part[AdminView]]:
    """The admins who look at the same part of the same list."""
    read = partial(testimonials.list_all, actor=actor, status=status, query=query, before=before)
    key = ("admin_testimonials", status, query, before)
    return live.Audience(key, frozenset({topics.TESTIMONIALS}), read)


class AdminTestimonialsState(Listing, AppState):
    """One part of the list; `declining` is the one that is about to be declined, `answer`
    what came of the last decision."""

    rows: list[TestimonialFace] = []
    declining: str = ""
    answer: str = ""
    busy: str = ""
    wrong: str = ""
    _read_at: dict[str, datetime] = {}

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        before = self._begin(PATH, CHOICES)
        self.answer = self.busy = self.wrong = ""
        with loading(self):
            seen = audience(await self._actor(), self._status(), self.query, before)
            self._show(await live.watch(self, seen))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show what changed, at the same place of the list."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def ask_decline(self, testimonial: str) -> None:
        """Ask for the reason; an empty id takes the question back."""
        self.declining, self.wrong, self.answer = testimonial, "", ""

    @rx.event
    @requires("admin")
    async def publish(self, testimonial: str) -> AsyncGenerator[None, None]:
        """Show it to everybody."""
        self.busy, self.answer = testimonial, ""
        yield
        await self._decide(testimonial, publish=True, reason="", done="It is published.")

    @rx.event
    @requires("admin")
    async def decline(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Do not show it, and tell the mentee why."""
        self.busy, self.wrong = self.declining, ""
        yield
        await self._decide(
            self.declining,
            publish=False,
            reason=str(form.get("reason", ""))[:1_000],
            done="It is declined, and the mentee is told why.",
        )

    async def _decide(self, testimonial: str, *, publish: bool, reason: str, done: str) -> None:
        try:
            await run(
                testimonials.decide,
                actor=await self._actor(),
                testimonial=testimonial,
                publish=publish,
                reason=reason,
                read_at=self._read_at.get(testimonial),
            )
        except InvalidInput as error:
            self.wrong, self.busy = error.message, ""
            return
        except AppError as error:
            done = error.message
        self.declining = ""
        await self.load()
        self.answer = done

    def _status(self) -> TestimonialStatus | None:
        if self.chosen == EVERY:
            return None
        return TestimonialStatus(self.chosen) if self.chosen else TestimonialStatus.WAITING

    def _show(self, part: Part[AdminView]) -> None:
        self.rows = [_face(one, self.time_zone) for one in part.rows]
        self._read_at = {one.public_id: one.updated_at for one in part.rows}
        if not any(row.public_id == self.declining and row.can_decline for row in self.rows):
            self.declining = ""
        self._end(PATH, part, "testimonial")


def _face(one: AdminView, zone: str) -> TestimonialFace:
    return TestimonialFace(
        public_id=one.public_id,
        body=one.body,
        author=one.author_name,
        shown_as=one.shown_as,
        mentor=one.mentor_name,
        mentor_href=urls.mentor(one.mentor_slug),
        status=one.status.value,
        reason=one.decline_reason,
        written=moment(one.updated_at, zone),
        can_publish=one.status is TestimonialStatus.WAITING,
        can_decline=one.status is not TestimonialStatus.DECLINED,
    )
