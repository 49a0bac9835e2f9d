"""Proposals of another time: who may make and answer them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import event, update
from sqlmodel import Session

from services import booking, clock, db
from services.audit import Actor
from services.booking import proposals
from services.errors import (
    Conflict,
    InvalidInput,
    NoCredit,
    NotAllowed,
    NotFound,
    OutOfDate,
    SlotTaken,
    TooLate,
    TooManyAttempts,
)
from services.models import (
    Availability,
    PackStatus,
    Proposal,
    ProposalStatus,
)
from tests.services.meetings import (
    DAY,
    HOUR,
    Together,
    a_bookable_mentor,
    at,
    audited,
    everything,
    occupied,
    refused,
    session_of,
    together,
)
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

SECOND = timedelta(seconds=1)
LIMIT = at(3) - DAY
"""The last moment at which a mentee may change the session of these tests."""


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


@pytest.fixture
def two() -> Together:
    return together(a_bookable_mentor(buffer_minutes=15))


@pytest.fixture
def booked(two: Together) -> str:
    """A session at noon of the third day, UTC."""
    (session,) = two.book(at(3))
    return session


def proposed(actor: Actor, session: str, to: datetime, sequence: int = 0, reason: str = "") -> str:
    return booking.propose(
        actor=actor, session=session, sequence=sequence, starts_at=to, reason=reason
    )


def statuses() -> list[ProposalStatus]:
    return [row.status for row in stored(Proposal)]


def test_a_mentee_accepts_a_mentors_time_whatever_hours_notice_and_limit_say() -> None:
    two = together(a_bookable_mentor(hours=(8, 18)), expires_at=at(3))
    (booked,) = two.book(at(3))
    with clock.at(at(3) - HOUR):
        proposal = proposed(two.owner, booked, at(3, 20), reason="My train is late")
        booking.answer(actor=two.actor, proposal=proposal, accept=True)
        assert two.expires_at() == clock.utc_now() + 14 * DAY
    assert (session_of(booked).starts_at, session_of(booked).sequence) == (at(3, 20), 1)
    assert statuses() == [ProposalStatus.ACCEPTED]
    assert two.now() == (PackStatus.ACTIVE, 4, 1)
    assert audited(booked)[1:] == ["proposal.made", "proposal.accepted", "session.moved"]


def test_a_mentor_accepts_a_mentees_time_after_the_limit(two: Together, booked: str) -> None:
    before = two.expires_at()
    with clock.at(at(3) - HOUR):
        proposal = proposed(two.actor, booked, at(3, 18))
        booking.answer(actor=two.owner, proposal=proposal, accept=True)
    assert session_of(booked).starts_at == at(3, 18)
    assert two.expires_at() == before


def test_a_declined_time_changes_nothing_and_may_be_followed_by_another(
    two: Together, booked: str
) -> None:
    proposal = proposed(two.owner, booked, at(5), reason="I am away")
    booking.answer(actor=two.actor, proposal=proposal, accept=False)
    booking.answer(actor=two.actor, proposal=proposal, accept=False)
    refused(OutOfDate, lambda: booking.answer(actor=two.actor, proposal=proposal, accept=True))
    assert (session_of(booked).starts_at, session_of(booked).sequence) == (at(3), 0)
    proposed(two.actor, booked, at(6))
    assert statuses() == [ProposalStatus.DECLINED, ProposalStatus.OPEN]


def test_nobody_answers_their_own_proposal_or_withdraws_the_others(
    two: Together, booked: str
) -> None:
    proposal = proposed(two.actor, booked, at(5))
    refused(NotAllowed, lambda: booking.answer(actor=two.actor, proposal=proposal, accept=True))
    refused(NotAllowed, lambda: booking.withdraw(actor=two.owner, proposal=proposal))
    stranger = acting(a_user("Stella Stranger"))
    refused(NotFound, lambda: booking.answer(actor=stranger, proposal=proposal, accept=True))
    booking.withdraw(actor=two.actor, proposal=proposal)
    booking.withdraw(actor=two.actor, proposal=proposal)
    refused(OutOfDate, lambda: booking.answer(actor=two.owner, proposal=proposal, accept=True))


def test_there_is_one_open_proposal_and_ones_own_is_replaced(two: Together, booked: str) -> None:
    proposed(two.actor, booked, at(5))
    proposed(two.actor, booked, at(6))
    assert statuses() == [ProposalStatus.WITHDRAWN, ProposalStatus.OPEN]
    refused(Conflict, lambda: proposed(two.owner, booked, at(7), reason="I am away"))


def test_the_same_proposal_again_is_the_same_one_and_writes_nothing(
    two: Together, booked: str
) -> None:
    first = proposed(two.owner, booked, at(5), reason="I am away")
    before = everything()
    assert proposed(two.owner, booked, at(5), reason="I am away") == first
    assert everything() == before
    admins = proposed(acting(an_admin()), booked, at(5), reason="She is away")
    assert admins != first, "another person's"


def test_the_other_one_is_not_flooded_with_proposals(two: Together, booked: str) -> None:
    for hour in range(10):
        proposed(two.actor, booked, at(5, hour))
    refused(TooManyAttempts, lambda: proposed(two.actor, booked, at(6)))
    (other,) = two.book(at(8))
    proposed(two.actor, other, at(6))


def test_a_proposal_lapses_when_the_session_moves_or_ends(two: Together, booked: str) -> None:
    first = proposed(two.actor, booked, at(5))
    booking.reschedule(actor=two.actor, session=booked, sequence=0, starts_at=at(6))
    refused(OutOfDate, lambda: booking.answer(actor=two.owner, proposal=first, accept=True))
    proposed(two.owner, booked, at(7), 1, reason="I am away")
    booking.cancel(actor=two.actor, session=booked, sequence=1)
    assert statuses() == [ProposalStatus.LAPSED] * 2


def test_a_proposal_whose_time_has_come_cannot_be_accepted_and_is_swept(
    two: Together, booked: str
) -> None:
    proposal = proposed(two.actor, booked, at(2))
    with clock.at(at(2)):
        refused(OutOfDate, lambda: booking.answer(actor=two.owner, proposal=proposal, accept=True))
        assert booking.lapse_due() == 1
        assert booking.lapse_due() == 0
    assert statuses() == [ProposalStatus.LAPSED]


def test_a_proposal_that_is_replaced_while_the_sweep_runs_stays_open(
    two: Together, booked: str
) -> None:
    other = together(two.mentor, "Omar Other")
    (his,) = other.book(at(4))
    proposed(other.actor, his, at(2))
    proposed(two.actor, booked, at(2, 11))

    def replaced(*_read: object) -> None:
        elsewhere = Thread(target=copy_context().run, args=(proposed, two.actor, booked, at(5)))
        elsewhere.start()
        elsewhere.join()

    with clock.at(at(2)):
        event.listen(Session, "after_transaction_end", replaced, once=True)
        assert proposals.lapse_due() == 1
    assert statuses() == [ProposalStatus.LAPSED, ProposalStatus.WITHDRAWN, ProposalStatus.OPEN]


def test_a_proposal_that_cannot_be_swept_keeps_no_other_from_it(two: Together, booked: str) -> None:
    other = together(two.mentor, "Omar Other")
    (his,) = other.book(at(4))
    proposed(two.actor, booked, at(2))
    proposed(other.actor, his, at(2))

    def fails(_mapper: object, _connection: object, row: Proposal) -> None:
        if row.session_id == session_of(booked).id:
            raise RuntimeError("this one cannot be written")

    event.listen(Proposal, "before_update", fails)
    try:
        with clock.at(at(2)):
            assert booking.lapse_due() == 1
    finally:
        event.remove(Proposal, "before_update", fails)
    assert statuses() == [ProposalStatus.OPEN, ProposalStatus.LAPSED]


def test_a_session_keeps_its_length_though_the_mentors_has_changed() -> None:
    two = together(a_bookable_mentor(buffer_minutes=15))
    booked, _next = two.book(at(3), at(3, 13, 30))
    with db.transaction() as tx:
        tx.exec(update(Availability).values(session_minutes=120))
    proposal = proposed(two.owner, booked, at(4), reason="I am away")
    booking.answer(actor=two.actor, proposal=proposal, accept=True)
    row = session_of(booked)
    assert (row.starts_at, row.ends_at) == (at(4), at(4) + HOUR)
    assert (at(4), at(4, 13, 15), True) in occupied()
    booking.reschedule(actor=two.actor, session=booked, sequence=1, starts_at=at(3))
    row = session_of(booked)
    assert (row.starts_at, row.ends_at) == (at(3), at(3) + HOUR), "it fits before the next one"


def test_a_proposed_time_that_was_taken_meanwhile_cannot_be_accepted(
    two: Together, booked: str
) -> None:
    proposal = proposed(two.owner, booked, at(5), reason="I am away")
    together(two.mentor, "Omar Other").book(at(5))
    refused(SlotTaken, lambda: booking.answer(actor=two.actor, proposal=proposal, accept=True))
    assert statuses() == [ProposalStatus.OPEN]


def test_what_cannot_be_proposed_is_refused(two: Together, booked: str) -> None:
    other = together(two.mentor, "Omar Other")
    other.book(at(5))
    refused(SlotTaken, lambda: proposed(two.actor, booked, at(5)))
    refused(InvalidInput, lambda: proposed(two.actor, booked, BEGINNING - HOUR))
    refused(InvalidInput, lambda: proposed(two.owner, booked, at(6)))  # without a reason
    refused(OutOfDate, lambda: proposed(two.actor, booked, at(6), sequence=4))
    refused(NoCredit, lambda: proposed(two.actor, booked, at(50)))
    with clock.at(at(3)):
        refused(TooLate, lambda: proposed(two.owner, booked, at(6), reason="I am away"))
