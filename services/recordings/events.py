"""What the video service notifies us of. It may come twice, late, in any order, or never.

It is a reason to look, and tells the id of a recorder whose start was not answered. What is so, a
look tells.
"""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session, col, select

from services import clock, db, rooms
from services.inbox import Outcome, Taken
from services.models import InboxEvent, MentoringSession, Recording, RecordingStatus
from services.models.recording import RUNNING
from services.providers.video import events
from services.providers.video.base import Recorder
from services.providers.video.events import Happened, Notice
from services.recordings import changing, leases, looking, places, purging, stopping, strays

_GATHERED_FROM: Final = RUNNING | {RecordingStatus.TRANSFERRING}
_HEARS: Final = _GATHERED_FROM | {RecordingStatus.READY}
"""That files come later concerns its deletion as well."""
_LONGEST_LIST: Final = 200


def apply_event(taken: Taken) -> Outcome:
    """Note what a notification hints at; IGNORED when it is about no recorder of ours.

    Raises:
        BadEvent: it cannot be read.
    """
    with db.reading() as session:
        payload = session.get_one(InboxEvent, taken.id).payload
    told = events.notice(payload) if payload else None
    if told is None:
        return Outcome.IGNORED
    with db.transaction() as session:
        found = _find(session, told)
        if found is None:
            return Outcome.IGNORED
        row, meeting = changing.locked(session, found.id)
        _apply(session, row, meeting, told)
    return Outcome.HANDLED


def _find(db: Session, told: Notice) -> Recording | None:
    """Whose recorder it is: by its id; by its room and its number there when that is not known.
    After it moved to another server, its number is another one."""
    by_sid = select(Recording).where(Recording.sid == told.sid).order_by(col(Recording.id))
    if found := db.exec(by_sid.limit(1)).first():
        return found
    in_room = (
        select(Recording)
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(
            MentoringSession.public_id == rooms.session_of(told.channel),
            Recording.channel == told.channel,
        )
    )
    newest = db.exec(in_room.order_by(col(Recording.number).desc()).limit(100)).all()
    return next((row for row in newest if told.uid in _reservations(row)), None)


def _reservations(row: Recording) -> dict[int, str]:
    """The numbers in the channel that it has, and that it was tried under, and the reservations."""
    tried = {each.uid: each.resource_id for each in stopping.tried(row)}
    return tried | ({row.uid: row.resource_id} if row.resource_id else {})


def _apply(db: Session, row: Recording, session: MentoringSession, told: Notice) -> None:
    ours = row.sid == told.sid or _introduce(db, row, session, told)
    if told.happened is Happened.BACKED_UP and row.status is not RecordingStatus.PURGED:
        _expect(db, row, session, told)
    if not ours:
        return
    if row.status not in RUNNING and _is_back(row, told):
        stopping.send_away(db, recording=row, recorder=stopping.recorder_of(row))
    going = row.status not in RUNNING and places.is_going(row)
    if row.status is RecordingStatus.PURGED or not (going or row.status in _HEARS):
        return
    row.seen = row.seen | _hints(row, told)
    if going:  # its proof waits for what may still come
        purging.hurry(db, row)
    elif row.status in _GATHERED_FROM and not looking.has_files(db, row):
        looking.hurry(row)


def _expect(db: Session, row: Recording, session: MentoringSession, told: Notice) -> None:
    """Files come later: its own ones, or those of a recorder that it has no id of."""
    if row.sid != told.sid:
        row.seen = {**row.seen, strays.LATER: clock.utc_now().isoformat()}
    if row.sid == told.sid or not (row.sid or row.status in RUNNING):  # else its own id comes yet
        row.seen = {**row.seen, "later": True}
        failed = row.status is RecordingStatus.FAILED and not places.is_going(row)
        if failed and not looking.has_files(db, row):
            _look_once_more(db, row, session)


def _look_once_more(db: Session, row: Recording, session: MentoringSession) -> None:
    """It was given up, and there will be films all the same."""
    row.seen = {name: value for name, value in row.seen.items() if name != "nothing"}
    row.status = RecordingStatus.TRANSFERRING
    leases.look_soon(row)
    db.flush()
    changing.note(
        db,
        recording=row,
        session=session,
        action="expected",
        before={"status": RecordingStatus.FAILED.value},
    )


def _introduce(db: Session, row: Recording, session: MentoringSession, told: Notice) -> bool:
    """A recorder that we know no id of yet; False when it is one too many, or comes when it was
    given up: it is sent away."""
    present = told.uid == row.uid and bool(row.resource_id)
    if present and not row.sid and row.status in RUNNING:
        changing.learn(db, recording=row, session=session, sid=told.sid)
        return True
    reservation = _reservations(row).get(told.uid)
    gone = told.happened in {Happened.LEFT, Happened.ENDED, Happened.UPLOADED}
    if reservation and not gone:
        recorder = Recorder(row.channel, told.uid, reservation, told.sid, row.mode)
        stopping.send_away(db, recording=row, recorder=recorder)
    return False


def _is_back(row: Recording, told: Notice) -> bool:
    """Whether a recorder is in the room that was taken for gone: it moved for too long."""
    comes = told.happened in {Happened.STARTED, Happened.MOVED}
    return comes and bool(told.at and row.stopped_at and told.at > row.stopped_at)


def _hints(row: Recording, told: Notice) -> dict[str, Any]:
    names = {*row.seen.get("told", ()), *(file.name for file in told.files)}
    hints: dict[str, Any] = {"told": sorted(names)[:_LONGEST_LIST]} if told.files else {}
    match told.happened:
        case Happened.STARTED:
            hints["came"] = True
        case Happened.UPLOADED:
            hints["complete"] = True
        case Happened.BACKED_UP:
            hints["later"] = True
        case Happened.ENDED if not told.broken:  # else it may go on at another server
            hints["left"] = (told.at or clock.utc_now()).isoformat()
        case _:
            pass
    return hints
