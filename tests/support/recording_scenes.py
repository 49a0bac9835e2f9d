"""The pictures of `make screenshots` that show recordings: one of each face, of the demo mentee."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

from sqlmodel import col, select

from services import db
from services.models import MentoringSession, Recording, SessionStatus, User
from tests.support import films
from tests.support.films import Films
from tests.support.session_scenes import ADMIN, MENTEE, MENTOR, Seen


def addresses() -> dict[str, str]:
    """Samples for the routes that hold an id."""
    shown = _films()
    return {
        "/recordings/[recording]": f"/recordings/{shown.ready}",
        "/admin/recordings/[recording]": f"/admin/recordings/{shown.parts}",
    }


def situations(newcomer: str) -> list[Seen]:
    """Faces of the pages that only some recordings have."""
    shown = _films()
    faces = [field.name for field in fields(shown) if field.name not in {"session", "ready"}]
    return [
        *(
            Seen(f"recording-{face}", f"/recordings/{getattr(shown, face)}", MENTEE)
            for face in faces
        ),
        Seen("recording-mentor", f"/recordings/{shown.ready}", MENTOR),
        Seen("recording-admin", f"/recordings/{shown.ready}", ADMIN),
        *(
            Seen(f"admin-recording-{face}", f"/admin/recordings/{getattr(shown, face)}", ADMIN)
            for face in faces
        ),
        Seen("admin-recordings-trouble", "/admin/recordings?only=trouble", ADMIN),
        Seen("admin-recordings-nothing", "/admin/recordings?q=nobody+at+all", ADMIN),
        Seen("admin-recording-unknown", "/admin/recordings/rec_unknown", ADMIN),
        Seen("admin-storage-settled", "/admin/storage?only=settled", ADMIN),
        Seen("admin-costs-plan", "/admin/costs?prices=plan", ADMIN),
        Seen("recording-unknown", "/recordings/rec_unknown", MENTEE),
        Seen("recordings-deleted", "/recordings?only=deleted", MENTEE),
        Seen("recordings-none", "/recordings", newcomer),
        Seen("recordings-error", "/recordings?before=rec_unknown", MENTEE),
        Seen("session-recorded", f"/sessions/{shown.session}", MENTEE),
    ]


@cache
def _films() -> Films:
    """A held session of the demo mentee gets them; once in a database."""
    with db.reading() as reading:
        lea = select(User.id).where(User.email == MENTEE)
        held = reading.exec(
            select(MentoringSession)
            .where(
                col(MentoringSession.mentee_id).in_(lea),
                MentoringSession.status == SessionStatus.COMPLETED,
                col(MentoringSession.id).not_in(select(Recording.session_id)),
            )
            .order_by(col(MentoringSession.starts_at).desc())
        ).all()
    return films.made(held[0])
