"""Getting out of a mentor's line: by oneself, by an admin, or as somebody leaves the studio."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from services import access, inputs, locking
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.ids import MentorId, UserId
from services.models import Mentor, WaitlistEntry, WaitlistStatus
from services.seats import entries, kept, line, offering, releasing, telling_line

MENTOR_LEFT = "The mentor has left the studio."
MOST_REASON = 200


def leave(db: Session, *, actor: Actor, entry: str) -> None:
    """Wait no longer (an entry's public id); a place that is on offer is declined. Nothing when it
    has ended already.

    Raises:
        SignInNeeded, NotFound, Conflict: its checkout is open.
    """
    row = _own(db, actor, entry)
    _end(db, actor, row)


def decline(db: Session, *, actor: Actor, entry: str) -> None:
    """Decline the place that is on offer (an entry's public id); it goes to the next in line.

    Raises:
        SignInNeeded, NotFound
        Conflict: it is not on offer any more, or its checkout is open.
    """
    row = _own(db, actor, entry)
    if row.status is WaitlistStatus.DECLINED:
        return
    if row.status is not WaitlistStatus.OFFERED:
        raise Conflict("This place is not on offer any more. Nothing was changed.")
    _end(db, actor, row)


def remove(db: Session, *, actor: Actor, entry: str, reason: str) -> None:
    """Take somebody off a waitlist (an entry's public id), with a reason that they read. Admins
    only.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it has ended already, or its checkout is open.
    """
    access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=MOST_REASON)
    row = locked(db, actor, entry)
    if row.status not in line.OPEN_ENTRIES:
        raise Conflict(f"This place in the line has ended: {row.status.value}.")
    telling_line.removed(db, row, why)
    _end(db, actor, row, reason=why)


def end_all_of(db: Session, *, actor: Actor, user_id: UserId, mentor_id: MentorId | None) -> None:
    """Somebody leaves the studio for good: where they wait ends, and so does, with a word to each,
    the line before a mentor. Held seats are the caller's to release, which has locked all mentors
    concerned."""
    for entry in open_of(db, user_id=user_id, mentor_id=mentor_id):
        if entry.mentor_id == mentor_id and entry.mentee_id != user_id:
            telling_line.ended(db, entry)
            reason = MENTOR_LEFT
        else:
            reason = ""
        entries.end(db, actor=actor, entry=entry, status=WaitlistStatus.LEFT, reason=reason)


def open_of(db: Session, *, user_id: UserId, mentor_id: MentorId | None) -> list[WaitlistEntry]:
    """The open entries of a person, and those in the line before the mentor they are."""
    own = or_(
        col(WaitlistEntry.mentee_id) == user_id, col(WaitlistEntry.mentor_id) == (mentor_id or 0)
    )
    open_ones = select(WaitlistEntry).where(own, col(WaitlistEntry.status).in_(line.OPEN_ENTRIES))
    return list(db.exec(open_ones.order_by(col(WaitlistEntry.id))).all())


def locked(db: Session, actor: Actor, entry: str) -> WaitlistEntry:
    """An entry, its mentor's line locked."""
    row = access.waitlist_entry_for(db, actor, entry)
    locking.lock(db, mentors=[row.mentor_id])
    locking.read_again(db, row, db.get_one(Mentor, row.mentor_id))
    return row


def _own(db: Session, actor: Actor, entry: str) -> WaitlistEntry:
    user_id = access.require_user(actor)
    row = locked(db, actor, entry)
    if row.mentee_id != user_id:
        raise NotFound("place on a waitlist")
    return row


def _end(db: Session, actor: Actor, row: WaitlistEntry, *, reason: str = "") -> None:
    """What was paid for before is good for another while: nobody could book while they waited."""
    if row.status is WaitlistStatus.WAITING:
        entries.end(db, actor=actor, entry=row, status=WaitlistStatus.LEFT, reason=reason)
        offering.give_time(db, actor=actor, entry=row)
    elif row.status is WaitlistStatus.OFFERED:
        if kept.is_being_paid(db, row.seat_id):
            raise Conflict(
                "A checkout for this place is open. Pay it, or cancel it first; then this is done."
            )
        status = WaitlistStatus.LEFT if reason else WaitlistStatus.DECLINED
        releasing.end_offer(db, actor=actor, offer=row, status=status, reason=reason)
