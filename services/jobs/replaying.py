"""Handling many webhooks again: those that were given up, counted before anything is done."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, inbox, outbox, topics
from services.audit import Actor
from services.errors import Conflict
from services.models import InboxEvent, InboxStatus

_AT_ONCE = 500


def count_failed(db: Session, *, actor: Actor) -> int:
    """How many webhooks `retry_failed` would have handled again.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    return db.exec(select(func.count()).where(InboxEvent.status == InboxStatus.FAILED)).one()


def retry_failed(*, actor: Actor, expected: int) -> int:
    """Have these handled again, `expected` of them; how many. Some hundred in a transaction: one
    that ends in between leaves whole events.

    Raises:
        SignInNeeded, NotAllowed
        Conflict: by now they are not as many as the admin was shown.
    """
    access.require_admin(actor)
    with db.reading() as session:
        found, newest = session.exec(
            select(func.count(), func.max(col(InboxEvent.id))).where(
                InboxEvent.status == InboxStatus.FAILED
            )
        ).one()
    if found != expected:
        raise Conflict(
            f"There are {found} such webhooks by now, not {expected}. Nothing was changed: look at "
            "them again."
        )
    again, after = 0, 0
    while found and (ids := _retry_some(actor, after=after, newest=newest)):
        again, after = again + len(ids), ids[-1]
    return again


def _retry_some(actor: Actor, *, after: int, newest: int) -> list[int]:
    """The next ones, in order; one that failed once more meanwhile is not among them."""
    with db.transaction() as session:
        rows = session.exec(
            select(InboxEvent)
            .where(
                InboxEvent.status == InboxStatus.FAILED,
                col(InboxEvent.id) > after,
                col(InboxEvent.id) <= newest,
            )
            .order_by(col(InboxEvent.id))
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.status, row.attempts, row.due_at = InboxStatus.RECEIVED, 0, clock.utc_now()
            audit.record(
                session,
                actor=actor,
                action="inbox.retried",
                thing=row.public_id,
                before={"status": InboxStatus.FAILED.value},
            )
        if rows:
            topics.publish(session, topics.INBOX)
            outbox.wake_soon(session, inbox.WAKES)
        return [row.id for row in rows]
