"""Discord's objects as its API writes them: tests check each against Discord's specification."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import discord_guild
from mentorships.sandbox.store import Json
from services.config import SIMULATED_DISCORD_GUILD, Settings

_LISTS_MEMBERS = 1 << 15


def user(account_id: str, username: str, *, is_bot: bool = False) -> Json:
    """Anybody, as everybody sees them."""
    shown: Json = {
        "id": account_id,
        "username": username,
        "avatar": None,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": None,
        "primary_guild": None,
    }
    return shown | ({"bot": True} if is_bot else {})


def own_user(account_id: str, username: str, *, is_bot: bool = False) -> Json:
    """Oneself."""
    shown = user(account_id, username, is_bot=is_bot)
    return shown | {"mfa_enabled": False, "locale": "en-US", "verified": True}


def member(account: Json) -> Json:
    """An account as a member of the server."""
    return _member(user(account["id"], account["username"]), account["roles"], account["joined_at"])


def bot_member(db: sqlite3.Connection, current: Settings) -> Json:
    """Our bot as a member of the server."""
    shown = user(current.effective_discord_client_id, discord_guild.BOT_NAME, is_bot=True)
    return _member(shown, [bot_role_id(current)], discord_guild.timestamp(db))


def _member(shown: Json, roles: list[str], joined_at: str) -> Json:
    return {
        "user": shown,
        "roles": roles,
        "joined_at": joined_at,
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "nick": None,
        "pending": False,
        "premium_since": None,
        "mute": False,
        "deaf": False,
    }


def bot_role_id(current: Settings) -> str:
    """The bot's own role, which Discord makes with its invitation."""
    return str(int(current.effective_discord_client_id) + 1_000)


def role(body: Json) -> Json:
    """A role that somebody made."""
    return _role(
        body["id"],
        body["name"],
        body["permissions"],
        body["position"],
        hoist=body["hoist"],
        mentionable=body["mentionable"],
    )


def all_roles(db: sqlite3.Connection, current: Settings) -> list[Json]:
    """Everybody's, the bot's own, and those that somebody made."""
    may = str(discord_guild.bot(db)["permissions"])
    position = discord_guild.BOT_POSITION
    own = _role(bot_role_id(current), discord_guild.BOT_NAME, may, position, managed=True)
    everyone = _role(SIMULATED_DISCORD_GUILD, "@everyone", "0", 0)
    return [everyone, own, *(role(one.body) for one in discord_guild.roles(db))]


def _role(
    role_id: str,
    name: str,
    permissions: str,
    position: int,
    *,
    managed: bool = False,
    hoist: bool = False,
    mentionable: bool = False,
) -> Json:
    return {
        "id": role_id,
        "name": name,
        "permissions": permissions,
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": hoist,
        "managed": managed,
        "mentionable": mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def application(db: sqlite3.Connection, current: Settings) -> Json:
    """Our own application."""
    client = current.effective_discord_client_id
    lists = discord_guild.bot(db)["lists_members"]
    flags = _LISTS_MEMBERS if lists else 0
    return {
        "id": client,
        "name": current.studio_name,
        "icon": None,
        "description": "",
        "type": None,
        "verify_key": current.effective_discord_public_key,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [current.discord_redirect_url],
        "interactions_endpoint_url": f"{current.public_url}/api/webhooks/discord",
        "role_connections_verification_url": None,
        "owner": user(str(int(client) + 2_000), "studio-owner"),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["identify", "guilds.join", "bot", "applications.commands"],
    }


def dm_channel(account: Json) -> Json:
    """The channel for direct messages with an account."""
    return {
        "id": account["channel"],
        "type": 1,
        "flags": 0,
        "last_message_id": None,
        "recipients": [user(account["id"], account["username"])],
    }


def message(body: Json, current: Settings) -> Json:
    """A message of our bot's."""
    shown: Json = {
        "id": body["id"],
        "type": 0,
        "channel_id": body["channel_id"],
        "content": body["content"],
        "author": user(current.effective_discord_client_id, discord_guild.BOT_NAME, is_bot=True),
        "timestamp": body["timestamp"],
        "edited_timestamp": body.get("edited_timestamp"),
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": [],
        "embeds": [],
        "components": [],
        "flags": body.get("flags", 0),
        "pinned": False,
        "tts": False,
    }
    return shown | ({"nonce": body["nonce"]} if body.get("nonce") else {})


def command(body: Json, current: Settings) -> Json:
    """A registered slash command."""
    return {
        "id": body["command_id"],
        "application_id": current.effective_discord_client_id,
        "guild_id": SIMULATED_DISCORD_GUILD,
        "version": body["command_id"],
        "default_member_permissions": None,
        "type": 1,
        "name": body["name"],
        "description": body["description"],
        "nsfw": False,
    }
