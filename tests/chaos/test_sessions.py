"""A worker killed anywhere while it ends sessions: one outcome each, and each credit moves once."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from sqlmodel import col, select

from services import clock, db, sessions
from services.ids import PackId
from services.models import (
    CreditEntry,
    MentoringSession,
    OccupiedTime,
    OutboxMessage,
    Pack,
    SessionJoin,
    SessionStatus,
)
from tests.chaos.test_kills import kill_everywhere
from tests.chaos.till import Till
from tests.chaos.workers import Report, Workers
from tests.services.meetings import HOUR, Together, a_bookable_mentor, together
from tests.services.rows import a_session, a_user, onboarded, saved

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

KILLS = 8
_numbers = count(1)


def three_due() -> Together:
    """A pair with three sessions that are due: one begins, one that both joined is over, and for
    one the time to decide is over."""
    number = next(_numbers)
    mentor = a_bookable_mentor(f"Mina Mentor {number}")
    pair = together(mentor, mentee=onboarded(a_user(f"Nora Novak {number}")), reserved=3)
    now = clock.utc_now()
    a_session(pair.pack, now - HOUR / 2)
    joined = a_session(pair.pack, now - 2 * HOUR)
    for user in (joined.mentee_id, joined.mentor_user_id):
        saved(SessionJoin(session_id=joined.id, user_id=user, joined_at=joined.starts_at))
    a_session(
        pair.pack,
        now - timedelta(hours=80),
        status=SessionStatus.UNRESOLVED,
        decide_by=now - timedelta(hours=7),
    )
    return pair


def check(pair: Together, when: str = "") -> None:
    """Each has one outcome, its credit moved once, and each of the two has one mail about it."""
    pack_id: PackId = pair.pack.id
    with db.reading() as reading:
        rows = reading.exec(
            select(MentoringSession)
            .where(MentoringSession.pack_id == pack_id)
            .order_by(col(MentoringSession.starts_at).desc())
        ).all()
        pack = reading.get_one(Pack, pack_id)
        kinds = reading.exec(
            select(col(CreditEntry.kind), col(CreditEntry.session_id)).where(
                CreditEntry.pack_id == pack_id
            )
        ).all()
        taken = select(OccupiedTime.session_id).where(
            col(OccupiedTime.session_id).in_([row.id for row in rows])
        )
        occupied = reading.exec(taken).all()
        mails = [
            message.data["session_ids"]
            for message in reading.exec(select(OutboxMessage)).all()
            if message.data["template"] == "session_outcome"
        ]
    running, joined, undecided = rows
    assert [row.status for row in rows] == [
        SessionStatus.IN_PROGRESS,
        SessionStatus.COMPLETED,
        SessionStatus.CANCELED,
    ], when
    assert (pack.left, pack.reserved) == (3, 1), when
    assert sorted((session, kind.value) for kind, session in kinds if session != running.id) == [
        (joined.id, "consume"),
        (joined.id, "reserve"),
        (undecided.id, "reserve"),
        (undecided.id, "return"),
    ], when
    assert set(occupied) == {running.id}, when
    for row in (joined, undecided):
        assert mails.count([row.id]) == 2, when


def test_a_worker_killed_anywhere_while_sessions_end_leaves_one_outcome_each(
    till: Till, workers: Workers
) -> None:
    def one(point: int, when: str) -> Report:
        pair = three_due()
        report = workers.run("advance", kill_at=point)
        sessions.advance_due()
        check(pair, when)
        assert sessions.advance_due() == 0, when
        return report

    pair = three_due()
    dry = workers.run("advance")
    assert dry.answer == 3
    check(pair)
    kill_everywhere(dry, KILLS, one, vendor=None)
