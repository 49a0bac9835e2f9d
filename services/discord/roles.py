"""Giving and taking roles at Discord, by the outbox.

A message never says what to do: it has Discord made what is wanted at that moment. So messages may
come twice, late and in any order, and two workers at once: whoever finds afterwards that something
else is wanted asks again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select, update

from services import audit, clock, db, locking, notifications
from services.audit import SYSTEM
from services.config import settings
from services.discord import following
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import MentorId
from services.models import DiscordGrant, DiscordLink, DiscordRole, Mentor, User
from services.providers.discord.base import LONGEST_ROLE_NAME, Refusal
from services.providers.discord.registry import discord

NOT_A_MEMBER = "Not in our Discord server."
NO_PERMISSION = (
    "Our bot may not do that: give it the permission to manage roles, and put its own role above "
    "the mentors' roles."
)
MAKING = timedelta(minutes=1)
"""How long whoever makes a role at Discord is waited for."""
_PATIENCE_SECONDS = 2.0
_REASON = "Mentorships: the seat of a mentee"


class _BeingMade(ProviderUnavailable):
    """Another worker makes the role at this moment."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a grant asks for, as it was read before Discord was asked."""

    grant: str
    discord_id: str
    mentor_id: MentorId
    wanted: bool


def send_role(*, grant: str) -> str:
    """Make Discord what a grant (by public id) wants now; what was done, in words. A refusal that
    somebody has to see to stands on the grant.

    Raises:
        ProviderUnavailable: not now. ProviderRejected: for a reason that nobody foresaw.
    """
    if not settings().discord_offered:
        return "Discord is not used"
    with db.reading() as session:
        row = _find(session, grant)
    if row is None:
        return "forgotten meanwhile"
    todo = _Wanted(grant, row.discord_id, row.mentor_id, row.wanted)
    try:
        if todo.wanted:
            _give(todo)
        else:
            _take(todo)
    except ProviderRejected as refused:
        return _refused(todo, refused)
    return _settle(todo)


def forget_role(role_id: str) -> None:
    """A role is no more at Discord: nobody has it, and those who should are given a new one."""
    with db.transaction() as session:
        named = select(DiscordRole).where(DiscordRole.role_id == role_id)
        row = session.exec(named).one_or_none()
        if row is not None:
            locking.lock(session, mentors=[row.mentor_id])  # whoever follows a seat of theirs waits
            row = session.exec(named.execution_options(populate_existing=True)).one_or_none()
        if row is None:
            return
        of_mentor = col(DiscordGrant.mentor_id) == row.mentor_id
        session.exec(update(DiscordGrant).where(of_mentor).values(has=False))
        audit.record(
            session,
            actor=SYSTEM,
            action="discord.role_lost",
            thing=session.get_one(Mentor, row.mentor_id).public_id,
            before={"role": role_id},
        )
        session.delete(row)
        lost = session.exec(
            select(DiscordGrant.public_id).where(of_mentor, col(DiscordGrant.wanted).is_(True))
        ).all()
    for grant in lost:
        _ask_again(grant)


def tell_refused(db: Session, *, thing: str = "Discord") -> None:
    """Admins hear of a missing permission once a day, not for each action that needs it."""
    day = clock.today()
    notifications.alert_admins(db, alert="discord_refused", thing=thing, occasion=day, once=day)


def _ask_again(grant: str) -> None:
    """Have Discord asked for what a grant wants, if it is not known to be so."""
    with db.transaction() as session:
        row = _locked(session, grant)
        if row is not None and row.wanted != row.has:
            following.ask(session, row)


def _give(todo: _Wanted) -> None:
    for last_try in (False, True):
        role = _role_of(todo.mentor_id)
        try:
            discord().give_role(todo.discord_id, role, _REASON)
        except ProviderRejected as refused:
            if refused.code != Refusal.UNKNOWN_ROLE or last_try:
                raise
            forget_role(role)
        else:
            return


def _take(todo: _Wanted) -> None:
    with db.reading() as session:
        row = session.get(DiscordRole, todo.mentor_id)
    if row is None or row.role_id is None:  # no role, so nobody has it
        return
    try:
        discord().take_role(todo.discord_id, row.role_id, _REASON)
    except ProviderRejected as refused:
        if refused.code == Refusal.UNKNOWN_ROLE:
            forget_role(row.role_id)
        elif refused.code != Refusal.UNKNOWN_MEMBER:  # who left has no role any more
            raise


def _settle(todo: _Wanted) -> str:
    """Write what Discord has made of it."""
    done = "given" if todo.wanted else "taken"
    with db.transaction() as session:
        row = _locked(session, todo.grant)
        if row is None:
            return f"{done}, and forgotten meanwhile"
        before = row.has
        row.has, row.done_at, row.error = todo.wanted, clock.utc_now(), ""
        session.add(row)
        audit.record(
            session,
            actor=SYSTEM,
            action=f"discord.role_{done}",
            thing=row.public_id,
            before={"has": before},
            after={"has": row.has},
        )
        if todo.wanted:
            _see_member(session, row, is_here=True)
        following.changed(session, row.user_id)
        if row.wanted != row.has:  # changed while Discord was asked
            following.ask(session, row)
            return f"{done}, and asked again"
    return done


