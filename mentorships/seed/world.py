"""The seeding's stage: who exists by now, the agenda, and the moved clocks."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from mentorships.seed.simulator import Simulator
from services import clock, inbox
from services.audit import SYSTEM, Actor
from services.providers.payments.registry import payments


@dataclass
class World:
    """Who exists by now, and what is still to happen."""

    simulator: Simulator
    now: datetime
    dice: random.Random
    moment: datetime
    admin: Actor = SYSTEM
    offers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    mentors: dict[str, tuple[Actor, str]] = field(default_factory=dict[str, tuple[Actor, str]])
    mentees: dict[str, Actor] = field(default_factory=dict[str, Actor])
    agenda: list[tuple[datetime, int, Callable[[], object]]] = field(
        default_factory=list[tuple[datetime, int, Callable[[], object]]]
    )
    count: int = 0
    arrivals: int = 0

    def plan(self, moment: datetime, event: Callable[[], object]) -> None:
        """Put an event on the agenda; what lies in the future will not happen."""
        if moment <= self.now:
            self.count += 1
            heapq.heappush(self.agenda, (moment, self.count, event))

    def happen(self) -> None:
        """Let everything happen in its order, each at its moment."""
        while self.agenda:
            moment, _, event = heapq.heappop(self.agenda)
            self.at(moment, event)

    def at(self, moment: datetime, event: Callable[[], object]) -> None:
        """One event, and everything that follows from it."""
        self.moment = moment
        self.simulator.set_clock(moment)
        with clock.at(moment):
            event()
            self._settle(moment)

    def _settle(self, moment: datetime) -> None:
        deliveries = self.simulator.deliveries(moment)
        for delivery in deliveries:
            event = payments("stripe").read_event(delivery.body, delivery.signature, moment)
            inbox.receive(
                provider="stripe",
                event_id=event.id,
                type=event.type,
                object_id=event.object_id,
                payload=delivery.body.decode(),
            )
        if deliveries:
            handle_inbox.call_local()
        send_outbox.call_local()
