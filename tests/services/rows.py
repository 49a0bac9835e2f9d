"""Rows for tests of what is read: people, mentors, seats, packs and orders, written directly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import event
from sqlmodel import Session, SQLModel

from services import clock, db
from services.audit import Actor
from services.models import (
    LIVE_SESSIONS,
    Availability,
    CreditEntry,
    CreditKind,
    Mentor,
    MentoringSession,
    OccupiedTime,
    Onboarding,
    Order,
    Pack,
    PackOffer,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    Seat,
    SeatStatus,
    User,
    WeeklyHours,
)

Row = TypeVar("Row", bound=SQLModel)
VISITOR = Actor("visitor")


def saved(row: Row) -> Row:
    """Write a row and give it back with its id."""
    with db.transaction() as session:
        session.add(row)
    return row


def a_user(name: str = "Nora Novak", **fields: Any) -> User:
    """An active person with a confirmed address."""
    email = fields.pop("email", "") or name.lower().replace(" ", ".") + "@example.com"
    fields.setdefault("email_verified_at", clock.utc_now())
    return saved(User(email=email, name=name, password_hash="not used", **fields))


def an_admin(name: str = "Ada Admin") -> User:
    """A person with the admin's flag."""
    return a_user(name, is_admin=True)


def a_mentor(name: str = "Mina Mentor", slug: str = "", **fields: Any) -> Mentor:
    """A listed mentor with ten seats, and the user behind."""
    user = a_user(name)
    fields = {"capacity": 10, "listed": True, "headline": f"{name} helps"} | fields
    slug = slug or name.lower().replace(" ", "-")
    return saved(Mentor(user_id=user.id, slug=slug, **fields))


def an_offer(mentor: Mentor, price_minor: int = 12_000, **fields: Any) -> PackOffer:
    """A pack of four sessions on sale."""
    fields = {"title": "Four sessions", "currency": "EUR", "validity_days": 45} | fields
    return saved(PackOffer(mentor_id=mentor.id, price_minor=price_minor, **fields))


def a_seat(mentee: User, mentor: Mentor, status: SeatStatus = SeatStatus.ACTIVE) -> Seat:
    """A seat in a state, with the instants that belong to it."""
    now = clock.utc_now()
    return saved(
        Seat(
            mentee_id=mentee.id,
            mentor_id=mentor.id,
            status=status,
            held_until=now + timedelta(minutes=35) if status is SeatStatus.HELD else None,
            grace_ends_at=now + timedelta(hours=72) if status is SeatStatus.GRACE else None,
            released_at=now if status is SeatStatus.RELEASED else None,
        )
    )


def a_pack(seat: Seat, *, left: int = 4, **fields: Any) -> Pack:
    """A pack of four on a seat."""
    fields = {"title": "Four sessions", "total": 4} | fields
    return saved(
        Pack(
            mentee_id=seat.mentee_id, mentor_id=seat.mentor_id, seat_id=seat.id, left=left, **fields
        )
    )


def open_hours(
    mentor: Mentor,
    *,
    zone: str = "UTC",
    hours: tuple[int, int] = (0, 24),
    days: Iterable[int] = range(7),
    **fields: Any,
) -> Availability:
    """A mentor who can be booked from one hour to another of each of these weekdays (Monday is 0),
    from a day ahead."""
    minutes: dict[str, Any] = {
        "session_minutes": 60,
        "buffer_minutes": 0,
        "notice_minutes": 1440,
        "horizon_days": 30,
    }
    rules = saved(Availability(mentor_id=mentor.id, time_zone=zone, **minutes | fields))
    first, last = hours
    for day in days:
        saved(
            WeeklyHours(
                mentor_id=mentor.id, weekday=day, start_minute=first * 60, end_minute=last * 60
            )
        )
    return rules


