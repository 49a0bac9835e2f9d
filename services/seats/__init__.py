"""Seats: taken, kept, offered, given back. A row per seat, an event per change of its status."""

from services.seats.by_hand import release_by_hand
from services.seats.counting import count_taken, find_unreleased, has_place, has_room, sells, taken
from services.seats.following import follow_packs, follow_refund, reopen
from services.seats.history import insert_held
from services.seats.holding import activate, hold, keep_until
from services.seats.kept import is_kept
from services.seats.line import anyone_waits, find_entry, find_offer, owner_waits, waits_for
from services.seats.offering import Obstacle, Standing, fill, standing
from services.seats.releasing import release, release_hold
from services.seats.standing_still import resume_grace
from services.seats.telling_line import ending_line

__all__ = [
    "Obstacle",
    "Standing",
    "activate",
    "anyone_waits",
    "count_taken",
    "ending_line",
    "fill",
    "find_entry",
    "find_offer",
    "find_unreleased",
    "follow_packs",
    "follow_refund",
    "has_place",
    "has_room",
    "hold",
    "insert_held",
    "is_kept",
    "keep_until",
    "owner_waits",
    "release",
    "release_by_hand",
    "release_hold",
    "reopen",
    "resume_grace",
    "sells",
    "standing",
    "taken",
    "waits_for",
]
