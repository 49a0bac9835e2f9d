"""The mails that were sent, for admins: one part of the list, and one mail whole."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.errors import NotFound
from services.jobs import finding
from services.mail import previews
from services.mail.deliveries import LEFT_OUT
from services.mail.repeating import why_not
from services.mail.views import MailRow, MailView, Step
from services.models import (
    InboxEvent,
    MailDelivery,
    MailStatus,
    MailSuppression,
    OutboxMessage,
    OutboxStatus,
    User,
)
from services.paging import Part

MOST_PEOPLE: Final = 50
"""How many people a search by name looks at."""
MOST_STEPS: Final = 50
_TOLD: Final = {
    "email.sent": "Taken by the mail service",
    "email.delivered": "Delivered",
    "email.delivery_delayed": "Delayed: the mail service goes on trying",
    "email.bounced": "Came back",
    "email.complained": "Called spam by its reader",
    "email.failed": "Failed at the mail service",
    "email.suppressed": "Held back by the mail service",
}


def list_mails(
    db: Session,
    *,
    actor: Actor,
    status: str = "",
    kind: str = "",
    query: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Part[MailRow]:
    """Mails, the newest first. `kind` is a template; `query` an address or an id, whole, or a part
    of a name. More than `finding.MOST_COUNTED` are not counted.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    limit = paging.bounded(limit)
    wanted = _wanted(db, status, kind, finding.words_of(query))
    total = finding.counted(db, MailDelivery, wanted)
    place = paging.older_than(db, MailDelivery, before)
    rows = db.exec(
        select(MailDelivery, User, OutboxMessage)
        .outerjoin(User, col(User.id) == col(MailDelivery.user_id))
        .outerjoin(OutboxMessage, col(OutboxMessage.unique_key) == col(MailDelivery.unique_key))
        .where(*wanted, *place)
        .order_by(col(MailDelivery.created_at).desc(), col(MailDelivery.id).desc())
        .limit(limit + 1)
    ).all()
    shown, more = paging.cut(rows, limit)
    mails = tuple(_row(*found) for found in shown)
    return Part(mails, mails[-1].public_id if more else None, total)


def _wanted(db: Session, status: str, kind: str, words: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if words.startswith("mai_"):
        wanted.append(col(MailDelivery.public_id) == words)
    elif words:
        named = [col(MailDelivery.user_id).in_(_people(db, words))]
        named += [col(MailDelivery.about) == words] if finding.is_public_id(words) else []
        named += [col(MailDelivery.vendor_id) == words] if len(words) <= 100 else []
        wanted.append(or_(*named))
    if status:
        chosen = finding.status_of(MailStatus, status)
        usual = bool(words) or chosen in (MailStatus.SENT, MailStatus.DELIVERED)
        column = col(MailDelivery.status)
        wanted.append((finding.beside(db, column) if usual else column) == chosen)
    if kind:
        column = col(MailDelivery.template)
        wanted.append((finding.beside(db, column) if words or status else column) == kind[:60])
    return wanted


def _people(db: Session, words: str) -> list[int]:
    """Whoever is called so, has this address, or this id."""
    like = paging.pattern(words)
    called = or_(
        col(User.name).ilike(like, escape="\\"),
        col(User.email).ilike(like, escape="\\"),
        col(User.public_id) == words,
    )
    return list(db.exec(select(User.id).where(called).order_by(col(User.id)).limit(MOST_PEOPLE)))


def get_mail(db: Session, *, actor: Actor, mail: str) -> MailView:
    """One mail, what became of it, and how it reads now.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = db.exec(select(MailDelivery).where(MailDelivery.public_id == mail)).one_or_none()
    if row is None:
        raise NotFound("mail")
    user = db.get(User, row.user_id) if row.user_id else None
    message = db.exec(
        select(OutboxMessage).where(OutboxMessage.unique_key == row.unique_key)
    ).one_or_none()
    address = row.recipient or (user.email if user else "")
    listed = select(MailSuppression.public_id).where(MailSuppression.address == address)
    refusal = why_not(row, user, message)
    return MailView(
        mail=_row(row, user, message),
        vendor_id=row.vendor_id,
        sent_at=row.sent_at,
        steps=_steps(db, row),
        preview=previews.of_mail(db, row),
        message=message.public_id if message else "",
        suppression=db.exec(listed).one_or_none() or "",
        may_repeat=not refusal,
        why_not=refusal,
    )


def _row(row: MailDelivery, user: User | None, message: OutboxMessage | None) -> MailRow:
    status, reason = row.status, row.reason
    if status is MailStatus.SENDING and message and message.status is OutboxStatus.CANCELED:
        status, reason = MailStatus.GIVEN_UP, "an admin canceled its message"
    return MailRow(
        public_id=row.public_id,
        template=row.template,
        subject=row.subject,
        person=user.name if user else "",
        user=user.public_id if user else "",
        address=row.recipient,
        about=row.about,
        status=status,
        reason=reason,
        at=row.created_at,
        status_at=row.status_at,
    )


def _steps(db: Session, row: MailDelivery) -> tuple[Step, ...]:
    """From its first attempt to what its reader's side made of it, as it came to us."""
    steps = [Step("First tried", row.created_at)]
    if row.sent_at is not None:
        steps.append(Step("Handed to the mail service", row.sent_at))
    elif row.status in LEFT_OUT:
        steps.append(Step("Not sent", row.status_at, details=row.reason))
    elif row.status is MailStatus.FAILED:
        steps.append(Step("Refused", row.status_at, details=row.reason))
    elif row.status is MailStatus.GIVEN_UP:
        steps.append(Step("Given up", row.status_at, details=row.reason))
    if row.vendor_id:
        told = db.exec(
            select(InboxEvent.type, InboxEvent.received_at, InboxEvent.public_id)
            .where(InboxEvent.provider == "resend", InboxEvent.object_id == row.vendor_id)
            .order_by(col(InboxEvent.received_at), col(InboxEvent.id))
            .limit(MOST_STEPS)
        ).all()
        steps += [Step(_TOLD.get(kind, kind), at, event) for kind, at, event in told]
    return tuple(steps)
