"""When a mentor can be booked, computed from intervals alone: no database, no settings, no clock.

The words and their meaning are in `rules`, how a wall clock runs in `wall`, the slots in `finding`,
and the answer to "why is this one not offered?" in `why`.
"""

from services.slots.finding import Taken, first_slot, slots
from services.slots.rules import MINUTES_OF_DAY, Busy, BusyKind, Rules, Slot, Span, Window, merged
from services.slots.wall import local_day
from services.slots.why import Reason, Why, why

__all__ = [
    "MINUTES_OF_DAY",
    "Busy",
    "BusyKind",
    "Reason",
    "Rules",
    "Slot",
    "Span",
    "Taken",
    "Why",
    "Window",
    "first_slot",
    "local_day",
    "merged",
    "slots",
    "why",
]
