"""Discord's REST API over HTTP: tokens, User-Agent, limits, faults, error bodies."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    context,
    discord_commands,
    discord_errors,
    discord_guild,
    discord_limits,
    discord_messages,
    discord_oauth,
    discord_shapes,
    faults,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.discord_errors import DiscordError, OauthError
from mentorships.sandbox.discord_limits import Verdict
from mentorships.sandbox.faults import Dropped, Fault
from mentorships.sandbox.store import Json
from services.config import Settings

_API = "/discord/api/v10"
_LARGEST_BODY = 1_000_000
_MOST_MEMBERS = 1_000
_AGENT = re.compile(r"DiscordBot \(\S+, \S+\)")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be made."""

    db: sqlite3.Connection
    settings: Settings
    path: Json
    query: dict[str, str]
    body: Any
    authorization: str

    @property
    def fields(self) -> Json:
        """The body's fields.

        Raises:
            DiscordError: it is no object.
        """
        if not isinstance(self.body, dict):
            raise DiscordError(400, 50109, "The request body contains invalid JSON.")
        return cast(Json, self.body)

    @property
    def user(self) -> str:
        return str(self.path["user"])


Answer = tuple[int, object]


def _me(call: Call) -> Answer:
    if call.authorization.startswith("Bearer "):
        account = discord_oauth.bearer(call.db, call.authorization, "identify")
        return 200, discord_shapes.own_user(account.id, account.body["username"])
    client = call.settings.effective_discord_client_id
    return 200, discord_shapes.own_user(client, discord_guild.BOT_NAME, is_bot=True)


def _application(call: Call) -> Answer:
    return 200, discord_shapes.application(call.db, call.settings)


def _roles(call: Call) -> Answer:
    return 200, discord_shapes.all_roles(call.db, call.settings)


def _create_role(call: Call) -> Answer:
    return 200, discord_shapes.role(discord_guild.create_role(call.db, call.fields).body)


def _delete_role(call: Call) -> Answer:
    discord_guild.remove_role(call.db, str(call.path["role"]))
    return 204, None


def _members(call: Call) -> Answer:
    discord_guild.check_may_list(call.db)
    limit, after = _whole(call, "limit", 1, 1, _MOST_MEMBERS), _whole(call, "after", 0, 0, 1 << 63)
    people = [one.body for one in discord_guild.accounts(call.db)]
    inside = [discord_shapes.member(one) for one in people if one["status"] == discord_guild.MEMBER]
    everybody = [discord_shapes.bot_member(call.db, call.settings), *inside]
    later = [one for one in everybody if int(one["user"]["id"]) > after]
    return 200, sorted(later, key=lambda one: int(one["user"]["id"]))[:limit]


def _whole(call: Call, name: str, usual: int, least: int, most: int) -> int:
    value = call.query.get(name, str(usual))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise discord_errors.invalid(name, "NUMBER_TYPE_COERCE", f"{least} to {most}.")
    return int(value)


def _member(call: Call) -> Answer:
    if call.user == call.settings.effective_discord_client_id:
        return 200, discord_shapes.bot_member(call.db, call.settings)
    return 200, discord_shapes.member(discord_guild.member(call.db, call.user).body)


def _add_member(call: Call) -> Answer:
    discord_guild.account(call.db, call.user)
    discord_guild.check_may_invite(call.db)
    discord_oauth.check_joins(call.db, call.fields.get("access_token"), call.user)
    if not discord_guild.join(call.db, call.user):
        return 204, None
    return 201, discord_shapes.member(discord_guild.member(call.db, call.user).body)


def _give(call: Call) -> Answer:
    discord_guild.set_role(call.db, call.user, str(call.path["role"]), given=True)
    return 204, None


def _take(call: Call) -> Answer:
    discord_guild.set_role(call.db, call.user, str(call.path["role"]), given=False)
    return 204, None


def _open_dm(call: Call) -> Answer:
    return 200, discord_shapes.dm_channel(discord_messages.open_dm(call.db, call.fields).body)


def _send(call: Call) -> Answer:
    sent = discord_messages.send(call.db, str(call.path["channel"]), call.fields)
    return 200, discord_shapes.message(sent.body, call.settings)


def _written(call: Call) -> Answer:
    most = _whole(call, "limit", 50, 1, 100)
    found = discord_messages.listed(call.db, str(call.path["channel"]))
    return 200, [discord_shapes.message(one, call.settings) for one in found[:most]]


def _edit(call: Call) -> Answer:
    application, token = str(call.path["application"]), str(call.path["token"])
    if application != call.settings.effective_discord_client_id:
        raise DiscordError(404, 10015, "Unknown Webhook")
    edited = discord_commands.edit(call.db, application, token, call.fields)
    return 200, discord_shapes.message(edited, call.settings)


def _register(call: Call) -> Answer:
    if call.path["application"] != call.settings.effective_discord_client_id:
        raise discord_errors.missing_access()
    discord_guild.check_may_offer(call.db)
    made = discord_commands.register(call.db, call.body)
    return 200, [discord_shapes.command(one, call.settings) for one in made]


