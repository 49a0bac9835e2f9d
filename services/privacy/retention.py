"""What is not kept as long as the account: what providers told us, and traces of signing in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, or_, select, update

from services import clock, db
from services.models import (
    Dispute,
    EmailLink,
    InboxEvent,
    InboxStatus,
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
AT_A_TIME = 1_000


def prune() -> int:
    """Forget what is old enough; how many rows. Safe to run at any time and twice."""
    return _payloads() + _traces()


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
    emptied = 0
    while True:
        with db.transaction() as session:
            ids = session.exec(old).all()
            session.exec(update(InboxEvent).where(col(InboxEvent.id).in_(ids)).values(payload=""))
        emptied += len(ids)
        if len(ids) < AT_A_TIME:
            return emptied


def _about_erased_people() -> ColumnElement[bool]:
    """What came after its buyer was erased, such as a dispute: nothing of it is kept either."""
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
    return or_(
        *(
            col(name).in_(select(theirs).where(col(order).in_(orders), col(theirs).is_not(None)))
            for name, theirs, order in own
        )
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
