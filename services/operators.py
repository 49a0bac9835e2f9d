"""What the operator does from the command line, before any admin can do it on a screen."""

from __future__ import annotations

from sqlmodel import select

from services import accounts, audit, clock, db, outbox, passwords, refunds, signin
from services.audit import SYSTEM
from services.config import settings
from services.models import OutboxMessage, OutboxStatus, User, UserStatus


def create_admin(*, email: str, name: str, password: str) -> str:
    """Make an admin with a confirmed address, or make an existing account one; its public id.

    A confirmed account keeps its name and password. One whose address nobody has confirmed may
    be a stranger's: it gets the new name and password, and its sign-ins end.

    Raises:
        InvalidInput
    """
    email = accounts.checked_email(email)
    passwords.check(password)
    newcomer = User(
        email=email,
        name=name,
        time_zone=settings().studio_timezone,
        password_hash=passwords.hash_password(password),
    )
    with db.transaction() as session:
        db.insert_or_ignore(session, newcomer)
        user = session.exec(select(User).where(User.email == email)).one()
        if user.email_verified_at is None:
            user.name, user.password_hash = newcomer.name, newcomer.password_hash
            signin.revoke_all(session, actor=SYSTEM, user_id=user.id)
        user.is_admin, user.status = True, UserStatus.ACTIVE
        user.email_verified_at = user.email_verified_at or clock.utc_now()
        audit.record(session, actor=SYSTEM, action="user.made_admin", thing=user.public_id)
        return user.public_id


def retry_dead() -> int:
    """Send every dead message again, but refunds, whose buyer may have been paid otherwise."""
    with db.transaction() as session:
        dead = session.exec(
            select(OutboxMessage).where(
                OutboxMessage.status == OutboxStatus.DEAD, OutboxMessage.kind != "refund"
            )
        ).all()
        outbox.send_again(session, actor=SYSTEM, messages=dead)
        return len(dead)


def retry_refund(*, refund: str) -> None:
    """Begin one failed refund (its public id) again, with a new attempt at the provider.

    Raises:
        NotFound: no failed refund with this id.
    """
    with db.transaction() as session:
        key = refunds.begin_again(session, actor=SYSTEM, refund=refund)
        messages = session.exec(select(OutboxMessage).where(OutboxMessage.unique_key == key)).all()
        outbox.send_again(session, actor=SYSTEM, messages=messages)
