"""What people do at the simulated Discord: consent, join, leave, type commands, close their DMs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from tests.support.servers import Sandbox

Json = dict[str, Any]


@dataclass(frozen=True)
class Discord:
    """The studio's server there, and everybody in it."""

    sandbox: Sandbox

    def account(self, username: str, *, member: bool = False) -> Person:
        """The account of that name, made when there is none; with `member` it is in the server."""
        told = cast(Json, self.ask("account", username=username, member=member))
        return Person(self, str(told["id"]))

    def role(self, name: str) -> str:
        """Somebody makes a role by hand; its id."""
        return str(cast(Json, self.ask("roles", name=name))["id"])

    def roles(self) -> list[Json]:
        """All roles of the server."""
        return cast("list[Json]", self.sandbox.control("discord/roles"))

    def delete_role(self, role: str) -> None:
        """Somebody deletes a role."""
        self.ask("roles/delete", role=role)

    def place_role(self, role: str, *, above_bot: bool) -> None:
        """Somebody drags a role above the bot's own, or back."""
        self.ask("roles/place", role=role, above_bot=above_bot)

    def bot(self, **changes: object) -> None:
        """What the bot may do: `permissions`, `in_guild`, `lists_members`, `offers_commands`."""
        self.ask("bot", **changes)

    def limits(self, **changes: float) -> None:
        """`limit` requests in `seconds` for each bucket, `everywhere` a second for all."""
        self.ask("limits", **changes)

    def state(self) -> Json:
        """The number of `invalid` answers, the `commands`, the `alerts`, newest first."""
        return cast(Json, self.sandbox.control("discord/state"))

    def alerts(self) -> list[str]:
        """What stands in the admins' channel, newest first."""
        return [str(each["content"]) for each in self.state()["alerts"]]

    def commands(self) -> list[str]:
        """The names of the commands that people see."""
        return [str(each["name"]) for each in self.state()["commands"]]

    def signed(self, body: str, **more: int) -> dict[str, str]:
        """The headers of any body that Discord would post; `signed_at` is a Unix time."""
        return cast("dict[str, str]", self.ask("signed", body=body, **more))

    def fault(
        self, path: str, kind: str, *, method: str = "*", times: int = 1, **more: object
    ) -> None:
        """Let Discord misbehave on the next requests; the path is without /api/v10."""
        asked = {"vendor": "discord", "method": method, "path": path, "kind": kind, "times": times}
        self.sandbox.control("faults", {**asked, **more})

    def ask(self, path: str, **body: object) -> object:
        """Any of the simulator's controls."""
        return self.sandbox.control(f"discord/{path}", body)


@dataclass(frozen=True)
class Person:
    """One account there."""

    discord: Discord
    id: str

    def shown(self) -> Json:
        """Everything about the account."""
        return cast(Json, self.discord.sandbox.control(f"discord/account?id={self.id}"))

    def roles(self) -> list[str]:
        """The names of the roles it has."""
        return [str(name) for name in self.shown()["role_names"]]

    def messages(self) -> list[str]:
        """The direct messages it got, newest first."""
        return [str(each["content"]) for each in self.shown()["messages"]]

    def consent(self, url: str, *, deny: bool = False) -> dict[str, str]:
        """The person says yes, or no: what the browser brings back in its address."""
        name = self.shown()["username"]
        told = cast(Json, self.discord.ask("consent", url=url, username=name, deny=deny))
        return dict(parse_qsl(urlsplit(told["location"]).query))

    def take_consent_back(self) -> None:
        """The person removes the application from their account."""
        self.discord.ask("consent/end", id=self.id)

    def join(self) -> None:
        """Into the server, by an invitation."""
        self.discord.ask("join", id=self.id)

    def leave(self, *, banned: bool = False) -> None:
        """Out of the server."""
        self.discord.ask("leave", id=self.id, banned=banned)

    def close_dms(self) -> None:
        """No direct messages from the server's members any more."""
        self.discord.ask("dms", id=self.id, open=False)

    def open_dms(self) -> None:
        """Direct messages again."""
        self.discord.ask("dms", id=self.id, open=True)

    def put_role(self, role: str, *, given: bool) -> None:
        """Somebody gives or takes a role by hand."""
        self.discord.ask("roles/put", id=self.id, role=role, given=given)

    def type(self, command: str, **more: int) -> Json:
        """A command that the test posts itself: `interaction`, `url`, `body`, `headers`."""
        return cast(Json, self.discord.ask("typed", id=self.id, command=command, **more))

    def acknowledged(self, interaction: str, status: int, answer: object) -> None:
        """What the studio answered to a command that the test posted."""
        self.discord.ask("acknowledged", interaction=interaction, status=status, answer=answer)

    def read(self) -> list[str]:
        """What the person reads under their commands, newest first; "" while nothing came."""
        return [str(each["content"]) for each in self.shown()["commands"]]
