"""What the studio remembers of its background jobs."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, delete, select, update

from services import clock, db, outbox
from services.jobs import changes, hours, runs, workers
from services.jobs.runs import LOST_AFTER, close_lost, recorded
from services.models import (
    JobChange,
    JobHour,
    JobRun,
    JobStatus,
    OutboxMessage,
    RowChange,
    User,
)
from tests.services.rows import a_user


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


def changes_of(run: JobRun) -> set[tuple[str, str, RowChange, int]]:
    with db.reading() as session:
        rows = session.exec(select(JobChange).where(JobChange.run_id == run.id)).all()
    return {(row.table_name, row.thing, row.change, row.times) for row in rows}


def test_a_run_names_the_rows_that_it_changed(database: str) -> None:
    here = a_user("Mia Miller")
    with recorded("mail", "msg_1", about="ord_1", attempt=2), db.transaction() as session:
        session.get_one(User, here.id).name = "Mia M."
        gone = User(email="gone@example.com", name="Gone", time_zone="UTC", password_hash="")
        session.add(gone)
        session.flush()
        session.delete(gone)
        outbox.add(session, kind="mail", key="mail:1", data={})
        outbox.add(session, kind="mail", key="mail:1", data={})
        session.exec(update(User).values(locale="de"))
        one_of = select(User.id).where(User.name == "Mia M.").limit(1)
        session.exec(update(User).where(col(User.id).in_(one_of)).values(locale="en"))
        session.exec(delete(OutboxMessage).where(col(OutboxMessage.kind) == "nothing"))
    run = only_run()
    with db.reading() as session:
        [message] = session.exec(select(OutboxMessage)).all()
    assert (run.about, run.attempt, run.worker) == ("ord_1", 2, workers.name())
    assert changes_of(run) == {
        ("user", here.public_id, RowChange.CHANGED, 1),
        ("user", gone.public_id, RowChange.ADDED, 1),
        ("user", gone.public_id, RowChange.REMOVED, 1),
        ("outbox_message", message.public_id, RowChange.ADDED, 1),
        ("user", "", RowChange.CHANGED, 2),
    }


def test_what_was_taken_back_has_not_changed(database: str) -> None:
    here = a_user()
    with recorded("mail"):
        with suppress(RuntimeError), db.transaction() as session:
            session.get_one(User, here.id).name = "Another"
            session.flush()
            raise RuntimeError("the cause fails")
        with db.transaction() as session:
            outbox.add(session, kind="mail", key="mail:1", data={})
    assert {row[0] for row in changes_of(only_run())} == {"outbox_message"}


def test_a_run_that_changes_very_much_names_a_hundred_rows_and_counts_the_rest(
    database: str,
) -> None:
    with recorded("mail"), db.transaction() as session:
        for number in range(changes.MOST + 7):
            outbox.add(session, kind="mail", key=f"mail:{number}", data={})
    rows = changes_of(only_run())
    assert len(rows) == changes.MOST + 1
    assert (changes.REST, "", RowChange.CHANGED, 7) in rows


def test_a_failure_keeps_its_traceback_without_what_is_personal_or_endless(
    database: str,
) -> None:
    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise ValueError("no mail to mia@example.com " + "x" * 3000)

    with pytest.raises(ValueError, match="no mail"), recorded("mail"):
        deep(150)
    run = only_run()
    assert len(run.error) == 500
    assert len(run.traceback) <= runs.LONGEST_TRACEBACK
    assert "ValueError: no mail to [removed]" in run.traceback
    assert "mia@" not in run.traceback + run.error


def test_the_hours_count_what_ended_in_them(database: str) -> None:
    begun = datetime(2026, 3, 2, 9, 59, 59, tzinfo=UTC)
    for minutes, fails in ((0, False), (0, True), (1, False), (2, False)):
        with (
            clock.at(begun + timedelta(minutes=minutes)),
            suppress(ValueError),
            recorded("mail"),
        ):
            if fails:
                raise ValueError("broken")
    with db.reading() as session:
        found = session.exec(select(JobHour).order_by(col(JobHour.hour))).all()
    assert [(row.hour.hour, row.succeeded, row.failed) for row in found] == [(9, 1, 1), (10, 2, 0)]
    with clock.at(begun + hours.KEPT + timedelta(hours=1)):
        assert hours.forget_old() == 2


def test_who_watches_sees_what_a_process_is_at(database: str) -> None:
    with recorded("mail", about="ord_1"):
        assert "mail ord_1" in runs.doing()
    assert "mail" not in runs.doing()
