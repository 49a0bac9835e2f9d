"""The inbox: a provider's webhook is stored before it is answered, and handled exactly once.

`receive` and `receive_together` store, `take` leases what is due, `settled` stamps. The stamp comes
only after success; a handler that died is run again, so handlers must bear it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from services import access, audit, clock, db, notifications, outages, outbox, redaction, topics
from services.audit import Actor
from services.db import insert_all_or_ignore
from services.errors import DatabaseUnavailable, NotFound, ProviderUnavailable
from services.ids import InboxEventId, new_public_id
from services.jobs import pauses
from services.models import InboxEvent, InboxStatus

LEASE = timedelta(minutes=1)
LONGEST_SECONDS = 30.0
"""After that, whoever took a batch begins none of it any more: the rest of the lease is for what is
on its way."""
MAX_OUTAGES = 28
"""Attempts while the provider is unreachable: with the back-off, about three days."""
MAX_FAILURES = 5
"""Attempts while our own handler fails."""
MOST_LEASES = 2 * MAX_OUTAGES
"""How often an event is begun whose handling never ends: the worker may die of it."""

WAKES = "inbox"
"""What the worker is woken with, when somebody wants an event handled again."""
PAUSED = "inbox:"
"""What a provider's pause is called: `inbox:stripe`."""

_OURS = re.compile(r"\b(?:ord|ref|mai)_[A-Za-z0-9]{22}\b")
"""What we hand a provider with a payment, a refund or a mail, and it repeats in each event about
it."""

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
    """A leased event. `attempt` counts from 1; `due_at` is when it had been due."""

    id: InboxEventId
    provider: str
    event_id: str
    type: str
    object_id: str
    attempt: int
    public_id: str = ""
    about: str = ""
    due_at: datetime = field(default_factory=clock.utc_now)


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
    """The order, the refund or the mail that an event names; "" for none."""
    named = _OURS.search(payload)
    return named[0] if named else ""


def take(*, limit: int = 20, without: Collection[str] = ()) -> list[Taken]:
    """Lease the events that are due and not paused, the oldest first, all of one provider: one that
    does not answer holds up no other. Each goes to one taker only.

    `without` names providers that are left out.
    """
    now = clock.utc_now()
    with db.transaction() as session:
        due = (
            select(InboxEvent)
            .where(
                InboxEvent.status == InboxStatus.RECEIVED,
                col(InboxEvent.due_at) <= now,
                col(InboxEvent.provider).not_in(sorted(_paused(session) | set(without))),
            )
            .order_by(col(InboxEvent.due_at), col(InboxEvent.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = session.exec(due).all()
        taken = [_taken(event) for event in found if event.provider == found[0].provider]
        if not taken:
            return []
        session.exec(
            update(InboxEvent)
            .where(col(InboxEvent.id).in_([each.id for each in taken]))
            .values(due_at=now + LEASE, attempts=col(InboxEvent.attempts) + 1)
            .execution_options(synchronize_session=False)
        )
        return taken


def _taken(event: InboxEvent) -> Taken:
    return Taken(
        id=event.id,
        provider=event.provider,
        event_id=event.event_id,
        type=event.type,
        object_id=event.object_id,
        attempt=event.attempts + 1,
        public_id=event.public_id,
        about=event.about,
        due_at=event.due_at,
    )


def _paused(db: Session) -> set[str]:
    """The providers whose events stand still."""
    kinds = pauses.paused_kinds(db)
    return {kind.removeprefix(PAUSED) for kind in kinds if kind.startswith(PAUSED)}


def give_back(events: Sequence[Taken]) -> None:
    """These were leased and not tried: they are due as before, with no attempt counted."""
    with db.transaction() as session:
        for taken in events:
            session.exec(
                update(InboxEvent)
                .where(
                    col(InboxEvent.id) == taken.id,
                    col(InboxEvent.status) == InboxStatus.RECEIVED,
                    col(InboxEvent.attempts) == taken.attempt,
                )
                .values(due_at=taken.due_at, attempts=taken.attempt - 1)
            )


def settled(taken: Taken, outcome: Outcome) -> None:
    """Stamp the event: its effects are committed."""
    with db.transaction() as session:
        mark_settled(session, taken, outcome)


def mark_settled(db: Session, taken: Taken, outcome: Outcome) -> None:
    """The same in the caller's transaction."""
    event = db.get_one(InboxEvent, taken.id, with_for_update=True)
    event.status = InboxStatus(outcome.value)
    event.error = ""
    event.handled_at = clock.utc_now() if outcome is Outcome.HANDLED else None
    topics.publish(db, topics.INBOX)


def failed(taken: Taken, error: Exception) -> None:
    """Put the event back with back-off; after too many attempts an admin is told. While its
    provider asks to wait, no attempt is counted."""
    with db.transaction() as session:
        mark_failed(session, taken, error)


def mark_failed(db: Session, taken: Taken, error: Exception) -> None:
    """The same in the caller's transaction."""
    outage = isinstance(error, ProviderUnavailable) or bool(outages.away(error))
    put_off = isinstance(error, ProviderUnavailable) and error.puts_off
    given_up = not put_off and taken.attempt >= (MAX_OUTAGES if outage else MAX_FAILURES)
    event = db.get_one(InboxEvent, taken.id, with_for_update=True)
    if event.status is not InboxStatus.RECEIVED:  # the lease ran out, another has handled it
        return
    event.error = redaction.text(f"{type(error).__name__}: {error}")[:500]
    event.due_at = clock.utc_now() + outbox.wait_after(taken.attempt, error)
    if put_off:
        event.attempts = taken.attempt - 1
    topics.publish(db, topics.INBOX)
    if given_up:
        event.status = InboxStatus.FAILED
        notifications.alert_admins(
            db,
            alert="event_failed",
            thing=event.public_id,
            occasion=clock.today(),
            once=f"{event.provider}:{clock.this_hour()}",
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
        outbox.wake_soon(session, WAKES)
        audit.record(
            session,
            actor=actor,
            action="inbox.retried",
            thing=row.public_id,
            before={"status": before.value},
        )


def ask_rehearsal(*, actor: Actor, event: str) -> None:
    """Ask a worker to try an event out without doing anything: what it would change is shown as its
    run of the kind `rehearsal`.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    with db.transaction() as session:
        found = session.exec(select(InboxEvent.id).where(InboxEvent.public_id == event))
        if found.one_or_none() is None:
            raise NotFound("event")
        key = f"rehearsal:{event}:{secrets.token_hex(8)}"
        outbox.add(session, kind="rehearsal", key=key, data={"event": event})
        audit.record(session, actor=actor, action="inbox.rehearsed", thing=event)


def to_rehearse(event: str) -> Taken:
    """An event as its handler would get it, without a lease.

    Raises:
        NotFound
    """
    with db.reading() as session:
        row = session.exec(select(InboxEvent).where(InboxEvent.public_id == event)).one_or_none()
        if row is None:
            raise NotFound("event")
        return _taken(row)
