"""Leaving a kind of mails: by one press in the mail program (RFC 8058), or on our own page.

The link names a person and a category, is signed, and works without a sign-in: whoever has the mail
may end such mails. It ends itself after some months, counted in whole ones, so that a mail which is
sent again is the same mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from sqlmodel import Session, select

from services import clock, db, ratelimits, telling, urls
from services.config import settings
from services.errors import InvalidInput
from services.models import User, UserStatus
from services.telling import CATEGORIES, Category

MONTHS: Final = 6
"""How long the link works at least."""
LONGEST_TOKEN: Final = 300
_UNUSABLE = (
    "This link is not valid any more: it is too old, or was not copied whole. Sign in to choose "
    "what you get."
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """How the reader of one mail gets no more of its kind; all empty for what always goes."""

    title: str = ""
    link: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link is about: a category in words, and whether its mails still come."""

    title: str
    comes: bool


def leaving(user: User, template: str) -> Leaving:
    """The way out of what this template brings."""
    kind = telling.KINDS.get(template)
    if kind is None or kind.transactional:
        return Leaving()
    link = urls.unsubscribe(_token(user.public_id, kind.category))
    return Leaving(
        title=CATEGORIES[kind.category].title,
        link=link,
        headers={
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def find(db: Session, *, token: str) -> Subscription:
    """What a link is about.

    Raises:
        InvalidInput: forged, too old, or of an account that is gone.
    """
    owner, category = _opened(token)
    user = _reader(db, owner)
    comes = telling.mails_come(db, user_id=user.id, category=category)
    return Subscription(CATEGORIES[category].title, comes)


def leave(*, token: str, address: str = "") -> Subscription:
    """No more mails of the link's category, from now on. Doing it twice is no error.

    Raises:
        InvalidInput: forged, too old, or of an account that is gone.
        TooManyAttempts
    """
    try:
        owner, category = _opened(token)
        with db.transaction() as session:
            user = _reader(session, owner)
            telling.unsubscribe(session, user_id=user.id, category=category)
    except InvalidInput:  # the right ones of many readers come from one mail service's address
        ratelimits.hit(ratelimits.LINK_ADDRESS, address)
        raise
    return Subscription(CATEGORIES[category].title, comes=False)


def _opened(token: str) -> tuple[str, Category]:
    """The public id of the reader, and the category."""
    try:
        owner, name, until = _signer().loads(token[:LONGEST_TOKEN])
        opened, ends_at = (str(owner), Category(name)), int(until)
    except (BadData, ValueError, TypeError):
        raise InvalidInput("token", _UNUSABLE) from None
    if clock.utc_now().timestamp() > ends_at:
        raise InvalidInput("token", _UNUSABLE)
    return opened


def _reader(db: Session, owner: str) -> User:
    user = db.exec(select(User).where(User.public_id == owner)).one_or_none()
    if user is None or user.status is UserStatus.ERASED:
        raise InvalidInput("token", _UNUSABLE)
    return user


def _token(owner: str, category: Category) -> str:
    now = clock.utc_now()
    months = now.year * 12 + now.month + MONTHS  # the first of the month after the last whole one
    until = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    return str(_signer().dumps([owner, category.value, int(until.timestamp())]))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().signing_key, salt="unsubscribe")
