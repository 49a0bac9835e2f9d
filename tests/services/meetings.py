"""A mentor who can be booked, a mentee with a pack, and a clock that stands still; for the tests of
what is booked and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from services import booking, clock, db
from services.audit import Actor
from services.errors import AppError
from services.models import (
    AuditEntry,
    CreditEntry,
    Mentor,
    MentoringSession,
    OccupiedTime,
    OutboxMessage,
    Pack,
    PackStatus,
    Seat,
    User,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    onboarded,
    open_hours,
)
from tests.support.studio import BEGINNING, stored

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(days: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant some days after the tests begin, UTC."""
    midnight = BEGINNING.replace(hour=0, minute=0)
    return midnight + timedelta(days=days, hours=hour, minutes=minute)


@dataclass
class Together:
    """A mentee and a mentor with a pack between them; everything as it is stored now."""

    mentor: Mentor
    mentee: User
    seat: Seat
    pack: Pack

    @property
    def actor(self) -> Actor:
        """The mentee."""
        return acting(self.mentee)

    @property
    def owner(self) -> Actor:
        """The mentor."""
        return acting_mentor(self.mentor)

    def book(self, *starts: datetime) -> tuple[str, ...]:
        """The mentee books."""
        return booking.book(actor=self.actor, mentor=self.mentor.slug, starts=starts)

    def now(self) -> tuple[PackStatus, int, int]:
        """The pack: its status, what is left, and of it what is reserved."""
        with db.reading() as session:
            pack = session.get_one(Pack, self.pack.id)
        return pack.status, pack.left, pack.reserved

    def expires_at(self) -> datetime | None:
        """When the pack ends now."""
        with db.reading() as session:
            return session.get_one(Pack, self.pack.id).expires_at


def a_bookable_mentor(name: str = "Mina Mentor", **hours: Any) -> Mentor:
    """Open all day, every day, unless told otherwise."""
    mentor = a_mentor(name)
    open_hours(mentor, **hours)
    return mentor


def together(
    mentor: Mentor | None = None,
    name: str = "Nora Novak",
    *,
    left: int = 4,
    mentee: User | None = None,
    **pack: Any,
) -> Together:
    """A mentee who may book with a mentor, on a pack for 45 days."""
    mentor = mentor or a_bookable_mentor()
    mentee = mentee or onboarded(a_user(name))
    seat = a_seat(mentee, mentor)
    fields = {"expires_at": clock.utc_now() + timedelta(days=45), "total": max(left, 4)} | pack
    return Together(mentor, mentee, seat, a_pack(seat, left=left, **fields))


def session_of(public_id: str) -> MentoringSession:
    """A session as it is stored now."""
    with db.reading() as session:
        found = select(MentoringSession).where(MentoringSession.public_id == public_id)
        return session.exec(found).one()


def occupied() -> list[tuple[datetime, datetime, bool]]:
    """Everybody's occupied time, in order: from, until, and whether it is a mentor's."""
    return sorted((row.starts_at, row.ends_at, row.mentor_side) for row in stored(OccupiedTime))


def entries() -> list[tuple[str, int]]:
    """What happened to credits, in order."""
    return [(row.kind.value, row.amount) for row in stored(CreditEntry)]


def audited(thing: str) -> list[str]:
    """What happened to a thing, by its audit lines."""
    return [row.action for row in stored(AuditEntry) if row.thing == thing]


def mails() -> list[tuple[str, int]]:
    """The mails that wait: their template and for whom."""
    waiting = [row.data for row in stored(OutboxMessage) if row.kind == "mail"]
    return sorted((data["template"], data["user_id"]) for data in waiting)


def everything() -> tuple[object, ...]:
    """All that a booking changes, to show that a refusal changed nothing."""
    tables = (Pack, Seat, MentoringSession, OccupiedTime, CreditEntry, AuditEntry, OutboxMessage)
    return tuple(row.model_dump() for table in tables for row in stored(table))


def refused(error: type[AppError], call: Callable[[], object]) -> AppError:
    """The call is refused like this, and nothing has changed."""
    before = everything()
    with pytest.raises(error) as caught:
        call()
    assert everything() == before
    return caught.value
