"""The queue on each of its storages: which workers live, and what several schedulers enqueue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from huey.storage import SqliteStorage

from jobs import queue
from jobs.main import huey
from services.config import settings
from services.errors import DatabaseUnavailable
from tests.support.databases import Databases, worker_name
from tests.support.databases import in_use as database_in_use
from tests.support.logs import captured
from tests.support.servers import environment_of
from tests.support.valkey import Valkey

NOON = datetime(2026, 3, 2, 12, 0, 20)  # noqa: DTZ001 (schedules are in local time)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def storage(
    request: pytest.FixtureRequest, databases: Databases, own_settings: None, tmp_path: Path
) -> Iterator[str]:
    """The settings of a studio whose queue is stored in this way, empty."""
    if request.param == "redis":
        server: Valkey = request.getfixturevalue("valkey")
        server.empty()
        with environment_of({"REDIS_URL": server.url}):
            yield request.param
        return
    with databases.fresh(request.param, tmp_path) as url, database_in_use(url):
        yield request.param


def two_workers() -> tuple[queue.Queue, queue.Queue]:
    """Two processes' queues, with the product's periodic tasks."""
    pair = queue.make(), queue.make()
    for each in pair:
        each._registry = huey._registry  # pyright: ignore[reportPrivateUsage]
    return pair


def enqueued(worker: queue.Queue, now: datetime) -> list[str]:
    """What the worker's scheduler would enqueue."""
    return sorted(task.name for task in worker.read_periodic(now))


def test_a_minute_is_worked_once_however_many_schedulers_see_it(storage: str) -> None:
    one, other = two_workers()

    first = enqueued(one, NOON)

    assert "sweep" in first
    assert "reconcile" in first
    assert enqueued(other, NOON + timedelta(seconds=25)) == []
    assert enqueued(one, NOON + timedelta(seconds=35)) == []


def test_the_next_minute_belongs_to_whoever_comes_first(storage: str) -> None:
    one, other = two_workers()
    enqueued(one, NOON)

    second = enqueued(other, NOON + timedelta(minutes=1))

    assert "sweep" in second
    assert "reconcile" not in second
    assert enqueued(one, NOON + timedelta(minutes=1)) == []


def test_old_claims_are_forgotten(storage: str) -> None:
    one, other = two_workers()
    for minute in range(0, 180, 20):
        enqueued(one, NOON + timedelta(minutes=minute))
    kept = [key for key in other.storage.result_items() if "sweep" in str(key)]
    assert 0 < len(kept) <= 4


def test_workers_are_listed_until_they_stop_politely(storage: str) -> None:
    mine = queue.make()
    assert mine.workers() == {}
    mine.beat()
    mine.storage.put_data("worker:elsewhere:7", str(time.time() - 90).encode())  # it was killed

    ages = mine.workers()

    assert set(ages) == {queue.worker_name(), "elsewhere:7"}
    assert ages["elsewhere:7"] > 60
    assert ages[queue.worker_name()] < 60
    mine.rest()
    assert set(mine.workers()) == {"elsewhere:7"}


def test_a_worker_that_has_been_gone_for_a_day_is_forgotten(storage: str) -> None:
    mine = queue.make()
    long_ago = time.time() - 2 * queue.FORGOTTEN_AFTER_SECONDS
    mine.storage.put_data("worker:elsewhere:7", str(long_ago).encode())
    mine.beat()
    assert set(mine.workers()) == {queue.worker_name()}


def test_a_queue_whose_storage_is_away_schedules_nothing_and_goes_on(
    own_settings: None, valkey: Valkey
) -> None:
    with environment_of({"REDIS_URL": valkey.url}):
        assert settings().redis_url
        one, _ = two_workers()
    valkey.stop()
    try:
        assert enqueued(one, NOON) == []
    finally:
        valkey.start()
    assert "sweep" in enqueued(one, NOON)


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    """As if this host's clock stood in this zone."""
    with environment_of({"TZ": zone}):
        time.tzset()
        yield
    time.tzset()


def test_the_hour_that_comes_twice_in_autumn_is_worked_twice(storage: str) -> None:
    one, _ = two_workers()
    half_past_two = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 (schedules are in local time)

    with living_in("Europe/Berlin"):
        assert "sweep" in enqueued(one, half_past_two)
        assert enqueued(one, half_past_two) == []
        assert "sweep" in enqueued(one, half_past_two.replace(fold=1))


def test_workers_in_different_zones_claim_the_same_minute(storage: str) -> None:
    one, other = two_workers()
    with living_in("Europe/Berlin"):
        assert "sweep" in enqueued(one, NOON)
    with living_in("UTC"):
        assert enqueued(other, NOON - timedelta(hours=1)) == []


def test_a_job_that_fails_leaves_nothing_in_the_storage(storage: str) -> None:
    worker = queue.make()

    @worker.task()
    def fails() -> None:
        raise ValueError("cannot mail mia@example.com")

    fails()
    worker.execute(worker.dequeue())

    assert worker.storage.result_items() == {}


def test_a_woken_job_that_finds_the_database_away_is_one_line(storage: str) -> None:
    worker = queue.make()

    @worker.task()
    def fails() -> None:
        raise DatabaseUnavailable("the server is gone")

    fails()
    with captured() as lines:
        worker.execute(worker.dequeue())
        [line] = lines()
    assert (line["event"], line["reason"]) == ("database_away", "the server is gone")
    assert "exception" not in line


def test_each_process_of_the_tests_has_a_queue_of_its_own() -> None:
    """One that is made before its place is known would be a developer's, or everybody's."""
    assert isinstance(huey.storage, SqliteStorage)
    assert Path(huey.storage.filename).parent.name == f"data-{worker_name()}"
