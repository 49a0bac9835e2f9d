"""Sending a recorder into the room: reserve it, start it, and come to know its id.

A start whose answer is lost, or whose worker is killed, is repeated for the same reservation, which
can be used once: that makes no second recorder. Where the service must be asked for another
reservation, it is under another number in the channel, and the earlier one is remembered
(`seen["tried"]`): should it turn up after all, it is sent away (`events`, `strays`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import structlog

from services import clock, db, outbox, rooms
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.jobs import alerts
from services.models import Recording, RecordingStatus
from services.models.recording import RUNNING
from services.providers.video import registry
from services.providers.video.base import (
    LOOKS_AFTER_SECONDS,
    Recorder,
    Refusal,
    Reservation,
)
from services.recordings import changing, looking, running, stopping
from services.recordings.looking import Turn

KIND: Final = "recording_start"
RETRIED_AFTER_SECONDS: Final = (3, 6, 9)
"""After so many failures another number in the channel is taken."""
SLOWLY_SECONDS: Final = 30
SLOWLY_AFTER: Final = 9
STOPPED_SECONDS: Final = 60
SHORTEST: Final = timedelta(minutes=1)
"""For so long a recorder's ticket is good at least."""
AWAY: Final = "The video service does not answer. We keep trying."
REFUSED: Final = "The video service did not take this recording. An administrator has to look."
PAUSED: Final = "The start of recordings is paused. An administrator can let it go on."
NOT_SET_UP: Final = (
    "The studio's settings do not let the recorder start. An administrator has to look."
)

log = structlog.get_logger()


def start(*, recording: str) -> str:
    """Start a recorder that waits for it; what came of it, in words. Twice is once.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such recording.
    """
    with db.reading() as session:
        row_id = changing.id_of(session, recording)
    turn = looking.take(row_id, among={RecordingStatus.STARTING})
    if turn is None:
        return "nothing to do: it is started, ended, or somebody is at it"
    if turn.row.sid or turn.row.started_at:  # the message came twice: it is only to be watched
        with looking.writing(turn) as outcome:
            outcome.look_again(after=0)
        return "nothing to do: it is started"
    return attempt(turn)


def give_up(*, recording: str) -> None:
    """No start comes through, and the mistake is ours: then there is no recording.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such recording.
    """
    with db.transaction() as session:
        row, meeting = changing.locked(session, changing.id_of(session, recording))
        if row.status is not RecordingStatus.STARTING or row.sid:
            return
        if row.resource_id:  # it may have been started all the same
            running.stop(session, recording=row, reason=REFUSED)
        else:
            changing.fail(session, recording=row, session=meeting, words=REFUSED)


def attempt(turn: Turn) -> str:
    """One try; a failure is written down with the next one's time."""
    if rooms.closes_at(turn.session) <= clock.utc_now():
        with looking.writing(turn) as outcome:
            running.reconsider(outcome.db, session=outcome.session)
        return "too late: the session is over"
    try:
        reserved = _reserved(turn)
        if reserved is None:
            return "not wanted any more"
        return _started(turn, _send(turn, reserved))
    except ProviderUnavailable as error:
        return _put_off(turn, error)
    except ProviderRejected as error:
        return _refused(turn, error)
    except ValueError as error:  # no such bucket, prefix or number in the channel
        log.error("recorder_not_set_up", recording=turn.row.public_id, reason=str(error))
        return _fail(turn, NOT_SET_UP)


def _reserved(turn: Turn) -> Reservation | None:
    """The reservation, written down before it is used; None when the recorder is not wanted any
    more, or somebody else has reserved one meanwhile."""
    row = turn.row
    if row.resource_id:
        return Reservation(row.channel, row.uid, row.resource_id)
    reserved = registry.video().acquire(row.channel, row.uid)
    with looking.writing(turn) as outcome:
        now = outcome.row
        fits = now.status is RecordingStatus.STARTING and now.uid == row.uid
        if not fits or now.resource_id:
            return None
        now.resource_id = reserved.resource_id
    return reserved


def _send(turn: Turn, reserved: Reservation) -> Recorder:
    row, now = turn.row, clock.utc_now()
    store = settings().stores.get(row.source)
    if store is None:
        raise ValueError(f"the store {row.source!r} is not set up any more")
    return registry.video().start(
        reserved,
        bucket=registry.bucket_of(store),
        prefix=(row.prefix,),
        now=now,
        until=max(rooms.closes_at(turn.session), now + SHORTEST),
    )


