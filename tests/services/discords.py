"""A studio with a Discord server: a mentor, a mentee with a seat, and their account there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlmodel import Session, col, select

from jobs.inbox import handle_inbox
from services import db, discord, inbox, seats
from services.audit import SYSTEM, Actor
from services.discord import MyDiscord
from services.models import Channel as Way
from services.models import (
    DiscordGrant,
    DiscordLink,
    DiscordRole,
    Mentor,
    NotificationPreference,
    OutboxMessage,
    OutboxStatus,
    Pack,
    ReleaseReason,
    Seat,
    SeatStatus,
    User,
)
from services.providers.discord.interactions import DEFERRED, read
from services.telling import KINDS, Line, tell
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting
from tests.support.discord import Discord, Person
from tests.support.studio import Studio, stored

T = TypeVar("T")
BROWSER = "sig_of_this_browser"
ROLE = "Mentees of Mina Mentor"
KIND = "onboarding_reminder"
"""Something that comes by mail or on Discord, as one likes."""


@dataclass
class Club:
    """Both sides: what the studio knows, and what is so at Discord."""

    studio: Studio
    discord: Discord
    mentor: Mentor
    mentee: User
    seat: Seat
    pack: Pack
    person: Person

    @property
    def actor(self) -> Actor:
        """The mentee."""
        return acting(self.mentee)

    def link(self, user: User | None = None, person: Person | None = None, **answer: Any) -> str:
        """A person links an account in one browser; where they end up. Nothing is sent yet."""
        actor = acting(user or self.mentee)
        url = discord.begin(actor=actor, sign_in=BROWSER)
        return self.finish(actor, (person or self.person).consent(url, **answer))

    def finish(self, actor: Actor, brought: dict[str, str], sign_in: str = BROWSER) -> str:
        """The browser comes back with what Discord gave it."""
        return discord.finish(
            actor=actor,
            sign_in=sign_in,
            state=brought.get("state", ""),
            code=brought.get("code", ""),
            error=brought.get("error", ""),
        )

    def linked(self) -> Club:
        """The mentee's account is linked, and has its role."""
        self.link()
        self.studio.send()
        assert self.person.roles() == [ROLE]
        return self

    def release(self, seat: Seat | None = None) -> None:
        """The seat is given back."""
        self.change(
            seat or self.seat,
            lambda session, row: seats.release(
                session, actor=SYSTEM, seat=row, reason=ReleaseReason.BY_HAND
            ),
        )

    def activate(self, seat: Seat) -> None:
        """A pack makes the seat active."""
        self.change(
            seat,
            lambda session, row: seats.activate(session, actor=SYSTEM, seat=row, reason="pack"),
        )

    def change(self, seat: Seat, how: Callable[[Session, Seat], T]) -> T:
        """Something happens to a seat, in a transaction of its own."""
        with db.transaction() as session:
            return how(session, session.get_one(Seat, seat.id))

    def mine(self) -> MyDiscord:
        """What the mentee sees of it."""
        with db.reading() as session:
            return discord.get_mine(session, actor=self.actor)

    def type(self, command: str, person: Person | None = None, *, known: bool = True) -> str:
        """Somebody types a command, the studio stores it and says that the answer comes later, and
        the worker takes it up; its id. Nothing is sent yet. `known` is False while Discord has not
        seen what the studio said."""
        typed = (person or self.person).type(command)
        asked = read(typed["body"].encode())
        assert asked is not None
        if known:
            self.acknowledge(typed["interaction"])
        inbox.receive(
            provider="discord",
            event_id=asked.id,
            type="command",
            object_id=asked.discord_id,
            payload=asked.payload,
        )
        handle_inbox.call_local()
        return str(typed["interaction"])

    def acknowledge(self, interaction: str) -> None:
        """Discord sees that the answer comes later."""
        self.person.acknowledged(interaction, 200, DEFERRED)

    def answer(self, command: str, person: Person | None = None) -> str:
        """What somebody reads who types a command."""
        self.type(command, person)
        self.studio.send()
        return (person or self.person).read()[0]


def a_place_with(club: Club, name: str, status: SeatStatus = SeatStatus.ACTIVE) -> Seat:
    """One more seat of the mentee, with another mentor, and a pack."""
    seat = a_seat(club.mentee, a_mentor(name), status)
    a_pack(seat)
    return seat


def told_on_discord(club: Club, title: str = "Two steps to go", *, mail: bool = False) -> None:
    """The mentee is told something that they want on Discord; and by `mail`, too, if so."""
    with db.transaction() as session:
        session.merge(
            NotificationPreference(
                user_id=club.mentee.id,
                category=KINDS[KIND].category.value,
                channel=Way.MAIL,
                enabled=mail,
            )
        )
    with db.transaction() as session:
        tell(
            session,
            user_id=club.mentee.id,
            kind=KIND,
            about=club.mentor.public_id,
            line=Line(title, "It takes a minute.", "/onboarding"),
        )


def mentors_roles() -> list[DiscordRole]:
    """The roles that mentors have, or that are being made."""
    with db.reading() as session:
        return list(session.exec(select(DiscordRole).order_by(col(DiscordRole.mentor_id))))


def links() -> list[DiscordLink]:
    """All links, oldest first."""
    return stored(DiscordLink)


def grants() -> list[tuple[bool, bool, str]]:
    """All grants, oldest first: wanted, had, and the error."""
    return [(row.wanted, row.has, row.error) for row in stored(DiscordGrant)]


def messages(kind: str) -> list[OutboxMessage]:
    """What was queued of a kind, oldest first."""
    return [row for row in stored(OutboxMessage) if row.kind == kind]


def not_sent(kind: str) -> list[tuple[OutboxStatus, str]]:
    """What of a kind is not sent, with the error."""
    return [
        (row.status, row.error) for row in messages(kind) if row.status is not OutboxStatus.SENT
    ]


@pytest.fixture
def club(studio: Studio) -> Club:
    """A mentor, a mentee with a seat, and an account that is not linked yet."""
    server = Discord(studio.sandbox)
    mentor = a_mentor()
    mentee = a_user("Nora Novak", time_zone="Asia/Kolkata")
    seat = a_seat(mentee, mentor)
    pack = a_pack(seat)
    return Club(studio, server, mentor, mentee, seat, pack, server.account("nora"))
