"""The inbox: a provider's webhook is stored before it is answered, and handled exactly once.

`receive` and `receive_together` store, `take` leases what is due, `settled` stamps. The stamp comes
only after success; a handler that died is run again, so handlers must bear it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlmodel import col, select

from services import access, audit, clock, db, notifications, outbox, redaction, topics
from services.audit import Actor
from services.db import insert_all_or_ignore
from services.errors import DatabaseUnavailable, NotFound, ProviderUnavailable
from services.ids import InboxEventId, new_public_id
from services.models import InboxEvent, InboxStatus

LEASE = timedelta(minutes=1)
MAX_OUTAGES = 28
"""Attempts while the provider is unreachable: with the back-off, about three days."""
MAX_FAILURES = 5
"""Attempts while our own handler fails."""

_OURS = re.compile(r"\b(?:ord|ref)_[A-Za-z0-9]{22}\b")
"""What we hand a provider with a payment or a refund, and it repeats in each event about it."""

log = structlog.get_logger()


class Outcome(StrEnum):
    """What a handler made of an event."""

    HANDLED = "handled"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified event as it came, and when."""

    provider: str
    event_id: str
    type: str
    object_id: str
    payload: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """How many of the events were `new`; `failures` by their place among those handed in."""

    new: int
    failures: dict[int, Exception]


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
    return _insert([Arrival(provider, event_id, type, object_id, payload, clock.utc_now())]) > 0


def receive_together(arrivals: Sequence[Arrival]) -> Received:
    """Store verified events durably in one transaction: many cost hardly more than one.

    An event that cannot be stored fails alone: then each gets a transaction of its own.

    Raises:
        DatabaseUnavailable: nothing is known to be stored.
    """
    try:
        return Received(new=_insert(arrivals), failures={})
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if len(arrivals) == 1:
            return Received(new=0, failures={0: error})
    one_by_one = [receive_together([arrival]) for arrival in arrivals]
    failures = {place: one.failures[0] for place, one in enumerate(one_by_one) if one.failures}
    return Received(new=sum(one.new for one in one_by_one), failures=failures)


def _insert(arrivals: Sequence[Arrival]) -> int:
    """How many were new. In one order, so that two processes never wait for each other."""
    ordered = sorted(arrivals, key=lambda arrival: (arrival.provider, arrival.event_id))
    with db.transaction() as session:
        return insert_all_or_ignore(session, InboxEvent, [_values(one) for one in ordered])


def _values(arrival: Arrival) -> dict[str, Any]:
    return {
        "public_id": new_public_id("inb"),
        "provider": arrival.provider,
        "event_id": arrival.event_id,
        "type": arrival.type,
        "object_id": arrival.object_id,
        "about": _about(arrival.payload),
        "payload": arrival.payload,
        "status": InboxStatus.RECEIVED,
        "attempts": 0,
        "error": "",
        "received_at": arrival.at,
        "due_at": arrival.at,
    }


def _about(payload: str) -> str:
    """The order or the refund that an event names; "" for none."""
    named = _OURS.search(payload)
    return named[0] if named else ""


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
        event = session.get_one(InboxEvent, taken.id, with_for_update=True)
        event.status = InboxStatus(outcome.value)
        event.error = ""
        event.handled_at = clock.utc_now() if outcome is Outcome.HANDLED else None
        topics.publish(session, topics.INBOX)


def failed(taken: Taken, error: Exception) -> None:
    """Put the event back with back-off; after too many attempts an admin is told."""
    outage = isinstance(error, ProviderUnavailable)
    given_up = taken.attempt >= (MAX_OUTAGES if outage else MAX_FAILURES)
    with db.transaction() as session:
        event = session.get_one(InboxEvent, taken.id, with_for_update=True)
        if event.status is not InboxStatus.RECEIVED:  # the lease ran out, another has handled it
            return
        event.error = redaction.text(f"{type(error).__name__}: {error}")[:500]
        event.due_at = clock.utc_now() + outbox.back_off(taken.attempt)
        topics.publish(session, topics.INBOX)
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
        topics.publish(session, topics.INBOX)
        audit.record(
            session,
            actor=actor,
            action="inbox.retried",
            thing=row.public_id,
            before={"status": before.value},
        )
