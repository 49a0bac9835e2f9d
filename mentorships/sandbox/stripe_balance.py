"""What moved on the account's balance, and what Stripe kept of it: balance transactions."""

from __future__ import annotations

import sqlite3

from mentorships.sandbox import store
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_events import new_id
from mentorships.sandbox.stripe_money import THREE_DECIMAL, ZERO_DECIMAL

KIND = "balance_transaction"
DISPUTE_FEE = 20
"""In whole units of the currency; not given back when the dispute is won."""
_RATE, _FIXED = 15, 25  # 1.5 % and 25 of the smallest units, as for European cards
_DAY = 86_400


def charged(db: sqlite3.Connection, charge: Json) -> str:
    """A charge came in, less the fee; the id of its balance transaction."""
    amount: int = charge["amount"]
    fee = min(amount, (amount * _RATE + 500) // 1000 + _FIXED)
    moved = _moved(db, charge, amount=amount, fee=fee, kind="charge", now=charge["created"])
    return str(moved["id"])


def disputed(db: sqlite3.Connection, charge: Json, amount: int, now: int) -> Json:
    """A chargeback took its amount and a fee."""
    code: str = charge["currency"]
    digits = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    fee = DISPUTE_FEE * 10**digits
    return _moved(db, charge, amount=-amount, fee=fee, kind="adjustment", now=now)


def reinstated(db: sqlite3.Connection, charge: Json, amount: int, now: int) -> Json:
    """A won dispute gave its amount back."""
    return _moved(db, charge, amount=amount, fee=0, kind="adjustment", now=now)


def _moved(
    db: sqlite3.Connection, charge: Json, *, amount: int, fee: int, kind: str, now: int
) -> Json:
    """Keep a movement; amounts in the currency's smallest units at Stripe."""
    kept = {
        "amount": fee,
        "application": None,
        "currency": charge["currency"],
        "description": "Stripe processing fees" if kind == "charge" else "Dispute fee",
        "type": "stripe_fee",
    }
    body: Json = {
        "id": new_id("txn"),
        "object": KIND,
        "amount": amount,
        "available_on": now + 7 * _DAY,
        "balance_type": "payments",
        "created": now,
        "currency": charge["currency"],
        "description": charge["description"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [kept] if fee else [],
        "net": amount - fee,
        "reporting_category": "charge" if kind == "charge" else "dispute",
        "source": charge["id"],
        "status": "pending",
        "type": kind,
    }
    store.add(db, Record(KIND, body, parent=charge["id"]))
    return body
