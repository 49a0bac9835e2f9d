"""The schema: up and down with data in it, as the models say, and with guards that hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from alembic import command
from mentorships.launch import ROOT
from services import audit, clock, db
from services.models import (
    CapacityEvent,
    CreditEntry,
    CreditKind,
    DailyRevenue,
    DailySeats,
    EmailLink,
    InboxEvent,
    JobRun,
    LinkPurpose,
    Mentor,
    MentorLanguage,
    MentorSkill,
    MonthlyRevenue,
    Order,
    OrderStatus,
    OutboxMessage,
    Pack,
    PackOffer,
    Payment,
    RefundReason,
    RefundStatus,
    ReportChange,
    ReportKind,
    Seat,
    SeatEvent,
    SeatStatus,
    SignIn,
    TopicChange,
    User,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_payment,
    a_refund,
    a_seat,
    a_user,
    an_offer,
    an_order,
    saved,
)
from tests.support.databases import Databases, in_use

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


@dataclass
class Filled:
    """A database with a row in every table."""

    mentee: User
    mentor: Mentor
    offer: PackOffer
    seat: Seat
    pack: Pack
    order: Order
    payment: Payment


def fill() -> Filled:
    """A row in every table of the database in use."""
    mentee, mentor = a_user(), a_mentor(capacity=3)
    offer = an_offer(mentor)
    seat = a_seat(mentee, mentor)
    pack = a_pack(seat, left=3, reserved=1)
    order = an_order(mentee, offer, seat_id=seat.id, status=OrderStatus.PAID)
    payment = a_payment(order)
    refund = a_refund(payment, order, RefundReason.PAID_TWICE, RefundStatus.SUCCEEDED)
    with db.transaction() as session:
        refund.provider_id = "re_1"
        session.add(refund)
    later = clock.utc_now() + timedelta(days=1)
    for row in (
        CreditEntry(pack_id=pack.id, kind=CreditKind.PURCHASE, amount=4),
        SeatEvent(seat_id=seat.id, mentor_id=mentor.id, status=SeatStatus.ACTIVE, reason="a test"),
        MentorSkill(mentor_id=mentor.id, name="Writing"),
        MentorLanguage(mentor_id=mentor.id, code="en"),
        SignIn(user_id=mentee.id, token_hash="0" * 64, expires_at=later),
        EmailLink(
            user_id=mentee.id, purpose=LinkPurpose.VERIFY, token_hash="0" * 64, expires_at=later
        ),
        an_inbox_event(),
        OutboxMessage(kind="mail", unique_key="mail:1"),
        JobRun(kind="a test"),
        TopicChange(topic="orders"),
        CapacityEvent(mentor_id=mentor.id, capacity=3),
        ReportChange(kind=ReportKind.REVENUE),
        *_rolled_up(offer),
    ):
        saved(row)
    with db.transaction() as session:
        audit.record(session, actor=audit.SYSTEM, action="test.filled", thing=mentor.public_id)
    return Filled(mentee, mentor, offer, seat, pack, order, payment)


def _rolled_up(offer: PackOffer) -> tuple[SQLModel, ...]:
    """One row of each roll-up."""
    first, mentor_id = date(2026, 3, 1), offer.mentor_id
    revenue = {
        "currency": "EUR",
        "offer_id": offer.id,
        "provider": "stripe",
        "mentor_id": mentor_id,
        "paid_minor": 12_000,
        "refunded_minor": 0,
        "payments": 1,
        "refunds": 0,
    }
    counts = dict.fromkeys(("active", "grace", "held", "capacity"), 1)
    sums = dict.fromkeys(("active", "grace", "held", "capacity", "free", "over"), 86_400)
    seconds = {f"{name}_seconds": value for name, value in sums.items()}
    return (
        DailyRevenue.model_validate({"day": first, **revenue}),
        MonthlyRevenue.model_validate({"month": first, **revenue}),
        DailySeats.model_validate({"day": first, "mentor_id": mentor_id, **counts, **seconds}),
    )


def an_inbox_event() -> InboxEvent:
    """Always the same one."""
    return InboxEvent(provider="stripe", event_id="evt_1", type="paid", payload="{}")


def _config(url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["url"] = url
    return config


def _revisions(config: Config) -> list[str]:
    """All revisions, the first one first."""
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    return found[::-1]


def _tables() -> set[str]:
    db.dispose()  # a migration ran beside: nothing of the schema may be remembered
    return set(inspect(db.engine()).get_table_names()) - {"alembic_version"}


def _empty_tables() -> set[str]:
    with db.reading() as session:
        return {
            table.name
            for table in SQLModel.metadata.sorted_tables
            if session.connection().execute(table.select().limit(1)).first() is None
        }


@KINDS
def test_every_revision_goes_up_and_down_with_data_in_the_tables(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path, migrated=False) as url, in_use(url):
        config = _config(url)
        for revision in _revisions(config):
            command.upgrade(config, revision)
        expected = {table.name for table in SQLModel.metadata.sorted_tables}
        assert _tables() == expected
        fill()
        assert _empty_tables() == set()
        for _ in _revisions(config):
            db.dispose()
            command.downgrade(config, "-1")
        assert _tables() == set()
        command.upgrade(config, "head")
        assert _tables() == expected
        fill()


@KINDS
def test_an_upgrade_of_what_is_up_to_date_keeps_every_row(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url, in_use(url):
        fill()
        db.dispose()
        command.upgrade(_config(url), "head")
        assert _empty_tables() == set()


@KINDS
def test_the_migrations_make_what_the_models_say(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url:
        command.check(_config(url))  # raises when a new migration would not be empty


@pytest.fixture(params=["as migrated", "after down and up"])
def filled(request: pytest.FixtureRequest, database: str) -> Filled:
    """A filled database, once as it was made and once after all revisions went down and up."""
    if request.param != "as migrated":
        fill()
        db.dispose()
        config = _config(database)
        command.downgrade(config, "base")
        for revision in _revisions(config):
            command.upgrade(config, revision)
    return fill()


def _refused(table: str, guard: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as raised:
        write()
    diagnosis = getattr(raised.value.orig, "diag", None)
    if diagnosis is not None:
        assert diagnosis.constraint_name == guard
    else:  # SQLite names a CHECK by its name and a unique index by its columns
        assert guard in str(raised.value.orig) or f"{table}." in str(raised.value.orig)


def _run(statement: str) -> Callable[[], object]:
    def run() -> None:
        with db.transaction() as session:
            session.connection().execute(text(statement))

    return run


def test_what_must_be_unique_is_refused_a_second_time(filled: Filled) -> None:
    mentee, mentor, order, payment = filled.mentee, filled.mentor, filled.order, filled.payment
    other = an_order(mentee, filled.offer, status=OrderStatus.PAID)

    def second_refund(**changes: object) -> None:
        again = a_payment(other, provider_id=f"pi_{len(changes)}")
        refund = a_refund(again, other, RefundReason.NO_PLACE, RefundStatus.PENDING)
        with db.transaction() as session:
            for name, value in changes.items():
                setattr(refund, name, value)
            session.add(refund)

    def second_open_checkout() -> None:
        an_order(mentee, filled.offer)
        an_order(mentee, filled.offer)

    refused: list[tuple[str, str, Callable[[], object]]] = [
        ("inbox_event", "uq_inbox_event_provider_event_id", lambda: saved(an_inbox_event())),
        (
            "payment",
            "uq_payment_provider_provider_id",
            lambda: a_payment(other, provider_id=payment.provider_id),
        ),
        ("refund", "uq_refund_provider_provider_id", lambda: second_refund(provider_id="re_1")),
        (
            "refund",
            "uq_refund_automatic",
            lambda: a_refund(payment, order, RefundReason.NO_PLACE, RefundStatus.PENDING),
        ),
        ("seat", "uq_seat_unreleased", lambda: a_seat(mentee, mentor, SeatStatus.HELD)),
        ("order", "uq_order_open_checkout", second_open_checkout),
        (
            "outbox_message",
            "uq_outbox_message_unique_key",
            lambda: saved(OutboxMessage(kind="mail", unique_key="mail:1")),
        ),
        (
            "credit_entry",
            "uq_credit_entry_purchase",
            lambda: saved(CreditEntry(pack_id=filled.pack.id, kind=CreditKind.PURCHASE, amount=1)),
        ),
        ("user", "uq_user_email", lambda: a_user("Another", email=mentee.email)),
    ]
    for table, guard, write in refused:
        _refused(table, guard, write)

    a_seat(mentee, mentor, SeatStatus.RELEASED)  # a released seat is not in the way
    an_order(mentee, filled.offer, status=OrderStatus.CANCELED)


IMPOSSIBLE = [
    ("ck_pack_left_range", 'UPDATE pack SET "left" = total + 1'),
    ("ck_pack_left_range", 'UPDATE pack SET reserved = -9, "left" = -9'),
    ("ck_pack_reserved_range", 'UPDATE pack SET reserved = "left" + 1'),
    ("ck_pack_reserved_range", "UPDATE pack SET reserved = -1"),
    ("ck_pack_total_range", "UPDATE pack SET total = 101"),
    ("ck_payment_refunded_range", "UPDATE payment SET refunded_minor = amount_minor + 1"),
    ("ck_payment_refunded_range", "UPDATE payment SET refunded_minor = -1"),
    ("ck_order_amount_positive", 'UPDATE "order" SET amount_minor = 0'),
    ("ck_refund_amount_positive", "UPDATE refund SET amount_minor = -1"),
    ("ck_mentor_capacity_range", "UPDATE mentor SET capacity = -1"),
    ("ck_pack_offer_price_positive", "UPDATE pack_offer SET price_minor = 0"),
    ("ck_pack_offer_sessions_range", "UPDATE pack_offer SET sessions = 0"),
    ("ck_pack_offer_validity_range", "UPDATE pack_offer SET validity_days = 366"),
    ("ck_seat_held_until_when_held", "UPDATE seat SET held_until = created_at"),
    ("ck_seat_released_at_when_released", "UPDATE seat SET status = 'released'"),
    ("ck_seat_grace_ends_at_when_grace", "UPDATE seat SET status = 'grace'"),
]
STATUS_COLUMNS = [
    "order.status",
    "order.provider",
    "payment.status",
    "refund.status",
    "refund.source",
    "refund.reason",
    "pack.status",
    "pack_offer.status",
    "seat.release_reason",
    "inbox_event.status",
    "outbox_message.status",
    "job_run.status",
    "user.status",
    "email_link.purpose",
    "report_change.kind",
    "report_progress.kind",
]
HISTORY = ("audit_entry", "capacity_event", "credit_entry", "seat_event")


def test_a_row_that_cannot_be_true_is_refused(filled: Filled) -> None:
    for guard, statement in IMPOSSIBLE:
        _refused(guard.removeprefix("ck_"), guard, _run(statement))


def test_a_status_that_does_not_exist_is_refused(filled: Filled) -> None:
    for column in STATUS_COLUMNS:
        table, name = column.split(".")
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            _run(f"UPDATE \"{table}\" SET {name} = 'invented'")()


def test_history_is_only_added_to(filled: Filled) -> None:
    for table in HISTORY:
        for change in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                _run(change)()


def test_a_row_cannot_name_what_does_not_exist(filled: Filled) -> None:
    with pytest.raises(IntegrityError):
        _run("UPDATE pack SET seat_id = 999999")()
    with pytest.raises(IntegrityError):
        _run("DELETE FROM mentor")()
