"""Seats: taken, kept, given back. A row per seat, and an event per change of its status."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from services import access, audit, clock, db, locking, notifications, outbox, topics
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, InvalidInput, NotFound, SeatsSoldOut
from services.ids import MentorId, UserId
from services.models import (
    OPEN_SESSIONS,
    Mentor,
    MentoringSession,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    ReleaseReason,
    Seat,
    SeatEvent,
    SeatStatus,
    User,
)


def count_taken(db: Session, mentor_id: MentorId) -> int:
    """How many of the mentor's places are held, active or in grace."""
    taken = select(func.count()).where(
        Seat.mentor_id == mentor_id, Seat.status != SeatStatus.RELEASED
    )
    return db.exec(taken).one()


def find_unreleased(db: Session, mentee_id: UserId, mentor_id: MentorId) -> Seat | None:
    """The one seat that the mentee has with the mentor now, in whatever state."""
    return db.exec(
        select(Seat).where(
            Seat.mentee_id == mentee_id,
            Seat.mentor_id == mentor_id,
            Seat.status != SeatStatus.RELEASED,
        )
    ).one_or_none()


def has_place(db: Session, mentor: Mentor) -> bool:
    """Whether a new seat may be taken. True only as long as the mentor's lock is held."""
    return count_taken(db, mentor.id) < mentor.capacity


def hold(db: Session, *, actor: Actor, mentee_id: UserId, mentor: Mentor, until: datetime) -> Seat:
    """Take a place until `until`. The caller holds the mentor's lock.

    Raises:
        SeatsSoldOut: no place is free.
    """
    if not has_place(db, mentor):
        raise SeatsSoldOut(db.get_one(User, mentor.user_id).name)
    return insert_held(db, actor=actor, mentee_id=mentee_id, mentor_id=mentor.id, until=until)


def insert_held(
    db: Session, *, actor: Actor, mentee_id: UserId, mentor_id: MentorId, until: datetime
) -> Seat:
    """Write the seat's row; whether there is a place was decided under the mentor's lock."""
    seat = Seat(mentee_id=mentee_id, mentor_id=mentor_id, held_until=until)
    db.add(seat)
    db.flush()
    _remember(db, actor, seat, "checkout", before=None)
    return seat


def keep_until(db: Session, seat: Seat, until: datetime) -> None:
    """Move the end of a hold; a seat that is not held has none."""
    if seat.status is SeatStatus.HELD:
        seat.held_until = until
        db.flush()
        topics.publish(db, topics.mentee(seat.mentee_id))


def activate(db: Session, *, actor: Actor, seat: Seat, reason: str) -> None:
    """A pack makes the seat active."""
    _move(db, actor, seat, SeatStatus.ACTIVE, reason)


def release(db: Session, *, actor: Actor, seat: Seat, reason: ReleaseReason) -> None:
    """Give the place back; a released seat stays released."""
    if seat.status is not SeatStatus.RELEASED:
        seat.released_at, seat.release_reason = clock.utc_now(), reason
        _move(db, actor, seat, SeatStatus.RELEASED, reason.value)


def release_hold(db: Session, *, actor: Actor, order: Order, reason: ReleaseReason) -> None:
    """Give back the place that an ended checkout held. A renewal's seat is not its to give."""
    seat = db.get(Seat, order.seat_id) if order.seat_id is not None else None
    if seat is not None and seat.status is SeatStatus.HELD:
        release(db, actor=actor, seat=seat, reason=reason)


def reopen(db: Session, *, actor: Actor, pack: Pack) -> bool:
    """Give a pack that is usable again its mentee's seat, or a free place; the caller holds the
    mentor's lock.

    Without one, admins and the mentee are told; then the answer is False.
    """
    seat = find_unreleased(db, pack.mentee_id, pack.mentor_id)
    if seat is None:
        if not has_place(db, db.get_one(Mentor, pack.mentor_id)):
            _tell_place_resold(db, pack)
            return False
        seat = Seat(mentee_id=pack.mentee_id, mentor_id=pack.mentor_id, status=SeatStatus.ACTIVE)
        db.add(seat)
        db.flush()
        _remember(db, actor, seat, "pack extended", before=None)
    if pack.seat_id != seat.id:
        pack.seat_id = seat.id
        db.flush()
    activate(db, actor=actor, seat=seat, reason="pack")
    return True


def _tell_place_resold(db: Session, pack: Pack) -> None:
    day = clock.today()
    notifications.alert_admins(db, alert="place_resold", thing=pack.public_id, occasion=day)
    outbox.add(
        db,
        kind="mail",
        key=f"mail:place_resold:{pack.public_id}:{day}",
        data={"template": "place_resold", "user_id": pack.mentee_id, "pack_id": pack.id},
    )


def follow_packs(db: Session, *, actor: Actor, seat: Seat) -> None:
    """Recompute the seat from all packs of its mentee with its mentor (PRODUCT.md rule 5).

    Active with a usable pack that has credits left, a session that is not over or whose outcome
    is open, or a frozen pack; else in grace.
    """
    if seat.status not in {SeatStatus.ACTIVE, SeatStatus.GRACE}:
        return
    if _is_kept(db, seat):
        _move(db, actor, seat, SeatStatus.ACTIVE, "pack")
    elif seat.status is SeatStatus.ACTIVE:
        seat.grace_ends_at = clock.utc_now() + timedelta(hours=settings().grace_hours)
        _move(db, actor, seat, SeatStatus.GRACE, "no session left")


