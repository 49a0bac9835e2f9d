"""Moving recordings to another store, and saying how far it is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context

from services import clock
from services.audit import SYSTEM
from services.config import settings
from services.recordings import transferring
from services.storage import moving
from services.storage.moving import Left, Underway

LOOK_SECONDS = 1.0
STILL_SECONDS = 60.0
"""After so long in which nobody was at it, what waits for another try is left to the worker."""


def move(*, to: str, source: str, recordings: Sequence[str], wait: bool) -> int:
    """Send them on their way; with `wait`, do the work here besides the workers. The exit code.

    Raises:
        AppError: no such store or recording.
    """
    began_at = clock.utc_now()
    count = moving.move(actor=SYSTEM, to=to, store=source, recordings=recordings)
    if not count and source and source not in settings().stores:
        print(f"There is no store {source}, and no file says that it lies there.", file=sys.stderr)
        return 1
    underway = count or moving.underway(to=to).recordings
    print(f"{_recordings(underway)} on the way to {to}." if underway else "Nothing is to be moved.")
    if underway and not wait:
        print("The worker brings them there: /admin/storage shows how far it is.")
        return 0
    left = _wait(to) if underway else 0
    stayed = moving.list_stayed(since=began_at)
    for one in stayed:
        print(f"{one.recording} stays where it is. {one.why}", file=sys.stderr)
    there = moving.find_left(source) if source else None
    whole = not (left or stayed or (there and _tell_of_what_is_left(source, there)))
    if underway and whole:
        print(f"All of it is in {to}.")
    if there:
        _tell_what_needs(source, there)
    return 0 if whole else 1


def _tell_of_what_is_left(store: str, left: Left) -> bool:
    """Whether something is there by the rows, besides old copies."""
    if left.staying:
        words = "it failed, is not ready, or is being deleted: see /admin/recordings"
        print(f"{_recordings(left.staying)} cannot leave {store} now: {words}.", file=sys.stderr)
    if left.leaving:
        print(f"{_recordings(left.leaving)} still on the way from {store}.", file=sys.stderr)
    return bool(left.staying or left.leaving)


def _tell_what_needs(store: str, left: Left) -> None:
    """Why the settings of a store that is empty, or will be, must stay for a while."""
    if left.cleared_at:
        until = f"{max(left.cleared_at, clock.utc_now()):%Y-%m-%d %H:%M} UTC"
        print(f"The worker deletes the old copies in {store} from {until} on: keep its settings.")
    if left.recorded:
        print(f"{_recordings(left.recorded)} came from {store}: each needs it once more to be")
        print("deleted with proof. Keep its settings until /admin/storage shows that none does.")


def _wait(to: str) -> int:
    """Work and tell until nothing is on its way, or nothing goes on any more; how many recordings
    are left then."""
    before, since = None, time.monotonic()
    with _telling(to):
        while (seen := moving.underway(to=to)).recordings:
            if seen.taken or seen != before:
                before, since = seen, time.monotonic()
            elif time.monotonic() - since > STILL_SECONDS:
                _give_up(seen)
                return seen.recordings
            if not transferring.transfer_due():
                time.sleep(LOOK_SECONDS)
    return 0


@contextmanager
def _telling(to: str) -> Iterator[None]:
    """Say inside how far it is, whenever it has gone on."""
    over, act = threading.Event(), copy_context().run

    def tell() -> None:
        before = None
        while not over.wait(LOOK_SECONDS):
            seen = moving.underway(to=to)
            if seen.recordings and seen != before:
                _tell(seen)
            before = seen

    telling = threading.Thread(target=act, args=(tell,), name="telling", daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


def _tell(seen: Underway) -> None:
    percent = seen.copied * 100 // seen.bytes if seen.bytes else 100
    words = f"{_recordings(seen.recordings)} left: {percent} % of {seen.bytes / 1e9:.1f} GB"
    print(words, file=sys.stderr, flush=True)


def _give_up(seen: Underway) -> None:
    print(f"{_recordings(seen.recordings)} could not be moved yet.", file=sys.stderr)
    for words in seen.trouble:
        print(f"  {words}", file=sys.stderr)
    print("The worker tries again: /admin/recordings shows each of them.", file=sys.stderr)


def _recordings(count: int) -> str:
    return "1 recording" if count == 1 else f"{count} recordings"
