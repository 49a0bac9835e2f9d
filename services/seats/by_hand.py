"""An admin, or the seat's mentor, gives a place back."""

from __future__ import annotations

from sqlmodel import Session, select

from services import access, audit, db, inputs, locking, telling
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.models import Mentor, ReleaseReason, Seat, SeatStatus, User
from services.seats import kept, line, releasing
from services.telling import Line


def release_by_hand(*, actor: Actor, seat: str, reason: str) -> None:
    """Give a place (a seat's public id) back at once, with a reason that its mentee reads.

    A seat with an open checkout is kept until its payment is settled, one that is on offer to
    somebody who waits until that is decided.

    Raises:
        SignInNeeded, NotFound, InvalidInput, Conflict
    """
    access.require_user(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=200)
    with db.transaction() as session:
        row = session.exec(select(Seat).where(Seat.public_id == seat)).one_or_none()
        if row is None or not (actor.is_admin or row.mentor_id == actor.mentor_id):
            raise NotFound("seat")
        locking.lock(session, mentors=[row.mentor_id])
        session.refresh(row)
        if row.status is SeatStatus.RELEASED:
            return
        _require_free(session, row)
        audit.record(
            session,
            actor=actor,
            action="seat.released_by_hand",
            thing=row.public_id,
            after={"reason": why},
        )
        releasing.release(session, actor=actor, seat=row, reason=ReleaseReason.BY_HAND)
        _tell(session, row, why)


def _require_free(db: Session, seat: Seat) -> None:
    if kept.is_being_paid(db, seat.id):
        raise Conflict("This seat has an open checkout. It is settled first.")
    if kept.is_kept(db, seat):
        raise Conflict(
            "This seat has a pack with sessions left, or a session that is not settled. "
            "Refund the pack or settle the session first."
        )
    if line.find_offer(db, seat.id) is not None:
        raise Conflict(
            "This place is offered to somebody who waits. Take them off the waitlist instead."
        )


def _tell(db: Session, seat: Seat, reason: str) -> None:
    mentor = db.get_one(User, db.get_one(Mentor, seat.mentor_id).user_id).name
    telling.tell(
        db,
        user_id=seat.mentee_id,
        kind="seat_released_by_hand",
        about=seat.public_id,
        line=Line(f"Your seat with {mentor} was given back", f"The reason: {reason}", "/dashboard"),
        data={"seat_id": seat.id},
    )
