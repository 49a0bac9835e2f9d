"""PayPal's API over HTTP: tokens, bodies, PayPal-Request-Id, faults, error bodies."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mentorships.sandbox import (
    clock,
    context,
    faults,
    idempotency,
    paypal_certificates,
    paypal_time,
    paypal_tokens,
    store,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Dropped
from mentorships.sandbox.idempotency import Kept
from mentorships.sandbox.paypal_endpoints import GETS, POSTS, Call, Post
from mentorships.sandbox.paypal_errors import (
    PayPalError,
    in_progress,
    invalid,
    not_found,
    planned,
    refused,
)
from mentorships.sandbox.paypal_events import VENDOR
from mentorships.sandbox.paypal_tokens import OauthError
from mentorships.sandbox.store import Json

_API = "/paypal"
_LONGEST_ID = 108
_LARGEST_BODY = 1_000_000
REFUSALS = "paypal refusals"  # the name under which refusals asked of the control are kept


@dataclass(frozen=True, slots=True)
class _Incoming:
    """One request as it came."""

    endpoint: str
    method: str
    path: str
    object_id: str
    query: dict[str, str]
    body: Json
    token: str
    whole: bool
    request_id: str | None


def _answer(status: int, body: Json) -> Response:
    headers = {"paypal-debug-id": str(body.get("debug_id") or secrets.token_hex(7)[:13])}
    return Response(
        json.dumps(body), status_code=status, headers=headers, media_type="application/json"
    )


async def _read(request: Request, endpoint: str) -> _Incoming:
    raw = await request.body()
    if len(raw) > _LARGEST_BODY:
        raise invalid("INVALID_PARAMETER_VALUE", "The request is too large.", "/")
    request_id = request.headers.get("paypal-request-id")
    if request_id is not None and not 1 <= len(request_id) <= _LONGEST_ID:
        description = "The value of a field is either too short or too long"
        raise invalid("INVALID_STRING_LENGTH", description, "PayPal-Request-Id")
    return _Incoming(
        endpoint=endpoint,
        method=request.method,
        path=request.url.path.removeprefix(_API),
        object_id=request.path_params.get("id", ""),
        query=dict(request.query_params),
        body=_json(request, raw),
        token=request.headers.get("authorization", ""),
        whole=request.headers.get("prefer") == "return=representation",
        request_id=request_id,
    )


def _json(request: Request, raw: bytes) -> Json:
    """The body of a POST, which says that it is JSON; an empty one is an empty object."""
    if request.method != "POST":
        return {}
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise invalid("MALFORMED_REQUEST_JSON", "The content type must be application/json.", "/")
    try:
        parsed: Any = json.loads(raw) if raw else {}
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise invalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.", "/")
    return cast(Json, parsed)


def _call(db: sqlite3.Connection, sandbox: Sandbox, incoming: _Incoming) -> Call:
    """The request of somebody who may make it.

    Raises:
        PayPalError, OauthError: there is no token, or none that is good (401).
    """
    settings = sandbox.settings
    paypal_time.sweep(db, settings)
    paypal_tokens.check(db, clock.now(db), incoming.token)
    return Call(
        db,
        paypal_time.cause(db, settings),
        incoming.object_id,
        incoming.query,
        incoming.body,
        incoming.whole,
        settings.effective_paypal_webhook_id,
        incoming.request_id,
    )


def _asked_refusal(db: sqlite3.Connection, name: str) -> PayPalError | None:
    """The refusal that `/control/paypal/refuse` has asked for, used up once."""
    waiting: list[Json] = store.read_meta(db, REFUSALS) or []
    for refusal in waiting:
        if refusal["call"] == name:
            refusal["times"] -= 1
            store.write_meta(db, REFUSALS, [each for each in waiting if each["times"] > 0])
            return refused(refusal["issue"])
    return None


def _slot(incoming: _Incoming) -> str:
    """A PayPal-Request-Id belongs to one kind of call on one thing."""
    return f"{VENDOR} {incoming.path}"


def _post(db: sqlite3.Connection, call: Call, incoming: _Incoming, post: Post) -> tuple[int, Json]:
    """Make something, or show what the same PayPal-Request-Id has made before, as it is now."""
    now, key, slot = call.cause.now, incoming.request_id, _slot(incoming)
    kept = idempotency.recall(db, slot, key, now, post.kept_seconds) if key else None
    if kept is not None and kept.status != 201:
        return kept.status, kept.body
    if kept is not None:
        return post.again, post.show(call, kept.body["made"])
    asked = _asked_refusal(db, post.name)
    if asked is not None:
        return asked.status, asked.body
    done = post.run(call)
    result = (201, {"made": done.made})
    if done.refusal is not None:
        result = (done.refusal.status, done.refusal.body)
    if key:
        idempotency.keep(db, slot, key, Kept("", *result), now)
    return result if done.refusal is not None else (201, post.show(call, done.made))


def _execute(sandbox: Sandbox, incoming: _Incoming) -> tuple[int, Json]:
    with sandbox.store.transaction() as db:
        call = _call(db, sandbox, incoming)
        if incoming.method == "POST":
            return _post(db, call, incoming, POSTS[incoming.endpoint])
        return 200, GETS[incoming.endpoint](call)


async def _serve(sandbox: Sandbox, incoming: _Incoming) -> Response:
    with sandbox.store.transaction() as db:
        fault = faults.take(db, VENDOR, incoming.method, incoming.path)
    if fault is not None and fault.kind == "status":
        raise planned(fault.status)
    if fault is not None and fault.kind == "drop_before":
        return Dropped()
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    status, body = _execute(sandbox, incoming)
    sandbox.bell.set()
    response = _answer(status, body)
    return Dropped() if fault is not None and fault.kind == "drop_after" else response


async def _guarded(sandbox: Sandbox, incoming: _Incoming) -> Response:
    """Let one request per PayPal-Request-Id run at a time."""
    if incoming.request_id is None:
        return await _serve(sandbox, incoming)
    slot = (_slot(incoming), incoming.request_id)
    if slot in sandbox.running:
        raise in_progress()
    sandbox.running.add(slot)
    try:
        return await _serve(sandbox, incoming)
    finally:
        sandbox.running.discard(slot)


def _route(method: str, endpoint: str) -> Route:
    async def handler(request: Request) -> Response:
        try:
            return await _guarded(context.of(request), await _read(request, endpoint))
        except (PayPalError, OauthError) as refusal:
            return _answer(refusal.status, refusal.body)

    return Route(f"{_API}{endpoint}", handler, methods=[method])


async def _token(request: Request) -> Response:
    sandbox = context.of(request)
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    settings = sandbox.settings
    client = (settings.effective_paypal_client_id, settings.effective_paypal_client_secret)
    with sandbox.store.transaction() as db:
        fault = faults.take(db, VENDOR, "POST", "/v1/oauth2/token")
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    elif fault is not None and fault.kind == "status":
        refusal = planned(fault.status)
        return _answer(refusal.status, refusal.body)
    elif fault is not None:
        return Dropped()
    header = request.headers.get("authorization", "")
    try:
        with sandbox.store.transaction() as db:
            issued = paypal_tokens.issue(db, clock.now(db), header, form, client)
    except OauthError as refused_token:
        return _answer(refused_token.status, refused_token.body)
    return _answer(200, issued)


async def _certificate(request: Request) -> Response:
    """Anybody may read a certificate."""
    sandbox = context.of(request)
    with sandbox.store.transaction() as db:
        fault = faults.take(db, VENDOR, "GET", request.url.path.removeprefix(_API))
        pem = paypal_certificates.served(db, sandbox.settings, request.path_params["id"])
    if fault is not None:
        return PlainTextResponse("A fault was asked of this simulator.", fault.status)
    if pem is None:
        return PlainTextResponse("There is no such certificate.", 404)
    return PlainTextResponse(pem, media_type="application/x-pem-file")


async def _unknown(_request: Request) -> Response:
    refusal = not_found("path")
    return _answer(refusal.status, refusal.body)


def routes() -> list[Route]:
    """PayPal's API under /paypal."""
    return [
        Route(f"{_API}/v1/oauth2/token", _token, methods=["POST"]),
        Route(f"{_API}{paypal_certificates.PATH}/{{id}}", _certificate, methods=["GET"]),
        *(_route("POST", endpoint) for endpoint in POSTS),
        *(_route("GET", endpoint) for endpoint in GETS),
        Route(f"{_API}/{{path:path}}", _unknown, methods=["GET", "POST", "PATCH", "DELETE"]),
    ]
