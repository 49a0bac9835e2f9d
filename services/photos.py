"""Mentors' photos: checked, cut to two sizes, stored, and served under names that never change.

A mentor's `photo_key` names both files; its first part is the hash of the picture, its last is
random, so that no two uploads share a file and removing one never removes another's.
"""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from typing import Literal

import structlog
from limits import parse
from sqlmodel import Session

from services import access, audit, db, locking, ratelimits
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput, NotFound, ProviderUnavailable
from services.models import Mentor
from services.providers.storage.base import FileMissing
from services.providers.storage.registry import own_files

Size = Literal["large", "small"]
SIDES: dict[str, int] = {"large": 640, "small": 160}
CONTENT_TYPE = "image/webp"
UPLOADS = ratelimits.Limit("photo-account", parse("30/hour"))

_NAME = re.compile(r"[0-9a-f]{32}-(?:large|small)\.webp")
log = structlog.get_logger()


def url(key: str | None, size: Size = "large") -> str:
    """The address of a photo as a path, for `src`; empty when there is none."""
    return f"/files/photos/{key}-{size}.webp" if key else ""


def replace(*, actor: Actor, slug: str, data: bytes) -> str:
    """Give a mentor another photo; the new key. The files of the old one are removed afterwards.

    Raises:
        NotFound, InvalidInput, TooManyAttempts, ProviderUnavailable: nothing was changed.
    """
    ratelimits.hit(UPLOADS, str(access.require_user(actor)))
    with db.reading() as session:
        access.mentor_for(session, actor, slug)
    if len(data) > settings().photo_max_bytes:
        raise too_large()
    from services import images  # Pillow is loaded where it is first used

    files = images.square_webps(data, SIDES)
    key = f"{hashlib.sha256(data).hexdigest()[:16]}{secrets.token_hex(8)}"
    try:
        for size, content in files.items():
            own_files().put(_stored(key, size), io.BytesIO(content))
        with db.transaction() as session:
            old = _set_key(session, actor, slug, key)
    except BaseException:
        _delete_files(key)
        raise
    _delete_files(old)
    return key


def remove(*, actor: Actor, slug: str) -> None:
    """Take a mentor's photo away, and its files.

    Raises:
        NotFound
    """
    with db.transaction() as session:
        old = _set_key(session, actor, slug, None)
    _delete_files(old)


def discard(*, key: str) -> None:
    """Remove the files of a photo that no mentor has any more.

    Raises:
        ProviderUnavailable: they may still be there.
    """
    for size in SIDES:
        own_files().delete(_stored(key, size))


def read(name: str) -> bytes:
    """The content of a file by the last part of its address.

    Raises:
        NotFound, ProviderUnavailable
    """
    if not _NAME.fullmatch(name):
        raise NotFound("photo")
    try:
        with own_files().open(f"photos/{name}") as file:
            return file.read()
    except FileMissing:
        raise NotFound("photo") from None


def too_large() -> InvalidInput:
    """The refusal of a file with too many bytes."""
    most = settings().photo_max_bytes / 1_000_000
    return InvalidInput("photo", f"This file is larger than {most:.3g} MB. Choose a smaller one.")


def nothing_chosen() -> InvalidInput:
    """The refusal of a form without a file."""
    return InvalidInput("photo", "Choose a picture first.")


def _set_key(session: Session, actor: Actor, slug: str, key: str | None) -> str | None:
    mentor: Mentor = access.mentor_for(session, actor, slug)
    locking.lock(session, mentors=[mentor.id])
    session.refresh(mentor)
    old = mentor.photo_key
    if old == key:
        return None
    mentor.photo_key = key
    session.add(mentor)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="mentor.photo_changed",
        thing=mentor.public_id,
        before={"photo_key": old},
        after={"photo_key": key},
    )
    return old


def _stored(key: str, size: str) -> str:
    return f"photos/{key}-{size}.webp"


def _delete_files(key: str | None) -> None:
    """Remove a photo's files; one that cannot be removed is only waste, so it is logged."""
    if key is None:
        return
    for size in SIDES:
        try:
            own_files().delete(_stored(key, size))
        except ProviderUnavailable:
            log.warning("photo_left_behind", key=key, size=size)