def follow_refund(
    db: Session, *, actor: Actor, seat: Seat, reason: ReleaseReason = ReleaseReason.REFUNDED
) -> None:
    """Recompute the seat after credits of a pack went back: without another pack or a session to
    keep it, it is released at once. An open checkout for it is settled first, in grace."""
    paying = select(Order.id).where(Order.seat_id == seat.id, Order.status == OrderStatus.PENDING)
    live = seat.status in {SeatStatus.ACTIVE, SeatStatus.GRACE}
    if live and not _is_kept(db, seat) and db.exec(paying).first() is None:
        release(db, actor=actor, seat=seat, reason=reason)
    else:
        follow_packs(db, actor=actor, seat=seat)


def release_by_hand(*, actor: Actor, seat: str, reason: str) -> None:
    """An admin, or the seat's mentor, gives a place back at once, with a reason.

    A seat with an open checkout is kept until its payment is settled.

    Raises:
        NotFound, InvalidInput, Conflict
    """
    access.require_user(actor)
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 200:
        raise InvalidInput("reason", "Give a reason of 3 to 200 characters.")
    with db.transaction() as session:
        row = session.exec(select(Seat).where(Seat.public_id == seat)).one_or_none()
        if row is None or not (actor.is_admin or row.mentor_id == actor.mentor_id):
            raise NotFound("seat")
        locking.lock(session, mentors=[row.mentor_id])
        session.refresh(row)
        open_checkout = select(Order.id).where(
            Order.seat_id == row.id, Order.status == OrderStatus.PENDING
        )
        if session.exec(open_checkout).first() is not None:
            raise Conflict("This seat has an open checkout. It is settled first.")
        if _is_kept(session, row):
            raise Conflict(
                "This seat has a pack with sessions left, or a session that is not settled. "
                "Refund the pack or settle the session first."
            )
        audit.record(
            session,
            actor=actor,
            action="seat.released_by_hand",
            thing=row.public_id,
            after={"reason": reason},
        )
        release(session, actor=actor, seat=row, reason=ReleaseReason.BY_HAND)


def _is_kept(db: Session, seat: Seat) -> bool:
    return _has_good_pack(db, seat) or _has_open_session(db, seat)


def _has_good_pack(db: Session, seat: Seat) -> bool:
    """With a suspended mentor, and while it is paused, a pack is good beyond its expiry."""
    in_time = or_(
        col(Pack.expires_at).is_(None),
        col(Pack.expires_at) > clock.utc_now(),
        col(Pack.paused_at).is_not(None),
        col(Mentor.suspended_at).is_not(None),
    )
    usable = and_(col(Pack.status) == PackStatus.ACTIVE, col(Pack.left) > 0, in_time)
    good = (
        select(Pack.id)
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            Pack.mentee_id == seat.mentee_id,
            Pack.mentor_id == seat.mentor_id,
            or_(usable, col(Pack.status) == PackStatus.FROZEN),
        )
        .limit(1)
    )
    return db.exec(good).first() is not None


def _has_open_session(db: Session, seat: Seat) -> bool:
    open_session = (
        select(MentoringSession.id)
        .where(
            MentoringSession.mentee_id == seat.mentee_id,
            MentoringSession.mentor_id == seat.mentor_id,
            col(MentoringSession.status).in_(OPEN_SESSIONS),
        )
        .limit(1)
    )
    return db.exec(open_session).first() is not None


def _move(db: Session, actor: Actor, seat: Seat, status: SeatStatus, reason: str) -> None:
    if seat.status is status:
        return
    before = seat.status
    seat.status = status
    if status is not SeatStatus.HELD:
        seat.held_until = None
    if status is not SeatStatus.GRACE:
        seat.grace_ends_at = None
    db.flush()
    _remember(db, actor, seat, reason, before=before)


def _not_before_last(db: Session, seat: Seat) -> datetime:
    """Now, or the instant of the seat's last change: two hosts' clocks may differ by a little, and
    a history that runs backwards would add up wrong for ever."""
    last = db.exec(select(func.max(SeatEvent.at)).where(SeatEvent.seat_id == seat.id)).one()
    return max(clock.utc_now(), last) if last else clock.utc_now()


def _remember(
    db: Session, actor: Actor, seat: Seat, reason: str, *, before: SeatStatus | None
) -> None:
    event = SeatEvent(seat_id=seat.id, mentor_id=seat.mentor_id, status=seat.status, reason=reason)
    event.at = _not_before_last(db, seat) if before else clock.utc_now()
    db.add(event)
    topics.publish(db, topics.seats(seat.mentor_id), topics.mentee(seat.mentee_id))
    audit.record(
        db,
        actor=actor,
        action=f"seat.{seat.status.value}",
        thing=seat.public_id,
        before={"status": before.value} if before else {},
        after={"status": seat.status.value, "reason": reason},
    )
