"""A session's room as one of its two people sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, rooms
from services.audit import Actor
from services.config import settings
from services.errors import NotAllowed, NotFound
from services.ids import UserId
from services.models import (
    Availability,
    Mentor,
    MentoringSession,
    SessionJoin,
    SessionStatus,
)
from services.recordings import one
from services.recordings.views import SessionRecordings
from services.sessions.views import Side, side_of


@dataclass(frozen=True, slots=True)
class RoomView:
    """The room, and what there is to know in it.

    It is open from `opens_at` until `closes_at`, unless the session was `canceled`. `others_photo`
    is a key (services.photos), None where there is none. `other_seen_at` is when the other person
    was last known to be in the room, `other_left` whether they were there and are not now.
    `meeting_link` is the mentor's own, for when the room does not work; "" for none.
    """

    session: str
    side: Side
    status: SessionStatus
    canceled: bool
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    name: str
    other_name: str
    others_photo: str | None
    is_in: bool
    other_is_in: bool
    other_seen_at: datetime | None
    meeting_link: str
    recordings: SessionRecordings

    @property
    def other_left(self) -> bool:
        """Whether the other person was there, and is not now."""
        return self.other_seen_at is not None and not self.other_is_in


def get_room(db: Session, *, actor: Actor, session: str) -> RoomView:
    """The room of a session of one's own. The same number of queries however much there is.

    Raises:
        SignInNeeded
        NotFound: no such session of theirs, or the studio has no room of its own.
        NotAllowed: an admin, whom nobody expects in there.
    """
    user_id = access.require_user(actor)
    row = access.session_for(db, actor, session)
    if not settings().video_offered:
        raise NotFound("room")
    if user_id not in rooms.people_of(row):
        raise NotAllowed("Only the two people of a session can enter its room.")
    [other] = rooms.people_of(row) - {user_id}
    present, seen = rooms.present(db, row), _seen(db, row)
    recordings = one.of_session(db, session=row, actor=actor)
    names = {answer.mine: answer.name for answer in recordings.consents}
    return RoomView(
        session=row.public_id,
        side=side_of(actor, row),
        status=row.status,
        canceled=row.canceled_at is not None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        opens_at=rooms.opens_at(row),
        closes_at=rooms.closes_at(row),
        name=names[True],
        other_name=names[False],
        others_photo=_photo(db, row) if other == row.mentor_user_id else None,
        is_in=user_id in present,
        other_is_in=other in present,
        other_seen_at=seen.get(other),
        meeting_link=_meeting_link(db, row),
        recordings=recordings,
    )


def _seen(db: Session, session: MentoringSession) -> Mapping[UserId, datetime]:
    """When each was last known to be there, in this session at the time that it has now."""
    at = func.max(func.coalesce(col(SessionJoin.left_at), col(SessionJoin.seen_at)))
    found = select(col(SessionJoin.user_id), at).where(
        SessionJoin.session_id == session.id,
        col(SessionJoin.seen_at).is_not(None),
        col(SessionJoin.joined_at) >= rooms.opens_at(session),
    )
    return dict(db.exec(found.group_by(col(SessionJoin.user_id))).all())


def _photo(db: Session, session: MentoringSession) -> str | None:
    mentor = db.get(Mentor, session.mentor_id)
    return mentor.photo_key if mentor else None


def _meeting_link(db: Session, session: MentoringSession) -> str:
    rules = db.get(Availability, session.mentor_id)
    return rules.meeting_link if rules else ""
