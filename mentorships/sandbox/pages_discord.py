"""Discord's consent page, and the server in which a person plays the rest of the world."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    context,
    discord_commands,
    discord_guild,
    discord_messages,
    discord_oauth,
)
from mentorships.sandbox.discord_errors import DiscordError
from mentorships.sandbox.discord_oauth import BadRequest
from mentorships.sandbox.pages import foreign, form, not_found, page, see_other
from mentorships.sandbox.store import Json
from services.config import SIMULATED_DISCORD_CHANNEL

_MOST = 100
_HOME = "/sandbox/discord"
CONSENT_PATH = f"{_HOME}/oauth2/authorize"
STANDING = {
    discord_guild.MEMBER: "in the server",
    discord_guild.AWAY: "not in the server",
    discord_guild.BANNED: "banned",
}
Fields = dict[str, str]
Act = Callable[[sqlite3.Connection, str, Fields], None]


def _account_url(account_id: str) -> str:
    return f"{_HOME}/accounts/{quote(account_id)}"


def _refused(request: Request, error: BadRequest) -> Response:
    return page(request, "discord_refused.html", {"problem": str(error)}, 400)


async def _consent_page(request: Request) -> Response:
    try:
        consent = discord_oauth.asked(request.query_params, context.of(request).settings)
    except BadRequest as error:
        return _refused(request, error)
    with context.of(request).store.transaction() as db:
        known = [one.body["username"] for one in discord_guild.accounts(db)]
    values: dict[str, object] = {
        "scopes": [discord_oauth.WORDS[scope] for scope in consent.scopes],
        "known": known[-_MOST:],
        "action": f"{CONSENT_PATH}?{request.url.query}",
    }
    return page(request, "discord_consent.html", values)


async def _consented(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    try:
        consent = discord_oauth.asked(request.query_params, sandbox.settings)
    except BadRequest as error:
        return _refused(request, error)
    username = fields.get("username", "").strip()
    if fields.get("answer") != "allow" or not username:
        return see_other(discord_oauth.denied(consent))
    with sandbox.store.transaction() as db:
        target = discord_oauth.allowed(db, consent, username)
    return see_other(target)


def _row(account: Json, names: dict[str, str]) -> Json:
    return {
        "id": account["id"],
        "username": account["username"],
        "standing": STANDING[account["status"]],
        "member": account["status"] == discord_guild.MEMBER,
        "dms_open": account["dms_open"],
        "roles": [(role, names[role]) for role in account["roles"]],
    }


def _role_names(db: sqlite3.Connection) -> dict[str, str]:
    return {one.id: one.body["name"] for one in discord_guild.roles(db)}


async def _server(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        names = _role_names(db)
        values: dict[str, object] = {
            "accounts": [_row(one.body, names) for one in discord_guild.accounts(db)[-_MOST:]],
            "roles": [one.body for one in discord_guild.roles(db)][-_MOST:],
            "bot_position": discord_guild.BOT_POSITION,
            "commands": discord_commands.registered(db),
            "alerts": discord_messages.of_channel(db, SIMULATED_DISCORD_CHANNEL)[:_MOST],
            "bot": discord_guild.bot(db),
            "examined": request.query_params.get("examined", ""),
            "problem": request.query_params.get("problem", ""),
        }
    return page(request, "discord.html", values)


async def _account(request: Request) -> Response:
    account_id: str = request.path_params["id"]
    try:
        with context.of(request).store.transaction() as db:
            body = discord_guild.account(db, account_id).body
            values: dict[str, object] = {
                "account": _row(body, _role_names(db)),
                "messages": discord_messages.of_channel(db, body["channel"])[:_MOST],
                "commands": discord_commands.registered(db),
                "typed": discord_commands.of_account(db, account_id)[:_MOST],
                "allowed": discord_oauth.standing(db, account_id) > 0,
                "problem": request.query_params.get("problem", ""),
            }
    except DiscordError:
        return not_found(request, "This account")
    return page(request, "discord_account.html", values)


def _join(db: sqlite3.Connection, account_id: str, _fields: Fields) -> None:
    found = discord_guild.account(db, account_id)
    if found.body["status"] == discord_guild.BANNED:
        discord_guild.leave(db, account_id)  # the ban is lifted, as the server's owner could
    discord_guild.join(db, account_id)


def _leave(db: sqlite3.Connection, account_id: str, _fields: Fields) -> None:
    discord_guild.leave(db, account_id)


def _ban(db: sqlite3.Connection, account_id: str, _fields: Fields) -> None:
    discord_guild.leave(db, account_id, banned=True)


def _dms(db: sqlite3.Connection, account_id: str, _fields: Fields) -> None:
    found = discord_guild.account(db, account_id)
    discord_guild.set_dms(db, account_id, open_=not found.body["dms_open"])


def _take_role(db: sqlite3.Connection, account_id: str, fields: Fields) -> None:
    found = discord_guild.member(db, account_id)
    discord_guild.put_role(db, found, fields.get("role", ""), given=False)


def _take_back(db: sqlite3.Connection, account_id: str, _fields: Fields) -> None:
    discord_oauth.take_back(db, account_id)


def _action(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A button: do it, and show the account again with what came of it."""

    async def route(request: Request) -> Response:
        refused = foreign(request)
        if refused is not None:
            return refused
        account_id: str = request.path_params["id"]
        fields = await form(request)
        try:
            with context.of(request).store.transaction() as db:
                act(db, account_id, fields)
        except (DiscordError, LookupError) as error:
            return see_other(f"{_account_url(account_id)}?problem={quote(str(error))}")
        return see_other(_account_url(account_id))

    return route


