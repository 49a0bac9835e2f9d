"""A session's room: what the video service calls it, its people's numbers there, who is in it.

Nothing here knows how people enter (`services.video`) or what is recorded (`services.recordings`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import clock
from services.config import settings
from services.ids import UserId
from services.models import MentoringSession, SessionJoin

SILENT_AFTER: Final = timedelta(seconds=75)
"""An open room says every 30 seconds that its person is there; after so long without, they left."""
MENTOR_UID: Final = 1
MENTEE_UID: Final = 2
"""The people's numbers in the channel. Recorders have numbers from 1000 on."""


def channel_of(session: MentoringSession) -> str:
    """What the video service calls the room: letters and digits, as its file names keep them."""
    return session.public_id.replace("_", "")


def session_of(channel: str) -> str:
    """The public id of the session whose room is called so, if it is the name of one."""
    return f"{channel[:3]}_{channel[3:]}"


def uid_of(session: MentoringSession, user_id: UserId) -> int:
    """A person's number in the channel."""
    return MENTOR_UID if user_id == session.mentor_user_id else MENTEE_UID


def people_of(session: MentoringSession) -> set[UserId]:
    """The two people of a session."""
    return {session.mentee_id, session.mentor_user_id}


def opens_at(session: MentoringSession) -> datetime:
    """From when on people may enter."""
    return session.starts_at - timedelta(minutes=settings().join_minutes)


def closes_at(session: MentoringSession) -> datetime:
    """Until when they may stay."""
    return session.ends_at + timedelta(minutes=settings().room_margin_minutes)


def present(db: Session, session: MentoringSession) -> set[UserId]:
    """Who is in the room now."""
    there = select(col(SessionJoin.user_id)).where(
        SessionJoin.session_id == session.id,
        col(SessionJoin.left_at).is_(None),
        col(SessionJoin.seen_at) > clock.utc_now() - SILENT_AFTER,
    )
    return set(db.exec(there).all())


def last_seen(db: Session, session: MentoringSession) -> datetime | None:
    """When anybody was last known to be in the room; None when nobody ever was."""
    found = select(
        func.max(func.coalesce(col(SessionJoin.left_at), col(SessionJoin.seen_at)))
    ).where(SessionJoin.session_id == session.id, col(SessionJoin.seen_at).is_not(None))
    return db.exec(found).one()
