"""While a mentor is away nobody can renew with them, so the grace of their seats stands still
(PRODUCT.md rule 9).

A final warning from before names an end that has passed: when the mentor is back, another one is
due, and with it the hours that it gives.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import audit, clock
from services.audit import Actor
from services.ids import MentorId
from services.models import Seat, SeatEvent, SeatStatus
from services.seats import history

BACK = "the mentor is back"


def resume_grace(db: Session, *, actor: Actor, mentor_id: MentorId, since: datetime) -> None:
    """Give the seats in grace the time that the mentor was away, `since` then. The caller holds the
    mentor's lock."""
    begun = select(func.max(col(SeatEvent.at))).where(
        col(SeatEvent.seat_id) == col(Seat.id), col(SeatEvent.status) == SeatStatus.GRACE
    )
    found = select(Seat, begun.correlate(Seat).scalar_subquery()).where(
        col(Seat.mentor_id) == mentor_id, col(Seat.status) == SeatStatus.GRACE
    )
    now = clock.utc_now()
    for seat, begun_at in db.exec(found).all():
        if seat.grace_ends_at is None:
            continue
        before = seat.grace_ends_at
        seat.grace_ends_at = before + (now - max(since, begun_at or since))
        history.begin_grace_anew(db, actor=actor, seat=seat, reason=BACK)
        audit.record(
            db,
            actor=actor,
            action="seat.grace_extended",
            thing=seat.public_id,
            before={"grace_ends_at": before.isoformat()},
            after={"grace_ends_at": seat.grace_ends_at.isoformat(), "reason": BACK},
        )
