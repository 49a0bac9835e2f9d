"""What tests and the seeding ask of the Agora simulator; people use its page instead."""

from __future__ import annotations

import base64
import sqlite3
from typing import Any

from starlette.routing import Route

from mentorships.sandbox import (
    agora_events,
    agora_recorder,
    agora_uploads,
    clock,
    control_deliveries,
    store,
)
from mentorships.sandbox.control import Asked, BadControl, control, number
from mentorships.sandbox.store import Filter, Json, Record
from services.config import Settings

_MOST = 1_000
_CONTENTS = ("whole", "empty", "cut")
_APP = {"enabled": bool, "limit": int, "per_second": int, "repeats": int}


def checked(body: Json) -> Json:
    """Changes of a recorder's behaviour, which must make sense.

    Raises:
        BadControl
    """
    for name, value in body.items():
        if name not in agora_recorder.USUAL:
            raise BadControl(f"{name} must be one of {', '.join(agora_recorder.USUAL)}.")
        usual = agora_recorder.USUAL[name]
        if name == "content" and value not in _CONTENTS:
            raise BadControl(f"content must be one of {', '.join(_CONTENTS)}.")
        if isinstance(usual, bool) != isinstance(value, bool):
            raise BadControl(
                f"{name} must {'' if isinstance(usual, bool) else 'not '}be true or false."
            )
        if isinstance(usual, str | bool) or value is None:
            continue
        if number(body, name) < 0:
            raise BadControl(f"{name} must not be negative.")
    return body


def shown(recording: Record, now: int) -> Json:
    """A recording with all that is known of it, but the bucket's secret."""
    body = dict(recording.body)
    storage = {name: value for name, value in body["storage"].items() if name != "secretKey"}
    number_ = agora_recorder.status(recording, now)
    return {
        **body,
        "storage": storage,
        "answers": number_,
        "behaviour": recording.extra["behaviour"],
    }


async def _recordings(asked: Asked) -> list[Json]:
    with asked.sandbox.store.transaction() as db:
        found, _ = store.listed(db, agora_recorder.RECORDING, Filter(), _MOST)
        return [shown(each, clock.now(db)) for each in found]


def _one(db: sqlite3.Connection, asked: Asked) -> Record:
    return store.get(db, agora_recorder.RECORDING, str(asked.path["sid"]))


async def _recording(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        return shown(_one(db, asked), clock.now(db))


async def _behaviour(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        return agora_recorder.choose(db, checked(asked.body))


async def _change(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        recording = _one(db, asked)
        recording.extra["behaviour"] |= checked(asked.body)
        store.save(db, recording)
        return shown(recording, clock.now(db))


async def _empty(asked: Asked) -> Json:
    with asked.sandbox.store.transaction() as db:
        recording = _one(db, asked)
        agora_recorder.empty(db, recording, is_empty=asked.body.get("empty", True) is True)
        return shown(recording, clock.now(db))


async def _app(asked: Asked) -> Json:
    for name, value in asked.body.items():
        known: Any = _APP.get(name)
        if known is None or type(value) is not known:
            raise BadControl(f"An app has the fields {', '.join(_APP)}, which must fit.")
    with asked.sandbox.store.transaction() as db:
        return agora_recorder.set_app(db, asked.body)


async def _settle(asked: Asked) -> list[Json]:
    await agora_uploads.settle(asked.sandbox)
    return await _recordings(asked)


async def _signed(asked: Asked) -> Json:
    secret = asked.sandbox.settings.effective_agora_webhook_secret
    if "base64" in asked.body:
        content = base64.b64decode(str(asked.body["base64"]))
    else:
        content = str(asked.body.get("body", "")).encode()
    return dict(agora_events.signed(content, secret))


async def _examine(asked: Asked) -> Json:
    return await agora_events.examine(asked.sandbox)


def _sweep(db: sqlite3.Connection, _settings: Settings) -> None:
    agora_recorder.sweep(db)


def routes() -> list[Route]:
    """The recorders, the app, the notifications."""
    base = "/control/agora"
    return [
        Route(f"{base}/recordings", control(_recordings), methods=["GET"]),
        Route(f"{base}/recordings/{{sid}}", control(_recording), methods=["GET"]),
        Route(f"{base}/recordings/{{sid}}", control(_change), methods=["POST"]),
        Route(f"{base}/recordings/{{sid}}/empty", control(_empty), methods=["POST"]),
        Route(f"{base}/behaviour", control(_behaviour), methods=["POST"]),
        Route(f"{base}/app", control(_app), methods=["POST"]),
        Route(f"{base}/settle", control(_settle), methods=["POST"]),
        Route(f"{base}/signed", control(_signed), methods=["POST"]),
        Route(f"{base}/examine", control(_examine), methods=["POST"]),
        *control_deliveries.routes(agora_events.COURIER, _sweep),
    ]
