"""The schema's guards: what must never be false is refused by the database itself, also after all
revisions went down and up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, col, select, update

from services import clock, db, models
from services.audit import SYSTEM, record
from services.ids import UserId
from services.models import (
    AuditEntry,
    CalendarConnection,
    CalendarEvent,
    ConnectedCalendar,
    CreditEntry,
    CreditKind,
    Objection,
    OccupiedTime,
    OrderStatus,
    OutboxMessage,
    Proposal,
    RefundReason,
    RefundStatus,
    SeatStatus,
    SessionNote,
    SessionStatus,
    WeeklyHours,
)
from tests.services.rows import a_payment, a_refund, a_seat, a_user, an_order, saved
from tests.support.filled import (
    HOUR,
    NOON,
    Filled,
    a_hold,
    an_inbox_event,
    fill,
)
from tests.support.guards import down_and_up, refused, running


@pytest.fixture
def filled(database: str) -> Filled:  # it is the one in use
    """A filled database, as it was made."""
    return fill()


def _second_ones(filled: Filled) -> list[tuple[str, str, Callable[[], object]]]:
    """Of what there is one around a session."""
    mentor, calendar = filled.mentor, filled.calendar
    about: dict[str, Any] = {"session_id": filled.session.id}
    pack_id, mentee_id = filled.pack.id, filled.mentee.id
    hour: dict[str, Any] = {"starts_at": NOON + 6 * HOUR, "ends_at": NOON + 7 * HOUR}
    rows: list[tuple[str, SQLModel]] = [
        (
            "uq_credit_entry_session_id_kind",
            CreditEntry(pack_id=pack_id, kind=CreditKind.RESERVE, amount=-1, **about),
        ),
        (
            "uq_occupied_time_session",
            OccupiedTime(person_id=mentee_id, mentor_side=False, **about, **hour),
        ),
        (
            "uq_proposal_open",
            Proposal(by_id=mentee_id, by_mentor=False, sequence=0, **about, **hour),
        ),
        ("uq_objection_session_id", Objection(body="x", outcome=SessionStatus.COMPLETED, **about)),
        ("uq_session_note", SessionNote(author_id=mentee_id, shared=True, **about)),
        (
            "uq_testimonial_pack_id",
            models.Testimonial(pack_id=pack_id, mentee_id=mentee_id, mentor_id=mentor.id, body="x"),
        ),
        (
            "uq_weekly_hours_window",
            WeeklyHours(mentor_id=mentor.id, weekday=0, start_minute=0, end_minute=60),
        ),
        ("uq_calendar_connection_user", CalendarConnection(user_id=mentor.user_id)),
        (
            "uq_connected_calendar",
            ConnectedCalendar(connection_id=calendar.connection_id, external_id="primary"),
        ),
        (
            "uq_calendar_event_session_connection",
            CalendarEvent(
                connection_id=calendar.connection_id, calendar="p", external_id="other", **about
            ),
        ),
    ]
    return [
        (str(type(row).__tablename__), guard, lambda row=row: saved(row)) for guard, row in rows
    ]


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

    again: list[tuple[str, str, Callable[[], object]]] = [
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
        *_second_ones(filled),
    ]
    for table, guard, write in again:
        refused(table, guard, write)

    a_seat(mentee, mentor, SeatStatus.RELEASED)  # a released seat is not in the way
    an_order(mentee, filled.offer, status=OrderStatus.CANCELED)


def test_nobodys_time_is_taken_twice_by_a_new_row_or_by_a_changed_one(filled: Filled) -> None:
    """The hour after noon is the mentee's and the mentor's; the hour from three the mentee's."""
    mentee_id, mentor_id = filled.mentee.id, filled.mentor.user_id

    def taken(person: UserId, start: datetime, minutes: int = 60) -> OccupiedTime:
        hold = saved(a_hold(mentee_id, filled.mentor.id, start))
        until = start + timedelta(minutes=minutes)
        return saved(
            OccupiedTime(
                person_id=person, hold_id=hold.id, mentor_side=False, starts_at=start, ends_at=until
            )
        )

    for person, start, minutes in (
        (mentee_id, NOON, 60),
        (mentor_id, NOON, 60),
        (mentor_id, NOON - 59 * MINUTE, 60),
        (mentor_id, NOON + 59 * MINUTE, 60),
        (mentor_id, NOON + 10 * MINUTE, 5),
        (mentor_id, NOON - HOUR, 180),
        (mentee_id, NOON + 2 * HOUR, 61),
    ):
        refused(
            OVERLAP,
            OVERLAP,
            lambda person=person, start=start, minutes=minutes: taken(person, start, minutes),
        )
    before = taken(mentor_id, NOON - HOUR)
    after = taken(mentor_id, NOON + HOUR)
    for row, change in (
        (before, {"ends_at": NOON + MINUTE}),
        (after, {"starts_at": NOON + 59 * MINUTE}),
        (after, {"starts_at": NOON - 2 * HOUR}),
        (taken(mentor_id, NOON + 3 * HOUR), {"person_id": mentee_id}),
    ):
        refused(OVERLAP, OVERLAP, lambda row=row, change=change: _changed(row, change))
    _changed(before, {"starts_at": NOON - 2 * HOUR})  # its own time is not in its way


