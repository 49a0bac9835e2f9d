"""By which ways a person wants to hear of what. Without a choice, every way there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from services import access, audit, clock, locking, topics
from services.audit import Actor
from services.errors import InvalidInput
from services.ids import UserId
from services.models import Channel, DiscordLink, NotificationPreference, User, UserStatus
from services.telling.kinds import CATEGORIES, KINDS, Audience, Category

INSTEAD_OF_DISCORD = "instead_of_discord"
"""In a mail's data: it stands in for a direct message that Discord would not deliver."""


def ways(db: Session, user_id: UserId, kind: str) -> frozenset[Channel]:
    """The ways by which this person wants this kind, among those it may come by. Whether they have
    a Discord account at all is another question."""
    return _wanted(db, user_id, KINDS[kind].category)


def _wanted(db: Session, user_id: UserId, category: Category) -> frozenset[Channel]:
    about = CATEGORIES[category]
    choices = dict(
        db.exec(
            select(NotificationPreference.channel, NotificationPreference.enabled).where(
                col(NotificationPreference.user_id) == user_id,
                col(NotificationPreference.category) == category.value,
            )
        ).all()
    )
    wanted = frozenset(way for way in about.channels if choices.get(way, True))
    return wanted | {Channel.MAIL} if about.transactional else wanted


def wants_mail(db: Session, user_id: UserId, kind: str, data: Mapping[str, Any]) -> bool:
    """Whether a mail of the outbox may still go to this person, as it leaves: they may have chosen
    otherwise since it was written. What stands in for a direct message goes as long as they want
    that."""
    if kind not in KINDS:
        return True
    wanted = ways(db, user_id, kind)
    instead = bool(data.get(INSTEAD_OF_DISCORD)) and Channel.DISCORD in wanted
    return Channel.MAIL in wanted or instead


def mails_come(db: Session, *, user_id: UserId, category: Category) -> bool:
    """Whether mails of a category come as things are: because the person wants them, or in place of
    messages that Discord does not deliver now."""
    wanted = _wanted(db, user_id, category)
    instead = Channel.DISCORD in wanted and _discord_is_closed(db, user_id)
    return Channel.MAIL in wanted or instead


@dataclass(frozen=True, slots=True)
class Choice:
    """One category and a person's choices in it: a channel that is not in `chosen` is not offered.
    `always` names the channel that cannot be switched off, or nothing."""

    category: Category
    title: str
    words: str
    chosen: Mapping[Channel, bool]
    always: Channel | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings show. `discord`: the person has linked a Discord account."""

    rows: tuple[Choice, ...]
    discord: bool


def get_choices(db: Session, *, actor: Actor) -> Choices:
    """The categories that concern this person, and what they chose.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    stored = {
        (row.category, row.channel): row.enabled
        for row in db.exec(
            select(NotificationPreference).where(NotificationPreference.user_id == user_id)
        ).all()
    }
    linked = db.exec(select(DiscordLink.id).where(DiscordLink.user_id == user_id)).first()
    rows = tuple(
        Choice(
            category=category,
            title=about.title,
            words=about.words,
            chosen={
                way: stored.get((category.value, way), True)
                for way in Channel
                if way in about.channels
            },
            always=Channel.MAIL if about.transactional else None,
        )
        for category, about in CATEGORIES.items()
        if _concerns(about.audience, actor)
    )
    return Choices(rows, linked is not None)


def choose(db: Session, *, actor: Actor, category: str, channel: str, enabled: bool) -> None:
    """Have news of a category by this channel, or not any more.

    Raises:
        SignInNeeded
        InvalidInput: there is no such choice, or this mail always goes.
    """
    user_id = access.require_user(actor)
    found = next((one for one in Category if one.value == category), None)
    way = next((one for one in Channel if one.value == channel), None)
    if found is None or way is None or way not in CATEGORIES[found].channels:
        raise InvalidInput("category", "There is no such choice.")
    if not _concerns(CATEGORIES[found].audience, actor):
        raise InvalidInput("category", "There is no such choice.")
    if way is Channel.MAIL and CATEGORIES[found].transactional and not enabled:
        raise InvalidInput("category", "These mails always come: you need them.")
    _store(db, actor, user_id, found, way, enabled=enabled)


def unsubscribe(db: Session, *, user_id: UserId, category: Category) -> bool:
    """Send no more mails of this category, by the link of one of them; False when they stopped
    already, or are of those that always go.

    While Discord delivers nothing to the person its messages end as well: each would be a mail.
    """
    if CATEGORIES[category].transactional:
        return False
    by_link = Actor("unsubscribe link", user_id=user_id)
    ended = _store(db, by_link, user_id, category, Channel.MAIL, enabled=False)
    if Channel.DISCORD in CATEGORIES[category].channels and _discord_is_closed(db, user_id):
        ended |= _store(db, by_link, user_id, category, Channel.DISCORD, enabled=False)
    return ended


def _discord_is_closed(db: Session, user_id: UserId) -> bool:
    """Whether the person has linked a Discord account that took no message from us lately."""
    closed = col(DiscordLink.dm_closed_at).is_not(None) | col(DiscordLink.left_at).is_not(None)
    own = select(DiscordLink.id).where(DiscordLink.user_id == user_id, closed)
    return db.exec(own).first() is not None


def _concerns(audience: Audience, actor: Actor) -> bool:
    match audience:
        case Audience.EVERYONE:
            return True
        case Audience.MENTORS:
            return actor.mentor_id is not None
        case Audience.ADMINS:
            return actor.is_admin


def _store(
    db: Session, actor: Actor, user_id: UserId, category: Category, way: Channel, *, enabled: bool
) -> bool:
    """Whether something changed."""
    locking.lock(db, users=[user_id])
    person = db.get_one(User, user_id, populate_existing=True)
    row = db.get(NotificationPreference, (user_id, category.value, way), populate_existing=True)
    before = row.enabled if row else True
    if before == enabled or person.status is UserStatus.ERASED:
        return False
    if row is None:
        row = NotificationPreference(
            user_id=user_id, category=category.value, channel=way, enabled=enabled
        )
    row.enabled, row.updated_at = enabled, clock.utc_now()
    db.add(row)
    db.flush()
    name = f"{category.value} by {way.value}"
    audit.record(
        db,
        actor=actor,
        action="notifications.chosen",
        thing=person.public_id,
        before={name: before},
        after={name: enabled},
    )
    topics.publish(db, topics.bell(user_id))
    return True
