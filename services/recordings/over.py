"""A recorder has left: what it recorded is measured, its files are to be found, and whether another
one is wanted is considered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services import clock, costs, outbox
from services.models import Recording, RecordingStatus
from services.models.recording import RUNNING
from services.recordings import changing, leases, looking, places, running
from services.recordings.looking import Outcome

WRITES_FOR: Final = timedelta(minutes=2)
"""What a recorder still writes after it has left, it has written by then, as soon as the service
has said that everything is there."""
COMES_WITHIN: Final = timedelta(minutes=30)
"""Where nobody has said so: a film is made at the end, after a move one for each server."""
LATE_WITHIN: Final = timedelta(hours=24)
"""Where the service said that it has files which it could not write yet."""
BY_ITSELF: Final = "The recorder left by itself."
BROKE: Final = "The recorder broke at the video service."
NEVER_CAME: Final = "The recorder never came into the room."
NOTHING_SENT: Final = "Nobody sent sound or a picture, so nothing was recorded."


def leave(outcome: Outcome, *, at: datetime | None, nothing: str = "", reason: str = "") -> None:
    """It is out of the room since `at`. `nothing` says why it has recorded nothing, where that is
    known: then no file needs to be waited for."""
    row, now = outcome.row, clock.utc_now()
    if row.status not in RUNNING:
        return
    before = row.status
    earliest = row.recording_at or row.started_at or row.began_at
    row.stopped_at = max(earliest, min(at or now, now))
    row.stop_reason = row.stop_reason or reason
    row.status, row.keep_until = RecordingStatus.TRANSFERRING, changing.kept_until(outcome.session)
    row.tries, row.trouble, row.absent_since = 0, "", None
    if nothing:
        row.seen = {**row.seen, "nothing": nothing}
    looking.hurry(row)
    if places.is_going(row):
        outbox.wake_soon(outcome.db, leases.WAKES)
    outcome.db.flush()
    changing.note(
        outcome.db,
        recording=row,
        session=outcome.session,
        action="stopped",
        before={"status": before.value},
        after={"reason": row.stop_reason},
    )
    if places.is_going(row):
        measure(outcome)  # whoever deletes its files measures nothing
    if row.recording_at is not None and not nothing:  # else it counts as failed, a moment later
        running.reconsider(outcome.db, session=outcome.session)


def settles_at(row: Recording) -> datetime | None:
    """Until when something may still come into the bucket of a recorder that has left; None when no
    recorder ever wrote there."""
    asked = row.resource_id or row.sid or row.seen.get("tried")
    if row.stopped_at is None or not asked:
        return None
    if row.seen.get("complete"):
        return row.stopped_at + WRITES_FOR
    if row.seen.get("later"):
        return row.stopped_at + LATE_WITHIN
    nothing = row.seen.get("nothing") == NOTHING_SENT
    return row.stopped_at + (WRITES_FOR if nothing else COMES_WITHIN)


def measure(outcome: Outcome) -> None:
    """Write down for how long it recorded, once that is known."""
    row = outcome.row
    if row.recording_at is None or row.stopped_at is None or row.seconds:
        return
    row.seconds = max(0, round((row.stopped_at - row.recording_at).total_seconds()))
    use = costs.Recorded(row.public_id, row.seconds, row.stopped_at)
    costs.note(outcome.db, session=outcome.session, use=use)
