"""Leasing the messages that are due, and giving back what was not tried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    exists,
    or_,
    union_all,
    update,
)
from sqlalchemy import select as plain_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import clock, db
from services.errors import AppError
from services.ids import OutboxMessageId
from services.jobs import pauses
from services.models import OutboxMessage, OutboxStatus
from services.models.base import UtcDateTime
from services.outbox.lanes import HOUSE, KINDS, LANES, Lane, lane_of
from services.outbox.writing import TRACE

LEASE = timedelta(minutes=2)
"""How long taken messages are left alone."""
LONGEST_SECONDS = 60.0
"""After that, whoever took a batch begins none of it any more: the rest of the lease is for what is
on its way."""
WAITING = (OutboxStatus.DUE, OutboxStatus.FAILED)


class Unsendable(AppError):
    """The message itself is unfit, or what it was about is gone: trying again will not help."""

    code = "unsendable"


@dataclass(frozen=True, slots=True)
class Message:
    """A leased message. `attempt` counts from 1; `trace` is the id of whatever wrote it; `due_at`
    is when it had been due."""

    id: OutboxMessageId
    public_id: str
    kind: str
    key: str
    data: dict[str, Any]
    attempt: int
    trace: str = ""
    about: str = ""
    due_at: datetime = field(default_factory=clock.utc_now)
    created_at: datetime = field(default_factory=clock.utc_now)

    def text(self, name: str) -> str:
        """A text of the data.

        Raises:
            Unsendable: there is none.
        """
        value = self.data.get(name)
        if not isinstance(value, str) or not value:
            raise Unsendable(f"The message does not say which {name} it is about.")
        return value

    def number(self, name: str) -> int:
        """A number of the data.

        Raises:
            Unsendable: there is none.
        """
        value = self.data.get(name)
        if not isinstance(value, int):
            raise Unsendable(f"The message does not say which {name} it is about.")
        return value


def take(
    *,
    lane: Lane | None = None,
    only: Collection[str] | None = None,
    limit: int = 5,
) -> list[Message]:
    """Lease the messages that are due and not paused, the oldest first. Each goes to one taker.

    By default those of all kinds; else those of a lane, or `only` these kinds.
    """
    with db.transaction() as session:
        now = clock.utc_now()
        ids = _oldest(session, lane, only, now, limit)
        return _lease(session, [col(OutboxMessage.id).in_(ids)], now, limit) if ids else []


def take_named(beginnings: Collection[str], *, limit: int = 20) -> list[Message]:
    """Lease the messages that are due and whose keys begin like this, whatever else is due."""
    named = [col(OutboxMessage.unique_key).startswith(beginning) for beginning in beginnings]
    with db.transaction() as session:
        return _lease(session, [or_(*named)], clock.utc_now(), limit)


def lanes_due() -> list[Lane]:
    """The lanes in which something is due, in the order in which one alone would go through them;
    some of it may be paused, or wait for an older one."""
    kind = plain_select(col(OutboxMessage.kind)).distinct()
    due = kind.where(
        col(OutboxMessage.status).in_(WAITING), col(OutboxMessage.due_at) <= clock.utc_now()
    )
    with db.reading() as session:
        names = {lane_of(each).name for each in session.connection().scalars(due)}
    return [lane for name, lane in LANES.items() if name in names]


def oldest_due(db: Session, lane: Lane) -> datetime | None:
    """Since when the oldest message of a lane waits that nothing keeps from being sent; None: none
    does."""
    ids = _oldest(db, lane, None, clock.utc_now(), 1)
    if not ids:
        return None
    return db.exec(select(OutboxMessage.due_at).where(col(OutboxMessage.id) == ids[0])).first()


def give_back(messages: Sequence[Message]) -> None:
    """These were leased and not tried: they are due as before, with no attempt counted."""
    if not messages:
        return
    with db.transaction() as session:
        hand_back(session, messages)


def hand_back(db: Session, messages: Sequence[Message]) -> None:
    """The same in the caller's transaction."""
    for message in messages:
        mine = (
            col(OutboxMessage.id) == message.id,
            col(OutboxMessage.status).in_(WAITING),
            col(OutboxMessage.attempts) == message.attempt,
        )
        due = {"due_at": message.due_at, "attempts": message.attempt - 1}
        db.exec(update(OutboxMessage).where(*mine).values(**due))


