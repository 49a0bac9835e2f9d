"""What both people of a session are told about its recording: in the app, by mail, on Discord.

Each is called inside the transaction of the change, after it: what is told commits with it or not
at all. The mails read the recording again as they leave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlmodel import Session, col, select

from services import clock, telling, times, urls
from services.audit import Actor
from services.config import settings
from services.ids import UserId
from services.models import MentoringSession, Recording, User
from services.recordings.reasons import ERASED, RETENTION, WITHDRAWN
from services.reminders import book
from services.reminders.book import Moment
from services.telling import Line

EXPIRING: Final = "recording_expiring"


@dataclass(frozen=True, slots=True)
class Told:
    """The news of one recording, for one of the two."""

    recording: Recording
    session: MentoringSession
    reader: User
    other: str

    @property
    def named(self) -> str:
        """`recording of your session with Mina Mentor`: which one, where there are several."""
        number = self.recording.number
        which = f"recording {number}" if number > 1 else "recording"
        return f"{which} of your session with {self.other}"

    @property
    def when(self) -> str:
        return times.span_in_zone(self.session.starts_at, self.session.ends_at, self.reader)

    @property
    def until(self) -> str:
        """Until when it is kept."""
        end = self.recording.keep_until
        return times.in_zone(end, self.reader) if end else ""


def ready(db: Session, *, recording: Recording, session: MentoringSession) -> None:
    """It can be watched; once more when it had failed since."""
    occasion = recording.ready_at.isoformat() if recording.ready_at else "1"
    _tell(db, "recording_ready", recording, session, _ready, occasion)


def failed(db: Session, *, recording: Recording, session: MentoringSession) -> None:
    """There is nothing to watch, or not yet."""
    occasion = clock.utc_now().isoformat()
    _tell(db, "recording_failed", recording, session, _failed, occasion)


def expiring(db: Session, *, recording: Recording, session: MentoringSession) -> bool:
    """Remind both people that it is deleted soon; False when that was told, or noted, before. Once
    per end: after an extension it is told anew."""
    end = recording.keep_until
    if end is None:
        return False
    due_at = end - timedelta(days=settings().recording_reminder_days)
    moment = Moment(EXPIRING, recording.public_id, end.isoformat(), due_at)
    data = _data(recording, session)
    people = _people(db, session)
    told = [
        book.remind(
            db,
            moment,
            reader=reader,
            line=_line(_expiring, Told(recording, session, reader, other.name)),
            data=data,
        )
        for reader, other in (people, people[::-1])
    ]
    return any(told)


def extended(db: Session, *, recording: Recording, session: MentoringSession, actor: Actor) -> None:
    """An admin keeps it for longer, or not as long."""
    end = recording.keep_until
    occasion = f"{end.isoformat() if end else ''} {clock.utc_now().isoformat()}"
    _tell(db, "recording_extended", recording, session, _extended, occasion, actor.user_id)


def held(db: Session, *, recording: Recording, session: MentoringSession, actor: Actor) -> None:
    """An admin keeps it, whatever else was to become of it."""
    occasion = recording.held_at.isoformat() if recording.held_at else "1"
    _tell(db, "recording_held", recording, session, _held, occasion, actor.user_id)


def released(db: Session, *, recording: Recording, session: MentoringSession, actor: Actor) -> None:
    """The hold is over."""
    occasion = clock.utc_now().isoformat()
    _tell(db, "recording_released", recording, session, _released, occasion, actor.user_id)


def purged(db: Session, *, recording: Recording, session: MentoringSession) -> None:
    """It is deleted, and that is proved; why, says `purge_reason`."""
    _tell(db, "recording_purged", recording, session, _purged, by=recording.purge_asked_by)


def _tell(
    db: Session,
    kind: str,
    recording: Recording,
    session: MentoringSession,
    words: Callable[[Told], tuple[str, str]],
    occasion: str = "1",
    by: UserId | None = None,
) -> None:
    people = _people(db, session)
    for reader, other in (people, people[::-1]):
        telling.tell(
            db,
            user_id=reader.id,
            kind=kind,
            about=recording.public_id,
            occasion=occasion,
            line=_line(words, Told(recording, session, reader, other.name)),
            data=_data(recording, session),
            by=by,
        )


def _data(recording: Recording, session: MentoringSession) -> dict[str, Any]:
    end = recording.keep_until
    return {
        "recording_id": recording.id,
        "session_id": session.id,
        "keep_until": end.isoformat() if end else "",
    }


def _people(db: Session, session: MentoringSession) -> tuple[User, User]:
    both: Sequence[UserId] = (session.mentee_id, session.mentor_user_id)
    found = {user.id: user for user in db.exec(select(User).where(col(User.id).in_(both))).all()}
    return found[session.mentee_id], found[session.mentor_user_id]


def _line(words: Callable[[Told], tuple[str, str]], told: Told) -> Line:
    title, body = words(told)
    return Line(title, body, urls.recording(told.recording.public_id))


def _ready(told: Told) -> tuple[str, str]:
    return f"The {told.named} is ready", f"{told.when}. It is kept until {told.until}."


def _failed(told: Told) -> tuple[str, str]:
    return f"The {told.named} failed", _joined(told.when, told.recording.trouble)


def _expiring(told: Told) -> tuple[str, str]:
    title = f"The {told.named} is deleted soon"
    return title, f"On {told.until}. Download it before, if you want to keep it."


def _extended(told: Told) -> tuple[str, str]:
    title = f"The {told.named} has a new end"
    return title, _joined(f"It is kept until {told.until}", _quoted(told.recording.extend_reason))


def _held(told: Told) -> tuple[str, str]:
    title = f"The studio holds the {told.named}"
    return title, _joined("It is not deleted meanwhile", _quoted(told.recording.hold_reason))


def _released(told: Told) -> tuple[str, str]:
    title = f"The studio does not hold the {told.named} any more"
    if told.recording.purge_asked_at is not None:
        return title, "It is being deleted."
    return title, f"It is kept until {told.until}."


def _purged(told: Told) -> tuple[str, str]:
    reason = told.recording.purge_reason
    return f"The {told.named} is deleted", _joined(told.when, _why(told, reason))


def _why(told: Told, reason: str) -> str:
    """Why it was deleted, as the reader is concerned."""
    if reason == WITHDRAWN and told.recording.purge_asked_by == told.reader.id:
        return "You took back your consent"
    if reason == WITHDRAWN and told.recording.purge_asked_by is not None:
        return f"{told.other} took back their consent"
    if reason in (RETENTION, WITHDRAWN, ERASED):
        return reason.rstrip(".")
    return _quoted(reason) or "The studio deleted it"


def _quoted(reason: str) -> str:
    return f"“{reason}”" if reason else ""


def _joined(*parts: str) -> str:
    said = [part for part in parts if part]
    return ". ".join(said) + ("" if said[-1:] and said[-1][-1] in ".”" else ".")
