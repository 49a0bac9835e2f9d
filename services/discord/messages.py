"""What leaves for Discord as text: direct messages to people, and alerts to the studio's channel.

A direct message that cannot arrive is settled by the mail that stands in for it, exactly once: the
mail has a key of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from services import audit, clock, db, telling
from services.audit import SYSTEM
from services.config import settings
from services.discord import following
from services.errors import ProviderRejected
from services.ids import UserId
from services.models import DiscordLink, Notification, OutboxMessage, User, UserStatus
from services.providers.discord.base import LONGEST_MESSAGE, LONGEST_NONCE, Refusal
from services.providers.discord.registry import discord

CLOSED_FOR = timedelta(days=1)
"""How long somebody who takes no direct messages is left alone: they may open them again."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""Discord's and ours, at most."""
NONCE_HOLDS = timedelta(minutes=1)
"""So long, surely, Discord takes a second try for the first."""


def send_dm(*, key: str, data: Mapping[str, Any], attempt: int = 1) -> str:
    """Send the direct message of an outbox message; what became of it, in words.

    `data` is what `telling` wrote: ids, from which it reads the text, and, where no mail goes
    anyway, the mail in its place. What its mail would not say any more is not said here either.
    Later attempts than the first, and late ones, look whether it is there already: an operator may
    have had the attempts begin anew.

    Raises:
        ProviderUnavailable: not now. ProviderRejected: Discord does not take this text; the mail
            is on its way.
    """
    with db.reading() as session:
        if why := _unsaid(session, key, data):
            return why
        link = _reachable(session, data["user_id"])
        text = telling.text_of(session, data)
        told_at = _told_at(session, data)
    if not text:
        return "nothing to say any more"
    if link is None or not settings().discord_offered:
        return _instead(data, "no Discord account that takes messages")
    try:
        again = attempt > 1 or told_at < clock.utc_now() - NONCE_HOLDS
        if again and _is_there(link, _short(text), told_at - CLOCKS_DIFFER):
            return "was sent before"
        _deliver(link, _short(text), _nonce(key))
    except ProviderRejected as refused:
        if refused.code not in {Refusal.DM_CLOSED, Refusal.UNKNOWN_MEMBER}:
            _instead(data, refused.code)
            raise
        return _closed(link, data, refused)
    _open_again(link)
    return "sent"


def give_up_dm(*, data: Mapping[str, Any]) -> None:
    """Discord was away for too long: the mail goes in place of the message."""
    _instead(data, "Discord was away for too long")


def send_alert(*, key: str, data: Mapping[str, Any], written_at: datetime) -> str:
    """Write an alert into the studio's channel; what became of it, in words. `data` has `text`.
    One that is older than a nonce, since `written_at`, may stand there already.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    channel = settings().effective_discord_alert_channel_id
    if not channel or not settings().discord_offered:
        return "no channel for alerts"
    text = _short(str(data["text"]))
    late = written_at < clock.utc_now() - NONCE_HOLDS
    if late and _is_written(channel, text, written_at - CLOCKS_DIFFER):
        return "was sent before"
    discord().send(channel, text, _nonce(key))
    return "sent"


def _unsaid(db: Session, key: str, data: Mapping[str, Any]) -> str:
    """Why a message is not sent: what it tells is over by now, as its mail finds out; "" when it
    stands."""
    from services.mail import Skipped, render  # which import what imports this package

    mail = data.get("mail") or _mail_beside(db, key)
    if not mail:
        return ""
    try:
        render.composed(db, dict(mail))
    except Skipped as why:
        return why.reason
    return ""


def _mail_beside(db: Session, key: str) -> Mapping[str, Any] | None:
    """The data of the mail that says the same."""
    same = "mail:" + key.removeprefix("discord:dm:")
    return db.exec(select(OutboxMessage.data).where(OutboxMessage.unique_key == same)).one_or_none()


def _reachable(db: Session, user_id: UserId) -> DiscordLink | None:
    """The account of an active person, unless Discord lately said that it takes nothing from us."""
    found = db.exec(
        select(DiscordLink)
        .join(User, col(User.id) == col(DiscordLink.user_id))
        .where(DiscordLink.user_id == user_id, User.status == UserStatus.ACTIVE)
    ).one_or_none()
    if found is None or found.left_at is not None:
        return None
    closed = found.dm_closed_at
    return None if closed is not None and closed > clock.utc_now() - CLOSED_FOR else found


def _told_at(db: Session, data: Mapping[str, Any]) -> datetime:
    told = select(Notification.created_at).where(Notification.public_id == data.get("said", ""))
    return db.exec(told).one_or_none() or clock.utc_now()


def _is_there(link: DiscordLink, text: str, since: datetime) -> bool:
    """A worker that died after Discord had taken the message left its trace only there. For a few
    minutes the nonce would tell; the next attempt may come hours later."""
    return bool(link.dm_channel_id) and _is_written(link.dm_channel_id, text, since)


def _is_written(channel: str, text: str, since: datetime) -> bool:
    try:
        return text.strip() in discord().written(channel, since)
    except ProviderRejected:  # gone, which sending finds as well; or we may not read there
        return False


def _deliver(link: DiscordLink, text: str, nonce: str) -> None:
    """Into the channel that was opened before; into a new one, when that is gone."""
    if link.dm_channel_id:
        try:
            discord().send(link.dm_channel_id, text, nonce)
        except ProviderRejected as refused:
            if refused.code != Refusal.INVALID:
                raise
        else:
            return
    discord().send(_opened(link), text, nonce)


def _opened(link: DiscordLink) -> str:
    channel = discord().open_dm(link.discord_id)
    with db.transaction() as session:
        row = session.get(DiscordLink, link.id, with_for_update=True)
        if row is not None:
            row.dm_channel_id = channel
    return channel


def _closed(link: DiscordLink, data: Mapping[str, Any], refused: ProviderRejected) -> str:
    """Remember it, and send the mail, in one transaction."""
    with db.transaction() as session:
        row = session.get(DiscordLink, link.id, with_for_update=True)
        if row is not None:
            row.dm_closed_at = clock.utc_now()
            following.changed(session, row.user_id)
            audit.record(
                session,
                actor=SYSTEM,
                action="discord.messages_closed",
                thing=row.public_id,
                after={"code": str(refused.code)},
            )
        mailed = telling.fall_back(session, data)
    return "takes no direct messages" + (": mailed instead" if mailed else "")


def _open_again(link: DiscordLink) -> None:
    if link.dm_closed_at is None:
        return
    with db.transaction() as session:
        row = session.get(DiscordLink, link.id, with_for_update=True)
        if row is not None:
            row.dm_closed_at = None
            following.changed(session, row.user_id)


def _instead(data: Mapping[str, Any], why: str) -> str:
    with db.transaction() as session:
        mailed = telling.fall_back(session, data)
    return why + (": mailed instead" if mailed else "")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _nonce(key: str) -> str:
    """The same for the same message, so that Discord takes a second try for the first."""
    return hashlib.sha256(key.encode()).hexdigest()[:LONGEST_NONCE]
