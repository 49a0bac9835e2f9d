"""Bringing recordings' files to their store, and deleting them: beside the sweep, since each may
take long. As many tasks go at once as recordings may; what they may do, they take themselves."""

from __future__ import annotations

from jobs.queue import WakeUp, huey
from services.config import settings
from services.recordings import purging, transferring


@huey.task()
def transfer_recordings() -> None:
    """Bring what waits, one recording after the other."""
    transferring.transfer_due()


@huey.task()
def purge_recordings() -> None:
    """Delete what is to be deleted, one recording after the other."""
    purging.purge_due()


def transfer_soon() -> None:
    """Have workers bring what waits."""
    for _ in range(min(transferring.count_due(), settings().transfers_at_once)):
        transfer_recordings()


def purge_soon() -> None:
    """Have workers delete what is to be deleted."""
    for _ in range(min(purging.count_due(), purging.PURGES_AT_ONCE)):
        purge_recordings()


@huey.task()
def look_at_files() -> None:
    """Something has just come to wait."""
    purge_soon()
    transfer_soon()


wake = WakeUp(look_at_files)
