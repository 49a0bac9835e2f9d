"""Booking: holding times, booking sessions, moving and canceling them, proposing other times."""

from services.booking.changing import call_off, call_off_for_refund, cancel, give_up, reschedule
from services.booking.choice import ChoiceView, Obstacle, PackChoice, get_choice
from services.booking.holds import HoldView, hold, release_hold
from services.booking.lapsing import lapse_due
from services.booking.making import book, book_for
from services.booking.meeting import change_until, lapse_proposals
from services.booking.proposals import answer, propose, withdraw
from services.booking.times import free_time

__all__ = [
    "ChoiceView",
    "HoldView",
    "Obstacle",
    "PackChoice",
    "answer",
    "book",
    "book_for",
    "call_off",
    "call_off_for_refund",
    "cancel",
    "change_until",
    "free_time",
    "get_choice",
    "give_up",
    "hold",
    "lapse_due",
    "lapse_proposals",
    "propose",
    "release_hold",
    "reschedule",
    "withdraw",
]
