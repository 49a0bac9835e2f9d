"""What runs by the clock. Each job asks what is due; none assumes when it ran last."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from huey import crontab

from jobs import schedules
from jobs.calendar import sync_calendars
from jobs.inbox import handle_inbox
from jobs.outbox import send_all_soon
from jobs.queue import huey
from jobs.recording_files import purge_soon, transfer_soon
from jobs.recordings import watch_soon
from jobs.schedules import by_clock
from services import (
    analytics,
    booking,
    checkout,
    costs,
    db,
    discord,
    disputes,
    grace,
    ledger,
    outages,
    packs,
    reconciliation,
    recordings,
    sessions,
    topics,
    tracing,
    video,
    waitlist,
)
from services.config import settings
from services.jobs import hours, pauses, runs, workers
from services.jobs.runs import recorded
from services.jobs.schedules import Ran
from services.jobs.watching import Watch
from services.privacy import retention
from services.recordings import retention as recording_retention
from services.reminders import sending
from services.storage import orphans

EVERY_MINUTE = crontab(minute="*")
EVERY_4_MINUTES = crontab(minute="*/4")
HOURLY = crontab(minute="23")
NIGHTLY = crontab(hour="3", minute="17")
NIGHTLY_LATER = crontab(hour="4", minute="7")
NIGHTLY_FILES = crontab(hour="2", minute="41")
HOURLY_LATER = crontab(minute="53")

watch = Watch()


def roll_up_reports() -> None:
    """Add up the days that are over, and again those whose past changed: soon after midnight, at
    the start of a worker that was away, and when somebody settles something late."""
    if analytics.is_behind():
        with recorded("roll_up") as run:
            run.result = f"{analytics.roll_up()} days"


SWEPT: dict[str, Callable[[], object]] = {
    "handle_inbox": handle_inbox.call_local,
    "sweep_checkouts": checkout.sweep,
    "lapse_bookings": booking.lapse_due,
    # Before sessions begin and packs expire: what is too late for a reminder is noted as such.
    "send_reminders": sending.send_due,
    "advance_sessions": sessions.advance_due,
    # Before packs expire: a day that does not count lets them run longer.
    "count_offered_days": sessions.count_offered_days,
    "expire_packs": packs.expire_due,
    # After packs expire: a seat is in grace from that moment.
    "warn_of_release": grace.warn_due,
    "release_seats": grace.release_due,
    # After seats are released: what is free then goes on in the same minute.
    "pass_on_offers": waitlist.pass_on_due,
    "close_rooms": video.sweep_silent,
    # After sessions end and the silent have left: a recorder leaves that nobody needs any more.
    "check_recorders": recordings.check_due,
    "tell_of_failed_recordings": recordings.tell_failed_due,
    # Before messages go out: admins hear of evidence that is due.
    "warn_of_disputes": disputes.warn_due,
    "send_outbox": send_all_soon,
    "watch_recorders": watch_soon,
    "transfer_recordings": transfer_soon,
    # Reminders go before: what is deleted now, nobody is reminded of.
    "expire_recordings": recording_retention.expire_due,
    "purge_recordings": purge_soon,
    "close_lost_runs": runs.close_lost,
    "end_pauses": pauses.forget_ended,
    "watch": watch.look,
    "prune_topics": topics.prune,
    "roll_up_reports": roll_up_reports,
}
"""The parts of a sweep, by what the log calls them; each goes by an id of its own."""
BOOKED_ELSEWHERE = frozenset(
    {
        "handle_inbox",
        "send_outbox",
        "watch_recorders",
        "transfer_recordings",
        "purge_recordings",
        "prune_topics",
        "roll_up_reports",
    }
)
"""What has runs of its own, or nothing to tell."""

for _name, _part in SWEPT.items():
    schedules.know(_name, "every minute", EVERY_MINUTE, _part)

log = structlog.get_logger()


@huey.periodic_task(EVERY_MINUTE)
def sweep() -> None:
    """The guarantee behind every wake-up: events, messages, holds, sessions, packs, reports."""
    ended: list[Ran] = []
    worth: list[runs.Run] = []
    paused: frozenset[str] | None = None
    for name in SWEPT:
        with tracing.bound(tracing.new_id()):
            try:
                paused = _paused() if paused is None else paused
                if name not in paused:
                    _sweep(name, ended, worth)
            except Exception as error:
                if not (away := outages.away(error)):
                    raise
                log.error(f"{away}_away", part=name, reason=outages.reason(error))
                return  # the others would only say the same
    schedules.write(ended, worth)


def _sweep(name: str, ended: list[Ran], worth: list[runs.Run]) -> None:
    """One part. A mistake must not keep the others from their work; an outage does."""
    ran, run, failure = schedules.note(schedules.KNOWN[name])
    if failure is not None:
        if outages.away(failure):
            raise failure
        log.error("sweep_failed", part=name, exc_info=failure)
    ended.append(ran)
    if run.error or (run.changes.rows and name not in BOOKED_ELSEWHERE):
        worth.append(run)


def _paused() -> frozenset[str]:
    with db.reading() as session:
        return pauses.paused_kinds(session)


@by_clock("every minute", EVERY_MINUTE)
def poll_calendars() -> None:
    """Read the calendars that are due: pushes get lost, and a taken-back consent says nothing."""
    sync_calendars.call_local()


@by_clock("every 4 minutes", EVERY_4_MINUTES)
def reconcile() -> None:
    """Find what no webhook told: payments, even when the hold had just ended, refunds, disputes."""
    with recorded("reconcile") as run:
        run.result = f"repaired {reconciliation.reconcile().repaired}"


@by_clock("every night, asked each hour", HOURLY)
def reconcile_long() -> None:
    """The same over three months, once a night: a bank may say yes long after its place was given
    back. Asked each hour, because the worker or a provider may have been away."""
    if reconciliation.long_is_due():
        with recorded("reconcile_long") as run:
            run.result = f"repaired {reconciliation.reconcile(reconciliation.LONG).repaired}"


@by_clock("every day, asked each hour", HOURLY_LATER)
def report_of_the_day() -> None:
    """Does every cent have its order? The admins read it with their coffee, once a day."""
    if reconciliation.report_is_due():
        with recorded("report_of_the_day") as run:
            run.result = "queued" if reconciliation.report_of_the_day() else "was sent before"


@by_clock("every night", NIGHTLY, catches_up=True)
def prune() -> None:
    """Forget what is not kept for long: webhooks' contents, traces of signing in, old runs."""
    with recorded("prune") as run:
        gone = retention.prune() + runs.prune() + hours.forget_old() + workers.forget_gone()
        run.result = f"{gone} rows"


