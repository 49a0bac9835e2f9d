"""What was sold before there was a ledger is posted by the migration, as if there had been one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlmodel import Session, SQLModel, col, select, update

from alembic import command
from services import clock, credits, db, ledger, locking, packs, payments, refunds
from services.audit import SYSTEM
from services.models import (
    Account,
    Mentor,
    MentoringSession,
    Order,
    Pack,
    PackOffer,
    PackShare,
    Payment,
    Posting,
    PostingKind,
    Provider,
    Refund,
    RefundScope,
    RefundStatus,
    SessionStatus,
    ShareState,
    User,
)
from services.money import Money
from services.providers.payments.base import ProviderRefund, RefundState
from tests.services.rows import a_mentor, a_session, a_user, acting, an_admin, an_offer, an_order
from tests.support.databases import Databases, in_use
from tests.support.filled import NOON, alembic_config

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])
DAY = timedelta(days=1)
PRICE = 10_001  # four sessions at 25.00 and one cent


@dataclass
class Shop:
    """A mentor's offer, people who buy it, and a clock that goes on by a day with each step."""

    mentor: Mentor = field(default_factory=lambda: a_mentor(capacity=6))
    days: int = 0
    paid: int = 0
    offer: PackOffer = field(init=False)

    def __post_init__(self) -> None:
        self.offer = an_offer(self.mentor, PRICE)

    def tomorrow(self) -> AbstractContextManager[None]:
        """The next day's noon."""
        self.days += 1
        return clock.at(NOON + self.days * DAY)

    def order(self, name: str, **fields: Any) -> Order:
        """Somebody begins to buy."""
        with self.tomorrow():
            page = None if "provider" in fields else f"page of {name}"
            return an_order(a_user(name), self.offer, checkout_id=page, **fields)

    def pay(self, order: Order, provider: Provider = Provider.STRIPE, minor: int = PRICE) -> str:
        """Money comes in for an order; the provider's id of it."""
        self.paid += 1
        payment_id = f"{provider.value}_{self.paid}"
        with self.tomorrow(), db.transaction() as tx:
            locking.lock(tx, mentors=[order.mentor_id], orders=[order.id])
            payments.fulfil(
                tx,
                actor=SYSTEM,
                order=tx.get_one(Order, order.id),
                provider=provider,
                payment_id=payment_id,
                paid=Money(minor, "EUR"),
            )
        return payment_id

    def bought(self, name: str, provider: Provider = Provider.STRIPE) -> Pack:
        """A pack of four sessions that somebody has paid."""
        order = self.order(name)
        self.pay(order, provider)
        return self.pack_of(order)

    def pack_of(self, order: Order) -> Pack:
        """What an order became."""
        with db.reading() as session:
            return session.exec(select(Pack).where(Pack.order_id == order.id)).one()

    def session(self, pack: Pack) -> MentoringSession:
        """A session is booked."""
        with self.tomorrow():
            row = a_session(pack, clock.utc_now() + 2 * DAY / 24)
        with db.transaction() as tx:
            tx.get_one(Pack, pack.id).reserved += 1
        return row

    def ends(self, row: MentoringSession, status: SessionStatus) -> None:
        """A booked session has an outcome, and its credit follows."""
        move = credits.consume if status is SessionStatus.COMPLETED else credits.give_back
        with self._settling(row, status) as (tx, live, pack):
            move(tx, actor=SYSTEM, pack=pack, session=live)

    def corrected(self, row: MentoringSession, status: SessionStatus) -> None:
        """The outcome was wrong."""
        used = status is SessionStatus.COMPLETED
        with self._settling(row, status) as (tx, live, pack):
            credits.correct(tx, actor=SYSTEM, pack=pack, session=live, used=used)

    @contextmanager
    def _settling(
        self, row: MentoringSession, status: SessionStatus
    ) -> Iterator[tuple[Session, MentoringSession, Pack]]:
        with self.tomorrow(), db.transaction() as tx:
            live = tx.get_one(MentoringSession, row.id)
            locking.lock_session(tx, live)
            live.status = status
            live.canceled_at = clock.utc_now() if status is SessionStatus.CANCELED else None
            tx.flush()
            yield tx, live, tx.get_one(Pack, live.pack_id)

    def expires(self, pack: Pack) -> None:
        """A pack's time is over."""
        with self.tomorrow():
            with db.transaction() as tx:
                tx.get_one(Pack, pack.id).expires_at = clock.utc_now()
            assert packs.expire_due() == 1

    def succeeded(self, refund: Refund) -> None:
        """The provider has sent the money."""
        with self.tomorrow(), db.transaction() as tx:
            payment = tx.get_one(Payment, refund.payment_id)
            done = ProviderRefund(
                id=f"re_{refund.id}",
                refund=refund.public_id,
                attempt=refund.attempt,
                payment_id=payment.provider_id,
                amount=Money(refund.amount_minor, refund.currency),
                state=RefundState.SUCCEEDED,
                created_at=clock.utc_now(),
            )
            refunds.apply_refund(tx, actor=SYSTEM, refund_id=refund.id, done=done)


