"""Discord's adapter in a test; everything that it said is compared with Discord's specification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.config import settings
from services.providers.discord import registry
from services.providers.discord.base import Account, DiscordProvider
from services.providers.discord.rest import Discord as RestDiscord
from services.providers.discord.wire import Wire
from tests.sandbox.discord_specs import HERE, Specification, check_all
from tests.support.discord import Discord, Person
from tests.support.servers import Sandbox


@dataclass
class Vendor:
    """An adapter, and what people or faults do behind it."""

    world: Discord
    answers: list[httpx.Response] = field(default_factory=list[httpx.Response])

    @property
    def adapter(self) -> DiscordProvider:
        return registry.discord()

    def token(self, person: Person) -> str:
        """An access token of somebody who said yes."""
        redirect = settings().discord_redirect_url
        code = person.consent(self.adapter.consent_url("the state", redirect))["code"]
        return self.adapter.exchange(code, redirect).access_token

    def linked(self, username: str) -> tuple[Person, Account]:
        """Somebody who consented and was brought into the server."""
        person = self.world.account(username)
        token = self.token(person)
        account = self.adapter.me(token)
        self.adapter.add_member(account.id, token)
        return person, account


def an_adapter(**changes: object) -> RestDiscord:
    """An adapter of another operator: a wrong key, small pages."""
    chosen = settings()
    values: dict[str, object] = {
        "client_id": chosen.effective_discord_client_id,
        "client_secret": chosen.effective_discord_client_secret,
        "consent_page": chosen.discord_consent_url,
        "bot_token": chosen.effective_discord_bot_token,
        "guild_id": chosen.effective_discord_guild_id,
        "public_key": chosen.effective_discord_public_key,
        "commands_url": f"{chosen.public_url}/api/webhooks/discord",
    }
    wire = Wire(api_base=chosen.discord_api_base, site=chosen.public_url, timeout_seconds=5)
    return RestDiscord(wire, **(values | changes))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="session")
def discords_words() -> Specification | None:
    """Discord's specification; None where it is missing, which tests/sandbox says, or in CI fails
    for."""
    try:
        return Specification()
    except pytest.skip.Exception:
        return None


@pytest.fixture
def at(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, discords_words: Specification | None
) -> Iterator[Vendor]:
    """The adapter; in the end every request, and every answer, was as Discord's specification
    says."""
    vendor = Vendor(Discord(sandbox))
    send = httpx.Client.send

    def noted(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        answer = send(client, request, **more)
        if HERE in request.url.path:
            vendor.answers.append(answer)
        return answer

    monkeypatch.setattr(httpx.Client, "send", noted)
    yield vendor
    if discords_words is not None:
        check_all(vendor.answers, discords_words)
