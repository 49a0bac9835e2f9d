"""Availability: when a mentor can be booked, as chosen, as stored, and as offered."""

from services.availability.editing import get_rules, save_rules
from services.availability.offering import (
    check_all_offered,
    check_offered,
    next_free,
    next_offered,
    off_sale,
    offered,
    why_offered,
)
from services.availability.planning import collisions, instant_of, preview
from services.availability.shapes import (
    Collision,
    DayHours,
    Offered,
    RulesInput,
    RulesView,
    TimeOffView,
    WhyView,
)
from services.availability.time_off import add_time_off, remove_time_off
from services.slots import Slot, Window

__all__ = [
    "Collision",
    "DayHours",
    "Offered",
    "RulesInput",
    "RulesView",
    "Slot",
    "TimeOffView",
    "WhyView",
    "Window",
    "add_time_off",
    "check_all_offered",
    "check_offered",
    "collisions",
    "get_rules",
    "instant_of",
    "next_free",
    "next_offered",
    "off_sale",
    "offered",
    "preview",
    "remove_time_off",
    "save_rules",
    "why_offered",
]
