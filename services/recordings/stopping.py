"""Having a recorder leave the room. That it was told so is not the end: it is over once the service
says so, or has not known it for a while (`watching`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlmodel import Session

from services import clock, db, outbox, rooms
from services.errors import ProviderRejected, ProviderUnavailable
from services.jobs import alerts
from services.models import MentoringSession, Recording, RecordingStatus
from services.providers.storage import registry as stores
from services.providers.video import base as video
from services.providers.video import registry
from services.providers.video.base import (
    Ending,
    Phase,
    Recorder,
    Reservation,
    Stopped,
    Upload,
)
from services.recordings import changing, listing, looking, over, running
from services.recordings.looking import Turn

KIND: Final = "recording_stop"
LOOKS_AFTER_SECONDS: Final = 5
LOST_FOR: Final = timedelta(minutes=3)
"""A recorder whose id never became known, and that wrote nothing for so long, is not there: one
that records writes every few seconds."""
COMES_WITHIN: Final = timedelta(seconds=sum(video.LOOKS_AFTER_SECONDS))
"""After a start. One that is not there by then is given up."""
SURELY_LEFT_AFTER: Final = timedelta(minutes=10)
"""The end of the room, where its ticket ended."""
STOPPED_SECONDS: Final = 60
TOLD_AT_MOST: Final = 5
"""So often is one told to leave whom the service does not know: over two minutes, in which who only
moves to another server is there again."""
AWAY: Final = "The video service does not answer, so the recorder is still to be stopped."
UNKNOWN: Final = "The recorder's store does not answer, so nobody knows whether it came."

log = structlog.get_logger()


def ask_to_stop(*, recording: str) -> str:
    """Tell a recorder to leave that is to; what came of it, in words. Twice is once.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such recording.
    """
    with db.reading() as session:
        row_id = changing.id_of(session, recording)
    turn = looking.take(row_id, among={RecordingStatus.STOPPING})
    if turn is None:
        return "nothing to do: it has left, or somebody is at it"
    return attempt(turn)


def attempt(turn: Turn) -> str:
    """One try; a failure is written down with the next one's time."""
    row = turn.row
    try:
        if not row.resource_id and not row.sid:
            return _never_started(turn)
        if not row.sid:
            return find(turn)
    except (ProviderUnavailable, ProviderRejected) as error:
        return put_off(turn, error, words=UNKNOWN)
    try:
        return _asked(turn, registry.video().stop(recorder_of(row)))
    except (ProviderUnavailable, ProviderRejected) as error:
        return put_off(turn, error, words=AWAY)


def recorder_of(row: Recording) -> Recorder:
    """A recording's recorder, as the video service knows it."""
    return Recorder(row.channel, row.uid, row.resource_id, row.sid, row.mode)


def send_away(db: Session, *, recording: Recording, recorder: Recorder) -> bool:
    """Have a recorder stopped that is in the room beside, or after, the one that is known; True
    when that is new."""
    data = {
        "recording": recording.public_id,
        "sid": recorder.sid,
        "uid": recorder.uid,
        "resource": recorder.resource_id,
    }
    key = f"recording_stop:{recording.public_id}:{recorder.sid}"
    return outbox.add(db, kind=KIND, key=key, data=data)


def stop_other(*, recording: str, sid: str, uid: int, resource: str, attempt: int) -> str:
    """Stop a recorder that was sent away, at the n-th `attempt` (from 1); what came of it.

    Raises:
        ProviderUnavailable: also while the service does not know it, which it may again.
        ProviderRejected
        sqlalchemy.exc.NoResultFound: there is no such recording.
    """
    with db.reading() as session:
        row = session.get_one(Recording, changing.id_of(session, recording))
        closed_at = rooms.closes_at(session.get_one(MentoringSession, row.session_id))
    if _has_passed(closed_at, SURELY_LEFT_AFTER):
        return "it must have left"
    stopped = registry.video().stop(Recorder(row.channel, uid, resource, sid, row.mode))
    if stopped.ending is Ending.WAS_OVER and attempt < TOLD_AT_MOST:
        raise ProviderUnavailable("agora", "the recorder is not known: gone, or about to move")
    return stopped.ending.value


