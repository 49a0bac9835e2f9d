"""A bought pack and its ledger, past checkout and provider: what happens to its money is called by
its names, and the rows that others write along are written here the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from services import clock, credits, db, invoices, ledger, locking, packs, payments
from services.audit import SYSTEM
from services.models import (
    Account,
    CreditEntry,
    CreditKind,
    Dispute,
    DisputeStatus,
    MentoringSession,
    Order,
    Pack,
    Payment,
    Provider,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundSource,
    RefundStatus,
    SessionStatus,
    TaxMode,
)
from services.money import Money
from services.refunds import results
from tests.services.meetings import at
from tests.services.rows import a_mentor, a_session, a_user, an_offer, an_order, onboarded


@dataclass
class Bought:
    """An order that was paid, its pack, and what happened to it since."""

    order: Order
    payment: Payment
    pack: Pack | None
    met: list[MentoringSession] = field(default_factory=list[MentoringSession])
    refunds: list[Refund] = field(default_factory=list[Refund])

    def accounts(self) -> dict[str, int]:
        """What stands in each account now, in the order's currency; nothing stands for 0."""
        with db.reading() as session:
            found = ledger.balances(session, order_id=self.order.id)
        return {
            account.value: minor
            for (account, currency), minor in sorted(found.items())
            if minor and currency == self.order.currency
        }

    def pack_now(self, session: Session) -> Pack:
        """The pack, under its mentor's lock."""
        assert self.pack is not None
        locking.lock(session, mentors=[self.pack.mentor_id], orders=[self.order.id])
        return session.get_one(Pack, self.pack.id, populate_existing=True)

    def holds(self, times: int = 1) -> None:
        """So many sessions are held."""
        for _ in range(times):
            assert self.pack is not None
            row = a_session(self.pack, at(3 + len(self.met)), status=SessionStatus.COMPLETED)
            with db.transaction() as session:
                pack = self.pack_now(session)
                pack.reserved += 1
                live = session.get_one(MentoringSession, row.id)
                credits.consume(session, actor=SYSTEM, pack=pack, session=live)
            self.met.append(row)

    def corrects(self, row: MentoringSession, *, used: bool) -> None:
        """The outcome of a session is turned around."""
        with db.transaction() as session:
            live = session.get_one(MentoringSession, row.id)
            live.status = SessionStatus.COMPLETED if used else SessionStatus.MENTOR_NO_SHOW
            pack = self.pack_now(session)
            credits.correct(session, actor=SYSTEM, pack=pack, session=live, used=used)

    def expires(self) -> None:
        """Nobody used the rest in time."""
        with db.transaction() as session:
            packs.give_up(session, actor=SYSTEM, pack=self.pack_now(session))

    def gives_back(self, minor: int, sessions: int = 0) -> Refund:
        """A refund of so much, which closes so many sessions, has succeeded."""
        with db.transaction() as session:
            pack = self.pack_now(session) if self.pack else None
            row = Refund(
                order_id=self.order.id,
                payment_id=self.payment.id,
                pack_id=pack.id if pack else None,
                provider=self.payment.provider,
                sessions=sessions,
                amount_minor=minor,
                currency=self.order.currency,
                status=RefundStatus.SUCCEEDED,
                source=RefundSource.ADMIN,
                reason=RefundReason.GOODWILL,
                decided_at=clock.utc_now(),
                settled_at=clock.utc_now(),
            )
            session.add(row)
            session.flush()
            session.get_one(Payment, self.payment.id).refunded_minor += minor
            self._closes(session, row, sessions)
            ledger.post_refund(
                session,
                refund=row,
                pack=pack,
                sessions=sessions,
                owed=False,
                at=clock.utc_now(),
            )
            invoices.credit(session, actor=SYSTEM, refund=row)
        self.refunds.append(row)
        return row

    def _closes(self, session: Session, row: Refund, sessions: int) -> None:
        if sessions and self.pack:
            session.get_one(Pack, self.pack.id).left -= sessions
            session.add(
                CreditEntry(
                    pack_id=self.pack.id,
                    kind=CreditKind.REFUND,
                    amount=-sessions,
                    refund_id=row.id,
                )
            )
            session.flush()

    def arrives(self) -> None:
        """The automatic refund of a payment that bought nothing has succeeded."""
        with db.transaction() as session:
            found = select(Refund).where(Refund.payment_id == self.payment.id)
            row = session.exec(found).one()
            row.status, row.settled_at = RefundStatus.SUCCEEDED, clock.utc_now()
            session.get_one(Payment, self.payment.id).refunded_minor += row.amount_minor
            ledger.post_refund(
                session, refund=row, pack=None, sessions=0, owed=True, at=clock.utc_now()
            )
            row.owed = False
            session.flush()
            results.follow_money(session, session.get_one(Order, self.order.id))

    def names_sessions(self, refund: Refund, sessions: int) -> None:
        """An admin says which sessions a refund was for that had come as money alone."""
        with db.transaction() as session:
            pack = self.pack_now(session)
            row = session.get_one(Refund, refund.id)
            self._closes(session, row, sessions)
            ledger.close_without_money(
                session, refund=row, pack=pack, sessions=sessions, at=clock.utc_now()
            )

    def comes_again(self, refund: Refund) -> None:
        """A refund that had succeeded fails after all."""
        with db.transaction() as session:
            self.pack_now(session) if self.pack else None
            row = session.get_one(Refund, refund.id)
            ledger.post_refund_failed(session, refund=row, at=clock.utc_now())
            row.status, row.owed = RefundStatus.FAILED, True
            session.get_one(Payment, self.payment.id).refunded_minor -= row.amount_minor

    def is_sent_again(self, refund: Refund) -> None:
        """Another attempt at a refund that had failed succeeds."""
        with db.transaction() as session:
            row = session.get_one(Refund, refund.id)
            row.attempt += 1
            row.status = RefundStatus.SUCCEEDED
            ledger.post_refund(
                session, refund=row, pack=None, sessions=0, owed=True, at=clock.utc_now()
            )
            row.owed = False
            session.get_one(Payment, self.payment.id).refunded_minor += row.amount_minor

    def is_paid_by_hand(self, refund: Refund) -> None:
        """An admin has paid a failed refund another way."""
        with db.transaction() as session:
            row = session.get_one(Refund, refund.id)
            row.remedy, row.remedied_at = RefundRemedy.BY_HAND, clock.utc_now()
            ledger.post_refund(
                session,
                refund=row,
                pack=None,
                sessions=0,
                owed=True,
                at=clock.utc_now(),
                to=Account.BY_HAND,
            )

    def is_restored(self, refund: Refund) -> None:
        """Instead of the money of a failed refund, the sessions are there again."""
        with db.transaction() as session:
            pack = self.pack_now(session) if self.pack else None
            row = session.get_one(Refund, refund.id)
            row.remedy, row.remedied_at = RefundRemedy.RESTORED, clock.utc_now()
            ledger.post_restored(session, refund=row, at=clock.utc_now())
            invoices.reissue(session, actor=SYSTEM, refund=row)
            closed = -sum(
                session.exec(
                    select(col(CreditEntry.amount)).where(CreditEntry.refund_id == row.id)
                ).all()
            )
            if pack is not None and closed:
                pack.left += closed
                session.add(
                    CreditEntry(
                        pack_id=pack.id, kind=CreditKind.GRANT, amount=closed, refund_id=row.id
                    )
                )

    def is_disputed(self, minor: int | None = None, fee: int = 0) -> Dispute:
        """The bank took the money back until it decides."""
        with db.transaction() as session:
            row = Dispute(
                provider=self.payment.provider,
                provider_id=f"dp_{self.order.public_id}",
                payment_id=self.payment.id,
                order_id=self.order.id,
                pack_id=self.pack.id if self.pack else None,
                amount_minor=self.order.amount_minor if minor is None else minor,
                currency=self.order.currency,
                fee_minor=fee,
                withdrawn=True,
            )
            session.add(row)
            session.get_one(Payment, self.payment.id).disputed_minor += row.amount_minor
            session.flush()
            ledger.post_withdrawn(session, dispute=row, at=clock.utc_now())
        return row

    def ends(self, dispute: Dispute, status: DisputeStatus) -> None:
        """The bank has decided."""
        with db.transaction() as session:
            row = session.get_one(Dispute, dispute.id)
            row.status, row.closed_at = status, clock.utc_now()
            if status is DisputeStatus.WON:
                session.get_one(Payment, self.payment.id).disputed_minor -= row.amount_minor
                ledger.post_won(session, dispute=row, at=clock.utc_now())
                return
            pack = self.pack_now(session) if self.pack else None
            if pack is not None and pack.left:
                session.add(CreditEntry(pack_id=pack.id, kind=CreditKind.REFUND, amount=-pack.left))
                pack.left = 0
            ledger.post_lost(session, dispute=row, pack=pack, at=clock.utc_now())
            invoices.credit_lost(session, actor=SYSTEM, dispute=row)


