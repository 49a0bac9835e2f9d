"""Rate limits of several processes: counted together in Redis, alone while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from services.shared_counts import SharedCounts
from tests.support.valkey import Valkey

THREE = parse("3/hour")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


def allowed(process: FixedWindowRateLimiter, times: int) -> int:
    """How many of so many attempts one process allows."""
    return sum(process.hit(THREE, "sign-in", "mia") for _ in range(times))


def test_two_processes_count_together_and_each_alone_while_redis_is_away(valkey: Valkey) -> None:
    one, other = (FixedWindowRateLimiter(SharedCounts(valkey.url)) for _ in range(2))
    assert allowed(one, 2) + allowed(other, 5) == 3

    valkey.stop()
    assert allowed(one, 5) == 3
    assert allowed(other, 5) == 3
    one.clear(THREE, "sign-in", "mia")

    valkey.start()
    assert allowed(one, 2) + allowed(other, 5) == 3
