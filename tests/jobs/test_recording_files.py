"""Recordings' files in the worker: brought and deleted beside the sweep, as many at once as may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from jobs import outbox as jobs_outbox
from jobs import periodic
from jobs import recording_files as jobs
from jobs.queue import huey
from services import db, outbox
from services.config import settings
from services.errors import InvalidInput, NotAllowed
from services.models import (
    AuditEntry,
    JobRun,
    JobStatus,
    OutboxMessage,
    OutboxStatus,
    RecordingStatus,
    Schedule,
    User,
)
from services.recordings import leases
from services.storage import moving, orphans
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.recordings import LOCAL, asked, files, later, now, on_its_way, stores
from tests.services.rows import acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    """What other tests have asked for is forgotten."""
    huey.flush()
    yield
    huey.flush()


def waiting(task: str) -> int:
    """How many tasks of this name wait. Wake-ups that come a little late are no matter."""
    return sum(each.name == task for each in huey.pending())


def test_as_many_tasks_are_asked_for_as_recordings_may_go_at_once() -> None:
    meeting = a_held_session(a_pair())
    jobs.transfer_soon()
    assert waiting("transfer_recordings") == 0
    for number in range(1, 5):
        on_its_way({"a.ts": b"slice"}, meeting, number=number, prefix=f"{number:08}")
    jobs.transfer_soon()
    assert waiting("transfer_recordings") == 1
    huey.flush()
    with environment_of({"TRANSFERS_AT_ONCE": "3"}):
        jobs.transfer_soon()
    assert waiting("transfer_recordings") == 3
    jobs.transfer_recordings.call_local()
    huey.flush()
    jobs.transfer_soon()
    assert waiting("transfer_recordings") == 0


def test_a_deletion_is_asked_for_once_and_done_by_its_own_task() -> None:
    recording = on_its_way({"a.ts": b"slice"})
    jobs.purge_soon()
    assert waiting("purge_recordings") == 0
    asked(recording)
    jobs.purge_soon()
    assert waiting("purge_recordings") == 1
    jobs.purge_recordings.call_local()
    assert now(recording).status is RecordingStatus.PURGED


def test_as_many_deletions_are_asked_for_as_may_go_at_once() -> None:
    meeting = a_held_session(a_pair())
    for number in range(1, 5):
        asked(on_its_way({"a.ts": b"slice"}, meeting, number=number, prefix=f"{number:08}"))
    jobs.purge_soon()
    assert waiting("purge_recordings") == 2


def test_whoever_wakes_the_worker_has_both_looked_at() -> None:
    recording = on_its_way({"a.ts": b"slice"})
    jobs_outbox.wake(leases.WAKES)
    jobs.look_at_files.call_local()
    jobs.transfer_recordings.call_local()
    assert now(recording).status is RecordingStatus.READY
    assert len(files(recording)) == 1


def test_a_whole_store_is_sent_by_the_worker_some_at_a_time_and_each_recording_once() -> None:
    admin, meeting = acting(an_admin()), a_held_session(a_pair())
    every = [a_recording(meeting, number=number) for number in range(1, 6)]
    for recording in every:
        a_file(recording, b"film")
    with stores(vault="vault"):
        assert moving.ask(actor=admin, store=LOCAL, to="vault")
        assert moving.underway(to="vault").recordings == 0
        [message] = outbox.take(only={moving.KIND})
        assert moving.go_on(message, most=2) == 2
        assert moving.go_on(message, most=2) == 2  # the worker died before it could say so
        assert sum(moving.go_on(each) for each in outbox.take(only={moving.KIND})) == 1
        assert moving.underway(to="vault").recordings == 5
        assert not moving.ask(actor=admin, store=LOCAL, to="vault")
    moved = [line for line in stored(AuditEntry) if line.action == "recording.moved"]
    assert sorted(line.thing for line in moved) == sorted(one.public_id for one in every)
    assert {line.actor_id for line in moved} == {admin.user_id}


def test_a_store_that_is_away_for_long_is_waited_for() -> None:
    a_file(a_recording(a_held_session(a_pair())), b"film")
    with stores(vault="vault"):
        assert moving.ask(actor=acting(an_admin()), store=LOCAL, to="vault")
        folder = Path(settings().stores["vault"].bucket)
        folder.rename(folder.with_name("elsewhere"))
        folder.write_text("a file")
        for hour in range(1, outbox.MAX_FAILURES + 2):
            with later(hours=hour):
                [message] = outbox.take(only={moving.KIND})
                jobs_outbox.send(message)
            [row] = [each for each in stored(OutboxMessage) if each.kind == moving.KIND]
            assert (row.status, row.attempts) == (OutboxStatus.FAILED, hour)
        folder.unlink()
        with later(hours=12):
            [message] = outbox.take(only={moving.KIND})
            jobs_outbox.send(message)
        assert moving.underway(to="vault").recordings == 1


def test_one_that_cannot_be_read_keeps_none_behind_it_where_they_are() -> None:
    meeting = a_held_session(a_pair())
    every = [a_recording(meeting, number=number) for number in range(1, 4)]
    odd, *_ = [a_file(recording, b"film") for recording in every]
    with db.transaction() as tx:
        broken = text("UPDATE recording_file SET began_at = 'infinity' WHERE id = :id")
        tx.connection().execute(broken, {"id": odd.id})
    with stores(vault="vault"):
        assert moving.ask(actor=acting(an_admin()), store=LOCAL, to="vault")
        [message] = outbox.take(only={moving.KIND})
        jobs_outbox.send(message)
        assert moving.underway(to="vault").recordings == 2
    [sent] = [each for each in stored(OutboxMessage) if each.kind == moving.KIND]
    [run] = [each for each in stored(JobRun) if each.kind == f"outbox:{moving.KIND}"]
    assert (sent.status, run.status) == (OutboxStatus.SENT, JobStatus.FAILED)
    assert run.error.startswith("1 could not be settled")


def test_a_whole_store_is_moved_for_admins_only_and_to_one_that_is_there() -> None:
    meeting = a_held_session(a_pair())
    a_file(a_recording(meeting), b"film")
    with stores(vault="vault"):
        with db.reading() as session:
            mentee = acting(session.get_one(User, meeting.mentee_id))
        with pytest.raises(NotAllowed):
            moving.ask(actor=mentee, store=LOCAL, to="vault")
        with pytest.raises(InvalidInput):
            moving.ask(actor=acting(an_admin()), store=LOCAL, to="nowhere")
    assert stored(OutboxMessage) == []


def test_the_sweep_and_the_night_look_after_recordings() -> None:
    swept = list(periodic.SWEPT)
    assert swept.index("send_reminders") < swept.index("expire_recordings")
    assert swept.index("expire_recordings") < swept.index("purge_recordings")
    periodic.find_orphans.call_local()
    with db.reading() as session:
        assert session.get_one(Schedule, "find_orphans").last_error == ""
    assert orphans.check().away == []
