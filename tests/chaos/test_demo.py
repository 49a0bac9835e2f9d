"""The demo studio: believable, whole at the provider, and the same each time."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from filelock import FileLock
from sqlalchemy import func
from sqlmodel import col, select

from mentorships import seed
from services import clock, db, reconciliation, seats
from services.models import (
    LIVE_SESSIONS,
    OPEN_SESSIONS,
    RUNNING,
    CalendarConnection,
    ConnectionStatus,
    Consent,
    ConsentAnswer,
    CreditEntry,
    CreditKind,
    DiscountCode,
    Dispute,
    DisputeStatus,
    FileKind,
    FileStatus,
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
    PaymentStatus,
    Proposal,
    ProposalStatus,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingFile,
    RecordingStatus,
    Refund,
    RefundSource,
    RefundStatus,
    Reminder,
    Seat,
    SeatStatus,
    SessionStatus,
    Testimonial,
    TestimonialStatus,
    TimeOff,
    UnmatchedKind,
    UnmatchedMoney,
    Usage,
    User,
    WaitlistEntry,
    WaitlistStatus,
)
from services.providers.storage.registry import store
from services.recordings import reasons
from services.recordings.over import NOTHING_SENT
from services.store_settings import LOCAL
from tests.support.ground import RUN_DIR
from tests.support.ledger import assert_adds_up
from tests.support.scenes import scenes
from tests.support.servers import Sandbox, environment_of


@pytest.fixture
def recorder(sandbox: Sandbox, tmp_path: Path) -> Iterator[None]:
    """The simulated recorder writes into a folder of its own process; elsewhere both share one."""
    folder = Path(sandbox.environment["DATA_DIR"]) / "recorder" / tmp_path.name
    source = {"STORAGE_REC_KIND": "local", "STORAGE_REC_BUCKET": str(folder)}
    with environment_of(source | {"RECORDING_SOURCE": "rec"}):
        yield


@pytest.mark.chaos
@pytest.mark.timeout(900)  # a year passes, and every mail of it is sent
@pytest.mark.one_database("sqlite", both_in_full=True)
def test_the_demo_studio_is_believable_complete_and_filled_once(
    database: str, sandbox: Sandbox, recorder: None
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
    assert_people_wait()
    assert_sessions_are_of_every_kind()
    assert_credits_add_up()
    assert_adds_up()
    assert_people_say_what_they_think()
    assert_sessions_are_recorded(begun)
    assert_money_is_on_the_desk()
    assert_every_payment_exists_at_the_provider(sandbox)
    found = reconciliation.reconcile(timedelta(days=400))
    assert (found.repaired, found.differ) == (0, 1)  # the one that waits under Unmatched money
    assert_same_story_as_last_time(digest(orders, begun))
    assert not [scene for scene in scenes() if "[" in scene.address]  # every page has its picture


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


def assert_people_wait() -> None:
    """With a full mentor, where one of them has an offer, and with one who is closed."""
    with db.reading() as session:
        waits = session.exec(select(WaitlistEntry.mentor_id, WaitlistEntry.status)).all()
    found = Counter(status for _, status in waits)
    assert found == {WaitlistStatus.WAITING: 4, WaitlistStatus.OFFERED: 1}
    assert len({mentor_id for mentor_id, _ in waits}) == 2


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
    used = {CreditKind.CONSUME, CreditKind.EXPIRE, CreditKind.REFUND}
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


def assert_sessions_are_recorded(begun: datetime) -> None:
    """Some to watch, one of them Lea's, some that end soon, one extended, one held, one that came
    to nothing, one on its way, and certificates of those that are deleted."""
    with db.reading() as session:
        found = session.exec(select(Recording)).all()
        answers = Counter(session.exec(select(Consent.answer)).all())
        certificates = session.exec(select(PurgeCertificate)).all()
        watched = session.exec(select(func.count()).select_from(RecordingAccess)).one()
        leas = session.exec(
            select(Recording.status)
            .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
            .join(User, col(User.id) == col(MentoringSession.mentee_id))
            .where(User.email == seed.DEMO_LOGINS["mentee"])
        ).all()
        reminded = session.exec(
            select(func.count()).where(Reminder.kind == "recording_expiring")
        ).one()
    statuses = Counter(one.status for one in found)
    assert statuses[RecordingStatus.READY] >= 4
    assert (statuses[RecordingStatus.TRANSFERRING], statuses[RecordingStatus.FAILED]) == (1, 1)
    assert not statuses.keys() & RUNNING
    assert RecordingStatus.READY in leas
    assert set(answers) == set(ConsentAnswer)
    ready = [one for one in found if one.status is RecordingStatus.READY]
    assert len([one for one in ready if one.held_at]) == 1
    assert len([one for one in ready if one.extended_by and not one.held_at]) == 1
    assert [one.trouble for one in found if one.status is RecordingStatus.FAILED] == [NOTHING_SENT]
    week = begun + timedelta(days=7)
    assert any(one.keep_until and begun < one.keep_until < week for one in ready)
    assert reminded >= 2
    assert watched > 0
    purged = {one.id for one in found if one.status is RecordingStatus.PURGED}
    assert {one.recording_id for one in certificates} == purged
    assert {one.reason for one in certificates} == {reasons.RETENTION, reasons.WITHDRAWN}
    assert all(one.seconds > 3_000 for one in ready)
    assert_files_are_where_their_rows_say(ready)


def assert_files_are_where_their_rows_say(ready: list[Recording]) -> None:
    """Films that can be played, whole, with the checksum that stands in their row; nothing else."""
    kept = {one.id for one in ready}
    with db.reading() as session:
        files = session.exec(select(RecordingFile)).all()
        used = session.exec(select(func.count()).select_from(Usage)).one()
    own = [file for file in files if file.recording_id in kept]
    assert {file.recording_id for file in own if file.kind is FileKind.VIDEO} == kept
    for file in own:
        assert file.status is FileStatus.CHECKED
        with store(file.store).open(file.key) as content:
            data = content.read()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)
        if file.kind is FileKind.VIDEO:
            assert data[4:8] == b"ftyp"
    there = {version.key for version in store(LOCAL).list_versions("recordings/")}
    assert there == {file.key for file in own}
    assert used > len(own)


def assert_nothing_is_left_to_do() -> None:
    with db.reading() as session:
        events = Counter(session.exec(select(InboxEvent.status)).all())
        messages = Counter(session.exec(select(OutboxMessage.status)).all())
        refunds = Counter(session.exec(select(Refund.status)).all())
    assert set(events) == {InboxStatus.HANDLED, InboxStatus.IGNORED, InboxStatus.FAILED}
    assert set(messages) == {OutboxStatus.SENT, OutboxStatus.DEAD}
    assert (events[InboxStatus.FAILED], messages[OutboxStatus.DEAD]) == (1, 1)  # for the admin
    assert refunds == {RefundStatus.SUCCEEDED: 3, RefundStatus.REQUESTED: 1}


def assert_money_is_on_the_desk() -> None:
    """A refund to decide, one that gave a part back, a chargeback to answer and one that was won,
    a payment that belongs to nothing, and discount codes."""
    with db.reading() as session:
        refunds = session.exec(select(Refund)).all()
        disputes = {one.status: one for one in session.exec(select(Dispute)).all()}
        entries = session.exec(select(UnmatchedMoney)).all()
        used = Counter(
            session.exec(
                select(DiscountCode.code).join(
                    Order, col(Order.discount_code_id) == col(DiscountCode.id)
                )
            ).all()
        )
        codes = session.exec(select(DiscountCode.code)).all()
        parts = session.exec(
            select(Payment.refunded_minor, Payment.amount_minor, Payment.status)
            .where(Payment.refunded_minor > 0)
            .order_by(col(Payment.id))
        ).all()
    asked = [one for one in refunds if one.status is RefundStatus.REQUESTED]
    assert [one.source for one in asked] == [RefundSource.MENTEE]
    assert sorted(back < paid for back, paid, _ in parts) == [False, True, True]
    assert {status for back, paid, status in parts if back < paid} == {PaymentStatus.COMPLETED}
    assert set(disputes) == {DisputeStatus.OPEN, DisputeStatus.WON}
    assert (disputes[DisputeStatus.OPEN].evidence_due_at or clock.utc_now()) > clock.utc_now()
    assert [one.kind for one in entries] == [UnmatchedKind.PAYMENT]
    assert len(codes) == 2
    assert set(used) < set(codes)
    assert sum(used.values()) == 1


def assert_every_payment_exists_at_the_provider(sandbox: Sandbox) -> None:
    sessions = cast(list[dict[str, Any]], sandbox.control("stripe/sessions"))
    at_stripe = {
        (one["payment_intent"], one["amount_total"])
        for one in sessions
        if one["payment_status"] == "paid"
    }
    with db.reading() as session:
        ours = {(one.provider_id, one.amount_minor) for one in session.exec(select(Payment)).all()}
        ours |= {
            (one.provider_id, one.amount_minor)
            for one in session.exec(select(UnmatchedMoney)).all()
        }
    orders = cast(list[dict[str, Any]], sandbox.control("paypal/orders"))
    at_paypal = {(one["capture"], one["amount"]) for one in orders if one["capture"]}
    assert ours == at_stripe | at_paypal
    assert len(ours) > 100
    assert len(at_paypal) > 20


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
