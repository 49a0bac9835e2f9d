"""Recorders that may be in a room although nobody knows their id, or that were taken for gone.

A start whose answer is lost leaves one whose id only a notification tells, or the names of its
files. One that the video service did not know for too long, or that broke, may have come back.
Until their tickets have ended they are looked for and told to leave, whatever has become of the
recording.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

import structlog
from sqlmodel import col, select

from services import clock, db, outages, rooms
from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.jobs import runs
from services.models import MentoringSession, Recording
from services.models.recording import RUNNING
from services.providers.video import registry
from services.providers.video.base import LONGEST_TICKET, Ending, Recorder, Reservation
from services.recordings import over, stopping
from services.recordings.stopping import SURELY_LEFT_AFTER

LOST: Final = "lost"
"""Noted of a recorder that was taken for gone, because the service did not know it for so long or
said that it broke: it may go on at another server."""
LATER: Final = "strays_later"
"""Noted when the service said that it has files of such a recorder which it could not write yet."""
MOST_ROWS: Final = 1_000
LONGEST_SECONDS: Final = 45.0
"""The next look comes a minute later."""

log = structlog.get_logger()


def until(row: Recording, session: MentoringSession) -> datetime | None:
    """Until when a recorder of a recording that is over may be in the room, and write; None when
    every one of them is known to have left."""
    return rooms.closes_at(session) + SURELY_LEFT_AFTER if _may_be_there(row) else None


def settles_at(row: Recording, session: MentoringSession) -> datetime | None:
    """Until when something that such a recorder wrote may still come; None when there was none."""
    leaves_at, said_at = until(row, session), row.seen.get(LATER)
    ends = [leaves_at + over.COMES_WITHIN] if leaves_at else []
    if said_at:
        ends.append(datetime.fromisoformat(said_at) + over.LATE_WITHIN)
    return max(ends, default=None)


def list_due(*, limit: int = MOST_ROWS) -> Sequence[Recording]:
    """The recordings that may have such a recorder, of rooms that are open or have just closed."""
    now = clock.utc_now()
    closed = now - SURELY_LEFT_AFTER - timedelta(minutes=settings().room_margin_minutes)
    recent = (
        select(Recording)
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(col(Recording.began_at) > now - LONGEST_TICKET, MentoringSession.ends_at > closed)
        .order_by(col(Recording.began_at).desc(), col(Recording.id))
    )
    with db.reading() as session:
        return [row for row in session.exec(recent.limit(limit)).all() if _may_be_there(row)]


def stop_due(*, seconds: float = LONGEST_SECONDS) -> int:
    """Tell each of them to leave; how many were there. After `seconds` none is begun any more, and
    in no order, so that none waits for ever behind others that take so long. Safe at any time:
    whoever has left is not known any more, and a running recorder of ours is not among them.

    Raises:
        DatabaseUnavailable
    """
    ends, due = time.monotonic() + seconds, list(list_due())
    random.shuffle(due)
    return sum(_stop(row, ends) for row in due if time.monotonic() < ends)


def _may_be_there(row: Recording) -> bool:
    return bool(_reservations(row) or row.seen.get(LOST))


def _reservations(row: Recording) -> list[Reservation]:
    """Those that may have been used by a recorder that nobody knows. The present one's is looked
    for by whoever watches the recording, as long as somebody does."""
    tried = stopping.tried(row)
    if row.resource_id and not row.sid and row.status not in RUNNING:
        tried.append(Reservation(row.channel, row.uid, row.resource_id))
    return tried


def _stop(row: Recording, ends: float) -> int:
    stopped = 0
    try:
        for recorder in takewhile(lambda _: time.monotonic() < ends, _suspects(row)):
            if _was_there(recorder):
                log.warning("stray_stopped", recording=row.public_id, sid=recorder.sid)
                stopped += 1
    except (ProviderUnavailable, ProviderRejected) as error:  # its store; the next look may
        log.warning("strays_not_reached", recording=row.public_id, reason=str(error))
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("strays_stuck", recording=row.public_id)
        runs.stumble("stray", error)
    return stopped


def _suspects(row: Recording) -> Iterator[Recorder]:
    """Which id belongs to which reservation nobody knows: each with each. One that was taken for
    gone may not have been the one that we took it for.

    Raises:
        ProviderUnavailable: what they have written cannot be listed.
    """
    lost = bool(row.seen.get(LOST))
    if lost:
        yield stopping.recorder_of(row)
    reservations = _reservations(row)
    for sid in stopping.sids_below(row) if reservations else ():
        if sid != row.sid or lost:
            for each in reservations:
                yield Recorder(row.channel, each.uid, each.resource_id, sid, row.mode)


def _was_there(recorder: Recorder) -> bool:
    try:
        return registry.video().stop(recorder).ending is not Ending.WAS_OVER
    except ProviderRejected:  # the id is another reservation's
        return False
    except ProviderUnavailable as error:  # the others may be reached, and this one a minute later
        log.warning("stray_not_reached", sid=recorder.sid, reason=str(error))
        return False
