"""What the operator does from the command line, before any admin can do it on a screen."""

from __future__ import annotations

from sqlmodel import col, or_, select

from services import accounts, audit, clock, db, outbox, passwords, refunds
from services.audit import SYSTEM
from services.config import settings
from services.models import OutboxMessage, OutboxStatus, User, UserStatus


def create_admin(*, email: str, name: str, password: str) -> str:
    """Make an admin with a confirmed address, or make an existing account one; its public id.

    An existing account keeps its name and password.

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
        user.is_admin, user.status = True, UserStatus.ACTIVE
        user.email_verified_at = user.email_verified_at or clock.utc_now()
        audit.record(session, actor=SYSTEM, action="user.made_admin", thing=user.public_id)
        return user.public_id


def retry_failed() -> int:
    """Send every dead message again, and begin every failed refund again; how many."""
    with db.transaction() as session:
        keys = refunds.begin_again(session, actor=SYSTEM)
        failed = session.exec(
            select(OutboxMessage).where(
                or_(
                    col(OutboxMessage.status) == OutboxStatus.DEAD,
                    col(OutboxMessage.unique_key).in_(keys),
                )
            )
        ).all()
        outbox.send_again(session, actor=SYSTEM, messages=failed)
        return len(failed)
