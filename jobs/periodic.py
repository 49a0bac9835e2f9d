"""What runs by the clock. Each job asks what is due; none assumes when it ran last."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from huey import crontab

from jobs.calendar import sync_calendars
from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox, write_calendars
from jobs.queue import huey
from jobs.runs import close_lost, recorded
from services import (
    analytics,
    booking,
    checkout,
    disputes,
    ledger,
    outages,
    packs,
    reconciliation,
    sessions,
    topics,
    tracing,
)
from services.privacy import retention

EVERY_MINUTE = crontab(minute="*")
EVERY_4_MINUTES = crontab(minute="*/4")
HOURLY = crontab(minute="23")
NIGHTLY = crontab(hour="3", minute="17")
HOURLY_LATER = crontab(minute="53")


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
    "advance_sessions": sessions.advance_due,
    # Before packs expire: a day that does not count lets them run longer.
    "count_offered_days": sessions.count_offered_days,
    "expire_packs": packs.expire_due,
    # Before messages go out: admins hear of evidence that is due.
    "warn_of_disputes": disputes.warn_due,
    "send_outbox": send_outbox.call_local,
    "close_lost_runs": close_lost,
    "prune_topics": topics.prune,
    "roll_up_reports": roll_up_reports,
}
"""The parts of a sweep, by what the log calls them; each goes by an id of its own."""

log = structlog.get_logger()


@huey.periodic_task(EVERY_MINUTE)
def sweep() -> None:
    """The guarantee behind every wake-up: events, messages, holds, sessions, packs, reports."""
    for name, part in SWEPT.items():
        with tracing.bound(tracing.new_id()):
            try:
                part()
            except Exception as error:  # a mistake must not keep the others from their work
                if away := outages.away(error):
                    log.error(f"{away}_away", part=name, reason=outages.reason(error))
                    return  # the others would only say the same
                log.exception("sweep_failed", part=name)


@huey.periodic_task(EVERY_MINUTE)
def poll_calendars() -> None:
    """Read the calendars that are due: pushes get lost, and a taken-back consent says nothing."""
    sync_calendars.call_local()


@huey.periodic_task(EVERY_MINUTE)
def send_to_calendars() -> None:
    """The guarantee behind their wake-ups."""
    write_calendars.call_local()


@huey.periodic_task(EVERY_4_MINUTES)
def reconcile() -> None:
    """Find what no webhook told: payments, even when the hold had just ended, refunds, disputes."""
    with recorded("reconcile") as run:
        run.result = f"repaired {reconciliation.reconcile().repaired}"


@huey.periodic_task(HOURLY)
def reconcile_long() -> None:
    """The same over three months, once a night: a bank may say yes long after its place was given
    back. Asked each hour, because the worker or a provider may have been away."""
    if reconciliation.long_is_due():
        with recorded("reconcile_long") as run:
            run.result = f"repaired {reconciliation.reconcile(reconciliation.LONG).repaired}"


@huey.periodic_task(HOURLY_LATER)
def report_of_the_day() -> None:
    """Does every cent have its order? The admins read it with their coffee, once a day."""
    if reconciliation.report_is_due():
        with recorded("report_of_the_day") as run:
            run.result = "queued" if reconciliation.report_of_the_day() else "was sent before"


@huey.periodic_task(NIGHTLY)
def prune() -> None:
    """Forget what is not kept for long: webhooks' contents, traces of signing in."""
    with recorded("prune") as run:
        run.result = f"{retention.prune()} rows"


@huey.periodic_task(HOURLY)
def check_ledger() -> None:
    """Does every order add up? If not, the admins hear of it, once per order and day."""
    with recorded("check_ledger") as run:
        run.result = f"{ledger.alert_about(ledger.check_orders())} orders differ"
