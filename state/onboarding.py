"""One's first steps: which are done, and the form of the one that is open."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from services import accounts, onboarding, urls
from services.audit import Actor
from services.errors import InvalidInput
from services.onboarding import OnboardingView, Step, StepKind
from state.base import AppState, read, run
from state.guard import forget_presences, requires
from state.phase import Loads, loading
from state.shown import plain

_TITLES = {
    StepKind.PROFILE: "Who you are",
    StepKind.ZONE: "Your time zone",
    StepKind.GOALS: "Your goals",
    StepKind.PREFERENCES: "How you like to work",
    StepKind.CALENDAR: "Your calendar",
}


@dataclass(frozen=True)
class StepRow:
    """A step of the checklist."""

    kind: str
    title: str
    done: bool
    optional: bool


class OnboardingState(Loads, AppState):
    """The checklist. `opened` is the step whose form is shown, `attempt` makes its fields new: they
    and what is typed into them stay when a lost connection loads the page once more."""

    steps: list[StepRow] = []
    opened: str = ""
    finished: bool = False
    done: int = 0
    of: int = 0
    then: str = ""
    attempt: int = 0
    saving: bool = False
    wrong_field: str = ""
    wrong_text: str = ""
    name: str = ""
    about: str = ""
    goals: str = ""
    preferences: str = ""
    zone: str = ""
    suggested_zone: str = ""
    calendar_connected: bool = False
    _browser_zone: str = ""
    _zone_confirmed: bool = False
    _stored: tuple[str, ...] = ()

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read where the person stands, and open the next step."""
        self.then = urls.safe_next(self.router.url.query_parameters.get("next", ""), "")
        with loading(self):
            await self._refresh()

    @rx.event
    @requires("user")
    async def hear_zone(self, zone: str) -> None:
        """What the browser says about where it is; a zone that was confirmed stays as it is."""
        said = plain(str(zone), 64)
        self._browser_zone = said if accounts.is_zone(said) else ""
        self._suggest()

    @rx.event
    @requires("user")
    async def open(self, kind: str) -> None:
        """Open another step, also one that is done."""
        if kind in {step.kind for step in self.steps}:
            self.opened, self.wrong_field = kind, ""
            self.attempt += 1

    @rx.event
    @requires("user")
    async def save_profile(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Who the person is."""
        async for _ in self._save(
            lambda actor: onboarding.save_profile(
                actor=actor, name=_typed(form, "name"), about=_typed(form, "about")
            )
        ):
            yield

    @rx.event
    @requires("user")
    async def save_zone(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """The person's own time zone."""
        async for _ in self._save(
            lambda actor: onboarding.confirm_zone(actor=actor, zone=_typed(form, "time_zone"))
        ):
            yield

    @rx.event
    @requires("user")
    async def save_goals(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """What the sessions are for."""
        async for _ in self._save(
            lambda actor: onboarding.save_goals(actor=actor, goals=_typed(form, "goals"))
        ):
            yield

    @rx.event
    @requires("user")
    async def save_preferences(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """How the person likes to work."""
        async for _ in self._save(
            lambda actor: onboarding.save_preferences(
                actor=actor, preferences=_typed(form, "preferences")
            )
        ):
            yield

    @rx.event
    @requires("user")
    async def skip_calendar(self) -> AsyncGenerator[None, None]:
        """Without a calendar."""
        async for _ in self._save(lambda actor: onboarding.skip_calendar(actor=actor)):
            yield

    async def _save(self, store: Callable[[Actor], None]) -> AsyncGenerator[None, None]:
        """Store a step and open the next; after a refusal everything typed stays as it is."""
        self.saving, self.wrong_field = True, ""
        yield
        try:
            await run(store, await self._actor())
        except InvalidInput as error:
            self.wrong_field, self.wrong_text = error.field, error.message
            return
        finally:
            self.saving = False
        forget_presences()
        presence = await self._presence()
        self.display_name, self.time_zone = presence.name, presence.time_zone
        self.opened = ""
        await self._refresh()

    async def _refresh(self) -> None:
        self._show(await read(onboarding.get, actor=await self._actor()))

    def _show(self, view: OnboardingView) -> None:
        needed = [step for step in view.steps if not step.optional]
        steps, before = [_row(step) for step in view.steps], self._stored
        if not self.opened or steps != self.steps:
            self.opened = view.next.value if view.next else ""
        self.steps = steps
        self.done, self.of = sum(step.done for step in needed), len(needed)
        self.finished = view.done_at is not None
        self.name, self.about, self.zone = view.name, view.about, view.time_zone
        self.goals, self.preferences = view.goals, view.preferences
        self.calendar_connected = view.calendar_connected
        self._zone_confirmed = any(s.kind is StepKind.ZONE and s.done for s in view.steps)
        self.wrong_field = ""
        self._suggest()
        self._stored = (self.name, self.about, self.goals, self.preferences, self.zone)
        if self._stored != before:
            self.attempt += 1

    def _suggest(self) -> None:
        """The browser knows better than the account, as long as the person has said nothing."""
        known = self.zone if self._zone_confirmed else self._browser_zone or self.zone
        self.suggested_zone = known


def _row(step: Step) -> StepRow:
    return StepRow(step.kind.value, _TITLES[step.kind], step.done, step.optional)


def _typed(form: dict[str, Any], name: str) -> str:
    return str(form.get(name, ""))[:10_000]
