"""A random history of a studio, and its figures added up slowly and obviously in plain Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from services import db, ledger
from services.ledger.posting import About, Leg, post
from services.models import (
    Account,
    CapacityEvent,
    Mentor,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    PostingKind,
    Provider,
    Seat,
    SeatEvent,
    SeatStatus,
    TaxMode,
)
from tests.services.rows import a_mentor, a_user, an_offer, saved

NEXT = {
    None: [SeatStatus.HELD],
    SeatStatus.HELD: [SeatStatus.ACTIVE, SeatStatus.ACTIVE, SeatStatus.RELEASED],
    SeatStatus.ACTIVE: [SeatStatus.GRACE, SeatStatus.RELEASED],
    SeatStatus.GRACE: [SeatStatus.ACTIVE, SeatStatus.RELEASED],
}


@dataclass(frozen=True)
class Key:
    """One line of money: which month (its first day), mentor, offer, provider and currency."""

    month: date
    mentor: str
    offer: str
    provider: str
    currency: str


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
        self.facts: list[tuple[Order, datetime, Counter[str]]] = []
        self.paid: list[tuple[Order, Payment]] = []
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
        """An order, its payment (perhaps failed), and what became of the money since."""
        offer, mentee = self.dice.choice(self.offers), self.dice.choice(self.mentees)
        at, provider = self.moment(begin), self.dice.choice(list(Provider))
        tax = self.dice.choice([0, offer.price_minor // 7])
        self._number += 1
        with db.transaction() as session:
            order = Order(
                mentee_id=mentee.id,
                mentor_id=offer.mentor_id,
                offer_id=offer.id,
                title=offer.title,
                sessions=4,
                list_minor=offer.price_minor,
                amount_minor=offer.price_minor,
                tax_minor=tax,
                currency=offer.currency,
                status=OrderStatus.PAID,
                provider=provider,
                created_at=at,
                tax_mode=TaxMode.INCLUDED if tax else TaxMode.NONE,
                tax_rate_bp=1667 if tax else 0,
            )
            session.add(order)
            session.flush()
            status = self.dice.choice([*PaymentStatus, *[PaymentStatus.COMPLETED] * 4])
            payment = Payment(
                order_id=order.id,
                provider=provider,
                provider_id=f"pi_{self._number}",
                amount_minor=order.amount_minor,
                currency=order.currency,
                status=status,
                created_at=at,
                completed_at=None if status is PaymentStatus.PENDING else at,
            )
            session.add(payment)
            session.flush()
            if status in {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}:
                ledger.post_sale(session, order=order, payment=payment)
                net = order.amount_minor - tax
                self._note(order, at, paid=order.amount_minor, deferred=net, payments=1)
                self.paid.append((order, payment))
        if self.paid and self.paid[-1][1] is payment:
            for _ in range(self.dice.randint(0, 6)):
                self.dice.choice(self.happenings)(order, payment)

    @property
    def happenings(self) -> list[Callable[[Order, Payment], None]]:
        """What may become of a payment, each at some moment after it."""
        return [self.session, self.session, self.expiry, self.refund, self.fee, self.dispute]

    def session(self, order: Order, payment: Payment) -> None:
        """A session is held; perhaps that is corrected later."""
        at, part, share = self.moment(payment.created_at), 1_111, 777
        legs = [
            Leg(Account.DEFERRED, Account.EARNED, part),
            Leg(Account.MENTOR_SHARE, Account.MENTOR_EARNINGS, share),
        ]
        self._post(order, payment, at, PostingKind.SESSION, *legs)
        self._note(order, at, earned=part, deferred=-part, share=share)
        if self.dice.random() < 0.3:
            later = self.moment(at)
            undone = [Leg(leg.credit, leg.debit, leg.minor) for leg in legs]
            self._post(order, payment, later, PostingKind.SESSION_UNDONE, *undone)
            self._note(order, later, earned=-part, deferred=part, share=-share)

    def expiry(self, order: Order, payment: Payment) -> None:
        """A credit expires."""
        at = self.moment(payment.created_at)
        leg = Leg(Account.DEFERRED, Account.EARNED, 300)
        self._post(order, payment, at, PostingKind.BREAKAGE, leg)
        self._note(order, at, earned=300, breakage=300, deferred=-300)

    def refund(self, order: Order, payment: Payment) -> None:
        """Some of it goes back out of what was earned, and perhaps it comes again."""
        at, minor = self.moment(payment.created_at), self.dice.randint(1, 900)
        owed = Leg(Account.EARNED, Account.REFUNDS, minor)
        sent = Leg(Account.REFUNDS, Account.PROVIDER, minor)
        self._post(order, payment, at, PostingKind.REFUND, owed, sent)
        self._note(order, at, refunded=minor, refunds=1, earned=-minor)
        if self.dice.random() < 0.3:
            later = self.moment(at)
            back = Leg(Account.PROVIDER, Account.REFUNDS, minor)
            self._post(order, payment, later, PostingKind.REFUND_UNDONE, back)
            self._note(order, later, refunded=-minor, refunds=-1)

    def fee(self, order: Order, payment: Payment) -> None:
        """The provider keeps something, on the day of the payment, whenever we hear of it."""
        at = payment.created_at
        leg = Leg(Account.FEES, Account.PROVIDER, 123)
        self._post(order, payment, at, PostingKind.FEE, leg)
        self._note(order, at, fees=123)

    def dispute(self, order: Order, payment: Payment) -> None:
        """A bank takes it back, and perhaps gives it back."""
        at, minor = self.moment(payment.created_at), order.amount_minor
        taken = Leg(Account.DISPUTES, Account.PROVIDER, minor)
        self._post(order, payment, at, PostingKind.DISPUTE, taken)
        self._note(order, at, disputed=minor)
        if self.dice.random() < 0.5:
            later = self.moment(at)
            back = Leg(Account.PROVIDER, Account.DISPUTES, minor)
            self._post(order, payment, later, PostingKind.DISPUTE_WON, back)
            self._note(order, later, disputed=-minor)

    def late_news(self) -> None:
        """Something that happened to an old payment becomes known."""
        for happening in self.happenings:
            happening(*self.dice.choice(self.paid))

    def _post(
        self, order: Order, payment: Payment, at: datetime, kind: PostingKind, *legs: Leg
    ) -> None:
        about = About(
            currency=order.currency,
            provider=payment.provider,
            order_id=order.id,
            mentor_id=order.mentor_id,
            payment_id=payment.id,
        )
        self._number += 1
        with db.transaction() as session:
            key = f"happening {self._number}"
            assert post(session, key=key, kind=kind, legs=legs, about=about, at=at)

    def _note(self, order: Order, at: datetime, **amounts: int) -> None:
        self.facts.append((order, at, Counter(amounts)))

    def money(self, first: date, last: date, zone: str) -> dict[Key, Counter[str]]:
        """What happened in these days, added up one fact after the other."""
        found: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        slugs = {mentor.id: mentor.slug for mentor in self.mentors}
        offers = {offer.id: offer.public_id for offer in self.offers}
        for order, at, amounts in self.facts:
            day = at.astimezone(ZoneInfo(zone)).date()
            if first <= day <= last:
                assert order.provider
                key = Key(
                    day.replace(day=1),
                    slugs[order.mentor_id],
                    offers[order.offer_id],
                    order.provider.value,
                    order.currency,
                )
                for name, minor in amounts.items():  # Counter's own sums drop what is below zero
                    found[key][name] += minor
        return dict(found)

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

    def go_on(self, times: int) -> None:
        """Some of everything."""
        for _ in range(times):
            self.purchase()
            if self.dice.random() < 0.6:
                self.stay()
            if self.dice.random() < 0.2:
                self.capacity()


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
