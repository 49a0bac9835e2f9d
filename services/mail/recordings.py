"""The facts of mails about recordings: each reads the recording again as it leaves.

What was deleted, released or kept for longer meanwhile is left out: a later mail tells what is true
now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from services import clock, urls
from services.mail.shared import Skipped
from services.models import MentoringSession, Recording, RecordingStatus, User
from services.recording_reasons import ERASED, RETENTION, WITHDRAWN
from services.times import day_in_zone, in_zone, span_in_zone

Facts = dict[str, Any]
_GONE = "the recording is deleted, or about to be"
_BECAUSE = {RETENTION: "retention", WITHDRAWN: "withdrawn", ERASED: "erased"}


def _told(db: Session, user: User, data: Facts) -> tuple[Recording, Facts]:
    """The recording that a mail is about, and the facts that all of these mails have."""
    recording = db.get_one(Recording, data["recording_id"])
    session = db.get_one(MentoringSession, data["session_id"])
    mentor = session.mentor_user_id == user.id
    other = db.get_one(User, session.mentee_id if mentor else session.mentor_user_id)
    end = recording.keep_until
    return recording, {
        "number": recording.number,
        "other": other.name,
        "when": span_in_zone(session.starts_at, session.ends_at, user),
        "day": day_in_zone(session.starts_at, user),
        "until": in_zone(end, user) if end else "",
        "link": urls.recording(recording.public_id),
    }


def _kept(db: Session, user: User, data: Facts) -> tuple[Recording, Facts]:
    recording, facts = _told(db, user, data)
    if recording.purged_at is not None or recording.purge_asked_at is not None:
        raise Skipped(_GONE)
    return recording, facts


def _ready(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _kept(db, user, data)
    if recording.status is not RecordingStatus.READY:
        raise Skipped("the recording is not ready any more")
    return facts | {"minutes": max(1, round(recording.seconds / 60))}


def _failed(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _kept(db, user, data)
    if recording.status is not RecordingStatus.FAILED:
        raise Skipped("the recording is being saved after all")
    return facts | {"trouble": recording.trouble}


def _expiring(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _kept(db, user, data)
    end = recording.keep_until
    if end is None or end.isoformat() != data["keep_until"]:
        raise Skipped("the recording is kept until another day now")
    if end <= clock.utc_now():
        raise Skipped("the recording's time is over")
    if recording.held_at is not None:
        raise Skipped("the recording is held")
    return facts


def _extended(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _kept(db, user, data)
    end = recording.keep_until
    if end is None or end.isoformat() != data["keep_until"]:
        raise Skipped("the recording is kept until another day now")
    return facts | {"reason": recording.extend_reason}


def _held(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _told(db, user, data)
    if recording.held_at is None or recording.purged_at is not None:
        raise Skipped("the recording is not held any more")
    wish = recording.purge_asked_at is not None
    return facts | {"reason": recording.hold_reason, "wished": wish}


def _released(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _told(db, user, data)
    if recording.held_at is not None:
        raise Skipped("the recording is held again")
    if recording.purged_at is not None:
        raise Skipped("the recording is deleted already")
    return facts | {"going": recording.purge_asked_at is not None}


def _purged(db: Session, user: User, data: Facts) -> Facts:
    recording, facts = _told(db, user, data)
    because = _BECAUSE.get(recording.purge_reason, "studio")
    return facts | {
        "because": because,
        "oneself": recording.purge_asked_by == user.id,
        "reason": recording.purge_reason if because == "studio" else "",
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "recording_ready": _ready,
    "recording_failed": _failed,
    "recording_expiring": _expiring,
    "recording_extended": _extended,
    "recording_held": _held,
    "recording_released": _released,
    "recording_purged": _purged,
}
