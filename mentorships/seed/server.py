"""The demo studio's Discord server: a few people link their accounts, one leaves, one wants no
messages."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlmodel import col, select

from mentorships.seed import people
from mentorships.seed.world import World
from services import db, discord
from services.audit import Actor
from services.models import Mentor, Seat, SeatStatus, User

MARA, LEA = people.MENTORS[0], people.MENTEE
OTHERS = 3
"""Mentees of Mara's besides Lea who link an account."""
_BROWSER = "the browser of the demo"


def plan_all(world: World) -> None:
    """Put all of it on the agenda."""

    def plan(event: partial[None], **before: float) -> None:
        world.plan(world.now - timedelta(**before), event, quiet=True)

    plan(partial(_link, world, MARA.email), days=8, hours=2)
    plan(partial(_link, world, LEA[0]), days=8)
    plan(partial(_others_link, world), days=2, hours=4)
    plan(partial(_one_leaves, world), hours=9)


def _link(world: World, email: str) -> None:
    mentor = world.mentors.get(email)
    _link_as(world, mentor[0] if mentor else world.mentees[email], _username(email))


def _link_as(world: World, actor: Actor, username: str) -> None:
    url = discord.begin(actor=actor, sign_in=_BROWSER)
    state, code = world.simulator.consent_at_discord(url, username=username)
    discord.finish(actor=actor, sign_in=_BROWSER, state=state, code=code)


def _others_link(world: World) -> None:
    for email in _seated(world):
        _link(world, email)


def _one_leaves(world: World) -> None:
    """One of them is not in the server any more, one takes no messages; then it is night."""
    leaves, closes, *_ = [_username(email) for email in _seated(world)]
    world.simulator.leave_discord(leaves)
    world.simulator.close_messages(closes)
    discord.repair()


def _seated(world: World) -> list[str]:
    """Mentees of Mara's besides Lea, those who came first before the others."""
    _, slug = world.mentors[MARA.email]
    found = (
        select(User.email)
        .join(Seat, col(Seat.mentee_id) == col(User.id))
        .join(Mentor, col(Mentor.id) == col(Seat.mentor_id))
        .where(
            Mentor.slug == slug,
            col(Seat.status).in_([SeatStatus.ACTIVE, SeatStatus.GRACE]),
            User.email != LEA[0],
        )
        .order_by(col(Seat.id))
        .limit(OTHERS)
    )
    with db.reading() as session:
        return list(session.exec(found))


def _username(email: str) -> str:
    return email.partition("@")[0]
