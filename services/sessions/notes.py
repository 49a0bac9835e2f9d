"""What people write about a session: the mentee's goals, and notes, shared or for oneself."""

from __future__ import annotations

from sqlmodel import Session, col, select

from services import access, audit, clock, db, inputs, locking, meeting_news
from services.audit import Actor
from services.db import insert_or_ignore
from services.errors import Conflict, NotAllowed
from services.ids import UserId
from services.models import OPEN_SESSIONS, MentoringSession, SessionNote

MOST_GOALS = 2000
MOST_NOTE = 8000


def set_goals(*, actor: Actor, session: str, text: str) -> None:
    """What the mentee wants from a session, for both to read; until its outcome is known.

    Raises:
        SignInNeeded, NotFound, NotAllowed, InvalidInput, Conflict
    """
    access.require_user(actor)
    goals = inputs.paragraphs(text, field="goals", what="Your goals", most=MOST_GOALS)
    with db.transaction() as tx:
        row = access.session_for(tx, actor, session)
        if row.mentee_id != actor.user_id:
            raise NotAllowed("Only the mentee of a session sets its goals.")
        locking.lock_session(tx, row)
        if row.status not in OPEN_SESSIONS:
            raise Conflict("This session is over. Write a note instead.")
        row.goals = goals
        meeting_news.changed(tx, row)
        audit.record(tx, actor=actor, action="session.goals_set", thing=row.public_id)


def save_note(*, actor: Actor, session: str, shared: bool, body: str) -> None:
    """One's note about a session, in place of the one before; an empty one takes it away.

    A shared note is for both to read, and for admins; the other for nobody else, but what a mentor
    writes is about the mentee too, and so in the copy of the data that the mentee may ask for.

    Raises:
        SignInNeeded, NotFound, NotAllowed, InvalidInput
    """
    user_id = access.require_user(actor)
    body = inputs.paragraphs(body, field="body", what="The note", most=MOST_NOTE)
    with db.transaction() as tx:
        row = access.session_for(tx, actor, session)
        if user_id not in {row.mentee_id, row.mentor_user_id}:
            raise NotAllowed("Only the two people of a session write notes about it.")
        _write(tx, row, user_id, shared=shared, body=body)
        if shared:
            meeting_news.changed(tx, row)
        audit.record(
            tx,
            actor=actor,
            action="session.note_saved",
            thing=row.public_id,
            after={"shared": shared, "length": len(body)},
        )


def _write(
    db: Session, session: MentoringSession, user_id: UserId, *, shared: bool, body: str
) -> None:
    fresh = SessionNote(session_id=session.id, author_id=user_id, shared=shared, body=body)
    if insert_or_ignore(db, fresh) and body:
        return
    note = db.exec(
        select(SessionNote)
        .where(
            SessionNote.session_id == session.id,
            SessionNote.author_id == user_id,
            col(SessionNote.shared) == shared,
        )
        .with_for_update()
    ).one()
    if body:
        note.body, note.updated_at = body, clock.utc_now()
    else:
        db.delete(note)
