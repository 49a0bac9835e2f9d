"""A seat follows all the packs of its mentee with its mentor (PRODUCT.md rule 5)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from services import clock, notifications, telling
from services.audit import Actor
from services.config import settings
from services.discord.following import follow_seat
from services.models import Mentor, Pack, ReleaseReason, Seat, SeatStatus, User
from services.seats import counting, entries, history, holding, kept, line, releasing
from services.telling import Line


def follow_packs(db: Session, *, actor: Actor, seat: Seat) -> None:
    """Recompute the seat from all packs of its mentee with its mentor.

    Active with a usable pack that has credits left, a session that is not over or whose outcome
    is open, or a frozen pack; else in grace.
    """
    if seat.status not in {SeatStatus.ACTIVE, SeatStatus.GRACE}:
        return
    moved = False
    if kept.is_kept(db, seat):
        moved = history.move(db, actor=actor, seat=seat, status=SeatStatus.ACTIVE, reason="pack")
    elif seat.status is SeatStatus.ACTIVE:
        seat.grace_ends_at = clock.utc_now() + timedelta(hours=settings().grace_hours)
        reason = "no session left"
        moved = history.move(db, actor=actor, seat=seat, status=SeatStatus.GRACE, reason=reason)
    if not moved:
        follow_seat(db, seat=seat)  # a pack that was frozen suspends the role, not the seat


def follow_refund(
    db: Session, *, actor: Actor, seat: Seat, reason: ReleaseReason = ReleaseReason.REFUNDED
) -> None:
    """Recompute the seat after credits of a pack went back: without another pack or a session to
    keep it, it is released at once. An open checkout for it is settled first, in grace. Whoever
    waited for a place with those credits stands first no longer (PRODUCT.md rule 8)."""
    live = seat.status in {SeatStatus.ACTIVE, SeatStatus.GRACE}
    if live and not kept.is_kept(db, seat) and not kept.is_being_paid(db, seat.id):
        releasing.release(db, actor=actor, seat=seat, reason=reason)
    else:
        follow_packs(db, actor=actor, seat=seat)
    entry = line.find_entry(db, seat.mentee_id, seat.mentor_id)
    if entry is None or entry.reason != line.PLACE_RESOLD or line.has_sessions(db, entry):
        return
    entries.put_back(db, actor=actor, entry=entry)


def reopen(db: Session, *, actor: Actor, pack: Pack) -> bool:
    """Give a pack that is usable again its mentee's seat, or a free place; the caller holds the
    mentor's lock.

    Without one, admins and the mentee are told; then the answer is False.
    """
    seat = counting.find_unreleased(db, pack.mentee_id, pack.mentor_id)
    if seat is None:
        if not counting.has_room(db, db.get_one(Mentor, pack.mentor_id)):
            _tell_place_resold(db, pack)
            return False
        seat = history.insert_active(
            db,
            actor=actor,
            mentee_id=pack.mentee_id,
            mentor_id=pack.mentor_id,
            reason="pack extended",
        )
    if pack.seat_id != seat.id:
        pack.seat_id = seat.id
        db.flush()
    holding.activate(db, actor=actor, seat=seat, reason="pack")
    return True


def _tell_place_resold(db: Session, pack: Pack) -> None:
    day = clock.today()
    notifications.alert_admins(db, alert="place_resold", thing=pack.public_id, occasion=day)
    mentor = db.get_one(User, db.get_one(Mentor, pack.mentor_id).user_id).name
    telling.tell(
        db,
        user_id=pack.mentee_id,
        kind="place_resold",
        about=pack.public_id,
        occasion=day,
        line=Line(
            f"Your place with {mentor} was given to somebody else",
            "Your sessions are yours again. Choose: a refund, or the next free place.",
            "/dashboard",
        ),
        data={"pack_id": pack.id},
    )
