"""What tests and the seeding ask of the Discord simulator."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    discord_commands,
    discord_guild,
    discord_limits,
    discord_messages,
    discord_oauth,
    discord_shapes,
)
from mentorships.sandbox.control import Asked, BadControl, control, number
from mentorships.sandbox.discord_errors import DiscordError
from mentorships.sandbox.store import Json
from services.config import SIMULATED_DISCORD_CHANNEL

Act = Callable[[sqlite3.Connection, Asked], Json | list[Json]]


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadControl(f"{name} must be a text.")
    return value


def _shown(db: sqlite3.Connection, account_id: str) -> Json:
    """An account as a test wants to know it, with the names of its roles."""
    body = discord_guild.account(db, account_id).body
    names = {one.id: one.body["name"] for one in discord_guild.roles(db)}
    return {
        "id": body["id"],
        "username": body["username"],
        "status": body["status"],
        "dms_open": body["dms_open"],
        "roles": body["roles"],
        "role_names": [names[each] for each in body["roles"]],
        "tokens": discord_oauth.standing(db, account_id),
        "messages": discord_messages.of_channel(db, body["channel"]),
        "commands": discord_commands.of_account(db, account_id),
    }


def _account(db: sqlite3.Connection, asked: Asked) -> Json:
    """The account of that name, made when there is none; with `member` it is in the server."""
    found = discord_guild.account_of(db, _text(asked.body, "username"))
    if asked.body.get("member"):
        discord_guild.join(db, found.id)
    return _shown(db, found.id)


def _find(db: sqlite3.Connection, asked: Asked) -> Json:
    return _shown(db, asked.query.get("id", ""))


def _consent(db: sqlite3.Connection, asked: Asked) -> Json:
    """What a person does on the consent page that `url` opens; where their browser goes then."""
    query = dict(parse_qsl(urlsplit(_text(asked.body, "url")).query))
    try:
        consent = discord_oauth.asked(query, asked.sandbox.settings)
    except discord_oauth.BadRequest as error:
        raise BadControl(str(error)) from None
    if asked.body.get("deny"):
        return {"location": discord_oauth.denied(consent)}
    return {"location": discord_oauth.allowed(db, consent, _text(asked.body, "username"))}


def _take_back(db: sqlite3.Connection, asked: Asked) -> Json:
    discord_oauth.take_back(db, _text(asked.body, "id"))
    return {"ok": True}


def _join(db: sqlite3.Connection, asked: Asked) -> Json:
    return {"joined": discord_guild.join(db, _text(asked.body, "id"))}


def _leave(db: sqlite3.Connection, asked: Asked) -> Json:
    banned = bool(asked.body.get("banned"))
    discord_guild.leave(db, _text(asked.body, "id"), banned=banned)
    return {"ok": True}


def _dms(db: sqlite3.Connection, asked: Asked) -> Json:
    open_ = bool(asked.body.get("open", False))
    discord_guild.set_dms(db, _text(asked.body, "id"), open_=open_)
    return {"open": open_}


def _roles(db: sqlite3.Connection, asked: Asked) -> list[Json]:
    return discord_shapes.all_roles(db, asked.sandbox.settings)


def _make_role(db: sqlite3.Connection, asked: Asked) -> Json:
    """Somebody makes a role by hand."""
    return discord_shapes.role(discord_guild.create_role(db, asked.body).body)


def _put_role(db: sqlite3.Connection, asked: Asked) -> Json:
    """Somebody gives or takes a role by hand."""
    found = discord_guild.member(db, _text(asked.body, "id"))
    role = discord_guild.role(db, _text(asked.body, "role"))
    discord_guild.put_role(db, found, role.id, given=bool(asked.body.get("given")))
    return {"ok": True}


def _delete_role(db: sqlite3.Connection, asked: Asked) -> Json:
    discord_guild.delete_role(db, _text(asked.body, "role"))
    return {"ok": True}


def _place_role(db: sqlite3.Connection, asked: Asked) -> Json:
    """Somebody drags a role above the bot's own, or back."""
    above = bool(asked.body.get("above_bot", True))
    discord_guild.place_role(db, _text(asked.body, "role"), above_bot=above)
    return {"above_bot": above}


_BOT_FIELDS: dict[str, type] = {
    "permissions": int,
    "in_guild": bool,
    "lists_members": bool,
    "offers_commands": bool,
}