def onboarded(user: User) -> User:
    """The person has told what is needed before the first booking."""
    now = clock.utc_now()
    with db.transaction() as session:
        # A purchase begins it.
        row = session.get(Onboarding, user.id) or Onboarding(user_id=user.id)
        row.goals, row.zone_confirmed_at, row.done_at = "Learn", now, now
        session.add(row)
    return user


def a_session(
    pack: Pack, starts_at: datetime, *, minutes: int = 60, buffer: int = 0, **fields: Any
) -> MentoringSession:
    """A session of a pack, scheduled unless told otherwise, with the time that it takes when it is
    live and the entry that reserved its credit; the pack's own numbers are left alone."""
    ends_at = starts_at + timedelta(minutes=minutes)
    with db.transaction() as session:
        mentor = session.get_one(Mentor, pack.mentor_id)
        row = MentoringSession(
            pack_id=pack.id,
            mentee_id=pack.mentee_id,
            mentor_id=mentor.id,
            mentor_user_id=mentor.user_id,
            starts_at=starts_at,
            ends_at=ends_at,
            **fields,
        )
        session.add(row)
        session.flush()
        session.add(
            CreditEntry(pack_id=pack.id, kind=CreditKind.RESERVE, amount=-1, session_id=row.id)
        )
        if row.status in LIVE_SESSIONS:
            for person, until in (
                (row.mentee_id, ends_at),
                (row.mentor_user_id, ends_at + timedelta(minutes=buffer)),
            ):
                session.add(
                    OccupiedTime(
                        person_id=person,
                        session_id=row.id,
                        mentor_side=person == row.mentor_user_id,
                        starts_at=starts_at,
                        ends_at=until,
                    )
                )
    return row


def an_order(mentee: User, offer: PackOffer, *, at: datetime | None = None, **fields: Any) -> Order:
    """An order of an offer at its price, pending unless told otherwise."""
    at = at or clock.utc_now()
    price: dict[str, Any] = {"list_minor": offer.price_minor, "amount_minor": offer.price_minor}
    return saved(
        Order(
            mentee_id=mentee.id,
            mentor_id=offer.mentor_id,
            offer_id=offer.id,
            title=offer.title,
            sessions=offer.sessions,
            currency=offer.currency,
            validity_days=offer.validity_days,
            expires_at=at + timedelta(minutes=35),
            check_at=at + timedelta(minutes=35),
            created_at=at,
            **price | fields,
        )
    )


def a_payment(order: Order, *, refunded_minor: int = 0, provider_id: str = "") -> Payment:
    """A completed payment of an order."""
    return saved(
        Payment(
            order_id=order.id,
            provider=Provider.STRIPE,
            provider_id=provider_id or f"pi_{order.public_id}",
            amount_minor=order.amount_minor,
            currency=order.currency,
            refunded_minor=refunded_minor,
            status=PaymentStatus.COMPLETED,
        )
    )


def a_refund(payment: Payment, order: Order, reason: RefundReason, status: RefundStatus) -> Refund:
    """An automatic refund of a whole payment."""
    return saved(
        Refund(
            order_id=order.id,
            payment_id=payment.id,
            provider=Provider.STRIPE,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            status=status,
            source=RefundSource.AUTOMATIC,
            reason=reason,
            decided_at=clock.utc_now(),
            owed=status is not RefundStatus.SUCCEEDED,
        )
    )


def acting(user: User, mentor: Mentor | None = None) -> Actor:
    """The person as an actor, as the sign-in would find them."""
    return Actor(
        "user",
        user_id=user.id,
        mentor_id=mentor.id if mentor else None,
        is_admin=user.is_admin,
        verified=user.email_verified_at is not None,
    )


def acting_mentor(mentor: Mentor) -> Actor:
    """The mentor's own user as an actor."""
    with db.reading() as session:
        return acting(session.get_one(User, mentor.user_id), mentor)


@contextmanager
def counted_reading() -> Iterator[tuple[Session, list[str]]]:
    """A reading session and the statements that it has sent so far."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        with db.reading() as session:
            yield session, statements
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
