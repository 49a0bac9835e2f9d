"""The line before a mentor's seats, within one process.

A rush of buyers would otherwise take every connection to the database just to wait for one row, and
be told one after the other, under the lock, that nothing is left. Here one of them at a time goes
on to the lock, and looks first, without it, for all who stand behind: once the seats are sold out,
one read is the answer to everybody who was in line when it began.

The line guarantees nothing, the lock and the count in `opening` do: several processes have several
lines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, or_
from sqlmodel import Session, col, select

from services import db
from services.errors import SeatsSoldOut
from services.ids import MentorId, UserId
from services.models import (
    Mentor,
    OfferStatus,
    Order,
    OrderStatus,
    PackOffer,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.seats import waits_for

PATIENCE_SECONDS = 10
"""Who waited this long goes on anyway: something slow is ahead, and it has time-outs of its own."""


@dataclass(eq=False, slots=True)
class _Ticket:
    """One click. `sold_out` is the mentor's name once somebody ahead found that nothing is left."""

    offer: str
    buyer: UserId
    sold_out: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    turn: threading.Lock = field(default_factory=threading.Lock)
    waiting: set[_Ticket] = field(default_factory=set)


_LINES = tuple(_Line() for _ in range(64))


@contextmanager
def in_line(*, offer: str, buyer: UserId) -> Iterator[None]:
    """Wait for one's turn to take a seat. Begin no transaction before it.

    Raises:
        SeatsSoldOut: no place is free, and the buyer has none to renew or to take over.
    """
    line = _LINES[hash(offer) % len(_LINES)]
    ticket = _Ticket(offer, buyer)
    line.waiting.add(ticket)
    came = line.turn.acquire(timeout=PATIENCE_SECONDS)
    try:
        line.waiting.discard(ticket)
        if not ticket.sold_out:
            _look([ticket, *(each for each in tuple(line.waiting) if each.offer == offer)])
        if ticket.sold_out:
            raise SeatsSoldOut(ticket.sold_out)
        yield
    finally:
        if came:
            line.turn.release()


# Made once: making a statement takes longer than running it.
_taken = (
    select(func.count())
    .where(Seat.mentor_id == Mentor.id, Seat.status != SeatStatus.RELEASED)
    .scalar_subquery()
)
_SOLD_OUT = (
    select(Mentor.id, User.id, User.name)
    .select_from(PackOffer)
    .join(Mentor, col(Mentor.id) == PackOffer.mentor_id)
    .join(User, col(User.id) == Mentor.user_id)
    .where(
        col(PackOffer.public_id) == bindparam("offer"),
        col(PackOffer.status) == OfferStatus.ACTIVE,
        col(User.status) == UserStatus.ACTIVE,
        col(Mentor.listed),
        or_(_taken >= col(Mentor.capacity), waits_for(col(Mentor.id))),
    )
)


def _look(tickets: Sequence[_Ticket]) -> None:
    """Mark those for whom there is nothing to decide; they all want the same offer."""
    with db.reading() as session:
        found = session.connection().execute(_SOLD_OUT, {"offer": tickets[0].offer}).first()
        if found is None:
            return
        mentor_id, owner_id, name = MentorId(found[0]), found[1], found[2]
        others = _with_a_place(session, mentor_id, [ticket.buyer for ticket in tickets])
    for ticket in tickets:
        if ticket.buyer not in others and ticket.buyer != owner_id:
            ticket.sold_out = name


def _with_a_place(db: Session, mentor_id: MentorId, buyers: Sequence[UserId]) -> set[UserId]:
    """Those of the buyers who have a seat, or an open checkout, with the mentor."""
    seats = select(Seat.mentee_id).where(
        Seat.mentor_id == mentor_id,
        Seat.status != SeatStatus.RELEASED,
        col(Seat.mentee_id).in_(buyers),
    )
    checkouts = select(Order.mentee_id).where(
        Order.mentor_id == mentor_id,
        Order.status == OrderStatus.PENDING,
        col(Order.mentee_id).in_(buyers),
    )
    return {UserId(found) for found in (*db.exec(seats).all(), *db.exec(checkouts).all())}
