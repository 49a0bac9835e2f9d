"""Resend's API over HTTP: send one mail, send many, look at one, list them; unblock an address.

More than five requests a second are refused only after POST /control/mail/rate {"limited": true}:
by default the limit is off, so that filling a demo with mails takes no minutes.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sqlite3
import time
from collections.abc import Callable
from email.utils import parseaddr

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import clock, context, faults, idempotency, mailbox, resend_events
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Dropped
from mentorships.sandbox.idempotency import Kept
from mentorships.sandbox.resend_schema import ResendError, check, wrong
from mentorships.sandbox.store import Json

_LONGEST_KEY = 256
_MOST_IN_BATCH = 100
_MOST_LISTED = 100
_PER_SECOND = 5

Action = Callable[[sqlite3.Connection, object], Json]


def _answer(status: int, body: Json, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(body), status_code=status, headers=headers, media_type="application/json"
    )


def _check_key(request: Request, wanted: str) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise ResendError(401, "missing_api_key", "Missing API key in the authorization header.")
    if not hmac.compare_digest(key.encode(), wanted.encode()):
        raise ResendError(403, "invalid_api_key", "API key is invalid.")


def _limited(sandbox: Sandbox) -> Response | None:
    with sandbox.store.transaction() as db:
        if not mailbox.is_limited(db):
            return None
    present = time.monotonic()
    recent = sandbox.mail_requests
    while recent and present - recent[0] >= 1:
        recent.popleft()
    if len(recent) >= _PER_SECOND:
        refusal = ResendError(
            429, "rate_limit_exceeded", "Too many requests. You can only make 5 per second."
        )
        headers = {"retry-after": "1", "ratelimit-limit": "5", "ratelimit-remaining": "0"}
        return _answer(429, refusal.body, headers)
    recent.append(present)
    return None


def _check_quota(sandbox: Sandbox) -> None:
    with sandbox.store.transaction() as db:
        which = mailbox.full(db)
    if which:
        words = f"You have reached your {which} email sending quota."
        raise ResendError(429, f"{which}_quota_exceeded", words)


def _send(db: sqlite3.Connection, content: object) -> Json:
    return {"id": mailbox.accept(db, check(content))}


def _send_batch(db: sqlite3.Connection, content: object) -> Json:
    if not isinstance(content, list):
        raise wrong("The request body must be a JSON array.")
    messages: list[object] = content  # pyright: ignore[reportUnknownVariableType]  # JSON
    if not 1 <= len(messages) <= _MOST_IN_BATCH:
        raise wrong(f"A batch holds 1 to {_MOST_IN_BATCH} emails.")
    checked = [check(message, batch=True) for message in messages]
    return {"data": [{"id": mailbox.accept(db, message)} for message in checked]}


def _run(sandbox: Sandbox, path: str, raw: bytes, key: str | None, action: Action) -> Response:
    try:
        content: object = json.loads(raw)
    except ValueError:
        raise wrong("The request body is not JSON.") from None
    mark = idempotency.fingerprint("POST", path, raw)
    with sandbox.store.transaction() as db:
        now = clock.now(db)
        kept = idempotency.recall(db, "resend", key, now) if key else None
        if kept is not None:
            if kept.fingerprint != mark:
                raise ResendError(
                    409,
                    "invalid_idempotent_request",
                    "This idempotency key has been used on a request that had a different payload.",
                )
            return _answer(kept.status, kept.body)
        body = action(db, content)
        if key:
            idempotency.keep(db, "resend", key, Kept(mark, 200, body), now)
    return _answer(200, body)


async def _serve(request: Request, sandbox: Sandbox, action: Action) -> Response:
    path = request.url.path.removeprefix("/resend")
    with sandbox.store.transaction() as db:
        fault = faults.take(db, "resend", request.method, path)
    if fault is not None and fault.kind == "status":
        name = "rate_limit_exceeded" if fault.status == 429 else "internal_server_error"
        refusal = ResendError(fault.status, name, "A fault was asked of this simulator.")
        return _answer(fault.status, refusal.body)
    if fault is not None and fault.kind == "drop_before":
        return Dropped()
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    key = request.headers.get("idempotency-key")
    response = _run(sandbox, path, await request.body(), key, action)
    return Dropped() if fault is not None and fault.kind == "drop_after" else response


async def _guarded(request: Request, sandbox: Sandbox, action: Action) -> Response:
    """Let one request per idempotency key run at a time."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return await _serve(request, sandbox, action)
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise ResendError(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
    slot = ("resend", key)
    if slot in sandbox.running:
        raise ResendError(
            409,
            "concurrent_idempotent_requests",
            "Same idempotency key used while original request is still in progress.",
        )
    sandbox.running.add(slot)
    try:
        return await _serve(request, sandbox, action)
    finally:
        sandbox.running.discard(slot)


def _post(path: str, action: Action) -> Route:
    async def handler(request: Request) -> Response:
        sandbox = context.of(request)
        await request.body()  # read whole also before a refusal, or the connection is closed
        try:
            _check_key(request, sandbox.settings.effective_resend_key)
            _check_quota(sandbox)
            return _limited(sandbox) or await _guarded(request, sandbox, action)
        except ResendError as refusal:
            return _answer(refusal.status, refusal.body)

    return Route(f"/resend{path}", handler, methods=["POST"])


async def _retrieve(request: Request) -> Response:
    sandbox = context.of(request)
    try:
        _check_key(request, sandbox.settings.effective_resend_key)
    except ResendError as refusal:
        return _answer(refusal.status, refusal.body)
    with sandbox.store.transaction() as db:
        mail = mailbox.find(db, request.path_params["id"])
    if mail is None:
        return _answer(404, ResendError(404, "not_found", "Email not found").body)
    return _answer(200, _email(mail))


def _email(mail: Json) -> Json:
    shown = ("object", "id", "message_id", "to", "from", "created_at", "subject", "html", "text")
    more = ("bcc", "cc", "reply_to", "last_event")
    return {name: mail[name] for name in (*shown, *more) if mail[name] is not None}


async def _list(request: Request) -> Response:
    """One page of what was sent, newest first; without the bodies."""
    sandbox, asked = context.of(request), request.query_params
    try:
        _check_key(request, sandbox.settings.effective_resend_key)
        limit = asked.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= _MOST_LISTED:
            raise wrong(f"`limit` must be between 1 and {_MOST_LISTED}.")
    except ResendError as refusal:
        return _answer(refusal.status, refusal.body)
    after, before = asked.get("after"), asked.get("before")
    with sandbox.store.transaction() as db:
        mails, more = mailbox.page(db, int(limit), after=after, before=before)
    left_out = ("html", "text")
    data = [{k: v for k, v in _email(mail).items() if k not in left_out} for mail in mails]
    return _answer(200, {"object": "list", "has_more": more, "data": data})


async def _domains(request: Request) -> Response:
    """One verified domain: the one that mail is sent from."""
    sandbox = context.of(request)
    try:
        _check_key(request, sandbox.settings.effective_resend_key)
    except ResendError as refusal:
        return _answer(refusal.status, refusal.body)
    domain = {
        "id": "d91cd9bd-1176-453e-8fc1-35364d380206",
        "name": parseaddr(sandbox.settings.mail_from)[1].partition("@")[2].lower(),
        "status": "verified",
        "created_at": "2026-01-01 00:00:00.000000+00",
        "region": "eu-west-1",
    }
    return _answer(200, {"object": "list", "has_more": False, "data": [domain]})


async def _unblock(request: Request) -> Response:
    """Take an address off the list of those that nothing is sent to."""
    sandbox = context.of(request)
    try:
        _check_key(request, sandbox.settings.effective_resend_key)
    except ResendError as refusal:
        return _answer(refusal.status, refusal.body)
    with sandbox.store.transaction() as db:
        entry = resend_events.unblock(db, request.path_params["address"])
    if not entry:
        return _answer(404, ResendError(404, "not_found", "Suppression not found").body)
    return _answer(200, {"object": "suppression", "id": entry, "deleted": True})


async def _unknown(_request: Request) -> Response:
    refusal = ResendError(404, "not_found", "The requested endpoint does not exist.")
    return _answer(404, refusal.body)


def routes() -> list[Route]:
    """Resend's API under /resend."""
    return [
        _post("/emails", _send),
        _post("/emails/batch", _send_batch),
        Route("/resend/emails", _list, methods=["GET"]),
        Route("/resend/emails/{id}", _retrieve, methods=["GET"]),
        Route("/resend/domains", _domains, methods=["GET"]),
        Route("/resend/suppressions/{address}", _unblock, methods=["DELETE"]),
        Route("/resend/{path:path}", _unknown, methods=["GET", "POST", "PATCH", "DELETE"]),
    ]
