"""What admins do to a line: put somebody first, undo it, have free places offered now."""

from __future__ import annotations

from sqlmodel import Session, select

from services import access, inputs, locking, seats
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.models import Mentor, WaitlistEntry, WaitlistStatus
from services.seats import Obstacle, Standing, entries, line
from services.waitlist.leaving import MOST_REASON, locked

WHY_NOT = {
    Obstacle.GONE: "the mentor has left the studio",
    Obstacle.SUSPENDED: "the mentor is suspended",
    Obstacle.UNLISTED: "the mentor is not listed",
    Obstacle.NO_PACK: "the mentor has no pack on sale",
}


def put_first(db: Session, *, actor: Actor, entry: str, reason: str) -> None:
    """Let somebody stand before those who came earlier, with a reason that they read. Admins only.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput, Conflict: they do not wait any more.
    """
    access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=MOST_REASON)
    row = _waiting(db, actor, entry)
    before = {"priority": row.priority, "reason": row.reason}
    row.priority, row.reason = 1, why
    entries.note(db, actor, row, "put_first", before=before, after={"reason": why})


def put_back(db: Session, *, actor: Actor, entry: str) -> None:
    """Undo that: they stand where they came. Admins only.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        Conflict: they do not wait any more, or stand first because they have paid sessions left.
    """
    access.require_admin(actor)
    row = _waiting(db, actor, entry)
    if line.has_sessions(db, row):
        raise Conflict("They have paid sessions left and lost their place: they stand first.")
    entries.put_back(db, actor=actor, entry=row)


def offer_now(db: Session, *, actor: Actor, mentor: str) -> int:
    """Offer a mentor's (a slug's) free places to the first in line now; how many found somebody.
    Admins only.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        Conflict: nothing can be offered, and why.
    """
    access.require_admin(actor)
    row = db.exec(select(Mentor).where(Mentor.slug == mentor)).one_or_none()
    if row is None:
        raise NotFound("mentor")
    locking.lock(db, mentors=[row.id])
    locking.read_again(db, row)
    offered = seats.fill(db, mentor_id=row.id, actor=actor)
    if not offered:
        raise Conflict(f"Nothing was offered: {why_not(seats.standing(db, row.id))}.")
    return offered


def why_not(stands: Standing) -> str:
    """Why no place is offered, in words that go on after a colon."""
    if stands.obstacle is not None:
        return WHY_NOT[stands.obstacle]
    return "nobody in the line can be offered a place" if stands.free > 0 else "no place is free"


def _waiting(db: Session, actor: Actor, entry: str) -> WaitlistEntry:
    row = locked(db, actor, entry)
    if row.status is not WaitlistStatus.WAITING:
        raise Conflict(f"They do not wait any more: {row.status.value}.")
    return row
