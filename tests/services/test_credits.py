"""Credits of sessions: reserved, consumed and given back, each once; and what follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from services import clock, credits, db, locking, packs, seats
from services.audit import SYSTEM
from services.errors import Conflict, NoCredit
from services.models import (
    MentoringSession,
    OutboxMessage,
    Pack,
    PackStatus,
    ReleaseReason,
    Seat,
    SeatEvent,
    SeatStatus,
    SessionStatus,
)
from tests.services.meetings import DAY, Together, at, entries, together
from tests.services.rows import a_session, a_user, an_admin, onboarded, saved
from tests.support.studio import BEGINNING, stored


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


def settle(
    two: Together,
    row: MentoringSession,
    how: Callable[..., None],
    status: SessionStatus,
) -> None:
    """Give the session an end, and its credit what follows."""
    with db.transaction() as session:
        live = session.get_one(MentoringSession, row.id)
        locking.lock_session(session, live)
        live.status = status
        if status is SessionStatus.CANCELED:
            live.canceled_at = clock.utc_now()
        how(session, actor=SYSTEM, pack=session.get_one(Pack, two.pack.id), session=live)


def seat_statuses() -> list[SeatStatus]:
    return [seat.status for seat in stored(Seat)]


def test_a_credit_that_is_consumed_is_not_left() -> None:
    two = together(left=2, reserved=1)
    row = a_session(two.pack, at(3))
    settle(two, row, credits.consume, SessionStatus.COMPLETED)
    assert two.now() == (PackStatus.ACTIVE, 1, 0)
    assert entries() == [("reserve", -1), ("consume", -1)]
    assert seat_statuses() == [SeatStatus.ACTIVE]


def test_the_last_credit_depletes_the_pack_and_the_seat_goes_to_grace() -> None:
    two = together(left=1, reserved=1)
    settle(two, a_session(two.pack, at(3)), credits.consume, SessionStatus.COMPLETED)
    assert two.now() == (PackStatus.DEPLETED, 0, 0)
    assert seat_statuses() == [SeatStatus.GRACE]


def test_the_seat_stays_while_another_session_lives_or_is_unresolved() -> None:
    two = together(left=1, reserved=1)
    waiting = saved(
        Pack(
            mentee_id=two.mentee.id,
            mentor_id=two.mentor.id,
            seat_id=two.seat.id,
            title="Over",
            total=4,
            left=1,
            reserved=1,
            status=PackStatus.EXPIRED,
            expires_at=BEGINNING - DAY,
        )
    )
    open_one = a_session(
        waiting, at(-1), status=SessionStatus.UNRESOLVED, decide_by=BEGINNING + DAY
    )
    settle(two, a_session(two.pack, at(3)), credits.consume, SessionStatus.COMPLETED)
    assert seat_statuses() == [SeatStatus.ACTIVE]
    with db.transaction() as session:
        row = session.get_one(MentoringSession, open_one.id)
        row.status, row.decide_by = SessionStatus.COMPLETED, None
        credits.consume(session, actor=SYSTEM, pack=session.get_one(Pack, waiting.id), session=row)
    assert seat_statuses() == [SeatStatus.GRACE]


def test_a_credit_is_settled_once() -> None:
    two = together(left=2, reserved=1)
    row = a_session(two.pack, at(3))
    settle(two, row, credits.consume, SessionStatus.COMPLETED)
    with pytest.raises(Conflict):
        settle(two, row, credits.consume, SessionStatus.COMPLETED)
    with pytest.raises(Conflict):
        settle(two, row, credits.give_back, SessionStatus.MENTOR_NO_SHOW)
    assert two.now() == (PackStatus.ACTIVE, 1, 0)
    assert entries() == [("reserve", -1), ("consume", -1)]


def test_a_reservation_beyond_what_is_available_is_refused() -> None:
    two = together(left=1, reserved=1)
    row = a_session(two.pack, at(3), status=SessionStatus.COMPLETED)
    with pytest.raises(NoCredit), db.transaction() as session:
        credits.reserve(
            session,
            actor=SYSTEM,
            pack=session.get_one(Pack, two.pack.id),
            session=session.get_one(MentoringSession, row.id),
        )


def test_a_used_credit_that_comes_back_wakes_a_depleted_pack_and_its_seat() -> None:
    two = together(left=1, reserved=1)
    row = a_session(two.pack, at(3))
    settle(two, row, credits.consume, SessionStatus.COMPLETED)
    settle(two, row, partial(credits.correct, used=False), SessionStatus.MENTOR_NO_SHOW)
    assert two.now() == (PackStatus.ACTIVE, 1, 0)
    assert seat_statuses() == [SeatStatus.ACTIVE]


def test_a_credit_that_comes_back_to_a_pack_that_is_over_can_be_used_for_a_while() -> None:
    two = together(left=3, reserved=1, expires_at=at(4))
    row = a_session(two.pack, at(3), status=SessionStatus.UNRESOLVED, decide_by=at(6))
    with clock.at(at(6)):
        packs.expire_due()
        assert two.now() == (PackStatus.EXPIRED, 1, 1)
        settle(two, unresolved_over(row), credits.give_back, SessionStatus.CANCELED)
        assert two.expires_at() == clock.utc_now() + 14 * DAY
    assert two.now() == (PackStatus.ACTIVE, 1, 0)
    assert entries() == [("reserve", -1), ("expire", -2), ("return", 1)]
    assert seat_statuses() == [SeatStatus.ACTIVE]


def unresolved_over(row: MentoringSession) -> MentoringSession:
    """The same session, which nobody has to decide about any more."""
    with db.transaction() as session:
        found = session.get_one(MentoringSession, row.id)
        found.status, found.decide_by = SessionStatus.IN_PROGRESS, None
    return row


# Extending a pack


def extend(two: Together, days: int) -> bool:
    with db.transaction() as session:
        locking.lock(session, mentors=[two.mentor.id])
        return packs.extend(
            session,
            actor=SYSTEM,
            pack=session.get_one(Pack, two.pack.id),
            at_least=BEGINNING + timedelta(days=days),
            reason="the mentor could not",
        )


def test_an_extension_never_shortens_and_never_ends_what_has_no_end() -> None:
    two = together(expires_at=BEGINNING + 20 * DAY)
    assert extend(two, 14)
    assert two.expires_at() == BEGINNING + 20 * DAY
    assert extend(two, 30)
    assert two.expires_at() == BEGINNING + 30 * DAY
    endless = together(two.mentor, "Omar Other", expires_at=None)
    assert extend(endless, 14)
    assert endless.expires_at() is None


def released(two: Together) -> None:
    with db.transaction() as session:
        seat = session.get_one(Seat, two.seat.id)
        seats.release(session, actor=SYSTEM, seat=seat, reason=ReleaseReason.GRACE_ENDED)


def test_an_extended_pack_gets_its_released_seat_again_while_a_place_is_free() -> None:
    two = together(status=PackStatus.EXPIRED, left=1, expires_at=BEGINNING - DAY)
    released(two)
    assert extend(two, 14)
    assert two.now() == (PackStatus.ACTIVE, 1, 0)
    assert seat_statuses() == [SeatStatus.RELEASED, SeatStatus.ACTIVE]
    assert stored(Pack)[0].seat_id == stored(Seat)[1].id
    assert [row.status for row in stored(SeatEvent)][-1] is SeatStatus.ACTIVE
    assert extend(two, 15)
    assert len(seat_statuses()) == 2


def test_when_the_place_was_resold_the_mentee_and_the_admins_are_told_once() -> None:
    admin = an_admin()
    two = together(status=PackStatus.EXPIRED, left=1, expires_at=BEGINNING - DAY)
    released(two)
    with db.transaction() as session:
        two.mentor.capacity = 1
        session.add(two.mentor)
    together(two.mentor, mentee=onboarded(a_user("Omar Other")))
    assert not extend(two, 14)
    assert not extend(two, 14)
    assert seat_statuses() == [SeatStatus.RELEASED, SeatStatus.ACTIVE]
    waiting = [(row.data["template"], row.data["user_id"]) for row in stored(OutboxMessage)]
    assert sorted(waiting) == [("admin_alert", admin.id), ("place_resold", two.mentee.id)]


def suspend(two: Together, since: datetime | None) -> None:
    with db.transaction() as session:
        two.mentor.suspended_at = since
        session.add(two.mentor)


def test_a_suspended_mentors_pack_does_not_end_and_keeps_its_seat() -> None:
    two = together(expires_at=BEGINNING + DAY)
    suspend(two, clock.utc_now())
    with clock.at(BEGINNING + 2 * DAY):
        assert packs.expire_due() == 0
        with db.transaction() as session:
            seats.follow_packs(session, actor=SYSTEM, seat=session.get_one(Seat, two.seat.id))
        assert seat_statuses() == [SeatStatus.ACTIVE]
        suspend(two, None)
        assert packs.expire_due() == 1
    assert seat_statuses() == [SeatStatus.GRACE]