def bought(
    price: int = 12_000,
    *,
    sessions: int = 4,
    currency: str = "EUR",
    tax: int = 0,
    capacity: int = 10,
    percent: int | None = None,
    paid: Money | None = None,
    fee: Money | None = None,
    name: str = "Nora Novak",
) -> Bought:
    """Somebody bought a pack of a mentor of their own, and paid; `paid` when it is not the price.

    The pack does not end. Tax is contained in the price.
    """
    mentor = a_mentor(f"Mentor of {name}", capacity=capacity, share_percent=percent)
    offer = an_offer(mentor, price, sessions=sessions, currency=currency, validity_days=None)
    more: dict[str, Any] = {}
    if tax:
        more = {"tax_mode": TaxMode.INCLUDED, "tax_rate_bp": 1900, "tax_minor": tax}
    order = an_order(onboarded(a_user(name)), offer, **more)
    return paid_once(order, paid or Money(price, currency), fee=fee)


def paid_once(
    order: Order, paid: Money, *, provider: Provider = Provider.STRIPE, fee: Money | None = None
) -> Bought:
    """A payment of an order has come, at one of the providers."""
    payment_id = f"pi_{order.public_id}_{provider}"
    with db.transaction() as session:
        locking.lock(session, mentors=[order.mentor_id], orders=[order.id])
        row = session.get_one(Order, order.id)
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=row,
            provider=provider,
            payment_id=payment_id,
            paid=paid,
            fee=fee,
        )
    with db.reading() as session:
        return Bought(
            session.get_one(Order, order.id),
            session.exec(select(Payment).where(Payment.provider_id == payment_id)).one(),
            session.exec(select(Pack).where(Pack.order_id == order.id)).one_or_none(),
        )
