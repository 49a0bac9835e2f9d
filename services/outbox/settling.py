"""What becomes of a message that was tried: sent, tried again later, or a dead letter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from services import clock, db, outages, redaction, topics
from services.errors import NotFound, ProviderError, ProviderUnavailable
from services.jobs import pauses
from services.models import OutboxMessage, OutboxStatus
from services.outbox.taking import WAITING, Message, Unsendable

MAX_ATTEMPTS = 15
"""While a service is away: with the back-off below, some 18 hours of trying, less than vendors keep
idempotency keys."""
MAX_FAILURES = 5
"""While the mistake is ours: it does not pass by itself, and what follows must not wait for it."""
MOST_LEASES = 2 * MAX_ATTEMPTS
"""How often a message is begun that never ends: the worker may die of it."""
LONGEST_WAIT = timedelta(days=3)
"""The longest that a service is obeyed at once: then it is asked whether it still means it."""

log = structlog.get_logger()


def done(message: Message) -> None:
    """The effect has happened."""
    with db.transaction() as session:
        mark_sent(session, [message])


def mark_sent(db: Session, messages: Sequence[Message]) -> None:
    """The effects have happened, whatever anybody says of these messages by now."""
    if not messages:
        return
    ids = [message.id for message in messages]
    db.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(ids))
        .values(status=OutboxStatus.SENT, sent_at=clock.utc_now(), error="")
        .execution_options(synchronize_session=False)
    )
    topics.publish(db, topics.INBOX)


def is_final(message: Message, error: Exception) -> bool:
    """Whether this failure is the message's last one.

    A refusal is final: trying again would be refused again. An outage is tried again for long, a
    mistake of ours a few times. Who is only asked to wait has not failed, however old the message
    is: it may have stood still here for a month.
    """
    if isinstance(error, ProviderUnavailable) and error.puts_off:
        return False
    if isinstance(error, ProviderUnavailable) or outages.away(error):
        return message.attempt >= MAX_ATTEMPTS
    final = isinstance(error, ProviderError | Unsendable | NotFound)
    return final or message.attempt >= MAX_FAILURES


def failed(message: Message, error: Exception) -> bool:
    """Put the message back with back-off, or into the dead letters; True when it is dead now."""
    with db.transaction() as session:
        return mark_failed(session, message, error)


def mark_failed(db: Session, message: Message, error: Exception) -> bool:
    """The same in the caller's transaction."""
    dead = is_final(message, error)
    row = db.get(OutboxMessage, message.id, with_for_update=True, populate_existing=True)
    if row is None or row.status not in WAITING:  # sent or canceled meanwhile
        return False
    row.error = redaction.text(f"{type(error).__name__}: {error}")[:500]
    row.status = OutboxStatus.DEAD if dead else OutboxStatus.FAILED
    row.due_at = clock.utc_now() + wait_after(message.attempt, error)
    if not dead and _put_off(db, message, error):
        row.attempts = message.attempt - 1
    db.flush()
    topics.publish(db, topics.INBOX)
    log.warning(
        "outbox_failed",
        message=message.key,
        kind=message.kind,
        attempt=message.attempt,
        dead=dead,
        error=type(error).__name__,
    )
    return dead


def back_off(attempt: int) -> timedelta:
    """Seconds to wait after the n-th failure: 10 s doubling up to 4 h, with jitter of a quarter."""
    return timedelta(seconds=_jittered(min(10 * 2 ** (attempt - 1), 4 * 3600)))


def wait_after(attempt: int, error: Exception) -> timedelta:
    """How long to wait after the n-th failure: as long as the service asked for, and a little more,
    so that not all come back at once; else our own back-off."""
    if isinstance(error, ProviderUnavailable) and error.retry_after is not None:
        longest = LONGEST_WAIT.total_seconds()
        asked = min(max(1.0, error.retry_after), longest)
        return timedelta(seconds=asked * random.uniform(1, 1.25))  # noqa: S311  # jitter, no secret
    return back_off(attempt)


def _put_off(db: Session, message: Message, error: Exception) -> bool:
    """Whether the service is to blame, by its own word, and not the message."""
    if not isinstance(error, ProviderUnavailable):
        return False
    return error.puts_off or message.kind in pauses.paused_kinds(db)


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311  # jitter, no secret
