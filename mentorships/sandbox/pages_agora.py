"""The recorders of the simulated Agora: who records what, and what a person lets go wrong there."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import agora_events, agora_recorder, clock, context, deliveries, store
from mentorships.sandbox.agora_events import VENDOR
from mentorships.sandbox.deliveries import MODES, Plan
from mentorships.sandbox.pages import (
    foreign,
    form,
    not_found,
    page,
    see_other,
    webhook_choices,
)
from mentorships.sandbox.store import Filter, Json, Record

_HOME = "/sandbox/agora"
_MOST = 100


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way in which recorders behave, in words and in what differs from the usual."""

    words: str
    changes: Json


SCENARIOS = {
    "usual": Scenario("record what is said and shown", {}),
    "silent": Scenario("find that nobody sends sound or a picture", {"sends": False}),
    "locked": Scenario("never get into the call", {"joins": False}),
    "moving": Scenario("move to another server after ten seconds", {"moves_after": 10}),
    "parts": Scenario("write three films instead of one", {"parts": 3}),
    "late": Scenario("write their files a minute late", {"late_seconds": 60}),
    "slow": Scenario("leave half a minute after they are told to", {"stop_seconds": 30}),
    "breaking": Scenario("break after twenty seconds", {"breaks_after": 20}),
    "empty": Scenario("write empty files", {"content": "empty"}),
    "cut": Scenario("write files of which half is missing", {"content": "cut"}),
    "shuffled": Scenario("send notifications that overtake each other", {"shuffled": True}),
}
_WORDS = {
    None: ("not to be found", " warning"),
    1: ("is being set up", ""),
    2: ("is being set up", ""),
    3: ("is being set up", ""),
    4: ("in the call, and hears nobody", " warning"),
    5: ("records", " good"),
    6: ("is leaving", ""),
    7: ("has left", ""),
    20: ("broke", " bad"),
}


def _state(recording: Record, now: int) -> tuple[str, str]:
    body = recording.body
    if body["broken"]:
        return _WORDS[20]
    if body["status"] == "over":
        there = body["uploaded_at"] is not None
        return ("over", "") if there else ("never got into the call", " bad")
    return _WORDS[agora_recorder.status(recording, now)]


def _row(recording: Record, now: int) -> Json:
    words, tone = _state(recording, now)
    body = recording.body
    return {
        "id": recording.id,
        "channel": body["cname"],
        "begun": body["created"],
        "state": words,
        "tone": tone,
        "files": [PurePosixPath(name).name for name in body["files"]],
        "bucket": body["storage"]["bucket"],
        "prefix": body["prefix"],
        "trouble": body["trouble"] or body["problem"],
        "live": body["left_at"] is None,
        "is_empty": body["empty_at"] is not None,
    }


def _scenario(db: sqlite3.Connection) -> str:
    present = agora_recorder.behaviour(db)
    for name, scenario in SCENARIOS.items():
        if present == {**agora_recorder.USUAL, **scenario.changes}:
            return name
    return ""


async def _recorders(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        agora_recorder.sweep(db)
        found, _ = store.listed(db, agora_recorder.RECORDING, Filter(), _MOST)
        present = _scenario(db)
        values: dict[str, object] = {
            "recordings": [_row(each, clock.now(db)) for each in found],
            "scenarios": [(name, each.words, name == present) for name, each in SCENARIOS.items()],
            "webhooks": webhook_choices(db, VENDOR),
            "app": agora_recorder.app(db),
            "examined": request.query_params.get("examined", ""),
        }
    return page(request, "agora.html", values)


async def _recording(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        found = store.find(db, agora_recorder.RECORDING, request.path_params["sid"])
        if found is None:
            return not_found(request, "This recorder")
        values: dict[str, object] = {
            "one": _row(found, clock.now(db)),
            "deliveries": deliveries.of_subject(db, found.id),
        }
    return page(request, "agora_recorder.html", values)


def _leave(db: sqlite3.Connection, recording: Record, _fields: dict[str, str]) -> None:
    there = recording.body["empty_at"] is None
    agora_recorder.empty(db, recording, is_empty=there)


def _break(db: sqlite3.Connection, recording: Record, _fields: dict[str, str]) -> None:
    _from_now(db, recording, "breaks_after")


def _move(db: sqlite3.Connection, recording: Record, _fields: dict[str, str]) -> None:
    _from_now(db, recording, "moves_after")


def _from_now(db: sqlite3.Connection, recording: Record, name: str) -> None:
    age = clock.now(db) - recording.body["created"]
    recording.extra["behaviour"][name] = age
    store.save(db, recording)
    agora_recorder.sweep(db)


def _again(db: sqlite3.Connection, recording: Record, fields: dict[str, str]) -> None:
    deliveries.send_again(db, recording.id, fields.get("delivery", ""))


Act = Callable[[sqlite3.Connection, Record, dict[str, str]], None]


def _action(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A button of one recorder: do it, and show it again."""

    async def route(request: Request) -> Response:
        refused = foreign(request)
        if refused is not None:
            return refused
        sandbox, fields = context.of(request), await form(request)
        sid: str = request.path_params["sid"]
        try:
            with sandbox.store.transaction() as db:
                act(db, store.get(db, agora_recorder.RECORDING, sid), fields)
        except LookupError:
            return not_found(request, "This recorder")
        sandbox.bell.set()
        return see_other(f"{_HOME}/recorders/{sid}")

    return route


async def _choose(request: Request) -> Response:
    """How recorders behave from now on, and what becomes of their notifications."""
    refused = foreign(request)
    if refused is not None:
        return refused
    fields = await form(request)
    with context.of(request).store.transaction() as db:
        if fields.get("scenario") in SCENARIOS:
            agora_recorder.choose(db, SCENARIOS[fields["scenario"]].changes)
        if fields.get("webhooks") in MODES:
            deliveries.set_default_plan(db, VENDOR, Plan(fields["webhooks"]))  # pyright: ignore[reportArgumentType]  # one of them
    return see_other(_HOME)


async def _app(request: Request) -> Response:
    """Recording is switched off for the app, or on again."""
    refused = foreign(request)
    if refused is not None:
        return refused
    with context.of(request).store.transaction() as db:
        agora_recorder.set_app(db, {"enabled": not agora_recorder.app(db)["enabled"]})
    return see_other(_HOME)


async def _examine(request: Request) -> Response:
    """The health check of Agora's console."""
    refused = foreign(request)
    if refused is not None:
        return refused
    found = await agora_events.examine(context.of(request))
    return see_other(f"{_HOME}?examined={'taken' if found['taken'] else 'refused'}")


def routes() -> list[Route]:
    """The recorders, and one of them."""
    one = f"{_HOME}/recorders/{{sid}}"
    acts: dict[str, Act] = {"leave": _leave, "break": _break, "move": _move, "again": _again}
    return [
        Route(_HOME, _recorders, methods=["GET"]),
        Route(f"{_HOME}/choose", _choose, methods=["POST"]),
        Route(f"{_HOME}/app", _app, methods=["POST"]),
        Route(f"{_HOME}/examine", _examine, methods=["POST"]),
        Route(one, _recording, methods=["GET"]),
        *(Route(f"{one}/{name}", _action(act), methods=["POST"]) for name, act in acts.items()),
    ]
