"""The seeding's stage: who exists by now, the agenda, and the moved clocks."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox, write_calendars
from mentorships.seed.simulator import RESEND, Simulator
from services import clock, inbox
from services.audit import SYSTEM, Actor
from services.providers.hooks import Hooks
from services.providers.mail.registry import hooks
from services.providers.payments.registry import payments


@dataclass(frozen=True, slots=True)
class Pair:
    """Who meets whom; both by e-mail."""

    mentee: str
    mentor: str


@dataclass
class Together:
    """How a pair gets on: its own luck, and how many sessions it books at most."""

    luck: random.Random
    most: int = 100


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """Something on the agenda; `quiet` when nothing about money can follow from it."""

    moment: datetime
    number: int
    event: Callable[[], object] = field(compare=False)
    quiet: bool = field(compare=False)


@dataclass
class World:
    """Who exists by now, and what is still to happen.

    `pairs` are those whose sessions are being told; `booked` counts all sessions, `held` those that
    both come to, but for Lea's, `sold` all checkouts of people who choose how to pay. `rooms` are
    the beginnings of the sessions in the studio's own room, `turns` counts those with a fate there.
    """

    simulator: Simulator
    now: datetime
    dice: random.Random
    moment: datetime
    admin: Actor = SYSTEM
    offers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    mentors: dict[str, tuple[Actor, str]] = field(default_factory=dict[str, tuple[Actor, str]])
    mentees: dict[str, Actor] = field(default_factory=dict[str, Actor])
    onboarded: set[str] = field(default_factory=set[str])
    pairs: dict[Pair, Together] = field(default_factory=dict[Pair, Together])
    agenda: list[Entry] = field(default_factory=list[Entry])
    count: int = 0
    arrivals: int = 0
    booked: int = 0
    held: int = 0
    turns: int = 0
    rooms: list[datetime] = field(default_factory=list[datetime])
    sold: int = 0

    def plan(self, moment: datetime, event: Callable[[], object], *, quiet: bool = False) -> None:
        """Put an event on the agenda; what lies in the future will not happen."""
        if moment <= self.now:
            self.count += 1
            heapq.heappush(self.agenda, Entry(moment, self.count, event, quiet))

    def happen(self) -> None:
        """Let everything happen in its order, each at its moment."""
        while self.agenda:
            self._happens(heapq.heappop(self.agenda))
        with clock.at(self.now):
            write_calendars.call_local()
            send_outbox.call_local()  # the admins hear of what could not be written
            self._receive(self.now)

    def _happens(self, entry: Entry) -> None:
        """One event, and everything that follows from it."""
        self.moment = entry.moment
        self.simulator.set_clock(entry.moment)
        with clock.at(entry.moment):
            entry.event()
            if not entry.quiet:
                self._receive(entry.moment)
            send_outbox.call_local()

    def _receive(self, moment: datetime) -> None:
        """Let the providers' webhooks arrive, and those that follow from handling them."""
        while deliveries := self.simulator.deliveries(moment):
            for one in deliveries:
                event = _reader(one.vendor).read_event(one.body, one.headers, moment)
                inbox.receive(
                    provider=one.vendor,
                    event_id=event.id,
                    type=event.type,
                    object_id=event.object_id,
                    payload=one.body.decode(),
                )
            handle_inbox.call_local()


def _reader(vendor: str) -> Hooks:
    """Who verifies and reads what a vendor delivers."""
    return (hooks() if vendor == RESEND else None) or payments(vendor)
