"""Google's push channels: a message without a body to our address, for every change of a calendar.

Not reliable, as the vendor says (VENDORS.md): a message may come twice or never. Undelivered ones
are in the store, so that a restarted simulator goes on with them.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal, get_args
from urllib.parse import urlsplit

import httpx

from mentorships.sandbox import clock, store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.google_errors import GoogleError, invalid, not_found, required
from mentorships.sandbox.store import Json, Record

CHANNEL, PUSH = "google_channel", "google_push"
LONGEST_SECONDS = 7 * 24 * 3600
BACK_OFF = (1, 5, 30, 120, 600)
_TIMEOUT = 10.0
_TICK = 0.2
_RETRIED = {500, 502, 503, 504}

Mode = Literal["now", "twice", "never", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)


def mode(db: sqlite3.Connection) -> Mode:
    """What happens to pushes."""
    return store.read_meta(db, "google_pushes") or "now"


def set_mode(db: sqlite3.Connection, wanted: Mode) -> None:
    """Choose what happens to pushes from now on."""
    store.write_meta(db, "google_pushes", wanted)


def watch(db: sqlite3.Connection, calendar: Record, body: Json, public_url: str, uri: str) -> Json:
    """Open a channel; its first message says `sync`.

    Raises:
        GoogleError: 400 a wrong or used id, a wrong address; 401 an address of somebody else's.
    """
    channel_id, address = body.get("id"), body.get("address")
    if not isinstance(channel_id, str) or not 1 <= len(channel_id) <= 64:
        raise required("Channel id must be 1 to 64 characters.")
    if body.get("type") != "web_hook":
        raise invalid("Unknown channel type.")
    if not isinstance(address, str) or len(str(body.get("token") or "")) > 256:
        raise invalid("Invalid channel address or token.")
    parts, ours = urlsplit(address), urlsplit(public_url)
    # Google takes https alone. The product on this machine may have none.
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise invalid("WebHook callback must be HTTPS: " + address)
    if parts.netloc != ours.netloc:
        raise GoogleError(401, "webhookUrlUnauthorized", "Unauthorized WebHook callback channel")
    if store.find(db, CHANNEL, f"channel:{channel_id}") is not None:
        raise GoogleError(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")
    now = clock.now(db)
    ends = min(
        int(body.get("expiration") or 0) // 1000 or now + LONGEST_SECONDS, now + LONGEST_SECONDS
    )
    told: Json = {
        "id": f"channel:{channel_id}",
        "created": now,
        "status": "open",
        "channel": channel_id,
        "resource": secrets.token_urlsafe(20),
        "uri": uri,
        "calendar": calendar.body["calendar"],
        "account": calendar.body["account"],
        "address": address,
        "token": str(body.get("token") or ""),
        "ends": ends,
        "number": 0,
    }
    channel = store.add(db, Record(CHANNEL, told, parent=calendar.body["calendar"]))
    _push(db, channel, "sync")
    return {
        "kind": "api#channel",
        "id": channel_id,
        "resourceId": told["resource"],
        "resourceUri": uri,
        "token": told["token"],
        "expiration": str(ends * 1000),
    }


def stop(db: sqlite3.Connection, email: str, body: Json) -> None:
    """Close a channel.

    Raises:
        GoogleError: there is no such channel of this account (404).
    """
    found = store.find(db, CHANNEL, f"channel:{body.get('id')}")
    if (
        found is None
        or found.body["resource"] != body.get("resourceId")
        or found.body["account"] != email
        or found.body["status"] != "open"
    ):
        raise not_found()
    found.body["status"] = "stopped"
    store.save(db, found)


def close_all(db: sqlite3.Connection, email: str) -> None:
    """The account took its consent back: nothing is told any more."""
    for each in of_account(db, email):
        if each.body["status"] == "open":
            each.body["status"] = "stopped"
            store.save(db, each)


def of_account(db: sqlite3.Connection, email: str) -> list[Record]:
    """An account's channels, newest first."""
    found, _ = store.listed(db, CHANNEL, store.Filter(), 1000)
    return [each for each in found if each.body["account"] == email]


def tell(db: sqlite3.Connection, calendar: Record) -> None:
    """Something in the calendar has changed: tell every open channel."""
    for channel in store.children(db, CHANNEL, calendar.body["calendar"]):
        if channel.body["status"] == "open" and channel.body["ends"] > clock.now(db):
            _push(db, channel, "exists")


def _push(db: sqlite3.Connection, channel: Record, state: str) -> None:
    told = channel.body
    told["number"] += 1
    store.save(db, channel)
    ends = datetime.fromtimestamp(told["ends"], UTC)
    headers = {
        "X-Goog-Channel-ID": told["channel"],
        "X-Goog-Channel-Expiration": format_datetime(ends, usegmt=True),
        "X-Goog-Message-Number": str(told["number"]),
        "X-Goog-Resource-ID": told["resource"],
        "X-Goog-Resource-State": state,
        "X-Goog-Resource-URI": told["uri"],
    }
    if told["token"]:
        headers["X-Goog-Channel-Token"] = told["token"]
    usual = mode(db)
    for _ in range(2 if usual == "twice" else 1):
        push: Json = {
            "id": f"push:{secrets.token_hex(8)}",
            "created": clock.now(db),
            "status": {"never": "never", "hold": "held"}.get(usual, "pending"),
            "channel": told["channel"],
            "address": told["address"],
            "headers": headers,
            "attempts": 0,
            "next_at": time.time(),
            "result": "",
        }
        store.add(db, Record(PUSH, push, parent=told["account"]))


def pushes(db: sqlite3.Connection, email: str) -> list[Json]:
    """The pushes about an account's calendars, newest first."""
    return [record.body for record in store.children(db, PUSH, email)]


def send_again(db: sqlite3.Connection, push_id: str) -> None:
    """Send a push (once more), at once.

    Raises:
        LookupError: there is none of that id.
    """
    push = store.get(db, PUSH, push_id)
    push.body |= {"status": "pending", "attempts": 0, "next_at": time.time()}
    store.save(db, push)


def release(db: sqlite3.Connection) -> None:
    """Send everything that is held."""
    held, _ = store.listed(db, PUSH, store.Filter(status="held"), 10_000)
    for push in held:
        send_again(db, push.id)


async def _attempt(sandbox: Sandbox, client: httpx.AsyncClient, push: Record) -> None:
    try:
        answer = await client.post(push.body["address"], headers=push.body["headers"])
        accepted, again = answer.is_success, answer.status_code in _RETRIED
        result = f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        accepted, again, result = False, True, type(error).__name__
    with sandbox.store.transaction() as db:
        attempts = push.body["attempts"] + 1
        again = again and not accepted and attempts <= len(BACK_OFF)
        push.body |= {
            "status": "delivered" if accepted else "pending" if again else "failed",
            "attempts": attempts,
            "next_at": time.time() + (BACK_OFF[attempts - 1] if again else 0),
            "result": result,
        }
        store.save(db, push)


async def deliver(sandbox: Sandbox) -> None:
    """Send what is due, oldest first; with nothing due, wait a moment."""
    async with sandbox.sending:
        with sandbox.store.transaction() as db:
            waiting, _ = store.listed(db, PUSH, store.Filter(status="pending"), 64)
        due = [push for push in waiting if push.body["next_at"] <= time.time()][::-1]
        if due:
            # Reached directly: a proxy of the environment has no way to a loopback address.
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                for push in due:
                    await _attempt(sandbox, client, push)
    if not due:
        await asyncio.sleep(_TICK)
