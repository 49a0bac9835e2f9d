"""Seats: counted, kept, released by hand; never more than the lock allows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import checkout, clock, db, packs, seats
from services.audit import SYSTEM, Actor
from services.errors import Conflict, InvalidInput, NotFound, SeatsSoldOut, SignInNeeded
from services.models import (
    AuditEntry,
    Mentor,
    PackStatus,
    ReleaseReason,
    Seat,
    SeatEvent,
    SeatStatus,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
)
from tests.support.studio import BEGINNING, Studio, stored


def _stored_seat() -> Seat:
    [seat] = stored(Seat)
    return seat


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (SeatStatus.HELD, 1),
        (SeatStatus.ACTIVE, 1),
        (SeatStatus.GRACE, 1),
        (SeatStatus.RELEASED, 0),
    ],
)
def test_held_active_and_grace_take_a_place_and_released_does_not(
    database: str, status: SeatStatus, taken: int
) -> None:
    mentor = a_mentor(capacity=1)
    a_seat(a_user(), mentor, status)
    with db.transaction() as session:
        row = session.get_one(Mentor, mentor.id)
        assert seats.count_taken(session, mentor.id) == taken
        assert seats.has_place(session, row) is (taken == 0)


def test_a_hold_beyond_the_capacity_is_refused(database: str) -> None:
    mentor, mentee = a_mentor(capacity=0), a_user()
    until = clock.utc_now() + timedelta(minutes=35)
    with pytest.raises(SeatsSoldOut), db.transaction() as session:
        row = session.get_one(Mentor, mentor.id)
        seats.hold(session, actor=SYSTEM, mentee_id=mentee.id, mentor=row, until=until)
    assert stored(Seat) == []


def test_lowering_the_capacity_evicts_nobody(studio: Studio) -> None:
    mentor = a_mentor(capacity=2)
    for name in ("First Mentee", "Second Mentee"):
        a_pack(a_seat(a_user(name), mentor))
    with db.transaction() as session:
        session.get_one(Mentor, mentor.id).capacity = 1
    studio.sweep()
    assert [seat.status for seat in stored(Seat)] == [SeatStatus.ACTIVE, SeatStatus.ACTIVE]
    with pytest.raises(SeatsSoldOut):
        checkout.start(actor=acting(a_user("Third Mentee")), offer=an_offer(mentor).public_id)


def test_every_change_of_a_seat_is_in_its_history(studio: Studio) -> None:
    order = checkout.start(actor=acting(a_user()), offer=an_offer(a_mentor()).public_id).order
    studio.pay(order)
    studio.deliver()
    assert [event.status for event in stored(SeatEvent)] == [SeatStatus.HELD, SeatStatus.ACTIVE]
    audited = [line.action for line in stored(AuditEntry) if line.thing.startswith("sea_")]
    assert audited == ["seat.held", "seat.active"]


def test_the_seat_goes_to_grace_for_72_hours_when_the_last_pack_ends(database: str) -> None:
    with clock.at(BEGINNING):
        seat = a_seat(a_user(), a_mentor())
        a_pack(seat, expires_at=BEGINNING + timedelta(days=1))
        a_pack(seat, expires_at=BEGINNING + timedelta(days=2))
    with clock.at(BEGINNING + timedelta(days=1)):
        packs.expire_due()
        assert _stored_seat().status is SeatStatus.ACTIVE
    with clock.at(BEGINNING + timedelta(days=2)):
        packs.expire_due()
        assert _stored_seat().status is SeatStatus.GRACE
        assert _stored_seat().grace_ends_at == clock.utc_now() + timedelta(hours=72)


def test_a_frozen_pack_keeps_the_seat(database: str) -> None:
    with clock.at(BEGINNING):
        seat = a_seat(a_user(), a_mentor())
        a_pack(seat, status=PackStatus.FROZEN)
        a_pack(seat, expires_at=BEGINNING + timedelta(days=1))
    with clock.at(BEGINNING + timedelta(days=1)):
        packs.expire_due()
    assert _stored_seat().status is SeatStatus.ACTIVE


def test_a_seat_in_grace_becomes_active_with_a_new_pack(studio: Studio) -> None:
    mentor, mentee = a_mentor(capacity=1), a_user()
    a_seat(mentee, mentor, SeatStatus.GRACE)
    order = checkout.start(actor=acting(mentee), offer=an_offer(mentor).public_id).order
    studio.pay(order)
    studio.deliver()
    assert (_stored_seat().status, _stored_seat().grace_ends_at) == (SeatStatus.ACTIVE, None)


@pytest.mark.parametrize("who", ["admin", "mentor"])
def test_a_seat_is_released_by_hand_with_a_reason(database: str, who: str) -> None:
    mentor = a_mentor(capacity=1)
    seat = a_seat(a_user(), mentor, SeatStatus.GRACE)
    actor = acting(an_admin()) if who == "admin" else acting_mentor(mentor)
    seats.release_by_hand(actor=actor, seat=seat.public_id, reason="  moved   away ")
    assert _stored_seat().status is SeatStatus.RELEASED
    assert _stored_seat().release_reason is ReleaseReason.BY_HAND
    [line] = [each for each in stored(AuditEntry) if each.action == "seat.released_by_hand"]
    assert (line.after, line.actor_id) == ({"reason": "moved away"}, actor.user_id)


def test_a_seat_is_not_released_by_hand_by_strangers_or_without_a_reason(database: str) -> None:
    mentor, mentee = a_mentor(), a_user()
    seat = a_seat(mentee, mentor, SeatStatus.GRACE)
    refused: list[tuple[Actor, str, str, type[Exception]]] = [
        (Actor("visitor"), seat.public_id, "a reason", SignInNeeded),
        (acting(mentee), seat.public_id, "a reason", NotFound),
        (acting_mentor(a_mentor("Other Mentor")), seat.public_id, "a reason", NotFound),
        (acting_mentor(mentor), "sea_unknown", "a reason", NotFound),
        (acting_mentor(mentor), seat.public_id, "  x ", InvalidInput),
        (acting_mentor(mentor), seat.public_id, "x" * 201, InvalidInput),
    ]
    for actor, wanted, reason, error in refused:
        with pytest.raises(error):
            seats.release_by_hand(actor=actor, seat=wanted, reason=reason)
    assert _stored_seat().status is SeatStatus.GRACE


def test_a_seat_with_sessions_left_is_not_released_by_hand(database: str) -> None:
    seat = a_seat(a_user(), a_mentor())
    a_pack(seat, left=1)
    with pytest.raises(Conflict, match="Refund the pack"):
        seats.release_by_hand(actor=acting(an_admin()), seat=seat.public_id, reason="moved away")


def test_a_seat_with_an_open_checkout_is_kept_until_it_is_settled(studio: Studio) -> None:
    order = checkout.start(actor=acting(a_user()), offer=an_offer(a_mentor()).public_id).order
    seat = studio.seat(order)
    with pytest.raises(Conflict, match="open checkout"):
        seats.release_by_hand(actor=acting(an_admin()), seat=seat.public_id, reason="moved away")
    assert studio.seat(order).status is SeatStatus.HELD
