"""Who should have which mentor's role: recomputed after every change, and asked of Discord by the
outbox, each action by a message of its own.

Imported by `seats`, so nothing here may import it.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import audit, clock, locking, outbox, topics
from services.audit import SYSTEM
from services.config import settings
from services.ids import MentorId, UserId
from services.models import (
    DiscordGrant,
    DiscordLink,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)

KIND = "discord_role"
ENTITLED = (SeatStatus.ACTIVE, SeatStatus.GRACE)


def follow_seat(db: Session, *, seat: Seat) -> None:
    """A seat, or a pack of it, has changed: have its mentee's role given or taken, if that is
    another answer than before. The caller holds the mentor's lock.

    Nothing for whoever has linked no Discord account: `follow_person` catches up when they do.
    """
    if seat.status is SeatStatus.HELD or not settings().discord_offered:
        return
    db.flush()
    locking.lock_discord(db, seat.mentee_id, shared=True)
    link = find_link(db, seat.mentee_id)
    if link is not None:
        _follow(db, link, {seat.mentor_id}, grants_of(db, link.discord_id, seat.mentor_id))


def follow_person(db: Session, *, user_id: UserId, again: bool = False) -> int:
    """Recompute all roles of one person; how many actions were asked of Discord. With `again` also
    those that were asked for and never done.

    Nothing more is locked after this in the same transaction.
    """
    if not settings().discord_offered:
        return 0
    db.flush()
    locking.lock_discord(db, user_id)
    link = find_link(db, user_id)
    if link is None:
        return 0
    entitled = select(Seat.mentor_id).where(
        Seat.mentee_id == user_id, col(Seat.status).in_(ENTITLED)
    )
    grants = grants_of(db, link.discord_id)
    mentors = {MentorId(mentor) for mentor in db.exec(entitled)} | grants.keys()
    return _follow(db, link, mentors, grants, again=again)


def find_link(db: Session, user_id: UserId) -> DiscordLink | None:
    """The Discord account that a person has linked, as it is stored at this moment."""
    return db.exec(
        select(DiscordLink)
        .where(DiscordLink.user_id == user_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def end(db: Session, *, discord_id: str) -> int:
    """Nobody's account any more: have all its roles taken; how many actions that are. The caller
    holds its person's lock."""
    grants = grants_of(db, discord_id)
    return sum(_want(db, grant, wanted=False, again=True) for grant in grants.values())


def ask(db: Session, grant: DiscordGrant) -> None:
    """Have Discord asked for what is wanted now. The caller holds the person's lock."""
    grant.sequence += 1
    db.add(grant)
    db.flush()
    outbox.add(
        db,
        kind=KIND,
        key=f"discord:role:{grant.public_id}:{grant.sequence}",
        data={"grant": grant.public_id},
    )
    changed(db, grant.user_id)


def changed(db: Session, user_id: UserId) -> None:
    """Whoever looks at the person's link or roles sees them anew."""
    topics.publish(db, topics.DISCORD, topics.mentee(user_id))


def grants_of(
    db: Session, discord_id: str, mentor_id: MentorId | None = None
) -> dict[MentorId, DiscordGrant]:
    """An account's grants by mentor, or that of one mentor, locked in one order, as they are stored
    at this moment."""
    wanted = select(DiscordGrant).where(DiscordGrant.discord_id == discord_id)
    if mentor_id is not None:
        wanted = wanted.where(DiscordGrant.mentor_id == mentor_id)
    found = db.exec(
        wanted.order_by(col(DiscordGrant.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {grant.mentor_id: grant for grant in found}


def _follow(
    db: Session,
    link: DiscordLink,
    mentors: set[MentorId],
    grants: dict[MentorId, DiscordGrant],
    *,
    again: bool = False,
) -> int:
    wanted = _entitled(db, link.user_id)
    asked = 0
    for mentor_id in sorted(mentors):
        grant = grants.get(mentor_id)
        if grant is None and mentor_id not in wanted:
            continue
        if grant is None:
            grant = DiscordGrant(
                discord_id=link.discord_id, user_id=link.user_id, mentor_id=mentor_id, wanted=False
            )
        grant.user_id = link.user_id
        asked += _want(db, grant, wanted=mentor_id in wanted, again=again)
    return asked


def _want(db: Session, grant: DiscordGrant, *, wanted: bool, again: bool) -> bool:
    """Write what is wanted; whether Discord is asked for it."""
    if grant.wanted == wanted and not (again and grant.has != wanted):
        db.add(grant)
        return False
    if grant.wanted != wanted:
        grant.wanted, grant.wanted_at = wanted, clock.utc_now()
        audit.record(
            db,
            actor=SYSTEM,
            action="discord.role_wanted" if wanted else "discord.role_not_wanted",
            thing=grant.public_id,
            before={"wanted": not wanted},
            after={"wanted": wanted},
        )
    ask(db, grant)
    return True


def _entitled(db: Session, user_id: UserId) -> frozenset[MentorId]:
    """The mentors whose role the person should have: those of their seats, active or in grace. A
    disputed pack suspends the role, unless another pack of the same mentor is usable; so does a
    suspended account (PRODUCT.md rules 5 and 22)."""
    seats = (
        select(Seat.mentor_id)
        .join(User, col(User.id) == col(Seat.mentee_id))
        .where(
            Seat.mentee_id == user_id,
            col(Seat.status).in_(ENTITLED),
            User.status == UserStatus.ACTIVE,
        )
    )
    packs = select(Pack.mentor_id, Pack.status, Pack.left).where(
        Pack.mentee_id == user_id, col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN])
    )
    frozen: set[MentorId] = set()
    usable: set[MentorId] = set()
    for mentor_id, status, left in db.exec(packs):
        if status is PackStatus.FROZEN:
            frozen.add(MentorId(mentor_id))
        elif left:
            usable.add(MentorId(mentor_id))
    seated = frozenset(MentorId(mentor) for mentor in db.exec(seats))
    return seated - (frozen - usable)
