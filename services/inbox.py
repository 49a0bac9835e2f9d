"""The inbox: a provider's webhook is stored before it is answered, and handled exactly once.

`receive` stores, `take` leases what is due, `handled` stamps. The stamp comes only after success;
a handler that died is run again, so handlers must bear it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlmodel import col, select

from services import access, audit, clock, db, notifications, outbox
from services.audit import Actor
from services.db import insert_or_ignore
from services.errors import NotFound, ProviderUnavailable
from services.ids import InboxEventId
from services.models import InboxEvent, InboxStatus

LEASE = timedelta(minutes=1)
MAX_OUTAGES = 28
"""Attempts while the provider is unreachable: with the back-off, about three days."""
MAX_FAILURES = 5
"""Attempts while our own handler fails."""

log = structlog.get_logger()


class Outcome(StrEnum):
    """What a handler made of an event."""

    HANDLED = "handled"
    IGNORED = "ignored"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Taken:
    """A leased event. `attempt` counts from 1."""

    id: InboxEventId
    provider: str
    event_id: str
    type: str
    object_id: str
    attempt: int


def receive(*, provider: str, event_id: str, type: str, object_id: str, payload: str) -> bool:
    """Store a verified event durably; False when it was here before."""
    row = InboxEvent(
        provider=provider, event_id=event_id, type=type, object_id=object_id, payload=payload
    )
    with db.transaction() as session:
        return insert_or_ignore(session, row)


def take(*, limit: int = 20) -> list[Taken]:
    """Lease the events that are due, the oldest first. Each goes to one taker only."""
    now = clock.utc_now()
    due = (
        select(InboxEvent)
        .where(InboxEvent.status == InboxStatus.RECEIVED, col(InboxEvent.due_at) <= now)
        .order_by(col(InboxEvent.due_at), col(InboxEvent.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with db.transaction() as session:
        events = session.exec(due).all()
        for event in events:
            event.due_at = now + LEASE
            event.attempts += 1
        return [
            Taken(e.id, e.provider, e.event_id, e.type, e.object_id, e.attempts) for e in events
        ]


def settled(taken: Taken, outcome: Outcome) -> None:
    """Stamp the event: its effects are committed."""
    with db.transaction() as session:
        event = session.get_one(InboxEvent, taken.id)
        event.status = InboxStatus(outcome.value)
        event.error = ""
        event.handled_at = clock.utc_now() if outcome is Outcome.HANDLED else None


def failed(taken: Taken, error: Exception) -> None:
    """Put the event back with back-off; after too many attempts an admin is told."""
    outage = isinstance(error, ProviderUnavailable)
    given_up = taken.attempt >= (MAX_OUTAGES if outage else MAX_FAILURES)
    with db.transaction() as session:
        event = session.get_one(InboxEvent, taken.id)
        if event.status is not InboxStatus.RECEIVED:  # the lease ran out, another has handled it
            return
        event.error = f"{type(error).__name__}: {error}"[:500]
        event.due_at = clock.utc_now() + outbox.back_off(taken.attempt)
        if given_up:
            event.status = InboxStatus.FAILED
            notifications.alert_admins(
                session, alert="event_failed", thing=event.public_id, occasion=clock.today()
            )
    log.warning(
        "inbox_failed",
        webhook=taken.event_id,
        type=taken.type,
        attempt=taken.attempt,
        given_up=given_up,
        error=type(error).__name__,
    )


def retry(*, actor: Actor, event: str) -> None:
    """Handle an event again, whatever became of it; handling twice changes nothing.

    Raises:
        NotFound, NotAllowed
    """
    access.require_admin(actor)
    with db.transaction() as session:
        row = session.exec(select(InboxEvent).where(InboxEvent.public_id == event)).one_or_none()
        if row is None:
            raise NotFound("event")
        before = row.status
        row.status, row.attempts, row.due_at = InboxStatus.RECEIVED, 0, clock.utc_now()
        audit.record(
            session,
            actor=actor,
            action="inbox.retried",
            thing=row.public_id,
            before={"status": before.value},
        )