def _bot(db: sqlite3.Connection, asked: Asked) -> Json:
    """What the bot may do: `permissions` (bits), `in_guild`, `lists_members`, `offers_commands`."""
    for name, value in asked.body.items():
        if type(value) is not _BOT_FIELDS.get(name):
            raise BadControl(f"{name} is nothing that a bot has, or of the wrong kind.")
    return discord_guild.set_bot(db, asked.body)


def _limits(db: sqlite3.Connection, asked: Asked) -> Json:
    """`limit` requests in `seconds` for each bucket, `everywhere` a second for all together."""
    if not set(asked.body) <= set(discord_limits.USUAL):
        raise BadControl(f"Limits are {', '.join(discord_limits.USUAL)}.")
    changes: Json = {name: number(asked.body, name) for name in asked.body}
    asked.sandbox.chat_requests.clear()
    return discord_limits.choose(db, changes)


def _state(db: sqlite3.Connection, _asked: Asked) -> Json:
    """What the studio has done here altogether: `invalid` answers are those of 401, 403 and 429."""
    return {
        "invalid": discord_limits.invalid(db),
        "commands": discord_commands.registered(db),
        "accounts": [one.id for one in discord_guild.accounts(db)],
        "alerts": discord_messages.of_channel(db, SIMULATED_DISCORD_CHANNEL),
    }


def _typed(db: sqlite3.Connection, asked: Asked) -> Json:
    """A typed command that the caller posts itself: the body and its signed headers."""
    signed_at = int(number(asked.body, "signed_at")) if "signed_at" in asked.body else None
    current, person = asked.sandbox.settings, _text(asked.body, "id")
    made = discord_commands.typed(db, current, person, _text(asked.body, "command"), signed_at)
    return {
        "interaction": made.interaction,
        "url": discord_commands.address(current),
        "body": made.body.decode(),
        "headers": made.headers,
    }


def _signed(_db: sqlite3.Connection, asked: Asked) -> Json:
    """The headers of any `body` that Discord would post."""
    signed_at = int(number(asked.body, "signed_at")) if "signed_at" in asked.body else None
    body = str(asked.body.get("body", "")).encode()
    return dict(discord_commands.signed(body, asked.sandbox.settings, signed_at))


def _acknowledged(db: sqlite3.Connection, asked: Asked) -> Json:
    """What the studio answered to a command that the caller posted itself."""
    told = asked.body.get("answer")
    told = cast(Json, told) if isinstance(told, dict) else {}
    status = int(number(asked.body, "status"))
    return discord_commands.acknowledged(db, _text(asked.body, "interaction"), status, told)


async def _command(asked: Asked) -> Json:
    """Somebody types a command; it is posted to the studio, and this is what they see so far."""
    try:
        with asked.sandbox.store.transaction() as db:
            person, name = _text(asked.body, "id"), _text(asked.body, "command")
            made = discord_commands.typed(db, asked.sandbox.settings, person, name)
    except DiscordError as refusal:
        raise BadControl(str(refusal)) from None
    return await discord_commands.post(asked.sandbox, made)


async def _examine(asked: Asked) -> Json:
    return await discord_commands.examine(asked.sandbox)


def _route(path: str, act: Act, method: str = "POST") -> Route:
    async def handler(asked: Asked) -> Json | list[Json]:
        try:
            with asked.sandbox.store.transaction() as db:
                return act(db, asked)
        except DiscordError as refusal:
            raise BadControl(str(refusal)) from None

    guarded: Callable[[Request], Awaitable[Response]] = control(handler)
    return Route(f"/control/discord/{path}", guarded, methods=[method])


def routes() -> list[Route]:
    """The controls of the Discord simulator."""
    return [
        _route("account", _account),
        _route("account", _find, "GET"),
        _route("consent", _consent),
        _route("consent/end", _take_back),
        _route("join", _join),
        _route("leave", _leave),
        _route("dms", _dms),
        _route("roles", _roles, "GET"),
        _route("roles", _make_role),
        _route("roles/put", _put_role),
        _route("roles/delete", _delete_role),
        _route("roles/place", _place_role),
        _route("bot", _bot),
        _route("limits", _limits),
        _route("state", _state, "GET"),
        _route("typed", _typed),
        _route("signed", _signed),
        _route("acknowledged", _acknowledged),
        Route("/control/discord/command", control(_command), methods=["POST"]),
        Route("/control/discord/examine", control(_examine), methods=["POST"]),
    ]
