"""Refunds: a row first, then the provider, then the result, counted once.

A mentee asks and an admin decides, or an admin starts one. Only what is decided is sent; what
comes of it is told by the provider's answer or its webhook, whichever is first. Refunds that
somebody made in the provider's dashboard appear by themselves.
"""

from services.refunds.amounts import RefundQuote, quote
from services.refunds.asking import request, withdraw
from services.refunds.automatic import refund_automatically
from services.refunds.deciding import approve_second, decide, start
from services.refunds.listing import (
    MOST_OPEN,
    Queue,
    RefundFace,
    RefundView,
    list_of,
    list_queue,
    open_for,
)
from services.refunds.remedies import close_sessions, dismiss, pay_by_hand, restore
from services.refunds.results import apply_refund, apply_seen
from services.refunds.sending import begin_again, give_up, send, try_again
from services.refunds.trouble import troubled, waits

__all__ = [
    "MOST_OPEN",
    "Queue",
    "RefundFace",
    "RefundQuote",
    "RefundView",
    "apply_refund",
    "apply_seen",
    "approve_second",
    "begin_again",
    "close_sessions",
    "decide",
    "dismiss",
    "give_up",
    "list_of",
    "list_queue",
    "open_for",
    "pay_by_hand",
    "quote",
    "refund_automatically",
    "request",
    "restore",
    "send",
    "start",
    "troubled",
    "try_again",
    "waits",
    "withdraw",
]
