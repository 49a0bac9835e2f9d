"""A mentor is suspended, or comes back (PRODUCT.md rule 9); or a mentee's account is suspended.

Suspending closes the slots in one transaction; then each future session is canceled in one of its
own, with the credit returned and its pack good for longer. Killed in between, the sweep goes on:
what is left to cancel is a question to the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services import (
    access,
    audit,
    booking,
    clock,
    db,
    inputs,
    locking,
    seats,
    telling,
    topics,
    waitlist,
)
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.ids import MentorId, SessionId, UserId
from services.models import (
    Mentor,
    MentoringSession,
    Pack,
    PackStatus,
    SessionStatus,
    User,
    UserStatus,
)
from services.sessions import idle_days
from services.telling import Line

WHY_CANCELED = "Your mentor cannot hold sessions for now."
WHY_MENTEE_CANCELED = "The mentee's account was suspended."
"""What both people read; the admin's reason stays in the audit trail."""


def suspend_mentor(*, actor: Actor, mentor: str, reason: str) -> None:
    """Offer no slots any more, cancel what is booked, stop the clocks, and tell everybody.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput, Conflict: suspended already.
    """
    access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=300)
    with db.transaction() as tx:
        row = _locked(tx, mentor)
        if not _suspend(tx, actor, row, why):
            raise Conflict("This mentor is suspended already.")
    for session_id in to_cancel(row.id):
        with db.transaction() as tx:
            cancel(tx, actor, tx.get_one(MentoringSession, session_id))


def suspend_account(db: Session, *, actor: Actor, user_id: UserId) -> None:
    """The mentor's account was suspended, so mentoring is too, and stays so until it is resumed
    by itself. The sweep cancels what is booked. Nothing for whoever is no mentor."""
    slug = db.exec(select(Mentor.slug).where(Mentor.user_id == user_id)).one_or_none()
    if slug is not None:
        _suspend(db, actor, _locked(db, slug), "The account was suspended.")


def resume_mentor(*, actor: Actor, mentor: str, reason: str) -> None:
    """Offer slots again; the packs' clocks go on.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput, Conflict: not suspended.
    """
    access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=300)
    with db.reading() as session:
        found = session.exec(select(Mentor).where(Mentor.slug == mentor)).one_or_none()
    if found is None:
        raise NotFound("mentor")
    idle_days.count(found.id)  # the days of the suspension, while it still stands
    with db.transaction() as tx:
        row = _locked(tx, mentor)
        if row.suspended_at is None:
            raise Conflict("This mentor is not suspended.")
        _tell(tx, actor, row, "mentor_resumed", why)
        seats.resume_grace(tx, actor=actor, mentor_id=row.id, since=row.suspended_at)
        row.suspended_at = None
        tx.flush()
        seats.fill(tx, mentor_id=row.id)


def to_cancel(mentor: MentorId | None = None, *, limit: int = 1000) -> list[SessionId]:
    """The sessions that a suspension, of the mentor or of the mentee's account, has not canceled
    yet: of one mentor, or of all."""
    with db.reading() as session:
        return list(find_to_cancel(session, limit=limit, mentor=mentor))


def find_to_cancel(
    db: Session, *, limit: int, mentor: MentorId | None = None
) -> Sequence[SessionId]:
    """The same within a transaction of the caller's, the next to begin first."""
    wanted: list[ColumnElement[bool]] = [
        col(MentoringSession.status) == SessionStatus.SCHEDULED,
        col(MentoringSession.starts_at) > clock.utc_now(),
        or_(col(Mentor.suspended_at).is_not(None), col(User.status) == UserStatus.SUSPENDED),
    ]
    if mentor is not None:
        wanted.append(col(MentoringSession.mentor_id) == mentor)
    found = (
        select(col(MentoringSession.id))
        .join(Mentor, col(Mentor.id) == col(MentoringSession.mentor_id))
        .join(User, col(User.id) == col(MentoringSession.mentee_id))
        .where(*wanted)
        .order_by(col(MentoringSession.starts_at))
        .limit(limit)
    )
    return db.exec(found).all()


def cancel(db: Session, actor: Actor, session: MentoringSession) -> bool:
    """Cancel one session of somebody suspended; False when meanwhile it began or was canceled, or
    they came back."""
    mentor = locking.lock_session(db, session)
    mentee = db.get_one(User, session.mentee_id)
    locking.read_again(db, mentee)
    ahead = session.status is SessionStatus.SCHEDULED and session.starts_at > clock.utc_now()
    why = WHY_CANCELED if mentor.suspended_at is not None else WHY_MENTEE_CANCELED
    suspended = mentor.suspended_at is not None or mentee.status is UserStatus.SUSPENDED
    if not (suspended and ahead):
        return False
    booking.call_off(db, actor=actor, session=session, reason=why)
    return True


def _suspend(db: Session, actor: Actor, mentor: Mentor, reason: str) -> bool:
    """Close the slots and tell everybody; False when that was done before."""
    if mentor.suspended_at is not None:
        return False
    mentor.suspended_at = clock.utc_now()
    _tell(db, actor, mentor, "mentor_suspended", reason)
    waitlist.withdraw_of_mentor(db, actor=actor, mentor_id=mentor.id)
    return True


def _locked(db: Session, slug: str) -> Mentor:
    row = db.exec(select(Mentor).where(Mentor.slug == slug)).one_or_none()
    if row is None:
        raise NotFound("mentor")
    locking.lock(db, mentors=[row.id])
    locking.read_again(db, row)
    return row


def _tell(db: Session, actor: Actor, mentor: Mentor, kind: str, reason: str) -> None:
    """Audit it, and tell the mentor and whoever owns a pack that is not used up."""
    occasion = mentor.suspended_at.isoformat() if mentor.suspended_at else ""
    audit.record(
        db,
        actor=actor,
        action=kind.replace("_", "."),
        thing=mentor.public_id,
        after={"reason": reason},
    )
    topics.publish(
        db,
        topics.seats(mentor.id),
        topics.availability(mentor.id),
        topics.mentor_sessions(mentor.id),
    )
    name = db.get_one(User, mentor.user_id).name
    for user_id in _readers(db, mentor):
        telling.tell(
            db,
            user_id=user_id,
            kind=kind,
            about=mentor.public_id,
            occasion=occasion,
            line=_line(mentor, name, kind, oneself=user_id == mentor.user_id),
            data={"mentor_id": mentor.id},
        )


def _line(mentor: Mentor, name: str, kind: str, *, oneself: bool) -> Line:
    match kind, oneself:
        case "mentor_suspended", True:
            return Line("You are suspended as a mentor", "Nobody can book you for now.", "/mentor")
        case "mentor_suspended", False:
            body = "Your pack loses no time: its validity stands still."
            return Line(f"{name} cannot hold sessions for now", body, "/dashboard")
        case _, True:
            body = "Look whether your hours are still right."
            return Line("You can be booked again", body, "/mentor/availability")
        case _:
            body = "The validity of your packs goes on from today."
            return Line(f"{name} is back", body, f"/book/{mentor.slug}")


def _readers(db: Session, mentor: Mentor) -> Sequence[UserId]:
    mentees = select(Pack.mentee_id).where(
        Pack.mentor_id == mentor.id,
        col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
    )
    people = select(col(User.id)).where(
        (col(User.id) == mentor.user_id) | col(User.id).in_(mentees)
    )
    return db.exec(people.order_by(col(User.id))).all()
