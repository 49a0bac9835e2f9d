"""Agora's notifications: what they say, and how they are signed (VENDORS.md, Notifications)."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import sqlite3
import time
import uuid
from dataclasses import replace

import httpx

from mentorships.sandbox import deliveries, store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.deliveries import Courier, Delivery
from mentorships.sandbox.store import Json, Record

VENDOR = "agora"
RECORDING = 3
NAMES = {
    1: "cloud_recording_error",
    2: "cloud_recording_warning",
    11: "session_exit",
    12: "session_failover",
    30: "uploader_started",
    31: "uploaded",
    32: "backuped",
    40: "recorder_started",
    41: "recorder_leave",
    42: "recorder_slice_start",
}
_SERVICE = {1: 0, 2: 0, 11: 0, 12: 0, 30: 2, 31: 2, 32: 2, 40: 1, 41: 1, 42: 1}
_SHUFFLED_SECONDS = 1.5
_EXAMINED_SECONDS = 10.0


def _body(kind: int, payload: Json) -> Json:
    return {
        "noticeId": str(uuid.uuid4()),
        "productId": RECORDING,
        "eventType": kind,
        "notifyMs": int(time.time() * 1000),
        "payload": payload,
    }


def tell(db: sqlite3.Connection, recording: Record, kind: int, now: int, **details: object) -> None:
    """One notification about a recorder; `now` is the simulators' present."""
    recording.extra["sequence"] += 1
    payload: Json = {
        "cname": recording.body["cname"],
        "uid": recording.body["uid"],
        "sid": recording.id,
        "sequence": recording.extra["sequence"],
        "sendts": now * 1000,
        "serviceType": _SERVICE[kind],
        "details": {"msgName": NAMES[kind], **details},
    }
    event = _body(kind, payload)
    plan = deliveries.default_plan(db, VENDOR)
    if recording.extra["behaviour"]["shuffled"] and plan.mode == "now":
        plan = replace(plan, mode="late", seconds=random.uniform(0, _SHUFFLED_SECONDS))  # noqa: S311  # no secret
    deliveries.queue(db, VENDOR, event, NAMES[kind], recording.id, plan, event_id=event["noticeId"])
    store.save(db, recording)


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a notification."""
    key = secret.encode()
    return {
        "content-type": "application/json",
        "agora-signature": hmac.new(key, body, hashlib.sha1).hexdigest(),
        "agora-signature-v2": hmac.new(key, body, hashlib.sha256).hexdigest(),
    }


def _address(sandbox: Sandbox) -> str:
    return f"{sandbox.settings.public_url}/api/webhooks/agora"


def _headers(sandbox: Sandbox, delivery: Delivery, _signed_at: int | None) -> dict[str, str]:
    return signed(delivery.body, sandbox.settings.effective_agora_webhook_secret)


COURIER = Courier(VENDOR, _address, _headers)


async def examine(sandbox: Sandbox) -> Json:
    """The console's health check: a test event of every kind, each of which must be answered 200
    with JSON. What came back, by the event's name."""
    answers: dict[str, int] = {}
    read = True
    async with httpx.AsyncClient(timeout=_EXAMINED_SECONDS, trust_env=False) as client:
        for kind, name in NAMES.items():
            payload: Json = {"cname": "test_webhook", "uid": "1", "sid": "test_webhook"}
            body = json.dumps(_body(kind, {**payload, "details": {"msgName": name}})).encode()
            headers = signed(body, sandbox.settings.effective_agora_webhook_secret)
            try:
                answer = await client.post(_address(sandbox), content=body, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL):
                answers[name], read = 0, False
                continue
            answers[name] = answer.status_code
            read = read and "json" in answer.headers.get("content-type", "")
    return {"answers": answers, "taken": read and set(answers.values()) == {200}}
