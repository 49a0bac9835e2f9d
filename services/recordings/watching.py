"""Asking how recorders are: what the video service answers is the truth, notifications are hints.

A recorder is COMING, RECORDS, or is ABSENT for a while because it moves to another server; after
90 seconds without a word of it, it has left. Each look says when the next one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlmodel import col, func, select

from services import clock, db, outages
from services.errors import ProviderRejected, ProviderUnavailable
from services.ids import RecordingId
from services.jobs import pauses, runs
from services.models import Recording, RecordingStatus
from services.models.recording import RUNNING
from services.providers.video import registry
from services.providers.video.base import LOOKS_AFTER_SECONDS, Phase, Seen
from services.recordings import (
    changing,
    gathering,
    looking,
    over,
    running,
    starting,
    stopping,
    strays,
)
from services.recordings.looking import Outcome, Turn

RECORDS_SECONDS: Final = 30
LEAVES_SECONDS: Final = 5
LEAVES_WITHIN: Final = timedelta(minutes=1)
"""After a stop that was taken. Then it is told again."""
MOVES_WITHIN: Final = timedelta(seconds=90)
ABSENT_SECONDS: Final = (5, 10, 15)
PAUSED_SECONDS: Final = 30
MOST_AT_ONCE: Final = 50
MOST_ROUNDS: Final = 20
AWAY: Final = "The video service does not answer, so nobody knows how the recorder is."

log = structlog.get_logger()


def watch_due() -> int:
    """Look at every recording that is due, one after the other; how many looks. One that fails
    keeps none of the others waiting.

    Raises:
        DatabaseUnavailable: all others would only say the same.
    """
    looks = 0
    for _ in range(MOST_ROUNDS):
        due = list_due(limit=MOST_AT_ONCE)
        looks += sum(look(each) for each in due)
        if not due:
            break
    return looks


def list_due(*, limit: int) -> Sequence[RecordingId]:
    """The recordings to look at now, the longest waiting first."""
    due = select(col(Recording.id)).where(looking.is_due(clock.utc_now()))
    with db.reading() as session:
        ordered = due.order_by(col(Recording.look_at), col(Recording.id)).limit(limit)
        return session.exec(ordered).all()


def next_look() -> datetime | None:
    """When the next recording is due; None when none is watched."""
    with db.reading() as session:
        earliest = select(func.min(col(Recording.look_at))).where(looking.watched())
        return session.exec(earliest).one()


def look(recording: RecordingId) -> bool:
    """Look at one; False when somebody else is at it. Whatever goes wrong is logged, and tried
    again when this turn is over."""
    turn = looking.take(recording)
    if turn is None:
        return False
    try:
        _look(turn)
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("recorder_stuck", recording=turn.row.public_id)
        runs.stumble("recorder", error)
    return True


def _look(turn: Turn) -> object:
    row = turn.row
    match row.status:
        case RecordingStatus.TRANSFERRING:
            return gathering.gather(turn)
        case RecordingStatus.STARTING if not row.sid and row.started_at is None:
            return _paused(turn) if _is_paused() else starting.attempt(turn)
        case RecordingStatus.STARTING if not row.sid:
            return stopping.attempt(turn)
        case RecordingStatus.STOPPING if not {"stopped", "asked"} & row.seen.keys():
            return stopping.attempt(turn)
        case _:
            return _ask(turn)


def _is_paused() -> bool:
    with db.reading() as session:
        return starting.KIND in pauses.paused_kinds(session)


def _paused(turn: Turn) -> None:
    with looking.writing(turn) as outcome:
        running.reconsider(outcome.db, session=outcome.session)
        if outcome.row.status is RecordingStatus.STARTING and not outcome.row.trouble:
            outcome.row.trouble = starting.PAUSED
            changing.tell_pages(outcome.db, outcome.session)
        outcome.look_again(after=PAUSED_SECONDS)


def _ask(turn: Turn) -> object:
    try:
        seen = registry.video().query(stopping.recorder_of(turn.row))
    except (ProviderUnavailable, ProviderRejected) as error:
        return stopping.put_off(turn, error, words=AWAY)
    with looking.writing(turn) as outcome:
        apply_seen(outcome, seen)
    return seen.phase.value


def apply_seen(outcome: Outcome, seen: Seen) -> None:
    """What the service says of a recorder, applied to the recording as it is now."""
    row = outcome.row
    if row.status not in RUNNING:
        return
    if row.trouble:
        changing.tell_pages(outcome.db, outcome.session)
    row.tries, row.trouble = 0, ""
    told = {file.name for file in seen.files} - set(row.seen.get("told", ()))
    if told:
        row.seen = {**row.seen, "told": sorted({*row.seen.get("told", ()), *told})}
    if seen.phase is not Phase.ABSENT:
        row.absent_since = None
    match seen.phase:
        case Phase.COMING:
            _comes(outcome)
        case Phase.RECORDING:
            _records(outcome, seen)
        case Phase.ENDING:
            _ends(outcome)
        case Phase.OVER:
            row.seen = {**row.seen, "over": True}
            over.leave(outcome, at=_left_at(row), reason=over.BY_ITSELF)
        case Phase.BROKEN:
            row.seen = {**row.seen, strays.LOST: True}
            over.leave(outcome, at=_left_at(row), reason=over.BROKE)
        case Phase.ABSENT:
            _is_absent(outcome)


def _comes(outcome: Outcome) -> None:
    row = outcome.row
    match row.status:
        case RecordingStatus.STARTING:
            wait = _next_after_start(row)
            if wait is None:
                running.stop(outcome.db, recording=row, reason=over.NEVER_CAME)
            else:
                outcome.look_again(after=wait)
        case RecordingStatus.RECORDING:
            outcome.look_again(after=ABSENT_SECONDS[1])
        case _:
            _still_there(outcome)


def _next_after_start(row: Recording) -> float | None:
    """Seconds until the next look; None when it should be there by now."""
    age = (clock.utc_now() - (row.started_at or row.began_at)).total_seconds()
    reached = 0
    for step in LOOKS_AFTER_SECONDS:
        reached += step
        if reached > age:
            return reached - age
    return None


def _records(outcome: Outcome, seen: Seen) -> None:
    row = outcome.row
    row.seen = {name: value for name, value in row.seen.items() if name != "left"}
    if row.recording_at is None:
        now = clock.utc_now()
        row.recording_at = max(row.began_at, min(seen.began_at or now, now))
    if row.status is RecordingStatus.STOPPING:
        _still_there(outcome)
        return
    if row.status is RecordingStatus.STARTING:
        row.status = RecordingStatus.RECORDING
        changing.note(
            outcome.db,
            recording=row,
            session=outcome.session,
            action="recording",
            before={"status": RecordingStatus.STARTING.value},
        )
    outcome.look_again(after=RECORDS_SECONDS)


def _ends(outcome: Outcome) -> None:
    """It leaves: as it was told, or by itself."""
    row, now = outcome.row, clock.utc_now()
    if row.status is not RecordingStatus.STOPPING:
        before, row.status = row.status, RecordingStatus.STOPPING
        row.stop_reason, row.seen = over.BY_ITSELF, {**row.seen, "stopped": now.isoformat()}
        changing.note(
            outcome.db,
            recording=row,
            session=outcome.session,
            action="stopping",
            before={"status": before.value},
            after={"reason": row.stop_reason},
        )
    row.seen = {**row.seen, "left": row.seen.get("left") or now.isoformat()}
    outcome.look_again(after=LEAVES_SECONDS)


def _still_there(outcome: Outcome) -> None:
    """It was told to leave and has not: after a while, or when it only was away for a moment when
    it was told, it is told again."""
    row = outcome.row
    told = row.seen.get("stopped")
    if told and clock.utc_now() - datetime.fromisoformat(told) < LEAVES_WITHIN:
        outcome.look_again(after=LEAVES_SECONDS)
        return
    row.seen = {name: value for name, value in row.seen.items() if name not in {"stopped", "asked"}}
    outcome.look_again(after=0 if told else ABSENT_SECONDS[0])


def _left_at(row: Recording) -> datetime | None:
    """When it was seen, or said, to leave, or was told to; None when nobody knows of that."""
    known = row.seen.get("left") or row.seen.get("stopped")
    return datetime.fromisoformat(known) if known else None


def _is_absent(outcome: Outcome) -> None:
    """Gone, or on its way to another server. Who left when told does not come back."""
    row, now = outcome.row, clock.utc_now()
    row.absent_since = row.absent_since or now
    if left_at := _left_at(row):
        over.leave(outcome, at=left_at, reason=over.BY_ITSELF)
        return
    absent = now - row.absent_since
    if absent >= MOVES_WITHIN:
        never = row.status is RecordingStatus.STARTING
        row.seen = {**row.seen, strays.LOST: True}
        over.leave(
            outcome,
            at=row.absent_since,
            reason=over.NEVER_CAME if never else over.BY_ITSELF,
        )
        return
    steps = (step for step in ABSENT_SECONDS if absent.total_seconds() < 2 * step)
    outcome.look_again(after=next(steps, ABSENT_SECONDS[-1]))
