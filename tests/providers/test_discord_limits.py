"""Discord's limits on a clock of our own: what may leave when, whatever the answers said."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers.discord import limits
from services.providers.discord.limits import Limits, Refused, Route

ROLES = Route("PUT /roles", "guild")
MESSAGES = Route("POST /messages", "channel 1")
ANSWERS = Route("PATCH /answers", "token", ours=False)


class World:
    """Limits, and a clock that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.limits = Limits(lambda: self.now)

    def told(self, route: Route, remaining: int, after: float, **more: str) -> None:
        headers = {
            "x-ratelimit-limit": "5",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset-after": str(after),
        }
        self.limits.learn(route, 200, headers | more)

    def leaves(self, route: Route) -> bool:
        return self.limits.take(route) == 0


@pytest.fixture
def discord() -> World:
    return World()


def test_a_route_that_nobody_knows_may_be_asked(discord: World) -> None:
    assert discord.leaves(ROLES)


def test_a_used_up_bucket_is_waited_for_until_it_is_full_again(discord: World) -> None:
    discord.told(ROLES, 0, 2.5)
    assert discord.limits.take(ROLES) == 2.5
    discord.now += 2
    assert discord.limits.take(ROLES) == 0.5
    discord.now += 0.5
    assert discord.leaves(ROLES)


def test_requests_under_way_count_before_their_answers_come(discord: World) -> None:
    discord.told(ROLES, 2, 10)
    assert discord.leaves(ROLES)
    assert discord.leaves(ROLES)
    assert not discord.leaves(ROLES)
    discord.told(ROLES, 1, 10)  # the answer to the first, which the second had overtaken
    assert not discord.leaves(ROLES)


def test_each_channel_has_its_own_share_of_a_bucket(discord: World) -> None:
    discord.told(MESSAGES, 0, 10)
    assert not discord.leaves(MESSAGES)
    assert discord.leaves(Route(MESSAGES.name, "channel 2"))


def test_routes_that_name_the_same_bucket_share_it(discord: World) -> None:
    other = Route("DELETE /roles", "guild")
    shared: dict[str, Any] = {"x-ratelimit-bucket": "abc"}
    discord.told(other, 5, 10, **shared)
    discord.told(ROLES, 0, 10, **shared)
    assert not discord.leaves(other)


def test_too_fast_on_one_route_leaves_the_others_open(discord: World) -> None:
    discord.limits.too_fast(ROLES, 7, everywhere=False)
    assert discord.limits.take(ROLES) == 7
    assert discord.leaves(MESSAGES)


def test_too_fast_everywhere_closes_all_but_the_answers_to_commands(discord: World) -> None:
    discord.limits.too_fast(ROLES, 7, everywhere=True)
    assert discord.limits.take(ROLES) == 7
    assert discord.limits.take(MESSAGES) == 7
    assert discord.leaves(ANSWERS)
    discord.now += 7
    assert discord.leaves(MESSAGES)


def test_no_more_than_discord_takes_in_a_second_leave_together(discord: World) -> None:
    routes = [Route("POST /messages", f"channel {number}") for number in range(200)]
    left = [route for route in routes if discord.leaves(route)]
    assert len(left) == limits.MOST_PER_SECOND
    discord.now += 1
    assert discord.leaves(routes[-1])


def test_the_budget_of_refusals_ends_the_asking_long_before_discord_would(discord: World) -> None:
    for _ in range(limits.MOST_INVALID):
        discord.limits.learn(ROLES, 403, {})
    assert discord.limits.take(MESSAGES) == limits.INVALID_WINDOW_SECONDS
    assert discord.limits.take(ANSWERS) == limits.INVALID_WINDOW_SECONDS
    discord.now += limits.INVALID_WINDOW_SECONDS
    assert discord.leaves(MESSAGES)


def test_a_429_for_everybodys_sake_is_no_refusal_of_ours(discord: World) -> None:
    for _ in range(limits.MOST_INVALID):
        discord.limits.learn(ROLES, 429, {"x-ratelimit-scope": "shared"})
    assert discord.leaves(MESSAGES)


def test_after_a_refused_key_one_request_looks_again_a_minute_later(discord: World) -> None:
    discord.limits.refused()
    for _ in range(3):
        with pytest.raises(Refused):
            discord.limits.take(ROLES)
    assert discord.leaves(ANSWERS)
    discord.now += limits.REFUSED_PAUSE_SECONDS
    assert discord.leaves(ROLES)


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "inf", "1e999"])
def test_headers_that_make_no_sense_are_not_believed(discord: World, value: str) -> None:
    for name in ("x-ratelimit-remaining", "x-ratelimit-reset-after", "x-ratelimit-limit"):
        headers = {"x-ratelimit-remaining": "1", "x-ratelimit-reset-after": "1"}
        discord.limits.learn(ROLES, 200, headers | {name: value})
    assert discord.leaves(ROLES)


def test_what_is_over_is_forgotten_when_there_is_much_to_remember(discord: World) -> None:
    for number in range(3 * limits.MOST_BUCKETS):
        discord.told(Route("POST /messages", str(number)), 1, 1)
        discord.now += 0.01
    kept: dict[object, object] = discord.limits._buckets  # pyright: ignore[reportPrivateUsage, reportAssignmentType]
    assert len(kept) <= limits.MOST_BUCKETS


@given(
    limit=st.integers(1, 8),
    window=st.floats(0.1, 20),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_a_server_that_counts_by_windows_never_has_to_refuse(
    limit: int, window: float, pauses: list[float]
) -> None:
    """Asked one after the other, with whatever pauses: the headers of each answer are enough."""
    discord, opened, used = World(), -1e9, 0
    for pause in pauses:
        discord.now += pause
        while seconds := discord.limits.take(ROLES):
            discord.now += seconds
        if discord.now - opened >= window - 1e-6:  # rounding
            opened, used = discord.now, 0
        used += 1
        assert used <= limit
        left = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(limit - used),
            "x-ratelimit-reset-after": str(opened + window - discord.now),
        }
        discord.limits.learn(ROLES, 200, left)


def test_many_threads_take_no_more_than_there_is(discord: World) -> None:
    discord.told(ROLES, 20, 60)
    left: list[bool] = []

    def take() -> None:
        for _ in range(10):
            left.append(discord.leaves(ROLES))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(left) == 20
