"""When a store does not answer: trying again, later each time, and saying so."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from sqlmodel import Session

from services import clock, db, notifications
from services.errors import ProviderRejected, ProviderUnavailable
from services.models import Recording
from services.providers.storage import registry
from services.providers.storage.base import BadKey
from services.recordings import changing, leases, places
from services.recordings.leases import Lease

FIRST_WAIT_SECONDS: Final = 15.0
LONGEST_WAIT_SECONDS: Final = 3_600.0
ADMINS_HEAR_AFTER: Final = 8
"""Tries; then it has been away for an hour."""
ALERT: Final = "recording_stuck"
AWAY: Final = "A store does not answer. We keep trying."
REFUSES: Final = "A store refuses what we ask of it. The studio has to look at its settings."
NOT_SET_UP: Final = "A store is not set up any more. The studio has to set it up again."
VANISHED: Final = "vanished"
LOST: Final = "lost"
NOT_FOUND: Final = "A file of it is not where it was. The studio has to find out what became of it."
GONE_AGAIN: Final = "Files of it vanished from their store. We bring them once more."
BAD_NAME: Final = (
    "A file of it has a name that no store may be asked for. The studio deletes it there."
)
ODD: Final = "Something went wrong with its files. We keep trying."


def put_off(lease: Lease, error: Exception, *, unless_going: bool = False) -> str:
    """Try again later; what a run says of it. `unless_going`: at once where somebody has asked for
    its deletion meanwhile, for whoever only brings files.

    Raises:
        Lost
    """
    with db.transaction() as tx:
        recording, session = changing.locked(tx, lease.recording_id)
        leases.check_ours(recording, lease)
        recording.tries += 1
        recording.trouble = words_for(error)
        wait = wait_after(error, recording.tries)
        wait = 0.0 if unless_going and places.is_going(recording) else wait
        leases.give_back(recording, look_at=clock.utc_now() + timedelta(seconds=wait))
        if _is_for_admins(error, recording):
            tell_admins(tx, recording)
        changing.tell_pages(tx, session)
    return f"put off for {wait:.0f} s: {error}"


def tell_admins(db: Session, recording: Recording) -> None:
    """Somebody has to look at it; said once a day."""
    notifications.alert_admins(db, alert=ALERT, thing=recording.public_id, occasion=clock.today())


def words_for(error: Exception) -> str:
    """Why it waits, in words for people."""
    match error:
        case ProviderUnavailable() if error.code == registry.UNKNOWN:
            return NOT_SET_UP
        case ProviderUnavailable() if error.code == VANISHED:
            return GONE_AGAIN
        case ProviderUnavailable() if error.code == LOST:
            return NOT_FOUND
        case ProviderUnavailable() if error.stop:
            return REFUSES
        case ProviderUnavailable():
            return AWAY
        case ProviderRejected():
            return REFUSES
        case BadKey():
            return BAD_NAME
        case _:
            return ODD


def wait_after(error: Exception, tries: int) -> float:
    """Seconds, about an hour at most: as long as the store asked for, else growing, and never the
    same for two."""
    grown = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, 12))
    wait = grown * secrets.SystemRandom().uniform(0.75, 1.25)
    asked = error.retry_after if isinstance(error, ProviderUnavailable) else None
    return wait if asked is None else min(max(asked, 1.0), LONGEST_WAIT_SECONDS)


def _is_for_admins(error: Exception, recording: Recording) -> bool:
    """Nobody but an operator can help, or it takes too long."""
    refuses = isinstance(error, ProviderUnavailable) and error.stop
    refuses = refuses or isinstance(error, ProviderRejected | BadKey)
    return refuses or recording.tries >= ADMINS_HEAR_AFTER
