"""Two web servers and two job workers behave like one."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
from redis import Redis
from redis.client import PubSub
from reflex_base.constants.state import FIELD_MARKER

from services import signin
from state import flash
from state.cookies import flash_name, session_name
from state.mentor import MentorState
from state.presences import CHANNEL
from state.settings import SettingsState
from tests.journeys.world import Account, World
from tests.support.raw_socket import RawTab, merged, redirects
from tests.support.several import Several, eventually, readiness

pytestmark = pytest.mark.alike

FORM = "application/x-www-form-urlencoded"
MENTOR_PAGE = MentorState.get_full_name()
OPEN_SETTINGS = f"{SettingsState.get_full_name()}.open"


@pytest.fixture(autouse=True)
def inside(far: World) -> World:
    return far


def cookie_of(account: Account) -> str:
    """The Cookie header of a browser in which the person is signed in."""
    secret = signin.sign_in(email=account.email, password=account.password)
    return f"{session_name()}={secret}"


def signs_out(several: Several, address: str, cookie: str) -> None:
    """The form of the sign-out, sent to one of the servers."""
    headers = {"Cookie": cookie, "Origin": several.address, "Content-Type": FORM}
    answer = httpx.post(f"{address}/auth/sign-out", headers=headers, timeout=30)
    assert answer.status_code == 303


def test_the_proxy_sends_people_to_both_servers(several: Several) -> None:
    before = dict(several.proxy.served)
    for _ in range(4):
        assert httpx.get(f"{several.address}/health", timeout=30).status_code == 200
    assert all(several.proxy.served[target] > before[target] for target in before)


def test_a_tab_that_reconnects_to_another_server_keeps_its_state(
    far: World, several: Several
) -> None:
    seller = far.mentor("Willa Wirth")
    first, second = several.web_addresses
    with RawTab(first, origin=several.address) as tab:
        tab.send(f"{MENTOR_PAGE}.load", path=f"/mentors/{seller.slug}")
        tab.settle()
        assert shown_name([tab.hydrated]) == seller.name
        token = tab.token
    eventually(lambda: not linked(several, token), "the first server still holds the tab")

    with RawTab(second, origin=several.address, token=token) as tab:
        tab.settle()  # it arrives, and loads nothing
        assert shown_name([tab.hydrated]) == seller.name


def shown_name(updates: list[dict[str, Any]]) -> str:
    """The name on the mentor's page, as the tab has it."""
    state = MENTOR_PAGE.rpartition(".")[2]
    return str(merged(updates)[f"{state}.name{FIELD_MARKER}"])


def linked(several: Several, token: str) -> bool:
    """Whether some server says that it serves this tab."""
    with Redis.from_url(several.valkey.url) as redis:
        return bool(redis.exists(f"token_manager_socket_record_{token}"))


def test_who_signs_out_on_one_server_is_out_on_the_other(far: World, several: Several) -> None:
    first, second = several.web_addresses
    cookie = cookie_of(far.mentee("Mia Maler"))
    with (
        Redis.from_url(several.valkey.url) as redis,
        redis.pubsub() as channel,
        RawTab(second, cookie=cookie, origin=several.address) as tab,
    ):
        tab.send(OPEN_SETTINGS, path="/settings")
        assert redirects(tab.settle()) == []
        ours_and_one_server = 2
        channel.subscribe(CHANNEL)
        eventually(
            lambda: listeners(redis) >= ours_and_one_server,
            "the second server does not listen",
        )

        signs_out(several, first, cookie)

        eventually(lambda: heard(channel), "nobody was told of the sign-out")
        eventually(lambda: turned_away(tab), "the second server still lets the person in")


def listeners(redis: Redis) -> int:
    """How many processes hear of changes."""
    counted = cast(list[tuple[bytes, int]], redis.pubsub_numsub(CHANNEL))
    return counted[0][1]


def heard(channel: PubSub) -> bool:
    """Whether a message came on the channel."""
    message: dict[str, Any] | None = channel.get_message(timeout=1)
    return message is not None and message["type"] == "message"


def turned_away(tab: RawTab) -> bool:
    tab.send(OPEN_SETTINGS, path="/settings")
    return any(target.startswith("/sign-in") for target in redirects(tab.settle()))


def test_rate_limits_count_both_servers_together(far: World, several: Several) -> None:
    email = far.mentee("Mia Maler").email
    answers = [wrong_password(several, address, email) for address in several.web_addresses * 6]
    refused = [answer for answer in answers if "attempts" in answer]
    assert len(answers) - len(refused) == 10


def wrong_password(several: Several, address: str, email: str) -> str:
    """Try to sign in with a wrong password; what the next page would say."""
    answer = httpx.post(
        f"{address}/auth/sign-in",
        content=urlencode({"email": email, "password": "surely not this one"}),
        headers={
            "Origin": several.address,
            "Content-Type": FORM,
        },
        timeout=30,
    )
    told = flash.opened(answer.cookies[flash_name()].strip('"'))
    assert told is not None
    return told.text


def test_ready_holds_while_one_of_two_job_workers_lives(several: Several) -> None:
    first, second = several.workers
    (one, other) = several.web_addresses
    first.stop()
    try:
        assert readiness(one)[0] == readiness(other)[0] == 200
        second.stop()
        for address in several.web_addresses:
            eventually(lambda asked=address: readiness(asked)[0] == 503, "nobody misses the worker")
            assert readiness(address)[1]["not_ready"] == ["worker"]
    finally:
        first.start()
        second.start()
