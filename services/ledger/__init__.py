"""The ledger: double entry in minor units, append-only, from the payment to the last session.

A posting moves one amount from one account to another, so everything balances by its shape. Revenue
is earned session by session: what a buyer paid is split over the pack's sessions (`PackShare`), and
each part is owed until its session is held, expires, or is given back.
"""

from services.ledger.checking import Finding, alert_about, check_order, check_orders
from services.ledger.earnings import EarnedSession, Earnings, get_earnings
from services.ledger.receipts import (
    is_fee_known,
    post_going_back,
    post_sale,
    post_unmatched,
    record_fee,
)
from services.ledger.returns import (
    close_without_money,
    post_dispute_fee,
    post_lost,
    post_owed_taken,
    post_refund,
    post_refund_failed,
    post_restored,
    post_withdrawn,
    post_won,
)
from services.ledger.shares import (
    close_unpaid,
    expire_shares,
    open_shares,
    open_within,
    settle_share,
    undo_share,
    value_of_open,
)
from services.ledger.views import balances, balances_in, is_owed_anything, postings_of

__all__ = [
    "EarnedSession",
    "Earnings",
    "Finding",
    "alert_about",
    "balances",
    "balances_in",
    "check_order",
    "check_orders",
    "close_unpaid",
    "close_without_money",
    "expire_shares",
    "get_earnings",
    "is_fee_known",
    "is_owed_anything",
    "open_shares",
    "open_within",
    "post_dispute_fee",
    "post_going_back",
    "post_lost",
    "post_owed_taken",
    "post_refund",
    "post_refund_failed",
    "post_restored",
    "post_sale",
    "post_unmatched",
    "post_withdrawn",
    "post_won",
    "postings_of",
    "record_fee",
    "settle_share",
    "undo_share",
    "value_of_open",
]
