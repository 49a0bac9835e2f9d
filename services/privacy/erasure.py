"""Erasing a person: in one transaction, or not at all.

What is booked is canceled, what is left of packs expires, seats are free again, recordings are to
be deleted, every sign-in, calendar and secret address ends. What `registry` calls erased is
emptied, what it calls deleted goes (`rules`). Invoices, orders, payments and the ledger stay; the
account's row stays with them, and says nothing any more.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
from sqlmodel import Session, col, delete, or_, select, update

from services import (
    access,
    audit,
    booking,
    calendar,
    clock,
    db,
    discord,
    inputs,
    locking,
    outbox,
    packs,
    passwords,
    ratelimits,
    recording_reasons,
    seats,
    topics,
    waitlist,
)
from services import models as m
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotFound
from services.ids import MentorId, UserId
from services.models import Mentor, ReleaseReason, Seat, SeatStatus, User, UserStatus
from services.privacy import losses, traces
from services.privacy.losses import ErasureView
from services.privacy.rules import DELETED, EMPTIED
from services.privacy.which import Person, person_of
from services.recordings import purging

log = structlog.get_logger()

ERASED_NAME = "Erased account"
CANCELED = "The mentee's account was erased."
ERASE_FILES = "erase_files"
"""The kind of the outbox message that removes a person's files."""


