"""Reconciliation: each provider's payments, refunds and disputes beside ours, over some days.

What we missed is applied as if its webhook had come; what cannot be repaired is written down with
the run, and the admins read it in the daily report. Everything here bears to be killed and to run
twice at once: a repair is the same idempotent step that a webhook takes.
"""

from services.reconciliation.daily import report_is_due, report_of_the_day
from services.reconciliation.giving import settle as settle_unmatched
from services.reconciliation.running import (
    LONG,
    RECENT,
    Outcome,
    long_is_due,
    reconcile,
    run_now,
)
from services.reconciliation.views import (
    DifferenceView,
    Overview,
    RunView,
    Standing,
    count_differing,
    overview,
)

__all__ = [
    "LONG",
    "RECENT",
    "DifferenceView",
    "Outcome",
    "Overview",
    "RunView",
    "Standing",
    "count_differing",
    "long_is_due",
    "overview",
    "reconcile",
    "report_is_due",
    "report_of_the_day",
    "run_now",
    "settle_unmatched",
]
