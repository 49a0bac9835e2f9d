"""One recording whole, and what one session has of recordings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, col, select

from services import access, clock, rooms, topics
from services.audit import Actor
from services.ids import RecordingFileId, UserId
from services.models import (
    Consent,
    FileKind,
    FileStatus,
    MentoringSession,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingFile,
    SessionStatus,
    User,
)
from services.recordings import parts, reading
from services.recordings.views import (
    AccessView,
    CertificateView,
    ConsentView,
    FileView,
    PurgedFile,
    RecordingView,
    SessionRecordings,
)
from services.sessions.history import list_history
from services.sessions.views import Side, side_of

MOST_RECORDINGS = 100
"""Of one session."""
MOST_FILES = 500
MOST_ACCESSES = 50


def get_recording(db: Session, *, actor: Actor, recording: str) -> RecordingView:
    """A recording (its public id): of one's own session, or any for an admin. The same number of
    queries however much there is, and one more for admins.

    Raises:
        NotFound
    """
    row, session = access.recording_for(db, actor, recording)
    [shown] = reading.rows(db, [col(Recording.id) == row.id], actor=actor, limit=1)
    people = _people(db, session)
    files = _files(db, row)
    numbers = {file.id: part for file, part in files}
    accesses, accessed = _accesses(db, actor, row, session, numbers)
    return RecordingView(
        row=shown,
        side=side_of(actor, session),
        files=tuple(_file(file, part, actor) for file, part in files),
        consents=_consents(db, actor, session, people),
        accesses=accesses,
        accessed=accessed,
        certificate=_certificate(db, actor, row),
        started_at=row.started_at,
        recording_at=row.recording_at,
        stopped_at=row.stopped_at,
        stop_reason=row.stop_reason,
        extend_reason=row.extend_reason,
        hold_reason=row.hold_reason,
        held_at=row.held_at,
        purge_asked_at=row.purge_asked_at,
        purge_reason=row.purge_reason,
        sid=row.sid if actor.is_admin else "",
        source=row.source if actor.is_admin else "",
        look_at=row.look_at if actor.is_admin else None,
        history=list_history(db, row.public_id) if actor.is_admin else (),
    )


def get_topic(db: Session, *, actor: Actor, recording: str) -> str:
    """The topic that tells of everything about a recording: its session's.

    Raises:
        NotFound
    """
    _, session = access.recording_for(db, actor, recording)
    return topics.session(session.id)


def get_session_topic(db: Session, *, actor: Actor, session: str) -> str:
    """The same for all recordings of a session.

    Raises:
        NotFound
    """
    return topics.session(access.session_for(db, actor, session).id)


def get_of_session(db: Session, *, actor: Actor, session: str) -> SessionRecordings:
    """What a session (its public id) has of recordings: one's own, or any for an admin.

    Raises:
        NotFound
    """
    return of_session(db, session=access.session_for(db, actor, session), actor=actor)


def of_session(db: Session, *, session: MentoringSession, actor: Actor) -> SessionRecordings:
    """The same of a row; four queries. The caller settles who may see."""
    number: list[ColumnElement[Any]] = [col(Recording.number).asc()]
    own = [col(Recording.session_id) == session.id]
    found = reading.rows(db, own, actor=actor, limit=MOST_RECORDINGS, order=number)
    consents = _consents(db, actor, session, _people(db, session))
    open_still = clock.utc_now() < rooms.closes_at(session)
    return SessionRecordings(
        consents=consents,
        recordings=tuple(found),
        answerable=open_still and session.status is not SessionStatus.CANCELED,
    )


def _files(db: Session, recording: Recording) -> list[tuple[RecordingFile, int]]:
    """The files with their part's number, what is watched first: of a stream's segments there may
    be more than anybody reads."""
    films_first = case(
        (col(RecordingFile.kind) == FileKind.VIDEO, 0),
        (col(RecordingFile.kind) == FileKind.PLAYLIST, 1),
        else_=2,
    )
    found = db.exec(
        select(RecordingFile)
        .where(RecordingFile.recording_id == recording.id)
        .order_by(films_first, col(RecordingFile.id))
        .limit(MOST_FILES)
    ).all()
    watched = parts.playable(recording, found)
    numbers = {file.id: part for part, file in enumerate(watched, 1)}
    rest = [file for file in found if file.id not in numbers]
    return [(file, numbers.get(file.id, 0)) for file in (*watched, *rest)]


def _file(file: RecordingFile, part: int, actor: Actor) -> FileView:
    tells = actor.is_admin
    return FileView(
        public_id=file.public_id,
        kind=file.kind,
        status=file.status,
        part=part,
        bytes=file.bytes,
        copied=file.copied if file.status is FileStatus.WAITING else file.bytes,
        sha256=file.sha256,
        checked_at=file.checked_at,
        gone_at=file.gone_at,
        removed=file.removed,
        name=file.name if tells else "",
        store=file.store if tells else "",
        key=file.key if tells else "",
        from_store=file.source if tells else "",
    )


def _people(db: Session, session: MentoringSession) -> dict[UserId, User]:
    both = col(User.id).in_([session.mentee_id, session.mentor_user_id])
    return {user.id: user for user in db.exec(select(User).where(both)).all()}


def _consents(
    db: Session, actor: Actor, session: MentoringSession, people: dict[UserId, User]
) -> tuple[ConsentView, ...]:
    given = db.exec(select(Consent).where(Consent.session_id == session.id)).all()
    answers = {row.user_id: row for row in given}
    return tuple(
        ConsentView(
            side=side,
            name=people[user].name,
            mine=user == actor.user_id,
            answer=answers[user].answer if user in answers else None,
            text_version=answers[user].text_version if user in answers else "",
            answered_at=answers[user].answered_at if user in answers else None,
        )
        for side, user in (
            (Side.MENTEE, session.mentee_id),
            (Side.MENTOR, session.mentor_user_id),
        )
    )


def _accesses(
    db: Session,
    actor: Actor,
    recording: Recording,
    session: MentoringSession,
    numbers: dict[RecordingFileId, int],
) -> tuple[tuple[AccessView, ...], int]:
    """The newest ones, and how many there are in all. An admin is the studio to the two people."""
    own = RecordingAccess.recording_id == recording.id
    total = db.exec(select(func.count(col(RecordingAccess.id))).where(own)).one()
    found = db.exec(
        select(RecordingAccess, User.name)
        .join(User, col(User.id) == col(RecordingAccess.user_id))
        .where(own)
        .order_by(col(RecordingAccess.at).desc(), col(RecordingAccess.id).desc())
        .limit(MOST_ACCESSES)
    ).all()
    sides = {session.mentee_id: Side.MENTEE, session.mentor_user_id: Side.MENTOR}
    shown = [
        AccessView(
            at=row.at,
            how=row.how,
            side=sides.get(row.user_id, Side.ADMIN),
            name=name if row.user_id in sides or actor.is_admin else "",
            part=numbers.get(row.file_id, 0),
        )
        for row, name in found
    ]
    return tuple(shown), total


def _certificate(db: Session, actor: Actor, recording: Recording) -> CertificateView | None:
    found = db.exec(
        select(PurgeCertificate, User)
        .join(User, col(User.id) == col(PurgeCertificate.by_id), isouter=True)
        .where(PurgeCertificate.recording_id == recording.id)
    ).one_or_none()
    if found is None:
        return None
    row, by = found
    tells = actor.is_admin
    return CertificateView(
        public_id=row.public_id,
        reason=row.reason,
        versions=row.versions,
        bytes=row.bytes,
        files=len(row.files),
        listed_at=row.listed_at,
        places=tuple(str(place) for place in row.places) if tells else (),
        lines=tuple(_purged(file) for file in row.files) if tells else (),
        by_name=by.name if by and tells else "",
    )


def _purged(file: dict[str, Any]) -> PurgedFile:
    return PurgedFile(
        key=str(file.get("key", "")),
        bytes=int(file.get("bytes", 0)),
        sha256=str(file.get("sha256", "")),
        versions=int(file.get("versions", 0)),
    )
