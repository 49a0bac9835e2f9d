"""People's occupied time: written with a session or a hold, gone as soon as it does not live.

Two times of one person never overlap: the database itself says so, whatever was checked before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import bindparam, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from services import clock, locking, topics
from services.availability import Offered
from services.errors import Conflict, InvalidInput, NotFound, SlotTaken
from services.ids import MentorId, SessionId, SlotHoldId, UserId
from services.models import Mentor, MentoringSession, OccupiedTime, SlotHold, SlotHoldStatus

OVERLAP = "ex_occupied_time_overlap"
MOST_AT_ONCE = 100


# Made once: making them takes longer than running them, and they run under a rush.
_MENTOR = select(Mentor).where(col(Mentor.slug) == bindparam("slug"))
_LAPSED = (
    select(col(SlotHold.id), col(SlotHold.mentor_id))
    .join(OccupiedTime, col(OccupiedTime.hold_id) == col(SlotHold.id))
    .where(
        col(OccupiedTime.person_id).in_(bindparam("people", expanding=True)),
        col(SlotHold.held_until) <= bindparam("now"),
    )
    .distinct()
)


class Pair(NamedTuple):
    """A mentee and their mentor, both locked."""

    mentee_id: UserId
    mentor: Mentor


@contextmanager
def overlaps_refused() -> Iterator[None]:
    """Say the database's own refusal in our words; goes around the transaction, which is over.

    Raises:
        SlotTaken
    """
    try:
        yield
    except IntegrityError as error:
        if OVERLAP in str(error.orig):
            raise SlotTaken from error
        raise


def checked_start(starts_at: datetime) -> datetime:
    """An instant from outside, in UTC.

    Raises:
        InvalidInput: it has no zone, or no such instant exists.
    """
    if starts_at.tzinfo is None:
        raise InvalidInput("starts_at", "This time has no zone.")
    try:
        return starts_at.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("starts_at", "There is no such time.") from None


def checked_starts(starts: Sequence[datetime]) -> list[datetime]:
    """Some instants from outside, in UTC and in order.

    Raises:
        InvalidInput: none, too many, the same twice, or not an instant.
    """
    found = sorted({checked_start(each) for each in starts})
    if not found:
        raise InvalidInput("starts", "Choose at least one time.")
    if len(found) != len(starts):
        raise InvalidInput("starts", "Choose each time once.")
    if len(found) > MOST_AT_ONCE:
        raise InvalidInput("starts", f"Choose at most {MOST_AT_ONCE} times.")
    return found


def mentor_named(db: Session, slug: str) -> Mentor:
    """A mentor as any mentee may name them, listed or not.

    Raises:
        NotFound
    """
    found = db.exec(_MENTOR, params={"slug": slug}).one_or_none()
    if found is None:
        raise NotFound("mentor")
    return found


def lock_pair(db: Session, *, mentee_id: UserId, slug: str) -> Pair:
    """Lock a mentee and a mentor, in the order of all such locks.

    Raises:
        NotFound: no such mentor.
        Conflict: they are the same person.
    """
    mentor = mentor_named(db, slug)
    if mentor.user_id == mentee_id:
        raise Conflict("You cannot book a session with yourself.")
    locking.lock(db, users={mentee_id, mentor.user_id}, mentors=[mentor.id])
    locking.read_again(db, mentor)
    forget_lapsed(db, {mentee_id, mentor.user_id})
    return Pair(mentee_id, mentor)


def occupy(
    db: Session,
    pair: Pair,
    slot: Offered,
    *,
    session: SessionId | None = None,
    hold: SlotHoldId | None = None,
) -> None:
    """Take both people's time, the mentor's with the buffer; written at the next flush, which an
    overlap makes fail."""
    mentor_user_id = pair.mentor.user_id
    for person, end in ((pair.mentee_id, slot.ends_at), (mentor_user_id, slot.occupied_until)):
        db.add(
            OccupiedTime(
                person_id=person,
                session_id=session,
                hold_id=hold,
                mentor_side=person == mentor_user_id,
                starts_at=slot.starts_at,
                ends_at=end,
            )
        )


def require_apart(offered: Sequence[Offered]) -> None:
    """Refuse times, in order, that one person could not keep one after the other.

    Raises:
        InvalidInput
    """
    for earlier, later in pairwise(offered):
        if later.starts_at < earlier.occupied_until:
            raise InvalidInput("starts", "Two of these times overlap. Choose others.")


def free_time(db: Session, session: MentoringSession) -> None:
    """Give both people their time back: the session does not live any more, or moves."""
    db.exec(delete(OccupiedTime).where(col(OccupiedTime.session_id) == session.id))
    topics.publish(db, topics.availability(session.mentor_id))


def forget_lapsed(db: Session, people: Collection[UserId]) -> None:
    """End the holds in these people's time whose minutes are over: they block nobody."""
    params = {"people": list(people), "now": clock.utc_now()}
    found = dict(db.exec(_LAPSED, params=params).all())
    if found:
        end_holds(db, found, SlotHoldStatus.LAPSED)


def end_holds(db: Session, holds: dict[SlotHoldId, MentorId], status: SlotHoldStatus) -> None:
    """Give back what these holds took, given with their mentors."""
    ids = sorted(holds)  # whoever else ends them begins with the same one
    db.exec(delete(OccupiedTime).where(col(OccupiedTime.hold_id).in_(ids)))
    db.exec(
        update(SlotHold)
        .where(col(SlotHold.id).in_(ids), col(SlotHold.status) == SlotHoldStatus.HELD)
        .values(status=status)
    )
    topics.publish(db, *(topics.availability(mentor) for mentor in set(holds.values())))
