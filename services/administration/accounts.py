"""What admins do to accounts: suspend, reactivate, give and take the admin's rights."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import (
    access,
    audit,
    clock,
    discord,
    inputs,
    locking,
    sessions,
    signin,
    telling,
    topics,
    waitlist,
)
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.ids import UserId
from services.models import Mentor, User, UserStatus
from services.telling import Line


def suspend_user(db: Session, *, actor: Actor, user: str, reason: str) -> None:
    """Close an account for now: it is signed out everywhere, and its owner is told why. What is
    booked is canceled by the sweep, and the credits return. A mentor's mentoring is suspended too
    (PRODUCT.md rule 9): it leaves the catalogue.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: oneself, the last admin, or not active.
    """
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=300)
    person = _somebody_else(db, actor, user)
    if person.status is not UserStatus.ACTIVE:
        raise Conflict(f"This account is {person.status.value} already.")
    if person.is_admin:
        _keep_an_admin(db, person.id)
    _set_status(db, actor, person, UserStatus.SUSPENDED, reason=why)
    _tell_suspended(db, person)
    waitlist.withdraw_of_person(db, actor=actor, user_id=person.id)
    sessions.suspend_account(db, actor=actor, user_id=person.id)
    signin.revoke_all(db, actor=actor, user_id=person.id)
    discord.follow_person(db, user_id=person.id)


def reactivate_user(db: Session, *, actor: Actor, user: str) -> None:
    """Open a suspended account again. A mentor's mentoring stays suspended until it is resumed:
    the mentor may want to look at the calendar first.

    Raises:
        SignInNeeded, NotAllowed, NotFound, Conflict: not suspended.
    """
    person = _somebody_else(db, actor, user)
    if person.status is not UserStatus.SUSPENDED:
        raise Conflict(f"This account is {person.status.value}, not suspended.")
    _set_status(db, actor, person, UserStatus.ACTIVE)
    waitlist.offer_to_person(db, actor=actor, user_id=person.id)
    discord.follow_person(db, user_id=person.id)


def set_admin(db: Session, *, actor: Actor, user: str, is_admin: bool) -> None:
    """Give or take the admin's rights. Nobody changes their own, and one admin always stays.

    Raises:
        SignInNeeded, NotAllowed, NotFound, Conflict
    """
    person = _somebody_else(db, actor, user)
    if person.is_admin == is_admin:
        return
    if is_admin and (person.status is not UserStatus.ACTIVE or person.email_verified_at is None):
        raise Conflict("Only an active account with a confirmed address can become an admin.")
    if not is_admin:
        _keep_an_admin(db, person.id)
    person.is_admin = is_admin
    db.add(person)
    db.flush()
    audit.record(
        db,
        actor=actor,
        action="user.made_admin" if is_admin else "user.admin_removed",
        thing=person.public_id,
        before={"is_admin": not is_admin},
        after={"is_admin": is_admin},
    )


def _somebody_else(db: Session, actor: Actor, user: str) -> User:
    """Another person's row. All admins are locked in one order with it, so that two admins who
    remove each other at once wait for one another and the second finds itself no admin."""
    admin = access.require_admin(actor)
    person = db.exec(select(User).where(col(User.public_id) == user)).one_or_none()
    if person is None:
        raise NotFound("user")
    if person.id == admin:
        raise Conflict("You cannot do this to your own account. Ask another admin.")
    admins = db.exec(select(col(User.id)).where(col(User.is_admin).is_(True))).all()
    locking.lock(db, users=[*admins, person.id])
    acting = db.get_one(User, admin, populate_existing=True)
    access.require_admin(Actor(actor.kind, user_id=admin, is_admin=acting.is_admin))
    db.refresh(person)
    return person


def _keep_an_admin(db: Session, leaving: UserId) -> None:
    others = db.exec(
        select(func.count(col(User.id))).where(
            col(User.is_admin).is_(True),
            col(User.status) == UserStatus.ACTIVE,
            col(User.id) != leaving,
        )
    ).one()
    if others == 0:
        raise Conflict("This is the last admin. Make somebody else an admin first.")


def _tell_suspended(db: Session, person: User) -> None:
    """Once per suspension; the mail reads the reason when it leaves."""
    telling.tell(
        db,
        user_id=person.id,
        kind="account_suspended",
        about=person.public_id,
        occasion=str(int(clock.utc_now().timestamp())),
        line=Line("Your account was suspended", "Your sessions were canceled.", "/terms"),
    )


def _set_status(
    db: Session, actor: Actor, person: User, status: UserStatus, *, reason: str = ""
) -> None:
    before = person.status
    person.status = status
    db.add(person)
    db.flush()
    for mentor in db.exec(select(col(Mentor.id)).where(col(Mentor.user_id) == person.id)):
        topics.publish(db, topics.seats(mentor))
    audit.record(
        db,
        actor=actor,
        action=f"user.{'suspended' if status is UserStatus.SUSPENDED else 'reactivated'}",
        thing=person.public_id,
        before={"status": before.value},
        after={"status": status.value} | ({"reason": reason} if reason else {}),
    )
