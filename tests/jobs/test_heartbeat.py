"""The heartbeat: nobody is listed who has gone, and nobody is missing who is there."""

from __future__ import annotations

import threading
import time

from jobs import main
from jobs.heartbeat import Heartbeat
from services import db
from services.jobs import workers


def test_a_beat_that_lands_after_the_goodbye_is_taken_back() -> None:
    said: list[str] = []
    beating, goodbye, over = threading.Event(), threading.Event(), threading.Event()

    def beat() -> None:
        beating.set()
        assert goodbye.wait(30)
        said.append("beat")

    def rest() -> None:
        said.append("rest")
        goodbye.set()
        if said.count("rest") == 2:
            over.set()

    heart = Heartbeat(beat=beat, rest=rest)
    heart.start()
    assert beating.wait(30)
    heart.stop()
    assert over.wait(30)
    assert said == ["rest", "beat", "rest"]


def test_a_thread_that_takes_a_dead_ones_place_lets_the_heart_beat_again() -> None:
    beats = threading.Semaphore(0)
    heart = Heartbeat(beat=beats.release, rest=lambda: None)
    heart.start()
    heart.start()
    assert beats.acquire(timeout=30)
    heart.stop()
    heart.start()
    assert beats.acquire(timeout=30)
    heart.stop()


def test_a_worker_is_listed_while_it_works_and_as_stopped_afterwards(database: str) -> None:
    main.heartbeat.start()
    until = time.monotonic() + 30
    while not (listed := faces()):
        assert time.monotonic() < until
        time.sleep(0.02)
    [face] = listed
    assert (face.name, face.stopped_at, face.is_silent) == (workers.name(), None, False)
    main.heartbeat.stop()
    [face] = faces()
    assert face.stopped_at is not None


def faces() -> tuple[workers.WorkerFace, ...]:
    with db.reading() as session:
        return workers.list_workers(session)