def get_view(db: Session, *, actor: Actor, user: str = "") -> ErasureView:
    """What erasing one's own account means now; for an admin, anybody's (a public id).

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    return losses.view(db, person_of(db, _named(db, actor, user)))


def erase_own(*, actor: Actor, password: str, mark: str) -> None:
    """Erase one's own account. `mark` is what the person has seen of what is lost.

    Raises:
        SignInNeeded, TooManyAttempts
        InvalidInput: the password is wrong.
        Conflict: something stands against it, or more would be lost by now than was shown.
    """
    user_id = access.require_user(actor)
    ratelimits.hit(ratelimits.PASSWORD_ACCOUNT, str(user_id))
    with db.reading() as session:
        known_hash = session.get_one(User, user_id).password_hash
    if not passwords.verify(password, known_hash)[0]:
        raise InvalidInput("password", "This is not your password. Nothing was erased.")
    with db.transaction() as session:
        user = session.get_one(User, user_id)
        _lock(session, actor, user)
        if user.password_hash != known_hash:
            raise InvalidInput("password", "Your password was changed meanwhile.")
        _erase(session, actor, user, mark=mark, reason="")


def erase_by_admin(*, actor: Actor, user: str, reason: str, mark: str) -> None:
    """Erase somebody's account (a public id), for a reason that holds nothing personal: it stays.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput, Conflict
    """
    admin = access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=300)
    with db.transaction() as session:
        person = _named(session, actor, user)
        if person.id == admin:
            raise Conflict("Erase your own account in your settings, under My data.")
        _lock(session, actor, person)
        _erase(session, actor, person, mark=mark, reason=why)


def _named(db: Session, actor: Actor, user: str) -> User:
    if not user:
        return db.get_one(User, access.require_user(actor))
    access.require_admin(actor)
    found = db.exec(select(User).where(User.public_id == user)).one_or_none()
    if found is None:
        raise NotFound("user")
    return found


def _erase(db: Session, actor: Actor, user: User, *, mark: str, reason: str) -> None:
    """Under the lock of everything concerned."""
    if user.status is UserStatus.ERASED:
        return
    person = person_of(db, user)
    now = losses.view(db, person)
    if now.obstacles:
        raise Conflict(" ".join(["Nothing was erased.", *now.obstacles]))
    if now.mark != mark:
        raise Conflict(
            "What would be lost has changed since this page was shown. Nothing was erased: look "
            "at it once more."
        )
    _overwrite(db)
    calendar.end_for(db, user_id=person.user_id)
    traces.empty_audit(db, person)
    traces.empty_records(db, person)
    discord.end_for(db, user_id=person.user_id)
    _apply_rules(db, person)
    _forget_account(user)
    db.flush()  # whoever is told of the rest is not told the name any more
    _leave(db, actor, person)
    _forget_mentor(db, person)
    db.flush()
    topics.publish(db, topics.mentee(person.user_id))
    by = {"by": "oneself" if actor.user_id == person.user_id else "an admin", "reason": reason}
    audit.record(db, actor=actor, action="user.erased", thing=user.public_id, after=by)
    # Whoever restores an older backup finds here whom to erase once more.
    log.info("person_erased", user=user.public_id)


def _overwrite(db: Session) -> None:
    """SQLite leaves what is deleted in its file unless told to overwrite it; not every build is."""
    if db.get_bind().dialect.name == "sqlite":
        db.connection().exec_driver_sql("PRAGMA secure_delete = ON")


def _lock(db: Session, actor: Actor, user: User) -> None:
    """Lock whatever may change, in the order that everybody keeps, and read it again.

    Raises:
        Conflict: something was booked or bought in between.
    """
    person, is_admin = person_of(db, user), user.is_admin
    users, mentors, orders = _concerned(db, actor, person, is_admin=is_admin)
    locking.lock(db, users=users, mentors=mentors, orders=orders)
    db.expire_all()
    again = _concerned(db, actor, person, is_admin=is_admin)
    if not all(new <= old for new, old in zip(again, (users, mentors, orders), strict=True)):
        raise Conflict("Something was booked or bought just now. Nothing was erased: try again.")
    if actor.user_id != person.user_id:
        acting = db.get_one(User, access.require_admin(actor))
        access.require_admin(Actor(actor.kind, user_id=acting.id, is_admin=acting.is_admin))


def _concerned(
    db: Session, actor: Actor, person: Person, *, is_admin: bool
) -> tuple[set[Any], set[MentorId], set[Any]]:
    """The accounts, mentors and orders that erasing the person touches."""
    sessions = losses.coming_sessions(db, person)
    taken = _seats(db, person)
    users: set[UserId] = {person.user_id, *(one.mentor_user_id for one in sessions)}
    if is_admin or actor.user_id != person.user_id:
        users |= set(db.exec(select(col(User.id)).where(col(User.is_admin).is_(True))).all())
    mentors = {one.mentor_id for one in (*sessions, *losses.open_packs(db, person), *taken)}
    waits = waitlist.open_of(db, user_id=person.user_id, mentor_id=person.mentor_id)
    mentors |= {one.mentor_id for one in waits}
    if person.mentor_id:
        mentors.add(person.mentor_id)
    orders = db.exec(select(m.Order.id).where(m.Order.mentee_id == person.user_id)).all()
    return users, mentors, set(orders)


def _seats(db: Session, person: Person) -> list[Seat]:
    """The places that the person takes, and those that others take with this mentor."""
    own = or_(col(Seat.mentee_id) == person.user_id, col(Seat.mentor_id) == person.mentor_id)
    kept = select(Seat).where(own, col(Seat.status) != SeatStatus.RELEASED)
    return list(db.exec(kept.order_by(col(Seat.id))).all())


def _leave(db: Session, actor: Actor, person: Person) -> None:
    """Wait no longer, cancel what is booked, let the packs end, give the seats back, have the
    recordings deleted; those under a legal hold go once it is over."""
    waitlist.end_all_of(db, actor=actor, user_id=person.user_id, mentor_id=person.mentor_id)
    for session in losses.coming_sessions(db, person):
        booking.give_up(db, actor=actor, session=session, reason=CANCELED)
    for pack in losses.open_packs(db, person):
        packs.give_up(db, actor=actor, pack=pack)
    for seat in _seats(db, person):
        seats.release(db, actor=actor, seat=seat, reason=ReleaseReason.ACCOUNT_ERASED)
    for recording in losses.kept_recordings(db, person):
        purging.ask(db, recording=recording, reason=recording_reasons.ERASED, actor=actor)
        # Asked for before, in words that were just emptied.
        recording.purge_reason = recording.purge_reason or recording_reasons.ERASED


def _forget_mentor(db: Session, person: Person) -> None:
    """The public page ends: nobody finds it, and nothing is sold on it."""
    if not person.mentor_id:
        return
    mentor = db.get_one(Mentor, person.mentor_id)
    if mentor.photo_key:
        outbox.add(
            db,
            kind=ERASE_FILES,
            key=f"{ERASE_FILES}:{mentor.public_id}",
            data={"photo": mentor.photo_key},
        )
    mentor.slug = mentor.public_id.lower().replace("_", "-")
    mentor.headline, mentor.bio, mentor.photo_key = "", "", None
    mentor.listed, mentor.suspended_at = False, mentor.suspended_at or clock.utc_now()
    db.exec(
        update(m.PackOffer)
        .where(col(m.PackOffer.mentor_id) == mentor.id)
        .values(status=m.OfferStatus.RETIRED)
    )
    topics.publish(db, topics.seats(mentor.id), topics.availability(mentor.id))


def _forget_account(user: User) -> None:
    user.email = f"{user.public_id.lower()}@erased.invalid"
    user.name, user.password_hash = ERASED_NAME, ""
    user.time_zone, user.locale = "UTC", "en"
    user.is_admin, user.email_verified_at = False, None
    user.billing_name = user.billing_address = user.tax_id = None
    user.status, user.erased_at = UserStatus.ERASED, clock.utc_now()


def _apply_rules(db: Session, person: Person) -> None:
    """In the database itself, whatever the number of rows."""
    apart = {"synchronize_session": False}
    db.flush()
    for table, which, names in EMPTIED:  # first: what they are about may be deleted
        own: Any = cast(Any, table).__table__.c
        values = {name: None if own[name].nullable else "" for name in names}
        db.exec(update(table).where(which(person)).values(values), execution_options=apart)
    for table, which in DELETED:
        db.exec(delete(table).where(which(person)), execution_options=apart)
    db.expire_all()
