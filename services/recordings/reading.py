"""What people see of recordings: their own, all of them for admins, one whole, and a session's.

Each takes the same number of queries however much there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy
from sqlalchemy import ColumnElement, case, func, literal_column, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, paging
from services.audit import Actor
from services.errors import InvalidInput, NotFound
from services.ids import RecordingId
from services.jobs import finding
from services.models import (
    FileKind,
    FileStatus,
    Mentor,
    MentoringSession,
    Recording,
    RecordingFile,
    RecordingStatus,
    User,
)
from services.paging import Columns, Part
from services.recordings.views import RecordingRow

Which = Literal["kept", "deleted", ""]
"""Which of one's recordings: those that are, or are becoming, something to watch; those that were
deleted; or all."""

HELD = "held"
"""Admins may ask for the recordings that a hold keeps, whatever their status."""
PURGING = "purging"
"""And for those that are to be deleted, and are not yet."""
TROUBLE = "trouble"
"""And for those that need somebody's eyes: failed, or something stands against them."""

SORTS: Columns = {"began": (col(Recording.began_at),)}
"""What lists may be sorted by."""

_TABLES = sqlalchemy.join(
    Recording,
    MentoringSession,
    col(Recording.session_id) == col(MentoringSession.id),
)
_WHICH: dict[Which, list[ColumnElement[bool]]] = {
    "kept": [col(Recording.status) != RecordingStatus.PURGED],
    "deleted": [col(Recording.status) == RecordingStatus.PURGED],
    "": [],
}


def list_mine(
    db: Session, *, actor: Actor, which: Which = "", before: str | None = None, limit: int = 50
) -> Part[RecordingRow]:
    """The recordings of the signed-in person's sessions as a mentee, the newest first.

    Raises:
        SignInNeeded, InvalidInput: an unknown place to go on from.
    """
    own = col(MentoringSession.mentee_id) == access.require_user(actor)
    return _own_part(db, own, actor=actor, which=which, before=before, limit=limit)


def list_mentors(
    db: Session, *, actor: Actor, which: Which = "", before: str | None = None, limit: int = 50
) -> Part[RecordingRow]:
    """The recordings of the signed-in person's sessions as a mentor, the newest first.

    Raises:
        SignInNeeded, NotFound: not a mentor; InvalidInput: an unknown place to go on from.
    """
    access.require_user(actor)
    if actor.mentor_id is None:
        raise NotFound("mentor")
    own = col(MentoringSession.mentor_id) == actor.mentor_id
    return _own_part(db, own, actor=actor, which=which, before=before, limit=limit)


def list_newest(
    db: Session, *, actor: Actor, teaches: bool = False, limit: int = 3
) -> tuple[RecordingRow, ...]:
    """The newest recordings that one can watch, or soon can, of one's sessions as a mentee, or as a
    mentor (`teaches`). Two queries.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    own = MentoringSession.mentor_user_id if teaches else MentoringSession.mentee_id
    wanted = [
        col(own) == user_id,
        col(Recording.status).in_([RecordingStatus.READY, RecordingStatus.TRANSFERRING]),
        col(Recording.purge_asked_at).is_(None),
    ]
    newest: list[ColumnElement[Any]] = [
        col(Recording.began_at).desc(),
        col(Recording.id).desc(),
    ]
    return tuple(rows(db, wanted, actor=actor, limit=paging.bounded(limit), order=newest))


def list_all(
    db: Session,
    *,
    actor: Actor,
    query: str = "",
    status: str = "",
    mentor: str = "",
    sort: str = "-began",
    before: str | None = None,
    limit: int = 50,
) -> Part[RecordingRow]:
    """All recordings for an admin, counted up to a bound; `status` is a `RecordingStatus`, HELD,
    PURGING or TROUBLE, `mentor` a slug.

    `query` looks in the public ids of recording and session, both people's names, and the mentee's
    address.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    wanted: list[ColumnElement[bool]] = []
    if status:
        wanted += _having(status)
    if mentor:
        of_mentor = select(Mentor.id).where(Mentor.slug == mentor)
        wanted.append(col(MentoringSession.mentor_id).in_(of_mentor))
    if query.strip():
        wanted.append(_matching(query))
    total = finding.counted(db, _TABLES, wanted)
    return _part(db, wanted, sort, total, actor=actor, before=before, limit=limit)


def rows(
    db: Session,
    wanted: Sequence[ColumnElement[bool]],
    *,
    actor: Actor,
    limit: int,
    order: Sequence[ColumnElement[Any]] = (),
) -> list[RecordingRow]:
    """The recordings that fit, as lists show them; two queries. The caller settles who may see."""
    mentee, mentor_user = aliased(User), aliased(User)
    listed: Any = (  # five columns: the types of `select` end at four
        sqlalchemy.select(Recording, MentoringSession, Mentor, mentee, col(mentor_user.name))
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .join(Mentor, col(Mentor.id) == col(MentoringSession.mentor_id))
        .join(mentor_user, col(mentor_user.id) == col(MentoringSession.mentor_user_id))
        .join(mentee, col(mentee.id) == col(MentoringSession.mentee_id))
    )
    found = db.exec(listed.where(*wanted).order_by(*order).limit(limit)).all()
    sums = _sums(db, [recording.id for recording, *_ in found])
    return [
        _row(recording, session, mentor, person, name, sums, actor)
        for recording, session, mentor, person, name in found
    ]


