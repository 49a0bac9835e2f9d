# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""When a mentor can be booked: weekly hours, days that differ, time off, and the rules around."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from services.ids import MentorId, TimeOffId
from services.models.base import fk, instant, pk, public_id, text


class Availability(SQLModel, table=True):
    """The rules of one mentor's calendar. A mentor without a row has the studio's defaults, the
    zone of the account, and no hours.

    `meeting_link` is where sessions take place until they have a room of their own.
    """

    __tablename__ = "availability"
    __table_args__ = (
        CheckConstraint("session_minutes BETWEEN 15 AND 480", name="session_range"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 60", name="buffer_range"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name="notice_range"),
        CheckConstraint("horizon_days BETWEEN 1 AND 365", name="horizon_range"),
    )

    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    time_zone: str = text(64)
    session_minutes: int
    buffer_minutes: int
    notice_minutes: int
    horizon_days: int
    meeting_link: str = text(500, default="")
    updated_at: datetime = instant()


class WeeklyHours(SQLModel, table=True):
    """One window of every week: minutes of the local day, Monday is 0. Windows of a day neither
    overlap nor touch: the service joins them."""

    __tablename__ = "weekly_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_range"),
        CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440",
            name="minutes_range",
        ),
        Index("uq_weekly_hours_window", "mentor_id", "weekday", "start_minute", unique=True),
    )

    id: int = pk()
    mentor_id: MentorId = fk("mentor.id", index=False)
    weekday: int
    start_minute: int
    end_minute: int


class DateOverride(SQLModel, table=True):
    """One window of one local day, instead of the weekly hours; without minutes the day is
    closed."""

    __tablename__ = "date_override"
    __table_args__ = (
        CheckConstraint(
            "(start_minute IS NULL AND end_minute IS NULL) OR "
            "(start_minute IS NOT NULL AND end_minute IS NOT NULL "
            "AND start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440)",
            name="minutes_range",
        ),
        Index("ix_date_override_mentor_id_day", "mentor_id", "day"),
    )

    id: int = pk()
    mentor_id: MentorId = fk("mentor.id", index=False)
    day: date
    start_minute: int | None = Field(default=None)
    end_minute: int | None = Field(default=None)


class TimeOff(SQLModel, table=True):
    """Time in which a mentor cannot be booked: from one instant to another, or whole local days,
    both included."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint(
            "(starts_at IS NOT NULL AND ends_at IS NOT NULL AND starts_at < ends_at"
            " AND first_day IS NULL AND last_day IS NULL)"
            " OR (starts_at IS NULL AND ends_at IS NULL"
            " AND first_day IS NOT NULL AND last_day IS NOT NULL AND first_day <= last_day)",
            name="days_or_instants",
        ),
    )

    id: TimeOffId = pk()
    public_id: str = public_id("tof")
    mentor_id: MentorId = fk("mentor.id")
    starts_at: datetime | None = instant(nullable=True)
    ends_at: datetime | None = instant(nullable=True)
    first_day: date | None = Field(default=None)
    last_day: date | None = Field(default=None)
    note: str = text(200, default="")
    created_at: datetime = instant()


class OfferedDay(SQLModel, table=True):
    """Whether a mentor offered any slot on a local day that is over. An idle day does not count
    toward the validity of packs; the row says that the day was looked at, once."""

    __tablename__ = "offered_day"

    mentor_id: MentorId = fk("mentor.id", primary_key=True, index=False)
    day: date = Field(primary_key=True)
    idle: bool
    at: datetime = instant()
