"""Waitlists: whoever wants a place that is not free waits for it, in a fair order, and is offered
the next one (PRODUCT.md rule 7)."""

from services.waitlist.deciding import offer_now, put_back, put_first, why_not
from services.waitlist.joining import join, join_first
from services.waitlist.leaving import decline, end_all_of, leave, open_of, remove
from services.waitlist.listing import Line, LineRow, Place, SeatLine, get_line, list_lines
from services.waitlist.passing import pass_on_due, pass_on_idle
from services.waitlist.reading import (
    OwnEntry,
    PlaceChoice,
    count_waiting,
    find_own,
    list_choices,
    list_own,
)
from services.waitlist.withdrawing import (
    offer_to_person,
    withdraw_of_mentor,
    withdraw_of_person,
)

__all__ = [
    "Line",
    "LineRow",
    "OwnEntry",
    "Place",
    "PlaceChoice",
    "SeatLine",
    "count_waiting",
    "decline",
    "end_all_of",
    "find_own",
    "get_line",
    "join",
    "join_first",
    "leave",
    "list_choices",
    "list_lines",
    "list_own",
    "offer_now",
    "offer_to_person",
    "open_of",
    "pass_on_due",
    "pass_on_idle",
    "put_back",
    "put_first",
    "remove",
    "why_not",
    "withdraw_of_mentor",
    "withdraw_of_person",
]
