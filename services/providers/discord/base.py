"""What the product asks of Discord, in its own words.

Errors: `ProviderUnavailable` (nothing is known, try again: after `retry_after` seconds where
Discord named them; with `stop` Discord refuses us altogether, and until an operator has put that
right nothing more may be asked of it) and `ProviderRejected`, whose `code` is a `Refusal`.

Ids are Discord's, texts of digits. No call here is made while a transaction is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from services.providers.answers import Answer

LONGEST_MESSAGE: Final = 2_000
"""Characters of one message."""
LONGEST_NONCE: Final = 25
LONGEST_ROLE_NAME: Final = 100


class Refusal(StrEnum):
    """Why Discord refused, for good: asking again will not help."""

    DM_CLOSED = "dm_closed"
    """The person takes no direct message from us, or is in no server with us."""
    UNKNOWN_MEMBER = "unknown_member"
    """The account is not in our server, or does not exist."""
    UNKNOWN_ROLE = "unknown_role"
    """The role was deleted."""
    MISSING_PERMISSION = "missing_permission"
    """Our bot may not do that: a permission is missing, or its own role is below the other one."""
    UNKNOWN_INTERACTION = "unknown_interaction"
    """The fifteen minutes in which a command can be answered are over."""
    BANNED = "banned"
    """The account is banned from our server."""
    TOO_MANY_SERVERS = "too_many_servers"
    """The account is in as many servers as Discord allows."""
    CONSENT_LOST = "consent_lost"
    """The consent was not given, not for everything, is over, or was used before."""
    INVALID = "invalid"
    """Anything else that Discord does not take."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person's consent gives, for a few days: kept nowhere, used once."""

    access_token: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. The name changes when they like; the id never."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Member:
    """An account that is in our server, and the roles it has there."""

    discord_id: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Role:
    """A role of our server."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command without options: a name in lower case, and what it does, in a line."""

    name: str
    description: str


class DiscordProvider(Protocol):
    """Our bot in our one server. May be used by several threads at once."""

    def consent_url(self, state: str, redirect_url: str) -> str:
        """Where a person is sent to consent."""
        ...

    def exchange(self, code: str, redirect_url: str) -> Grant:
        """A consent's code against its token.

        Raises:
            ProviderRejected: CONSENT_LOST
        """
        ...

    def me(self, access_token: str) -> Account:
        """Whose consent it is.

        Raises:
            ProviderRejected: CONSENT_LOST
        """
        ...

    def add_member(self, discord_id: str, access_token: str) -> bool:
        """Bring the account into our server; False when it was there already.

        Raises:
            ProviderRejected: BANNED, TOO_MANY_SERVERS, CONSENT_LOST, MISSING_PERMISSION
        """
        ...

    def revoke(self, access_token: str) -> None:
        """Give a consent back; one that is gone already is no error."""
        ...

    def member(self, discord_id: str) -> Member | None:
        """The account in our server; None when it is not there."""
        ...

    def members(self) -> Iterator[Member]:
        """Everybody in our server, by id. Fetched page by page while it is gone through."""
        ...

    def roles(self) -> list[Role]: ...

    def create_role(self, name: str, reason: str) -> Role:
        """A new role without permissions; `reason` stands in the server's audit log."""
        ...

    def delete_role(self, role_id: str, reason: str) -> None:
        """Everybody loses the role. One that is gone already is no error.

        Raises:
            ProviderRejected: MISSING_PERMISSION
        """
        ...

    def give_role(self, discord_id: str, role_id: str, reason: str) -> None:
        """One that the member has already is no error.

        Raises:
            ProviderRejected: UNKNOWN_MEMBER, UNKNOWN_ROLE, MISSING_PERMISSION
        """
        ...

    def take_role(self, discord_id: str, role_id: str, reason: str) -> None:
        """One that the member does not have is no error.

        Raises:
            ProviderRejected: UNKNOWN_MEMBER, UNKNOWN_ROLE, MISSING_PERMISSION
        """
        ...

    def open_dm(self, discord_id: str) -> str:
        """The id of the channel for direct messages with that account: always the same one.

        Raises:
            ProviderRejected: DM_CLOSED, UNKNOWN_MEMBER
        """
        ...

    def send(self, channel_id: str, content: str, nonce: str) -> str:
        """Write into a channel and return the message's id; nobody is pinged by it. The same
        `nonce` (at most 25 characters) within a few minutes is the same message.

        Raises:
            ProviderRejected: DM_CLOSED, MISSING_PERMISSION, INVALID
        """
        ...

    def written(self, channel_id: str, since: datetime) -> list[str]:
        """What we have written into a channel since then, the newest first, as far as it is among
        the last fifty messages there.

        Raises:
            ProviderRejected: INVALID, when there is no such channel; MISSING_PERMISSION
        """
        ...

    def answer(self, token: str, content: str) -> None:
        """Answer a slash command, whose `token` is good for fifteen minutes. Twice is no error:
        the later text stands.

        Raises:
            ProviderRejected: UNKNOWN_INTERACTION
        """
        ...

    def register_commands(self, commands: list[Command]) -> None:
        """These are our server's commands now, and no others of ours."""
        ...

    def check(self) -> Answer:
        """Ask for something harmless: are token, keys and server right, and may our bot do what it
        is for?"""
        ...
