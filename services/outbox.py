"""The outbox: what must leave the building is written in the transaction of its cause.

`add` writes a message, `take` leases the ones that are due, `done` and `failed` settle them.
Sending is at least once: the message's unique key is the vendor's idempotency key.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import event, update
from sqlmodel import Session, col, select

from services import audit, clock, db, redaction, topics, tracing
from services.audit import Actor
from services.db import insert_or_ignore
from services.errors import ProviderError, ProviderUnavailable
from services.ids import OutboxMessageId
from services.models import OutboxMessage, OutboxStatus

LEASE = timedelta(minutes=2)
"""How long taken messages are left alone: longer than a mail server needs for a batch of them."""
MAX_ATTEMPTS = 15
"""With the back-off below, some 18 hours of trying: less than vendors keep idempotency keys."""

log = structlog.get_logger()

_TRACE = "trace"
_PUBLIC_ID = re.compile(r"\b[a-z]{3}_[A-Za-z0-9]{22}\b")
_wake: Callable[[str], None] | None = None


def on_added(wake: Callable[[str], None]) -> None:
    """Call `wake` with the kind of each message after the commit that added it. Set once, by the
    composition root.

    It is a hint that saves waiting for the sweep, never the guarantee.
    """
    global _wake
    _wake = wake


@dataclass(frozen=True, slots=True)
class Message:
    """A leased message. `attempt` counts from 1; `trace` is the id of whatever wrote it."""

    id: OutboxMessageId
    public_id: str
    kind: str
    key: str
    data: dict[str, Any]
    attempt: int
    trace: str = ""


def add(db: Session, *, kind: str, key: str, data: dict[str, Any]) -> None:
    """Write a message unless one with this key exists. `data` holds ids only."""
    traced = data | ({_TRACE: trace} if (trace := tracing.current()) else {})
    message = OutboxMessage(kind=kind, unique_key=key, about=about(key), data=traced)
    if insert_or_ignore(db, message) and _wake is not None:
        event.listen(db, "after_commit", lambda _session: _wake and _wake(kind), once=True)


def about(key: str) -> str:
    """The public id that a message's key names first: what the message is about; "" for none."""
    found = _PUBLIC_ID.search(key)
    return found[0] if found else ""


def take(
    *, only: Collection[str] | None = None, without: Collection[str] = (), limit: int = 5
) -> list[Message]:
    """Lease the messages that are due, the oldest first. Each goes to one taker only.

    `only` and `without` name kinds; by default all are taken.
    """
    now = clock.utc_now()
    kind = col(OutboxMessage.kind)
    wanted = kind.not_in(without) if only is None else kind.in_(only)
    with db.transaction() as session:
        due = (
            select(OutboxMessage)
            .where(
                col(OutboxMessage.status).in_([OutboxStatus.DUE, OutboxStatus.FAILED]),
                col(OutboxMessage.due_at) <= now,
                wanted,
            )
            .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = session.exec(due).all()
        for message in taken:
            message.due_at = now + LEASE
            message.attempts += 1
        return [_message(row) for row in taken]


def _message(row: OutboxMessage) -> Message:
    data = dict(row.data)
    trace = str(data.pop(_TRACE, ""))
    return Message(row.id, row.public_id, row.kind, row.unique_key, data, row.attempts, trace)


def done(message: Message) -> None:
    """The effect has happened."""
    with db.transaction() as session:
        session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.id) == message.id)
            .values(status=OutboxStatus.SENT, sent_at=clock.utc_now(), error="")
        )
        topics.publish(session, topics.INBOX)


def is_final(message: Message, error: Exception) -> bool:
    """Whether this failure is the message's last one.

    A refusal is final: trying again would be refused again. An outage is tried again.
    """
    return message.attempt >= MAX_ATTEMPTS or not _worth_retrying(error)


def failed(message: Message, error: Exception) -> None:
    """Put the message back with back-off, or into the dead letters."""
    dead = is_final(message, error)
    with db.transaction() as session:
        row = session.get_one(OutboxMessage, message.id, with_for_update=True)
        if row.status is OutboxStatus.SENT:  # the lease ran out, and another has sent it
            return
        row.error = redaction.text(f"{type(error).__name__}: {error}")[:500]
        row.status = OutboxStatus.DEAD if dead else OutboxStatus.FAILED
        row.due_at = clock.utc_now() + back_off(message.attempt)
        topics.publish(session, topics.INBOX)
    log.warning(
        "outbox_failed",
        message=message.key,
        kind=message.kind,
        attempt=message.attempt,
        dead=dead,
        error=type(error).__name__,
    )


def send_again(db: Session, *, actor: Actor, messages: Iterable[OutboxMessage]) -> None:
    """Make these messages due again, with all their attempts before them."""
    topics.publish(db, topics.INBOX)
    for message in messages:
        message.status, message.attempts, message.due_at = OutboxStatus.DUE, 0, clock.utc_now()
        audit.record(db, actor=actor, action="outbox.retried", thing=message.public_id)


def back_off(attempt: int) -> timedelta:
    """Seconds to wait after the n-th failure: 10 s doubling up to 4 h, with jitter of a quarter."""
    seconds = min(10 * 2 ** (attempt - 1), 4 * 3600)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311  # jitter, no secret


def _worth_retrying(error: Exception) -> bool:
    if isinstance(error, ProviderError):
        return isinstance(error, ProviderUnavailable)
    return True
