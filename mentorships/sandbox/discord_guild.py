"""The simulated Discord: one server with its roles, one bot, and the accounts of people.

An account's `status` is where it stands: a member, not (any more), or banned. Ids are numbers that
grow with time, as Discord's do: whoever knows one knows when it was made.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from mentorships.sandbox import clock, store
from mentorships.sandbox.discord_errors import (
    DiscordError,
    missing_access,
    missing_permissions,
    required,
    unknown_guild,
    unknown_member,
    unknown_role,
    unknown_user,
)
from mentorships.sandbox.store import Json, Record
from services.config import SIMULATED_DISCORD_CHANNEL, SIMULATED_DISCORD_GUILD

ACCOUNT, ROLE = "discord_account", "discord_role"
MEMBER, AWAY, BANNED = "member", "away", "banned"
MANAGE_ROLES, INVITE, SEND = 1 << 28, 1 << 0, 1 << 11
BOT_NAME = "studio-bot"
BOT_POSITION = 10
MOST_ROLES = 250
_EPOCH_MS = 1_420_070_400_000
_ALL = 1_000_000


def snowflake(db: sqlite3.Connection) -> str:
    """A new id, which tells when it was made and is larger than all before it."""
    last = int(store.read_meta(db, "discord id") or 0)
    made = max(((clock.now(db) * 1000 - _EPOCH_MS) << 22) + 1, last + 1)
    store.write_meta(db, "discord id", made)
    return str(made)


def timestamp(db: sqlite3.Connection) -> str:
    """The present as Discord writes it."""
    return datetime.fromtimestamp(clock.now(db), UTC).isoformat()


def account_of(db: sqlite3.Connection, username: str) -> Record:
    """The account of that name, made when it is seen for the first time."""
    name = username.strip().lower()[:32] or "somebody"
    known = store.holding(db, ACCOUNT, "username", name)
    if known:
        return known[0]
    body: Json = {
        "id": snowflake(db),
        "created": clock.now(db),
        "status": AWAY,
        "username": name,
        "roles": [],
        "joined_at": "",
        "dms_open": True,
        "channel": "",
    }
    return store.add(db, Record(ACCOUNT, body))


def accounts(db: sqlite3.Connection) -> list[Record]:
    """All accounts of people, the oldest first: by their ids."""
    found, _ = store.listed(db, ACCOUNT, store.Filter(), _ALL)
    return sorted(found, key=lambda one: int(one.id))


def account(db: sqlite3.Connection, account_id: str) -> Record:
    """Raises: DiscordError, 10013."""
    found = store.find(db, ACCOUNT, account_id)
    if found is None:
        raise unknown_user()
    return found


def member(db: sqlite3.Connection, account_id: str) -> Record:
    """An account that is in the server.

    Raises:
        DiscordError: 10013, 10007
    """
    found = account(db, account_id)
    if found.body["status"] != MEMBER:
        raise unknown_member()
    return found


def join(db: sqlite3.Connection, account_id: str) -> bool:
    """Come into the server, without roles; False when the account was there.

    Raises:
        DiscordError: 40007 it is banned.
    """
    found = account(db, account_id)
    if found.body["status"] == BANNED:
        raise DiscordError(403, 40007, "The user is banned from this guild.")
    if found.body["status"] == MEMBER:
        return False
    found.body |= {"status": MEMBER, "roles": [], "joined_at": timestamp(db)}
    store.save(db, found)
    return True


def leave(db: sqlite3.Connection, account_id: str, *, banned: bool = False) -> None:
    """Go, or be thrown out: the roles are lost with it."""
    found = account(db, account_id)
    found.body |= {"status": BANNED if banned else AWAY, "roles": []}
    store.save(db, found)


def set_dms(db: sqlite3.Connection, account_id: str, *, open_: bool) -> None:
    """Take direct messages from the server's members, or not."""
    found = account(db, account_id)
    found.body["dms_open"] = open_
    store.save(db, found)


def roles(db: sqlite3.Connection) -> list[Record]:
    """The roles that somebody made, the oldest first."""
    found, _ = store.listed(db, ROLE, store.Filter(), _ALL)
    return sorted(found, key=lambda one: int(one.id))


def role(db: sqlite3.Connection, role_id: str) -> Record:
    """Raises: DiscordError, 10011."""
    found = store.find(db, ROLE, role_id)
    if found is None:
        raise unknown_role()
    return found


