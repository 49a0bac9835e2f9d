"""Linking, unlinking and seats that change at the same moment: the roles in the server end as they
should be, whoever was first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlmodel import Session, select

from jobs.outbox import send_outbox
from services import clock, db, discord, locking, seats
from services.audit import SYSTEM
from services.ids import UserId
from services.models import (
    DiscordGrant,
    DiscordLink,
    Mentor,
    ReleaseReason,
    Seat,
    SeatStatus,
    User,
)
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, together
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting
from tests.support.discord import Discord, Person
from tests.support.servers import Sandbox
from tests.support.studio import stored

pytestmark = [pytest.mark.chaos, pytest.mark.alike]

ROUNDS = 8
ROLES = "/guilds/*/members/*/roles/*"
Act = Callable[[], object]


@pytest.fixture
def server(database: str, sandbox: Sandbox) -> Discord:
    """An empty studio and its server at Discord."""
    assert database
    return Discord(sandbox)


@dataclass
class Pair:
    """One mentee and one mentor, and the mentee's account at Discord."""

    mentee: User
    mentor: Mentor
    seat: Seat
    person: Person

    def linking(self) -> Act:
        """One click: the browser comes back from Discord."""
        actor = acting(self.mentee)
        brought = self.person.consent(discord.begin(actor=actor, sign_in="sig"))
        state, code = brought["state"], brought["code"]
        return lambda: discord.finish(actor=actor, sign_in="sig", state=state, code=code)

    def unlink(self) -> None:
        """One click on unlink."""
        discord.unlink(actor=acting(self.mentee))

    def activate(self) -> None:
        """A payment makes the seat active."""
        self.change(lambda db, seat: seats.activate(db, actor=SYSTEM, seat=seat, reason="pack"))

    def release(self) -> None:
        """The seat is given back."""
        reason = ReleaseReason.BY_HAND
        self.change(lambda db, seat: seats.release(db, actor=SYSTEM, seat=seat, reason=reason))

    def change(self, how: Callable[[Session, Seat], None]) -> None:
        """As every service does it: under the mentor's lock."""
        with db.transaction() as session:
            locking.lock(session, mentors=[self.mentor.id])
            how(session, session.get_one(Seat, self.seat.id, populate_existing=True))

    def should_have(self) -> bool:
        """Whether the account should have the role, by the seat and the link alone."""
        with db.reading() as session:
            seat = session.get_one(Seat, self.seat.id)
            linked = session.exec(
                select(DiscordLink).where(DiscordLink.user_id == self.mentee.id)
            ).one_or_none()
        return linked is not None and seat.status is SeatStatus.ACTIVE


def pairs(server: Discord, count: int, status: SeatStatus) -> list[Pair]:
    """Pairs that have nothing to do with one another."""
    made: list[Pair] = []
    for n in range(count):
        mentee, mentor = a_user(f"Mentee {n}"), a_mentor(f"Mentor {n}")
        seat = a_seat(mentee, mentor, status)
        a_pack(seat)
        made.append(Pair(mentee, mentor, seat, server.account(f"mentee{n}")))
    return made


def settle() -> None:
    """Three workers send until nothing is due."""
    assert refusals(together([send_outbox.call_local for _ in range(3)])) == []
    send_outbox.call_local()


@pytest.mark.one_database("postgres")
def test_without_the_lock_a_seat_that_becomes_active_while_one_links_brings_no_role(
    server: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both transactions as the services make them, but neither waits for the other.
    Both have read before either commits."""

    def no_lock(_db: Session, _user: UserId, **_how: object) -> None:
        return None

    monkeypatch.setattr(locking, "lock_discord", no_lock)
    (pair,) = pairs(server, 1, SeatStatus.HELD)
    read = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def link() -> None:
        with db.transaction() as session:
            session.add(DiscordLink(user_id=pair.mentee.id, discord_id=pair.person.id))
            discord.follow_person(session, user_id=pair.mentee.id)
            read.wait()

    def activate() -> None:
        with db.transaction() as session:
            locking.lock(session, mentors=[pair.mentor.id])
            seat = session.get_one(Seat, pair.seat.id)
            seats.activate(session, actor=SYSTEM, seat=seat, reason="pack")
            read.wait()

    assert refusals(together([link, activate])) == []
    assert pair.should_have()
    assert stored(DiscordGrant) == []


def test_a_seat_that_becomes_active_while_one_links_brings_its_role(server: Discord) -> None:
    crowd = pairs(server, ROUNDS, SeatStatus.HELD)
    acts = [act for pair in crowd for act in (pair.linking(), pair.activate)]

    assert refusals(together(acts)) == []
    settle()

    assert [pair.person.roles() for pair in crowd] == [
        [f"Mentees of Mentor {n}"] for n in range(ROUNDS)
    ]


def test_link_unlink_and_release_at_once_leave_nobody_with_a_role_that_is_not_theirs(
    server: Discord,
) -> None:
    crowd = pairs(server, ROUNDS, SeatStatus.ACTIVE)
    for pair in crowd[: ROUNDS // 2]:
        pair.linking()()
    settle()
    acts = [act for pair in crowd for act in (pair.linking(), pair.unlink, pair.release)]

    assert refusals(together(acts)) == []
    settle()

    assert [pair.person.roles() for pair in crowd] == [[] for _ in crowd]
    assert not any(row.wanted or row.has for row in stored(DiscordGrant))


def test_roles_follow_the_link_when_links_and_unlinks_cross(server: Discord) -> None:
    crowd = pairs(server, ROUNDS, SeatStatus.ACTIVE)
    acts = [act for pair in crowd for act in (pair.linking(), pair.unlink, pair.linking())]

    assert refusals(together(acts)) == []
    settle()

    assert [bool(pair.person.roles()) for pair in crowd] == [pair.should_have() for pair in crowd]


def test_one_account_is_linked_by_one_person_when_eight_try_at_once(server: Discord) -> None:
    crowd = pairs(server, ROUNDS, SeatStatus.ACTIVE)
    shared = server.account("shared")
    acts = [Pair(pair.mentee, pair.mentor, pair.seat, shared).linking() for pair in crowd]

    assert refusals(together(acts)) == ["Conflict"] * (ROUNDS - 1)
    settle()

    (link,) = stored(DiscordLink)
    owner = next(pair for pair in crowd if pair.mentee.id == link.user_id)
    with db.reading() as session:
        mentor = session.get_one(User, owner.mentor.user_id).name
    assert shared.roles() == [f"Mentees of {mentor}"]


def test_a_role_that_is_given_late_is_taken_again_when_the_seat_was_released_meanwhile(
    server: Discord,
) -> None:
    """One worker hangs at Discord while another one has long taken the role."""
    (pair,) = pairs(server, 1, SeatStatus.ACTIVE)
    pair.linking()()
    server.fault(ROLES, "slow", method="PUT", seconds=6, times=1)
    (grant,) = [row.public_id for row in stored(DiscordGrant)]

    def late() -> str:
        return discord.send_role(grant=grant)

    def meanwhile() -> str:
        threading.Event().wait(2.5)
        pair.release()
        return discord.send_role(grant=grant)

    results = together([late, meanwhile])
    settle()

    assert results == ["given, and asked again", "taken"]  # so without asking it would stay
    assert pair.person.roles() == []
    (row,) = stored(DiscordGrant)
    assert (row.wanted, row.has) == (False, False)
    assert row.done_at is not None
    assert row.done_at <= clock.utc_now()