_MEMBER = "guilds/{guild}/members/{user}"
ENDPOINTS: dict[str, Callable[[Call], Answer]] = {
    "GET users/@me": _me,
    "GET applications/@me": _application,
    "GET guilds/{guild}/roles": _roles,
    "POST guilds/{guild}/roles": _create_role,
    "DELETE guilds/{guild}/roles/{role}": _delete_role,
    "GET guilds/{guild}/members": _members,
    f"GET {_MEMBER}": _member,
    f"PUT {_MEMBER}": _add_member,
    f"PUT {_MEMBER}/roles/{{role}}": _give,
    f"DELETE {_MEMBER}/roles/{{role}}": _take,
    "POST users/@me/channels": _open_dm,
    "POST channels/{channel}/messages": _send,
    "GET channels/{channel}/messages": _written,
    "PATCH webhooks/{application}/{token}/messages/@original": _edit,
    "PUT applications/{application}/guilds/{guild}/commands": _register,
}
_KEYLESS = "webhooks/"


def _check_sender(request: Request, current: Settings, endpoint: str) -> None:
    """Discord's edge wants its User-Agent, its API our bot's token; /users/@me takes a person's."""
    if not _AGENT.match(request.headers.get("user-agent", "")):
        raise DiscordError(403, 40333, "internal network error")
    if endpoint.split(" ")[1].startswith(_KEYLESS):
        return
    given = request.headers.get("authorization", "")
    if endpoint == "GET users/@me" and given.startswith("Bearer "):
        return
    right = f"Bot {current.effective_discord_bot_token}"
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise discord_errors.unauthorized()


def _json(raw: bytes) -> Any:
    if len(raw) > _LARGEST_BODY:
        raise DiscordError(413, 40005, "Request entity too large")
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        raise DiscordError(400, 50109, "The request body contains invalid JSON.") from None


async def _planned(sandbox: Sandbox, request: Request) -> Fault | None:
    """The fault that is due for this request; waits when it is a slow answer."""
    path = request.url.path.removeprefix(_API)
    with sandbox.store.transaction() as db:
        fault = faults.take(db, "discord", request.method, path)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    return fault


def _counted(sandbox: Sandbox, request: Request, endpoint: str) -> Verdict:
    ours = request.headers.get("authorization", "").startswith("Bot ")
    path = request.path_params
    major = path.get("guild") or path.get("channel") or path.get("token") or ""
    with sandbox.store.transaction() as db:
        limits = discord_limits.chosen(db)
    return discord_limits.counted(sandbox, limits, endpoint, str(major), ours=ours)


def _done(sandbox: Sandbox, request: Request, endpoint: str, sent: bytes) -> Answer:
    """What the endpoint answers to a request that its sender may make."""
    try:
        _check_sender(request, sandbox.settings, endpoint)
        body = _json(sent)
        with sandbox.store.transaction() as db:
            if guild := request.path_params.get("guild"):
                discord_guild.check_guild(db, str(guild))
            return ENDPOINTS[endpoint](
                Call(
                    db=db,
                    settings=sandbox.settings,
                    path=request.path_params,
                    query=dict(request.query_params),
                    body=body,
                    authorization=request.headers.get("authorization", ""),
                )
            )
    except DiscordError as refusal:
        return refusal.status, refusal.body


def _response(sandbox: Sandbox, answer: Answer, headers: dict[str, str]) -> Response:
    status, body = answer
    if status in {401, 403, 429}:
        with sandbox.store.transaction() as db:
            discord_limits.note_invalid(db)
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(json.dumps(body), status, headers, "application/json")


def _route(endpoint: str) -> Route:
    method, path = endpoint.split(" ")

    async def handler(request: Request) -> Response:
        sandbox = context.of(request)
        sent = await request.body()  # read whole also before a refusal, or the connection is closed
        fault = await _planned(sandbox, request)
        if fault is not None and fault.kind == "drop_before":
            return Dropped()
        verdict = _counted(sandbox, request, endpoint)
        if verdict.retry_after:
            answer: Answer = 429, verdict.body
        elif fault is not None and fault.kind == "status":
            refusal = discord_errors.planned(fault.status)
            answer = refusal.status, refusal.body
        else:
            answer = _done(sandbox, request, endpoint, sent)
        response = _response(sandbox, answer, verdict.headers)
        return Dropped() if fault is not None and fault.kind == "drop_after" else response

    return Route(f"{_API}/{path}", handler, methods=[method])


async def _oauth(request: Request) -> Response:
    """The token and the revocation endpoint: forms instead of JSON, errors of their own."""
    sandbox = context.of(request)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    fault = await _planned(sandbox, request)
    if fault is not None and fault.kind == "drop_before":
        return Dropped()
    try:
        if fault is not None and fault.kind == "status":
            raise OauthError("server_error", "A fault was asked for.", fault.status)
        if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
            raise OauthError("invalid_request", "Only forms are taken here.")
        given = request.headers.get("authorization", "")
        discord_oauth.check_client(given, form, sandbox.settings)
        with sandbox.store.transaction() as db:
            if request.url.path.endswith("/revoke"):
                discord_oauth.revoke(db, form.get("token", ""))
                answer: Answer = 200, {}
            else:
                answer = 200, discord_oauth.token(db, form)
    except OauthError as refusal:
        answer = refusal.status, refusal.body
    response = _response(sandbox, answer, {})
    return Dropped() if fault is not None and fault.kind == "drop_after" else response


async def _unknown(request: Request) -> Response:
    refusal = discord_errors.not_found()
    return _response(context.of(request), (refusal.status, refusal.body), {})


def routes() -> list[Route]:
    """The API under /discord."""
    everything = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [
        *(_route(endpoint) for endpoint in ENDPOINTS),
        Route(f"{_API}/oauth2/token", _oauth, methods=["POST"]),
        Route(f"{_API}/oauth2/token/revoke", _oauth, methods=["POST"]),
        Route("/discord/{path:path}", _unknown, methods=everything),
    ]