def find(turn: Turn) -> str:
    """Come to know the id of a recorder that may have been started: its files carry it. One that
    leaves no trace is not there."""
    found = trace_of(turn.row)
    with looking.writing(turn) as outcome:
        row = outcome.row
        if found:
            changing.learn(outcome.db, recording=row, session=outcome.session, sid=found)
            outcome.look_again(after=0)
            return f"found as {found}"
        if row.status is RecordingStatus.STOPPING and _has_passed(row.stop_asked_at, LOST_FOR):
            over.leave(outcome, at=row.stop_asked_at, nothing=over.NEVER_CAME)
            return "no trace of it: it is not there"
        if row.status is RecordingStatus.STARTING and _has_passed(row.started_at, COMES_WITHIN):
            running.stop(outcome.db, recording=row, reason=over.NEVER_CAME)
            return "no trace of it: it is given up"
        outcome.look_again(after=LOOKS_AFTER_SECONDS)
    return "its id is not known yet"


def trace_of(row: Recording) -> str:
    """The id of the recorder of the present reservation, if it has written something; else "".
    Where others were tried, what lies there may be theirs: then the service is asked.

    Raises:
        ProviderUnavailable
    """
    sure = not tried(row)
    return next((sid for sid in sids_below(row) if sure or _is_its_own(row, sid)), "")


def sids_below(row: Recording) -> list[str]:
    """The ids of all recorders that have written something for this recording.

    Raises:
        ProviderUnavailable
    """
    return listing.sids_of(listing.below(stores.store(row.source), row.prefix), row.channel)


def tried(row: Recording) -> list[Reservation]:
    """The reservations that were given up before the present one: each may have been used."""
    given_up: list[dict[str, Any]] = row.seen.get("tried", [])
    return [Reservation(row.channel, each["uid"], each["resource_id"]) for each in given_up]


def _is_its_own(row: Recording, sid: str) -> bool:
    try:
        seen = registry.video().query(replace(recorder_of(row), sid=sid))
    except ProviderRejected:
        return False
    return seen.phase is not Phase.ABSENT


def _has_passed(since: datetime | None, least: timedelta) -> bool:
    return since is not None and clock.utc_now() - since >= least


def _never_started(turn: Turn) -> str:
    with looking.writing(turn) as outcome:
        row = outcome.row
        if row.status is RecordingStatus.STOPPING and not row.resource_id and not row.sid:
            changing.fail(
                outcome.db,
                recording=row,
                session=outcome.session,
                words=f"It was not started any more. {row.stop_reason}",
            )
    return "it was never started"


def _asked(turn: Turn, stopped: Stopped) -> str:
    with looking.writing(turn) as outcome:
        row = outcome.row
        if row.status is not RecordingStatus.STOPPING:
            return "it has left meanwhile"
        row.tries, row.trouble = 0, ""
        told = {file.name for file in stopped.files}
        seen = {**row.seen, "told": sorted({*row.seen.get("told", []), *told})}
        if stopped.upload is Upload.LATER:
            seen["later"] = True
        match stopped.ending:
            case Ending.STOPPED:
                seen["stopped"] = clock.utc_now().isoformat()
                row.seen = seen
                outcome.look_again(after=LOOKS_AFTER_SECONDS)
            case Ending.WAS_OVER:  # or is just being moved to another server
                seen["asked"] = True
                row.seen = seen
                outcome.look_again(after=0)
            case Ending.NOTHING_SENT:
                row.seen = seen
                came = row.stop_reason != over.NEVER_CAME
                words = over.NOTHING_SENT if came else over.NEVER_CAME
                over.leave(outcome, at=clock.utc_now(), nothing=words)
    return stopped.ending.value


def put_off(turn: Turn, error: ProviderUnavailable | ProviderRejected, *, words: str) -> str:
    """Nothing is known: the same again, after a while. Long after its ticket has ended, the
    recorder is not there, whether or not anybody says so."""
    with looking.writing(turn) as outcome:
        row, closed_at = outcome.row, rooms.closes_at(outcome.session)
        if _has_passed(closed_at, SURELY_LEFT_AFTER):
            over.leave(outcome, at=closed_at, reason=running.OVER)
            return f"it must have left: {error}"
        row.tries += 1
        row.trouble = words
        wait: float = min(STOPPED_SECONDS, 3 * row.tries)
        if isinstance(error, ProviderUnavailable):
            wait = error.retry_after or (STOPPED_SECONDS if error.stop else wait)
            if error.stop:
                lane = outbox.lane_of(KIND)
                alerts.vendor_stopped(outcome.db, lane=lane, kind=KIND, reason=str(error))
        outcome.look_again(after=wait)
        changing.tell_pages(outcome.db, outcome.session)
    log.warning("recorder_not_reached", recording=turn.row.public_id, reason=str(error))
    return f"put off for {wait:g} s: {error}"
