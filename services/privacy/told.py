"""What the export tells by rules of its own: who watched, webhooks, and the audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlmodel import Session, col, or_, select

from services.ids import UserId
from services.models import (
    AuditEntry,
    InboxEvent,
    MentoringSession,
    Recording,
    RecordingAccess,
    RecordingFile,
)
from services.privacy import traces
from services.privacy.which import Person, recordings_of

OTHER = "somebody else"
ROWS = 500
"""Rows in one piece."""
_NOTED = (
    (("refund.", "unmatched."), "note"),
    (("recording.watched", "recording.downloaded"), "reason"),
    (("orphan.",), "how"),
)
"""What the studio notes for itself: on money, on why it looks at a recording, on stray files."""


def accesses(db: Session, person: Person) -> Iterator[dict[str, Any]]:
    """Who was given links to recordings that the person is on, and to which the person was."""
    own = or_(
        col(RecordingAccess.user_id) == person.user_id,
        col(RecordingAccess.recording_id).in_(recordings_of(person)),
    )
    found = (
        select(RecordingAccess, Recording.public_id, RecordingFile.public_id, MentoringSession)
        .join(Recording, col(Recording.id) == col(RecordingAccess.recording_id))
        .join(RecordingFile, col(RecordingFile.id) == col(RecordingAccess.file_id))
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(own)
        .order_by(col(RecordingAccess.id))
        .execution_options(yield_per=ROWS)
    )
    for row, recording, file, session in db.exec(found):
        yield {
            "recording": recording,
            "file": file,
            "how": row.how,
            "at": row.at,
            "by": _watcher(row.user_id, session, person),
        }


def _watcher(user_id: UserId, session: MentoringSession, person: Person) -> str:
    if user_id == person.user_id:
        return "you"
    sides = {session.mentor_user_id: "the mentor", session.mentee_id: "the mentee"}
    return sides.get(user_id, "an admin of the studio")


def events(db: Session, person: Person) -> Iterator[dict[str, Any]]:
    about = select(InboxEvent).where(traces.events_about(db, person))
    in_order = about.order_by(col(InboxEvent.id)).execution_options(yield_per=ROWS)
    for event in db.exec(in_order):
        yield {
            "provider": event.provider,
            "type": event.type,
            "received_at": event.received_at,
            "content": _told_by(event),
        }


def _told_by(event: InboxEvent) -> Any:
    """What an event holds; of a mail not its subject, which may say another person's name."""
    content: Any = event.payload
    with suppress(ValueError):
        content = json.loads(event.payload)
    match content:
        case {"data": {"email_id": _, "subject": _}}:
            content["data"].pop("subject")
        case _:
            pass
    return content


def record(db: Session, person: Person) -> Iterator[dict[str, Any]]:
    for line, own in traces.audit_about(db, person):
        told: dict[str, Any] = {
            "at": line.at,
            "action": line.action,
            "thing": line.thing,
            "by": _who(line, person),
        }
        yield told | (_content(line, person) if own else {})


def _content(line: AuditEntry, person: Person) -> dict[str, Any]:
    """What a line says of one's own thing. What the studio noted for itself is left out; what it
    wrote to the person stands in the other files."""
    told = {"before": line.before, "after": dict(line.after)}
    if line.actor_id != person.user_id:
        for actions, noted in _NOTED:
            if line.action.startswith(actions):
                told["after"].pop(noted, None)
    return told


def _who(line: AuditEntry, person: Person) -> str:
    if line.actor_id is None:
        return line.actor
    return "you" if line.actor_id == person.user_id else OTHER
