"""Reading the ledger: an order's lines and balances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, col, select

from services.ids import OrderId, UserId
from services.models import Account, Order, Posting

ASSETS_AND_COSTS = frozenset(
    {
        Account.PROVIDER,
        Account.BY_HAND,
        Account.FEES,
        Account.DISPUTES,
        Account.MENTOR_SHARE,
    }
)
"""Their balance is debits minus credits; of the others it is credits minus debits."""


def postings_of(db: Session, *, order_id: OrderId) -> Sequence[Posting]:
    """What the ledger holds about an order, as it happened; one query."""
    found = select(Posting).where(Posting.order_id == order_id)
    return db.exec(found.order_by(col(Posting.at), col(Posting.id))).all()


def balances(db: Session, *, order_id: OrderId) -> dict[tuple[Account, str], int]:
    """What stands in the accounts of one order, as `balances_in` says it."""
    return balances_in(postings_of(db, order_id=order_id))


def balances_in(lines: Iterable[Posting]) -> dict[tuple[Account, str], int]:
    """Minor units by account and currency, as accountants read them: what the provider holds, what
    is owed and what is earned are all above zero. An account without lines is not there."""
    found: dict[tuple[Account, str], int] = {}
    for line in lines:
        for account, minor in ((line.debit, line.amount_minor), (line.credit, -line.amount_minor)):
            sign = 1 if account in ASSETS_AND_COSTS else -1
            place = account, line.currency
            found[place] = found.get(place, 0) + sign * minor
    return found


def is_owed_anything(db: Session, user_id: UserId, account: Account = Account.REFUNDS) -> bool:
    """Whether money of this person's orders is on its way back, and has not arrived; or, on
    `UNMATCHED`, lies with us and fits none of them."""
    owed = (
        select(Posting.order_id)
        .join(Order, col(Order.id) == col(Posting.order_id))
        .where(col(Order.mentee_id) == user_id)
        .group_by(col(Posting.order_id), col(Posting.currency))
        .having(func.sum(into(account)) != 0)
        .limit(1)
    )
    return db.exec(owed).first() is not None


def into(account: Account) -> ColumnElement[int]:
    """By how much a posting raises an account's balance."""
    amount = col(Posting.amount_minor)
    sign = 1 if account in ASSETS_AND_COSTS else -1
    return case(
        (col(Posting.debit) == account, sign * amount),
        (col(Posting.credit) == account, -sign * amount),
        else_=0,
    )
