"""SIGKILL at random moments while recordings cross from one S3 server to another: every file
arrives once and whole, finished parts are not sent again, and no source is deleted before the file
is checked at its destination."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator

import pytest

from services.config import settings
from services.recordings.clearing import LINKS_LIVE
from tests.chaos.transfers import Crossing, Film, crossing
from tests.providers.stores import Ground, a_name, ground

__all__ = ["ground"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

FULL = os.environ.get("CHAOS") == "full"
KILLS = 30 if FULL else 4
"""On each database, so 60 in all."""
MOVES = 10 if FULL else 2
_AT_A_STORE = re.compile(r"(before|after) (GET|HEAD|PUT|POST|DELETE) ")
MOST_KILLS_OF_ONE = 4
LANDED_AT_LEAST = 0.4
"""A worker that goes on has less to do than one that begins, so many chosen moments never come."""


@pytest.fixture
def scene(database: str, ground: Ground) -> Iterator[Crossing]:
    """From SeaweedFS, which keeps versions: into SeaweedFS, and on PostgreSQL into rclone."""
    assert database
    server = ground.seaweedfs() if settings().is_sqlite else ground.rclone()
    with crossing(ground.versioned(), server.bucket(a_name())) as made:
        yield made


def test_a_transfer_killed_at_random_moments_brings_every_file_over_once_and_whole(
    scene: Crossing,
) -> None:
    moments, seconds = undisturbed(scene)
    seed = random.SystemRandom().randrange(10**6)
    deaths, landed, tried = chosen(random.Random(seed), moments, seconds), 0, 0
    while landed < KILLS:
        film, kills = scene.film(), 0
        while kills < MOST_KILLS_OF_ONE and landed < KILLS:
            death, where = next(deaths)
            when = f"seed {seed}, kill {landed + 1} {where}"
            report = scene.work(**death)
            tried += 1
            scene.nothing_is_lost(film, when)
            scene.nothing_was_sent_twice(film, when)
            if not report.landed:
                break
            kills, landed = kills + 1, landed + 1
        finish(scene, film, f"seed {seed}, after kill {landed}")
    print(f"seed {seed}: {len(moments)} moments, {landed} of {tried} kills hit a running transfer")
    assert landed >= LANDED_AT_LEAST * tried


def test_a_move_killed_at_random_moments_loses_nothing_of_the_only_copy(scene: Crossing) -> None:
    film = scene.moved()
    bringing = scene.work().points
    scene.now += LINKS_LIVE
    clearing = scene.work().points
    scene.all_arrived_once(film, "undisturbed")
    assert any(moment.startswith("before DELETE") for moment in clearing)
    seed = random.SystemRandom().randrange(10**6)
    choose, landed = random.Random(seed), 0
    for _ in range(MOVES):
        film = scene.moved()
        for moments in (bringing, clearing):
            number = choose.randint(1, len(moments))
            when = f"seed {seed}, killed at {number}: {moments[number - 1]}"
            landed += scene.work(kill_at=number).landed
            scene.nothing_is_lost(film, when)
            assert scene.work().ended, when
            scene.nothing_is_lost(film, when)
            scene.now += LINKS_LIVE
        scene.all_arrived_once(film, when)
    assert landed >= LANDED_AT_LEAST * 2 * MOVES


def test_a_purge_killed_at_random_moments_deletes_everything_and_is_proved_once(
    scene: Crossing,
) -> None:
    film = scene.wanted_gone()
    moments = scene.purge().points
    scene.all_is_gone(film, "undisturbed")
    seed = random.SystemRandom().randrange(10**6)
    choose, landed = random.Random(seed), 0
    for _ in range(MOVES):
        film, number = scene.wanted_gone(), choose.randint(1, len(moments))
        when = f"seed {seed}, killed at {number}: {moments[number - 1]}"
        landed += scene.purge(kill_at=number).landed
        assert scene.purge().ended, when
        scene.all_is_gone(film, when)
    assert landed >= LANDED_AT_LEAST * MOVES


def chosen(
    choose: random.Random, moments: list[str], seconds: float
) -> Iterator[tuple[dict[str, float], str]]:
    """When a worker dies, and how to say that: in turns at any request to a store, at any moment at
    all, and after any time, which also hits what is half sent."""
    anywhere = range(1, len(moments) + 1)
    at_stores = [n for n in anywhere if _AT_A_STORE.match(moments[n - 1])]
    while True:
        for numbers in (at_stores, anywhere):
            number = choose.choice(numbers)
            yield {"kill_at": number}, f"at {number}: {moments[number - 1]}"
        life = choose.uniform(0, seconds)
        yield {"life": life}, f"after {life:.3f} s"


def undisturbed(scene: Crossing) -> tuple[list[str], float]:
    """The moments of a transfer that nobody kills, and how many seconds it takes."""
    film = scene.film()
    begun = time.monotonic()
    report = scene.work()
    seconds = time.monotonic() - begun
    assert report.ended
    scene.all_arrived_once(film, "undisturbed")
    assert sum("partNumber" in moment for moment in report.points) > 4
    assert any(moment.startswith("before DELETE") for moment in report.points)
    return report.points, seconds


def finish(scene: Crossing, film: Film, when: str) -> None:
    """A healthy worker comes, and then another one that finds nothing to do."""
    for _ in range(2):
        assert scene.work().ended, when
        scene.nothing_is_lost(film, when)
        scene.nothing_was_sent_twice(film, when)
        scene.all_arrived_once(film, when)


@pytest.mark.one_database("sqlite")
@pytest.mark.alike
def test_the_test_finds_a_transfer_that_deletes_too_early(scene: Crossing) -> None:
    """The control: a worker that deletes each source as soon as it has sent all of it, killed or
    not."""
    film = scene.film()
    assert scene.hasty(film).ended
    with pytest.raises(AssertionError, match="too early"):
        scene.nothing_is_lost(film, "hasty")


@pytest.mark.one_database("sqlite")
@pytest.mark.alike
def test_the_test_finds_a_file_that_is_lost_by_one_who_deletes_too_early(scene: Crossing) -> None:
    """The control of the other half: killed after it deleted, and before the parts were put
    together."""
    dry = scene.hasty(scene.film())
    [deleted, *_] = [n for n, moment in enumerate(dry.points, 1) if "after DELETE" in moment]
    film = scene.film()
    scene.too_early.clear()
    scene.to_source.before = None
    assert scene.hasty(film, kill_at=deleted).landed
    with pytest.raises(AssertionError, match="is lost"):
        scene.nothing_is_lost(film, "hasty")


@pytest.mark.one_database("sqlite")
@pytest.mark.alike
def test_the_test_finds_a_part_that_is_sent_again(scene: Crossing) -> None:
    """The control: after a kill, a worker comes that knows nothing of what has arrived."""
    moments, _ = undisturbed(scene)
    film = scene.film()
    [*_, last] = [n for n, moment in enumerate(moments, 1) if "after PUT" in moment]
    assert scene.work(kill_at=last).landed
    scene.nothing_was_sent_twice(film, "killed once")
    assert scene.hasty(film).ended
    with pytest.raises(AssertionError, match="begun anew"):
        scene.nothing_was_sent_twice(film, "hasty")
