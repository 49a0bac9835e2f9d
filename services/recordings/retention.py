"""How long recordings are kept: 30 days from their session, unless an admin keeps one for longer,
or holds it whatever else was to become of it. Both people are told of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from services import access, clock, db, due, inputs, locking
from services.audit import SYSTEM, Actor
from services.config import settings
from services.errors import Conflict, InvalidInput
from services.ids import RecordingId
from services.models import (
    RUNNING,
    Consent,
    ConsentAnswer,
    MentoringSession,
    Recording,
    RecordingStatus,
    User,
    UserStatus,
)
from services.recordings import changing, leases, news, places, purging
from services.recordings.reasons import ERASED, RETENTION, WITHDRAWN
from services.reminders import book
from services.reminders.book import Moment

KIND: Final = news.EXPIRING
LONGEST_REASON: Final = 300
LONGEST_DAYS: Final = 3_650
DELETED: Final = "This recording is deleted already."
GOING: Final = "This recording is being deleted."
RUNS: Final = "This recording still runs: it has no end yet."
OVER: Final = "Its time was over before it could be sent."
JUST_TOLD: Final = "It became ready after this was due: both people were told its end then."


def expire_due() -> int:
    """Have every recording deleted whose time is over, and that nobody holds; how many."""
    return due.run(_find_over, _expire, what="recording_over")


def remind_due() -> int:
    """Remind both people of every recording that is deleted soon; of how many."""
    return due.run(_find_expiring, _remind, what=KIND)


def extend(*, actor: Actor, recording: str, until: date, reason: str) -> None:
    """Keep a recording through that day, in the studio's zone, which is later than it would be.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: `until` or `reason`.
        Conflict: it is deleted, is being deleted, or has no end yet.
    """
    access.require_admin(actor)
    said = _reason(reason)
    with db.transaction() as tx:
        row, session = _locked(tx, actor, recording)
        if row.purge_asked_at is not None:
            raise Conflict(GOING)
        if row.keep_until is None:
            raise Conflict(RUNS)
        before, row.keep_until = row.keep_until, _end_of(until, later_than=row.keep_until)
        row.extended_by, row.extend_reason = actor.user_id, said
        tx.flush()
        changing.note(
            tx,
            recording=row,
            session=session,
            action="extended",
            before={"keep_until": before.isoformat()},
            after={"keep_until": row.keep_until.isoformat(), "reason": said},
            actor=actor,
        )
        news.extended(tx, recording=row, session=session, actor=actor)


def hold(*, actor: Actor, recording: str, reason: str) -> None:
    """Keep a recording whatever else was to become of it, until it is released: also one that
    somebody has just asked to delete, as far as it is still there.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: no reason.
        Conflict: it is held, or nothing of it is left.
    """
    access.require_admin(actor)
    said = _reason(reason)
    with db.transaction() as tx:
        row, session = _locked(tx, actor, recording)
        if row.held_at is not None:
            raise Conflict("This recording is held already.")
        if "erased" in row.seen:  # only the proof is missing
            raise Conflict(GOING)
        row.held_at, row.held_by, row.hold_reason = clock.utc_now(), actor.user_id, said
        if places.has_way_to_go(tx, row) and not leases.is_taken(row):
            leases.give_back(row, look_at=clock.utc_now())
        purging.leave_failed(row)
        tx.flush()
        after = {"reason": said, "being_deleted": row.purge_asked_at is not None}
        changing.note(tx, recording=row, session=session, action="held", after=after, actor=actor)
        news.held(tx, recording=row, session=session, actor=actor)


def release(*, actor: Actor, recording: str, reason: str) -> None:
    """End a hold. What was asked for meanwhile is done now: a recording is deleted whose consent
    was taken back, or one of whose people was erased. Any other stays for as long as people are
    reminded before an end.

    Raises:
        SignInNeeded, NotAllowed, NotFound
        InvalidInput: no reason.
        Conflict: it is not held.
    """
    access.require_admin(actor)
    said = _reason(reason)
    with db.transaction() as tx:
        row, session = _locked(tx, actor, recording)
        if row.held_at is None:
            raise Conflict("This recording is not held.")
        before = {"since": row.held_at.isoformat()}  # the reason stands in the line of the hold
        row.held_at, row.held_by, row.hold_reason = None, None, ""
        tx.flush()
        if row.purge_asked_at is None and (why := _why_delete(tx, session)):
            purging.ask(tx, recording=row, reason=why, actor=SYSTEM)
        elif row.purge_asked_at is not None and row.status not in RUNNING:
            purging.hurry(tx, row)
        else:
            _keep_for_a_while(row)
        tx.flush()
        changing.note(
            tx,
            recording=row,
            session=session,
            action="released",
            before=before,
            after={"reason": said},
            actor=actor,
        )
        news.released(tx, recording=row, session=session, actor=actor)


def _keep_for_a_while(recording: Recording) -> None:
    """The end may be over, or near: who is told of it now can still save the recording."""
    soonest = clock.utc_now() + _ahead()
    if recording.keep_until is not None and recording.keep_until < soonest:
        recording.keep_until = recording.reminded_of = soonest


def _reason(reason: str) -> str:
    return inputs.line(reason, field="reason", what="The reason", least=1, most=LONGEST_REASON)


def _locked(db: Session, actor: Actor, recording: str) -> tuple[Recording, MentoringSession]:
    """A recording that is still there, and its session, under their locks."""
    found, _ = access.recording_for(db, actor, recording)
    row, session = changing.locked(db, found.id)
    if row.status is RecordingStatus.PURGED:
        raise Conflict(DELETED)
    return row, session


def _end_of(day: date, *, later_than: datetime) -> datetime:
    """The midnight after a day of the studio's zone."""
    zone = ZoneInfo(settings().studio_timezone)
    latest = clock.utc_now().astimezone(zone).date() + timedelta(days=LONGEST_DAYS)
    if day > latest:
        raise InvalidInput("until", f"Choose a day until {latest.isoformat()}.")
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    if end <= max(later_than, clock.utc_now()):
        kept = later_than.astimezone(zone).date()
        raise InvalidInput("until", f"It is kept until {kept.isoformat()} already: choose later.")
    return end


