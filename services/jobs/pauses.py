"""What stands still: by an admin's word, or because an outside service said so.

A kind is that of an outbox message (`mail`), a schedule's name (`expire_packs`), or `inbox:` and a
provider. What is paused stays due, and goes on by itself when the pause is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, or_, select

from services import access, audit, clock, db, inputs, topics
from services.audit import SYSTEM, Actor
from services.db import insert_or_ignore
from services.errors import InvalidInput, NotFound
from services.ids import UserId
from services.models import Pause

LONGEST_KIND = 60
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Paused:
    """A kind that stands still now; `by_user_id` is None where the system did it, `until` where
    somebody has to let it go on."""

    kind: str
    reason: str
    by_user_id: UserId | None
    until: datetime | None
    created_at: datetime


def list_paused(db: Session) -> tuple[Paused, ...]:
    """What stands still now, the longest first."""
    rows = db.exec(select(Pause).where(_is_on()).order_by(col(Pause.created_at), col(Pause.kind)))
    return tuple(_paused(row) for row in rows.all())


def paused_kinds(db: Session) -> frozenset[str]:
    """The kinds that stand still now."""
    return frozenset(db.exec(select(Pause.kind).where(_is_on())).all())


def begin(db: Session, *, kind: str, reason: str, until: datetime | None) -> bool:
    """Let a kind stand still because its outside service said so; True when it did not before.

    A person's pause stays as it is. One of the system's own is never made shorter.
    """
    new = Pause(kind=kind, reason=reason[:LONGEST_REASON], until=until)
    row = _written(db, new, actor=SYSTEM)
    if row is None:
        return True
    if _lasts(row):
        if row.by_user_id is None:
            row.until = _later(row.until, until)
        return False
    _overwrite(db, row, new, actor=SYSTEM)
    return True


def end(db: Session, *, kind: str) -> bool:
    """Let a kind go on that the system had stopped; a person's pause stays. Whether there was one.

    The kind's messages are due already: the next sweep takes them.
    """
    row = db.get(Pause, kind, with_for_update=True)
    if row is None or row.by_user_id is not None:
        return False
    _lift(db, row, actor=SYSTEM)
    return True


def pause(*, actor: Actor, kind: str, reason: str, until: datetime | None = None) -> None:
    """Let a kind stand still, by an admin's word; a pause that is there takes the new words.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: no reason, an unfit kind, or an end that is over already.
    """
    access.require_admin(actor)
    kind = inputs.line(kind, field="kind", what="The kind", least=1, most=LONGEST_KIND)
    reason = inputs.line(reason, field="reason", what="The reason", least=1, most=LONGEST_REASON)
    if until is not None and until <= clock.utc_now():
        raise InvalidInput("until", "The end of the pause must lie in the future.")
    new = Pause(kind=kind, reason=reason, until=until, by_user_id=actor.user_id)
    with db.transaction() as session:
        row = _written(session, new, actor=actor)
        if row is not None:
            _overwrite(session, row, new, actor=actor)


def resume(*, actor: Actor, kind: str) -> None:
    """Let a kind go on, whoever had stopped it.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: it does not stand still.
    """
    access.require_admin(actor)
    with db.transaction() as session:
        row = session.get(Pause, kind, with_for_update=True)
        if row is None:
            raise NotFound("pause")
        _lift(session, row, actor=actor)


def forget_ended(*, limit: int = 100) -> int:
    """Take away the pauses that are over; how many."""
    over = col(Pause.until) <= clock.utc_now()
    ended = select(Pause.kind).where(over).order_by(col(Pause.until)).limit(limit)
    with db.transaction() as session:
        gone = session.exec(delete(Pause).where(col(Pause.kind).in_(ended), over)).rowcount
        if gone:
            topics.publish(session, topics.INBOX)
        return gone


def _written(db: Session, new: Pause, *, actor: Actor) -> Pause | None:
    """Write a pause; the one that is there already, locked, or None when it is new."""
    if insert_or_ignore(db, new):
        _tell(db, new, actor=actor, before={})
        return None
    return db.get_one(Pause, new.kind, with_for_update=True, populate_existing=True)


def _overwrite(db: Session, row: Pause, new: Pause, *, actor: Actor) -> None:
    before = _said(row)
    row.reason, row.until, row.by_user_id = new.reason, new.until, new.by_user_id
    row.created_at = new.created_at
    _tell(db, row, actor=actor, before=before)


def _tell(db: Session, row: Pause, *, actor: Actor, before: dict[str, Any]) -> None:
    audit.record(
        db, actor=actor, action="kind.paused", thing=row.kind, before=before, after=_said(row)
    )
    topics.publish(db, topics.INBOX)


def _lift(db: Session, row: Pause, *, actor: Actor) -> None:
    audit.record(db, actor=actor, action="kind.resumed", thing=row.kind, before=_said(row))
    db.delete(row)
    topics.publish(db, topics.INBOX)


def _said(row: Pause) -> dict[str, Any]:
    return {"reason": row.reason, "until": row.until.isoformat() if row.until else ""}


def _paused(row: Pause) -> Paused:
    return Paused(row.kind, row.reason, row.by_user_id, row.until, row.created_at)


def _is_on() -> Any:
    return or_(col(Pause.until).is_(None), col(Pause.until) > clock.utc_now())


def _lasts(row: Pause) -> bool:
    return row.until is None or row.until > clock.utc_now()


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
