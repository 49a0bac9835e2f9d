"""The messages of the outbox, for admins: one part of the list, and one message whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services import access, paging, redaction
from services.audit import Actor
from services.errors import NotFound
from services.jobs import finding, pauses
from services.jobs.history import history_of
from services.jobs.listing import runs_on
from services.jobs.views import MessageRow, MessageView
from services.models import MailDelivery, OutboxMessage, OutboxStatus, User
from services.paging import Part

MOST_RUNS = 20
TRACE = "trace"


def list_messages(
    db: Session,
    *,
    actor: Actor,
    status: str = "",
    kind: str = "",
    query: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[MessageRow]:
    """Messages, the newest first. `query` is the id of a message, of the thing it is about, or its
    key, whole. More than `finding.MOST_COUNTED` are not counted.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted = _wanted(db, status, kind, finding.words_of(query))
    total = finding.counted(db, OutboxMessage, wanted)
    place = paging.older_than(db, OutboxMessage, before)
    rows = db.exec(
        select(OutboxMessage)
        .where(*wanted, *place)
        .order_by(col(OutboxMessage.created_at).desc(), col(OutboxMessage.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    paused = pauses.paused_kinds(db)
    messages = tuple(_row(message, paused) for message in shown)
    return Part(messages, messages[-1].public_id if more else None, total)


def _wanted(db: Session, status: str, kind: str, words: str) -> list[ColumnElement[bool]]:
    """Most messages are sent, and most are mails: neither is searched by its index."""
    wanted: list[ColumnElement[bool]] = []
    if words.startswith("out_"):
        wanted.append(col(OutboxMessage.public_id) == words)
    elif words:
        named = [col(OutboxMessage.unique_key) == words]
        named += [col(OutboxMessage.about) == words] if finding.is_public_id(words) else []
        wanted.append(or_(*named))
    chosen = finding.status_of(OutboxStatus, status) if status else None
    usual = bool(words) or chosen in (None, OutboxStatus.SENT)
    if chosen:
        column = col(OutboxMessage.status)
        wanted.append((finding.beside(db, column) if usual else column) == chosen)
    if kind:
        column = col(OutboxMessage.kind)
        wanted.append((finding.beside(db, column) if usual else column) == kind[:40])
    return wanted


def get_message(db: Session, *, actor: Actor, message: str) -> MessageView:
    """One message with what it carries, its runs and what was done to it; six queries.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = db.exec(select(OutboxMessage).where(OutboxMessage.public_id == message)).one_or_none()
    if row is None:
        raise NotFound("message")
    person = db.exec(select(User.name).where(User.id == _person(row.data))).first()
    delivery = db.exec(
        select(MailDelivery.public_id).where(MailDelivery.unique_key == row.unique_key)
    ).first()
    paused = {pause.kind: pause.reason for pause in pauses.list_paused(db)}
    return MessageView(
        message=_row(row, paused.keys()),
        data=redaction.document(_without_numbers(row.data)),
        person=person or "",
        delivery=delivery or "",
        paused_because=paused.get(row.kind, ""),
        runs=runs_on(db, [row.unique_key, row.public_id], most=MOST_RUNS),
        history=history_of(db, row.public_id),
    )


def _person(data: dict[str, Any]) -> int:
    """Whom the message is for; -1 for nobody."""
    named = data.get("user_id")
    return named if isinstance(named, int) else -1


def _without_numbers(data: dict[str, Any]) -> dict[str, Any]:
    """What the message carries, without the numbers of rows: those never leave the server."""
    return {
        name: value
        for name, value in data.items()
        if name != TRACE and not (name.endswith("_id") and isinstance(value, int))
    }


def _row(message: OutboxMessage, paused: Collection[str]) -> MessageRow:
    waits = message.status in (OutboxStatus.DUE, OutboxStatus.FAILED)
    return MessageRow(
        public_id=message.public_id,
        kind=message.kind,
        key=message.unique_key,
        about=message.about,
        status=message.status,
        attempts=message.attempts,
        error=message.error,
        created_at=message.created_at,
        due_at=message.due_at,
        sent_at=message.sent_at,
        paused=waits and message.kind in paused,
    )
