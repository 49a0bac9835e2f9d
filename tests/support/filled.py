"""A database with a row in every table, for the tests of migrations and of the schema's guards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from mentorships.launch import ROOT
from services import audit, clock, db
from services.ids import MentorId, UserId
from services.models import (
    Acceptance,
    Account,
    BusyTime,
    CalendarConnection,
    CalendarEvent,
    CalendarFeed,
    CapacityEvent,
    ConnectedCalendar,
    CreditEntry,
    CreditKind,
    DailyRevenue,
    DailySeats,
    DateOverride,
    DiscountCode,
    DiscountRedemption,
    Dispute,
    Document,
    EmailLink,
    InboxEvent,
    Invoice,
    InvoiceCounter,
    InvoiceSeries,
    LinkPurpose,
    Mentor,
    MentoringSession,
    MentorLanguage,
    MentorSkill,
    MonthlyRevenue,
    OAuthAttempt,
    Objection,
    OccupiedTime,
    OfferedDay,
    Order,
    OrderStatus,
    OutboxMessage,
    Pack,
    PackOffer,
    PackShare,
    Payment,
    Posting,
    PostingKind,
    Proposal,
    Provider,
    ReconciliationRun,
    Refund,
    RefundReason,
    RefundStatus,
    ReportChange,
    ReportKind,
    Seat,
    SeatEvent,
    SeatStatus,
    SessionJoin,
    SessionNote,
    SessionStatus,
    SignIn,
    SlotHold,
    Testimonial,
    TimeOff,
    TopicChange,
    UnmatchedKind,
    UnmatchedMoney,
    User,
)
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_payment,
    a_refund,
    a_seat,
    a_session,
    a_user,
    an_offer,
    an_order,
    onboarded,
    open_hours,
    saved,
)
from tests.support.filled_costs import used
from tests.support.filled_recordings import recorded
from tests.support.filled_telling import told, worked

NOON = datetime.fromisoformat("2026-03-05T12:00:00+00:00")
HOUR = timedelta(hours=1)


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
    refund: Refund
    code: DiscountCode
    invoice: Invoice
    session: MentoringSession
    calendar: ConnectedCalendar


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
        TopicChange(topic="orders"),
        CapacityEvent(mentor_id=mentor.id, capacity=3),
        ReportChange(kind=ReportKind.REVENUE),
        *_rolled_up(offer),
        *told(mentee, mentor, seat),
        *worked(mentee),
    ):
        saved(row)
    with db.transaction() as session:
        audit.record(session, actor=audit.SYSTEM, action="test.filled", thing=mentor.public_id)
    code, invoice = _accounted(order, pack, payment)
    session, calendar = _met(pack, mentor)
    return Filled(
        mentee, mentor, offer, seat, pack, order, payment, refund, code, invoice, session, calendar
    )


def _accounted(order: Order, pack: Pack, payment: Payment) -> tuple[DiscountCode, Invoice]:
    """A row in every table that keeps account of an order."""
    minor, buyer = order.amount_minor, order.mentee_id
    money: dict[str, Any] = {"amount_minor": minor, "currency": order.currency}
    code = saved(DiscountCode(code="SPRING", percent=10, created_by=buyer))
    invoice = saved(an_invoice(order))
    for row in (
        a_posting(order),
        PackShare(pack_id=pack.id, number=1, amount_minor=3_000),
        Dispute(
            provider=Provider.STRIPE,
            provider_id="dp_1",
            payment_id=payment.id,
            order_id=order.id,
            **money,
        ),
        UnmatchedMoney(
            provider=Provider.PAYPAL, kind=UnmatchedKind.PAYMENT, provider_id="5AB", **money
        ),
        ReconciliationRun(provider=Provider.STRIPE, since=NOON, until=NOON + HOUR),
        InvoiceCounter(series=InvoiceSeries.INVOICE, year=2026, last=1),
        DiscountRedemption(code_id=code.id, order_id=order.id, user_id=buyer),
        Acceptance(user_id=buyer, document=Document.TERMS, version="2026-03"),
    ):
        saved(row)
    return code, invoice


def a_posting(order: Order, **changes: Any) -> Posting:
    """A line of the ledger, unwritten."""
    fields: dict[str, Any] = {
        "key": "payment:1",
        "leg": 1,
        "kind": PostingKind.PAYMENT,
        "debit": Account.PROVIDER,
        "credit": Account.DEFERRED,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "provider": Provider.STRIPE,
        "order_id": order.id,
    }
    return Posting(**fields | changes)


def an_invoice(order: Order, **changes: Any) -> Invoice:
    """The invoice of an order, unwritten."""
    fields: dict[str, Any] = {
        "series": InvoiceSeries.INVOICE,
        "year": 2026,
        "number": 1,
        "label": "2026-000001",
        "buyer_id": order.mentee_id,
        "order_id": order.id,
        "net_minor": order.amount_minor,
        "total_minor": order.amount_minor,
        "currency": order.currency,
    }
    return Invoice(**fields | changes)


def _met(pack: Pack, mentor: Mentor) -> tuple[MentoringSession, ConnectedCalendar]:
    """A row in every table around sessions: a session at noon, and what hangs on it."""
    mentee_id, later = pack.mentee_id, clock.utc_now() + timedelta(days=1)
    open_hours(mentor, days=[0])
    session = a_session(pack, NOON)
    about: dict[str, Any] = {"session_id": session.id}
    hold = saved(a_hold(mentee_id, mentor.id, NOON + 3 * HOUR))
    connection = saved(CalendarConnection(user_id=mentor.user_id))
    calendar = saved(ConnectedCalendar(connection_id=connection.id, external_id="primary"))
    with db.reading() as reading:
        onboarded(reading.get_one(User, mentee_id))
    for row in (
        OccupiedTime(person_id=mentee_id, hold_id=hold.id, mentor_side=False, **_hour(15)),
        DateOverride(mentor_id=mentor.id, day=date(2026, 3, 9)),
        TimeOff(mentor_id=mentor.id, **_hour(9)),
        OfferedDay(mentor_id=mentor.id, day=date(2026, 3, 1), idle=True),
        SessionJoin(user_id=mentee_id, **about),
        SessionNote(author_id=mentee_id, shared=True, **about),
        Objection(body="The mentor did not come", outcome=SessionStatus.COMPLETED, **about),
        Proposal(by_id=mentee_id, by_mentor=False, sequence=0, **about, **_hour(18)),
        Testimonial(
            pack_id=pack.id, mentee_id=mentee_id, mentor_id=mentor.id, body="A clear head."
        ),
        BusyTime(calendar_id=calendar.id, user_id=mentor.user_id, **_hour(9)),
        CalendarEvent(
            connection_id=connection.id, calendar="primary", external_id="event1", **about
        ),
        CalendarFeed(user_id=mentee_id, secret_hash="0" * 64, secret_encrypted="sealed"),
        OAuthAttempt(
            vendor="google",
            user_id=mentee_id,
            state_hash="0" * 64,
            verifier_encrypted="sealed",
            return_to="/settings/calendar",
            expires_at=later,
        ),
        *used(session, mentor.id, mentee_id),
    ):
        saved(row)
    recorded(session, mentee_id)
    return session, calendar


def _hour(hour: int) -> dict[str, Any]:
    """An hour of the session's day."""
    start = NOON.replace(hour=hour)
    return {"starts_at": start, "ends_at": start + HOUR}


def a_hold(mentee_id: UserId, mentor_id: MentorId, start: datetime) -> SlotHold:
    """An hour that a mentee holds, unwritten."""
    return SlotHold(
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        starts_at=start,
        ends_at=start + HOUR,
        held_until=clock.utc_now() + timedelta(minutes=5),
    )


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


def alembic_config(url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["url"] = url
    return config


def all_revisions(config: Config) -> list[str]:
    """All revisions, the first one first."""
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    return found[::-1]
