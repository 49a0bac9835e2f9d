# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""What recordings use, added up by day, and the prices that it is charged at.

Use is measured, prices are known apart from it: the same use can be priced by another book, and a
price that is put right later puts the past right as well.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, Index
from sqlmodel import Field, SQLModel

from services.ids import MentorId, SessionId, UserId
from services.models.base import choice, fk, instant, pk, text


class UsageKind(StrEnum):
    RECORDED = "recorded"
    STORED = "stored"
    MOVED = "moved"
    GONE = "gone"
    EARLY = "early"
    DOWNLOADED = "downloaded"
    DELIVERED = "delivered"


class Component(StrEnum):
    """What one pays for."""

    RECORDING = "recording"
    STORAGE = "storage"
    DOWNLOAD = "download"
    CDN = "cdn"


class Usage(SQLModel, table=True):
    """Something that costs, as it happened. Append-only; `key` keeps it from being noted twice.

    `amount` is in seconds for RECORDED, in byte-hours for EARLY (what was missing to 90 days of
    what is GONE), in bytes for all others. `place` is the store's name, or who recorded. What is
    STORED, or MOVED there from another store, takes room until it is GONE: these are noted of a
    whole recording, by how much more or less of it lies in a store than before.
    """

    __tablename__ = "usage"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index("ix_usage_at", "at"),
    )

    id: int = pk()
    key: str = text(120, unique=True)
    kind: UsageKind = choice(UsageKind, name="usage_kind")
    place: str = text(40)
    amount: int = Field(sa_type=BigInteger)
    mentor_id: MentorId = fk("mentor.id", index=False)
    session_id: SessionId = fk("mentoring_session.id")
    at: datetime = instant()


class DailyUsage(SQLModel, table=True):
    """What the whole studio used on a day at a place. `stored_bytes` is what lay there when the
    day ended; it stands besides `byte_hours`, what lay there through the day."""

    __tablename__ = "daily_usage"

    day: date = Field(primary_key=True, sa_type=Date)
    place: str = text(40, primary_key=True)
    recordings: int
    recorded_seconds: int = Field(sa_type=BigInteger)
    arrived_bytes: int = Field(sa_type=BigInteger)
    stored_bytes: int = Field(sa_type=BigInteger)
    byte_hours: int = Field(sa_type=BigInteger)
    early_byte_hours: int = Field(sa_type=BigInteger)
    downloaded_bytes: int = Field(sa_type=BigInteger)
    delivered_bytes: int = Field(sa_type=BigInteger)


class DailyMentorUsage(SQLModel, table=True):
    """The same of one mentor's sessions."""

    __tablename__ = "daily_mentor_usage"

    day: date = Field(primary_key=True, sa_type=Date)
    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    place: str = text(40, primary_key=True)
    recordings: int
    recorded_seconds: int = Field(sa_type=BigInteger)
    arrived_bytes: int = Field(sa_type=BigInteger)
    stored_bytes: int = Field(sa_type=BigInteger)
    byte_hours: int = Field(sa_type=BigInteger)
    early_byte_hours: int = Field(sa_type=BigInteger)
    downloaded_bytes: int = Field(sa_type=BigInteger)
    delivered_bytes: int = Field(sa_type=BigInteger)


class MonthlyMentorUsage(SQLModel, table=True):
    """The sum of a month's daily rows that are there; `month` is its first day."""

    __tablename__ = "monthly_mentor_usage"

    month: date = Field(primary_key=True, sa_type=Date)
    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    place: str = text(40, primary_key=True)
    recordings: int
    recorded_seconds: int = Field(sa_type=BigInteger)
    arrived_bytes: int = Field(sa_type=BigInteger)
    byte_hours: int = Field(sa_type=BigInteger)
    early_byte_hours: int = Field(sa_type=BigInteger)
    downloaded_bytes: int = Field(sa_type=BigInteger)
    delivered_bytes: int = Field(sa_type=BigInteger)


class Price(SQLModel, table=True):
    """What an admin has entered in the price book; it stands above the book's own of that day.

    `micros` are millionths of the currency for a minute recorded, a GB kept for 30 days, or a GB
    sent. What is free is in the unit of what is measured: seconds, byte-hours, bytes. `place` is
    the name or the kind of a store, "" for every place.
    """

    __tablename__ = "price"
    __table_args__ = (
        CheckConstraint("micros >= 0", name="micros_not_negative"),
        CheckConstraint(
            "free_per_day >= 0 AND free_per_month >= 0",
            name="terms_not_negative",
        ),
        Index("uq_price", "preset", "component", "place", "valid_from", unique=True),
    )

    id: int = pk()
    preset: str = text(20)
    component: Component = choice(Component, name="price_component")
    place: str = text(40, default="")
    micros: int = Field(sa_type=BigInteger)
    currency: str = text(3)
    free_per_day: int = Field(default=0, sa_type=BigInteger)
    free_per_month: int = Field(default=0, sa_type=BigInteger)
    valid_from: date = Field(sa_type=Date)
    note: str = text(200, default="")
    entered_by: UserId = fk("user.id")
    entered_at: datetime = instant()
