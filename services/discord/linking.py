"""A person links their Discord account, and unlinks it.

An account is known by its id, never by its name, and belongs to one person of the studio. The
consent is used once, to learn the id and to join our server, and given back at once.
"""

from __future__ import annotations

import structlog
from sqlmodel import Session, col, delete, select, update

from services import access, audit, db, inputs, locking, oauth_attempts, ratelimits
from services.audit import Actor
from services.config import settings
from services.db import insert_or_ignore
from services.discord import following, roles
from services.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    ProviderError,
    ProviderRejected,
)
from services.ids import UserId
from services.models import DiscordGrant, DiscordLink, InboxEvent
from services.providers.discord.base import Account, Refusal
from services.providers.discord.registry import discord

VENDOR = "discord"
PAGE = "/settings/discord"
SAID_NO = "Your Discord account was not linked: you did not allow it at Discord."
SOMEBODY_ELSES = (
    "This Discord account is linked to another account of this studio. Unlink it there first, or "
    "link another Discord account here. Nothing was changed."
)
_REFUSED = "Discord did not accept what your browser brought back. Please link once more."
_NOT_NOW = (
    "Discord did not let you into our server. Nothing was changed: please try again tomorrow, or "
    "write to the studio."
)
_NOT_PERMITTED = (
    "Discord did not let you into our server. Nothing was changed: the studio knows of it; please "
    "try again tomorrow."
)
_NOT_JOINED = {
    Refusal.BANNED: "This Discord account is banned from our server. Please write to the studio.",
    Refusal.TOO_MANY_SERVERS: (
        "This Discord account is in as many servers as Discord allows. Leave one, then link again."
    ),
}

log = structlog.get_logger()


def begin(*, actor: Actor, sign_in: str, return_to: str = PAGE) -> str:
    """Where to send the person's browser. `sign_in` is the public id of that browser's sign-in.

    Raises:
        SignInNeeded, NotAllowed: the studio has no Discord server. TooManyAttempts
    """
    user_id = access.require_user(actor)
    if not settings().discord_offered:
        raise NotAllowed("This studio has no Discord server.")
    ratelimits.hit(ratelimits.CONNECT, str(user_id))
    with db.transaction() as session:
        state = oauth_attempts.begin(
            session,
            vendor=VENDOR,
            user_id=user_id,
            sign_in=sign_in,
            return_to=return_to,
            default=PAGE,
        )
    return discord().consent_url(state, settings().discord_redirect_url)


def finish(*, actor: Actor, sign_in: str, state: str, code: str, error: str = "") -> str:
    """Turn what the browser brought back into a link; where it goes from here.

    Raises:
        SignInNeeded
        NotAllowed: another browser's, used or too old; or the person said no.
        Conflict: somebody else's account, or one that cannot join our server.
        ProviderUnavailable: Discord did not answer; nothing was kept.
    """
    user_id = access.require_user(actor)
    attempt = oauth_attempts.claim(vendor=VENDOR, user_id=user_id, sign_in=sign_in, state=state)
    if error or not code:
        raise NotAllowed(SAID_NO)
    try:
        token = discord().exchange(code, settings().discord_redirect_url).access_token
    except ProviderRejected as refused:
        raise NotAllowed(_REFUSED) from refused
    try:
        _link(actor, user_id, token)
    finally:
        _give_back(token)
    return attempt.return_to


