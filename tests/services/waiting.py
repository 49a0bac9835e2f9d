"""A full mentor, and people who wait for a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from services import checkout, db, seats, waitlist
from services.audit import Actor
from services.checkout import CheckoutStarted
from services.models import (
    Mentor,
    OutboxMessage,
    PackOffer,
    Seat,
    SeatStatus,
    User,
    WaitlistEntry,
    WaitlistStatus,
)
from services.waitlist import OwnEntry
from tests.services.rows import a_mentor, a_seat, a_user, acting, an_admin, an_offer

S = WaitlistStatus


@dataclass
class Waiting:
    """A mentor whose places are all in grace, and whoever waits, by first names."""

    mentor: Mentor
    offer: PackOffer
    admin: Actor
    owners: list[Seat] = field(default_factory=list[Seat])
    people: dict[str, User] = field(default_factory=dict[str, User])

    def actor(self, name: str) -> Actor:
        """Somebody by their first name; new people come into being."""
        if name not in self.people:
            self.people[name] = a_user(f"{name} Waits")
        return acting(self.people[name])

    def joins(self, *names: str) -> None:
        """They join the line, one after the other."""
        for name in names:
            actor = self.actor(name)
            with db.transaction() as session:
                waitlist.join(session, actor=actor, mentor=self.mentor.slug)

    def entry(self, name: str) -> WaitlistEntry:
        """The newest entry of somebody."""
        with db.reading() as session:
            own = select(WaitlistEntry).where(WaitlistEntry.mentee_id == self.people[name].id)
            return session.exec(own.order_by(col(WaitlistEntry.id).desc()).limit(1)).one()

    def own(self, name: str) -> tuple[OwnEntry, ...]:
        """What somebody sees of their places."""
        actor = self.actor(name)
        with db.reading() as session:
            return waitlist.list_own(session, actor=actor)

    def position(self, name: str) -> int:
        """Where somebody stands, by what they see."""
        [own] = self.own(name)
        return own.position

    def now(self) -> dict[str, WaitlistStatus]:
        """Everybody's newest status."""
        return {name: self.entry(name).status for name in self.people}

    def frees(self, place: int = 0) -> None:
        """A seat in grace is given back."""
        seat = self.owners[place].public_id
        seats.release_by_hand(actor=self.admin, seat=seat, reason="moved away")

    def does(self, work: Any, name: str, **more: Any) -> None:
        """Somebody does something about their newest entry."""
        actor, entry = self.actor(name), self.entry(name).public_id
        with db.transaction() as session:
            work(session, actor=actor, entry=entry, **more)

    def decides(self, work: Any, name: str, **more: Any) -> None:
        """The admin does."""
        entry = self.entry(name).public_id
        with db.transaction() as session:
            work(session, actor=self.admin, entry=entry, **more)

    def buys(self, name: str) -> CheckoutStarted:
        """Somebody goes to the payment page."""
        return checkout.start(actor=self.actor(name), offer=self.offer.public_id)

    def taken(self) -> int:
        """How many places are taken."""
        with db.reading() as session:
            return seats.count_taken(session, self.mentor.id)


def waiting(*names: str, capacity: int = 1, **fields: Any) -> Waiting:
    """A mentor with this many places, all of them in grace, and people in line."""
    mentor = a_mentor(capacity=capacity, **fields)
    line = Waiting(mentor, an_offer(mentor), acting(an_admin()))
    for number in range(capacity):
        line.owners.append(a_seat(a_user(f"Owner {number}"), mentor, SeatStatus.GRACE))
    line.joins(*names)
    return line


def told(kind: str) -> list[int]:
    """To whom mails of a kind were written, oldest first."""
    with db.reading() as session:
        mails = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
    return [mail.data["user_id"] for mail in mails if mail.data.get("template") == kind]
