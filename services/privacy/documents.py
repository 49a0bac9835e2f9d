"""The terms and the privacy notice: their versions, their words, and who agreed to which.

A text is a file, `texts/<document>-<version>.md`; the last version by name is in force. A file that
was in force is never changed: people agreed to its words. Names and numbers come from the settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path

from sqlalchemy import ScalarSelect, func
from sqlmodel import Session, and_, col, delete, or_, select

from services import access, audit
from services.audit import Actor
from services.config import settings
from services.db import insert_or_ignore
from services.errors import Conflict, NotFound
from services.ids import OrderId, UserId
from services.models import Acceptance, Document, User
from services.privacy.retention import MAIL_DAYS, PAYLOAD_DAYS, TRACE_DAYS, UNHANDLED_DAYS

_FOLDER = Path(__file__).parent / "texts"
_NAME = re.compile(r"(?P<document>[a-z]+)-(?P<version>\d{4}-\d{2}(?:-\d{2})?)\.md")
_FILES_CDN = (
    " A network that brings files to browsers faster passes them on, and sees that address too."
)
_GAP = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text: a `heading`, a paragraph (`text`), or a list (`points`)."""

    kind: str
    text: str = ""
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a document, with the studio's own names and numbers in it."""

    document: Document
    version: str
    title: str
    blocks: tuple[Block, ...]
    versions: tuple[str, ...]
    """All versions, the newest first."""

    @property
    def is_current(self) -> bool:
        """Whether this version is in force."""
        return self.version == self.versions[0]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one person agreed to, and when."""

    document: Document
    version: str
    at: datetime


def current(document: Document) -> str:
    """The version in force, such as `2026-11`."""
    return _versions(document)[0]


def get_text(document: Document, version: str = "") -> Text:
    """A document to read, by default as it is in force.

    Raises:
        NotFound: there is no such version.
    """
    versions = _versions(document)
    wanted = version or versions[0]
    if wanted not in versions:
        raise NotFound("version")
    raw = (_FOLDER / f"{document.value}-{wanted}.md").read_text(encoding="utf-8")
    title, blocks = _parsed(_GAP.sub(lambda gap: _facts()[gap[1]], raw))
    return Text(document, wanted, title, blocks, versions)


def list_agreed(db: Session, *, actor: Actor) -> tuple[Agreed, ...]:
    """What the person agreed to, the latest first.

    Raises:
        SignInNeeded
    """
    own = select(Acceptance).where(Acceptance.user_id == access.require_user(actor))
    rows = db.exec(own.order_by(col(Acceptance.at).desc(), col(Acceptance.id).desc())).all()
    return tuple(Agreed(row.document, row.version, row.at) for row in rows)


def count_agreed() -> ScalarSelect[int]:
    """How many of the documents in force the account of a row of `user` agreed to; for queries
    that read the account anyway."""
    in_force = (
        and_(col(Acceptance.document) == document, col(Acceptance.version) == current(document))
        for document in Document
    )
    return (
        select(func.count(col(Acceptance.id)))
        .where(col(Acceptance.user_id) == col(User.id), or_(*in_force))
        .correlate(User)
        .scalar_subquery()
    )


def require_shown(shown: str) -> None:
    """Refuse an agreement to terms that are in force no more.

    Raises:
        Conflict
    """
    if shown != current(Document.TERMS):
        raise Conflict(
            "The terms have changed since this page was opened. Nothing was done: please reload "
            "the page, read them, and try again."
        )


def agree(db: Session, *, user_id: UserId, order_id: OrderId | None = None) -> None:
    """Write down that the person agrees to both documents as they are in force; once each."""
    for document in Document:
        row = Acceptance(
            user_id=user_id, document=document, version=current(document), order_id=order_id
        )
        if insert_or_ignore(db, row):
            audit.record(
                db,
                actor=Actor("user", user_id=user_id),
                action=f"{document.value}.accepted",
                thing=db.get_one(User, user_id).public_id,
                after={"version": row.version},
            )


def accept(db: Session, *, actor: Actor, shown: str) -> None:
    """The person agrees, having been shown this version of the terms.

    Raises:
        SignInNeeded, Conflict: another version is in force by now.
    """
    user_id = access.require_user(actor)
    require_shown(shown)
    agree(db, user_id=user_id)


def accept_with_order(db: Session, *, user_id: UserId, order_id: OrderId, shown: str = "") -> str:
    """Who buys agrees: the version of the terms, for the order. Empty `shown`: nobody looked at a
    page, as when a program buys.

    Raises:
        Conflict: the page showed another version.
    """
    if shown:
        require_shown(shown)
    agree(db, user_id=user_id, order_id=order_id)
    return current(Document.TERMS)


def forget_agreed(db: Session, *, user_id: UserId) -> None:
    """Nobody knows who agreed: an account changed hands before its address was confirmed."""
    db.exec(delete(Acceptance).where(col(Acceptance.user_id) == user_id))


@lru_cache(maxsize=4)
def _versions(document: Document) -> tuple[str, ...]:
    found = (_NAME.fullmatch(path.name) for path in _FOLDER.iterdir())
    own = [each["version"] for each in found if each and each["document"] == document.value]
    return tuple(sorted(own, reverse=True))


def _facts() -> dict[str, str]:
    """What the texts leave open."""
    chosen = settings()
    seller = chosen.seller_name or "The studio"
    mail = parseaddr(chosen.mail_from)[1]
    lines = (line.strip() for line in chosen.seller_address.split(";"))
    address = ", ".join(filter(None, lines))
    numbers = (
        "seat_hold_minutes",
        "grace_hours",
        "change_limit_hours",
        "pack_extension_days",
        "objection_days",
        "notification_days",
        "recording_days",
    )
    return {
        "studio": chosen.studio_name,
        "seller": ", ".join(filter(None, (seller, address))),
        "contact": f"Write to {chosen.seller_name or 'the studio'} at {mail}.",
        "payload_days": str(PAYLOAD_DAYS),
        "unhandled_days": str(UNHANDLED_DAYS),
        "trace_days": str(TRACE_DAYS),
        "mail_days": str(MAIL_DAYS),
        "files_cdn": _FILES_CDN if chosen.files_cdn_base else "",
        **{name: str(getattr(chosen, name)) for name in numbers},
    }


def _parsed(raw: str) -> tuple[str, tuple[Block, ...]]:
    """The title and the parts of a text: paragraphs, `## headings` and lists of `- points`."""
    parts = [part.strip() for part in raw.split("\n\n") if part.strip()]
    return parts[0].removeprefix("# "), tuple(_block(part) for part in parts[1:])


def _block(part: str) -> Block:
    if part.startswith("## "):
        return Block("heading", part.removeprefix("## "))
    if part.startswith("- "):
        return Block("points", points=tuple(line.removeprefix("- ") for line in part.splitlines()))
    return Block("text", " ".join(part.splitlines()))
