"""The demo studio: believable, whole at the provider, and the same each time."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from filelock import FileLock
from sqlalchemy import func
from sqlmodel import col, select

from mentorships import seed
from services import checkout, clock, db, seats
from services.models import (
    LIVE_SESSIONS,
    OPEN_SESSIONS,
    CalendarConnection,
    ConnectionStatus,
    CreditEntry,
    CreditKind,
    InboxEvent,
    InboxStatus,
    Mentor,
    MentoringSession,
    Objection,
    ObjectionStatus,
    OccupiedTime,
    Onboarding,
    Order,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Pack,
    Payment,
    Proposal,
    ProposalStatus,
    Refund,
    RefundStatus,
    Seat,
    SeatStatus,
    SessionStatus,
    Testimonial,
    TestimonialStatus,
    TimeOff,
    User,
)
from tests.support.ground import RUN_DIR
from tests.support.servers import Sandbox


@pytest.mark.chaos
@pytest.mark.one_database("sqlite", both_in_full=True)
def test_the_demo_studio_is_believable_complete_and_filled_once(
    database: str, sandbox: Sandbox
) -> None:
    begun = clock.utc_now()

    assert seed.ensure_demo(sandbox.address)
    assert not seed.ensure_demo(sandbox.address)

    with db.reading() as session:
        orders = session.exec(select(Order)).all()
        assert_people_and_seats()
        assert min(order.created_at for order in orders) < begun - timedelta(days=330)
        assert max(order.created_at for order in orders) > begun - timedelta(days=1)
        statuses = {order.status for order in orders}
        assert statuses == set(OrderStatus) - {OrderStatus.FAILED}
        assert_nothing_is_left_to_do()
    assert_sessions_are_of_every_kind()
    assert_credits_add_up()
    assert_people_say_what_they_think()
    assert_every_payment_exists_at_the_provider(sandbox)
    assert checkout.reconcile(timedelta(days=400)) == 0
    assert_same_story_as_last_time(digest(orders, begun))


def assert_people_and_seats() -> None:
    with db.reading() as session:
        mentors = session.exec(select(Mentor)).all()
        emails = set(session.exec(select(User.email)).all())
        found = Counter(session.exec(select(Seat.status)).all())
        taken = {one.slug: (seats.count_taken(session, one.id), one.capacity) for one in mentors}
    assert len(mentors) == 8
    assert len(emails) == 8 + 40 + 1
    assert set(seed.DEMO_LOGINS.values()) <= emails
    assert all(email.endswith("@example.com") for email in emails)
    assert set(found) == set(SeatStatus)
    assert any(capacity == 0 for _, capacity in taken.values())
    assert any(used == capacity > 0 for used, capacity in taken.values())
    assert any(used < capacity for used, capacity in taken.values())


def assert_sessions_are_of_every_kind() -> None:
    """Also one that begins within hours, for whoever looks at the demo first."""
    soon = clock.utc_now() + timedelta(hours=13)
    with db.reading() as session:
        found = session.exec(select(MentoringSession)).all()
        occupied = session.exec(select(func.count()).select_from(OccupiedTime)).one()
        lea = session.exec(select(User.id).where(User.email == seed.DEMO_LOGINS["mentee"])).one()
        onboarded = session.exec(select(Onboarding.done_at)).all()
        holidays = session.exec(select(func.count()).select_from(TimeOff)).one()
    statuses = Counter(one.status for one in found)
    assert set(statuses) >= set(SessionStatus) - {SessionStatus.IN_PROGRESS}
    assert len(found) >= 100
    assert any(one.late for one in found)
    assert any(one.sequence > 0 and one.status is SessionStatus.COMPLETED for one in found)
    assert any(one.mentee_id == lea and one.starts_at < soon for one in found if is_ahead(one))
    assert occupied == 2 * sum(statuses[status] for status in LIVE_SESSIONS)
    assert len({one.mentor_id for one in found}) == 8
    assert None in onboarded
    assert holidays == 1


def is_ahead(session: MentoringSession) -> bool:
    return session.status is SessionStatus.SCHEDULED and session.starts_at > clock.utc_now()


def assert_credits_add_up() -> None:
    """A pack's reserved credits are those of its open sessions, and its ledger leads to `left`."""
    with db.reading() as session:
        packs = session.exec(select(Pack)).all()
        entries = session.exec(select(CreditEntry)).all()
        open_sessions = Counter(
            session.exec(
                select(MentoringSession.pack_id).where(
                    col(MentoringSession.status).in_(OPEN_SESSIONS)
                )
            ).all()
        )
    used = {CreditKind.CONSUME, CreditKind.EXPIRE}
    for pack in packs:
        gone = sum(-one.amount for one in entries if one.pack_id == pack.id and one.kind in used)
        assert pack.total - gone == pack.left
        assert pack.reserved == open_sessions[pack.id]


def assert_people_say_what_they_think() -> None:
    with db.reading() as session:
        said = Counter(session.exec(select(Testimonial.status)).all())
        proposals = Counter(session.exec(select(Proposal.status)).all())
        objections = Counter(session.exec(select(Objection.status)).all())
        calendars = Counter(session.exec(select(CalendarConnection.status)).all())
    assert set(said) == set(TestimonialStatus)
    assert said[TestimonialStatus.PUBLISHED] >= 5
    assert proposals[ProposalStatus.OPEN] == 2
    assert objections == {ObjectionStatus.OPEN: 1}
    assert calendars == {ConnectionStatus.ACTIVE: 1}


def assert_nothing_is_left_to_do() -> None:
    with db.reading() as session:
        events = Counter(session.exec(select(InboxEvent.status)).all())
        messages = Counter(session.exec(select(OutboxMessage.status)).all())
        refunds = Counter(session.exec(select(Refund.status)).all())
    assert set(events) == {InboxStatus.HANDLED, InboxStatus.IGNORED}
    assert set(messages) == {OutboxStatus.SENT}
    assert refunds == {RefundStatus.SUCCEEDED: 1}


def assert_every_payment_exists_at_the_provider(sandbox: Sandbox) -> None:
    sessions = cast(list[dict[str, Any]], sandbox.control("stripe/sessions"))
    at_provider = {
        (one["payment_intent"], one["amount_total"])
        for one in sessions
        if one["payment_status"] == "paid"
    }
    with db.reading() as session:
        ours = {(one.provider_id, one.amount_minor) for one in session.exec(select(Payment)).all()}
    assert ours == at_provider
    assert len(ours) > 100


def digest(orders: list[Order] | Any, begun: datetime) -> str:
    """What happened when, relative to now, without the random identifiers."""
    lines = sorted(
        f"{round((begun - one.created_at).total_seconds() / 600)} {one.title} "
        f"{one.amount_minor} {one.status.value}"
        for one in orders
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def assert_same_story_as_last_time(found: str) -> None:
    """With CHAOS=full this test runs once per database: both must tell the same story."""
    file = Path(os.environ[RUN_DIR]) / "seed-digest"
    with FileLock(f"{file}.lock"):
        if file.exists():
            assert file.read_text() == found
        else:
            file.write_text(found)
