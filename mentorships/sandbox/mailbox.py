"""The mails that the product has sent, as the mailbox page and the tests read them."""

from __future__ import annotations

import sqlite3
import uuid
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from mentorships.sandbox import clock, resend_events, store
from mentorships.sandbox.store import Filter, Json, Record

_ALL = 1_000_000
KIND = "email"
"""What the store calls a mail."""


def _as_list(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def accept(db: sqlite3.Connection, message: Json) -> str:
    """Keep a checked message and return its id."""
    now = clock.now(db)
    mail_id = str(uuid.uuid4())
    body: Json = {
        "object": "email",
        "id": mail_id,
        "message_id": f"<{mail_id}@simulated.example.com>",
        "created": now,
        "from": message["from"],
        "to": _as_list(message["to"]),
        "cc": _as_list(message.get("cc")),
        "bcc": _as_list(message.get("bcc")),
        "reply_to": _as_list(message.get("reply_to")),
        "subject": message["subject"],
        "html": message.get("html"),
        "text": message.get("text"),
    }
    extra: Json = {
        "headers": message.get("headers", {}),
        "tags": message.get("tags", []),
        "attachments": message.get("attachments", []),
        "last_event": "sent",
    }
    resend_events.follow(db, store.add(db, Record(KIND, body, extra=extra)))
    return mail_id


def find(db: sqlite3.Connection, mail_id: str) -> Json | None:
    """One mail with everything that was sent along, or None."""
    record = store.find(db, KIND, mail_id)
    return None if record is None else _shown(record)


def _shown(record: Record) -> Json:
    created = datetime.fromtimestamp(record.body["created"], UTC)
    return {**record.body, **record.extra, "created_at": created.isoformat(sep=" ")}


def _recipients(mail: Json) -> set[str]:
    everyone: list[Any] = [*mail["to"], *mail["cc"], *mail["bcc"]]
    return {parseaddr(address)[1].lower() for address in everyone}


def listed(db: sqlite3.Connection, to: str | None = None) -> list[Json]:
    """The mails, newest first; only those to one address when `to` is given."""
    records, _ = store.listed(db, KIND, Filter(), _ALL)
    mails = [_shown(record) for record in records]
    wanted = (to or "").strip().lower()
    return [mail for mail in mails if not wanted or wanted in _recipients(mail)]


def page(
    db: sqlite3.Connection, limit: int, *, after: str | None, before: str | None
) -> tuple[list[Json], bool]:
    """One page of the mails, newest first, and whether there are more."""
    records, more = store.listed(db, KIND, Filter(after=after, before=before), limit)
    return [_shown(record) for record in records], more


def set_full(db: sqlite3.Connection, which: str) -> None:
    """Take no more mails because the `daily` or `monthly` quota is used up; "" takes them again."""
    store.write_meta(db, "mail_quota", which)


def full(db: sqlite3.Connection) -> str:
    """Which quota is used up; "" for none."""
    return str(store.read_meta(db, "mail_quota") or "")


def set_limited(db: sqlite3.Connection, limited: bool) -> None:
    """Refuse more than five requests a second from now on, or stop doing so."""
    store.write_meta(db, "mail_limited", limited)


def is_limited(db: sqlite3.Connection) -> bool:
    """Whether more than five requests a second are refused."""
    return bool(store.read_meta(db, "mail_limited"))
