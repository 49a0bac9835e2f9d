"""Slash commands: registered by the studio, typed by people, signed and posted to the studio.

VENDORS.md, Discord: the answer must come within three seconds, at once or deferred; a deferred one
is edited within fifteen minutes, and not before Discord has seen that it is deferred.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mentorships.sandbox import clock, discord_guild, discord_messages, discord_shapes, store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.discord_errors import DiscordError, invalid
from mentorships.sandbox.store import Json, Record
from services.config import SIMULATED_DISCORD_CHANNEL, SIMULATED_DISCORD_GUILD, Settings

INTERACTION = "discord_interaction"
_COMMANDS = "discord commands"
ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 900
MOST = 100
_NAME = re.compile(r"[-_a-z0-9]{1,32}")
THINKING, ANSWERED, FAILED = "thinking", "answered", "failed"
FORGED = "00" * 64


def register(db: sqlite3.Connection, body: object) -> list[Json]:
    """Overwrite the server's commands.

    Raises:
        DiscordError: 50035
    """
    if not isinstance(body, list) or len(body) > MOST:  # pyright: ignore[reportUnknownArgumentType]
        raise invalid("_misc", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    wanted: list[Json] = []
    for each in body:  # pyright: ignore[reportUnknownVariableType]
        wanted.append(_command(each, discord_guild.snowflake(db)))
    if len({each["name"] for each in wanted}) < len(wanted):
        raise invalid("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Names must be unique.")
    store.write_meta(db, _COMMANDS, wanted)
    return wanted


def _command(body: Any, command_id: str) -> Json:
    name = body.get("name") if isinstance(body, dict) else None
    about = body.get("description") if isinstance(body, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not isinstance(about, str) or not 1 <= len(about) <= 100:
        raise invalid("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return {"command_id": command_id, "name": name, "description": about}


def registered(db: sqlite3.Connection) -> list[Json]:
    """The commands that people see."""
    return store.read_meta(db, _COMMANDS) or []


@dataclass(frozen=True, slots=True)
class Typed:
    """What is posted for a command: the raw body and its headers."""

    interaction: str
    body: bytes
    headers: dict[str, str]


def typed(
    db: sqlite3.Connection,
    current: Settings,
    account_id: str,
    name: str,
    signed_at: int | None = None,
) -> Typed:
    """Somebody types a command in the server.

    Raises:
        DiscordError: 10013, 10007
    """
    account = discord_guild.member(db, account_id)
    made: Json = {
        "id": discord_guild.snowflake(db),
        "created": clock.now(db),
        "status": THINKING,
        "account": account_id,
        "command": name,
        "token": secrets.token_urlsafe(90),
        "deferred": False,
        "content": "",
        "timestamp": discord_guild.timestamp(db),
    }
    store.add(db, Record(INTERACTION, made, parent=account_id))
    body = json.dumps(_posted(made, account.body, current)).encode()
    return Typed(made["id"], body, signed(body, current, signed_at))


def _posted(made: Json, account: Json, current: Settings) -> Json:
    return {
        "id": made["id"],
        "application_id": current.effective_discord_client_id,
        "type": 2,
        "token": made["token"],
        "version": 1,
        "data": {"id": made["id"], "name": made["command"], "type": 1},
        "guild_id": SIMULATED_DISCORD_GUILD,
        "channel_id": SIMULATED_DISCORD_CHANNEL,
        "member": discord_shapes.member(account) | {"permissions": "0"},
        "locale": "en-US",
        "guild_locale": "en-US",
        "context": 0,
        "entitlements": [],
    }


def signed(body: bytes, current: Settings, signed_at: int | None = None) -> dict[str, str]:
    """The headers of Discord's request, signed now or at another Unix time."""
    moment = str(int(time.time()) if signed_at is None else signed_at)
    key = Ed25519PrivateKey.from_private_bytes(current.simulated_discord_key)
    return {
        "content-type": "application/json",
        "user-agent": "Discord-Interactions/1.0 (+https://discord.com)",
        "x-signature-ed25519": key.sign(moment.encode() + body).hex(),
        "x-signature-timestamp": moment,
    }


def address(current: Settings) -> str:
    """Where the studio takes commands."""
    return f"{current.public_url}/api/webhooks/discord"


async def post(sandbox: Sandbox, posted: Typed) -> Json:
    """Send a command, and note what came of it: what the person sees."""
    status, told = await _sent(sandbox, posted.body, posted.headers)
    with sandbox.store.transaction() as db:
        return acknowledged(db, posted.interaction, status, told)


async def _sent(sandbox: Sandbox, body: bytes, headers: dict[str, str]) -> tuple[int, Json]:
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = await client.post(address(sandbox.settings), content=body, headers=headers)
        told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return 0, {}
    return answer.status_code, told if isinstance(told, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def acknowledged(db: sqlite3.Connection, interaction: str, status: int, told: Json) -> Json:
    """What the studio answered to a command: deferred, in words, or nothing that counts."""
    found = store.get(db, INTERACTION, interaction)
    match (status, told.get("type")):
        case (200, 5):
            found.body["deferred"] = True
        case (200, 4):
            found.body |= {"status": ANSWERED, "content": str(told["data"]["content"])}
        case _:
            found.body |= {"status": FAILED, "content": "The application did not respond"}
    store.save(db, found)
    return found.body


async def examine(sandbox: Sandbox) -> Json:
    """What Discord does when the address is entered in its portal: one right question, and one
    forged. The statuses, and whether the address would be taken."""
    body = b'{"type":1}'
    right = signed(body, sandbox.settings)
    good, told = await _sent(sandbox, body, right)
    bad, _ = await _sent(sandbox, body, right | {"x-signature-ed25519": FORGED})
    taken = good == 200 and told.get("type") == 1 and bad == 401
    return {"signed": good, "forged": bad, "taken": taken}


def edit(db: sqlite3.Connection, application: str, token: str, body: Json) -> Json:
    """The deferred answer comes, or is changed.

    Raises:
        DiscordError: 10015, 50027
    """
    kept = store.holding(db, INTERACTION, "token", token)
    if not kept:
        raise DiscordError(404, 10015, "Unknown Webhook")
    found = kept[0]
    if clock.now(db) - found.body["created"] >= TOKEN_SECONDS:
        raise DiscordError(401, 50027, "Invalid Webhook Token")
    if not found.body["deferred"]:
        raise DiscordError(404, 10015, "Unknown Webhook")
    content = discord_messages.check_content(body)
    found.body |= {"status": ANSWERED, "content": content}
    store.save(db, found)
    return {
        "id": found.body["id"],
        "channel_id": SIMULATED_DISCORD_CHANNEL,
        "content": content,
        "timestamp": found.body["timestamp"],
        "edited_timestamp": discord_guild.timestamp(db),
        "flags": 64,
        "application": application,
    }


def of_account(db: sqlite3.Connection, account_id: str) -> list[Json]:
    """What somebody has typed and read, newest first."""
    return [one.body for one in store.children(db, INTERACTION, account_id)]
