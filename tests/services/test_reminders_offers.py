"""Who was offered a place is reminded before it goes to the next in line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services import checkout, clock, db, waitlist
from services.models import Mentor, Seat, SeatStatus, User, WaitlistEntry, WaitlistStatus
from services.reminders import offers, sending
from tests.services.reminding import SENT, mailed, noted, reasons
from tests.services.rows import a_mentor, a_user, acting, an_offer, saved
from tests.support.studio import BEGINNING, Studio

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
END = BEGINNING + 24 * HOUR


@dataclass
class Offered:
    """Somebody who may take a place until a day from now."""

    mentor: Mentor
    person: User
    entry: WaitlistEntry


@pytest.fixture
def offered(studio: Studio) -> Iterator[Offered]:
    with clock.at(BEGINNING):
        mentor, person = a_mentor(), a_user()
        an_offer(mentor)
        seat = saved(Seat(mentee_id=person.id, mentor_id=mentor.id, held_until=END))
        entry = saved(
            WaitlistEntry(
                mentor_id=mentor.id,
                mentee_id=person.id,
                status=WaitlistStatus.OFFERED,
                offered_at=BEGINNING,
                offer_ends_at=END,
                seat_id=seat.id,
            )
        )
        yield Offered(mentor, person, entry)


def test_an_offer_is_reminded_of_once_six_hours_before_it_ends(offered: Offered) -> None:
    with clock.at(END - 6 * HOUR - MINUTE):
        assert sending.send_due() == 0
    with clock.at(END - 6 * HOUR):
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        [letter] = mailed(offers.KIND)
    assert noted() == [(offers.KIND, offered.person.id, SENT)]
    assert "3 March 2026 at 10:00 (UTC)" in letter.text


def test_whoever_is_paying_is_not_hurried_and_is_reminded_if_it_comes_to_nothing(
    studio: Studio, offered: Offered
) -> None:
    studio.wait_until(END - 7 * HOUR)
    offer = an_offer(offered.mentor, 9_000)
    order = checkout.start(actor=acting(offered.person), offer=offer.public_id).order
    studio.wait_until(END - 6 * HOUR - 30 * MINUTE)
    studio.wait(minutes=31)
    row = studio.order(order)
    with clock.at(row.expires_at - MINUTE):
        assert sending.send_due() == 0
    checkout.give_back(actor=acting(offered.person), order=order)
    assert sending.send_due() == 1
    assert noted() == [(offers.KIND, offered.person.id, SENT)]


def test_an_offer_that_ended_while_nobody_asked_is_noted_as_too_late(offered: Offered) -> None:
    with clock.at(END + HOUR):
        assert sending.send_due() == 1
        assert reasons() == [offers.OVER]
        assert mailed(offers.KIND) == []


def test_a_declined_offer_is_not_reminded_of(offered: Offered) -> None:
    with db.transaction() as tx:
        waitlist.decline(tx, actor=acting(offered.person), entry=offered.entry.public_id)
    with clock.at(END - HOUR):
        assert sending.send_due() == 0


def test_a_second_offer_to_the_same_person_has_a_reminder_of_its_own(offered: Offered) -> None:
    with clock.at(END - HOUR):
        assert sending.send_due() == 1
    with db.transaction() as tx:
        row = tx.get_one(WaitlistEntry, offered.entry.id)
        row.offered_at, row.offer_ends_at = END, END + 24 * HOUR
        seat = tx.get_one(Seat, row.seat_id)
        assert seat.status is SeatStatus.HELD
        seat.held_until = END + 24 * HOUR
    with clock.at(END + 18 * HOUR):
        assert sending.send_due() == 1
    assert len(noted(offers.KIND)) == 2
