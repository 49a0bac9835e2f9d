"""Whatever happens to packs, in whatever order: every order adds up after each step, and in the end
no cent is missing."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services import clock, db
from services.ledger import check_orders
from services.models import Pack, PackShare, Refund, RefundStatus, ShareState
from tests.services.ledgers import Bought, bought
from tests.support.studio import BEGINNING

STEPS = ("hold", "turn", "expire", "close", "goodwill", "name", "fail", "again", "hand", "restore")
names = count(1)


class Story:
    """One pack, and what may happen to it next; what cannot happen now is left out."""

    def __init__(self, sale: Bought) -> None:
        self.sale = sale
        self.used: dict[int, bool] = {}
        self.failed: list[Refund] = []

    def open(self) -> list[PackShare]:
        """The parts of sessions that are not settled, the last one first."""
        assert self.sale.pack
        with db.reading() as session:
            found = (
                select(PackShare)
                .where(PackShare.pack_id == self.sale.pack.id, PackShare.state == ShareState.OPEN)
                .order_by(col(PackShare.number).desc())
            )
            return list(session.exec(found).all())

    def rest(self) -> int:
        """What of the payment has not gone back."""
        with db.reading() as session:
            payment = session.get_one(type(self.sale.payment), self.sale.payment.id)
            return payment.amount_minor - payment.refunded_minor

    def goes_on(self, step: str, number: int) -> None:
        """Take a step, if it can be taken."""
        getattr(self, f"_{step}")(number)

    def _hold(self, _number: int) -> None:
        if self.open():
            self.sale.holds()
            self.used[len(self.sale.met) - 1] = True

    def _turn(self, number: int) -> None:
        if not self.used:
            return
        place = number % len(self.used)
        used = not self.used[place]
        if not used or self.open():
            self.sale.corrects(self.sale.met[place], used=used)
            self.used[place] = used

    def _expire(self, number: int) -> None:
        if number % 4 == 0:
            self.sale.expires()

    def _close(self, number: int) -> None:
        found = self.open()[: 1 + number % 3]
        minor = min(sum(share.amount_minor for share in found), self.rest())
        if found and minor:
            self.sale.gives_back(minor, sessions=len(found))

    def _goodwill(self, number: int) -> None:
        minor = min(1 + number % 700, self.rest())
        if minor:
            self.sale.gives_back(minor)

    def _name(self, number: int) -> None:
        alone = [one for one in self._alive() if not one.sessions]
        if alone and self.open():
            self.sale.names_sessions(alone[number % len(alone)], 1)
            self.sale.refunds.remove(alone[number % len(alone)])

    def _fail(self, number: int) -> None:
        if alive := self._alive():
            refund = alive[number % len(alive)]
            self.sale.comes_again(refund)
            self.failed.append(refund)

    def _again(self, number: int) -> None:
        if self.failed:
            refund = self.failed[number % len(self.failed)]
            if refund.amount_minor <= self.rest():
                self.sale.is_sent_again(refund)
                self.failed.remove(refund)

    def _hand(self, number: int) -> None:
        if self.failed:
            refund = self.failed.pop(number % len(self.failed))
            self.sale.is_paid_by_hand(refund)
            self.sale.refunds.remove(refund)

    def _restore(self, number: int) -> None:
        if self.failed:
            refund = self.failed.pop(number % len(self.failed))
            self.sale.is_restored(refund)
            self.sale.refunds.remove(refund)

    def _alive(self) -> list[Refund]:
        with db.reading() as session:
            ids = session.exec(
                select(Refund.id).where(
                    Refund.order_id == self.sale.order.id,
                    Refund.status == RefundStatus.SUCCEEDED,
                )
            ).all()
        return [one for one in self.sale.refunds if one.id in ids]


steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 999)), min_size=4, max_size=14)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    price=st.integers(100, 20_000),
    sessions=st.integers(1, 9),
    rate=st.sampled_from([0, 7, 19]),
    told=steps,
)
@pytest.mark.usefixtures("database")
def test_every_order_adds_up_after_every_step(
    price: int, sessions: int, rate: int, told: list[tuple[str, int]]
) -> None:
    with clock.at(BEGINNING):
        tax = price * rate // (100 + rate)
        sale = bought(price, sessions=sessions, tax=tax, name=f"Nora {next(names)}")
        story = Story(sale)
        for step, number in told:
            story.goes_on(step, number)
            assert check_orders() == [], (step, number)
        _ends(story)


def _ends(story: Story) -> None:
    """All that is owed is paid, all that is open is held: what remains was earned, or is tax."""
    sale = story.sale
    while story.failed:
        story.goes_on("hand", 0)
    while story.open():
        story.goes_on("hold", 0)
    assert check_orders() == []
    left: dict[str, Any] = sale.accounts()
    assert left.pop("mentor share", 0) == left.pop("mentor earnings", 0)
    money = left.pop("provider", 0) + left.pop("by hand", 0)
    assert money == left.pop("earned", 0) + left.pop("tax", 0)
    assert left == {}
    with db.reading() as session:
        assert sale.pack
        assert session.get_one(Pack, sale.pack.id).left == 0
