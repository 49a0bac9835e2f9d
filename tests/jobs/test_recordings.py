"""Recorders in the worker: messages start them, and each look is planned for its moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest

from jobs import recordings as jobs
from jobs.inbox import handle_inbox
from jobs.queue import huey
from services import clock, outbox, recordings
from services.models import OutboxMessage, OutboxStatus
from services.providers.video import registry
from services.recordings import stopping
from tests.services.recorders import Room, a_notice, recorded, room, set_row, started
from tests.support.studio import stored, studio

__all__ = ["recorded", "room", "studio"]


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    """What other tests have planned is forgotten."""
    huey.flush()
    jobs.planned.forget()
    yield
    huey.flush()
    jobs.planned.forget()


def looks() -> list[Any]:
    """The tasks that wait to look at recorders. Where the whole application is loaded, each message
    wakes the outbox's tasks as well."""
    return [task for task in huey.pending() if task.name == "watch_recorders"]


def test_after_a_start_the_next_look_is_planned_once_for_its_moment(room: Room) -> None:
    room.agree()
    room.enter()
    for message in outbox.take(only={"recording_start"}):
        jobs.start(message)
    [planned] = looks()
    assert planned.eta is not None
    jobs.plan()
    jobs.watch_soon()
    assert len(looks()) == 1


def test_what_is_due_is_looked_at_by_the_job_that_the_sweep_asks_for(recorded: Room) -> None:
    following = recordings.next_look()
    assert following is not None
    recorded.move(following)
    huey.flush()
    jobs.watch_soon()
    assert len(looks()) == 1
    jobs.watch_recorders.call_local()
    after = recordings.next_look()
    assert after is not None
    assert after > clock.utc_now()


def test_the_sweep_has_a_worker_look_for_recorders_that_nobody_knows_of(recorded: Room) -> None:
    reserved = registry.video().acquire(recorded.row.channel, 1012)
    set_row(seen={"tried": [{"uid": 1012, "resource_id": reserved.resource_id}]})
    stray = started(recorded, reserved)
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    huey.flush()
    jobs.watch_soon()
    assert "stop_strays" in [task.name for task in huey.pending()]
    jobs.stop_strays.call_local()
    assert recorded.world.recording(stray)["left_at"] is not None


def test_who_comes_while_they_are_told_to_leave_goes_again_at_once(recorded: Room) -> None:
    reserved = registry.video().acquire(recorded.row.channel, 1012)
    set_row(seen={"tried": [{"uid": 1012, "resource_id": reserved.resource_id}]})
    stray = started(recorded, reserved)
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    recorded.world.fault("*/stop", "slow", times=2, seconds=4)
    run = jobs.stop_strays.call_local
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(copy_context().run, run) for _ in range(2)]
        gone, at_it = wait(both, timeout=3.5, return_when=FIRST_COMPLETED)
        assert (len(gone), len(at_it)) == (1, 1)
    assert recorded.world.recording(stray)["left_at"] is not None


def test_a_run_that_took_its_time_leaves_the_rest_to_the_next_one(recorded: Room) -> None:
    following = recordings.next_look()
    assert following is not None
    recorded.move(following)
    jobs.watch_due(seconds=0)
    assert recordings.list_due(limit=1) == []


def test_a_notification_wakes_who_looks(recorded: Room) -> None:
    row = recorded.row
    recorded.receive(a_notice(31, sid=row.sid, channel=row.channel, uid=row.uid))
    handle_inbox.call_local()
    assert recordings.list_due(limit=1) == [row.id]
    assert [task.eta for task in looks()].count(None) == 1


def test_a_recorder_that_is_one_too_many_is_stopped_by_its_own_message(recorded: Room) -> None:
    row = recorded.row
    recorded.receive(a_notice(40, sid="second", channel=row.channel, uid=row.uid))
    handle_inbox.call_local()
    recorded.wait(330)  # it is not known there, and is told so again until it surely does not move
    [message] = [each for each in stored(OutboxMessage) if "sid" in each.data]
    assert (message.status, message.attempts) == (OutboxStatus.SENT, stopping.TOLD_AT_MOST)
    assert recorded.states == ["recording"]
    assert recorded.at_work() == 1
