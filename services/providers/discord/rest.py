"""Discord's REST API, version 10, over httpx: our bot, in one server.

Facts behind this file: giving a role twice and taking one that is not there are no errors; a member
that is added again keeps its roles; the same person's channel for direct messages is always the
same; a nonce makes a repeated message the first one for a few minutes; listing members needs the
Server Members Intent. What would ping somebody is switched off in every message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, cast

import httpx

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.answers import Answer, clock_of
from services.providers.discord.base import (
    LONGEST_MESSAGE,
    LONGEST_NONCE,
    LONGEST_ROLE_NAME,
    Command,
    Member,
    Refusal,
    Role,
)
from services.providers.discord.examining import problems
from services.providers.discord.limits import Route
from services.providers.discord.oauth import DiscordOauth
from services.providers.discord.wire import NAME, Ask, Json, Wire, id_of, json_of, part

PAGE: Final = 1_000
_NO_PINGS: Final[Json] = {"parse": []}
_CHAT_INPUT: Final = 1
_CREATED: Final = 201
_LOOKED_BACK: Final = 50
"""Messages of a channel: the last ones."""


class Discord(DiscordOauth):
    """The `DiscordProvider` of Discord, or of the simulator behind another base address."""

    def __init__(
        self,
        wire: Wire,
        *,
        client_id: str,
        client_secret: str,
        consent_page: str,
        bot_token: str,
        guild_id: str,
        public_key: str,
        commands_url: str,
        page: int = PAGE,
    ) -> None:
        super().__init__(
            wire, client_id=client_id, client_secret=client_secret, consent_page=consent_page
        )
        self._bot = f"Bot {bot_token}"
        self._guild = guild_id
        self._public_key, self._commands_url = public_key, commands_url
        self._page = page

    def add_member(self, discord_id: str, access_token: str) -> bool:
        """PUT: 201 for a new member, 204 for one that was there."""
        answer = self._in_guild(
            "add_member", "PUT", f"/members/{part(discord_id)}", {"access_token": access_token}
        )
        return answer.status_code == _CREATED

    def member(self, discord_id: str) -> Member | None:
        """None for 404."""
        try:
            told = self._in_guild("get_member", "GET", f"/members/{part(discord_id)}")
        except ProviderRejected as refused:
            if refused.code == Refusal.UNKNOWN_MEMBER:
                return None
            raise
        return _member(json_of(told))

    def members(self) -> Iterator[Member]:
        """Without bots. A page is fetched when the one before is gone through."""
        after = "0"
        while True:
            query = {"limit": str(self._page), "after": after}
            page = _list(self._in_guild("list_members", "GET", "/members", query=query))
            for one in page:
                member = _member(one)
                after = member.discord_id
                if not one["user"].get("bot"):
                    yield member
            if len(page) < self._page:
                return

    def roles(self) -> list[Role]:
        """All of the server's, those of others as well."""
        found = _list(self._in_guild("list_roles", "GET", "/roles"))
        return [Role(str(one["id"]), str(one["name"])) for one in found]

    def create_role(self, name: str, reason: str) -> Role:
        """It may do nothing but be seen: what its members may is the server's matter."""
        body: Json = {
            "name": name[:LONGEST_ROLE_NAME],
            "permissions": 0,
            "hoist": False,
            "mentionable": False,
        }
        answer = self._in_guild("create_role", "POST", "/roles", body, reason=reason)
        return Role(id_of(answer), str(json_of(answer).get("name")))

    def delete_role(self, role_id: str, reason: str) -> None:
        """Gone is gone, whoever did it."""
        try:
            self._in_guild("delete_role", "DELETE", f"/roles/{part(role_id)}", reason=reason)
        except ProviderRejected as refused:
            if refused.code != Refusal.UNKNOWN_ROLE:
                raise

    def give_role(self, discord_id: str, role_id: str, reason: str) -> None:
        """PUT, which changes nothing the second time."""
        self._role("give_role", "PUT", discord_id, role_id, reason)

    def take_role(self, discord_id: str, role_id: str, reason: str) -> None:
        """DELETE, which changes nothing the second time."""
        self._role("take_role", "DELETE", discord_id, role_id, reason)

    def _role(
        self, operation: str, method: str, discord_id: str, role_id: str, reason: str
    ) -> None:
        path = f"/members/{part(discord_id)}/roles/{part(role_id)}"
        self._in_guild(operation, method, path, reason=reason)

    def open_dm(self, discord_id: str) -> str:
        """The same channel every time."""
        path = "/users/@me/channels"
        body = {"recipient_id": discord_id}
        return id_of(self._ask("open_dm", "POST", path, Route(f"POST {path}", ""), body))

    def send(self, channel_id: str, content: str, nonce: str) -> str:
        """Refused here already when it is empty, or longer than Discord's own application allows:
        its API would take twice that."""
        if not content.strip() or len(content) > LONGEST_MESSAGE or len(nonce) > LONGEST_NONCE:
            raise ProviderRejected(NAME, "empty or too long", code=Refusal.INVALID)
        body: Json = {
            "content": content,
            "allowed_mentions": _NO_PINGS,
            "nonce": nonce,
            "enforce_nonce": True,
        }
        path = f"/channels/{part(channel_id)}/messages"
        route = Route("POST /channels/messages", channel_id)
        return id_of(self._ask("send_message", "POST", path, route, body))

    def written(self, channel_id: str, since: datetime) -> list[str]:
        """By bots: in a channel for direct messages there is only ours."""
        path = f"/channels/{part(channel_id)}/messages"
        route = Route("GET /channels/messages", channel_id)
        query = {"limit": str(_LOOKED_BACK)}
        found = _list(self._ask("list_messages", "GET", path, route, query=query))
        try:
            return [
                str(one["content"])
                for one in found
                if one["author"].get("bot") and datetime.fromisoformat(one["timestamp"]) >= since
            ]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ProviderUnavailable(NAME, "an answer that is no message") from error

    def answer(self, token: str, content: str) -> None:
        """The deferred answer is edited; its own token is the key."""
        if not content.strip() or len(content) > LONGEST_MESSAGE:
            raise ProviderRejected(NAME, "empty or too long", code=Refusal.INVALID)
        self._wire.send(
            Ask(
                "answer_command",
                "PATCH",
                f"/webhooks/{self._client_id}/{part(token)}/messages/@original",
                Route("PATCH /webhooks/messages/@original", token[:64], ours=False),
                auth="",
                body={"content": content, "allowed_mentions": _NO_PINGS},
                key_refused=Refusal.UNKNOWN_INTERACTION,
            )
        )

    def register_commands(self, commands: list[Command]) -> None:
        """All at once, for our server: they are there immediately."""
        body = [
            {"name": each.name, "description": each.description, "type": _CHAT_INPUT}
            for each in commands
        ]
        path = f"/applications/{self._client_id}/guilds/{self._guild}/commands"
        self._ask("register_commands", "PUT", path, Route("PUT /commands", self._guild), body)

    def check(self) -> Answer:
        """Who we are, which roles we have and whether we may list members."""
        path = "/applications/@me"
        asked = self._ask("check", "GET", path, Route(f"GET {path}", ""))
        me = self._ask("check", "GET", "/users/@me", Route("GET /users/@me", ""))
        roles = _list(self._in_guild("check", "GET", "/roles"))
        own = _member(json_of(self._in_guild("check", "GET", f"/members/{id_of(me)}")))
        found = problems(
            json_of(asked),
            client_id=self._client_id,
            public_key=self._public_key,
            commands_url=self._commands_url,
            own_roles=own.roles | {self._guild},
            roles=roles,
        )
        name = json_of(me).get("username")
        return Answer(f"the bot {name} is in the server", found, clock_of(asked.headers))

    def _in_guild(
        self,
        operation: str,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        reason: str = "",
    ) -> httpx.Response:
        """A request about our server. Its route is the path without ids: Discord counts all members
        of a server together."""
        shape = "/".join("-" if each.isdecimal() else each for each in path.split("/"))
        return self._ask(
            operation,
            method,
            f"/guilds/{self._guild}{path}",
            Route(f"{method} /guilds{shape}", self._guild),
            body,
            query=query,
            reason=reason,
        )

    def _ask(
        self,
        operation: str,
        method: str,
        path: str,
        route: Route,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        reason: str = "",
    ) -> httpx.Response:
        return self._wire.send(
            Ask(
                operation,
                method,
                path,
                route,
                auth=self._bot,
                body=body,
                query=query or {},
                reason=reason,
            )
        )


def _member(told: Json) -> Member:
    try:
        return Member(str(told["user"]["id"]), frozenset(str(role) for role in told["roles"]))
    except (KeyError, TypeError) as error:
        raise ProviderUnavailable(NAME, "an answer that is no member") from error


def _list(answer: httpx.Response) -> list[Any]:
    try:
        told: object = answer.json()
    except ValueError as error:
        raise ProviderUnavailable(NAME, "an answer that is not JSON") from error
    if not isinstance(told, list):
        raise ProviderUnavailable(NAME, "an answer that is no list")
    return cast("list[Any]", told)
