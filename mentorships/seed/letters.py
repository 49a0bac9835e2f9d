"""What becomes of the demo studio's mails: those of the last days are reported on, and one address
turns out to be mistyped."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from mentorships.seed import arrivals
from mentorships.seed.world import World


def plan_all(world: World, unverified: tuple[str, str, str]) -> None:
    """Reports come for two days; the last one to sign up has mistyped their address."""
    world.plan(world.now - timedelta(days=2, minutes=1), world.simulator.report_mails)
    world.plan(world.now - timedelta(days=2), partial(_mistyped, world, unverified))


def _mistyped(world: World, person: tuple[str, str, str]) -> None:
    world.simulator.bounce(person[0])
    arrivals.sign_up(world, person)
