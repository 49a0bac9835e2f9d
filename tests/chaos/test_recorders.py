"""A worker killed anywhere in a recorder's life: it is started once, stopped, its files found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from services import clock, costs, recordings
from services.models import ConsentAnswer, OutboxMessage, RecordingFile, Usage
from services.providers.video import registry
from tests.chaos.test_kills import AFTER_LEASES, kill_everywhere
from tests.chaos.workers import Report, Workers, warm
from tests.services.recorders import Room, a_room, recording_to
from tests.support.servers import Sandbox
from tests.support.studio import Studio, stored, studio

__all__ = ["studio"]
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

KILLS = 4
"""At each of the moments below, on each database."""
AT_ONCE = 3
VENDOR = "/agora/v1/apps"


@dataclass
class Crew:
    """Workers that may be killed, and one session after the other for them."""

    workers: Workers
    studio: Studio
    sandbox: Sandbox
    folder: Path

    def room(self) -> Room:
        """A session with both people in its room, who agree: a recorder is wanted."""
        room = a_room(self.studio, self.sandbox, self.folder)
        self.sandbox.control("agora/behaviour", {"joining_seconds": 0})
        room.agree()
        room.enter()
        return room

    def turn(self, kill_at: int | None = None) -> Report:
        """One worker's turn at this moment."""
        now = clock.utc_now().isoformat()
        return self.workers.run("recorders", now=now, kill_at=kill_at)

    def turns(self, number: int) -> list[Report]:
        """Several at the same moment."""
        now = clock.utc_now().isoformat()
        return self.workers.run_together([{"job": "recorders", "now": now}] * number)


@pytest.fixture
def crew(studio: Studio, sandbox: Sandbox, tmp_path: Path) -> Iterator[Crew]:
    """Workers on this test's database, and a folder that recorders write to."""
    folder = Path(sandbox.environment["DATA_DIR"]) / "recorder" / tmp_path.name
    with recording_to(folder), warm() as parent:
        yield Crew(parent, studio, sandbox, folder)


def wanted(_room: Room) -> None:
    """It is to be started."""


def started(room: Room) -> None:
    """It was started, and is looked at for the first time."""
    room.work()
    room.move(clock.utc_now() + timedelta(seconds=6))


def refused(room: Room) -> None:
    """It records, and somebody takes their yes back."""
    started(room)
    room.work()
    assert room.states == ["recording"]
    room.move(clock.utc_now() + timedelta(seconds=60))
    room.says(room.people[0], ConsentAnswer.WITHDRAWN)


def told(room: Room) -> None:
    """It was told to leave."""
    refused(room)
    room.work()
    room.move(clock.utc_now() + timedelta(seconds=5))


def left(room: Room) -> None:
    """It has left, and what it wrote was listed once."""
    told(room)
    for _ in range(3):
        room.work()
        room.move(clock.utc_now() + timedelta(seconds=1))
    assert room.states == ["transferring"]
    room.move(clock.utc_now() + timedelta(seconds=10))


MOMENTS: list[tuple[Callable[[Room], None], str | None]] = [
    (wanted, f"POST {VENDOR}"),
    (started, f"GET {VENDOR}"),
    (refused, f"POST {VENDOR}"),
    (told, f"GET {VENDOR}"),
    (left, None),
]
"""What has happened when the worker comes, and whom it will ask."""


def finish(room: Room) -> None:
    """Healthy workers go on, a while later, to the end."""
    room.move(clock.utc_now() + AFTER_LEASES)
    room.wait(40)
    if room.row.stop_asked_at is None:
        room.says(room.people[0], ConsentAnswer.WITHDRAWN)
    room.wait(200)


def check(room: Room, when: str = "") -> None:
    """One recorder, which has left; each of its files once; its minutes once."""
    [row] = room.rows
    here = [each for each in room.world.recordings() if each["cname"] == row.channel]
    assert len(here) == 1, when
    assert here[0]["left_at"] is not None, when
    assert (row.status.value, row.sid) == ("transferring", here[0]["id"]), (when, row.trouble)
    files = [each.name for each in stored(RecordingFile) if each.recording_id == row.id]
    assert len(files) == len(set(files)) == 4, when
    used = [each for each in stored(Usage) if each.key == f"recorded:{row.public_id}"]
    assert [(each.amount, each.place) for each in used] == [(row.seconds, costs.RECORDER)], when
    messages = [each for each in stored(OutboxMessage) if row.public_id in each.unique_key]
    kinds = sorted(each.kind for each in messages if each.kind.startswith("recording_"))
    assert kinds == ["recording_start", "recording_stop"], when


def test_a_worker_killed_anywhere_neither_doubles_nor_loses_a_recording(crew: Crew) -> None:
    for moment, vendor in MOMENTS:
        kill_at(crew, moment, vendor)


def kill_at(crew: Crew, moment: Callable[[Room], None], vendor: str | None) -> None:
    """Kill workers that come to a session at such a moment, each time another session's."""

    def one(point: int, when: str) -> Report:
        room = crew.room()
        moment(room)
        report = crew.turn(kill_at=point)
        finish(room)
        check(room, f"{moment.__name__}: {when}")
        return report

    room = crew.room()
    moment(room)
    dry = crew.turn()
    finish(room)
    check(room, moment.__name__)
    kill_everywhere(dry, KILLS, one, vendor=vendor)


def test_several_workers_at_once_are_as_good_as_one(crew: Crew) -> None:
    room = crew.room()
    for moment in ("wanted", "started", "recording", "told", "left"):
        reports = crew.turns(AT_ONCE)
        assert not [report.error for report in reports if report.error], moment
        if moment == "recording":
            room.says(room.people[0], ConsentAnswer.WITHDRAWN)
            crew.turns(AT_ONCE)
        assert room.at_work() <= 1
        room.move(clock.utc_now() + timedelta(seconds=6))
    finish(room)
    check(room)


def test_control_one_that_starts_before_it_writes_the_reservation_down_doubles_it(
    crew: Crew,
) -> None:
    room = crew.room()
    row, now = room.row, clock.utc_now()
    with careless(room):
        video = registry.video()
        video.start(
            video.acquire(row.channel, row.uid),
            bucket=registry.recording_bucket(),
            prefix=(row.prefix,),
            now=now,
            until=now + timedelta(hours=1),
        )
    room.move(now + AFTER_LEASES)
    room.wait(20)
    assert room.at_work() == 2


@contextmanager
def careless(room: Room) -> Iterator[None]:
    """A worker who has taken the recording, and dies without writing anything down."""
    assert recordings.list_due(limit=1) == [room.row.id]
    yield
    assert room.row.resource_id == ""