def _why_delete(db: Session, session: MentoringSession) -> str:
    """Why it may not stay, were it not held; "" when it may."""
    people = [session.mentee_id, session.mentor_user_id]
    erased = select(User.id).where(col(User.id).in_(people), col(User.status) == UserStatus.ERASED)
    if db.exec(erased.limit(1)).first() is not None:
        return ERASED
    withdrawn = select(Consent.id).where(
        col(Consent.session_id) == session.id, col(Consent.answer) == ConsentAnswer.WITHDRAWN
    )
    return WITHDRAWN if db.exec(withdrawn.limit(1)).first() is not None else ""


def _find_over(db: Session, *, limit: int) -> Sequence[RecordingId]:
    over = (
        select(col(Recording.id))
        .where(
            col(Recording.keep_until) <= clock.utc_now(),
            col(Recording.purged_at).is_(None),
            col(Recording.held_at).is_(None),
            col(Recording.purge_asked_at).is_(None),
        )
        .order_by(col(Recording.keep_until))
        .limit(limit)
    )
    return db.exec(over).all()


def _expire(db: Session, recording_id: RecordingId) -> bool:
    row = locking.lock_recording(db, recording_id)
    over = row.keep_until is not None and row.keep_until <= clock.utc_now()
    if not over or row.purged_at or row.held_at or row.purge_asked_at:
        return False
    return purging.ask(db, recording=row, reason=RETENTION, actor=SYSTEM)


def _find_expiring(db: Session, *, limit: int) -> Sequence[RecordingId]:
    """Those that nobody was reminded of yet, with the end that they have now."""
    reminded_of, end = col(Recording.reminded_of), col(Recording.keep_until)
    soon = (
        select(col(Recording.id))
        .where(
            end <= clock.utc_now() + _ahead(),
            col(Recording.purged_at).is_(None),
            col(Recording.status) == RecordingStatus.READY,
            or_(reminded_of.is_(None), reminded_of != end),
            col(Recording.held_at).is_(None),
            col(Recording.purge_asked_at).is_(None),
        )
        .order_by(end)
        .limit(limit)
    )
    return db.exec(soon).all()


def _remind(db: Session, recording_id: RecordingId) -> bool:
    row = locking.lock_recording(db, recording_id)
    end = row.keep_until
    stays = row.held_at is not None or row.purge_asked_at is not None
    if end is None or stays or row.status is not RecordingStatus.READY or row.reminded_of == end:
        return False
    due_at = end - _ahead()
    if due_at > clock.utc_now():
        return False
    row.reminded_of = end
    db.flush()
    session = db.get_one(MentoringSession, row.session_id)
    reason = _why_not(row, end, due_at)
    if not reason:
        return news.expiring(db, recording=row, session=session)
    moment = Moment(KIND, row.public_id, end.isoformat(), due_at)
    for person in (session.mentee_id, session.mentor_user_id):
        book.suppress(db, moment, user_id=person, reason=reason)
    return True


def _why_not(recording: Recording, end: datetime, due_at: datetime) -> str:
    if end <= clock.utc_now():
        return OVER
    extended = recording.extended_by is not None
    told = recording.ready_at is not None and recording.ready_at > due_at and not extended
    return JUST_TOLD if told else ""


def _ahead() -> timedelta:
    return timedelta(days=settings().recording_reminder_days)
