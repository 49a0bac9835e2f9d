"""The year of the demo studio: people come, buy, renew, change their mind, leave.

Everything is done by the services, as the people themselves would do it.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial

from mentorships.seed import (
    arrivals,
    claims,
    episodes,
    letters,
    mishaps,
    people,
    purchases,
    queues,
    recordings,
    server,
)
from mentorships.seed.people import MentorSeed
from mentorships.seed.simulator import Simulator
from mentorships.seed.world import Pair, Together, World
from services import catalogue, db, grace

YEAR = timedelta(days=365)
DICE = 20_26
FILLED = {
    "tomas.okafor@example.com": 4,
    "mentor@example.com": 7,
    "ines.caldeira@example.com": 9,
    "amara.diallo@example.com": 5,
    "dev.raman@example.com": 4,
}
"""How many of a mentor's seats are taken at the end, at least."""
NOT_ONBOARDED = {35: 3, 36: 1, 37: 0}
"""Of the mentees, by their number: how many steps of the onboarding they have done."""


def tell(simulator: Simulator, *, now: datetime) -> None:
    """Play the whole year up to `now`, then give the simulators their real time back."""
    world = World(simulator=simulator, now=now, dice=random.Random(DICE), moment=now)  # noqa: S311  # a story
    _people_come(world)
    _mentors_change(world)
    _special_days(world)
    episodes.nightly(world)
    episodes.plan_all(world)
    claims.plan_all(world)
    mishaps.plan_all(world)
    server.plan_all(world)
    queues.plan_all(world)
    recordings.plan_all(world)
    world.happen()
    simulator.finish()


def ago(world: World, **span: float) -> datetime:
    """A moment before now, such as `days=3, hours=2`."""
    return world.now - timedelta(**span)


def _people_come(world: World) -> None:
    begin = world.now - YEAR - timedelta(days=6)
    world.plan(begin, partial(arrivals.admin, world))
    for number, seed in enumerate(people.MENTORS):
        moment = begin + timedelta(hours=9 + 5 * number)
        world.plan(moment, partial(arrivals.mentor, world, seed))
    first, *others = people.mentees()
    world.plan(ago(world, days=151, hours=3), partial(_mentee_comes, world, first, buys=False))
    *buyers, unverified = others
    for number, person in enumerate(buyers):
        moment = ago(world, days=358 - 8 * number, hours=world.dice.uniform(1, 11))
        steps = NOT_ONBOARDED.get(number, 5)
        world.plan(moment, partial(_mentee_comes, world, person, steps=steps))
    letters.plan_all(world, unverified)


def _mentee_comes(
    world: World, person: tuple[str, str, str], *, steps: int = 5, buys: bool = True
) -> None:
    arrivals.mentee(world, person)
    arrivals.tell_about_oneself(world, person, steps=steps)
    if not buys:
        return
    later = world.moment + timedelta(hours=world.dice.uniform(1, 30))
    world.plan(later, partial(purchases.buy_somewhere, world, person[0]))


def _mentors_change(world: World) -> None:
    """Prices rise, capacities change, one mentor closes: nobody is evicted."""
    mara, nora = people.MENTORS[0], people.MENTORS[6]
    world.plan(ago(world, days=120), partial(_raise_price, world, mara))
    world.plan(ago(world, days=20), partial(arrivals.set_profile, world, nora, capacity=0))


def _raise_price(world: World, seed: MentorSeed) -> None:
    actor, _ = world.mentors[seed.email]
    with db.transaction() as session:
        old = world.offers[seed.email][0]
        card = catalogue.replace_offer(
            session,
            actor=actor,
            offer=old,
            title="Four sessions",
            sessions=4,
            price=arrivals.price(seed.price),
            validity_days=arrivals.VALIDITY_DAYS,
        )
    world.offers[seed.email][0] = card.public_id


def _special_days(world: World) -> None:
    """What every screen of the demo should show: a full mentor, grace, a refund, open checkouts."""
    lea = people.MENTEE[0]
    plan, days = world.plan, partial(ago, world)
    ines, mara = "ines.caldeira@example.com", "mentor@example.com"
    plan(days(days=150), partial(purchases.buy, world, lea, ines, stays=False))
    world.pairs[Pair(lea, mara)] = Together(random.Random(DICE), most=0)  # noqa: S311  # episodes tell
    plan(days(days=9, hours=2), partial(purchases.buy, world, lea, mara, code=claims.WELCOME))
    plan(days(days=45, hours=30), partial(purchases.leave_soon, world, "yuki.brandt@example.com"))
    plan(days(days=45, hours=20), partial(purchases.leave_soon, world, mara))
    plan(days(days=33), partial(purchases.pay_too_late, world, "oskar.weiss@example.com"))
    plan(days(days=16), partial(purchases.fill, world, mara, 5))
    for email, seats in FILLED.items():
        plan(days(days=3, hours=5), partial(purchases.fill, world, email, seats))
    plan(days(hours=15), grace.warn_due, quiet=True)
    plan(days(hours=2), purchases.release_ended, quiet=True)
    plan(days(minutes=4), partial(purchases.open_only, world, "dev.raman@example.com"))
