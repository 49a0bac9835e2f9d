"""Reads the dashboard of one person."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import and_, exists, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, clock, credits, onboarding, waitlist
from services.audit import Actor
from services.config import settings
from services.ids import MentorId, PackId, UserId
from services.mentee_home.steps import next_step
from services.mentee_home.views import (
    ComingSession,
    MenteeHome,
    MentorTogether,
    OpenCheckout,
    PackView,
)
from services.models import (
    OPEN_SESSIONS,
    CreditEntry,
    CreditKind,
    Mentor,
    MentoringSession,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Proposal,
    ProposalStatus,
    Seat,
    SeatStatus,
    User,
)
from services.money import Money

MOST_PACKS = 200
MOST_SESSIONS = 5


def get_home(db: Session, *, actor: Actor) -> MenteeHome:
    """The signed-in person's dashboard; nine queries however much there is.

    Raises:
        SignInNeeded
    """
    mentee = access.require_user(actor)
    checkouts = _open_checkouts(db, mentee)
    together = _together(db, mentee)
    sessions = _sessions(db, mentee)
    welcome = onboarding.is_done(db, mentee)
    waits = waitlist.list_own(db, actor=actor)
    choices = waitlist.list_choices(db, actor=actor)
    places = (waits, choices)
    step = next_step(actor, checkouts, sessions, together, places, welcome=welcome)
    return MenteeHome(step, sessions, together, checkouts, waits, choices)


def _sessions(db: Session, mentee: UserId) -> tuple[ComingSession, ...]:
    """What is not settled yet, by its start."""
    proposed = and_(
        col(Proposal.session_id) == col(MentoringSession.id),
        col(Proposal.status) == ProposalStatus.OPEN,
        col(Proposal.by_mentor).is_(True),
    )
    rows = db.exec(
        select(MentoringSession, User.name, Mentor.slug, col(Proposal.starts_at))
        .join(Mentor, col(Mentor.id) == col(MentoringSession.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .outerjoin(Proposal, proposed)
        .where(
            col(MentoringSession.mentee_id) == mentee,
            col(MentoringSession.status).in_(OPEN_SESSIONS),
        )
        .order_by(col(MentoringSession.starts_at), col(MentoringSession.id))
        .limit(MOST_SESSIONS)
    ).all()
    early = timedelta(minutes=settings().join_minutes)
    return tuple(
        ComingSession(
            public_id=session.public_id,
            mentor_name=name,
            mentor_slug=slug,
            status=session.status,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            joins_open_at=session.starts_at - early,
            proposed_at=proposed_at,
        )
        for session, name, slug, proposed_at in rows
    )


def _open_checkouts(db: Session, mentee: UserId) -> tuple[OpenCheckout, ...]:
    rows = db.exec(
        select(Order, User.name, Mentor.slug)
        .join(Mentor, col(Mentor.id) == col(Order.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Order.mentee_id) == mentee, col(Order.status) == OrderStatus.PENDING)
        .order_by(col(Order.expires_at), col(Order.id))
    ).all()
    return tuple(
        OpenCheckout(
            order=order.public_id,
            title=order.title,
            price=Money(order.amount_minor, order.currency),
            mentor_name=name,
            mentor_slug=slug,
            held_until=order.expires_at,
            waiting_for_bank=order.bank_pending_at is not None,
            declined=order.declined_at is not None,
        )
        for order, name, slug in rows
    )


def _together(db: Session, mentee: UserId) -> tuple[MentorTogether, ...]:
    seats = {
        seat.mentor_id: seat
        for seat in db.exec(
            select(Seat).where(
                col(Seat.mentee_id) == mentee,
                col(Seat.status).in_([SeatStatus.ACTIVE, SeatStatus.GRACE]),
            )
        ).all()
    }
    packs: defaultdict[MentorId, list[Pack]] = defaultdict(list)
    newest = select(Pack).where(col(Pack.mentee_id) == mentee)
    for pack in db.exec(newest.order_by(col(Pack.created_at).desc()).limit(MOST_PACKS)).all():
        packs[pack.mentor_id].append(pack)
    mentors = db.exec(
        select(Mentor, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id).in_([*seats, *packs]))
    ).all()
    used = _consumed(db, mentee)
    together = [
        _with_mentor(mentor, name, seats.get(mentor.id), packs[mentor.id], used)
        for mentor, name in mentors
    ]
    return tuple(sorted(together, key=lambda one: (one.seat is None, one.name, one.slug)))


def _consumed(db: Session, mentee: UserId) -> dict[PackId, int]:
    """How many sessions of each pack took place (or were missed by the mentee), without those
    whose credit came back after all."""
    back = aliased(CreditEntry)
    came_back = exists().where(
        col(back.session_id) == col(CreditEntry.session_id), col(back.kind) == CreditKind.RETURN
    )
    rows = db.exec(
        select(col(CreditEntry.pack_id), func.sum(col(CreditEntry.amount)))
        .join(Pack, col(Pack.id) == col(CreditEntry.pack_id))
        .where(
            col(Pack.mentee_id) == mentee,
            col(CreditEntry.kind) == CreditKind.CONSUME,
            ~came_back,
        )
        .group_by(col(CreditEntry.pack_id))
    )
    return {pack: -int(amount) for pack, amount in rows.all()}


def _with_mentor(
    mentor: Mentor, name: str, seat: Seat | None, packs: list[Pack], used: dict[PackId, int]
) -> MentorTogether:
    return MentorTogether(
        name=name,
        slug=mentor.slug,
        photo_key=mentor.photo_key,
        seat=seat.status if seat else None,
        until=seat.grace_ends_at if seat else None,
        left=sum(pack.left for pack in packs if _usable(pack)),
        available=sum(credits.available(pack) for pack in packs if _usable(pack)),
        packs=tuple(_pack_view(pack, used.get(pack.id, 0)) for pack in packs),
    )


def _usable(pack: Pack) -> bool:
    ended = pack.expires_at is not None and pack.expires_at <= clock.utc_now()
    return pack.status is PackStatus.ACTIVE and (not ended or pack.paused_at is not None)


def _pack_view(pack: Pack, used: int) -> PackView:
    return PackView(
        public_id=pack.public_id,
        title=pack.title,
        total=pack.total,
        used=used,
        left=pack.left,
        lost=max(0, pack.total - used - pack.left),
        reserved=pack.reserved,
        available=credits.available(pack) if _usable(pack) else 0,
        status=pack.status,
        starts_at=pack.starts_at,
        expires_at=pack.expires_at,
        paused=pack.paused_at is not None,
    )
