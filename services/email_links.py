"""The links we mail: used once, expiring. The table holds only the hash of each token.

A token is computed from its row with the signing key, so the mail can be written, and written
again, from the row's id alone: neither the table nor the outbox ever holds a token.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, select, update

from services import clock, urls
from services.config import settings
from services.errors import InvalidInput, NotFound
from services.ids import UserId, hashed, new_secret
from services.models import EmailLink, LinkPurpose, User, UserStatus

_MAX_TOKEN = 128
_UNUSABLE = "This link is not valid any more: it is too old, was used, or was not copied whole."


@dataclass(frozen=True, slots=True)
class LinkMail:
    """What the mail with a link needs. `usable` is False when it has become pointless."""

    email: str
    name: str
    time_zone: str
    purpose: LinkPurpose
    url: str
    expires_at: datetime
    usable: bool


def create(db: Session, *, user_id: UserId, purpose: LinkPurpose, lifetime: timedelta) -> EmailLink:
    """Write a new link. Older ones stay usable until one of them is used."""
    now = clock.utc_now()
    link = EmailLink(
        user_id=user_id,
        purpose=purpose,
        token_hash=hashed(new_secret()),  # until the row has its id
        created_at=now,
        expires_at=now + lifetime,
    )
    db.add(link)
    db.flush()
    link.token_hash = hashed(_token(link))
    return link


def for_mail(db: Session, link_id: int) -> LinkMail:
    """The link with its address, for the mail that carries it.

    Raises:
        NotFound: no such link.
    """
    link = db.get(EmailLink, link_id)
    if link is None:
        raise NotFound("link")
    user = db.get_one(User, link.user_id)
    url = urls.verify if link.purpose is LinkPurpose.VERIFY else urls.reset
    usable = _is_usable(link, clock.utc_now()) and user.status is UserStatus.ACTIVE
    return LinkMail(
        user.email,
        user.name,
        user.time_zone,
        link.purpose,
        url(_token(link)),
        link.expires_at,
        usable,
    )


def find_usable(db: Session, token: str, purpose: LinkPurpose) -> EmailLink:
    """The unused, unexpired link of this token, of an active user.

    Raises:
        InvalidInput: there is none; why is not told.
    """
    link = _find(db, token, purpose)
    if link is None or not _is_usable(link, clock.utc_now()):
        raise InvalidInput("token", _UNUSABLE)
    return link


def find_confirmed(db: Session, token: str) -> User | None:
    """The user whose address this verifying link has confirmed already."""
    link = _find(db, token, LinkPurpose.VERIFY)
    if link is None or link.used_at is None:
        return None
    user = db.get_one(User, link.user_id)
    return user if user.email_verified_at else None


def spend(db: Session, token: str, purpose: LinkPurpose) -> User:
    """Use the link up, together with its older siblings; whose it was.

    Raises:
        InvalidInput: it cannot be used, or somebody was faster.
    """
    link = find_usable(db, token, purpose)
    now = clock.utc_now()
    spent = db.connection().execute(
        update(EmailLink)
        .where(col(EmailLink.id) == link.id, col(EmailLink.used_at).is_(None))
        .values(used_at=now)
    )
    if spent.rowcount != 1:
        raise InvalidInput("token", _UNUSABLE)
    db.connection().execute(
        update(EmailLink)
        .where(
            col(EmailLink.user_id) == link.user_id,
            col(EmailLink.purpose) == purpose,
            col(EmailLink.used_at).is_(None),
        )
        .values(used_at=now)
    )
    return db.get_one(User, link.user_id)


def _find(db: Session, token: str, purpose: LinkPurpose) -> EmailLink | None:
    if not token or len(token) > _MAX_TOKEN or not token.isascii():
        return None
    return db.exec(
        select(EmailLink)
        .join(User, col(User.id) == col(EmailLink.user_id))
        .where(
            EmailLink.token_hash == hashed(token),
            EmailLink.purpose == purpose,
            User.status == UserStatus.ACTIVE,
        )
    ).one_or_none()


def _is_usable(link: EmailLink, now: datetime) -> bool:
    return link.used_at is None and now < link.expires_at


def _token(link: EmailLink) -> str:
    made_at = link.created_at.astimezone(UTC).isoformat()
    text = f"mailed link\n{link.purpose.value}\n{link.id}\n{link.user_id}\n{made_at}"
    digest = hmac.new(settings().signing_key.encode(), text.encode(), sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