def _started(turn: Turn, recorder: Recorder) -> str:
    with looking.writing(turn) as outcome:
        row = outcome.row
        others = row.sid not in {"", recorder.sid} or row.resource_id != recorder.resource_id
        if others or row.status not in RUNNING:  # another turn's, or given up meanwhile
            stopping.send_away(outcome.db, recording=row, recorder=recorder)
            return "it is not wanted any more: it is sent away"
        changing.learn(outcome.db, recording=row, session=outcome.session, sid=recorder.sid)
        if row.status is RecordingStatus.STARTING:
            outcome.look_again(after=LOOKS_AFTER_SECONDS[0])
        elif row.status is RecordingStatus.STOPPING:  # it was wanted no more while we asked
            looking.hurry(row)
            outbox.wake_soon(outcome.db, stopping.KIND)
    return f"started as {recorder.sid}"


def _put_off(turn: Turn, error: ProviderUnavailable) -> str:
    """Nothing is known: the same again, after a while under another number."""
    with looking.writing(turn) as outcome:
        row = outcome.row
        wait = error.retry_after or (STOPPED_SECONDS if error.stop else _wait_after(row.tries))
        if row.status is not RecordingStatus.STARTING:
            return "not wanted any more"
        row.trouble = AWAY
        if not error.puts_off:
            row.tries += 1
            if row.tries % len(RETRIED_AFTER_SECONDS) == 0 and row.resource_id:
                _take_another_uid(row)
        if error.stop:
            lane = outbox.lane_of(KIND)
            alerts.vendor_stopped(outcome.db, lane=lane, kind=KIND, reason=str(error))
        outcome.look_again(after=wait)
        changing.tell_pages(outcome.db, outcome.session)
    return f"put off for {wait:g} s: {error}"


def _wait_after(failures: int) -> float:
    if failures >= SLOWLY_AFTER:
        return SLOWLY_SECONDS
    return RETRIED_AFTER_SECONDS[failures % len(RETRIED_AFTER_SECONDS)]


def _refused(turn: Turn, error: ProviderRejected) -> str:
    match error.code:
        case Refusal.ALREADY_STARTED:
            return _lost_track(turn)
        case Refusal.RESERVATION_OVER:
            return _look_first(turn, error)
        case Refusal.UID_TAKEN:
            return _begin_anew(turn, str(error))
        case _:
            log.error("recorder_refused", recording=turn.row.public_id, reason=str(error))
            return _fail(turn, REFUSED)


def _lost_track(turn: Turn) -> str:
    """An earlier start has worked, and its answer was lost: the id comes with a notification, or
    with the first files."""
    with looking.writing(turn) as outcome:
        outcome.row.started_at = outcome.row.started_at or clock.utc_now()
        outcome.look_again(after=LOOKS_AFTER_SECONDS[0])
    return "it was started before: its id is still to be found"


def _look_first(turn: Turn, error: ProviderRejected) -> str:
    """Too old a reservation may have been used, by a worker who was killed before it was told so:
    then there are files by now."""
    try:
        found = stopping.trace_of(turn.row)
    except ProviderUnavailable as away:
        return _put_off(turn, away)
    return _lost_track(turn) if found else _begin_anew(turn, str(error))


def _begin_anew(turn: Turn, why: str) -> str:
    with looking.writing(turn) as outcome:
        row = outcome.row
        unused = row.resource_id == turn.row.resource_id and not row.sid  # unless it is known now
        if row.status is RecordingStatus.STARTING and unused:
            _take_another_uid(row)
        often = len(row.seen.get("tried", [])) >= running.UIDS_OF_ONE
        outcome.look_again(after=SLOWLY_SECONDS if often else 0)
    return f"reserved anew: {why}"


def _take_another_uid(row: Recording) -> None:
    tried: list[dict[str, Any]] = [
        *row.seen.get("tried", []),
        {"uid": row.uid, "resource_id": row.resource_id},
    ]
    row.seen = {**row.seen, "tried": tried}
    row.uid, row.resource_id = running.uid_for(row.number, len(tried)), ""


def _fail(turn: Turn, words: str) -> str:
    with looking.writing(turn) as outcome:
        row = outcome.row
        if row.status in {RecordingStatus.STARTING, RecordingStatus.STOPPING} and not row.sid:
            changing.fail(outcome.db, recording=row, session=outcome.session, words=words)
    return words
