"""What is not kept as long as the account: what providers told us, and traces of signing in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, case
from sqlmodel import col, delete, or_, select, update

from services import clock, db, telling
from services.models import (
    Dispute,
    EmailLink,
    InboxEvent,
    InboxStatus,
    MailDelivery,
    MailStatus,
    OAuthAttempt,
    Order,
    Payment,
    Refund,
    SignIn,
    User,
    UserStatus,
)

PAYLOAD_DAYS = 90
"""How long a handled webhook keeps its content. Its id stays, or it could come twice."""
UNHANDLED_DAYS = 180
"""The same of one that nobody could handle."""
TRACE_DAYS = 30
"""How long a sign-in or a mailed link is kept after its end."""
MAIL_DAYS = 365
"""How long it is known whom a mail went to, and what it was called."""
_IN_OUR_WORDS = (MailStatus.SKIPPED, MailStatus.SUPPRESSED)
"""Mails whose reason we wrote ourselves; any other is what the recipient's side said, which often
names the address."""
_NAMES_A_PERSON = "discord"
"""The provider whose events name who typed a command, whether they have an account here or not."""
AT_A_TIME = 1_000


def prune() -> int:
    """Forget what is old enough; how many rows. Safe to run at any time and twice."""
    return _payloads() + _traces() + _mails() + telling.prune()


def _payloads() -> int:
    now, received = clock.utc_now(), col(InboxEvent.received_at)
    over = col(InboxEvent.status).in_([InboxStatus.HANDLED, InboxStatus.IGNORED])
    old = (
        select(InboxEvent.id)
        .where(
            col(InboxEvent.payload) != "",
            or_(
                over & (received < now - timedelta(days=PAYLOAD_DAYS)),
                received < now - timedelta(days=UNHANDLED_DAYS),
                over & _about_erased_people(),
            ),
        )
        .order_by(col(InboxEvent.received_at), col(InboxEvent.id))
        .limit(AT_A_TIME)
    )
    who, typed = col(InboxEvent.object_id), col(InboxEvent.provider) == _NAMES_A_PERSON
    nothing = {"payload": "", "object_id": case((typed, ""), else_=who)}
    emptied = 0
    while True:
        with db.transaction() as session:
            ids = session.exec(old).all()
            session.exec(update(InboxEvent).where(col(InboxEvent.id).in_(ids)).values(nothing))
        emptied += len(ids)
        if len(ids) < AT_A_TIME:
            return emptied


def _about_erased_people() -> ColumnElement[bool]:
    """What came after its buyer or its reader was erased, such as a dispute, or a mail that came
    back: nothing of it is kept either."""
    orders = (
        select(Order.id)
        .join(User, col(User.id) == col(Order.mentee_id))
        .where(User.status == UserStatus.ERASED)
    )
    own = (
        (InboxEvent.about, Order.public_id, Order.id),
        (InboxEvent.about, Refund.public_id, Refund.order_id),
        (InboxEvent.object_id, Order.checkout_id, Order.id),
        (InboxEvent.object_id, Payment.provider_id, Payment.order_id),
        (InboxEvent.object_id, Refund.provider_id, Refund.order_id),
        (InboxEvent.object_id, Dispute.provider_id, Dispute.order_id),
    )
    mails = (
        select(MailDelivery.vendor_id)
        .join(User, col(User.id) == col(MailDelivery.user_id))
        .where(User.status == UserStatus.ERASED, MailDelivery.vendor_id != "")
    )
    return or_(
        col(InboxEvent.object_id).in_(mails),
        *(
            col(name).in_(select(theirs).where(col(order).in_(orders), col(theirs).is_not(None)))
            for name, theirs, order in own
        ),
    )


def _traces() -> int:
    """Ended sign-ins stay, to tell when somebody was last here, but not from where; links go."""
    before = clock.utc_now() - timedelta(days=TRACE_DAYS)
    ended = or_(col(SignIn.expires_at) < before, col(SignIn.revoked_at) < before)
    traced = or_(col(SignIn.user_agent) != "", col(SignIn.address) != "")
    over = (
        update(SignIn).where(ended, traced).values(user_agent="", address=""),
        delete(EmailLink).where(col(EmailLink.expires_at) < before),
        delete(OAuthAttempt).where(col(OAuthAttempt.expires_at) < before),
    )
    with db.transaction() as session:
        return sum(session.exec(each).rowcount for each in over)


def _mails() -> int:
    """Whom a mail went to, what it was called and what was answered is forgotten in time, and of an
    erased person in the next night; that it went stays, or it could go twice."""
    row, erased = MailDelivery, select(User.id).where(User.status == UserStatus.ERASED)
    ours = col(row.status).in_(_IN_OUR_WORDS)
    old = (
        select(row.id)
        .where(
            or_(
                col(row.created_at) < clock.utc_now() - timedelta(days=MAIL_DAYS),
                col(row.user_id).in_(erased),
            ),
            or_(
                col(row.recipient) != "",
                col(row.subject) != "",
                ~ours & (col(row.reason) != ""),
            ),
        )
        .order_by(col(row.created_at), col(row.id))
        .limit(AT_A_TIME)
    )
    emptied = 0
    while True:
        with db.transaction() as session:
            ids = session.exec(old).all()
            reason = case((ours, col(row.reason)), else_="")
            empty = update(row).where(col(row.id).in_(ids))
            session.exec(empty.values(recipient="", subject="", reason=reason))
        emptied += len(ids)
        if len(ids) < AT_A_TIME:
            return emptied
