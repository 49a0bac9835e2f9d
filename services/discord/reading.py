"""What people see of their own Discord account, and admins of everybody's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.config import settings
from services.discord import following, repairing
from services.discord.repairing import Report
from services.models import AuditEntry, DiscordGrant, DiscordLink, Mentor, User
from services.paging import Part

MOST_ENDING = 50


class LinkFilter(StrEnum):
    """Which links an admin looks at."""

    ALL = ""
    DIFFERENT = "different"
    LEFT = "left"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RoleView:
    """One mentor's role of one account: whether it should have it, and has it. `error` says why
    Discord refused the last time."""

    grant: str
    mentor: str
    wanted: bool
    has: bool
    error: str


@dataclass(frozen=True, slots=True)
class MyDiscord:
    """One's own link. `offered` is False when the studio has no Discord server; without `username`
    nothing is linked. `left` tells that the account is not in the server, `closed` that it takes no
    direct messages from us."""

    offered: bool
    username: str = ""
    linked_at: datetime | None = None
    left: bool = False
    closed: bool = False
    roles: tuple[RoleView, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One person's link, for an admin."""

    public_id: str
    user: str
    name: str
    username: str
    discord_id: str
    linked_at: datetime
    left_at: datetime | None
    dm_closed_at: datetime | None
    roles: tuple[RoleView, ...]


@dataclass(frozen=True, slots=True)
class EndingRow:
    """A role that is still to be taken from an account which nobody has linked any more."""

    grant: str
    name: str
    mentor: str
    discord_id: str
    error: str
    since: datetime


@dataclass(frozen=True, slots=True)
class DiscordOverview:
    """The studio's Discord in a few facts, and what the last repair found."""

    offered: bool
    linked: int
    different: int
    ending: tuple[EndingRow, ...]
    repaired_at: datetime | None
    report: Report | None


def get_mine(db: Session, *, actor: Actor) -> MyDiscord:
    """The signed-in person's own link.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    offered = settings().discord_offered
    link = following.find_link(db, user_id)
    if link is None:
        return MyDiscord(offered=offered)
    return MyDiscord(
        offered=offered,
        username=link.username or link.discord_id,
        linked_at=link.linked_at,
        left=link.left_at is not None,
        closed=link.dm_closed_at is not None,
        roles=_roles(db, {link.discord_id})[link.discord_id],
    )


def get_overview(db: Session, *, actor: Actor) -> DiscordOverview:
    """How Discord stands, for an admin.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    linked = db.exec(select(func.count(col(DiscordLink.id)))).one()
    different = db.exec(
        select(func.count(col(DiscordGrant.id))).where(_differs(), _is_linked())
    ).one()
    last = db.exec(
        select(AuditEntry)
        .where(AuditEntry.thing == repairing.THING, AuditEntry.action == repairing.ACTION)
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
    ).one_or_none()
    return DiscordOverview(
        offered=settings().discord_offered,
        linked=linked,
        different=different,
        ending=_ending(db),
        repaired_at=last.at if last else None,
        report=Report(**last.after) if last else None,
    )


def list_links(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    only: LinkFilter = LinkFilter.ALL,
    before: str | None = None,
    limit: int = 50,
) -> Part[LinkRow]:
    """Linked accounts by the person's name or address, or by the name or id at Discord, the newest
    first.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted = _wanted(query, only)
    total = db.exec(
        select(func.count(col(DiscordLink.id)))
        .join(User, col(User.id) == col(DiscordLink.user_id))
        .where(*wanted)
    ).one()
    place = paging.older_than(db, DiscordLink, before, at="linked_at")
    found = db.exec(
        select(DiscordLink, User)
        .join(User, col(User.id) == col(DiscordLink.user_id))
        .where(*wanted, *place)
        .order_by(col(DiscordLink.linked_at).desc(), col(DiscordLink.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(found, limit)
    roles = _roles(db, {link.discord_id for link, _ in shown})
    rows = tuple(_row(link, user, roles[link.discord_id]) for link, user in shown)
    return Part(rows, rows[-1].public_id if more else None, total)


def _wanted(query: str, only: LinkFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.strip():
        like = paging.pattern(query)
        wanted.append(
            or_(
                col(User.name).ilike(like, escape="\\"),
                col(User.email).ilike(like, escape="\\"),
                col(DiscordLink.username).ilike(like, escape="\\"),
                col(DiscordLink.discord_id) == query.strip(),
            )
        )
    match only:
        case LinkFilter.ALL:
            pass
        case LinkFilter.DIFFERENT:
            own = col(DiscordGrant.discord_id) == col(DiscordLink.discord_id)
            wanted.append(exists().where(and_(own, _differs())).correlate(DiscordLink))
        case LinkFilter.LEFT:
            wanted.append(col(DiscordLink.left_at).is_not(None))
        case LinkFilter.CLOSED:
            wanted.append(col(DiscordLink.dm_closed_at).is_not(None))
    return wanted


def _differs() -> ColumnElement[bool]:
    """As two ranges of the index, where `wanted <> has` would read everything."""
    wanted, has = col(DiscordGrant.wanted), col(DiscordGrant.has)
    return or_(and_(wanted.is_(True), has.is_(False)), and_(wanted.is_(False), has.is_(True)))


def _is_linked() -> ColumnElement[bool]:
    return exists().where(col(DiscordLink.discord_id) == col(DiscordGrant.discord_id))


def _ending(db: Session) -> tuple[EndingRow, ...]:
    owner = aliased(User)
    found = db.exec(
        select(DiscordGrant, User.name, owner.name)
        .join(User, col(User.id) == col(DiscordGrant.user_id))
        .join(Mentor, col(Mentor.id) == col(DiscordGrant.mentor_id))
        .join(owner, col(owner.id) == col(Mentor.user_id))
        .where(col(DiscordGrant.wanted).is_(False), col(DiscordGrant.has).is_(True), ~_is_linked())
        .order_by(col(DiscordGrant.id))
        .limit(MOST_ENDING)
    )
    return tuple(
        EndingRow(grant.public_id, name, mentor, grant.discord_id, grant.error, grant.wanted_at)
        for grant, name, mentor in found
    )


def _roles(db: Session, accounts: Collection[str]) -> defaultdict[str, tuple[RoleView, ...]]:
    """The roles of these accounts that are wanted or had, by account."""
    found = db.exec(
        select(DiscordGrant, User.name)
        .join(Mentor, col(Mentor.id) == col(DiscordGrant.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(
            col(DiscordGrant.discord_id).in_(accounts),
            or_(col(DiscordGrant.wanted).is_(True), col(DiscordGrant.has).is_(True)),
        )
        .order_by(col(User.name), col(DiscordGrant.id))
    )
    roles: defaultdict[str, tuple[RoleView, ...]] = defaultdict(tuple)
    for grant, mentor in found:
        roles[grant.discord_id] += (
            RoleView(grant.public_id, mentor, grant.wanted, grant.has, grant.error),
        )
    return roles


def _row(link: DiscordLink, user: User, roles: tuple[RoleView, ...]) -> LinkRow:
    return LinkRow(
        public_id=link.public_id,
        user=user.public_id,
        name=user.name,
        username=link.username or link.discord_id,
        discord_id=link.discord_id,
        linked_at=link.linked_at,
        left_at=link.left_at,
        dm_closed_at=link.dm_closed_at,
        roles=roles,
    )
