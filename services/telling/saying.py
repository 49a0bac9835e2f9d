"""The one way to tell a person something: in the app, by mail, and on Discord."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from services import clock, outbox, topics
from services.config import settings
from services.db import insert_or_ignore
from services.ids import UserId
from services.models import Channel, DiscordLink, Notification, User, UserStatus
from services.telling import preferences

_MARKUP = re.compile(r"([\\*_~`|>\[\]()#<@-]|:(?=//))")
"""What Discord would read as layout, as a link or as a mention: people choose their own names."""
_TITLE, _BODY, _HREF, _ABOUT = 200, 500, 200, 60
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """What the bell and a direct message say, short, in words for that person.

    `title` up to 200 characters, `body` up to 500; `href` is where one sees to it: a path of ours,
    or its address. No times in it, or in the person's zone.
    """

    title: str
    body: str = ""
    href: str = ""


def tell(
    db: Session,
    *,
    user_id: UserId,
    kind: str,
    about: str,
    line: Line,
    occasion: str = "1",
    data: Mapping[str, Any] = _NOTHING,
    by: UserId | None = None,
) -> None:
    """Tell a person, by the ways they want, once per kind, `about` (a public id) and `occasion`.

    Belongs into the transaction of the cause. `kind` is one of KINDS; `data` (ids only) is what the
    mail of that name is rendered from. `by` is who did it: one's own doing is confirmed by mail and
    noted, without an unread line or a direct message. An erased person is told nothing.
    """
    found = _reader(db, user_id)
    if found is None:
        return
    reader, linked = found
    wanted, own = preferences.ways(db, user_id, kind), by == user_id
    read = own or Channel.APP not in wanted
    said = _write(db, user_id, kind, about, occasion, line, read=read)
    if said is None:
        return
    key = f"{kind}:{about}:{occasion}:{reader}"
    letter = {"template": kind, "user_id": user_id, "about": about, **data}
    mailed = Channel.MAIL in wanted
    if mailed:
        outbox.add(db, kind="mail", key=f"mail:{key}", data=letter)
    if linked and Channel.DISCORD in wanted and not own:
        message: dict[str, Any] = {"user_id": user_id, "about": about, "said": said}
        if not mailed:
            instead = letter | {preferences.INSTEAD_OF_DISCORD: True}
            message |= {"mail_key": f"mail:{key}", "mail": instead}
        outbox.add(db, kind="discord_dm", key=f"discord:dm:{key}", data=message)


def note(
    db: Session, *, user_id: UserId, kind: str, about: str, line: Line, occasion: str = "1"
) -> None:
    """A line in the app alone, once per kind, `about` and occasion, for what has a mail of its
    own."""
    read = Channel.APP not in preferences.ways(db, user_id, kind)
    _write(db, user_id, kind, about, occasion, line, read=read)


def _reader(db: Session, user_id: UserId) -> tuple[str, bool] | None:
    """The person's public id, and whether they have linked a Discord account."""
    found = db.exec(
        select(User.public_id, DiscordLink.id)
        .outerjoin(DiscordLink, col(DiscordLink.user_id) == col(User.id))
        .where(col(User.id) == user_id, col(User.status) != UserStatus.ERASED)
    ).first()
    return (found[0], bool(found[1])) if found else None


def _write(
    db: Session,
    user_id: UserId,
    kind: str,
    about: str,
    occasion: str,
    line: Line,
    *,
    read: bool,
) -> str | None:
    """Keep what is said; its public id, or None when it was said before."""
    said = Notification(
        user_id=user_id,
        kind=kind,
        about=about[:_ABOUT],  # a worker's name may be longer than any public id
        unique_key=f"{kind}:{about}:{occasion}",
        title=_short(line.title, _TITLE),
        body=_short(line.body, _BODY),
        href=line.href.removeprefix(settings().public_url)[:_HREF],
        read_at=clock.utc_now() if read else None,
    )
    if not insert_or_ignore(db, said):
        return None
    topics.publish(db, topics.bell(user_id))
    return said.public_id


def text_of(db: Session, message: Mapping[str, Any]) -> str:
    """The text of a direct message, ready to send: at most 1,700 characters, in which what people
    wrote is no layout, link or mention. "" when there is nothing to say any more: the person was
    erased or has switched such messages off, or the line is too old. `message` is the data of the
    outbox message.
    """
    line = db.exec(
        select(Notification).where(
            Notification.public_id == message["said"], Notification.user_id == message["user_id"]
        )
    ).one_or_none()
    if line is None or Channel.DISCORD not in preferences.ways(db, line.user_id, line.kind):
        return ""
    link = settings().public_url + line.href if line.href else ""
    return "\n".join(part for part in (f"**{plain(line.title)}**", plain(line.body), link) if part)


def fall_back(db: Session, message: Mapping[str, Any]) -> bool:
    """Send the mail in place of a direct message that cannot arrive; `message` is its data. False:
    the mail goes anyway, or nobody wants one."""
    if "mail_key" not in message:
        return False
    outbox.add(db, kind="mail", key=message["mail_key"], data=message["mail"])
    return True


def plain(text: str) -> str:
    """What a person wrote, so that Discord shows it as it was written."""
    return _MARKUP.sub(r"\\\1", text)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
