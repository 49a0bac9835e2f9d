"""The simulated Discord's API: what it refuses, and how; compared with Discord's specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.config import (
    SIMULATED_DISCORD_CHANNEL,
    SIMULATED_DISCORD_CLIENT,
    SIMULATED_DISCORD_GUILD,
    settings,
)
from tests.sandbox.discord_specs import Specification, check_all
from tests.support.discord import Discord
from tests.support.servers import Sandbox

GUILD = f"/guilds/{SIMULATED_DISCORD_GUILD}"
NOBODY = "123456789012345678"
AGENT = {"User-Agent": "DiscordBot (https://studio.example.com, 1.0)"}


class Api:
    """Raw requests to the simulator, and everything it answered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = Discord(sandbox)
        self.bot = {"Authorization": f"Bot {settings().effective_discord_bot_token}"}
        self.http = httpx.Client(
            base_url=f"{sandbox.address}/discord/api/v10", headers=AGENT, trust_env=False
        )
        self.answers: list[httpx.Response] = []

    def ask(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        answer = self.http.request(
            method, path, json=body, headers=self.bot | more.pop("headers", {}), **more
        )
        self.answers.append(answer)
        return answer

    def code(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, int]:
        answer = self.ask(method, path, body, **more)
        return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def discords_words() -> Specification:
    return Specification()


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    found = Api(sandbox)
    yield found
    found.http.close()


def test_every_refusal_is_worded_as_discords_specification_says(
    api: Api, discords_words: Specification
) -> None:
    mina = api.world.account("mina", member=True)
    away = api.world.account("away")
    role = api.world.role("Mina’s mentees")
    member = f"{GUILD}/members"
    dm = api.ask("POST", "/users/@me/channels", {"recipient_id": mina.id}).json()["id"]
    messages = f"/channels/{dm}/messages"
    assert api.code("GET", f"{member}/{NOBODY}") == (404, 10013)
    assert api.code("GET", f"{member}/{away.id}") == (404, 10007)
    assert api.code("PUT", f"{member}/{away.id}/roles/{role}") == (404, 10007)
    assert api.code("PUT", f"{member}/{mina.id}/roles/{NOBODY}") == (404, 10011)
    assert api.code("GET", f"/guilds/{NOBODY}/roles") == (404, 10004)
    assert api.code("PUT", f"{member}/{away.id}", {"access_token": "no"}) == (403, 50025)
    assert api.code("POST", "/users/@me/channels", {"recipient_id": NOBODY}) == (400, 50033)
    assert api.code("POST", "/users/@me/channels", {}) == (400, 50035)
    assert api.code("POST", messages, {"content": " "}) == (400, 50006)
    assert api.code("POST", messages, {"content": "x" * 2_001}) == (400, 50035)
    assert api.code("POST", messages, {"content": "x", "nonce": "n" * 26}) == (400, 50035)
    assert api.code("POST", f"/channels/{NOBODY}/messages", {"content": "x"}) == (404, 10003)
    assert api.code("POST", messages, ["x"]) == (400, 50109)
    assert api.code("GET", f"{member}?limit=1001") == (400, 50035)
    commands = f"/applications/{SIMULATED_DISCORD_CLIENT}{GUILD}/commands"
    assert api.code("PUT", commands, [{"name": "Seat", "description": "x"}]) == (400, 50035)
    assert api.code("PUT", commands, [{"name": "seat", "description": ""}]) == (400, 50035)
    twice = [{"name": "seat", "description": "x"}] * 2
    assert api.code("PUT", commands, twice) == (400, 50035)
    mina.close_dms()
    assert api.code("POST", messages, {"content": "x"}) == (403, 50007)
    mina.leave()
    assert api.code("POST", messages, {"content": "x"}) == (403, 50278)
    assert check_all(api.answers, discords_words) == len(api.answers)


def test_who_does_not_say_who_they_are_is_not_served(
    api: Api, discords_words: Specification
) -> None:
    for headers in ({"Authorization": "Bot wrong"}, {"Authorization": "Bearer x"}):
        assert api.code("GET", f"{GUILD}/roles", headers=headers) == (401, 0)
    assert api.code("GET", "/users/@me", headers={"Authorization": "Bearer x"}) == (401, 0)
    blocked = {"User-Agent": "python-httpx/1.0"}
    assert api.code("GET", f"{GUILD}/roles", headers=blocked) == (403, 40333)
    assert api.world.state()["invalid"] == 4
    check_all(api.answers, discords_words)


def test_every_answer_tells_what_is_left_of_its_bucket(
    api: Api, discords_words: Specification
) -> None:
    api.world.limits(limit=2, seconds=30)
    first, second = (api.ask("GET", f"{GUILD}/roles") for _ in range(2))
    assert [a.headers["x-ratelimit-remaining"] for a in (first, second)] == ["1", "0"]
    assert first.headers["x-ratelimit-bucket"] == second.headers["x-ratelimit-bucket"]
    refused = api.ask("GET", f"{GUILD}/roles")
    told = refused.json()
    assert (refused.status_code, told["global"]) == (429, False)
    assert 0 < told["retry_after"] <= 30
    assert int(refused.headers["retry-after"]) >= told["retry_after"]
    assert refused.headers["x-ratelimit-scope"] == "user"
    assert api.ask("GET", "/users/@me").status_code == 200  # another bucket
    check_all(api.answers, discords_words)


def test_too_many_requests_of_all_kinds_are_refused_everywhere(
    api: Api, discords_words: Specification
) -> None:
    api.world.limits(everywhere=1)
    answers = [api.ask("GET", path) for path in ("/users/@me", f"{GUILD}/roles", "/users/@me")]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["global"] is True
    assert refused[0].headers["x-ratelimit-global"] == "true"
    check_all(api.answers, discords_words)


def test_a_nonce_is_forgotten_after_some_minutes(api: Api) -> None:
    api.world.sandbox.control("clock", {"now": 1_800_000_000})
    body = {"content": "x", "nonce": "n1", "enforce_nonce": True}
    path = f"/channels/{SIMULATED_DISCORD_CHANNEL}/messages"
    first = api.ask("POST", path, body).json()["id"]
    assert api.ask("POST", path, body).json()["id"] == first
    assert api.ask("POST", path, body | {"enforce_nonce": False}).json()["id"] != first
    api.world.sandbox.control("clock", {"now": 1_800_000_600})
    assert api.ask("POST", path, body).json()["id"] != first


def test_ids_grow_with_time_and_are_never_given_twice(api: Api) -> None:
    made = [int(api.world.account(f"person{number}").id) for number in range(20)]
    assert made == sorted(set(made))
    api.world.sandbox.control("clock", {"offset": -86_400})
    assert int(api.world.account("later").id) > made[-1]


def test_a_full_server_takes_no_more_roles(api: Api) -> None:
    api.world.limits(limit=1_000, everywhere=1_000)
    for number in range(250):
        api.world.role(f"Role {number}")
    assert api.code("POST", f"{GUILD}/roles", {"name": "One more"}) == (400, 30005)


def test_whoever_is_in_the_server_twice_has_lost_their_roles_by_leaving(api: Api) -> None:
    mina, role = api.world.account("mina", member=True), api.world.role("Mina’s mentees")
    mina.put_role(role, given=True)
    assert mina.roles() == ["Mina’s mentees"]
    mina.leave()
    mina.join()
    assert mina.roles() == []
    mina.put_role(role, given=True)
    api.world.delete_role(role)
    assert mina.roles() == []


def test_tokens_are_given_for_forms_alone(api: Api) -> None:
    answer = api.ask("POST", "/oauth2/token", {"grant_type": "authorization_code"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("body", [{"permissions": "all"}, {"colour": 1}, {"in_guild": 1}])
def test_a_control_that_makes_no_sense_is_refused(api: Api, body: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="400"):
        api.world.bot(**body)
