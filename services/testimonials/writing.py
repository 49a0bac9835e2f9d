"""A mentee is asked for a testimonial and writes it; an admin publishes it or declines it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, locking, telling, topics
from services.audit import Actor
from services.errors import Conflict, NotFound, OutOfDate
from services.models import (
    Mentor,
    MentoringSession,
    Pack,
    SessionStatus,
    Testimonial,
    TestimonialStatus,
    User,
)
from services.telling import Line
from services.testimonials.views import OwnView, shown_name

LEAST_LENGTH = 50
MOST_LENGTH = 1000
USED = (SessionStatus.COMPLETED, SessionStatus.MENTEE_NO_SHOW)
"""How a session ends that has used its credit."""


def ask(db: Session, pack: Pack) -> None:
    """A session of the pack has used its credit: ask the mentee how it was, after the last but
    one of a pack and after the last, once each."""
    count = _sessions_used(db, pack)
    if not count:
        return
    title = f"How were your sessions with {_mentor_name(db, pack)}?"
    telling.tell(
        db,
        user_id=pack.mentee_id,
        kind="testimonial_asked",
        about=pack.public_id,
        occasion=str(count),
        line=Line(title, "A few sentences are enough.", f"/testimonial/{pack.public_id}"),
        data={"pack_id": pack.id},
    )


def write(*, actor: Actor, pack: str, body: str) -> None:
    """Say something about one's own pack, or say it anew while it waits or was declined.

    Raises:
        SignInNeeded, NotFound, InvalidInput
        Conflict: too early, or published already.
    """
    user_id = access.require_user(actor)
    checked = inputs.paragraphs(
        body, field="body", what="What you write", least=LEAST_LENGTH, most=MOST_LENGTH
    )
    with db.transaction() as session:
        locking.lock(session, users=[user_id])
        own = _own_pack(session, actor, pack)
        found = _of_pack(session, own)
        if why_not := _why_not(session, own, found):
            raise Conflict(why_not)
        written = found or Testimonial(
            pack_id=own.id, mentee_id=own.mentee_id, mentor_id=own.mentor_id, body=checked
        )
        written.body, written.status = checked, TestimonialStatus.WAITING
        written.decided_by = written.decided_at = None
        written.decline_reason = ""
        written.updated_at = clock.utc_now()
        session.add(written)
        session.flush()
        topics.publish(session, topics.TESTIMONIALS, topics.mentee(user_id))
        audit.record(
            session,
            actor=actor,
            action="testimonial.changed" if found else "testimonial.written",
            thing=written.public_id,
            after={"pack": own.public_id, "length": len(checked)},
        )


def get_own(db: Session, *, actor: Actor, pack: str) -> OwnView:
    """The testimonial of one's own pack, or what is to know before writing one; five queries.

    Raises:
        SignInNeeded, NotFound
    """
    own = _own_pack(db, actor, pack)
    mentor, mentor_name = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id) == own.mentor_id)
    ).one()
    found = _of_pack(db, own)
    return OwnView(
        pack=own.public_id,
        pack_title=own.title,
        mentor_name=mentor_name,
        mentor_slug=mentor.slug,
        shown_as=shown_name(db.get_one(User, own.mentee_id).name),
        body=found.body if found else "",
        status=found.status if found else None,
        decline_reason=found.decline_reason if found else "",
        why_not=_why_not(db, own, found),
    )


def decide(
    *,
    actor: Actor,
    testimonial: str,
    publish: bool,
    reason: str = "",
    read_at: datetime | None = None,
) -> None:
    """Publish a testimonial, or decline it with a reason that the mentee is told.

    One that is published already may be declined later: it is taken off the pages. `read_at` is
    the `updated_at` of the text that the admin has read.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: another admin was faster. OutOfDate: the mentee has changed the text meanwhile.
    """
    access.require_admin(actor)
    why = "" if publish else _checked_reason(reason)
    with db.transaction() as session:
        found = session.exec(
            select(Testimonial).where(col(Testimonial.public_id) == testimonial)
        ).one_or_none()
        if found is None:
            raise NotFound("testimonial")
        locking.lock(session, users=[found.mentee_id])  # as whoever writes one does
        locking.read_again(session, found)
        if read_at is not None and found.updated_at != read_at:
            raise OutOfDate
        before = found.status
        wanted = TestimonialStatus.PUBLISHED if publish else TestimonialStatus.DECLINED
        if before is wanted or (publish and before is not TestimonialStatus.WAITING):
            raise Conflict(f"This testimonial is {before.value} already.")
        found.status, found.decline_reason = wanted, why
        found.decided_by, found.decided_at = actor.user_id, clock.utc_now()
        session.add(found)
        session.flush()
        topics.publish(session, topics.TESTIMONIALS, topics.mentee(found.mentee_id))
        if not publish:
            _tell_declined(session, found)
        audit.record(
            session,
            actor=actor,
            action="testimonial.published" if publish else "testimonial.declined",
            thing=found.public_id,
            before={"status": before.value},
            after={"status": wanted.value, "reason": why},
        )


def _own_pack(db: Session, actor: Actor, pack: str) -> Pack:
    user_id = access.require_user(actor)
    found = db.exec(
        select(Pack).where(col(Pack.public_id) == pack, col(Pack.mentee_id) == user_id)
    ).one_or_none()
    if found is None:
        raise NotFound("pack")
    return found


def _of_pack(db: Session, pack: Pack) -> Testimonial | None:
    return db.exec(select(Testimonial).where(Testimonial.pack_id == pack.id)).one_or_none()


def _why_not(db: Session, pack: Pack, found: Testimonial | None) -> str:
    """Why nothing can be written about this pack now; empty when it can."""
    if found is not None and found.status is TestimonialStatus.PUBLISHED:
        return "Your words are published. Write to the studio if you want them changed."
    if _sessions_used(db, pack):
        return ""
    return "You can say how it was once all sessions of the pack but one have taken place."


def _sessions_used(db: Session, pack: Pack) -> int:
    """How many of a pack's sessions have used their credit; 0 while it is too early to say how it
    was: more than one is to come, or none was held."""
    ends = db.exec(
        select(MentoringSession.status, func.count(col(MentoringSession.id)))
        .where(col(MentoringSession.pack_id) == pack.id, col(MentoringSession.status).in_(USED))
        .group_by(col(MentoringSession.status))
    ).all()
    counts = dict(ends)
    count = sum(counts.values())
    enough = SessionStatus.COMPLETED in counts and count >= pack.total - 1
    return count if enough else 0


def _checked_reason(reason: str) -> str:
    return inputs.line(reason, field="reason", what="The reason", least=3, most=300)


def _tell_declined(db: Session, testimonial: Testimonial) -> None:
    """Once per decision; the mail reads the reason when it leaves."""
    decided = int((testimonial.decided_at or clock.utc_now()).timestamp())
    pack = db.get_one(Pack, testimonial.pack_id)
    telling.tell(
        db,
        user_id=testimonial.mentee_id,
        kind="testimonial_declined",
        about=testimonial.public_id,
        occasion=str(decided),
        line=Line(
            f"Your testimonial for {_mentor_name(db, pack)} is not shown",
            "You can change it; the studio then reads it again.",
            f"/testimonial/{pack.public_id}",
        ),
        data={"testimonial_id": testimonial.id},
    )


def _mentor_name(db: Session, pack: Pack) -> str:
    return db.get_one(User, db.get_one(Mentor, pack.mentor_id).user_id).name
