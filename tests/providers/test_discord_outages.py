"""The Discord adapter when Discord is slow, away, or asked too fast."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.discord.limits import Route
from services.providers.discord.registry import discord
from services.providers.discord.wire import Ask, Wire
from tests.providers.discords import Vendor, an_adapter, at, discords_words
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS

__all__ = ["at", "discords_words"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_outage_is_worth_another_try(at: Vendor, status: int) -> None:
    at.world.fault("*", "status", status=status)
    with pytest.raises(ProviderUnavailable) as away:
        at.adapter.roles()
    assert (away.value.answered, away.value.stop) == (True, False)
    assert at.adapter.roles()


@pytest.mark.parametrize(("kind", "arrived"), [("drop_before", 0), ("drop_after", 1)])
def test_an_answer_that_breaks_off_says_nothing_and_the_nonce_keeps_it_one_message(
    at: Vendor, kind: str, arrived: int
) -> None:
    mina, account = at.linked("mina")
    channel = at.adapter.open_dm(account.id)
    at.world.fault("/channels/*", kind, method="POST")
    with pytest.raises(ProviderUnavailable):
        at.adapter.send(channel, "Hello", "n1")
    assert len(mina.messages()) == arrived
    at.adapter.send(channel, "Hello", "n1")
    assert mina.messages() == ["Hello"]


def test_nobody_at_the_address_is_an_outage(at: Vendor) -> None:
    with (
        environment_of({"DISCORD_API_BASE": NOBODY_LISTENS}),
        pytest.raises(ProviderUnavailable) as away,
    ):
        discord().roles()
    assert not away.value.stop


def test_a_slow_answer_is_given_up(at: Vendor) -> None:
    at.world.fault("*", "slow", seconds=0.6)
    with (
        environment_of({"DISCORD_TIMEOUT_SECONDS": "0.2"}),
        pytest.raises(ProviderUnavailable),
    ):
        discord().roles()
    time.sleep(0.8)  # the simulator is still at it, and would count it in the next test


def test_every_request_names_us_as_discord_wants_it(at: Vendor) -> None:
    at.adapter.create_role("Größe", "Größe → klein")
    [answer] = at.answers
    sent = answer.request.headers
    assert sent["user-agent"] == f"DiscordBot ({settings().public_url}, 1.0)"
    assert sent["x-audit-log-reason"] == "Gr%C3%B6%C3%9Fe%20%E2%86%92%20klein"
    assert sent["authorization"].startswith("Bot ")


def test_a_short_limit_is_waited_for_and_nothing_is_asked_in_vain(at: Vendor) -> None:
    at.world.limits(limit=3, seconds=0.5)
    for _ in range(8):
        assert at.adapter.roles()
    assert at.world.state()["invalid"] == 0
    assert {answer.status_code for answer in at.answers} == {200}


def test_a_long_limit_is_told_instead_of_waited_for(at: Vendor) -> None:
    at.world.limits(limit=2, seconds=60)
    began = time.monotonic()
    for _ in range(2):
        at.adapter.roles()
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as away:
            at.adapter.roles()
        assert away.value.retry_after is not None
        assert 50 < away.value.retry_after <= 60
        assert (away.value.code, away.value.stop) == ("rate_limit", False)
    assert time.monotonic() - began < 5
    assert at.world.state()["invalid"] == 0  # the headers were believed before a 429 came
    assert at.adapter.member("123456789012345678") is None  # another bucket is open


def test_a_limit_that_another_process_used_up_is_learned_from_429(at: Vendor) -> None:
    other = an_adapter()
    at.world.limits(limit=2, seconds=60)
    for _ in range(2):
        other.roles()
    for _ in range(2):
        with pytest.raises(ProviderUnavailable) as away:
            at.adapter.roles()
        assert (away.value.retry_after or 0) > 50
    assert at.world.state()["invalid"] == 1


def test_the_limit_of_all_together_is_waited_for_everywhere(at: Vendor) -> None:
    at.world.limits(everywhere=5)
    found: list[str] = []

    def ask() -> None:
        try:
            at.adapter.roles()
            found.append("answered")
        except ProviderUnavailable as error:
            found.append("later" if error.retry_after is not None else "lost")

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert set(found) <= {"answered", "later"}
    assert found.count("answered") >= 5


ANSWERS = {
    "with a time": (503, {"retry-after": "90"}, b"", (90, False, "")),
    "without": (503, {}, b"<html>", (None, False, "")),
    "at the edge": (429, {"retry-after": "30"}, b"<html>", (30, False, "rate_limit")),
    "in fractions": (
        429,
        {"retry-after": "8"},
        b'{"message": "x", "retry_after": 7.25, "global": false}',
        (7.25, False, "rate_limit"),
    ),
    "no time at all": (429, {}, b"{}", (60, False, "rate_limit")),
    "too many new messages": (
        403,
        {},
        b'{"code": 40003, "message": "x"}',
        (60, False, "rate_limit"),
    ),
    "blocked": (403, {}, b"<html>", (None, True, "authentication")),
    "a redirect": (302, {"location": "/"}, b"", (None, False, "")),
}


@pytest.mark.parametrize(("status", "headers", "body", "told"), ANSWERS.values(), ids=list(ANSWERS))
def test_what_discord_and_its_edge_answer_is_understood(
    status: int,
    headers: dict[str, str],
    body: bytes,
    told: tuple[float | None, bool, str],
) -> None:
    """What the simulator never says comes from a transport of our own."""
    answer = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=body))
    wire = Wire(
        api_base="http://discord.invalid",
        site="https://studio.example.com",
        timeout_seconds=1,
        transport=answer,
    )
    ask = Ask("check", "GET", "/users/@me", Route("GET /users/@me", ""), auth="Bot x")
    with pytest.raises(ProviderUnavailable) as away:
        wire.send(ask)
    assert (away.value.retry_after, away.value.stop, away.value.code) == told
