"""What an operator should put right at Discord: sentences for the doctor."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, Final

MANAGE_ROLES: Final = 1 << 28
INVITE: Final = 1 << 0
_ADMINISTRATOR: Final = 1 << 3
_LISTS_MEMBERS: Final = 1 << 14 | 1 << 15
"""The Server Members Intent of a large and of a small application."""

Json = dict[str, Any]


def problems(
    application: Json,
    *,
    client_id: str,
    public_key: str,
    commands_url: str,
    own_roles: Set[str],
    roles: Iterable[Json],
) -> tuple[str, ...]:
    """What does not fit: the ids and keys of the settings, the intent, the bot's permissions."""
    permissions = 0
    for role in roles:
        if str(role["id"]) in own_roles:
            permissions |= int(role["permissions"])
    may_all = bool(permissions & _ADMINISTRATOR)
    found = {
        "the token is another application's: check DISCORD_CLIENT_ID and DISCORD_BOT_TOKEN": (
            str(application.get("id")) != client_id
        ),
        "the public key is another one: copy DISCORD_PUBLIC_KEY from the developer portal": (
            str(application.get("verify_key", "")).lower() != public_key.lower()
        ),
        "the bot may not list members: switch on the Server Members Intent in the portal": (
            not int(application.get("flags") or 0) & _LISTS_MEMBERS
        ),
        "the bot may not manage roles: give its role the permission Manage Roles": (
            not may_all and not permissions & MANAGE_ROLES
        ),
        "the bot may not bring people into the server: give it the permission Create Invite": (
            not may_all and not permissions & INVITE
        ),
        f"slash commands do not come to us: enter {commands_url} in the portal": (
            application.get("interactions_endpoint_url") != commands_url
        ),
    }
    return tuple(words for words, wrong in found.items() if wrong)