def _changed(row: OccupiedTime, change: Mapping[str, object]) -> None:
    with db.transaction() as session:
        changed = update(OccupiedTime).where(col(OccupiedTime.id) == row.id)
        session.exec(changed.values(**change))


OVERLAP = "ex_occupied_time_overlap"
MINUTE = timedelta(minutes=1)
IMPOSSIBLE = [
    ("ck_price_micros_not_negative", "UPDATE price SET micros = -1"),
    ("ck_price_terms_not_negative", "UPDATE price SET free_per_day = -1"),
    ("ck_pack_left_range", 'UPDATE pack SET "left" = total + 1'),
    ("ck_pack_left_range", 'UPDATE pack SET reserved = -9, "left" = -9'),
    ("ck_pack_reserved_range", 'UPDATE pack SET reserved = "left" + 1'),
    ("ck_pack_reserved_range", "UPDATE pack SET reserved = -1"),
    ("ck_pack_total_range", "UPDATE pack SET total = 101"),
    ("ck_payment_refunded_range", "UPDATE payment SET refunded_minor = amount_minor + 1"),
    ("ck_payment_refunded_range", "UPDATE payment SET refunded_minor = -1"),
    ("ck_refund_amount_positive", "UPDATE refund SET amount_minor = -1"),
    ("ck_mentor_capacity_range", "UPDATE mentor SET capacity = -1"),
    ("ck_pack_offer_price_positive", "UPDATE pack_offer SET price_minor = 0"),
    ("ck_pack_offer_sessions_range", "UPDATE pack_offer SET sessions = 0"),
    ("ck_pack_offer_validity_range", "UPDATE pack_offer SET validity_days = 366"),
    ("ck_seat_held_until_when_held", "UPDATE seat SET held_until = created_at"),
    ("ck_seat_released_at_when_released", "UPDATE seat SET status = 'released'"),
    ("ck_seat_grace_ends_at_when_grace", "UPDATE seat SET status = 'grace'"),
    ("ck_mentoring_session_ends_after_start", "UPDATE mentoring_session SET ends_at = starts_at"),
    ("ck_mentoring_session_two_people", "UPDATE mentoring_session SET mentor_user_id = mentee_id"),
    (
        "ck_mentoring_session_canceled_at_when_canceled",
        "UPDATE mentoring_session SET status = 'canceled'",
    ),
    (
        "ck_mentoring_session_decide_by_when_unresolved",
        "UPDATE mentoring_session SET status = 'unresolved'",
    ),
    (
        "ck_mentoring_session_decide_by_when_unresolved",
        "UPDATE mentoring_session SET decide_by = ends_at",
    ),
    ("ck_occupied_time_ends_after_start", "UPDATE occupied_time SET ends_at = starts_at"),
    ("ck_occupied_time_session_or_hold", "UPDATE occupied_time SET session_id = NULL"),
    ("ck_proposal_ends_after_start", "UPDATE proposal SET ends_at = starts_at"),
    ("ck_slot_hold_ends_after_start", "UPDATE slot_hold SET ends_at = starts_at"),
    ("ck_busy_time_ends_after_start", "UPDATE busy_time SET ends_at = starts_at"),
    ("ck_availability_session_range", "UPDATE availability SET session_minutes = 14"),
    ("ck_availability_buffer_range", "UPDATE availability SET buffer_minutes = 61"),
    ("ck_availability_notice_range", "UPDATE availability SET notice_minutes = -1"),
    ("ck_availability_horizon_range", "UPDATE availability SET horizon_days = 366"),
    ("ck_weekly_hours_weekday_range", "UPDATE weekly_hours SET weekday = 7"),
    ("ck_weekly_hours_minutes_range", "UPDATE weekly_hours SET end_minute = start_minute"),
    ("ck_date_override_minutes_range", "UPDATE date_override SET start_minute = 9"),
    ("ck_time_off_days_or_instants", "UPDATE time_off SET ends_at = starts_at"),
    ("ck_time_off_days_or_instants", "UPDATE time_off SET first_day = '2026-03-01'"),
    (
        "ck_calendar_connection_broken_at_if_broken",
        "UPDATE calendar_connection SET status = 'broken'",
    ),
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
    "mentoring_session.status",
    "objection.status",
    "objection.outcome",
    "proposal.status",
    "slot_hold.status",
    "testimonial.status",
    "calendar_connection.status",
    "calendar_event.deviation",
    "price.component",
]
HISTORY = (
    "audit_entry",
    "capacity_event",
    "credit_entry",
    "invoice",
    "posting",
    "purge_certificate",
    "recording_access",
    "seat_event",
    "usage",
)


