"""The end of a seat's grace: never without a final warning, never too soon after it (rule 5)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from services import checkout, clock, db, grace, seats, sessions
from services.audit import SYSTEM
from services.models import (
    OutboxMessage,
    OutboxStatus,
    Pack,
    ReleaseReason,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from tests.services.meetings import HOUR, Together, audited, together
from tests.services.reminding import SENT, left_out, mailed, noted, rung
from tests.services.rows import a_pack, acting, an_admin, an_offer
from tests.support.studio import Studio, stored

MINUTE = timedelta(minutes=1)
NORA = "nora.novak@example.com"
LAST_CALL = "Last call: your seat with Mina Mentor is about to be released"
RELEASED = "Your seat with Mina Mentor was released"


@pytest.fixture
def pair(studio: Studio) -> Together:
    """A mentee who has just used the last session: the seat is in grace for 72 hours."""
    found = together()
    an_offer(found.mentor)
    use_up(found)
    return found


def use_up(pair: Together) -> None:
    """No session is left any more."""
    with db.transaction() as tx:
        for row in stored(Pack):
            tx.get_one(Pack, row.id).left = 0
        tx.flush()
        seats.follow_packs(tx, actor=SYSTEM, seat=tx.get_one(Seat, pair.seat.id))


def renew(pair: Together) -> None:
    """The mentee has another pack."""
    a_pack(pair.seat)
    with db.transaction() as tx:
        seats.follow_packs(tx, actor=SYSTEM, seat=tx.get_one(Seat, pair.seat.id))


def seat(pair: Together) -> Seat:
    with db.reading() as session:
        return session.get_one(Seat, pair.seat.id)


def end(pair: Together) -> datetime:
    found = seat(pair).grace_ends_at
    assert found is not None
    return found


def minute(studio: Studio) -> None:
    """What the worker does about grace, and its mails."""
    grace.warn_due()
    grace.release_due()
    studio.send()


def test_the_seat_is_released_when_its_grace_is_over_after_a_final_warning(
    studio: Studio, pair: Together
) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR - MINUTE)
    minute(studio)
    assert LAST_CALL not in studio.mails(NORA)
    studio.wait_until(over - 13 * HOUR)
    minute(studio)
    minute(studio)
    assert studio.mails(NORA).count(LAST_CALL) == 1
    assert seat(pair).warned_at == clock.utc_now()
    assert end(pair) == over
    studio.wait_until(over - MINUTE)
    minute(studio)
    assert seat(pair).status is SeatStatus.GRACE
    studio.wait_until(over)
    minute(studio)
    minute(studio)
    row = seat(pair)
    assert (row.status, row.release_reason) == (SeatStatus.RELEASED, ReleaseReason.GRACE_ENDED)
    assert studio.mails(NORA).count(LAST_CALL) == 1
    assert studio.mails(NORA).count(RELEASED) == 1
    assert rung(grace.WARNING) == rung(grace.RELEASED) == [pair.mentee.id]


def test_the_warning_says_the_end_in_the_mentees_own_time(studio: Studio, pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).time_zone = "Asia/Kathmandu"
    studio.wait_until(end(pair) - 13 * HOUR)
    grace.warn_due()
    [letter] = mailed(grace.WARNING)
    assert "is kept until 5 March 2026 at 15:45 (Asia/Kathmandu)" in letter.text


def test_after_an_outage_over_the_end_the_warning_goes_out_first_and_the_end_moves(
    studio: Studio, pair: Together
) -> None:
    studio.wait_until(end(pair) + 3 * HOUR)
    now = clock.utc_now()
    minute(studio)
    assert seat(pair).status is SeatStatus.GRACE
    assert studio.mails(NORA).count(LAST_CALL) == 1
    minute(studio)
    assert (seat(pair).warned_at, end(pair)) == (now, now + 12 * HOUR)
    assert "seat.grace_extended" in audited(pair.seat.public_id)
    studio.wait_until(now + 12 * HOUR - MINUTE)
    minute(studio)
    assert seat(pair).status is SeatStatus.GRACE
    studio.wait_until(now + 12 * HOUR)
    minute(studio)
    assert seat(pair).status is SeatStatus.RELEASED


def test_a_warning_in_an_outage_names_the_end_that_it_brings_about(
    studio: Studio, pair: Together
) -> None:
    studio.wait_until(end(pair) + 3 * HOUR)
    grace.warn_due()
    [letter] = mailed(grace.WARNING)
    assert "is kept until 6 March 2026 at 01:00 (UTC)" in letter.text


def test_no_seat_is_released_while_its_warning_cannot_leave(studio: Studio, pair: Together) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR)
    studio.fault("/emails", "status", times=1000, vendor="resend")
    for _ in range(20):
        minute(studio)
        studio.wait(hours=1)
    assert clock.utc_now() > over
    assert (seat(pair).status, seat(pair).warned_at) == (SeatStatus.GRACE, None)


def test_an_address_that_takes_no_mail_does_not_keep_the_seat_for_ever(
    studio: Studio, pair: Together
) -> None:
    studio.wait_until(end(pair) - 13 * HOUR)
    grace.warn_due()
    [message] = [row for row in stored(OutboxMessage) if row.data["template"] == grace.WARNING]
    with db.transaction() as tx:
        tx.get_one(OutboxMessage, message.id).status = OutboxStatus.DEAD
    grace.warn_due()
    assert seat(pair).warned_at is not None


def test_a_suspended_mentee_needs_no_warning(studio: Studio, pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).status = UserStatus.SUSPENDED
    studio.wait_until(end(pair) - 13 * HOUR)
    minute(studio)
    assert mailed(grace.WARNING) == []
    studio.wait(hours=13)
    minute(studio)
    assert seat(pair).status is SeatStatus.RELEASED


def test_whoever_renews_keeps_the_seat_and_a_waiting_warning_is_left_out(
    studio: Studio, pair: Together
) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR)
    grace.warn_due()
    renew(pair)
    assert left_out(grace.WARNING) == ["the seat is not about to be released any more"]
    studio.wait_until(over)
    minute(studio)
    assert (seat(pair).status, seat(pair).warned_at) == (SeatStatus.ACTIVE, None)
    assert LAST_CALL not in studio.mails(NORA)


def test_a_second_grace_has_a_warning_of_its_own(studio: Studio, pair: Together) -> None:
    studio.wait_until(end(pair) - 13 * HOUR)
    minute(studio)
    minute(studio)
    renew(pair)
    use_up(pair)
    assert seat(pair).warned_at is None
    over = end(pair)
    studio.wait_until(over - HOUR)
    minute(studio)
    minute(studio)
    assert noted(grace.WARNING) == [(grace.WARNING, pair.mentee.id, SENT)] * 2
    assert studio.mails(NORA).count(LAST_CALL) == 2
    assert end(pair) == over + 11 * HOUR


def test_an_open_checkout_keeps_the_seat_until_it_is_settled(
    studio: Studio, pair: Together
) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR)
    minute(studio)
    minute(studio)
    studio.wait_until(over - 10 * MINUTE)
    offer = an_offer(pair.mentor, 9_000)
    order = checkout.start(actor=pair.actor, offer=offer.public_id).order
    studio.wait_until(over + MINUTE)
    minute(studio)
    assert seat(pair).status is SeatStatus.GRACE
    studio.pay(order)
    studio.deliver()
    minute(studio)
    assert seat(pair).status is SeatStatus.ACTIVE


def test_a_checkout_that_comes_to_nothing_keeps_the_seat_no_longer(
    studio: Studio, pair: Together
) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR)
    minute(studio)
    minute(studio)
    studio.wait_until(over - MINUTE)
    checkout.start(actor=pair.actor, offer=an_offer(pair.mentor, 9_000).public_id)
    studio.wait(minutes=40)
    checkout.sweep()
    minute(studio)
    assert seat(pair).status is SeatStatus.RELEASED


@pytest.mark.parametrize("first", ["release", "checkout"])
def test_a_renewal_begun_in_the_moment_of_the_release_has_a_seat_either_way(
    studio: Studio, pair: Together, first: str
) -> None:
    over = end(pair)
    studio.wait_until(over - 13 * HOUR)
    minute(studio)
    minute(studio)
    studio.wait_until(over)
    offer = an_offer(pair.mentor, 9_000).public_id
    now, begin = clock.utc_now(), threading.Barrier(2)

    def release() -> None:
        with clock.at(now):
            begin.wait()
            time.sleep(0.0 if first == "release" else 0.02)
            grace.release_due()

    def renew_now() -> str:
        with clock.at(now):
            begin.wait()
            time.sleep(0.0 if first == "checkout" else 0.02)
            return checkout.start(actor=pair.actor, offer=offer).order

    with ThreadPoolExecutor(2) as both:
        released, started = both.submit(release), both.submit(renew_now)
        released.result()
        order = started.result()
    held = studio.seat(order)
    assert held.status in {SeatStatus.GRACE, SeatStatus.HELD}
    assert (held.id == pair.seat.id) is (seat(pair).status is SeatStatus.GRACE)
    studio.pay(order)
    studio.deliver()
    assert studio.seat(order).status is SeatStatus.ACTIVE


def test_each_seat_is_warned_of_and_released_by_itself(studio: Studio, pair: Together) -> None:
    studio.wait(hours=5)
    other = together(pair.mentor, "Omar Other")
    with db.transaction() as tx:
        tx.get_one(Pack, other.pack.id).left = 0
        tx.flush()
        seats.follow_packs(tx, actor=SYSTEM, seat=tx.get_one(Seat, other.seat.id))
    studio.wait_until(end(pair) - 13 * HOUR)
    minute(studio)
    minute(studio)
    assert (seat(pair).warned_at is None, seat(other).warned_at is None) == (False, True)
    studio.wait_until(end(pair))
    minute(studio)
    minute(studio)
    assert (seat(pair).status, seat(other).status) == (SeatStatus.RELEASED, SeatStatus.GRACE)
    assert studio.mails("omar.other@example.com") == [LAST_CALL]
    studio.wait_until(end(other))
    minute(studio)
    assert seat(other).status is SeatStatus.RELEASED
    assert studio.mails(NORA).count(LAST_CALL) == 1


def test_while_the_mentor_is_away_grace_stands_still(studio: Studio, pair: Together) -> None:
    over, admin = end(pair), acting(an_admin())
    studio.wait(hours=20)
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="A long illness")
    studio.wait(days=30)
    minute(studio)
    minute(studio)
    assert (seat(pair).status, noted(grace.WARNING)) == (SeatStatus.GRACE, [])
    sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Well again")
    assert end(pair) == over + timedelta(days=30)
    assert "seat.grace_extended" in audited(pair.seat.public_id)
    studio.wait_until(end(pair) - 13 * HOUR)
    minute(studio)
    assert LAST_CALL in studio.mails(NORA)


def test_whoever_was_warned_before_the_mentor_went_away_is_warned_again(
    studio: Studio, pair: Together
) -> None:
    over, admin = end(pair), acting(an_admin())
    studio.wait_until(over - 13 * HOUR)
    minute(studio)
    minute(studio)
    studio.wait_until(over - HOUR)
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="A long illness")
    studio.wait(days=21)
    sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Well again")
    back = clock.utc_now()
    assert seat(pair).warned_at is None
    minute(studio)
    minute(studio)
    assert studio.mails(NORA).count(LAST_CALL) == 2
    assert end(pair) == back + 12 * HOUR
    studio.wait_until(end(pair))
    minute(studio)
    assert seat(pair).status is SeatStatus.RELEASED


def test_a_warning_that_waits_while_the_mentor_goes_away_is_left_out(
    studio: Studio, pair: Together
) -> None:
    studio.wait_until(end(pair) - 13 * HOUR)
    grace.warn_due()
    reason = "A long illness"
    sessions.suspend_mentor(actor=acting(an_admin()), mentor=pair.mentor.slug, reason=reason)
    assert left_out(grace.WARNING) == ["the mentor is away, and the seat's time stands still"]


def test_days_pass_without_a_worker_and_nobody_loses_a_seat_unwarned(
    studio: Studio, pair: Together
) -> None:
    studio.wait(days=30)
    assert grace.release_due() == 0
    minute(studio)
    assert seat(pair).status is SeatStatus.GRACE