def unlink(*, actor: Actor) -> None:
    """Take the person's roles, and forget which Discord account is theirs. Without one, nothing.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    with db.transaction() as session:
        end_for(session, user_id=user_id, actor=actor)


def unlink_by_admin(*, actor: Actor, link: str, reason: str) -> None:
    """An admin unlinks somebody's account (by the link's public id), with a reason.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
    """
    access.require_admin(actor)
    why = inputs.line(reason, field="reason", what="The reason", least=3, most=200)
    with db.transaction() as session:
        row = _link_named(session, link)
        end_for(session, user_id=row.user_id, actor=actor, reason=why)


def follow_again(*, actor: Actor, link: str) -> int:
    """An admin has Discord asked once more for the roles of one account (by the link's public id)
    that are not as they should be; how many they are.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    with db.transaction() as session:
        row = _link_named(session, link)
        asked = following.follow_person(session, user_id=row.user_id, again=True)
        audit.record(
            session,
            actor=actor,
            action="discord.asked_again",
            thing=row.public_id,
            after={"roles": asked},
        )
        return asked


def end_for(db: Session, *, user_id: UserId, actor: Actor = audit.SYSTEM, reason: str = "") -> bool:
    """Forget a person's Discord account, and whose the commands were that it typed; False when they
    have none. Its roles are taken by the outbox, and what is known of them is forgotten when they
    are gone."""
    locking.lock_discord(db, user_id)
    row = following.find_link(db, user_id)
    if row is None:
        return False
    if settings().discord_offered:
        following.end(db, discord_id=row.discord_id)
    else:  # there is no server any more that anything could be taken in
        db.exec(delete(DiscordGrant).where(col(DiscordGrant.discord_id) == row.discord_id))
    typed = (
        col(InboxEvent.provider) == VENDOR,
        col(InboxEvent.object_id) == row.discord_id,
    )
    db.exec(update(InboxEvent).where(*typed).values(object_id="", payload=""))
    audit.record(
        db,
        actor=actor,
        action="discord.unlinked",
        thing=row.public_id,
        after={"reason": reason} if reason else {},
    )
    db.delete(row)
    db.flush()
    following.changed(db, user_id)
    return True


def listen_again(*, actor: Actor) -> None:
    """The person says that they take direct messages again: the next one goes to Discord.

    Raises:
        SignInNeeded, NotFound: they have linked no account.
    """
    user_id = access.require_user(actor)
    with db.transaction() as session:
        locking.lock_discord(session, user_id)
        row = following.find_link(session, user_id)
        if row is None:
            raise NotFound("link")
        if row.dm_closed_at is not None:
            row.dm_closed_at = None
            session.add(row)
            audit.record(session, actor=actor, action="discord.messages_open", thing=row.public_id)
            following.changed(session, user_id)


def _link(actor: Actor, user_id: UserId, token: str) -> None:
    try:
        account = discord().me(token)
        with db.reading() as session:
            if _is_somebody_elses(session, user_id, account):
                raise Conflict(SOMEBODY_ELSES)
        discord().add_member(account.id, token)
    except ProviderRejected as refused:
        why = next((said for code, said in _NOT_JOINED.items() if code == refused.code), "")
        if not why and refused.code == Refusal.CONSENT_LOST:
            raise NotAllowed(_REFUSED) from refused
        if refused.code == Refusal.MISSING_PERMISSION:
            why = _NOT_PERMITTED
            with db.transaction() as session:
                roles.tell_refused(session)
        log.warning("discord_not_joined", code=str(refused.code))
        raise Conflict(why or _NOT_NOW) from refused
    _keep(actor, user_id, account)


def _is_somebody_elses(db: Session, user_id: UserId, account: Account) -> bool:
    owner = select(DiscordLink.user_id).where(DiscordLink.discord_id == account.id)
    return db.exec(owner).one_or_none() not in {None, user_id}


def _keep(actor: Actor, user_id: UserId, account: Account) -> None:
    """Store the link: the same account as before is the same link, another one takes its place.
    Then the roles that its person should have are asked for."""
    with db.transaction() as session:
        locking.lock_discord(session, user_id)
        row = following.find_link(session, user_id)
        if row is not None and row.discord_id != account.id:
            end_for(session, user_id=user_id, actor=actor, reason="another account was linked")
            row = None
        if row is None:
            fresh = DiscordLink(user_id=user_id, discord_id=account.id)
            if not insert_or_ignore(session, fresh):
                raise Conflict(SOMEBODY_ELSES)
            row = following.find_link(session, user_id)
        if row is None:
            raise Conflict(SOMEBODY_ELSES)
        row.username = account.username[:40]
        row.left_at = row.dm_closed_at = None
        session.add(row)
        audit.record(session, actor=actor, action="discord.linked", thing=row.public_id)
        following.follow_person(session, user_id=user_id, again=True)
        following.changed(session, user_id)


def _link_named(db: Session, link: str) -> DiscordLink:
    row = db.exec(select(DiscordLink).where(DiscordLink.public_id == link)).one_or_none()
    if row is None:
        raise NotFound("link")
    return row


def _give_back(token: str) -> None:
    """The consent has done what it was for; it ends by itself in a few days, too."""
    try:
        discord().revoke(token)
    except ProviderError as failed:
        log.warning("discord_consent_not_revoked", reason=type(failed).__name__)
