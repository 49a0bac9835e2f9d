"""What is not kept as long as the account: what providers told us, and traces of signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlmodel import col, delete, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from services import clock, db, telling
from services import recording_reasons as reasons
from services.models import (
    Dispute,
    EmailLink,
    InboxEvent,
    InboxStatus,
    MailDelivery,
    MailStatus,
    MentoringSession,
    OAuthAttempt,
    Order,
    Payment,
    Recording,
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
    return _payloads() + _traces() + _mails() + _recordings() + telling.prune()


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
    recordings = select(Recording.sid).where(
        Recording.sid != "", col(Recording.session_id).in_(_sessions_of_erased_people())
    )
    return or_(
        col(InboxEvent.object_id).in_(mails),
        col(InboxEvent.object_id).in_(recordings),
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


def _sessions_of_erased_people() -> SelectOfScalar[Any]:
    """The ids of the sessions of which a side is erased."""
    erased = select(User.id).where(User.status == UserStatus.ERASED)
    mentee, mentor = col(MentoringSession.mentee_id), col(MentoringSession.mentor_user_id)
    return select(MentoringSession.id).where(or_(mentee.in_(erased), mentor.in_(erased)))


def _recordings() -> int:
    """What was said of an erased person's recording while a legal hold stood, or while it was being
    deleted, is emptied once that is done; our own sentences name nobody."""
    row = Recording
    by_hand = ~col(row.purge_reason).in_(["", *reasons.OURS])
    words = (row.stop_reason, row.trouble, row.extend_reason, row.hold_reason)
    told = or_(by_hand, *(col(each) != "" for each in words))
    theirs = col(row.session_id).in_(_sessions_of_erased_people())
    empty = update(row).where(col(row.purged_at).is_not(None), told, theirs)
    values: Any = dict.fromkeys(words, "")
    values[row.purge_reason] = case((by_hand, ""), else_=col(row.purge_reason))
    with db.transaction() as session:
        return session.exec(empty.values(values)).rowcount
