"""What an operator is woken by: dead letters, what nobody works on, and workers that fell silent.

Each is told once: by mail, in the app, and on Discord. Everything here is safe to run twice and by
several processes at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from services import clock, db, notifications, outbox
from services.jobs import pauses, workers
from services.models import InboxEvent, InboxStatus
from services.outbox import Lane, Message

STUCK_AFTER = timedelta(minutes=10)
TOLD_AGAIN_HOURS = 6
"""What stays stuck is told about again in the next quarter of the day."""
WHEN_NOBODY_WORKS = ("worker_silent", "nobody_works")
INBOX = "inbox"
NEVER_STOPPED = frozenset({"recording_stop"})
"""Asked of a service that refuses us as well: it does no harm there, and somebody may have taken a
yes back."""


def dead_letters(db: Session, dead: Iterable[Message]) -> None:
    """Messages that were just given up: one alert per kind and hour, which names the first of them.

    A dead alert is not alerted about: it would never end.
    """
    for message in dead:
        if not _is_alert(message):
            notifications.alert_admins(
                db,
                alert="message_dead",
                thing=message.public_id,
                once=f"{message.kind}:{clock.this_hour()}",
            )


def vendor_stopped(db: Session, *, lane: Lane, kind: str, reason: str) -> None:
    """An outside service refuses us altogether: what goes there stands still until an operator has
    put it right."""
    kinds = (lane.kinds or {kind}) - NEVER_STOPPED
    newly = [
        each for each in sorted(kinds) if pauses.begin(db, kind=each, reason=reason, until=None)
    ]
    if newly:
        moment = clock.utc_now().isoformat(timespec="seconds")
        notifications.alert_admins(db, alert="vendor_stopped", thing=lane.name, occasion=moment)


def beat(*, worker: str, doing: str = "") -> None:
    """A worker's sign of life. One that admins were told is silent is told to be back."""
    with db.transaction() as session:
        if workers.beat(session, worker=worker, doing=doing):
            moment = clock.utc_now().isoformat(timespec="seconds")
            notifications.alert_admins(session, alert="worker_back", thing=worker, occasion=moment)


def raise_due() -> list[str]:
    """Tell of workers that fell silent, and of work that nobody does; what was told of now."""
    return [*_silent_workers(), *_stuck_work()]


def _silent_workers() -> list[str]:
    with db.reading() as session:  # asked often: nearly always nobody is, and nothing is locked
        if not workers.any_silent(session):
            return []
    with db.transaction() as session:
        silent = workers.take_silent(session)
        moment = clock.utc_now().isoformat(timespec="seconds")
        for worker in silent:
            notifications.alert_admins(
                session, alert="worker_silent", thing=worker, occasion=moment
            )
        return silent


def _stuck_work() -> list[str]:
    with db.reading() as session:
        since = workers.working_since(session)
        if since is None:
            alert, things = "nobody_works", _stopped_for_good(session)
        else:
            alert, things = "queue_stuck", list_stuck(session, since=since)
    occasion = _quarter()
    for thing in things:
        with db.transaction() as session:
            notifications.alert_admins(session, alert=alert, thing=thing, occasion=occasion)
    return things


def _stopped_for_good(db: Session) -> list[str]:
    """The last worker, if it was stopped and none was started again. Of one that was killed its
    silence is told."""
    last = workers.stopped_last(db)
    if last is None or clock.utc_now() - last[1] < STUCK_AFTER:
        return []
    return [last[0]]


def list_stuck(db: Session, *, since: datetime) -> list[str]:
    """The lanes, and `inbox`, whose oldest due work waits for too long although it is not paused.

    Nothing waits longer than since when there has been a worker that could have done it: after an
    outage, or when a host wakes up, what is due is old and nobody's fault.
    """
    latest = clock.utc_now() - STUCK_AFTER
    if since > latest:
        return []
    waiting = {name: outbox.oldest_due(db, lane) for name, lane in outbox.LANES.items()}
    waiting[INBOX] = _oldest_event(db)
    return [name for name, oldest in waiting.items() if oldest is not None and oldest <= latest]


def _oldest_event(db: Session) -> datetime | None:
    paused = {kind.removeprefix("inbox:") for kind in pauses.paused_kinds(db)}
    return db.exec(
        select(func.min(InboxEvent.due_at)).where(
            InboxEvent.status == InboxStatus.RECEIVED,
            col(InboxEvent.due_at) <= clock.utc_now(),
            col(InboxEvent.provider).not_in(sorted(paused)),
        )
    ).one()


def _quarter() -> str:
    now = clock.utc_now()
    return f"{now.date().isoformat()}:{now.hour // TOLD_AGAIN_HOURS}"


def _is_alert(message: Message) -> bool:
    return message.kind == "discord_alert" or message.data.get("template") == "admin_alert"
