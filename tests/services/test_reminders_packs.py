"""Renew in time, and use what is left before it ends (PRODUCT.md rule 10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from services import booking, clock, db, packs, sessions
from services.models import (
    Mentor,
    Objection,
    OfferStatus,
    Pack,
    PackOffer,
    PackStatus,
    SeatStatus,
    SessionStatus,
    User,
    UserStatus,
)
from services.reminders import expiry, renewal, sending
from tests.services.meetings import DAY, HOUR, Together, at, together
from tests.services.reminding import SENT, left_out, mailed, noted, reasons, rung
from tests.services.rows import a_pack, acting, an_admin, an_offer
from tests.support.studio import BEGINNING, stored

ONE, NONE = renewal.KINDS[1], renewal.KINDS[0]
WEEK = timedelta(days=7)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair with a pack of four for 45 days, whose mentor sells packs."""
    with clock.at(BEGINNING):
        found = together()
        an_offer(found.mentor)
        yield found


def held(pair: Together, starts_at: datetime) -> str:
    """A session that took place."""
    [booked] = pair.book(starts_at)
    with clock.at(starts_at + HOUR):
        sessions.decide(actor=pair.owner, session=booked, outcome=SessionStatus.COMPLETED)
    return booked


def left(pair: Together, count: int) -> None:
    """So many sessions of the pack are left."""
    with db.transaction() as tx:
        tx.get_one(Pack, pair.pack.id).left = count


def test_the_mentee_is_reminded_when_one_session_is_left_and_again_when_none_is(
    pair: Together,
) -> None:
    left(pair, 3)
    held(pair, at(2))
    assert noted() == []
    held(pair, at(3))
    assert noted() == [(ONE, pair.mentee.id, SENT)]
    [letter] = mailed(ONE)
    assert letter.subject == "One session with Mina Mentor is left"
    assert f"/mentors/{pair.mentor.slug}" in letter.text
    held(pair, at(4))
    assert noted() == [(ONE, pair.mentee.id, SENT), (NONE, pair.mentee.id, SENT)]
    [letter] = mailed(NONE)
    assert "you have used all your sessions with Mina Mentor" in letter.text
    assert "Your seat is kept until 9 March 2026 at 13:00 (UTC)" in letter.text
    assert left_out(ONE) == ["the number of sessions left has changed since"]
    assert rung(ONE) == rung(NONE) == [pair.mentee.id]


def test_what_is_left_counts_over_all_packs_of_the_pair(pair: Together) -> None:
    left(pair, 2)
    a_pack(pair.seat, left=1)
    held(pair, at(2))
    assert noted() == [], "one is left in each"
    held(pair, at(3))
    assert noted() == [(ONE, pair.mentee.id, SENT)]


def test_a_booked_session_counts_as_left(pair: Together) -> None:
    left(pair, 2)
    booked = pair.book(at(2), at(5))
    with clock.at(at(2) + HOUR):
        outcome = SessionStatus.COMPLETED
        sessions.decide(actor=pair.owner, session=booked[0], outcome=outcome)
    assert noted() == [(ONE, pair.mentee.id, SENT)]


def test_another_pack_makes_the_reminders_due_again(pair: Together) -> None:
    left(pair, 2)
    held(pair, at(2))
    a_pack(pair.seat, left=1)
    held(pair, at(3))
    assert noted() == [(ONE, pair.mentee.id, SENT)] * 2


def test_an_outcome_that_is_corrected_and_corrected_back_reminds_nobody_twice(
    pair: Together,
) -> None:
    left(pair, 2)
    booked = held(pair, at(2))
    admin = acting(an_admin())
    with clock.at(at(2) + 2 * HOUR):
        sessions.object_to(actor=pair.actor, session=booked, text="Nobody came")
        [objection] = stored(Objection)
        sessions.settle_objection(
            actor=admin, objection=objection.public_id, uphold=True, answer="We asked both."
        )
    held(pair, at(3))
    assert noted() == [(ONE, pair.mentee.id, SENT)]


@pytest.mark.parametrize("why", [renewal.NOTHING_SOLD, renewal.AWAY])
def test_a_mentor_with_whom_nobody_can_renew_is_noted_instead(pair: Together, why: str) -> None:
    with db.transaction() as tx:
        row = tx.get_one(Pack, pair.pack.id)
        row.left = 1
        if why == renewal.AWAY:
            tx.get_one(Mentor, pair.mentor.id).suspended_at = BEGINNING
        else:
            tx.get_one(PackOffer, stored(PackOffer)[0].id).status = OfferStatus.RETIRED
        renewal.follow(tx, pack=row)
    assert reasons() == [why]
    assert mailed(ONE) == []


def test_a_pack_that_expires_leaves_none_and_says_that_it_has_ended(pair: Together) -> None:
    with clock.at(BEGINNING + 45 * DAY):
        packs.expire_due()
        assert noted() == [(NONE, pair.mentee.id, SENT)]
        [letter] = mailed(NONE)
    assert "your pack with Mina Mentor has ended" in letter.text


