"""Direct messages and the alerts' channel: what arrives, and what Discord does not deliver."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import clock, discord_guild, store
from mentorships.sandbox.discord_errors import (
    DiscordError,
    invalid,
    missing_permissions,
    required,
    unknown_channel,
)
from mentorships.sandbox.store import Json, Record

MESSAGE = "discord_message"
LONGEST = 2_000
NONCE_SECONDS = 300
_MENTIONS = {"users", "roles", "everyone"}


def open_dm(db: sqlite3.Connection, body: Json) -> Record:
    """The channel with an account, always the same one; it opens also for somebody who will not
    take a message.

    Raises:
        DiscordError: 50033, 50035
    """
    recipient = body.get("recipient_id")
    if recipient is None:
        raise required("recipient_id")
    found = store.find(db, discord_guild.ACCOUNT, str(recipient))
    if found is None:
        raise DiscordError(400, 50033, "Invalid Recipient(s)")
    if not found.body["channel"]:
        found.body["channel"] = discord_guild.snowflake(db)
        store.save(db, found)
    return found


def send(db: sqlite3.Connection, channel_id: str, body: Json) -> Record:
    """A message of our bot's; the same nonce again is the same message.

    Raises:
        DiscordError: 10003, 50007, 50278, 50013, 50006, 50035
    """
    content = _content(body)
    nonce = body.get("nonce")
    if nonce is not None and not (isinstance(nonce, int) or len(str(nonce)) <= 25):
        raise invalid("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
    _check_reachable(db, channel_id)
    if nonce is not None and body.get("enforce_nonce") is True:
        for known in store.children(db, MESSAGE, channel_id):
            young = clock.now(db) - known.body["created"] < NONCE_SECONDS
            if young and known.body["nonce"] == str(nonce):
                return known
    made: Json = {
        "id": discord_guild.snowflake(db),
        "created": clock.now(db),
        "status": "",
        "channel_id": channel_id,
        "content": content,
        "nonce": "" if nonce is None else str(nonce),
        "timestamp": discord_guild.timestamp(db),
        "pings": _pings(body),
    }
    return store.add(db, Record(MESSAGE, made, parent=channel_id))


def _content(body: Json) -> str:
    content = body.get("content")
    if not isinstance(content, str) or not content.strip():
        raise DiscordError(400, 50006, "Cannot send an empty message")
    if len(content) > LONGEST:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    return content


def check_content(body: Json) -> str:
    """The text of an answer to a command.

    Raises:
        DiscordError
    """
    return _content(body)


def _pings(body: Json) -> bool:
    """Whether the message might ping somebody: ours never do."""
    allowed = body.get("allowed_mentions")
    if allowed is None:
        return True
    kinds = allowed.get("parse", []) if isinstance(allowed, dict) else None
    if not isinstance(kinds, list) or not set(kinds) <= _MENTIONS:  # pyright: ignore[reportUnknownArgumentType]
        raise invalid("allowed_mentions", "BASE_TYPE_CHOICES", "Value must be one of the kinds.")
    return bool(kinds or allowed.get("users") or allowed.get("roles"))


def _check_reachable(db: sqlite3.Connection, channel_id: str) -> None:
    if discord_guild.is_alert_channel(channel_id):
        may = discord_guild.bot(db)
        if not may["in_guild"]:
            raise unknown_channel()
        if not may["permissions"] & discord_guild.SEND:
            raise missing_permissions()
        return
    found = store.holding(db, discord_guild.ACCOUNT, "channel", channel_id)
    if not channel_id or not found:
        raise unknown_channel()
    if found[0].body["status"] != discord_guild.MEMBER:
        sentence = "Cannot send message to user due to having no mutual guilds"
        raise DiscordError(403, 50278, sentence)
    if not found[0].body["dms_open"]:
        raise DiscordError(403, 50007, "Cannot send messages to this user")


def listed(db: sqlite3.Connection, channel_id: str) -> list[Json]:
    """The messages of the alerts' channel, or of one with an account, newest first, whether or not
    it takes another.

    Raises:
        DiscordError: 10003
    """
    if discord_guild.is_alert_channel(channel_id):
        known = bool(discord_guild.bot(db)["in_guild"])
    else:
        known = bool(store.holding(db, discord_guild.ACCOUNT, "channel", channel_id))
    if not known:
        raise unknown_channel()
    return of_channel(db, channel_id)


def of_channel(db: sqlite3.Connection, channel_id: str) -> list[Json]:
    """A channel's messages, newest first."""
    if not channel_id:
        return []
    return [one.body for one in store.children(db, MESSAGE, channel_id)]
