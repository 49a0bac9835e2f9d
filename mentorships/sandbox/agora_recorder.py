"""Recorders over time: they join, move, break, run idle and leave; then their files are written.

A recording's `status` is live until everything about it has happened. Times are the simulators'.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any, Literal

from mentorships.sandbox import agora_events, clock, store
from mentorships.sandbox.agora_params import SUPPORTED, Start
from mentorships.sandbox.store import Filter, Json, Record

RESOURCE, RECORDING = "agora_resource", "agora_recording"
RESERVED_SECONDS = 300
SHOWN_SECONDS = 5
"""How long a recorder can still be asked about when its files are there."""
MOST_RECORDERS = 50
_ALL = 10_000
_BEHAVIOUR, _APP = "agora behaviour", "agora app"

USUAL: Json = {
    "sends": True,
    "joins": True,
    "joining_seconds": 2,
    "moves_after": None,
    "moving_seconds": 15,
    "breaks_after": None,
    "stop_seconds": 0,
    "parts": 1,
    "slices": 2,
    "late_seconds": 0,
    "content": "whole",
    "bytes": 0,
    "shuffled": False,
}
"""How a recorder behaves: whether anybody sends a picture; whether, and how soon, it joins; when it
moves to another server, and how long that takes; when it breaks; how long it takes to leave when it
is told to; how many films and slices it writes, how much later than usual, and whether they are
whole, empty or cut; how large a film is at least; whether its notifications overtake each other."""

Todo = Literal["", "first", "rest"]


def behaviour(db: sqlite3.Connection) -> Json:
    """How recorders behave that are started from now on."""
    return {**USUAL, **(store.read_meta(db, _BEHAVIOUR) or {})}


def choose(db: sqlite3.Connection, changes: Json) -> Json:
    """Let recorders behave like this from now on; {} for as usual."""
    store.write_meta(db, _BEHAVIOUR, changes)
    return behaviour(db)


def app(db: sqlite3.Connection) -> Json:
    """What the app may do: `enabled`, `limit` recorders at a time, `per_second` requests (0: any
    number; Agora's own is ten), `repeats` requests that are not completed."""
    usual: Json = {"enabled": True, "limit": MOST_RECORDERS, "per_second": 0, "repeats": 0}
    return {**usual, **(store.read_meta(db, _APP) or {})}


def set_app(db: sqlite3.Connection, changes: Json) -> Json:
    """Change what the app may do."""
    store.write_meta(db, _APP, {**app(db), **changes})
    return app(db)


def reserve(db: sqlite3.Connection, channel: str, uid: str) -> Record:
    """A new resource id."""
    body: Json = {
        "id": secrets.token_urlsafe(48),
        "created": clock.now(db),
        "status": "free",
        "cname": channel,
        "uid": uid,
    }
    return store.add(db, Record(RESOURCE, body))


def live(db: sqlite3.Connection) -> list[Record]:
    """The recordings that something may still happen to, oldest first."""
    found, _ = store.listed(db, RECORDING, Filter(status="live"), _ALL)
    return found[::-1]


def begin(
    db: sqlite3.Connection,
    reserved: Record,
    asked: Start,
    *,
    problem: str,
    token_ends: int,
) -> Record:
    """A recorder on its way into a channel; `problem` says why it will not be let in."""
    body: Json = {
        "id": secrets.token_hex(16),
        "created": clock.now(db),
        "status": "live",
        "cname": reserved.body["cname"],
        "uid": reserved.body["uid"],
        "resource": reserved.id,
        "storage": asked.storage,
        "prefix": asked.prefix,
        "formats": list(asked.formats),
        "max_idle": asked.max_idle,
        "problem": problem or _no_storage(asked),
        "token_ends": token_ends,
        "joined_at": None,
        "moved_at": None,
        "stop_at": None,
        "empty_at": None,
        "left_at": None,
        "broken": False,
        "uploaded_at": None,
        "todo": "",
        "due": 0,
        "failures": 0,
        "trouble": "",
        "files": [],
    }
    reserved.body["status"] = "used"
    store.save(db, reserved)
    extra: Json = {"behaviour": behaviour(db), "sequence": 0}
    return store.add(db, Record(RECORDING, body, parent=reserved.id, extra=extra))


def _no_storage(asked: Start) -> str:
    known = asked.storage["vendor"] in SUPPORTED
    return "" if known else "this simulator writes to vendors 1 and 11 only"


def status(recording: Record, now: int) -> int | None:
    """The number that a query answers; None for 404."""
    body, acts = recording.body, recording.extra["behaviour"]
    if body["problem"] or not acts["joins"] or _moves(body, acts, now):
        return None
    if body["left_at"] is not None:
        # Files that come late do so after the recorder is long forgotten.
        unwritten = body["left_at"] if acts["late_seconds"] else now
        since = unwritten if body["uploaded_at"] is None else body["uploaded_at"]
        if now - since > SHOWN_SECONDS:
            return None
        gone = 20 if body["broken"] else 7
        return gone if body["uploaded_at"] is not None or body["broken"] else 6
    if body["stop_at"] is not None:
        return 6
    age = now - body["created"]
    if age < acts["joining_seconds"]:
        return 1 + 3 * age // acts["joining_seconds"]
    return 5 if acts["sends"] else 4


def _moves(body: Json, acts: Json, now: int) -> bool:
    """Whether it is on its way to another server."""
    if acts["moves_after"] is None or body["left_at"] is not None:
        return False
    begun = body["created"] + acts["moves_after"]
    return begun <= now < begun + acts["moving_seconds"]


def is_there(recording: Record, now: int) -> bool:
    """Whether it can be told to stop."""
    return recording.body["left_at"] is None and status(recording, now) is not None


def has_nothing(recording: Record) -> bool:
    """Whether it has recorded nothing: it was not in the channel, or nobody sent anything."""
    return recording.body["joined_at"] is None or not recording.extra["behaviour"]["sends"]


def stop(db: sqlite3.Connection, recording: Record) -> None:
    """Tell it to leave; who has recorded nothing is gone at once."""
    recording.body["stop_at"] = clock.now(db)
    store.save(db, recording)
    _advance(db, recording, clock.now(db))


def empty(db: sqlite3.Connection, recording: Record, *, is_empty: bool) -> None:
    """Everybody leaves the channel, or somebody comes back."""
    recording.body["empty_at"] = clock.now(db) if is_empty else None
    store.save(db, recording)


def sweep(db: sqlite3.Connection, *_: Any) -> None:
    """Let happen what is due by now."""
    now = clock.now(db)
    for recording in live(db):
        _advance(db, recording, now)


def _advance(db: sqlite3.Connection, recording: Record, now: int) -> None:
    body, acts = recording.body, recording.extra["behaviour"]
    if body["left_at"] is not None:
        return
    age = now - body["created"]
    if age >= acts["joining_seconds"] and body["joined_at"] is None:
        if body["problem"] or not acts["joins"]:
            _fail(db, recording, now)
            return
        _join(db, recording, now)
    if acts["moves_after"] is not None and age >= acts["moves_after"] and not body["moved_at"]:
        body["moved_at"] = now
        uid = str(secrets.randbelow(2**31) + 1)
        agora_events.tell(db, recording, 12, now, newUid=int(uid))
    _maybe_leave(db, recording, now)


def _join(db: sqlite3.Connection, recording: Record, now: int) -> None:
    body = recording.body
    body["joined_at"] = now
    agora_events.tell(db, recording, 40, now)
    agora_events.tell(db, recording, 30, now, status=0)
    if recording.extra["behaviour"]["sends"]:
        body["todo"], body["due"] = "first", now
        agora_events.tell(db, recording, 42, now, startUtcMs=str(now * 1000))
    store.save(db, recording)


def _fail(db: sqlite3.Connection, recording: Record, now: int) -> None:
    """It cannot get into the channel."""
    recording.body |= {"left_at": now, "status": "over"}
    why = recording.body["problem"] or "join channel failed"
    agora_events.tell(
        db, recording, 1, now, module=0, errorLevel=4, errorCode=110, errorMsg=why, stat=0
    )
    agora_events.tell(db, recording, 11, now, exitStatus=1)
    store.save(db, recording)


def _maybe_leave(db: sqlite3.Connection, recording: Record, now: int) -> None:
    body, acts = recording.body, recording.extra["behaviour"]
    reasons: list[tuple[int, int]] = [(body["token_ends"], 2)]
    if body["stop_at"] is not None:
        reasons.append((body["stop_at"] + acts["stop_seconds"], 16))
    if body["empty_at"] is not None:
        reasons.append((body["empty_at"] + body["max_idle"], 4))
    if acts["breaks_after"] is not None:
        reasons.append((body["created"] + acts["breaks_after"], 0))
    at, code = min(reasons)
    if at > now:
        return
    body["left_at"], body["broken"] = at, code == 0
    if not body["broken"]:
        agora_events.tell(db, recording, 41, now, leaveCode=code)
    if has_nothing(recording):
        body |= {"status": "over", "uploaded_at": at, "todo": ""}
        agora_events.tell(db, recording, 11, now, exitStatus=0)
    else:
        body |= {"todo": "rest", "due": at + acts["late_seconds"], "failures": 0}
        if acts["late_seconds"]:
            agora_events.tell(db, recording, 32, now, status=0, fileList=[])
    store.save(db, recording)


def listing(recording: Record) -> list[Json]:
    """The files as Agora tells of them."""
    body = recording.body
    begun = body["joined_at"] or body["created"]
    return [
        {
            "fileName": name,
            "trackType": "audio_and_video",
            "uid": "0",
            "mixedAllUser": True,
            "isPlayable": True,
            "sliceStartTime": begun * 1000,
        }
        for name in body["files"]
    ]


def written(db: sqlite3.Connection, recording: Record, todo: Todo, names: list[str]) -> None:
    """What was to be written is in the bucket."""
    now, body = clock.now(db), recording.body
    body |= {"files": names, "failures": 0, "trouble": ""}
    if body["todo"] == todo:  # it may have left meanwhile, so that there is more to write
        body["todo"] = ""
    if todo == "rest":
        body |= {"uploaded_at": now, "status": "over"}
        agora_events.tell(db, recording, 31, now, status=0, fileList=listing(recording))
        agora_events.tell(db, recording, 11, now, exitStatus=int(body["broken"]))
    store.save(db, recording)


def not_written(db: sqlite3.Connection, recording: Record, why: str) -> None:
    """The bucket did not take it: it is kept here, which is told once, and tried again."""
    body = recording.body
    body["failures"] += 1
    body |= {"trouble": why, "due": clock.now(db) + min(5 * body["failures"], 60)}
    if body["failures"] == 1 and body["todo"] == "rest":
        agora_events.tell(db, recording, 32, clock.now(db), status=1, fileList=[])
    store.save(db, recording)
