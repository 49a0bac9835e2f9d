"""Addresses that get no mail: they do not exist, or their readers called our mails spam.

Sending there again harms every other mail of the studio, so nothing goes there until somebody has
lifted it: an admin, or the person, once their mailbox works again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from services import access, accounts, audit, clock, db, inputs, outbox, paging, ratelimits, topics
from services.audit import Actor
from services.db import insert_or_ignore
from services.errors import Conflict, NotFound
from services.mail.shared import Unreachable
from services.models import MailSuppression, SuppressionReason, User, UserStatus
from services.paging import Part

WORDS = {
    SuppressionReason.BOUNCED: "mails to this address came back",
    SuppressionReason.COMPLAINED: "the reader called our mails spam",
    SuppressionReason.BY_HAND: "an admin put this address on the list",
}
LONGEST_NOTE = 300
KNOCK = "address_check"
"""The mail that goes to an address which is written to again. Before it leaves, the mail service is
asked to take the address off its own list, too."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address on the list. `person` and `user` are the account's, "" where there is none."""

    public_id: str
    address: str
    reason: SuppressionReason
    note: str
    person: str
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one's own address gets no mail. `may_lift`: the person may ask to be written to again."""

    address: str
    words: str
    at: datetime
    may_lift: bool


def check(db: Session, address: str) -> None:
    """Let an address pass that may be written to.

    Raises:
        Unreachable
    """
    row = _find(db, address)
    if row is not None:
        raise Unreachable(WORDS[row.reason])


def add(
    db: Session, *, actor: Actor, address: str, reason: SuppressionReason, note: str = ""
) -> bool:
    """Write to this address no more; False when that was so already."""
    row = MailSuppression(address=address.lower(), reason=reason, note=note[:LONGEST_NOTE])
    if not insert_or_ignore(db, row):
        return False
    audit.record(
        db,
        actor=actor,
        action="address.suppressed",
        thing=row.public_id,
        after={"reason": reason.value},
    )
    topics.publish(db, topics.MAILS)
    return True


def add_by_hand(*, actor: Actor, address: str, note: str) -> None:
    """Put an address on the list.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: no address, or no reason given.
        Conflict: it is on the list.
    """
    access.require_admin(actor)
    address = accounts.checked_email(address)
    note = inputs.line(note, field="note", what="The reason", least=1, most=LONGEST_NOTE)
    with db.transaction() as session:
        added = add(
            session, actor=actor, address=address, reason=SuppressionReason.BY_HAND, note=note
        )
        if not added:
            raise Conflict("This address is on the list already.")


def lift(*, actor: Actor, suppression: str) -> None:
    """Write to this address again: its owner gets a mail at once, which shows whether it arrives.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: it is not on the list (any more).
    """
    access.require_admin(actor)
    with db.transaction() as session:
        wanted = select(MailSuppression).where(MailSuppression.public_id == suppression)
        row = session.exec(wanted.with_for_update()).one_or_none()
        if row is None:
            raise NotFound("address on the list")
        owner = session.exec(select(User).where(User.email == row.address)).one_or_none()
        _lift(session, row, actor)
        if owner is not None and owner.status is UserStatus.ACTIVE:
            _knock(session, owner)


def find_own(db: Session, *, actor: Actor) -> Trouble | None:
    """Why the signed-in person gets no mail; None when they do.

    Raises:
        SignInNeeded
    """
    user = db.get_one(User, access.require_user(actor))
    row = _find(db, user.email)
    if row is None:
        return None
    may_lift = row.reason is not SuppressionReason.BY_HAND
    return Trouble(row.address, WORDS[row.reason], row.created_at, may_lift)


def try_again(*, actor: Actor) -> None:
    """Write to one's own address again: a mail goes there at once, and shows whether it arrives.

    Raises:
        SignInNeeded
        Conflict: the studio itself put the address on the list.
        TooManyAttempts
    """
    user_id = access.require_user(actor)
    ratelimits.hit(ratelimits.MAIL_AGAIN, str(user_id))
    with db.transaction() as session:
        user = session.get_one(User, user_id)
        wanted = select(MailSuppression).where(MailSuppression.address == user.email)
        row = session.exec(wanted.with_for_update()).one_or_none()
        if row is None:
            return
        if row.reason is SuppressionReason.BY_HAND:
            raise Conflict("The studio writes to this address no more. Please ask the studio.")
        _lift(session, row, actor)
        _knock(session, user)


def list_all(
    db: Session, *, actor: Actor, query: str = "", before: str | None = None, limit: int = 50
) -> Part[Suppressed]:
    """The list, the newest first; `query` is a part of an address.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted: list[ColumnElement[bool]] = []
    if query.strip():
        like = paging.pattern(query)
        wanted.append(col(MailSuppression.address).ilike(like, escape="\\"))
    total = db.exec(select(func.count(col(MailSuppression.id))).where(*wanted)).one()
    place = paging.older_than(db, MailSuppression, before, among=wanted)
    rows = db.exec(
        select(MailSuppression, User)
        .outerjoin(User, col(User.email) == col(MailSuppression.address))
        .where(*wanted, *place)
        .order_by(col(MailSuppression.created_at).desc(), col(MailSuppression.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    views = tuple(_suppressed(row, user) for row, user in shown)
    return Part(views, views[-1].public_id if more else None, total)


def _suppressed(row: MailSuppression, user: User | None) -> Suppressed:
    return Suppressed(
        public_id=row.public_id,
        address=row.address,
        reason=row.reason,
        note=row.note,
        person=user.name if user else "",
        user=user.public_id if user else "",
        at=row.created_at,
    )


def _find(db: Session, address: str) -> MailSuppression | None:
    wanted = select(MailSuppression).where(MailSuppression.address == address.lower())
    return db.exec(wanted).one_or_none()


def _lift(db: Session, row: MailSuppression, actor: Actor) -> None:
    audit.record(
        db,
        actor=actor,
        action="address.released",
        thing=row.public_id,
        before={"reason": row.reason.value},
    )
    db.delete(row)
    topics.publish(db, topics.MAILS)


def _knock(db: Session, user: User) -> None:
    outbox.add(
        db,
        kind="mail",
        key=f"mail:{KNOCK}:{user.public_id}:{clock.utc_now().isoformat()}",
        data={"template": KNOCK, "user_id": user.id},
    )
