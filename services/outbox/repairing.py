"""What an operator does to messages: send them again, or give them up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, topics
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.models import OutboxMessage, OutboxStatus
from services.outbox.lanes import KINDS
from services.outbox.taking import LEASE, WAITING
from services.outbox.writing import wake_soon

STUCK = (OutboxStatus.FAILED, OutboxStatus.DEAD)
REFUND = "refund"
_AT_ONCE = 500


def send_again(db: Session, *, actor: Actor, messages: Iterable[OutboxMessage]) -> None:
    """Make these messages due again, with all their attempts before them."""
    topics.publish(db, topics.INBOX)
    for message in messages:
        before = message.status
        if not _may_be_on_its_way(message):
            message.due_at = clock.utc_now()
        message.status, message.attempts = OutboxStatus.DUE, 0
        audit.record(
            db,
            actor=actor,
            action="outbox.retried",
            thing=message.public_id,
            before={"status": before.value},
        )
        wake_soon(db, message.kind)


def retry(*, actor: Actor, message: str) -> None:
    """Have one message sent that failed, is dead or was canceled, or that waits its time out: now,
    or when the time is over for which a worker may have it in hand.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        Conflict: it was sent, or it is a refund, which is begun again where its order is.
    """
    access.require_admin(actor)
    with db.transaction() as session:
        row = _locked(session, message)
        _refuse_refund(row)
        if row.status is OutboxStatus.SENT:
            raise Conflict("This message was sent already. Nothing was changed.")
        send_again(session, actor=actor, messages=[row])


def cancel(*, actor: Actor, message: str, reason: str) -> None:
    """Give a message up that was not sent. One that is on its way at this moment may still arrive.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: no reason.
        Conflict: it was sent or canceled, or it is a refund, which its order decides about.
    """
    access.require_admin(actor)
    reason = inputs.line(reason, field="reason", what="The reason", least=1, most=200)
    with db.transaction() as session:
        row = _locked(session, message)
        _refuse_refund(row)
        if row.status not in (*WAITING, OutboxStatus.DEAD):
            raise Conflict(f"This message is {row.status.value} already. Nothing was changed.")
        audit.record(
            session,
            actor=actor,
            action="outbox.canceled",
            thing=row.public_id,
            before={"status": row.status.value},
            after={"reason": reason},
        )
        row.status = OutboxStatus.CANCELED
        topics.publish(session, topics.INBOX)


def count_stuck(db: Session, *, actor: Actor, kind: str = "", about: str = "") -> int:
    """How many messages `retry_stuck` would send again: failed or dead, of one kind or about one
    thing, and no refunds.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    return db.exec(select(func.count()).where(*_stuck(kind, about))).one()


def retry_stuck(*, actor: Actor, kind: str = "", about: str = "", expected: int) -> int:
    """Send these again, `expected` of them; how many. Some hundred in a transaction: a worker that
    dies in between leaves whole messages.

    Raises:
        SignInNeeded, NotAllowed
        Conflict: by now they are not as many as the admin was shown.
    """
    access.require_admin(actor)
    with db.reading() as session:
        found, newest = session.exec(
            select(func.count(), func.max(col(OutboxMessage.id))).where(*_stuck(kind, about))
        ).one()
    if found != expected:
        raise Conflict(
            f"There are {found} such messages by now, not {expected}. Nothing was changed: look at "
            "them again."
        )
    sent, after = 0, 0
    while found and (ids := _retry_some(actor, kind, about, after=after, newest=newest)):
        sent, after = sent + len(ids), ids[-1]
    return sent


def _retry_some(actor: Actor, kind: str, about: str, *, after: int, newest: int) -> list[int]:
    """The next ones, in order; failed ones that were just made due again are not among them."""
    with db.transaction() as session:
        rows = session.exec(
            select(OutboxMessage)
            .where(
                *_stuck(kind, about),
                col(OutboxMessage.id) > after,
                col(OutboxMessage.id) <= newest,
            )
            .order_by(col(OutboxMessage.id))
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        send_again(session, actor=actor, messages=rows)
        return [row.id for row in rows]


def _stuck(kind: str, about: str) -> list[ColumnElement[bool]]:
    only: list[Any] = [
        col(OutboxMessage.status).in_(STUCK),
        col(OutboxMessage.kind) == kind if kind else col(OutboxMessage.kind) != REFUND,
    ]
    if kind == REFUND:
        only.append(col(OutboxMessage.id).is_(None))
    if about:
        only.append(col(OutboxMessage.about) == about)
    return only


def _may_be_on_its_way(message: OutboxMessage) -> bool:
    """Whether a worker may have it in hand: then it is due when the lease ends, or nobody could
    tell whether two send it at once. Whatever else is due so soon can wait for that, too."""
    if message.status in (OutboxStatus.DEAD, OutboxStatus.SENT):
        return False
    return clock.utc_now() < message.due_at <= clock.utc_now() + LEASE


def _locked(db: Session, message: str) -> OutboxMessage:
    named = select(OutboxMessage).where(OutboxMessage.public_id == message)
    row = db.exec(named.with_for_update()).one_or_none()
    if row is None:
        raise NotFound("message")
    return row


def _refuse_refund(row: OutboxMessage) -> None:
    if KINDS.get(row.kind) == "money":
        raise Conflict("A refund is begun again, or given up, on the page of its order.")