def _row(
    recording: Recording,
    session: MentoringSession,
    mentor: Mentor,
    mentee: User,
    mentor_name: str,
    sums: dict[RecordingId, _Sum],
    actor: Actor,
) -> RecordingRow:
    files = sums.get(recording.id, _Sum())
    return RecordingRow(
        public_id=recording.public_id,
        number=recording.number,
        status=recording.status,
        began_at=recording.began_at,
        ready_at=recording.ready_at,
        seconds=recording.seconds,
        bytes=files.bytes,
        copied=files.copied,
        files=files.files,
        videos=files.videos,
        stores=files.stores,
        tries=recording.tries,
        trouble=recording.trouble,
        keep_until=recording.keep_until,
        extended=recording.extended_by is not None,
        held=recording.held_at is not None,
        purging=recording.purge_asked_at is not None and recording.purged_at is None,
        purged_at=recording.purged_at,
        session=session.public_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mentee=mentee.public_id,
        mentee_name=mentee.name,
        mentee_email=mentee.email if actor.is_admin else "",
        mentor_slug=mentor.slug,
        mentor_name=mentor_name,
        mentor_photo=mentor.photo_key,
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    """What the files of one recording come to."""

    files: int = 0
    videos: int = 0
    bytes: int = 0
    copied: int = 0
    stores: tuple[str, ...] = ()


def _sums(db: Session, recordings: Sequence[RecordingId]) -> dict[RecordingId, _Sum]:
    """Counted by the database: a stream has hundreds of segments."""
    arrived = case(
        (col(RecordingFile.status) == FileStatus.WAITING, col(RecordingFile.copied)),
        else_=col(RecordingFile.bytes),
    )
    film = case((col(RecordingFile.kind) == FileKind.VIDEO, 1), else_=0)
    sizes: Any = sqlalchemy.select(
        col(RecordingFile.recording_id),
        col(RecordingFile.store),
        func.count(col(RecordingFile.id)),
        func.sum(film),
        func.sum(col(RecordingFile.bytes)),
        func.sum(arrived),
    )
    found = db.exec(
        sizes.where(col(RecordingFile.recording_id).in_(recordings))
        .group_by(col(RecordingFile.recording_id), col(RecordingFile.store))
        .order_by(col(RecordingFile.store))
    ).all()
    sums: dict[RecordingId, _Sum] = {}
    for recording, store, files, videos, size, copied in found:
        before = sums.get(recording, _Sum())
        sums[recording] = _Sum(
            files=before.files + int(files),
            videos=before.videos + int(videos),
            bytes=before.bytes + int(size),
            copied=before.copied + int(copied),
            stores=(*before.stores, store),
        )
    return sums


def _own_part(
    db: Session,
    own: ColumnElement[bool],
    *,
    actor: Actor,
    which: Which,
    before: str | None,
    limit: int,
) -> Part[RecordingRow]:
    if which not in _WHICH:
        raise InvalidInput("which", "There is no such list of recordings.")
    wanted = [own, *_WHICH[which]]
    total = finding.counted(db, _TABLES, wanted)
    return _part(db, wanted, "-began", total, actor=actor, before=before, limit=limit)


def _part(
    db: Session,
    wanted: list[ColumnElement[bool]],
    sort: str,
    total: int | None,
    *,
    actor: Actor,
    before: str | None,
    limit: int,
) -> Part[RecordingRow]:
    limit = paging.bounded(limit)
    by = paging.sorting(sort, SORTS, default="-began", unique=col(Recording.id))
    place = paging.beyond(db, _TABLES, Recording.public_id, before, by=by, among=wanted)
    found = rows(db, [*wanted, *place], actor=actor, limit=limit + 1, order=by.order())
    shown, more = paging.cut(found, limit)
    return Part(tuple(shown), shown[-1].public_id if more else None, total)


def _having(status: str) -> list[ColumnElement[bool]]:
    kept = col(Recording.purged_at).is_(None)
    if status == HELD:
        return [col(Recording.held_at).is_not(None), kept]
    if status == PURGING:
        return [col(Recording.purge_asked_at).is_not(None), kept]
    if status == TROUBLE:
        return [troubled()]
    try:
        return [col(Recording.status) == RecordingStatus(status)]
    except ValueError:
        raise InvalidInput("status", "There is no such status.") from None


def troubled() -> ColumnElement[bool]:
    """That something stands against a recording, failed ones among them: few, and by an index."""
    nothing: ColumnElement[str] = literal_column("''")  # no parameter: SQLite must see it is ours
    return (col(Recording.trouble) != nothing) & col(Recording.purged_at).is_(None)


def _matching(query: str) -> ColumnElement[bool]:
    like = paging.pattern(query)
    named = col(User.name).ilike(like, escape="\\")
    mailed = col(User.email).ilike(like, escape="\\")
    return or_(
        col(Recording.public_id) == query.strip(),
        col(MentoringSession.public_id) == query.strip(),
        col(MentoringSession.mentee_id).in_(select(User.id).where(or_(named, mailed))),
        col(MentoringSession.mentor_user_id).in_(select(User.id).where(named)),
    )
