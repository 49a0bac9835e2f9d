# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""The jobs: their runs, their schedules, what is paused, and who works."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from services.ids import JobRunId, UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class JobStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class JobRun(SQLModel, table=True):
    """One run of a background job that had something to do.

    `subject` is the key of the message or event it worked on, `about` the public id of the thing
    that this is about; "" for none. `attempt` counts from 1. `traceback` is redacted.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index("ix_job_run_started_at_id", "started_at", "id"),
        Index("ix_job_run_status_started_at", "status", "started_at", "id"),
        Index("ix_job_run_kind_started_at", "kind", "started_at", "id"),
        Index(
            "ix_job_run_failed",
            "kind",
            "started_at",
            "id",
            sqlite_where=sql("status = 'failed'"),
            postgresql_where=sql("status = 'failed'"),
        ),
        Index("ix_job_run_about", "about"),
        Index("ix_job_run_subject", "subject"),
    )

    id: JobRunId = pk()
    public_id: str = public_id("run")
    kind: str = text(60)
    subject: str = text(200, default="")
    about: str = text(60, default="")
    attempt: int = Field(default=1)
    status: JobStatus = choice(JobStatus, JobStatus.RUNNING, name="job_status")
    result: str = text(300, default="")
    error: str = text(500, default="")
    traceback: str = Field(default="", sa_type=Text)
    worker: str = text(120, default="")
    trace: str = text(40, default="")
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class RowChange(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class JobChange(SQLModel, table=True):
    """A row that a run changed: its table and, where it has one, its public id."""

    __tablename__ = "job_change"

    id: int = pk()
    run_id: JobRunId = fk("job_run.id")
    table_name: str = text(60)
    thing: str = text(60, default="")
    change: RowChange = choice(RowChange, name="row_change")
    times: int = Field(default=1)


class JobHour(SQLModel, table=True):
    """What the runs of one kind came to in one hour (UTC): what the charts read."""

    __tablename__ = "job_hour"

    hour: datetime = Field(sa_type=instant().sa_type, primary_key=True)
    kind: str = Field(max_length=60, primary_key=True)
    succeeded: int = Field(default=0)
    failed: int = Field(default=0)
    milliseconds: int = Field(default=0)


class Schedule(SQLModel, table=True):
    """One job that runs by the clock, as its last run left it.

    `asked_at` is when an admin asked for a run out of turn that has not begun yet.
    """

    __tablename__ = "schedule"

    name: str = Field(max_length=60, primary_key=True)
    every: str = text(60)
    last_started_at: datetime | None = instant(nullable=True)
    last_ended_at: datetime | None = instant(nullable=True)
    last_error: str = text(500, default="")
    next_at: datetime | None = instant(nullable=True)
    asked_at: datetime | None = instant(nullable=True)


class Pause(SQLModel, table=True):
    """A kind of job or message that stands still: by an admin, or because its vendor said so.

    `until` is when it goes on by itself; None: when somebody says so.
    """

    __tablename__ = "pause"

    kind: str = Field(max_length=60, primary_key=True)
    reason: str = text(200)
    by_user_id: UserId | None = fk("user.id", nullable=True)
    until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class Worker(SQLModel, table=True):
    """A worker process, `host:process`, and its last sign of life."""

    __tablename__ = "worker"
    __table_args__ = (
        CheckConstraint("stopped_at IS NULL OR alerted_at IS NULL", name="alerted_when_silent"),
    )

    name: str = Field(max_length=120, primary_key=True)
    doing: str = text(200, default="")
    started_at: datetime = instant()
    beat_at: datetime = instant(index=True)
    stopped_at: datetime | None = instant(nullable=True)
    alerted_at: datetime | None = instant(nullable=True)
