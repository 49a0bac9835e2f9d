"""The simulators' memory: one SQLite file of their own, never the product's database.

Vendor objects are kept as the JSON that the vendor would answer (`body`), beside what only the
simulator knows about them (`extra`) and the moment something becomes due for them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

# Wire JSON: its shape is the vendor's, checked by tests against the vendor's own schema.
Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    parent TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',
    due INTEGER,
    body TEXT NOT NULL,
    extra TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, created, seq);
CREATE INDEX IF NOT EXISTS objects_by_parent ON objects (parent, kind);
CREATE INDEX IF NOT EXISTS objects_due ON objects (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    vendor TEXT NOT NULL DEFAULT 'stripe',
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'held', 'never', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, next_at);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id);
CREATE INDEX IF NOT EXISTS deliveries_by_subject ON deliveries (subject);
CREATE TABLE IF NOT EXISTS idempotency (
    vendor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (vendor, key)
);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    vendor TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    status INTEGER NOT NULL,
    seconds REAL NOT NULL,
    times INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS identities (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# Not the identities: what a vendor signs with does not change because its objects are forgotten.
_TABLES = ("meta", "objects", "deliveries", "idempotency", "faults")


@dataclass(slots=True)
class Record:
    """One vendor object: the vendor's JSON, and what only the simulator knows."""

    kind: str
    body: Json
    parent: str = ""
    due: int | None = None
    extra: Json = field(default_factory=dict[str, Any])
    seq: int = 0

    @property
    def id(self) -> str:
        """The vendor's id of the object."""
        return str(self.body["id"])


class Store:
    """The SQLite file, with one connection that serves one transaction at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # NORMAL survives a killed process; only a power cut may lose the last commits.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        columns = self._db.execute("PRAGMA table_info(deliveries)").fetchall()
        if "vendor" not in [column["name"] for column in columns]:  # a file of an earlier release
            self._db.execute(
                "ALTER TABLE deliveries ADD COLUMN vendor TEXT NOT NULL DEFAULT 'stripe'"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Never hold it across an `await`: it serves one caller at a time."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; every committed change is already in it."""
        with self._lock:
            self._db.close()


def empty(db: sqlite3.Connection) -> None:
    """Forget everything."""
    for table in _TABLES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  # a name of ours


def read_meta(db: sqlite3.Connection, key: str) -> Any:
    """A value set by `write_meta`, or None."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row["value"])


def write_meta(db: sqlite3.Connection, key: str, value: object) -> None:
    """Remember one JSON value under a name."""
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )


def identity(db: sqlite3.Connection, name: str, make: Callable[[], Json]) -> Json:
    """What a vendor signs with: made once, kept even when everything else is forgotten."""
    row = db.execute("SELECT value FROM identities WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return cast(Json, json.loads(row["value"]))
    made = make()
    db.execute("INSERT INTO identities VALUES (?, ?)", (name, json.dumps(made)))
    return made


def add(db: sqlite3.Connection, record: Record) -> Record:
    """Store a new object."""
    body = record.body
    cursor = db.execute(
        "INSERT INTO objects (id, kind, created, parent, status, due, body, extra)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.kind,
            body["created"],
            record.parent,
            body.get("status") or "",
            record.due,
            json.dumps(body),
            json.dumps(record.extra),
        ),
    )
    record.seq = cursor.lastrowid or 0
    return record


def save(db: sqlite3.Connection, record: Record) -> None:
    """Store a changed object."""
    db.execute(
        "UPDATE objects SET parent = ?, status = ?, due = ?, body = ?, extra = ? WHERE id = ?",
        (
            record.parent,
            record.body.get("status") or "",
            record.due,
            json.dumps(record.body),
            json.dumps(record.extra),
            record.id,
        ),
    )


def _record(row: sqlite3.Row) -> Record:
    return Record(
        kind=row["kind"],
        body=json.loads(row["body"]),
        parent=row["parent"],
        due=row["due"],
        extra=json.loads(row["extra"]),
        seq=row["seq"],
    )


def find(db: sqlite3.Connection, kind: str, object_id: str) -> Record | None:
    """The object of that kind and id, or None."""
    row = db.execute(
        "SELECT * FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
    ).fetchone()
    return None if row is None else _record(row)


def get(db: sqlite3.Connection, kind: str, object_id: str) -> Record:
    """The object of that kind and id.

    Raises:
        LookupError: there is none.
    """
    record = find(db, kind, object_id)
    if record is None:
        raise LookupError(f"no {kind} {object_id}")
    return record


def children(db: sqlite3.Connection, kind: str, parent: str) -> list[Record]:
    """The objects of that kind which belong to another one, newest first."""
    rows = db.execute(
        "SELECT * FROM objects WHERE parent = ? AND kind = ? ORDER BY created DESC, seq DESC",
        (parent, kind),
    )
    return [_record(row) for row in rows]


def due(db: sqlite3.Connection, kinds: Sequence[str], now: int) -> list[Record]:
    """Objects of these kinds whose moment has come, earliest first."""
    marks = ", ".join("?" * len(kinds))
    rows = db.execute(
        f"SELECT * FROM objects WHERE due IS NOT NULL AND due <= ? AND kind IN ({marks})"  # noqa: S608  # question marks
        " ORDER BY due, seq",
        (now, *kinds),
    )
    return [_record(row) for row in rows]


def holding(db: sqlite3.Connection, kind: str, field_name: str, value: str) -> list[Record]:
    """The objects of that kind whose field has that value, oldest first."""
    rows = db.execute(
        "SELECT * FROM objects WHERE kind = ? AND json_extract(body, '$.' || ?) = ? ORDER BY seq",
        (kind, field_name, value),
    )
    return [_record(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list endpoint narrows by; the bounds on `created` are Unix seconds."""

    parent: str | None = None
    status: str | None = None
    bounds: tuple[tuple[str, int], ...] = ()
    after: str | None = None
    before: str | None = None
    types: tuple[str, ...] = ()


_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


def listed(
    db: sqlite3.Connection, kind: str, wanted: Filter, limit: int
) -> tuple[list[Record], bool]:
    """One page of objects, newest first, and whether there are more."""
    clauses: list[str] = ["kind = ?"]
    values: list[object] = [kind]
    if wanted.parent is not None:
        clauses.append("parent = ?")
        values.append(wanted.parent)
    if wanted.status is not None:
        clauses.append("status = ?")
        values.append(wanted.status)
    for name, moment in wanted.bounds:
        clauses.append(f"created {_OPERATORS[name]} ?")
        values.append(moment)
    if wanted.types:
        marks = ", ".join("?" * len(wanted.types))
        clauses.append(f"json_extract(body, '$.type') IN ({marks})")
        values.extend(wanted.types)
    # A page before a cursor is read backwards from it, then turned round.
    backwards = wanted.before is not None
    for cursor, sign in ((wanted.after, "<"), (wanted.before, ">")):
        if cursor is not None:
            place = "(SELECT created, seq FROM objects WHERE id = ?)"
            clauses.append(f"(created, seq) {sign} {place}")
            values.append(cursor)
    order = "ASC" if backwards else "DESC"
    rows = db.execute(
        f"SELECT * FROM objects WHERE {' AND '.join(clauses)}"  # noqa: S608  # all texts are ours
        f" ORDER BY created {order}, seq {order} LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    page = [_record(row) for row in rows[:limit]]
    return (page[::-1] if backwards else page), len(rows) > limit
