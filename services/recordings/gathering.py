"""Finding what a recorder has left: its bucket is listed until nothing changes there any more and
something can be played, or until nobody can expect that any longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services import clock, outbox
from services.config import settings
from services.db import insert_or_ignore
from services.errors import ProviderRejected, ProviderUnavailable
from services.models import Recording, RecordingFile, RecordingStatus
from services.models.recording import FileKind
from services.providers.storage import registry as stores
from services.providers.storage.base import Storage
from services.recordings import changing, leases, listing, looking, over, places
from services.recordings.listing import Found
from services.recordings.looking import Outcome, Turn

STANDS_STILL: Final = timedelta(seconds=10)
"""For so long nothing may change in the bucket, once there is a film."""
SLICES_STAND_STILL: Final = timedelta(minutes=1)
"""Without a film: it is made from the slices, a little later."""
LOOKS: Final = ((timedelta(minutes=2), 10.0), (timedelta(minutes=10), 30.0))
LATER_LOOKS_SECONDS: Final = 60.0
LATE_LOOKS_SECONDS: Final = 300.0
AWAY_SECONDS: Final = 60.0
NO_FILE: Final = "The video service left no file of this recording."
NOTHING_WHOLE: Final = "Only pieces of this recording arrived, and nothing that can be played."
AWAY: Final = "The recorder's store does not answer. We keep asking."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do: take the files, fail with `words`, or look again `after` so many seconds."""

    take: bool = False
    words: str = ""
    after: float = 0.0


def gather(turn: Turn) -> str:
    """List the bucket, and go on as it stands."""
    row = turn.row
    try:
        store = stores.store(row.source)
        files = listing.below(store, row.prefix)
        playable = _is_playable(store, files)
    except (ProviderUnavailable, ProviderRejected) as error:
        return _put_off(turn, error)
    with looking.writing(turn) as outcome:
        if not _is_ours(outcome):
            return "somebody else goes on with it"
        since = _still_since(outcome.row, files)
        verdict = judge(outcome.row, files, playable=playable, still_since=since)
        if verdict.take:
            _take(outcome, files)
            return f"{len(files)} files"
        if verdict.words:
            _fail(outcome, verdict.words)
            return verdict.words
        outcome.look_again(after=verdict.after)
    return f"{len(files)} files by now"


def judge(
    row: Recording, files: Sequence[Found], *, playable: bool, still_since: datetime
) -> Verdict:
    """What a listing means, at this moment."""
    now = clock.utc_now()
    still = now - still_since
    waited = now - (row.stopped_at or row.began_at)
    if not files and (words := _surely_nothing(row, waited)):
        return Verdict(words=words)
    late = bool(row.seen.get("later")) and not row.seen.get("complete")
    if playable and _all_there(row, files) and still >= _must_stand_still(row, files, late=late):
        return Verdict(take=True)
    if waited >= (over.LATE_WITHIN if late else over.COMES_WITHIN):
        words = NOTHING_WHOLE if files else NO_FILE
        return Verdict(take=True) if playable else Verdict(words=words)
    later = LATE_LOOKS_SECONDS if late else LATER_LOOKS_SECONDS
    return Verdict(after=next((step for until, step in LOOKS if waited < until), later))


def _all_there(row: Recording, files: Sequence[Found]) -> bool:
    """Whether everything is there that the service has named."""
    told = set(row.seen.get("told", ()))
    return told <= {file.key for file in files} | {file.name for file in files}


def _must_stand_still(row: Recording, files: Sequence[Found], *, late: bool) -> timedelta:
    """For how long a listing must not have changed. Slices alone may still become a film."""
    film = any(file.kind is FileKind.VIDEO for file in files)
    if late or not (film or row.seen.get("complete") or row.seen.get("over")):
        return over.COMES_WITHIN
    return STANDS_STILL if film else SLICES_STAND_STILL


def _surely_nothing(row: Recording, waited: timedelta) -> str:
    if words := row.seen.get("nothing"):
        return str(words)
    hinted = row.recording_at is not None or row.seen.get("came") or row.seen.get("later")
    if hinted or waited < SLICES_STAND_STILL:
        return ""
    if row.stop_reason in {"", over.NEVER_CAME}:
        return over.NEVER_CAME
    return f"Nothing was recorded. {row.stop_reason}"


def _is_playable(store: Storage, files: Sequence[Found]) -> bool:
    """A film, or slices with a whole playlist. Whether a film is sound is found out later."""
    if any(file.kind is FileKind.VIDEO for file in files):
        return True
    playlists = (file for file in files if file.kind is FileKind.PLAYLIST)
    return any(listing.is_whole(store, files, playlist) for playlist in playlists)


def _is_ours(outcome: Outcome) -> bool:
    """Not handed on meanwhile, to whoever moves or deletes its files."""
    row = outcome.row
    handed_on = places.is_going(row) or looking.has_files(outcome.db, row)
    return row.status is RecordingStatus.TRANSFERRING and not handed_on


def _still_since(row: Recording, files: Sequence[Found]) -> datetime:
    """Since when the listing looks as it does now."""
    now, present = clock.utc_now(), listing.fingerprint(files)
    if row.seen.get("listing") != present:
        row.seen = {**row.seen, "listing": present, "since": now.isoformat()}
    return datetime.fromisoformat(row.seen["since"])


def _take(outcome: Outcome, files: Sequence[Found]) -> None:
    """The files get rows, and are on their way."""
    db, row, session = outcome.db, outcome.row, outcome.session
    for number, file in enumerate(files, 1):
        insert_or_ignore(
            db,
            RecordingFile(
                recording_id=row.id,
                name=file.name,
                kind=file.kind,
                source=row.source,
                source_key=file.key,
                store=settings().storage_default,
                key=places.key_for(row.public_id, number, file.name),
                bytes=file.size,
            ),
        )
    _measure(outcome, files)
    row.tries, row.trouble = 0, ""
    looking.hurry(row)
    outbox.wake_soon(db, leases.WAKES)
    db.flush()
    changing.note(
        db,
        recording=row,
        session=session,
        action="gathered",
        after={"files": len(files), "bytes": sum(file.size for file in files)},
    )


def _measure(outcome: Outcome, files: Sequence[Found]) -> None:
    """How long the recorder recorded. Who was away while it did goes by what it has left: the last
    slice was written as it left."""
    row = outcome.row
    if row.recording_at is None and files:
        row.recording_at = row.started_at or row.began_at
    written = [file.modified_at for file in files if file.kind is FileKind.SEGMENT]
    begun, left = row.recording_at, row.stopped_at
    if written and begun and left and begun < max(written) < left:
        row.stopped_at = max(written)
    over.measure(outcome)


def _fail(outcome: Outcome, words: str) -> None:
    """Nothing came of it. Whether another one goes on is known before anybody is told."""
    over.measure(outcome)
    db, row, session = outcome.db, outcome.row, outcome.session
    changing.fail(db, recording=row, session=session, words=words)


def _put_off(turn: Turn, error: ProviderUnavailable | ProviderRejected) -> str:
    """The store is away, which is no reason to give anything up."""
    wait = AWAY_SECONDS
    if isinstance(error, ProviderUnavailable) and error.retry_after:
        wait = error.retry_after
    with looking.writing(turn) as outcome:
        if outcome.row.status is RecordingStatus.TRANSFERRING:
            outcome.row.tries += 1
            outcome.row.trouble = AWAY
            outcome.look_again(after=wait)
            changing.tell_pages(outcome.db, outcome.session)
    return f"put off for {wait:g} s: {error}"
