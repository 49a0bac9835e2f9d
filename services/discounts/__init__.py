"""Discount codes: a percentage or an amount off, within limits that hold when many come at once."""

from services.discounts.checking import applied
from services.discounts.editing import AMOUNT, PERCENT, NewCode, create_code, set_active
from services.discounts.reading import CodeState, CodeView, list_codes, list_mentors
from services.discounts.redeeming import keep, redeem, redeem_again, release

__all__ = [
    "AMOUNT",
    "PERCENT",
    "CodeState",
    "CodeView",
    "NewCode",
    "applied",
    "create_code",
    "keep",
    "list_codes",
    "list_mentors",
    "redeem",
    "redeem_again",
    "release",
    "set_active",
]