def create_role(db: sqlite3.Connection, body: Json) -> Record:
    """A new role at the bottom, below the bot's.

    Raises:
        DiscordError: 50013, 30005, 50035
    """
    _may(db, MANAGE_ROLES)
    name = body.get("name", "new role")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise required("name")
    if len(roles(db)) >= MOST_ROLES:
        raise DiscordError(400, 30005, f"Maximum number of guild roles reached ({MOST_ROLES})")
    made: Json = {
        "id": snowflake(db),
        "created": clock.now(db),
        "status": "",
        "name": name,
        "permissions": str(body.get("permissions") or 0),
        "position": 1,
        "hoist": bool(body.get("hoist")),
        "mentionable": bool(body.get("mentionable")),
    }
    return store.add(db, Record(ROLE, made))


def delete_role(db: sqlite3.Connection, role_id: str) -> None:
    """Somebody deletes a role in the server's settings: everybody loses it."""
    role(db, role_id)
    for one in accounts(db):
        if role_id in one.body["roles"]:
            one.body["roles"].remove(role_id)
            store.save(db, one)
    db.execute("DELETE FROM objects WHERE id = ? AND kind = ?", (role_id, ROLE))


def remove_role(db: sqlite3.Connection, role_id: str) -> None:
    """Delete a role, as our bot.

    Raises:
        DiscordError: 10011, 50013
    """
    found = role(db, role_id)
    _may(db, MANAGE_ROLES)
    if found.body["position"] >= BOT_POSITION:
        raise missing_permissions()
    delete_role(db, role_id)


def set_role(db: sqlite3.Connection, account_id: str, role_id: str, *, given: bool) -> None:
    """Give or take a role, as our bot: once more changes nothing.

    Raises:
        DiscordError: 10013, 10007, 10011, 50013
    """
    found, wanted = member(db, account_id), role(db, role_id)
    _may(db, MANAGE_ROLES)
    if wanted.body["position"] >= BOT_POSITION:
        raise missing_permissions()
    put_role(db, found, role_id, given=given)


def put_role(db: sqlite3.Connection, found: Record, role_id: str, *, given: bool) -> None:
    """Give or take a role, whoever may."""
    has: list[str] = found.body["roles"]
    if given and role_id not in has:
        has.append(role_id)
    elif not given and role_id in has:
        has.remove(role_id)
    store.save(db, found)


def place_role(db: sqlite3.Connection, role_id: str, *, above_bot: bool) -> None:
    """Somebody drags a role above or below the bot's own."""
    found = role(db, role_id)
    found.body["position"] = BOT_POSITION + 1 if above_bot else 1
    store.save(db, found)


def bot(db: sqlite3.Connection) -> Json:
    """What our bot may do in the server, whether it is there, and whether it may list members and
    offer commands."""
    kept = store.read_meta(db, "discord bot") or {}
    usual = {"in_guild": True, "lists_members": True, "offers_commands": True}
    return {"permissions": MANAGE_ROLES | INVITE | SEND, **usual, **kept}


def set_bot(db: sqlite3.Connection, changes: Json) -> Json:
    """Change that."""
    changed = bot(db) | changes
    store.write_meta(db, "discord bot", changed)
    return changed


def check_guild(db: sqlite3.Connection, guild_id: str) -> None:
    """Raises: DiscordError, 10004."""
    if guild_id != SIMULATED_DISCORD_GUILD or not bot(db)["in_guild"]:
        raise unknown_guild()


def check_may_list(db: sqlite3.Connection) -> None:
    """VENDORS.md, Discord: listing members needs an intent of its own."""
    if not bot(db)["lists_members"]:
        raise missing_access()


def check_may_offer(db: sqlite3.Connection) -> None:
    """VENDORS.md, Discord: 50001, for a bot that was invited without the scope for commands."""
    if not bot(db)["offers_commands"]:
        raise missing_access()


def check_may_invite(db: sqlite3.Connection) -> None:
    """Raises: DiscordError, 50013."""
    _may(db, INVITE)


def _may(db: sqlite3.Connection, permission: int) -> None:
    if not bot(db)["permissions"] & permission:
        raise missing_permissions()


def is_alert_channel(channel_id: str) -> bool:
    """Whether it is the server's channel for the studio's alerts."""
    return channel_id == SIMULATED_DISCORD_CHANNEL
