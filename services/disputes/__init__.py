"""Disputes: a buyer's bank, or PayPal, asks for the money back.

An inquiry moves nothing. A chargeback freezes the pack: its clock stands still and nothing new is
booked, while its seat and its booked sessions stay. Won gives the frozen days back; lost closes
what is left of the pack and reverses its revenue.
"""

from services.disputes.applying import apply_seen
from services.disputes.deadlines import WARN_BEFORE, warn_due
from services.disputes.evidence import make_evidence
from services.disputes.listing import MOST_SHOWN, DisputeView, list_all

__all__ = [
    "MOST_SHOWN",
    "WARN_BEFORE",
    "DisputeView",
    "apply_seen",
    "list_all",
    "make_evidence",
    "warn_due",
]
