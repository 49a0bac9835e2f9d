"""A random history of a studio, and its figures added up slowly and obviously in plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from services import db
from services.models import (
    CapacityEvent,
    Mentor,
    Order,
    OrderStatus,
    PackOffer,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    Seat,
    SeatEvent,
    SeatStatus,
)
from tests.services.rows import a_mentor, a_user, an_offer, saved

NEXT = {
    None: [SeatStatus.HELD],
    SeatStatus.HELD: [SeatStatus.ACTIVE, SeatStatus.ACTIVE, SeatStatus.RELEASED],
    SeatStatus.ACTIVE: [SeatStatus.GRACE, SeatStatus.RELEASED],
    SeatStatus.GRACE: [SeatStatus.ACTIVE, SeatStatus.RELEASED],
}


class History:
    """Writes rows as a studio leaves them, at random instants of a stretch of time."""

    def __init__(self, seed: int, *, begin: datetime, end: datetime, mentors: int = 3) -> None:
        self.dice = random.Random(seed)
        self.begin, self.end = begin, end
        self.mentors = [
            a_mentor(f"Mentor {n}", capacity=n, created_at=begin) for n in range(mentors)
        ]
        self.offers = [
            an_offer(mentor, price, currency=currency, title=title)
            for mentor in self.mentors
            for price, currency, title in ((12_000, "EUR", "Four"), (9_900, "USD", "Two"))
        ]
        self.mentees = [a_user(f"Mentee {n}") for n in range(4)]
        self._number = 0
        for mentor in self.mentors:
            saved(CapacityEvent(mentor_id=mentor.id, capacity=mentor.capacity, at=begin))

    def moment(self, begin: datetime | None = None, end: datetime | None = None) -> datetime:
        """A random instant, sometimes exactly the beginning of a day somewhere."""
        begin, end = begin or self.begin, end or self.end
        at = begin + (end - begin) * self.dice.random()
        if self.dice.random() < 0.2:
            zone = ZoneInfo(self.dice.choice(["UTC", "Europe/Berlin", "America/New_York"]))
            edge = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
            at = edge.astimezone(UTC) - timedelta(microseconds=self.dice.choice([0, 1]))
        return min(max(at, begin), end)

    def purchase(self, *, begin: datetime | None = None) -> None:
        """An order, its payment (perhaps failed), and perhaps refunds of all kinds."""
        offer, mentee = self.dice.choice(self.offers), self.dice.choice(self.mentees)
        at = self.moment(begin)
        self._number += 1
        with db.transaction() as session:
            order = Order(
                mentee_id=mentee.id,
                mentor_id=offer.mentor_id,
                offer_id=offer.id,
                title=offer.title,
                sessions=4,
                amount_minor=offer.price_minor,
                currency=offer.currency,
                status=OrderStatus.PAID,
                created_at=at,
            )
            session.add(order)
            session.flush()
            status = self.dice.choice([*PaymentStatus, *[PaymentStatus.COMPLETED] * 4])
            payment = Payment(
                order_id=order.id,
                provider=Provider.STRIPE,
                provider_id=f"pi_{self._number}",
                amount_minor=order.amount_minor,
                currency=order.currency,
                status=status,
                created_at=at,
                completed_at=None if status is PaymentStatus.PENDING else at,
            )
            session.add(payment)
            session.flush()
            for _ in range(self.dice.choice([0, 0, 1, 2])):
                session.add(self._refund(order, payment))

    def _refund(self, order: Order, payment: Payment) -> Refund:
        status = self.dice.choice([*RefundStatus, *[RefundStatus.SUCCEEDED] * 4])
        settled = status in {RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED}
        amount = self.dice.choice([order.amount_minor, self.dice.randint(1, order.amount_minor)])
        return Refund(
            order_id=order.id,
            payment_id=payment.id,
            provider=Provider.STRIPE,
            amount_minor=amount,
            currency=order.currency,
            status=status,
            source=RefundSource.ADMIN,
            reason=RefundReason.PAID_TWICE,
            settled_at=self.moment(payment.created_at) if settled else None,
        )

    def stay(self, *, begin: datetime | None = None) -> None:
        """A seat from its hold to some end, or still there."""
        mentor, mentee = self.dice.choice(self.mentors), self.dice.choice(self.mentees)
        at = self.moment(begin)
        events: list[tuple[SeatStatus, datetime]] = []
        status: SeatStatus | None = None
        while status is not SeatStatus.RELEASED:
            status = self.dice.choice(NEXT[status])
            events.append((status, at))
            if len(events) > 1 and self.dice.random() < 0.2:
                break
            if at >= self.end:
                break
            at = self.moment(at)
        with db.transaction() as session:
            # Many seats of one pair: only released ones may repeat, so the row's own state is
            # "released"; the history is what counts over time.
            seat = Seat(
                mentee_id=mentee.id,
                mentor_id=mentor.id,
                status=SeatStatus.RELEASED,
                released_at=at,
            )
            session.add(seat)
            session.flush()
            for status, moment in events:
                session.add(
                    SeatEvent(
                        seat_id=seat.id,
                        mentor_id=mentor.id,
                        status=status,
                        reason="a test",
                        at=moment,
                    )
                )

    def capacity(self, *, begin: datetime | None = None) -> None:
        """Another capacity for some mentor, also zero and less than is in use."""
        mentor = self.dice.choice(self.mentors)
        saved(
            CapacityEvent(
                mentor_id=mentor.id, capacity=self.dice.randint(0, 4), at=self.moment(begin)
            )
        )

    def refund_fails(self) -> None:
        """A refund that had succeeded is not one after all."""
        with db.transaction() as session:
            found = select(Refund).where(Refund.status == RefundStatus.SUCCEEDED)
            refund = self.dice.choice(session.exec(found).all())
            refund.status, refund.settled_at = RefundStatus.FAILED, self.end

    def payment_is_refunded(self) -> None:
        """All of a payment went back: it came in all the same."""
        with db.transaction() as session:
            found = select(Payment).where(Payment.status == PaymentStatus.COMPLETED)
            payment = self.dice.choice(session.exec(found).all())
            payment.status = PaymentStatus.REFUNDED

    def go_on(self, times: int) -> None:
        """Some of everything."""
        for _ in range(times):
            self.purchase()
            if self.dice.random() < 0.6:
                self.stay()
            if self.dice.random() < 0.2:
                self.capacity()


@dataclass(frozen=True)
class Key:
    """One line of money: which month (its first day), mentor, offer and currency."""

    month: date
    mentor: str
    offer: str
    currency: str


def money(first: date, last: date, zone: str) -> dict[Key, list[int]]:
    """Per key: paid, refunded, payments, refunds; from every row, one after the other."""
    found: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def key(order: Order, at: datetime, currency: str) -> Key | None:
        day = at.astimezone(ZoneInfo(zone)).date()
        if not first <= day <= last:
            return None
        mentor = session.get_one(Mentor, order.mentor_id)
        offer = session.get_one(PackOffer, order.offer_id)
        return Key(day.replace(day=1), mentor.slug, offer.public_id, currency)

    with db.reading() as session:
        for payment in session.exec(select(Payment)).all():
            if payment.completed_at and payment.status in {"completed", "refunded"}:
                order = session.get_one(Order, payment.order_id)
                if place := key(order, payment.completed_at, payment.currency):
                    found[place][0] += payment.amount_minor
                    found[place][2] += 1
        for refund in session.exec(select(Refund)).all():
            if refund.settled_at and refund.status == "succeeded":
                order = session.get_one(Order, refund.order_id)
                if place := key(order, refund.settled_at, refund.currency):
                    found[place][1] += refund.amount_minor
                    found[place][3] += 1
    return dict(found)


@dataclass(frozen=True)
class State:
    """A mentor's seats from a second on."""

    second: int
    active: int
    grace: int
    held: int
    capacity: int


