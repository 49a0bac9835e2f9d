"""Agora's Cloud Recording over HTTP: the customer, the pace, faults, error bodies.

The paths are Agora's, below /agora: acquire, start, query and stop, in mix mode.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    agora_errors,
    agora_params,
    agora_recorder,
    agora_tokens,
    clock,
    context,
    faults,
    store,
)
from mentorships.sandbox.agora_errors import AgoraError
from mentorships.sandbox.agora_tokens import BadToken
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.faults import Dropped, Fault
from mentorships.sandbox.store import Json, Record
from services.config import Settings

_API = "/agora"
_APP = "/v1/apps/{app}/cloud_recording"
_RECORDER = f"{_APP}/resourceid/{{resource}}/sid/{{sid}}/mode/{{mode}}"
_LARGEST_BODY = 100_000
_MIX = "mix"
_JSON = "application/json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be made."""

    db: sqlite3.Connection
    settings: Settings
    path: dict[str, str]
    body: Json

    @property
    def names(self) -> Json:
        """What is repeated in every answer about a recorder."""
        channel, uid = agora_params.names(self.body)
        return {"cname": channel, "uid": uid, "resourceId": self.path["resource"]}


def _acquire(call: Call) -> Json:
    channel, uid = agora_params.names(call.body)
    agora_params.acquire(call.body)
    reserved = agora_recorder.reserve(call.db, channel, uid)
    return {"cname": channel, "uid": uid, "resourceId": reserved.id}


def _reserved(call: Call) -> Record:
    found = store.find(call.db, agora_recorder.RESOURCE, call.path["resource"])
    if found is None:
        raise agora_errors.unreadable()
    return found


def _start(call: Call) -> Json:
    names, reserved = call.names, _reserved(call)
    if (names["cname"], names["uid"]) != (reserved.body["cname"], reserved.body["uid"]):
        raise agora_errors.mismatch()
    asked = agora_params.start(call.body)
    if reserved.body["status"] == "used":
        raise agora_errors.running(names)
    if clock.now(call.db) - reserved.body["created"] > agora_recorder.RESERVED_SECONDS:
        raise agora_errors.expired()
    inside = [each.body for each in agora_recorder.live(call.db) if each.body["left_at"] is None]
    if (names["cname"], names["uid"]) in {(each["cname"], each["uid"]) for each in inside}:
        raise agora_errors.uid_taken()
    if len(inside) >= agora_recorder.app(call.db)["limit"]:
        raise agora_errors.too_many()
    problem, ends = _admitted(call, asked.token, names)
    begun = agora_recorder.begin(call.db, reserved, asked, problem=problem, token_ends=ends)
    return {**names, "sid": begun.id}


def _admitted(call: Call, token: str, names: Json) -> tuple[str, int]:
    """Why the recorder will not get into the channel, and when its token ends. Agora finds that out
    only when it tries."""
    now = clock.now(call.db)
    try:
        found = agora_tokens.read(token, call.settings.effective_agora_app_certificate)
    except BadToken as error:
        return str(error), now
    app_id = call.settings.effective_agora_app_id
    problem = agora_tokens.admits(
        found, app_id=app_id, channel=names["cname"], uid=names["uid"], now=now
    )
    return problem, found.ends_at


def _found(call: Call, names: Json, command: str) -> Record:
    if call.path["mode"] != _MIX:
        raise agora_errors.invalid("mode is not that of the recording!")
    found = store.find(call.db, agora_recorder.RECORDING, call.path["sid"])
    if found is None or found.parent != call.path["resource"]:
        raise agora_errors.no_worker(names, command)
    return found


def _query(call: Call) -> Json:
    names: Json = {"resourceId": call.path["resource"], "sid": call.path["sid"]}
    found = _found(call, names, "QueryCloudRecorder")
    names |= {"cname": found.body["cname"], "uid": found.body["uid"]}
    number = agora_recorder.status(found, clock.now(call.db))
    if number is None:
        raise agora_errors.no_worker(names, "QueryCloudRecorder")
    begun = found.body["joined_at"]
    response: Json = {"status": number, **_files(found)}
    if begun is not None:
        response["sliceStartTime"] = begun * 1000
    return {**names, "serverResponse": response}


def _files(found: Record) -> Json:
    listed = agora_recorder.listing(found)
    return {"fileListMode": "json", "fileList": listed} if listed else {}


