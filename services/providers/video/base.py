"""What the product asks of a video service, in its own words.

People meet in a *channel*, each under a number of their own (a *uid*). A *recorder* is one more
participant, run by the service, which writes files into a bucket of ours: it is reserved, started,
watched by asking (which is the truth; webhooks are hints) and stopped.

Errors: `ProviderUnavailable` (nothing is known, try again: after `retry_after` seconds where the
service named them; with `stop` it refuses us altogether) and `ProviderRejected`, whose `code` is a
`Refusal`. No call here is made while a transaction is open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol

from services.providers.answers import Answer

LONGEST_CHANNEL: Final = 63
"""Characters of a channel's name."""
LARGEST_UID: Final = 2**32 - 1
LONGEST_TICKET: Final = timedelta(hours=24)
LONGEST_PREFIX: Final = 128
IDLE_SECONDS: Final = 300
"""After how long without anybody a recorder leaves by itself."""
RESERVED_SECONDS: Final = 300
"""How long a reservation is good. A recorder should be started within two seconds of it."""
LOOKS_AFTER_SECONDS: Final = (5, 8, 12, 18, 22, 25)
"""When to look, after a start, whether it records: 90 seconds together, then it is given up."""


class Refusal(StrEnum):
    """Why the service refused, for good: the same request will not be taken later."""

    ALREADY_STARTED = "already_started"
    """The reservation was used: an earlier start whose answer was lost had worked. Its `sid` comes
    with a webhook, or never."""
    UID_TAKEN = "uid_taken"
    """A recorder of that uid is in the channel: reserve another uid."""
    RESERVATION_OVER = "reservation_over"
    """The reservation is older than five minutes, or another recorder's: reserve again."""
    INVALID = "invalid"
    """Anything else that the service does not take."""


class Phase(StrEnum):
    """Where a recorder is."""

    COMING = "coming"
    """It is being set up."""
    RECORDING = "recording"
    """It is in the channel and records."""
    ENDING = "ending"
    """It has left, or is leaving; files may still be on their way."""
    OVER = "over"
    """It has ended, and makes no more files; whether they have all arrived, the bucket tells."""
    BROKEN = "broken"
    """It ended by a fault of the service's. What it had written is there."""
    ABSENT = "absent"
    """The service knows no such recorder now: not yet, not any more, or for up to 90 seconds while
    it moves to another server."""


class Upload(StrEnum):
    """Where the files of a recorder that was stopped are."""

    DONE = "done"
    """In the bucket."""
    LATER = "later"
    """At the service, which could not write into the bucket and tries again."""
    UNKNOWN = "unknown"
    """Not told: list the bucket."""


class Ending(StrEnum):
    """What came of a request to stop."""

    STOPPED = "stopped"
    """The recorder leaves."""
    WAS_OVER = "was_over"
    """It was leaving, has left, or is just being moved to another server: ask and list."""
    NOTHING_SENT = "nothing_sent"
    """It leaves, and there will be no file: nobody had sent sound or a picture."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one person's browser needs to enter one channel, until `ends_at`."""

    app_id: str
    channel: str
    uid: int
    token: str = field(repr=False)
    ends_at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a recorder writes.

    `kind`: aws (Amazon's S3, by its `region`), s3 (any other that speaks S3, at the address
    `endpoint`) or folder (`name` is an absolute path, which only a simulator can write to).
    """

    kind: Literal["aws", "s3", "folder"]
    name: str
    region: str = ""
    endpoint: str = ""
    key_id: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A recorder that may be started once, within five minutes."""

    channel: str
    uid: int
    resource_id: str


@dataclass(frozen=True, slots=True)
class Recorder:
    """One recorder that was started."""

    channel: str
    uid: int
    resource_id: str
    sid: str
    mode: str = "mix"


@dataclass(frozen=True, slots=True)
class File:
    """A file that the service says it wrote; `name` is its whole key in the bucket."""

    name: str
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the service tells of a recorder now."""

    phase: Phase
    files: tuple[File, ...] = ()
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """What came of stopping a recorder."""

    ending: Ending
    upload: Upload = Upload.UNKNOWN
    files: tuple[File, ...] = ()


class VideoProvider(Protocol):
    """A video service. May be used by several threads at once."""

    def ticket(self, channel: str, uid: int, *, now: datetime, until: datetime) -> Ticket:
        """Let one person into a channel; for at most a day, however late `until` is. Made here:
        the service is not asked.

        Raises:
            ValueError: there can be no such channel or uid, or `until` is over.
        """
        ...

    def acquire(self, channel: str, uid: int) -> Reservation:
        """Reserve a recorder that will be in the channel as `uid`, which nobody else may be."""
        ...

    def start(
        self,
        reserved: Reservation,
        *,
        bucket: Bucket,
        prefix: tuple[str, ...],
        now: datetime,
        until: datetime,
    ) -> Recorder:
        """Start it: MP4 and HLS of both people in one picture of 1280×720, written below `prefix`,
        whose parts hold letters and digits only. It leaves at `until` at the latest (a day).

        That it was started does not mean that it records: `query`.

        Raises:
            ValueError: there can be no such prefix.
            ProviderRejected: ALREADY_STARTED, UID_TAKEN, RESERVATION_OVER, INVALID
        """
        ...

    def query(self, recorder: Recorder) -> Seen:
        """Where the recorder is."""
        ...

    def stop(self, recorder: Recorder) -> Stopped:
        """Let it leave; the files come later. Twice is no error."""
        ...

    def check(self) -> Answer:
        """What an operator's doctor asks: is the service there, does it take our key."""
        ...
