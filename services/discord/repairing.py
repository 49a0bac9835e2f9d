"""The nightly repair: what our server really has, compared with what should be, and put right.

It changes nothing at Discord by itself: each correction is asked for through the outbox, like any
other action. The list of members is a moment old when it is compared; what changed since then is
asked for once more at worst, which Discord takes for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import Session, col, delete, select

from services import audit, clock, db, locking, outages, topics
from services.audit import SYSTEM
from services.config import settings
from services.discord import commands, following, roles
from services.errors import ProviderRejected
from services.ids import MentorId, UserId
from services.models import DiscordGrant, DiscordLink, DiscordRole, Mentor, User, UserStatus
from services.providers.discord.base import Refusal
from services.providers.discord.registry import discord

NAME = "repair_discord"
"""Among the schedules."""
ACTION = "discord.repaired"
THING = "discord"
"""What the report's audit line is about."""
FORGOTTEN_AFTER = timedelta(days=1)
"""How long a grant is kept whose role is gone and whose account is nobody's any more."""
AT_ONCE = 500

log = structlog.get_logger()

Members = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Report:
    """What the repair found. `corrected` counts the actions it asked for, `strangers` the members
    with a mentor's role whose account nobody has linked: they are left alone."""

    linked: int = 0
    corrected: int = 0
    left: int = 0
    strangers: int = 0
    failed: int = 0

    def __str__(self) -> str:
        said = f"{self.linked} linked, {self.corrected} corrected, {self.left} not in our server"
        if self.strangers:
            said += f", {self.strangers} with a role and no link"
        return said + (f", {self.failed} could not be compared" if self.failed else "")


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose account it is or was, and whether we took it for a member of our server."""

    user_id: UserId
    is_here: bool


def repair() -> Report:
    """Compare everybody, and tell Discord our commands. Safe to run twice, or twice at once.

    Raises:
        ProviderUnavailable, ProviderRejected: Discord did not tell us what it has.
    """
    if not settings().discord_offered:
        return Report()
    with _refusals_told():
        ours = _roles_that_are_there()
        members = {member.discord_id: member.roles & ours.keys() for member in discord().members()}
    report = _compare(members, ours)
    with db.transaction() as session:
        _forget_ended(session)
        audit.record(session, actor=SYSTEM, action=ACTION, thing=THING, after=_counts(report))
        topics.publish(session, topics.DISCORD)
    log.info("discord_repaired", **_counts(report))
    with _refusals_told():  # last: who lets us offer no commands has right roles all the same
        discord().register_commands(commands.listed())
    return report


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Admins hear of a permission that we lack."""
    try:
        yield
    except ProviderRejected as refused:
        if refused.code == Refusal.MISSING_PERMISSION:
            with db.transaction() as session:
                roles.tell_refused(session)
        raise


def _roles_that_are_there() -> dict[str, MentorId]:
    """The mentors' roles. Those of erased mentors are deleted, as far as we may: they bear their
    names. Those that somebody deleted are forgotten."""
    for role_id in _roles(of_erased=True):
        with suppress(ProviderRejected), _refusals_told():
            discord().delete_role(role_id, "Mentorships: the mentor was erased")
            roles.forget_role(role_id)
    ours, there = _roles(), {role.id for role in discord().roles()}
    for role_id in ours.keys() - there:
        roles.forget_role(role_id)
    return {role_id: mentor for role_id, mentor in ours.items() if role_id in there}


def _compare(members: Members, ours: Mapping[str, MentorId]) -> Report:
    """Each account in a transaction of its own: one that fails does not stop the others."""
    corrected = failed = left = linked = 0
    accounts = _accounts()
    for discord_id, account in accounts.items():
        found = members.get(discord_id)
        if found is None and account.is_here:  # since the list was read, or not any more
            member = discord().member(discord_id)
            found = member.roles & ours.keys() if member else None
        has = None if found is None else frozenset(ours[role] for role in found)
        try:
            with db.transaction() as session:
                is_linked, asked = _correct(session, account.user_id, discord_id, has)
        except Exception as error:
            if outages.away(error):
                raise
            log.exception("discord_account_stuck", user=account.user_id)
            failed += 1
        else:
            corrected += asked
            linked += is_linked
            left += is_linked and has is None
    strangers = sum(bool(held) for one, held in members.items() if one not in accounts)
    return Report(linked, corrected, left, strangers, failed)


def _correct(
    db: Session, user_id: UserId, discord_id: str, has: frozenset[MentorId] | None
) -> tuple[bool, int]:
    """Write what the account has (None: it is not in our server), and ask for what should be
    otherwise: whether it is linked, and how many actions that are."""
    locking.lock_discord(db, user_id)
    _write_roles(db, user_id, discord_id, has or frozenset())
    link = following.find_link(db, user_id)
    if link is None or link.discord_id != discord_id:
        return False, following.end(db, discord_id=discord_id)
    if (has is None) == (link.left_at is None):
        link.left_at = clock.utc_now() if has is None else None
        db.add(link)
        following.changed(db, user_id)
    return True, following.follow_person(db, user_id=user_id, again=has is not None)


def _write_roles(db: Session, user_id: UserId, discord_id: str, has: frozenset[MentorId]) -> None:
    grants = following.grants_of(db, discord_id)
    own = db.exec(select(Mentor.id).where(Mentor.user_id == user_id)).one_or_none()
    for mentor_id in sorted(has - grants.keys() - {own}):  # mentors may well have their own role
        grants[mentor_id] = DiscordGrant(
            discord_id=discord_id, user_id=user_id, mentor_id=mentor_id, wanted=False
        )
    for mentor_id, grant in grants.items():
        grant.has = mentor_id in has
        if grant.has == grant.wanted:
            grant.error = ""
        db.add(grant)
    db.flush()


def _roles(*, of_erased: bool = False) -> dict[str, MentorId]:
    erased = (
        select(Mentor.id)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(User.status == UserStatus.ERASED)
    )
    wanted = select(DiscordRole.role_id, DiscordRole.mentor_id)
    if of_erased:
        wanted = wanted.where(col(DiscordRole.mentor_id).in_(erased))
    with db.reading() as session:
        found = session.exec(wanted)
        return {role: MentorId(mentor) for role, mentor in found if role is not None}


def _accounts() -> dict[str, _Account]:
    """Every account that is linked, or has something left from when it was; the linked ones count
    for those that are both."""
    with db.reading() as session:
        grants = session.exec(select(DiscordGrant.discord_id, DiscordGrant.user_id).distinct())
        found = {account: _Account(UserId(user), is_here=False) for account, user in grants}
        for link in session.exec(select(DiscordLink)):
            found[link.discord_id] = _Account(link.user_id, is_here=link.left_at is None)
        return found


def _forget_ended(db: Session) -> None:
    """Forget the grants of accounts that are nobody's any more, once their role is surely gone."""
    linked = select(DiscordLink.id).where(DiscordLink.discord_id == DiscordGrant.discord_id)
    ended = (
        select(DiscordGrant.id)
        .where(
            col(DiscordGrant.wanted).is_(False),
            col(DiscordGrant.has).is_(False),
            col(DiscordGrant.wanted_at) < clock.utc_now() - FORGOTTEN_AFTER,
            ~linked.exists(),
        )
        .order_by(col(DiscordGrant.id))
        .limit(AT_ONCE)
    )
    db.exec(delete(DiscordGrant).where(col(DiscordGrant.id).in_(ended)))


def _counts(report: Report) -> dict[str, int]:
    return {
        "linked": report.linked,
        "corrected": report.corrected,
        "left": report.left,
        "strangers": report.strangers,
        "failed": report.failed,
    }
