"""What the studio remembers of its background jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from jobs.runs import LOST_AFTER, close_lost, recorded
from services import clock, db
from services.models import JobRun, JobStatus


def only_run() -> JobRun:
    with db.reading() as session:
        return session.exec(select(JobRun)).one()


def test_a_run_ends_with_its_result(database: str) -> None:
    with recorded("mail", "msg_1") as run:
        assert only_run().status is JobStatus.RUNNING
        run.result = "sent"
    row = only_run()
    assert (row.status, row.subject, row.result) == (JobStatus.SUCCEEDED, "msg_1", "sent")
    assert row.ended_at is not None


def test_a_run_that_fails_keeps_its_error_and_passes_it_on(database: str) -> None:
    with pytest.raises(ValueError, match="broken"), recorded("mail"):
        raise ValueError("broken")
    assert (only_run().status, only_run().error) == (JobStatus.FAILED, "ValueError: broken")


def test_the_run_of_a_killed_worker_is_closed_after_an_hour(database: str) -> None:
    begun = clock.utc_now()
    with db.transaction() as session:
        session.add(JobRun(kind="mail"))
    with clock.at(begun + LOST_AFTER - timedelta(minutes=1)):
        assert close_lost() == 0
    with clock.at(begun + LOST_AFTER + timedelta(minutes=1)):
        assert close_lost() == 1
        assert close_lost() == 0
    assert only_run().status is JobStatus.FAILED
    assert "worker ended" in only_run().error
