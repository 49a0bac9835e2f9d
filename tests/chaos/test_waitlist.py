"""Races for a place that somebody waits for: it is offered once, to the first in line, and whoever
pays has it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from services import catalogue, checkout, clock, db, seats, waitlist
from services.audit import SYSTEM, Actor
from services.config import settings
from services.ids import UserId
from services.models import (
    Order,
    OrderStatus,
    Seat,
    SeatStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.seats import kept, line, releasing
from tests.chaos import truth
from tests.chaos.crowd import PATIENCE_SECONDS, refusals, succeeded, together
from tests.chaos.shop import Buyer, Shop, admin, buyers, open_shop
from tests.chaos.test_races import order_of
from tests.chaos.till import Till

pytestmark = [pytest.mark.chaos, pytest.mark.alike]

S = WaitlistStatus


@dataclass(frozen=True)
class Queue:
    """A shop whose places are all in grace, and people in line."""

    shop: Shop
    seats: tuple[str, ...]
    people: list[Buyer]

    def entries(self) -> list[WaitlistEntry]:
        """All entries, in the order of the line."""
        with db.reading() as session:
            own = select(WaitlistEntry).where(WaitlistEntry.mentor_id == self.shop.mentor_id)
            return list(session.exec(own.order_by(*line.in_order())).all())

    def statuses(self) -> list[WaitlistStatus]:
        """The status of each, in the order of the line."""
        return [entry.status for entry in self.entries()]

    def frees(self, boss: Actor, place: int = 0) -> None:
        """One of the seats in grace is given back."""
        seats.release_by_hand(actor=boss, seat=self.seats[place], reason="moved away")

    def never_oversold(self) -> None:
        """As many seats as places; everybody on offer has one, and nobody has two."""
        with db.reading() as session:
            held = session.exec(
                select(Seat.mentee_id).where(
                    Seat.mentor_id == self.shop.mentor_id, Seat.status != SeatStatus.RELEASED
                )
            ).all()
        assert max(Counter(held).values(), default=0) <= 1
        assert len(held) <= len(self.seats)
        offered = {entry.mentee_id for entry in self.entries() if entry.status is S.OFFERED}
        assert offered <= set(held)


def queue(*, places: int = 1, waiting: int = 2) -> Queue:
    """A full shop, and so many people in its line."""
    shop, owners, people = open_shop(capacity=places), buyers(places), buyers(waiting)
    ends_at = clock.utc_now() + timedelta(days=2)
    with db.transaction() as session:
        taken = [
            Seat(
                mentee_id=owner.id,
                mentor_id=shop.mentor_id,
                status=SeatStatus.GRACE,
                grace_ends_at=ends_at,
            )
            for owner in owners
        ]
        session.add_all(taken)
    for person in people:
        with db.transaction() as session:
            waitlist.join(session, actor=person.actor, mentor=shop.slug)
    return Queue(shop, tuple(seat.public_id for seat in taken), people)


def boss() -> Actor:
    """An admin."""
    return Actor("user", user_id=admin().id, is_admin=True, verified=True)


def declining(waits: Queue) -> Callable[[], None]:
    """The first in line declines the offer."""
    [first, *_] = waits.entries()

    def decline() -> None:
        with db.transaction() as session:
            waitlist.decline(session, actor=waits.people[0].actor, entry=first.public_id)

    return decline


def at(moment: datetime, call: Callable[[], object]) -> Callable[[], object]:
    """The same, by the clock of another host."""

    def then() -> object:
        with clock.at(moment):
            return call()

    return then


def offer_end() -> datetime:
    """When an offer that is made now ends."""
    return clock.utc_now() + timedelta(hours=settings().waitlist_offer_hours)


def test_without_the_lock_a_place_is_passed_on_while_its_checkout_opens(till: Till) -> None:
    """The control: the services' own reads and writes, but both look before either writes. In the
    end somebody is sent to pay for a place that another one is offered."""
    waits = queue()
    waits.frees(boss())
    [first, _] = waits.entries()
    looked = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def take() -> None:
        with db.reading() as session:
            seat = seats.find_unreleased(session, first.mentee_id, first.mentor_id)
        looked.wait()
        assert seat is not None
        with db.transaction() as session:
            session.add(order_of(waits.shop, waits.people[0], seat))

    def lapse() -> None:
        with db.reading() as session:
            paying = kept.is_being_paid(session, first.seat_id)
        looked.wait()
        assert not paying
        with db.transaction() as session:
            offer = session.get_one(WaitlistEntry, first.id)
            releasing.lapse(session, actor=SYSTEM, offer=offer)

    results = together([take, lapse])

    assert refusals(results) == []
    [order] = truth.orders(waits.shop, OrderStatus.PENDING)
    with db.reading() as session:
        assert session.get_one(Seat, order.seat_id).status is SeatStatus.RELEASED
    assert waits.statuses() == [S.LAPSED, S.OFFERED]


def test_without_the_lock_two_freed_places_are_offered_to_the_same_person(till: Till) -> None:
    """The control: only the index on seats keeps them from having both."""
    waits = queue(places=2, waiting=2)
    with db.transaction() as session:
        for seat in session.exec(select(Seat).where(Seat.mentor_id == waits.shop.mentor_id)).all():
            seat.status, seat.grace_ends_at = SeatStatus.RELEASED, None
            seat.released_at = clock.utc_now()
    looked = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def offer() -> int:
        with db.reading() as session:
            waiting = select(WaitlistEntry.mentee_id).where(
                WaitlistEntry.mentor_id == waits.shop.mentor_id,
                WaitlistEntry.status == S.WAITING,
            )
            first = session.exec(waiting.order_by(*line.in_order()).limit(1)).one()
        looked.wait()
        with db.transaction() as session:
            seats.insert_held(
                session,
                actor=SYSTEM,
                mentee_id=UserId(first),
                mentor_id=waits.shop.mentor_id,
                until=offer_end(),
            )
        return first

    results = together([offer, offer])

    assert refusals(results) == ["IntegrityError"]
    assert succeeded(results) == [waits.people[0].id]


def test_places_that_are_freed_together_go_to_as_many_people_in_order(till: Till) -> None:
    waits, by = queue(places=8, waiting=12), boss()

    together([lambda place=place: waits.frees(by, place) for place in range(8)])

    assert waits.statuses() == [S.OFFERED] * 8 + [S.WAITING] * 4
    assert truth.taken(waits.shop.mentor_id) == 8
    waits.never_oversold()


def test_one_freed_place_is_offered_once_whoever_frees_and_raises_and_sweeps(till: Till) -> None:
    waits, by = queue(places=1, waiting=3), boss()

    def raise_capacity() -> None:
        with db.transaction() as session:
            catalogue.update_profile(
                session,
                actor=waits.shop.owner,
                slug=waits.shop.slug,
                headline="",
                bio="",
                skills=[],
                languages=[],
                capacity=2,
            )

    calls: list[Callable[[], object]] = [lambda: waits.frees(by), raise_capacity]
    together([*calls, *([waitlist.pass_on_idle] * 6)])

    assert waits.statuses() == [S.OFFERED, S.OFFERED, S.WAITING]
    assert truth.taken(waits.shop.mentor_id) == 2


def test_an_offer_declined_while_it_is_taken_is_either(till: Till) -> None:
    lines, by = [queue() for _ in range(10)], boss()
    for waits in lines:
        waits.frees(by)
    takes = [
        lambda waits=waits: checkout.start(actor=waits.people[0].actor, offer=waits.shop.offer)
        for waits in lines
    ]

    results = together([*takes, *(declining(waits) for waits in lines)])

    assert set(refusals(results)) <= {"SeatsSoldOut", "Conflict"}
    assert len(refusals(results)) == len(lines)
    for waits in lines:
        waits.never_oversold()
        assert truth.taken(waits.shop.mentor_id) == 1
        orders = truth.orders(waits.shop, OrderStatus.PENDING)
        if orders:
            assert waits.statuses() == [S.OFFERED, S.WAITING]
            assert seat_of(orders[0]).status is SeatStatus.HELD
        else:
            assert waits.statuses() == [S.DECLINED, S.OFFERED]


def test_an_offer_that_ends_while_its_checkout_opens_is_either(till: Till) -> None:
    """Two hosts whose clocks differ by a little: to one the offer still stands."""
    lines, by = [queue() for _ in range(10)], boss()
    soon = clock.utc_now() + timedelta(minutes=2)
    for waits in lines:
        waits.frees(by)
        with db.transaction() as session:
            offer = session.get_one(WaitlistEntry, waits.entries()[0].id)
            offer.offer_ends_at = soon
    takes = [
        lambda waits=waits: checkout.start(actor=waits.people[0].actor, offer=waits.shop.offer)
        for waits in lines
    ]
    sweep = at(soon + timedelta(seconds=1), waitlist.pass_on_due)

    results = together([*takes[:5], *([sweep] * 4), *takes[5:]])

    assert set(refusals(results)) <= {"SeatsSoldOut"}
    for waits in lines:
        waits.never_oversold()
        orders = truth.orders(waits.shop, OrderStatus.PENDING)
        if orders:
            assert waits.statuses() == [S.OFFERED, S.WAITING]
            assert seat_of(orders[0]).status is SeatStatus.HELD
        else:
            assert waits.statuses() == [S.LAPSED, S.OFFERED]


def test_offers_that_end_together_are_passed_on_once_by_many_sweeps(till: Till) -> None:
    lines, by = [queue(places=2, waiting=5) for _ in range(3)], boss()
    for waits in lines:
        for place in range(2):
            waits.frees(by, place)
    end = offer_end() + timedelta(minutes=1)

    results = together([at(end, waitlist.pass_on_due)] * 8)

    assert refusals(results) == []
    assert sum(int(str(result)) for result in succeeded(results)) == 6
    for waits in lines:
        assert waits.statuses() == [S.LAPSED, S.LAPSED, S.OFFERED, S.OFFERED, S.WAITING]
        waits.never_oversold()


def test_people_who_join_together_are_all_in_line_once(till: Till) -> None:
    waits, crowd = queue(waiting=0), buyers(12)

    def join(person: Buyer) -> str:
        with db.transaction() as session:
            return waitlist.join(session, actor=person.actor, mentor=waits.shop.slug)

    results = together([lambda person=person: join(person) for person in crowd for _ in range(3)])

    assert refusals(results) == []
    assert len(set(succeeded(results))) == len(waits.entries()) == len(crowd)
    joined = [entry.joined_at for entry in sorted(waits.entries(), key=lambda entry: entry.id)]
    assert joined == sorted(joined)


def test_a_crowd_of_buyers_gets_nothing_of_a_place_that_somebody_waits_for(till: Till) -> None:
    waits, by = queue(waiting=1), boss()
    rush = [
        lambda person=person: checkout.start(actor=person.actor, offer=waits.shop.offer)
        for person in buyers(20)
    ]

    results = together([*rush[:10], lambda: waits.frees(by), *rush[10:]])

    assert refusals(results) == ["SeatsSoldOut"] * 20
    assert waits.statuses() == [S.OFFERED]
    assert truth.orders(waits.shop) == []


def seat_of(order: Order) -> Seat:
    """The seat that an order holds."""
    with db.reading() as session:
        return session.exec(select(Seat).where(col(Seat.id) == order.seat_id)).one()
