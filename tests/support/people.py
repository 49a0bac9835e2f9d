"""People for tests: accounts made through the services, and what their mails would hold."""

from __future__ import annotations

from functools import lru_cache

from sqlmodel import col, select

from services import db, email_links, passwords
from services.audit import Actor
from services.clock import utc_now
from services.ids import UserId
from services.models import (
    Acceptance,
    Document,
    EmailLink,
    LinkPurpose,
    Mentor,
    OutboxMessage,
    User,
)
from services.privacy import documents

PASSWORD = "correct horse battery"


def make_user(
    email: str = "mia@example.com",
    *,
    name: str = "Mia Example",
    admin: bool = False,
    mentor: str = "",
    verified: bool = True,
) -> UserId:
    """An account with PASSWORD that agreed to the terms; with a mentor profile when `mentor` names
    its slug."""
    with db.transaction() as session:
        user = User(
            email=email,
            name=name,
            password_hash=_known_hash(),
            is_admin=admin,
            email_verified_at=utc_now() if verified else None,
        )
        session.add(user)
        session.flush()
        for document in Document:
            version = documents.current(document)
            session.add(Acceptance(user_id=user.id, document=document, version=version))
        if mentor:
            session.add(Mentor(user_id=user.id, slug=mentor))
        return user.id


def actor_of(user_id: UserId) -> Actor:
    """The signed-in person."""
    return Actor("user", user_id=user_id, verified=True)


def mails() -> list[dict[str, object]]:
    """What the outbox holds for the mail renderer, oldest first."""
    with db.reading() as session:
        rows = session.exec(
            select(OutboxMessage)
            .where(OutboxMessage.kind == "mail")
            .order_by(col(OutboxMessage.id))
        ).all()
        return [dict(row.data) for row in rows]


def last_token(purpose: LinkPurpose) -> str:
    """The token of the newest link of this purpose, as the mail's reader would find it."""
    with db.reading() as session:
        link = session.exec(
            select(EmailLink)
            .where(EmailLink.purpose == purpose)
            .order_by(col(EmailLink.id).desc())
            .limit(1)
        ).one()
        return email_links.for_mail(session, link.id).url.partition("token=")[2]


@lru_cache(maxsize=1)
def _known_hash() -> str:
    return passwords.hash_password(PASSWORD)
