"""A suspended mentor, and days on which a mentor offers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from services import administration, availability, booking, checkout, clock, db, packs, sessions
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound, SlotNotOffered
from services.models import (
    AuditEntry,
    Mentor,
    MentoringSession,
    OfferedDay,
    Order,
    Pack,
    PackStatus,
    SessionStatus,
    User,
    WeeklyHours,
)
from services.sessions import suspension
from tests.chaos import crowd
from tests.services.meetings import (
    DAY,
    HOUR,
    Together,
    a_bookable_mentor,
    at,
    mails,
    session_of,
    together,
)
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import BEGINNING, stored

S = SessionStatus


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together(expires_at=at(10))


def test_suspending_cancels_what_is_booked_and_gives_the_credits_back(pair: Together) -> None:
    admin = acting(an_admin())
    other = together(pair.mentor, "Otto Other")
    running, *booked = [*pair.book(at(1, 10)), *pair.book(at(2), at(3)), *other.book(at(4))]
    with clock.at(at(1, 10) + HOUR / 2):
        sessions.advance_due()
        sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="A complaint")
        assert {session_of(each).status for each in booked} == {S.CANCELED}
        assert session_of(running).status is S.IN_PROGRESS
        assert "A complaint" not in session_of(booked[0]).cancel_reason
        assert pair.now() == (PackStatus.ACTIVE, 4, 1)
        assert other.now() == (PackStatus.ACTIVE, 4, 0)
        assert pair.expires_at() == clock.utc_now() + 14 * DAY
        with pytest.raises(SlotNotOffered):
            pair.book(at(5))
        with pytest.raises(Conflict):
            sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="Again")
    told = {user for name, user in mails() if name == "mentor_suspended"}
    assert told == {pair.mentor.user_id, pair.mentee.id, other.mentee.id}
    reasons = [row.after for row in stored(AuditEntry) if row.action == "mentor.suspended"]
    assert reasons == [{"reason": "A complaint"}]


def test_a_suspension_that_was_interrupted_is_finished_by_the_sweep(pair: Together) -> None:
    [booked] = pair.book(at(3))
    with db.transaction() as tx:  # killed right after its first transaction
        tx.get_one(Mentor, pair.mentor.id).suspended_at = clock.utc_now()
    sessions.advance_due()
    assert session_of(booked).status is S.CANCELED
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)


def test_clocks_stand_still_while_a_mentor_is_suspended(pair: Together) -> None:
    admin = acting(an_admin())
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="Illness")
    for day in range(21):  # far beyond the pack's end
        with clock.at(at(day, 0, 1) if day else BEGINNING):
            sessions.count_offered_days()
            packs.expire_due()
    with clock.at(at(20)):
        sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Well again")
        packs.expire_due()
        assert pair.now()[0] is PackStatus.ACTIVE
        assert pair.expires_at() == at(10) + 21 * DAY
        pair.book(at(22))
    assert [name for name, _ in mails()].count("mentor_resumed") == 2


def test_the_days_of_a_suspension_count_also_when_the_studio_slept(pair: Together) -> None:
    admin = acting(an_admin())
    sessions.count_offered_days()
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="Illness")
    with clock.at(at(15)):  # no sweep has run meanwhile
        sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Well again")
        sessions.count_offered_days()
        packs.expire_due()
    assert pair.expires_at() == at(10) + 15 * DAY
    assert pair.now()[0] is PackStatus.ACTIVE


def test_a_suspended_mentor_sells_no_pack(pair: Together) -> None:
    offer = an_offer(pair.mentor).public_id
    sessions.suspend_mentor(actor=acting(an_admin()), mentor=pair.mentor.slug, reason="Illness")
    for buyer in (pair.actor, acting(a_user("Otto Other"))):
        with db.reading() as reading:
            blocked = checkout.preview(reading, actor=buyer, offer=offer).blocked
        assert "cannot hold sessions for now" in blocked
        with pytest.raises(Conflict):
            checkout.start(actor=buyer, offer=offer)
    assert stored(Order) == []


def test_only_an_admin_suspends_with_a_reason(pair: Together) -> None:
    admin, slug = acting(an_admin()), pair.mentor.slug
    for change in (sessions.suspend_mentor, sessions.resume_mentor):
        with pytest.raises(NotAllowed):
            change(actor=pair.owner, mentor=slug, reason="Holidays")
        with pytest.raises(InvalidInput):
            change(actor=admin, mentor=slug, reason=" ")
        with pytest.raises(NotFound):
            change(actor=admin, mentor="nobody", reason="Whoever")
    with pytest.raises(Conflict):
        sessions.resume_mentor(actor=admin, mentor=slug, reason="Not away")


def judged() -> dict[date, bool]:
    """The days that were judged, and whether each was idle."""
    with db.reading() as session:
        return {row.day: row.idle for row in session.exec(select(OfferedDay)).all()}


def closed(pair: Together) -> None:
    """The mentor takes all hours away."""
    with db.transaction() as tx:
        for row in stored(WeeklyHours):
            tx.delete(tx.get_one(WeeklyHours, row.id))


def test_a_day_without_a_slot_is_given_back_once(pair: Together) -> None:
    assert sessions.count_offered_days() == 0
    closed(pair)
    for moment in (at(0, 23, 59), at(1, 0, 0), at(1, 0, 1), at(1, 12)):
        with clock.at(moment):
            sessions.count_offered_days()
    assert pair.expires_at() == at(11)
    assert judged() == {BEGINNING.date(): False, at(1).date(): True}
    lines = [row for row in stored(AuditEntry) if row.action == "pack.extended"]
    assert [line.after["reason"] for line in lines] == ["no slot was offered on 2026-03-03"]


def test_days_begin_and_end_in_the_mentors_zone(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(a_mentor("Kit Kiritimati", slug="kit"))  # no hours: every day is idle
    with db.transaction() as tx:
        person = tx.get_one(type(pair.mentee), pair.mentor.user_id)
        person.time_zone = "Pacific/Kiritimati"  # 14 hours ahead
    with clock.at(BEGINNING):
        assert sessions.count_offered_days() == 1
    assert judged() == {date(2026, 3, 3): True}
    with clock.at(at(1, 9, 59)):
        assert sessions.count_offered_days() == 0
    with clock.at(at(1, 10)):
        assert sessions.count_offered_days() == 1


def test_a_pack_does_not_end_on_a_day_that_does_not_count(pair: Together) -> None:
    closed(pair)
    with clock.at(at(10, 0, 1)):
        sessions.count_offered_days()
    with clock.at(at(10, 12, 1)):
        packs.expire_due()
    assert pair.now()[0] is PackStatus.ACTIVE


def test_a_pack_that_waits_for_the_last_one_to_end_waits_a_day_more(pair: Together) -> None:
    closed(pair)
    with db.transaction() as tx:
        tx.add(
            Pack(
                mentee_id=pair.mentee.id,
                mentor_id=pair.mentor.id,
                seat_id=pair.seat.id,
                title="Next",
                total=4,
                left=4,
                starts_at=at(10),
                expires_at=at(55),
            )
        )
    sessions.count_offered_days()
    assert [(pack.starts_at, pack.expires_at) for pack in stored(Pack)][1:] == [(at(11), at(56))]


def test_days_that_the_studio_slept_through_are_judged_once_it_wakes(pair: Together) -> None:
    sessions.count_offered_days()
    closed(pair)
    with clock.at(at(5)):
        assert sessions.count_offered_days() == 5
        assert sessions.count_offered_days() == 0
    assert pair.expires_at() == at(15)


def test_two_workers_give_a_day_back_once(pair: Together) -> None:
    closed(pair)

    def count() -> int:
        with clock.at(BEGINNING):
            return sessions.count_offered_days()

    assert sorted(map(str, crowd.together([count] * 4))) == ["0", "0", "0", "1"]
    assert pair.expires_at() == at(11)


def test_a_day_is_idle_when_all_that_is_offered_is_booked(database: str) -> None:
    with clock.at(BEGINNING):
        pair = together(a_bookable_mentor(hours=(12, 13), horizon_days=2))
        with db.reading() as reading:
            offered = availability.offered(
                reading,
                mentor_id=pair.mentor.id,
                mentee_id=None,
                starts=BEGINNING,
                ends=at(30),
            )
        pair.book(*[slot.starts_at for slot in offered])
        assert sessions.count_offered_days() == 1


def test_days_before_a_pack_was_bought_do_not_make_it_longer(pair: Together) -> None:
    sessions.count_offered_days()
    closed(pair)
    with clock.at(at(4, 13)):  # after the noon of the last day that is judged as of its noon
        other = together(pair.mentor, "Otto Other", expires_at=at(20))
        sessions.count_offered_days()
    assert pair.expires_at() == at(14)
    assert other.expires_at() == at(21)  # the day on which it was bought, judged as it runs


def test_a_pack_that_waited_on_an_idle_day_waits_longer_though_it_would_have_begun_since(
    pair: Together,
) -> None:
    together(pair.mentor, "Otto Other", starts_at=at(3), expires_at=at(48))
    sessions.count_offered_days()
    closed(pair)
    with clock.at(at(5)):
        sessions.count_offered_days()
    [_, waiting] = stored(Pack)
    assert (waiting.starts_at, waiting.expires_at) == (at(8), at(53))


def test_a_mentor_who_came_back_meanwhile_keeps_their_sessions(pair: Together) -> None:
    admin = acting(an_admin())
    [booked] = pair.book(at(3))
    with db.transaction() as tx:  # killed right after its first transaction
        tx.get_one(Mentor, pair.mentor.id).suspended_at = clock.utc_now()
    [found] = suspension.to_cancel()
    sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Well again")
    with db.transaction() as tx:
        assert not suspension.cancel(tx, admin, tx.get_one(MentoringSession, found))
    assert session_of(booked).status is S.SCHEDULED


def test_a_session_that_began_meanwhile_is_not_canceled_by_a_suspension(pair: Together) -> None:
    admin = acting(an_admin())
    [booked] = pair.book(at(3))
    with db.transaction() as tx:
        tx.get_one(Mentor, pair.mentor.id).suspended_at = clock.utc_now()
    [found] = suspension.to_cancel()
    with clock.at(at(3)), db.transaction() as tx:
        assert not suspension.cancel(tx, admin, tx.get_one(MentoringSession, found))
    assert session_of(booked).status is S.SCHEDULED


def test_nobody_books_for_a_mentee_with_a_suspended_mentor(pair: Together) -> None:
    admin = acting(an_admin())
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="Illness")
    for actor in (admin, pair.owner):
        with pytest.raises(Conflict, match="suspended"):
            booking.book_for(
                actor=actor,
                mentor=pair.mentor.slug,
                mentee=pair.mentee.public_id,
                starts=[at(3)],
                reason="They asked",
            )
    assert stored(MentoringSession) == []


def account_of(mentor: Mentor) -> str:
    with db.reading() as reading:
        return reading.get_one(User, mentor.user_id).public_id


def test_suspending_a_mentors_account_suspends_the_mentor_until_both_are_let_back(
    pair: Together,
) -> None:
    admin, account = acting(an_admin()), account_of(pair.mentor)
    [booked] = pair.book(at(3))
    with db.transaction() as tx:
        administration.suspend_user(tx, actor=admin, user=account, reason="Because")
    sessions.advance_due()
    assert session_of(booked).status is S.CANCELED
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)
    assert ("mentor_suspended", pair.mentee.id) in mails()
    with db.transaction() as tx:
        administration.reactivate_user(tx, actor=admin, user=account)
    with pytest.raises(SlotNotOffered):
        pair.book(at(5))
    sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="All is clear")
    pair.book(at(5))


def test_suspending_the_account_of_a_suspended_mentor_tells_nobody_twice(pair: Together) -> None:
    admin = acting(an_admin())
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="Illness")
    told = mails()
    with db.transaction() as tx:
        administration.suspend_user(tx, actor=admin, user=account_of(pair.mentor), reason="Because")
    assert mails() == sorted([("account_suspended", pair.mentor.user_id), *told])


def test_what_a_suspended_mentee_had_booked_is_canceled_and_goes_back_to_the_pack(
    pair: Together,
) -> None:
    admin, other = acting(an_admin()), together(pair.mentor, "Olga Other")
    [booked], [others] = pair.book(at(3)), other.book(at(4))
    with db.transaction() as tx:
        administration.suspend_user(
            tx, actor=admin, user=pair.mentee.public_id, reason="Writes to strangers"
        )
    sessions.advance_due()
    assert session_of(booked).status is S.CANCELED
    assert session_of(others).status is S.SCHEDULED
    assert pair.now() == (PackStatus.ACTIVE, 4, 0)
    assert ("session_canceled", pair.mentor.user_id) in mails()