def _refused(todo: _Wanted, refused: ProviderRejected) -> str:
    """Write why not. Who comes back, and what is permitted again, the nightly repair finds."""
    words = {Refusal.UNKNOWN_MEMBER: NOT_A_MEMBER, Refusal.MISSING_PERMISSION: NO_PERMISSION}
    known = next((said for code, said in words.items() if code == refused.code), "")
    with db.transaction() as session:
        row = _locked(session, todo.grant)
        if row is not None:
            if refused.code == Refusal.UNKNOWN_MEMBER:
                row.has = False
                _see_member(session, row, is_here=False)
            elif refused.code == Refusal.MISSING_PERMISSION:
                _alert_once(session, row)
            row.error = known or f"Discord refused it: {refused.code or 'no reason given'}."
            session.add(row)
            following.changed(session, row.user_id)
            audit.record(
                session,
                actor=SYSTEM,
                action="discord.role_refused",
                thing=row.public_id,
                after={"code": str(refused.code), "wanted": todo.wanted},
            )
    if not known:
        raise refused
    return known


def _see_member(db: Session, grant: DiscordGrant, *, is_here: bool) -> None:
    """Discord has just said whether the account is in our server."""
    link = db.exec(
        select(DiscordLink).where(DiscordLink.discord_id == grant.discord_id)
    ).one_or_none()
    if link is not None and (link.left_at is None) != is_here:
        link.left_at = None if is_here else clock.utc_now()
        db.add(link)


def _alert_once(db: Session, grant: DiscordGrant) -> None:
    """Not again before somebody has put it right."""
    same = select(DiscordGrant.id).where(DiscordGrant.error == NO_PERMISSION).limit(1)
    if db.exec(same).first() is None:
        tell_refused(db, thing=grant.public_id)


def _role_of(mentor_id: MentorId) -> str:
    """The mentor's role at Discord, made when it is needed first.

    Whoever makes it says so before, so that two workers make one; the other waits for a moment. One
    that was made, and then not written down, is found by its name.

    Raises:
        ProviderUnavailable: somebody else is making it, and takes long.
    """
    patience = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _known_or_made(mentor_id)
        except _BeingMade:
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)


def _known_or_made(mentor_id: MentorId) -> str:
    with db.transaction() as session:
        locking.lock(session, mentors=[mentor_id])
        row = session.get(DiscordRole, mentor_id, populate_existing=True)
        if row is not None and row.role_id is not None:
            return row.role_id
        if row is not None and row.created_at > clock.utc_now() - MAKING:
            raise _BeingMade("discord", "the mentor's role is being made", retry_after=2)
        name = _name(session, mentor_id)
        row = row or DiscordRole(mentor_id=mentor_id, name=name)
        row.name, row.created_at = name, clock.utc_now()
        session.add(row)
    try:
        return _made(mentor_id, name)
    except BaseException:
        _give_way(mentor_id)
        raise


def _name(db: Session, mentor_id: MentorId) -> str:
    mentor = db.get_one(Mentor, mentor_id)
    return f"Mentees of {db.get_one(User, mentor.user_id).name}"[:LONGEST_ROLE_NAME]


def _made(mentor_id: MentorId, name: str) -> str:
    with db.reading() as session:
        taken = set(session.exec(select(DiscordRole.role_id)))
    found = next(
        (role for role in discord().roles() if role.name == name and role.id not in taken), None
    )
    role = found or discord().create_role(name, _REASON)
    with db.transaction() as session:
        locking.lock(session, mentors=[mentor_id])
        row = session.get(DiscordRole, mentor_id, populate_existing=True)
        if row is None or row.role_id is not None:  # it took so long that somebody else made one
            raise ProviderUnavailable("discord", "the mentor's role was made twice", retry_after=2)
        row.role_id = role.id
        audit.record(
            session,
            actor=SYSTEM,
            action="discord.role_adopted" if found else "discord.role_made",
            thing=session.get_one(Mentor, mentor_id).public_id,
            after={"role": role.id},
        )
    return role.id


def _give_way(mentor_id: MentorId) -> None:
    """It did not work: the next one need not wait."""
    with db.transaction() as session:
        locking.lock(session, mentors=[mentor_id])
        row = session.get(DiscordRole, mentor_id, populate_existing=True)
        if row is not None and row.role_id is None:
            session.delete(row)


def _find(db: Session, grant: str) -> DiscordGrant | None:
    return db.exec(select(DiscordGrant).where(DiscordGrant.public_id == grant)).one_or_none()


def _locked(db: Session, grant: str) -> DiscordGrant | None:
    """A grant under its person's lock and its own, as it is stored at this moment."""
    row = _find(db, grant)
    if row is None:
        return None
    locking.lock_discord(db, row.user_id)
    return db.exec(
        select(DiscordGrant)
        .where(DiscordGrant.id == row.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
