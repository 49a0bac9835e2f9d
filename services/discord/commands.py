"""Slash commands: what one has with the studio, asked where one already is.

The inbox holds what was typed, the outbox the duty to answer; the answer is made when it leaves, so
that it is true, and nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from services import clock, db, outbox, topics
from services.config import settings
from services.discord import answers
from services.errors import NotFound, ProviderRejected, ProviderUnavailable
from services.inbox import Outcome, Taken
from services.models import DiscordLink, InboxEvent, User, UserStatus
from services.providers.discord.base import LONGEST_MESSAGE, Command, Refusal
from services.providers.discord.interactions import (
    ANSWERED_WITHIN,
    BadInteraction,
    Interaction,
    parse,
)
from services.providers.discord.registry import discord

KIND = "discord_answer"
PROVIDER = "discord"
COMMANDS = {
    "sessions": ("Your next sessions, in your own time zone", answers.sessions),
    "book": ("Where to book your next session", answers.book),
    "seat": ("Your seats, and what is left of your packs", answers.seat),
}
"""By name: what Discord says about it, and what answers it."""
EARLY = timedelta(seconds=30)
"""So young, a command that Discord does not know yet is only not known yet."""
TOO_LATE = "Not answered: the fifteen minutes that Discord gives were over."

_UNKNOWN = "There is no such command here. Try {}."
_NOT_LINKED = (
    "This Discord account is not linked to an account of {studio} yet. Link it here, and your "
    "roles and these commands work: {link}"
)
_SUSPENDED = "Your account at {studio} is suspended. Please write to the studio."
_LINKED = (
    select(User)
    .join(DiscordLink, col(DiscordLink.user_id) == col(User.id))
    .where(col(User.status) != UserStatus.ERASED)
)


def listed() -> list[Command]:
    """The commands as Discord is told of them."""
    return [Command(name, about) for name, (about, _) in COMMANDS.items()]


def apply_interaction(taken: Taken) -> Outcome:
    """Somebody typed a command: they get an answer."""
    with db.transaction() as session:
        row = _event(session, taken.event_id)
        try:
            parse(row.payload)
        except BadInteraction:
            return Outcome.IGNORED
        outbox.add(
            session,
            kind=KIND,
            key=f"discord:answer:{row.public_id}",
            data={"event_id": taken.event_id},
        )
    return Outcome.HANDLED


def send_answer(*, data: Mapping[str, Any]) -> str:
    """Answer a command as the world is now; what became of it, in words. Too late stands on the
    stored command as well.

    Raises:
        ProviderUnavailable: not now. ProviderRejected: Discord does not take the answer.
        NotFound: the command is not stored.
    """
    event_id = str(data["event_id"])
    try:
        with db.reading() as session:
            asked = parse(_event(session, event_id).payload)
            said = _answer(session, asked)
    except BadInteraction:
        return "forgotten meanwhile"
    if clock.utc_now() - asked.at > ANSWERED_WITHIN:
        return _too_late(event_id)
    try:
        discord().answer(asked.token, said)
    except ProviderRejected as refused:
        if refused.code != Refusal.UNKNOWN_INTERACTION:
            raise
        if clock.utc_now() - asked.at < EARLY:
            raise ProviderUnavailable(
                refused.provider, "Discord does not know the command yet", retry_after=2
            ) from refused
        return _too_late(event_id)
    return "answered"


def _answer(db: Session, asked: Interaction) -> str:
    user = db.exec(_LINKED.where(DiscordLink.discord_id == asked.discord_id)).one_or_none()
    known = COMMANDS.get(asked.command)
    studio = settings().studio_name
    if known is None:
        return _UNKNOWN.format(", ".join(f"/{name}" for name in COMMANDS))
    if user is None:
        return _NOT_LINKED.format(studio=studio, link=answers.page("/settings/discord"))
    if user.status is not UserStatus.ACTIVE:
        return _SUSPENDED.format(studio=studio)
    make: Callable[[Session, User], str] = known[1]
    text = make(db, user)
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _too_late(event_id: str) -> str:
    with db.transaction() as session:
        _event(session, event_id).error = TOO_LATE
        topics.publish(session, topics.INBOX)
    return TOO_LATE


def _event(db: Session, event_id: str) -> InboxEvent:
    row = db.exec(
        select(InboxEvent).where(InboxEvent.provider == PROVIDER, InboxEvent.event_id == event_id)
    ).one_or_none()
    if row is None:
        raise NotFound("command")
    return row
