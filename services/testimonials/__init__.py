"""What mentees say about a pack's sessions: written by the mentee, published by an admin."""

from services.testimonials.listing import list_all, list_for_home, list_for_mentor
from services.testimonials.views import AdminView, OwnView, Quote
from services.testimonials.writing import (
    LEAST_LENGTH,
    MOST_LENGTH,
    ask,
    decide,
    get_own,
    write,
)

__all__ = [
    "LEAST_LENGTH",
    "MOST_LENGTH",
    "AdminView",
    "OwnView",
    "Quote",
    "ask",
    "decide",
    "get_own",
    "list_all",
    "list_for_home",
    "list_for_mentor",
    "write",
]