def test_a_row_that_cannot_be_true_is_refused(filled: Filled) -> None:
    for guard, statement in IMPOSSIBLE:
        refused(guard.removeprefix("ck_"), guard, running(statement))


def test_a_status_that_does_not_exist_is_refused(filled: Filled) -> None:
    for column in STATUS_COLUMNS:
        table, name = column.split(".")
        with pytest.raises(IntegrityError, match=r"(?i)check"):
            running(f"UPDATE \"{table}\" SET {name} = 'invented'")()


def test_history_is_only_added_to(filled: Filled) -> None:
    for table in HISTORY:
        for change in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                running(change)()


def test_only_an_erasure_takes_words_out_of_the_audit_trail(filled: Filled) -> None:
    with db.transaction() as tx:
        record(tx, actor=SYSTEM, action="test.named", thing="x", after={"name": "Nora Novak"})
    found = col(AuditEntry.action) == "test.named"

    def change(**values: Any) -> Callable[[], object]:
        def run() -> None:
            with db.transaction() as tx:
                tx.exec(update(AuditEntry).where(found).values(**values))

        return run

    now = clock.utc_now()
    for refusal in (
        {"after": {}},
        {"erased_at": now, "after": {"name": "Nora Novak", "more": 1}},
        {"erased_at": now, "action": "test.other"},
        {"erased_at": now, "actor": "x"},
        {"erased_at": now, "actor_id": filled.mentee.id},
        {"erased_at": now, "at": now + timedelta(days=1)},
    ):
        with pytest.raises(DBAPIError, match="audit_entry is append-only"):
            change(**refusal)()
    change(erased_at=now, after={"name": ""})()
    with db.reading() as session:
        assert session.exec(select(AuditEntry).where(found)).one().after == {"name": ""}


def test_a_row_cannot_name_what_does_not_exist(filled: Filled) -> None:
    with pytest.raises(IntegrityError):
        running("UPDATE pack SET seat_id = 999999")()
    with pytest.raises(IntegrityError):
        running("DELETE FROM mentor")()


def test_all_guards_are_still_there_after_the_revisions_went_down_and_up(database: str) -> None:
    filled = down_and_up(database)
    for test in (
        test_a_row_that_cannot_be_true_is_refused,
        test_a_status_that_does_not_exist_is_refused,
        test_history_is_only_added_to,
        test_only_an_erasure_takes_words_out_of_the_audit_trail,
        test_a_row_cannot_name_what_does_not_exist,
        test_nobodys_time_is_taken_twice_by_a_new_row_or_by_a_changed_one,
        test_what_must_be_unique_is_refused_a_second_time,
    ):
        test(filled)
