# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""What the dashboards add up: the history of capacity, daily roll-ups, and how far they are right.

Roll-ups are derived: they may be thrown away at any time and are computed again from the rows.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Date, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import MentorId, OfferId
from services.models.base import choice, fk, instant, pk, text


class CapacityEvent(SQLModel, table=True):
    """How many seats a mentor offers from an instant on. Append-only, like seat events."""

    __tablename__ = "capacity_event"
    __table_args__ = (
        Index("ix_capacity_event_mentor_id_at", "mentor_id", "at"),
        Index("ix_capacity_event_at", "at"),
    )

    id: int = pk()
    mentor_id: MentorId = fk("mentor.id", index=False)
    capacity: int
    at: datetime = instant()


class ReportKind(StrEnum):
    REVENUE = "revenue"
    SEATS = "seats"
    COSTS = "costs"


class ReportChange(SQLModel, table=True):
    """Something that counts on the day of `at` was written, in the transaction of this row.

    Triggers on postings, seat events, capacity events and usage write it, so that no writer can
    forget. A day of a roll-up with such a row is not to be believed.
    """

    __tablename__ = "report_change"
    __table_args__ = (Index("ix_report_change_kind_at", "kind", "at"),)

    id: int = pk()
    kind: ReportKind = choice(ReportKind, name="report_change_kind")
    at: datetime = instant()


class ReportProgress(SQLModel, table=True):
    """How far a roll-up goes: up to the day before `until`, in days of `zone`.

    `generation` grows with every change of the roll-up, so that a reader notices one in between.
    """

    __tablename__ = "report_progress"

    kind: ReportKind = Field(
        primary_key=True,
        sa_type=choice(ReportKind, name="report_progress_kind").sa_type,
    )
    zone: str = text(64, default="")
    until: date | None = Field(default=None, sa_type=Date, nullable=True)
    generation: int = Field(default=0, sa_type=BigInteger)


CASH_MOVED = "paid_minor <> 0 OR refunded_minor <> 0"
"""Days of an offer on which money came in or went back: a fraction of those with sessions."""


class DailyRevenue(SQLModel, table=True):
    """What came in, went back, was earned and lost on a day, per offer, provider and currency.

    `earned_minor` is all that moved on the account, `breakage_minor` the part of it that expired;
    `deferred_minor` and `share_minor` are what moved in deferred revenue and in mentor earnings.
    """

    __tablename__ = "daily_revenue"
    __table_args__ = (
        Index(
            "ix_daily_revenue_day_cash",
            "day",
            sqlite_where=sql(CASH_MOVED),
            postgresql_where=sql(CASH_MOVED),
        ),
    )

    day: date = Field(primary_key=True, sa_type=Date)
    currency: str = text(3, primary_key=True)
    offer_id: OfferId = fk("pack_offer.id", primary_key=True, index=False)
    provider: str = text(32, primary_key=True)
    mentor_id: MentorId = fk("mentor.id", index=False)
    paid_minor: int = Field(sa_type=BigInteger)
    refunded_minor: int = Field(sa_type=BigInteger)
    earned_minor: int = Field(default=0, sa_type=BigInteger)
    breakage_minor: int = Field(default=0, sa_type=BigInteger)
    deferred_minor: int = Field(default=0, sa_type=BigInteger)
    fees_minor: int = Field(default=0, sa_type=BigInteger)
    disputed_minor: int = Field(default=0, sa_type=BigInteger)
    share_minor: int = Field(default=0, sa_type=BigInteger)
    payments: int
    refunds: int


class MonthlyRevenue(SQLModel, table=True):
    """The sum of a month's daily rows; `month` is its first day. Only months that are over."""

    __tablename__ = "monthly_revenue"

    month: date = Field(primary_key=True, sa_type=Date)
    currency: str = text(3, primary_key=True)
    offer_id: OfferId = fk("pack_offer.id", primary_key=True, index=False)
    provider: str = text(32, primary_key=True)
    mentor_id: MentorId = fk("mentor.id", index=False)
    paid_minor: int = Field(sa_type=BigInteger)
    refunded_minor: int = Field(sa_type=BigInteger)
    earned_minor: int = Field(default=0, sa_type=BigInteger)
    breakage_minor: int = Field(default=0, sa_type=BigInteger)
    deferred_minor: int = Field(default=0, sa_type=BigInteger)
    fees_minor: int = Field(default=0, sa_type=BigInteger)
    disputed_minor: int = Field(default=0, sa_type=BigInteger)
    share_minor: int = Field(default=0, sa_type=BigInteger)
    payments: int
    refunds: int


class DailySeats(SQLModel, table=True):
    """A mentor's seats at the end of a day, and the seat-seconds from the beginning until then.

    Being sums from the beginning, any stretch of days is the difference of two rows, however long.
    """

    __tablename__ = "daily_seats"

    day: date = Field(primary_key=True, sa_type=Date)
    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    active: int
    grace: int
    held: int
    capacity: int
    active_seconds: int = Field(sa_type=BigInteger)
    grace_seconds: int = Field(sa_type=BigInteger)
    held_seconds: int = Field(sa_type=BigInteger)
    capacity_seconds: int = Field(sa_type=BigInteger)
    free_seconds: int = Field(sa_type=BigInteger)
    over_seconds: int = Field(sa_type=BigInteger)
