"""What runs by the clock: listed with its last and next run, paused, asked for, caught up on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import Session

from jobs import outbox as outbox_jobs
from jobs import periodic, schedules
from jobs.queue import huey
from jobs.schedules import KNOWN
from services import clock, db, due
from services.audit import Actor
from services.errors import NotAllowed, NotFound, ProviderUnavailable
from services.jobs import pauses, runs
from services.jobs import schedules as books
from services.models import AuditEntry, JobRun, JobStatus, Schedule
from tests.services.rows import a_user, acting, an_admin
from tests.support.logs import captured
from tests.support.studio import stored

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def admin(database: str) -> Iterator[Actor]:
    with clock.at(NOON):
        yield acting(an_admin())


def row(name: str) -> Schedule:
    with db.reading() as session:
        return session.get_one(Schedule, name)


def test_a_worker_lists_its_schedules_and_forgets_those_of_before(admin: Actor) -> None:
    books.declare({"of_an_older_version": ("every minute", None)})
    schedules.declare()
    with db.reading() as session:
        listed = {face.name: face for face in books.list_schedules(session)}
    assert {"expire_packs", "reconcile", "prune", "repair_discord", "watch"} <= listed.keys()
    assert "of_an_older_version" not in listed
    assert listed["reconcile"].next_at == NOON + timedelta(minutes=4)
    assert listed["reconcile"].every == "every 4 minutes"
    assert listed["expire_packs"].next_at == NOON + timedelta(minutes=1)


def test_a_sweep_leaves_the_last_run_of_each_of_its_parts(admin: Actor) -> None:
    periodic.sweep.call_local()
    for name in periodic.SWEPT:
        part = row(name)
        assert (part.last_started_at, part.last_ended_at, part.last_error) == (NOON, NOON, "")
        assert part.next_at == NOON + timedelta(minutes=1)


def test_a_part_that_fails_says_so_and_keeps_none_of_the_others_waiting(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> object:
        raise ValueError("cannot read mia@example.com")

    whole = KNOWN["expire_packs"]
    monkeypatch.setitem(
        KNOWN, whole.name, schedules.Scheduled(whole.name, whole.every, whole.is_due, broken)
    )
    with captured() as lines:
        periodic.sweep.call_local()
        [line] = [line for line in lines() if line["event"] == "sweep_failed"]
    assert line["part"] == "expire_packs"
    assert row("expire_packs").last_error == "ValueError: cannot read [removed]"
    assert row("prune_topics").last_error == ""
    [run] = [run for run in stored(JobRun) if run.kind != "roll_up"]
    assert (run.kind, run.status) == ("expire_packs", JobStatus.FAILED)
    assert "broken" in run.traceback


def test_a_part_that_changed_something_has_a_run_that_names_the_rows(admin: Actor) -> None:
    with db.transaction() as session:
        pauses.begin(session, kind="mail", reason="For now.", until=NOON + timedelta(minutes=1))
    with clock.at(NOON + timedelta(minutes=2)):
        periodic.sweep.call_local()
    [run] = [run for run in stored(JobRun) if run.kind != "roll_up"]
    assert (run.kind, run.status, run.result) == ("end_pauses", JobStatus.SUCCEEDED, "1")


def test_a_schedule_that_is_paused_does_not_run_until_it_goes_on(admin: Actor) -> None:
    pauses.pause(actor=admin, kind="expire_packs", reason="We look into something.")
    pauses.pause(actor=admin, kind="check_ledger", reason="The same.")
    periodic.sweep.call_local()
    periodic.check_ledger.call_local()
    with db.reading() as session:
        assert session.get(Schedule, "expire_packs") is None
        assert session.get(Schedule, "check_ledger") is None
    pauses.resume(actor=admin, kind="check_ledger")
    periodic.check_ledger.call_local()
    assert row("check_ledger").last_ended_at == NOON


def test_an_admin_has_a_schedule_run_out_of_turn_also_while_it_is_paused(admin: Actor) -> None:
    schedules.declare()
    pauses.pause(actor=admin, kind="check_ledger", reason="Too often.")
    books.run_now(actor=admin, name="check_ledger")
    books.run_now(actor=admin, name="check_ledger")
    assert row("check_ledger").asked_at == NOON
    outbox_jobs.run_asked.call_local()
    assert (row("check_ledger").asked_at, row("check_ledger").last_ended_at) == (None, NOON)
    assert [run.kind for run in stored(JobRun)] == ["check_ledger"]
    outbox_jobs.run_asked.call_local()
    assert len(stored(JobRun)) == 1
    asked = [line.thing for line in stored(AuditEntry) if line.action == "schedule.asked"]
    assert asked == ["check_ledger"]


def test_only_an_admin_asks_and_only_for_what_there_is(admin: Actor) -> None:
    schedules.declare()
    with pytest.raises(NotAllowed):
        books.run_now(actor=acting(a_user()), name="check_ledger")
    with pytest.raises(NotFound):
        books.run_now(actor=admin, name="make_coffee")


def test_what_the_worker_slept_through_at_night_is_made_up_for_once(admin: Actor) -> None:
    for hours, times in ((0, 1), (1, 1), (13, 1), (18, 2), (19, 2), (72, 3)):
        with clock.at(NOON + timedelta(hours=hours)):
            periodic.prune.call_local()
        assert len([run for run in stored(JobRun) if run.kind == "prune"]) == times


def test_what_failed_at_night_is_tried_again_each_hour_until_it_works(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [True, True, False]

    def clean() -> int:
        if broken.pop(0):
            raise ProviderUnavailable("discord", "away")
        return 0

    monkeypatch.setattr(periodic.workers, "forget_gone", clean)
    for hours in range(5):
        with clock.at(NOON + timedelta(hours=hours)), suppress(ProviderUnavailable):
            periodic.prune.call_local()
    assert [run.status for run in stored(JobRun) if run.kind == "prune"] == [
        JobStatus.FAILED,
        JobStatus.FAILED,
        JobStatus.SUCCEEDED,
    ]


def test_a_thing_that_cannot_be_settled_is_seen_in_the_books_and_holds_up_none(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []

    def find(_db: Session, *, limit: int) -> list[int]:
        return [one for one in (1, 2, 3) if one not in settled][:limit]

    def step(_db: Session, one: int) -> bool:
        if one != 3:
            raise ValueError(f"cannot write to {one}@example.com")
        settled.append(one)
        return True

    whole = KNOWN["release_seats"]
    work = partial(due.run, find, step, what="seat")
    monkeypatch.setitem(KNOWN, whole.name, replace(whole, job=work))
    periodic.sweep.call_local()
    [run] = [run for run in stored(JobRun) if run.kind == "release_seats"]
    assert (run.status, run.result, settled) == (JobStatus.FAILED, "1", [3])
    assert (
        run.error
        == "2 could not be settled, the first: seat: ValueError: cannot write to [removed]"
    )
    assert "in step" in run.traceback
    assert row("release_seats").last_error == run.error


def test_what_was_asked_for_is_run_although_the_wake_up_was_lost(admin: Actor) -> None:
    schedules.declare()
    huey.flush()
    books.run_now(actor=admin, name="check_ledger")  # nobody listens here
    periodic.sweep.call_local()
    names = []
    while (job := huey.dequeue()) is not None:
        names.append(job.name)
    assert "run_asked" in names


def test_what_is_due_never_is_not_searched_for_ever(admin: Actor) -> None:
    def never(_minute: datetime) -> bool:
        return False

    assert schedules.next_run(never) is None


def test_old_runs_are_forgotten_with_what_they_changed(admin: Actor) -> None:
    with runs.recorded("mail"):
        pauses.pause(actor=admin, kind="mail", reason="For now.")
    with clock.at(NOON + runs.KEPT - timedelta(hours=1)):
        assert runs.prune() == 0
    with clock.at(NOON + runs.KEPT + timedelta(hours=1)):
        assert runs.prune() == 1
    assert stored(JobRun) == []
