"""Stripe's API over HTTP: key, parameters, idempotency, faults, error bodies."""

from __future__ import annotations

import asyncio
import hmac
import json
import sqlite3
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import clock, context, faults, idempotency, stripe_params, stripe_time
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Dropped, Fault
from mentorships.sandbox.idempotency import Kept
from mentorships.sandbox.store import Json
from mentorships.sandbox.stripe_endpoints import ENDPOINTS, Call
from mentorships.sandbox.stripe_errors import StripeError, invalid
from mentorships.sandbox.stripe_events import API_VERSION, Cause, default_plan, new_id

_LONGEST_KEY = 255
_LARGEST_BODY = 1_000_000


def _answer(status: int, body: Json, request_id: str, *, replayed: bool = False) -> Response:
    headers = {"request-id": request_id, "stripe-version": API_VERSION}
    if replayed:
        headers["idempotent-replayed"] = "true"
    return Response(
        json.dumps(body), status_code=status, headers=headers, media_type="application/json"
    )


def _check_key(request: Request, wanted: str) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY').",
        )
    if not hmac.compare_digest(key.encode(), wanted.encode()):
        raise StripeError(401, f"Invalid API Key provided: {key[:8]}****")


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise invalid(f"Invalid Stripe API version: {version}. This simulator is {API_VERSION}.")


@dataclass(frozen=True, slots=True)
class _Incoming:
    """One request as it came, before its parameters are read."""

    endpoint: str
    method: str
    path: str
    encoded: bytes
    object_id: str
    request_id: str
    key: str | None

    @property
    def fingerprint(self) -> str:
        return idempotency.fingerprint(self.method, self.path, self.encoded)


async def _incoming(request: Request, endpoint: str, request_id: str) -> _Incoming:
    posted = request.method == "POST"
    encoded = await request.body() if posted else request.url.query.encode()
    if len(encoded) > _LARGEST_BODY:
        raise StripeError(413, "The request is too large.")
    key = request.headers.get("idempotency-key") if posted else None
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise StripeError(
            400,
            "Idempotency keys can have up to 255 characters.",
            kind="idempotency_error",
        )
    return _Incoming(
        endpoint=endpoint,
        method=request.method,
        path=request.url.path.removeprefix("/stripe"),
        encoded=encoded,
        object_id=request.path_params.get("id", ""),
        request_id=request_id,
        key=key,
    )


def _recalled(db: sqlite3.Connection, incoming: _Incoming) -> Kept | None:
    """The kept result of the request's idempotency key, if it has been used.

    Raises:
        StripeError: the key was used for another request (400).
    """
    if incoming.key is None:
        return None
    kept = idempotency.recall(db, "stripe", incoming.key, clock.now(db))
    if kept is not None and kept.fingerprint != incoming.fingerprint:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were "
            "first used with. Try using a key other than "
            f"'{incoming.key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return kept


def _keep(db: sqlite3.Connection, incoming: _Incoming, status: int, body: Json) -> None:
    if incoming.key is not None:
        kept = Kept(incoming.fingerprint, status, body)
        idempotency.keep(db, "stripe", incoming.key, kept, clock.now(db))


def _execute(db: sqlite3.Connection, incoming: _Incoming, public_url: str) -> tuple[int, Json]:
    """Validate and run the endpoint; a refusal after the start is kept like a success."""
    stripe_time.sweep(db)
    now = clock.now(db)
    endpoint = ENDPOINTS[incoming.endpoint]
    params = stripe_params.read(incoming.endpoint, incoming.encoded)
    if endpoint.check is not None:
        endpoint.check(params, now)
    cause = Cause(now, default_plan(db), incoming.request_id, incoming.key)
    call = Call(db, cause, params, incoming.object_id, public_url)
    try:
        status, body = 200, endpoint.run(call)
    except StripeError as refusal:
        if not refusal.executed:
            raise
        status, body = refusal.status, refusal.body
    _keep(db, incoming, status, body)
    return status, body


def _failed(db: sqlite3.Connection, incoming: _Incoming, fault: Fault) -> Response:
    """The planned error. Stripe keeps its 500s for the key as well."""
    kind = "api_error" if fault.status >= 500 else "invalid_request_error"
    code = {409: "lock_timeout", 429: "rate_limit"}.get(fault.status)
    body = StripeError(
        fault.status, "A fault was asked of this simulator.", kind=kind, code=code
    ).body
    if fault.status >= 500 or fault.status == 402:
        _keep(db, incoming, fault.status, body)
    return _answer(fault.status, body, incoming.request_id)


async def _serve(sandbox: Sandbox, incoming: _Incoming) -> Response:
    with sandbox.store.transaction() as db:
        kept = _recalled(db, incoming)
        fault = faults.take(db, "stripe", incoming.method, incoming.path)
        if fault is not None and fault.kind == "status" and kept is None:
            return _failed(db, incoming, fault)
    if fault is not None and fault.kind == "drop_before":
        return Dropped()
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    if kept is not None:
        response = _answer(kept.status, kept.body, incoming.request_id, replayed=True)
    else:
        with sandbox.store.transaction() as db:
            status, body = _execute(db, incoming, sandbox.settings.public_url)
        sandbox.bell.set()
        response = _answer(status, body, incoming.request_id)
    return Dropped() if fault is not None and fault.kind == "drop_after" else response


async def _guarded(sandbox: Sandbox, incoming: _Incoming) -> Response:
    """Let one request per idempotency key run at a time."""
    if incoming.key is None:
        return await _serve(sandbox, incoming)
    slot = ("stripe", incoming.key)
    if slot in sandbox.running:
        raise StripeError(
            409,
            "There is currently another in-progress request using this idempotent key.",
            code="idempotency_key_in_use",
            kind="idempotency_error",
        )
    sandbox.running.add(slot)
    try:
        return await _serve(sandbox, incoming)
    finally:
        sandbox.running.discard(slot)


def _route(endpoint: str) -> Route:
    method, path = endpoint.split(" ")

    async def handler(request: Request) -> Response:
        sandbox = context.of(request)
        request_id = new_id("req", 14)
        try:
            _check_key(request, sandbox.settings.effective_stripe_key)
            _check_version(request)
            return await _guarded(sandbox, await _incoming(request, endpoint, request_id))
        except StripeError as refusal:
            return _answer(refusal.status, refusal.body, request_id)

    return Route(f"/stripe/v1/{path}", handler, methods=[method])


async def _unknown(request: Request) -> Response:
    path = request.url.path.removeprefix("/stripe")
    refusal = StripeError(404, f"Unrecognized request URL ({request.method}: {path}).")
    return _answer(404, refusal.body, new_id("req", 14))


def routes() -> list[Route]:
    """Stripe's API under /stripe."""
    known = [_route(endpoint) for endpoint in ENDPOINTS]
    return [*known, Route("/stripe/{path:path}", _unknown, methods=["GET", "POST", "DELETE"])]
