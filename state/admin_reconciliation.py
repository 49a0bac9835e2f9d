"""How we stand beside the payment providers, for admins: what differs, what was found, and one more
run now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import reconciliation, topics
from services.audit import Actor
from services.config import vendor_name
from services.errors import ProviderUnavailable
from services.reconciliation import DifferenceView, Outcome, Overview, RunView, Standing
from state import live
from state.base import AppState, read, run
from state.guard import Tone, requires
from state.order_facts import admin_order
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, moment

PATH = "/admin/reconciliation"
_PLACES = {"refund": ("Refunds", "/admin/refunds"), "dispute": ("Disputes", "/admin/disputes")}
_UNMATCHED = ("Unmatched money", "/admin/unmatched")


@dataclass(frozen=True)
class DifferenceLine:
    """One thing that does not match: `what` says how, and what to do; the links lead there."""

    thing: str = ""
    id: str = ""
    what: str = ""
    order_href: str = ""
    place: str = ""
    place_href: str = ""


@dataclass(frozen=True)
class RunLine:
    """One run that came to its end. `error` says which list could not be had."""

    id: str = ""
    provider: str = ""
    window: str = ""
    at: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    looked: str = ""
    found: str = ""
    error: str = ""


@dataclass(frozen=True)
class StandingLine:
    """One provider: its last run, the last over the long window, and one that goes on now."""

    provider: str = ""
    running: str = ""
    latest: RunLine = RunLine()
    long: RunLine = RunLine()


def audience(actor: Actor) -> live.Audience[Overview]:
    """The admins who look at it."""
    seen = partial(reconciliation.overview, actor=actor)
    return live.Audience(("admin_reconciliation",), frozenset({topics.RECONCILIATION}), seen)


class AdminReconciliationState(Loads, AppState):
    """Where each provider stands. `busy` while the run that was asked for here goes on."""

    standings: list[StandingLine] = []
    differences: list[DifferenceLine] = []
    found: list[RunLine] = []
    compared: bool = False
    status: str = ""
    tone: str = "quiet"
    busy: bool = False

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the runs."""
        self.busy = False
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor())))

    @rx.event
    @requires("admin")
    async def refresh(self) -> None:
        """Show how far they are."""
        await live.follow(self, self.load, self._show, loading(self))

    @rx.event(background=True)
    @requires("admin")
    async def run_now(self, long: bool) -> None:
        """Compare now, the last days or (`long`) the last months; the page follows it meanwhile."""
        async with self:
            if self.busy:
                return
            self.busy, actor = True, await self._actor()
        window = reconciliation.LONG if long is True else reconciliation.RECENT
        try:
            told = _told(await run(reconciliation.run_now, actor=actor, window=window))
        except ProviderUnavailable:
            told = "A payment provider did not answer. The others were compared.", "bad"
        finally:
            async with self:
                self.busy = False
        async with self:
            self._tell(*told)
            self._show(await read(reconciliation.overview, actor=actor))

    def _show(self, seen: Overview) -> None:
        zone = self.time_zone
        self.standings = [_standing(one, zone) for one in seen.standings]
        self.differences = _differences(seen)
        self.found = [_line(one, zone) for one in seen.found]
        last = [one.latest for one in seen.standings]
        self.compared = any(last) or any(one.running for one in seen.standings)
        self.status, self.tone = _status(seen, len(self.differences))


def _told(found: Outcome) -> tuple[str, Tone]:
    repaired = f"Repaired {found.repaired}. " if found.repaired else ""
    if found.differ:
        return f"{repaired}{count(found.differ, 'difference')} left.", "warning"
    return f"{repaired}Everything matches.", "good"


def _status(seen: Overview, differ: int) -> tuple[str, str]:
    if differ:
        return count(differ, "difference"), "warning"
    if not all(one.is_current for one in seen.standings):
        return "not compared lately", "warning"
    if all(one.latest is not None and not one.latest.error for one in seen.standings):
        return "everything matches", "good"
    return "not all compared", "warning"


def _standing(one: Standing, zone: str) -> StandingLine:
    running = one.running
    return StandingLine(
        provider=vendor_name(one.provider.value),
        running=(
            f"comparing {running.days} days: {running.checked} looked at so far" if running else ""
        ),
        latest=_line(one.latest, zone) if one.latest else RunLine(),
        long=_line(one.long, zone) if one.long else RunLine(),
    )


def _line(one: RunView, zone: str) -> RunLine:
    status, tone = ("matches", "good") if one.matches else ("differs", "warning")
    if one.error:
        status, tone = "not all compared", "bad"
    found = [f"{one.repaired} repaired"] if one.repaired else []
    found += [count(one.differ, "difference")] if one.differ else []
    return RunLine(
        id=str(one.id),
        provider=vendor_name(one.provider.value),
        window=f"Last {one.days} days",
        at=moment(one.finished_at or one.started_at, zone),
        status=status,
        tone=tone,
        looked=f"{one.checked} looked at",
        found=", ".join(found),
        error=one.error,
    )


def _differences(seen: Overview) -> list[DifferenceLine]:
    """What differs by the last runs, each thing once."""
    lines: dict[tuple[str, str, str], DifferenceLine] = {}
    for one in seen.standings:
        for last in (one.latest, one.long):
            for each in last.differences if last else ():
                key = (one.provider.value, each.kind, each.provider_id)
                lines.setdefault(key, _difference(vendor_name(one.provider.value), each))
    return list(lines.values())


def _difference(provider: str, one: DifferenceView) -> DifferenceLine:
    place, href = _UNMATCHED if one.waits else _PLACES.get(one.kind, ("", ""))
    return DifferenceLine(
        thing=f"{provider} {one.kind}",
        id=one.provider_id,
        what=one.what,
        order_href=admin_order(one.order),
        place=place,
        place_href=href,
    )