async def _type(request: Request) -> Response:
    """The person types a command: it is posted to the studio while they wait."""
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, account_id = context.of(request), str(request.path_params["id"])
    name = (await form(request)).get("command", "")
    try:
        with sandbox.store.transaction() as db:
            if name not in {each["name"] for each in discord_commands.registered(db)}:
                raise LookupError("There is no such command.")
            made = discord_commands.typed(db, sandbox.settings, account_id, name)
    except (DiscordError, LookupError) as error:
        return see_other(f"{_account_url(account_id)}?problem={quote(str(error))}")
    await discord_commands.post(sandbox, made)
    return see_other(f"{_account_url(account_id)}#commands")


async def _role(request: Request) -> Response:
    """Somebody drags a role above the bot's, back below it, or deletes it."""
    refused = foreign(request)
    if refused is not None:
        return refused
    role_id, fields = str(request.path_params["id"]), await form(request)
    try:
        with context.of(request).store.transaction() as db:
            if fields.get("do") == "delete":
                discord_guild.delete_role(db, role_id)
            else:
                above = fields.get("do") == "above"
                discord_guild.place_role(db, role_id, above_bot=above)
    except DiscordError as error:
        return see_other(f"{_HOME}?problem={quote(str(error))}")
    return see_other(_HOME)


async def _bot(request: Request) -> Response:
    """The bot is thrown out of the server, or invited again."""
    refused = foreign(request)
    if refused is not None:
        return refused
    with context.of(request).store.transaction() as db:
        inside = discord_guild.bot(db)["in_guild"]
        discord_guild.set_bot(db, {"in_guild": not inside})
    return see_other(_HOME)


async def _examine(request: Request) -> Response:
    """What Discord does when the address of the interactions is entered in its portal."""
    refused = foreign(request)
    if refused is not None:
        return refused
    found = await discord_commands.examine(context.of(request))
    told = "taken" if found["taken"] else "refused"
    return see_other(f"{_HOME}?examined={told}")


def routes() -> list[Route]:
    """The consent page, the server and its people."""
    one = f"{_HOME}/accounts/{{id}}"
    acts: dict[str, Act] = {
        "join": _join,
        "leave": _leave,
        "ban": _ban,
        "dms": _dms,
        "role": _take_role,
        "revoke": _take_back,
    }
    return [
        Route(_HOME, _server, methods=["GET"]),
        Route(CONSENT_PATH, _consent_page, methods=["GET"]),
        Route(CONSENT_PATH, _consented, methods=["POST"]),
        Route(f"{_HOME}/examine", _examine, methods=["POST"]),
        Route(f"{_HOME}/bot", _bot, methods=["POST"]),
        Route(f"{_HOME}/roles/{{id}}", _role, methods=["POST"]),
        Route(one, _account, methods=["GET"]),
        Route(f"{one}/type", _type, methods=["POST"]),
        *(Route(f"{one}/{name}", _action(act), methods=["POST"]) for name, act in acts.items()),
    ]