_ROW = plain_select(
    *(
        col(column)
        for column in (
            OutboxMessage.id,
            OutboxMessage.public_id,
            OutboxMessage.kind,
            OutboxMessage.unique_key,
            OutboxMessage.data,
            OutboxMessage.attempts,
            OutboxMessage.about,
            OutboxMessage.due_at,
            OutboxMessage.created_at,
        )
    )
)


def _lease(
    db: Session, which: Sequence[ColumnElement[bool]], now: datetime, limit: int
) -> list[Message]:
    """Lease those of these messages that are due and that nobody else is at."""
    due = _ROW.where(
        *which, col(OutboxMessage.status).in_(WAITING), col(OutboxMessage.due_at) <= now
    ).order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
    rows = db.connection().execute(due.limit(limit).with_for_update(skip_locked=True)).all()
    taken = [_message(*row) for row in rows]
    if taken:
        db.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.id).in_([message.id for message in taken]))
            .values(due_at=now + LEASE, attempts=col(OutboxMessage.attempts) + 1)
            .execution_options(synchronize_session=False)
        )
    return taken


def _message(
    id: OutboxMessageId,
    public_id: str,
    kind: str,
    key: str,
    data: dict[str, Any],
    attempts: int,
    about: str,
    due_at: datetime,
    created_at: datetime,
) -> Message:
    own = {name: value for name, value in data.items() if name != TRACE}
    trace = str(data.get(TRACE, ""))
    return Message(id, public_id, kind, key, own, attempts + 1, trace, about, due_at, created_at)


def _oldest(
    db: Session, lane: Lane | None, only: Collection[str] | None, now: datetime, limit: int
) -> Sequence[int]:
    """The ids of the messages to take: a short look into the index for each kind and state, so that
    what waits in another lane, or is paused, costs nothing."""
    paused = pauses.paused_kinds(db)
    wanted = only if only is not None else lane.kinds if lane and lane.name != HOUSE else None
    if wanted is None:
        others = paused | (frozenset(KINDS) - lane.kinds if lane else frozenset())
        statement = _all_but(tuple(sorted(others)))
    else:
        kinds = tuple(sorted(set(wanted) - paused))
        if not kinds:
            return []
        statement = _all_of(kinds, lane.in_order if lane is not None else frozenset())
    return db.connection().scalars(statement, {"now": now, "most": limit}).all()


@lru_cache(maxsize=128)
def _all_but(kinds: tuple[str, ...]) -> Select[Any]:
    return _looked_up([_look(col(OutboxMessage.kind).not_in(kinds), s) for s in WAITING])


@lru_cache(maxsize=128)
def _all_of(kinds: tuple[str, ...], in_order: frozenset[str]) -> Select[Any]:
    """Made once, since making it costs more than running it."""
    return _looked_up(
        [
            _look(col(OutboxMessage.kind) == kind, status, in_order if kind in in_order else ())
            for kind, status in product(kinds, WAITING)
        ]
    )


def _looked_up(looks: Sequence[Select[Any]]) -> Select[Any]:
    found = union_all(*(plain_select(look.subquery()) for look in looks)).subquery()
    most = bindparam("most", type_=Integer)
    return plain_select(found.c.id).order_by(found.c.due_at, found.c.id).limit(most)


def _look(
    kinds: ColumnElement[bool], status: OutboxStatus, order: Collection[str] = ()
) -> Select[Any]:
    found: Any = plain_select(col(OutboxMessage.id), col(OutboxMessage.due_at))
    look = found.where(
        kinds,
        col(OutboxMessage.status) == status,
        col(OutboxMessage.due_at) <= bindparam("now", type_=UtcDateTime()),
    )
    if order:
        look = look.where((col(OutboxMessage.about) == "") | ~_an_older_one_waits(order))
    most = bindparam("most", type_=Integer)
    ordered: Select[Any] = look.order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
    return ordered.limit(most)


def _an_older_one_waits(kinds: Collection[str]) -> ColumnElement[bool]:
    older = aliased(OutboxMessage)
    return exists().where(
        col(older.about) == col(OutboxMessage.about),
        col(older.id) < col(OutboxMessage.id),
        col(older.status).in_(WAITING),
        col(older.kind).in_(sorted(kinds)),
    )