def _stop(call: Call) -> Json:
    names = {**call.names, "sid": call.path["sid"]}
    at_once = agora_params.stop(call.body)
    found = _found(call, names, "StopCloudRecorder")
    if (names["cname"], names["uid"]) != (found.body["cname"], found.body["uid"]):
        raise agora_errors.mismatch()
    if not agora_recorder.is_there(found, clock.now(call.db)):
        raise agora_errors.no_worker(names, "StopCloudRecorder")
    if found.body["stop_at"] is not None:
        raise agora_errors.stopped_before(names)
    agora_recorder.stop(call.db, found)
    if agora_recorder.has_nothing(found):
        # Kept although it is a refusal: the recorder has left all the same.
        return {**agora_errors.nothing_recorded(names).body, "status": 206}
    return {**names, "serverResponse": {} if at_once else {"uploadingStatus": "unknown"}}


ENDPOINTS: dict[str, Callable[[Call], Json]] = {
    f"POST {_APP}/acquire": _acquire,
    f"POST {_APP}/resourceid/{{resource}}/mode/{{mode}}/start": _start,
    f"GET {_RECORDER}/query": _query,
    f"POST {_RECORDER}/stop": _stop,
}


def _check_sender(request: Request, sandbox: Sandbox) -> None:
    """Agora's gateway: the customer, the app, so many requests a second."""
    chosen = sandbox.settings
    pair = f"{chosen.effective_agora_customer_id}:{chosen.effective_agora_customer_secret}"
    right = f"Basic {base64.b64encode(pair.encode()).decode()}"
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise agora_errors.unauthorized()
    with sandbox.store.transaction() as db:
        most = agora_recorder.app(db)["per_second"]
    present, recent = time.monotonic(), sandbox.video_requests
    while recent and present - recent[0] >= 1:
        recent.popleft()
    if most and len(recent) >= most:
        raise agora_errors.too_fast()
    recent.append(present)
    if request.path_params["app"] != chosen.effective_agora_app_id:
        raise agora_errors.wrong_app()


def _check_app(sandbox: Sandbox, path: dict[str, str]) -> None:
    with sandbox.store.transaction() as db:
        found = agora_recorder.app(db)
        if found["repeats"]:
            agora_recorder.set_app(db, {"repeats": found["repeats"] - 1})
    if not found["enabled"]:
        raise agora_errors.wrong_app()
    if found["repeats"]:
        names = {"resourceId": path.get("resource", ""), "sid": path.get("sid", "")}
        raise agora_errors.not_completed(names)


def _json(request: Request, raw: bytes) -> Json:
    if request.method == "GET":
        return {}
    if request.headers.get("content-type", "").replace(" ", "").lower() != _JSON:
        raise agora_errors.wrong_headers()
    try:
        body: Any = json.loads(raw) if len(raw) <= _LARGEST_BODY else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise agora_errors.wrong_headers()
    return cast(Json, body)


def _done(sandbox: Sandbox, request: Request, endpoint: str, sent: bytes) -> tuple[int, Json]:
    try:
        _check_sender(request, sandbox)
        body, path = _json(request, sent), cast("dict[str, str]", request.path_params)
        _check_app(sandbox, path)
        with sandbox.store.transaction() as db:
            agora_recorder.sweep(db)
            answer = ENDPOINTS[endpoint](Call(db, sandbox.settings, path, body))
    except AgoraError as refusal:
        return refusal.status, refusal.body
    return answer.pop("status", 200), answer


async def _planned(sandbox: Sandbox, request: Request) -> Fault | None:
    """The fault that is due for this request; waits when it is a slow answer."""
    path = request.url.path.removeprefix(_API)
    with sandbox.store.transaction() as db:
        fault = faults.take(db, "agora", request.method, path)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    return fault


def _route(endpoint: str) -> Route:
    method, path = endpoint.split(" ")

    async def handler(request: Request) -> Response:
        sandbox = context.of(request)
        sent = await request.body()
        fault = await _planned(sandbox, request)
        if fault is not None and fault.kind == "drop_before":
            return Dropped()
        if fault is not None and fault.kind == "status":
            refusal = agora_errors.planned(fault.status)
            status, body = refusal.status, refusal.body
        else:
            status, body = _done(sandbox, request, endpoint, sent)
        if fault is not None and fault.kind == "drop_after":
            return Dropped()
        return Response(json.dumps(body), status, media_type="application/json")

    return Route(f"{_API}{path}", handler, methods=[method])


async def _unknown(_request: Request) -> Response:
    refusal = agora_errors.no_route()
    return Response(json.dumps(refusal.body), refusal.status, media_type="application/json")


def routes() -> list[Route]:
    """The API under /agora."""
    everything = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [
        *(_route(endpoint) for endpoint in ENDPOINTS),
        Route("/agora/{path:path}", _unknown, methods=everything),
    ]