@by_clock("every night", NIGHTLY_LATER, catches_up=True)
def repair_discord() -> None:
    """Does everybody have the roles that their seats say? Discord may have been told otherwise."""
    if settings().discord_offered:
        with recorded("repair_discord") as run:
            run.result = str(discord.repair())


@by_clock("every night", NIGHTLY_FILES, catches_up=True)
def find_orphans() -> None:
    """Does every file have its row, and every row its file? What came after its recording was
    deleted is deleted as well."""
    with recorded("find_orphans") as run:
        run.result = orphans.check().words()


@by_clock("every hour", HOURLY)
def offer_idle_places() -> None:
    """Does a place lie idle that somebody waits for, or stand on offer to nobody who could buy?
    Whatever frees one passes it on at once; this is the guarantee behind that."""
    with recorded("offer_idle_places") as run:
        run.result = f"{waitlist.pass_on_idle()} places"


@by_clock("every hour", HOURLY)
def check_ledger() -> None:
    """Does every order add up? If not, the admins hear of it, once per order and day."""
    with recorded("check_ledger") as run:
        run.result = f"{ledger.alert_about(ledger.check_orders())} orders differ"


@by_clock("every hour", HOURLY)
def warn_of_budget() -> None:
    """Do recordings cost more than the studio means to spend? Admins hear of it once a month."""
    with recorded("warn_of_budget") as run:
        run.result = ", ".join(costs.warn_of_budget()) or "within the budget"
