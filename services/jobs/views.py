"""What admins see of the jobs: frozen, in instants and numbers, without secrets and addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.jobs.schedules import ScheduleFace
from services.jobs.workers import WorkerFace
from services.models import InboxStatus, JobStatus, OutboxStatus, RowChange


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. `subject` is the key of the message or the event it worked on, `about` the public id
    of the thing behind; "" for none."""

    public_id: str
    kind: str
    subject: str
    about: str
    attempt: int
    status: JobStatus
    result: str
    error: str
    worker: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows of one table that a run changed, or would change: `thing` is a row's public id, or ""
    where the rows have none; `times` how often."""

    table: str
    thing: str
    change: RowChange
    times: int


@dataclass(frozen=True, slots=True)
class RunView:
    """One run whole. `others` are the other runs on the same message or event, the newest first;
    `message` and `event` the public ids of what it worked on, where that still exists."""

    run: RunRow
    traceback: str
    trace: str
    others: tuple[RunRow, ...]
    changes: tuple[Changed, ...]
    message: str
    event: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of the outbox, without what it carries. `paused` where its kind stands still."""

    public_id: str
    kind: str
    key: str
    about: str
    status: OutboxStatus
    attempts: int
    error: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    paused: bool

    @property
    def can_retry(self) -> bool:
        """Whether sending it again, or sooner, is for an admin to say here."""
        stuck = (OutboxStatus.FAILED, OutboxStatus.DEAD, OutboxStatus.CANCELED)
        return self.status in stuck and not self.is_refund

    @property
    def can_cancel(self) -> bool:
        """Whether it has not left yet, and may be given up here."""
        waits = (OutboxStatus.DUE, OutboxStatus.FAILED, OutboxStatus.DEAD)
        return self.status in waits and not self.is_refund

    @property
    def is_refund(self) -> bool:
        """Whether its order decides about it."""
        return self.kind == "refund"


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """Something that was done to a message or an event; `who` is "" for the studio itself."""

    at: datetime
    action: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message whole. `data` is what it carries as indented JSON, redacted. `person` is the name
    of whom it is for and `delivery` the public id of the mail that it became; "" for none."""

    message: MessageRow
    data: str
    person: str
    delivery: str
    paused_because: str
    runs: tuple[RunRow, ...]
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One stored webhook, without its payload: that may hold people's data."""

    public_id: str
    provider: str
    event_id: str
    type: str
    object_id: str
    about: str
    status: InboxStatus
    attempts: int
    error: str
    received_at: datetime
    due_at: datetime
    handled_at: datetime | None

    @property
    def can_retry(self) -> bool:
        """Where handling again may change something. It is always harmless: the provider's own
        object decides."""
        return self.status in (InboxStatus.FAILED, InboxStatus.RECEIVED)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What handling an event now would do, as a worker tried it and took it back: the run that
    says so, and the rows that it would change."""

    run: RunRow
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """One webhook whole. `payload` is indented JSON, redacted; "" once it was pruned."""

    event: EventRow
    payload: str
    paused_because: str
    runs: tuple[RunRow, ...]
    rehearsal: Rehearsal | None
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class PauseView:
    """A kind that stands still. `who` is the admin's name, "" where its vendor asked for it."""

    kind: str
    reason: str
    who: str
    until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QueueView:
    """What waits: `due` for the first time, `failed` to be tried again, `given_up` for an admin.
    `oldest_at` is since when the oldest could have been done; None when nothing is due yet."""

    due: int
    failed: int
    given_up: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class HourPoint:
    """The runs that ended in one hour, which begins at `hour`."""

    hour: datetime
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class KindLine:
    """The runs of one kind in a period; `milliseconds` is what one took on average."""

    kind: str
    succeeded: int
    failed: int
    milliseconds: float

    @property
    def runs(self) -> int:
        """All that ended."""
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class JobsOverview:
    """The jobs at a glance: over the last `hours` what ran, and now what waits, works and rests."""

    hours: int
    points: tuple[HourPoint, ...]
    kinds: tuple[KindLine, ...]
    outbox: QueueView
    inbox: QueueView
    workers: tuple[WorkerFace, ...]
    schedules: tuple[ScheduleFace, ...]
    pauses: tuple[PauseView, ...]
    running: tuple[RunRow, ...]
    failures: tuple[RunRow, ...]
    as_of: datetime