def timeline(mentor: str) -> list[State]:
    """Every state that the mentor (slug) was ever in: asked anew after every change."""
    with db.reading() as session:
        one = session.exec(select(Mentor).where(Mentor.slug == mentor)).one()
        events = session.exec(select(SeatEvent).where(SeatEvent.mentor_id == one.id)).all()
        changes = session.exec(select(CapacityEvent).where(CapacityEvent.mentor_id == one.id)).all()
    by_seat: defaultdict[int, list[Any]] = defaultdict(list)
    for event in events:
        by_seat[event.seat_id].append(event)

    def last_at(rows: list[Any], moment: int) -> Any:
        before = [row for row in rows if second(row.at) <= moment]
        return max(before, key=lambda row: (row.at, row.id), default=None)

    states: list[State] = []
    for moment in sorted({second(row.at) for row in (*events, *changes)}):
        seats = [last_at(rows, moment) for rows in by_seat.values()]
        count = {name: sum(1 for row in seats if row and row.status == name) for name in SEAT}
        capacity = last_at(list(changes), moment)
        states.append(State(moment, **count, capacity=capacity.capacity if capacity else 0))
    return states


SEAT = ("active", "grace", "held")


def second(at: datetime) -> int:
    """The whole seconds since 1970."""
    return int(at.timestamp() // 1)


def seat_seconds(states: list[State], begin: datetime, end: datetime) -> dict[str, int]:
    """The seat-seconds of a timeline between two instants."""
    sums: dict[str, int] = dict.fromkeys((*SEAT, "capacity", "free", "over"), 0)
    ends = [state.second for state in states[1:]] + [2**60]
    for state, until in zip(states, ends, strict=False):
        length = max(0, min(until, second(end)) - max(state.second, second(begin)))
        taken = state.active + state.grace + state.held
        for name in (*SEAT, "capacity"):
            sums[name] += getattr(state, name) * length
        sums["free"] += max(0, state.capacity - taken) * length
        sums["over"] += max(0, taken - state.capacity) * length
    return sums
