"""People of the demo studio who wait for a place: with a mentor who is full, where one of them has
an offer, and with one who is closed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlmodel import select

from mentorships.seed import arrivals, people, purchases
from mentorships.seed.world import World
from services import db, waitlist
from services.errors import Conflict
from services.models import Seat, SeatStatus

FULL, CLOSED = people.MENTORS[1], people.MENTORS[6]
LEA = people.MENTEE[0]


def plan_all(world: World) -> None:
    """Put all of it on the agenda."""

    def plan(event: partial[None], **span: float) -> None:
        world.plan(world.now - timedelta(**span), event, quiet=True)

    fill = partial(purchases.fill, world, FULL.email, FULL.capacity)
    world.plan(world.now - timedelta(days=1, hours=6), fill)
    for hours in (28, 25):
        plan(partial(_somebody_joins, world, FULL.email), hours=hours)
    plan(partial(_joins, world, LEA, FULL.email), hours=22)
    for days in (6, 3):
        plan(partial(_somebody_joins, world, CLOSED.email), days=days)
    one_more = partial(arrivals.set_profile, world, FULL, capacity=FULL.capacity + 1)
    plan(one_more, hours=3)


def _somebody_joins(world: World, mentor: str) -> None:
    """The first one, by their address, who has no seat with this mentor and does not wait yet; no
    dice, so that the rest of the story stays as it is."""
    mentor_id = world.mentors[mentor][0].mentor_id
    with db.reading() as session:
        seated = set(
            session.exec(
                select(Seat.mentee_id).where(
                    Seat.mentor_id == mentor_id, Seat.status != SeatStatus.RELEASED
                )
            )
        )
    for email, actor in sorted(world.mentees.items()):
        if email == LEA or not actor.verified or actor.user_id in seated:
            continue
        with db.reading() as session:
            waits = waitlist.list_own(session, actor=actor)
        if not waits:
            _joins(world, email, mentor)
            return


def _joins(world: World, mentee: str, mentor: str) -> None:
    """Somebody waits; should a seat be free after all, nobody has to."""
    with suppress(Conflict), db.transaction() as session:
        waitlist.join(session, actor=world.mentees[mentee], mentor=world.mentors[mentor][1])
