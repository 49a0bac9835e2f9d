"""What only an admin does to a mentor: suspend, and let the mentor come back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import reflex as rx

from services import sessions
from services.errors import InvalidInput
from state.base import AppState, run
from state.guard import forget_presences, requires
from state.mentor_profile import MentorProfileState


class AdminMentorState(AppState):
    """The question that is asked before a mentor is suspended or comes back."""

    asking: bool = False
    busy: bool = False
    wrong: str = ""

    @rx.event
    @requires("admin")
    async def begin(self) -> None:
        """Another mentor: no question is open."""
        self.asking = self.busy = False
        self.wrong = ""

    @rx.event
    @requires("admin")
    async def ask(self, asking: bool) -> None:
        """Ask for the reason, or take the question back."""
        self.asking, self.wrong = bool(asking), ""

    @rx.event
    @requires("admin")
    async def suspend(self, form: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """No sessions for now: those that are booked are canceled, and everybody is told."""
        async for event in self._do(
            sessions.suspend_mentor,
            form,
            "The mentor is suspended. Booked sessions are canceled and their credits are back.",
        ):
            yield event

    @rx.event
    @requires("admin")
    async def resume(self, form: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """Sessions can be booked again."""
        async for event in self._do(
            sessions.resume_mentor, form, "The mentor can be booked again."
        ):
            yield event

    async def _do(
        self, act: Callable[..., None], form: dict[str, Any], done: str
    ) -> AsyncGenerator[Any, None]:
        self.busy, self.wrong = True, ""
        yield
        try:
            await run(
                act,
                actor=await self._actor(),
                mentor=self.router.url.path.rstrip("/").rsplit("/", 1)[-1][:80],
                reason=str(form.get("reason", ""))[:1_000],
            )
        except InvalidInput as error:
            self.wrong = error.message
            return
        finally:
            self.busy = False
        self.asking = False
        forget_presences()
        self._tell(done, "good")
        yield MentorProfileState.load_any