def _tell_a_story(shop: Shop) -> None:
    """All that could happen to money before there was a ledger."""
    first, second = shop.bought("Nora Novak"), shop.bought("Omar Oak", Provider.PAYPAL)
    held = shop.session(first)
    shop.ends(held, SessionStatus.COMPLETED)
    turned = shop.session(first)
    shop.ends(turned, SessionStatus.COMPLETED)
    back = shop.session(first)
    shop.ends(back, SessionStatus.CANCELED)
    for pack in (first, second):
        shop.session(pack)  # still to come
    shop.corrected(turned, SessionStatus.CANCELED)
    shop.corrected(turned, SessionStatus.COMPLETED)
    shop.corrected(back, SessionStatus.COMPLETED)
    shop.corrected(turned, SessionStatus.CANCELED)
    shop.expires(second)
    twice = shop.order("Pia Pine")
    for _ in range(3):
        shop.pay(twice)
    shop.pay(shop.order("Quirin Quay"), minor=PRICE - 1)
    with db.transaction() as tx:
        tx.exec(update(Mentor).values(capacity=1))
    shop.pay(shop.order("Rosa Reed"))  # no place is left
    with db.reading() as session:
        going_back = session.exec(select(Refund).order_by(col(Refund.id))).all()
    assert len(going_back) == 3
    for refund in going_back[1:]:
        shop.succeeded(refund)
    with db.transaction() as tx:
        tx.exec(update(Mentor).values(capacity=6))
    free = shop.order("Sam Sand", discount_minor=PRICE, amount_minor=0, provider=None)
    with shop.tomorrow(), db.transaction() as tx:
        payments.fulfil_free(tx, actor=SYSTEM, order=tx.get_one(Order, free.id))


def _rows(table: type[SQLModel], *but: str) -> list[dict[str, Any]]:
    """All rows of a table, in an order of their own."""
    leave = {"id", "created_at", *but}
    with db.reading() as session:
        rows = [row.model_dump(exclude=leave) for row in session.exec(select(table)).all()]
    return sorted(rows, key=repr)


def _down_and_up(url: str) -> None:
    db.dispose()
    command.downgrade(alembic_config(url), "0004")
    assert not inspect(db.engine()).has_table("posting")
    db.dispose()
    command.upgrade(alembic_config(url), "head")


@KINDS
def test_the_ledger_of_before_is_what_a_ledger_would_have_been(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    """Also PayPal's orders and free ones, which the schema of before cannot tell, come back."""
    with databases.fresh(kind, tmp_path) as url, in_use(url):
        _tell_a_story(Shop())
        assert ledger.check_orders() == []
        before = _told()
        assert {row["kind"] for row in before["posting"]} == {
            PostingKind.PAYMENT,
            PostingKind.SESSION,
            PostingKind.SESSION_UNDONE,
            PostingKind.BREAKAGE,
            PostingKind.REFUND,
        }
        _down_and_up(url)
        for table, rows in _told().items():
            assert rows == before[table]
        assert ledger.check_orders() == []


def _told() -> dict[str, list[dict[str, Any]]]:
    """What the story left behind, without what is lost on the way down."""
    lost = ("discount_minor", "list_minor", "terms_version", "discount_code_id")
    tables = (Posting, PackShare, Payment, Refund)
    return {"order": _rows(Order, *lost)} | {str(one.__tablename__): _rows(one) for one in tables}


@KINDS
def test_refunds_that_people_decided_add_up_after_down_and_up(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path) as url, in_use(url):
        shop = Shop()
        pack, admin = shop.bought("Nora Novak"), acting(an_admin())
        shop.ends(shop.session(pack), SessionStatus.COMPLETED)
        with db.reading() as session:
            order = session.get_one(Order, pack.order_id)
            buyer = session.get_one(User, pack.mentee_id)
        with shop.tomorrow():
            started = refunds.start(
                actor=admin, order=order.public_id, scope=RefundScope.UNUSED, sessions=2
            )
        with db.reading() as session:
            refund = session.exec(select(Refund).where(Refund.public_id == started)).one()
        shop.succeeded(refund)
        with shop.tomorrow():
            one = Money(2_500, "EUR")
            asked = refunds.request(actor=acting(buyer), order=order.public_id, amount=one)
        _down_and_up(url)
        assert ledger.check_orders() == []
        with db.reading() as session:
            balances = ledger.balances(session, order_id=order.id)
            undecided = session.exec(select(Refund).where(Refund.public_id == asked)).one()
            parts = session.exec(select(PackShare.state).order_by(col(PackShare.number))).all()
        assert undecided.status is RefundStatus.CANCELED
        refunded = [ShareState.REFUNDED] * 2
        assert parts == [ShareState.EARNED, ShareState.OPEN, *refunded]
        assert balances[Account.PROVIDER, "EUR"] == 5_001
        assert balances[Account.DEFERRED, "EUR"] == 2_500
        assert balances[Account.EARNED, "EUR"] == 2_501
