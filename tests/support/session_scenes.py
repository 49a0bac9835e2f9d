"""The pictures of `make screenshots` that show sessions: what is booked, held, missed, asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mentorships.seed import DEMO_LOGINS
from services import db
from services.ids import UserId
from services.models import (
    Mentor,
    MentoringSession,
    Objection,
    Onboarding,
    Pack,
    PackStatus,
    Proposal,
    ProposalStatus,
    SessionStatus,
    Testimonial,
    User,
)

ADMIN, MENTOR, MENTEE = (DEMO_LOGINS[role] for role in ("admin", "mentor", "mentee"))


@dataclass(frozen=True)
class Seen:
    """A page, and the e-mail of who looks at it."""

    name: str
    address: str
    who: str


def addresses(slug: str) -> dict[str, str]:
    """Samples for the routes that hold an id; `slug` is of the demo mentor."""
    with db.reading() as session:
        lea, mara = _user(session, MENTEE), _user(session, MENTOR)
        own = _sessions(session, lea)
        moving = _last(own, SessionStatus.SCHEDULED)
        pack = session.exec(
            select(Pack.public_id).where(Pack.mentee_id == lea).order_by(col(Pack.id))
        ).first()
        mentee = session.exec(
            select(User.public_id)
            .join(MentoringSession, col(MentoringSession.mentee_id) == col(User.id))
            .where(MentoringSession.mentor_user_id == mara, col(User.id) != lea)
        ).first()
    return {
        "/book/[mentor]": f"/book/{slug}",
        "/sessions/[session]": f"/sessions/{_first(own, SessionStatus.SCHEDULED).public_id}",
        "/sessions/[session]/move": f"/sessions/{moving.public_id}/move?sequence={moving.sequence}",
        "/sessions/[session]/room": f"/sessions/{moving.public_id}/room",
        "/mentor/mentees/[mentee]": f"/mentor/mentees/{mentee}",
        "/testimonial/[pack]": f"/testimonial/{pack}",
        "/admin/mentors/[slug]/availability": f"/admin/mentors/{slug}/availability",
    }


def situations(slug: str, newcomer: str) -> Iterator[Seen]:
    """Faces of the pages that only some sessions have."""
    yield Seen("onboarding-newcomer", "/onboarding", newcomer)
    yield Seen("book-without-pack", f"/book/{slug}", newcomer)
    yield Seen("book-unknown", "/book/nobody", MENTEE)
    yield Seen("sessions-past", "/sessions?only=past", MENTEE)
    yield Seen("sessions-none", "/sessions", newcomer)
    yield Seen("session-unknown", "/sessions/ses_unknown", MENTEE)
    yield Seen("admin-sessions-objections", "/admin/sessions?only=objection", ADMIN)
    with db.reading() as session:
        yield from _of_lea(session)
        yield from _of_everybody(session)
        yield from _before_booking(session)
        yield from _unsaid(session)


def _of_lea(db: Session) -> Iterator[Seen]:
    own = _sessions(db, _user(db, MENTEE))
    held = _last(own, SessionStatus.COMPLETED)
    yield Seen("session-completed", f"/sessions/{held.public_id}", MENTEE)
    asked = _last(own, SessionStatus.SCHEDULED)
    yield Seen("session-proposal", f"/sessions/{asked.public_id}", MENTEE)
    yield Seen("session-mentor", f"/sessions/{asked.public_id}", MENTOR)
    address = f"/sessions/{asked.public_id}/move?sequence={asked.sequence}&propose=1"
    yield Seen("move-propose", address, MENTOR)
    yield Seen("move-out-of-date", f"/sessions/{held.public_id}/move?sequence=77", MENTEE)


def _of_everybody(db: Session) -> Iterator[Seen]:
    """One session of each status as its mentee, its mentor or an admin finds it."""
    for status, who in (
        (SessionStatus.UNRESOLVED, "mentor"),
        (SessionStatus.CANCELED, "mentee"),
        (SessionStatus.MENTEE_NO_SHOW, "mentee"),
        (SessionStatus.MENTOR_NO_SHOW, "admin"),
    ):
        found = db.exec(
            select(MentoringSession)
            .where(MentoringSession.status == status)
            .order_by(col(MentoringSession.starts_at).desc())
        ).first()
        if found is not None:
            person = {"mentor": found.mentor_user_id, "mentee": found.mentee_id}.get(who)
            email = _email(db, person) if person is not None else ADMIN
            name = f"session-{status.value.replace(' ', '-')}"
            yield Seen(name, f"/sessions/{found.public_id}", email)
    objected = db.exec(
        select(MentoringSession.public_id)
        .join(Objection, col(Objection.session_id) == col(MentoringSession.id))
        .limit(1)
    ).first()
    if objected is not None:
        yield Seen("session-objection", f"/sessions/{objected}", ADMIN)
    asked = db.exec(
        select(MentoringSession.public_id)
        .join(Proposal, col(Proposal.session_id) == col(MentoringSession.id))
        .where(Proposal.status == ProposalStatus.OPEN, col(Proposal.by_mentor).is_(False))
        .limit(1)
    ).first()
    if asked is not None:
        yield Seen("session-asked", f"/sessions/{asked}", MENTOR)


def _before_booking(db: Session) -> Iterator[Seen]:
    """Somebody who has a pack, and has not told about themselves."""
    found = db.exec(
        select(User.email, Mentor.slug)
        .join(Pack, col(Pack.mentee_id) == col(User.id))
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            Pack.status == PackStatus.ACTIVE,
            col(User.id).not_in(
                select(Onboarding.user_id).where(col(Onboarding.done_at).is_not(None))
            ),
        )
    ).first()
    if found is not None:
        email, slug = found
        yield Seen("onboarding-begun", "/onboarding", email)
        yield Seen("book-before-onboarding", f"/book/{slug}", email)


def _unsaid(db: Session) -> Iterator[Seen]:
    """Somebody whose sessions are over, and who has not said anything about them."""
    found = db.exec(
        select(User.email, Pack.public_id)
        .join(Pack, col(Pack.mentee_id) == col(User.id))
        .where(
            Pack.status == PackStatus.DEPLETED,
            col(Pack.id).not_in(select(Testimonial.pack_id)),
        )
        .order_by(col(Pack.id).desc())
    ).first()
    if found is not None:
        email, pack = found
        yield Seen("testimonial-new", f"/testimonial/{pack}", email)


def _sessions(db: Session, mentee: UserId) -> list[MentoringSession]:
    own = select(MentoringSession).where(MentoringSession.mentee_id == mentee)
    return list(db.exec(own.order_by(col(MentoringSession.starts_at))).all())


def _first(found: list[MentoringSession], status: SessionStatus) -> MentoringSession:
    return next(one for one in found if one.status is status)


def _last(found: list[MentoringSession], status: SessionStatus) -> MentoringSession:
    return _first(found[::-1], status)


def _user(db: Session, email: str) -> UserId:
    return UserId(db.exec(select(User.id).where(User.email == email)).one())


def _email(db: Session, user_id: UserId) -> str:
    return db.exec(select(User.email).where(User.id == user_id)).one()