def test_whoever_has_renewed_meanwhile_gets_no_mail(pair: Together) -> None:
    left(pair, 1)
    held(pair, at(2))
    assert noted() == [(NONE, pair.mentee.id, SENT)]
    a_pack(pair.seat)
    assert mailed(NONE) == []


def test_a_week_before_a_pack_with_sessions_left_ends_its_mentee_is_reminded_once(
    pair: Together,
) -> None:
    end = BEGINNING + 45 * DAY
    with clock.at(end - WEEK - timedelta(minutes=1)):
        assert sending.send_due() == 0
    with clock.at(end - WEEK):
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        [letter] = mailed(expiry.KIND)
    assert letter.subject == "4 sessions with Mina Mentor left: your pack ends soon"
    assert "ends on 16 April 2026 at 10:00 (UTC)" in letter.text
    assert f"/book/{pair.mentor.slug}" in letter.text
    for days in range(1, 7):
        with clock.at(end - WEEK + days * DAY):
            assert sending.send_due() == 0
    assert noted() == [(expiry.KIND, pair.mentee.id, SENT)]


@pytest.mark.parametrize("why", ["used up", "never ends", "paused", "mentor away", "refunded"])
def test_a_pack_that_loses_nothing_is_not_reminded_of(pair: Together, why: str) -> None:
    with db.transaction() as tx:
        row = tx.get_one(Pack, pair.pack.id)
        match why:
            case "used up":
                row.left = 0
            case "never ends":
                row.expires_at = None
            case "paused":
                row.paused_at = BEGINNING
            case "refunded":
                row.status = PackStatus.REFUNDED
            case _:
                tx.get_one(Mentor, pair.mentor.id).suspended_at = BEGINNING
    with clock.at(BEGINNING + 44 * DAY):
        assert sending.send_due() == 0


def test_the_mail_tells_booked_sessions_from_those_that_would_expire(pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(Pack, pair.pack.id).reserved = 1
    with clock.at(BEGINNING + 39 * DAY):
        sending.send_due()
        [letter] = mailed(expiry.KIND)
        assert "1 of them is booked already. The others must begin before that" in letter.text
        with db.transaction() as tx:
            row = tx.get_one(Pack, pair.pack.id)
            row.left = row.reserved = 1
        [letter] = mailed(expiry.KIND)
    assert "It is booked already, so nothing is lost." in letter.text


def test_a_pack_that_is_extended_is_reminded_of_before_its_new_end(pair: Together) -> None:
    reminded_at = BEGINNING + 38 * DAY
    with clock.at(reminded_at):
        assert sending.send_due() == 1
        with db.transaction() as tx:
            row = tx.get_one(Pack, pair.pack.id)
            least = reminded_at + 14 * DAY
            packs.extend(tx, actor=pair.owner, pack=row, at_least=least, reason="ill")
    with clock.at(reminded_at + 6 * DAY):
        assert sending.send_due() == 0
    with clock.at(reminded_at + 7 * DAY):
        assert sending.send_due() == 1
        first, second = mailed(expiry.KIND)
    assert "ends on 23 April 2026" in first.text, "it says what is true as it leaves"
    assert "ends on 23 April 2026" in second.text


def test_a_pack_whose_end_moves_day_by_day_is_not_told_of_every_day(pair: Together) -> None:
    for day in range(20):
        with clock.at(BEGINNING + (38 + day) * DAY):
            sending.send_due()
            with db.transaction() as tx:
                row = tx.get_one(Pack, pair.pack.id)
                assert row.expires_at is not None
                row.expires_at += DAY  # as a day without a slot does
    assert len(noted(expiry.KIND)) == 3


def test_a_pack_that_ended_while_the_worker_was_away_is_noted_as_too_late(pair: Together) -> None:
    with clock.at(BEGINNING + 46 * DAY):
        assert sending.send_due() == 1
        packs.expire_due()
        assert sending.send_due() == 0
    assert reasons(expiry.KIND) == [expiry.OVER]
    assert mailed(expiry.KIND) == []


def test_a_suspended_mentee_is_told_nothing(pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).status = UserStatus.SUSPENDED
    with clock.at(BEGINNING + 39 * DAY):
        assert sending.send_due() == 1
    assert len(reasons(expiry.KIND)) == 1
    assert mailed(expiry.KIND) == []


def test_a_released_seat_is_not_renewed(pair: Together) -> None:
    left(pair, 1)
    with db.transaction() as tx:
        seat = tx.get_one(type(pair.seat), pair.seat.id)
        seat.status, seat.released_at = SeatStatus.RELEASED, BEGINNING
        row = tx.get_one(Pack, pair.pack.id)
        row.left = 0
        renewal.follow(tx, pack=row)
    assert reasons() == [renewal.NO_SEAT]


def test_what_is_not_committed_reminds_nobody(pair: Together) -> None:
    left(pair, 2)
    [booked] = pair.book(at(2))
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        row = tx.get_one(Pack, pair.pack.id)
        row.left = 1
        renewal.follow(tx, pack=row)
        _ = 1 / 0
    assert noted() == []
    booking.cancel(actor=pair.actor, session=booked, sequence=0)
    assert noted() == []
