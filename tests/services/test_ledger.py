"""The ledger: what is posted when money comes, is earned, goes back, or is fought over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import clock, credits, db, ledger, locking, packs, payments
from services.audit import SYSTEM
from services.ledger import check_orders
from services.models import (
    Dispute,
    DisputeStatus,
    MentoringSession,
    Order,
    Pack,
    PackShare,
    Payment,
    Posting,
    PostingKind,
    Provider,
    SessionStatus,
    ShareState,
)
from services.money import Money
from tests.services.ledgers import bought, paid_once
from tests.services.meetings import at, together
from tests.services.rows import a_mentor, a_session, a_user, an_offer, an_order
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, stored


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    """The clock stands still, and in the end every order adds up."""
    with clock.at(BEGINNING):
        yield
        assert check_orders() == []


def test_a_sale_is_owed_in_sessions_until_they_are_held() -> None:
    sale = bought(12_000)
    assert sale.accounts() == {"provider": 12_000, "deferred": 12_000}
    sale.holds()
    assert sale.accounts() == {
        "provider": 12_000,
        "deferred": 9_000,
        "earned": 3_000,
        "mentor share": 2_100,
        "mentor earnings": 2_100,
    }
    sale.holds(3)
    assert sale.accounts() == {
        "provider": 12_000,
        "earned": 12_000,
        "mentor share": 8_400,
        "mentor earnings": 8_400,
    }


def test_cents_that_cannot_be_divided_are_in_the_first_sessions() -> None:
    sale = bought(10_003)
    assert [share.amount_minor for share in stored(PackShare)] == [2_501, 2_501, 2_501, 2_500]
    sale.holds(4)
    assert sale.accounts()["earned"] == 10_003


def test_a_mentor_with_a_share_of_their_own_gets_that_one() -> None:
    with environment_of({"MENTOR_SHARE_PERCENT": "50"}):
        usual, own, none = bought(), bought(percent=85, name="Omar O"), bought(percent=0, name="Z")
        for sale in (usual, own, none):
            sale.holds()
    assert usual.accounts()["mentor earnings"] == 1_500
    assert own.accounts()["mentor earnings"] == 2_550
    assert "mentor earnings" not in none.accounts()


def test_an_outcome_that_is_corrected_takes_back_what_it_earned_whatever_the_share_is_now() -> None:
    sale = bought()
    before = sale.accounts()
    sale.holds()
    with environment_of({"MENTOR_SHARE_PERCENT": "10"}):
        sale.corrects(sale.met[0], used=False)
        assert sale.accounts() == before
        sale.corrects(sale.met[0], used=True)
    assert sale.accounts()["mentor earnings"] == 300
    kinds = [row.kind for row in stored(Posting) if row.leg == 1]
    session, undone = PostingKind.SESSION, PostingKind.SESSION_UNDONE
    assert kinds == [PostingKind.PAYMENT, session, undone, session]


def test_what_expires_is_earned_by_the_studio_alone() -> None:
    sale = bought()
    sale.holds()
    sale.expires()
    assert sale.accounts() == {
        "provider": 12_000,
        "earned": 12_000,
        "mentor share": 2_100,
        "mentor earnings": 2_100,
    }
    states = [share.state for share in stored(PackShare)]
    assert states == [ShareState.EARNED, *[ShareState.EXPIRED] * 3]


def test_tax_is_owed_to_the_state_and_never_earned() -> None:
    sale = bought(10_001, tax=1_597)
    assert sale.accounts() == {"provider": 10_001, "deferred": 8_404, "tax": 1_597}
    sale.holds(4)
    assert sale.accounts()["earned"] == 8_404
    assert sale.accounts()["tax"] == 1_597


def test_a_payment_without_a_place_is_owed_back_at_once_and_sums_to_zero_when_it_went() -> None:
    sale = bought(capacity=0)
    assert sale.pack is None
    assert sale.accounts() == {"provider": 12_000, "refunds": 12_000}
    sale.arrives()
    assert sale.accounts() == {}


def test_paid_at_both_ends_is_one_pack_and_the_second_payment_is_owed_back() -> None:
    sale = bought()
    again = paid_once(sale.order, Money(12_000, "EUR"), provider=Provider.PAYPAL)
    assert again.order.provider is Provider.STRIPE
    assert again.accounts() == {"provider": 24_000, "deferred": 12_000, "refunds": 12_000}
    assert len(stored(PackShare)) == 4


@pytest.mark.parametrize("paid", [Money(11_999, "EUR"), Money(12_000, "USD")])
def test_money_that_does_not_fit_is_nobodys_until_it_is_given_back(paid: Money) -> None:
    sale = bought(paid=paid)
    with db.reading() as session:
        book = ledger.balances(session, order_id=sale.order.id)
    assert {(account.value, currency): minor for (account, currency), minor in book.items()} == {
        ("provider", paid.currency): paid.minor,
        ("unmatched", paid.currency): paid.minor,
    }
    sale.order.currency = paid.currency
    sale.gives_back(paid.minor)
    assert sale.accounts() == {}


def test_a_fee_counts_once_whenever_it_becomes_known() -> None:
    sale = bought(fee=Money(420, "EUR"))
    assert sale.accounts() == {"provider": 11_580, "deferred": 12_000, "fees": 420}
    for fee in (Money(420, "EUR"), Money(500, "EUR")):
        paid_once(sale.order, Money(12_000, "EUR"), fee=fee)
    assert sale.accounts()["fees"] == 420
    later = bought(name="Lena Later")
    paid_once(later.order, Money(12_000, "EUR"), fee=Money(390, "EUR"))
    assert later.accounts()["fees"] == 390


def test_a_fee_in_another_currency_is_never_added_to_the_price() -> None:
    sale = bought(fee=Money(450, "USD"))
    assert sale.accounts() == {"provider": 12_000, "deferred": 12_000}
    assert sale.payment.fee_minor is None
    with db.reading() as session:
        book = ledger.balances(session, order_id=sale.order.id)
    dollars = {account.value: minor for (account, code), minor in book.items() if code == "USD"}
    assert dollars == {"fees": 450, "provider": -450}


def test_unused_sessions_are_given_back_at_what_was_paid_for_them() -> None:
    sale = bought(10_003)
    sale.holds()
    with db.reading() as session:
        assert sale.pack
        assert ledger.value_of_open(session, sale.pack) == Money(7_502, "EUR")
        assert ledger.value_of_open(session, sale.pack, sessions=2) == Money(5_001, "EUR")
    sale.gives_back(5_001, sessions=2)
    assert sale.accounts() == {
        "provider": 5_002,
        "deferred": 2_501,
        "earned": 2_501,
        "mentor share": 1_750,
        "mentor earnings": 1_750,
    }
    sale.holds()
    assert "deferred" not in sale.accounts()


def test_the_tax_of_a_refund_is_that_of_its_sessions_and_all_of_it_in_the_end() -> None:
    sale = bought(10_001, tax=1_597)
    shares = stored(PackShare)
    sale.gives_back(shares[3].amount_minor, sessions=1)
    assert sale.accounts()["tax"] == 1_597 - shares[3].tax_minor
    sale.holds(2)
    sale.gives_back(sale.order.amount_minor - shares[3].amount_minor, sessions=1)
    rest = sale.accounts()
    earnings = rest.pop("mentor earnings")
    assert rest == {"mentor share": earnings}, "mentors keep what they have earned"


def test_goodwill_comes_out_of_what_was_earned_and_later_sessions_make_up_for_it() -> None:
    sale = bought()
    sale.gives_back(2_000)
    assert sale.accounts() == {"provider": 10_000, "deferred": 12_000, "earned": -2_000}
    sale.holds(4)
    assert sale.accounts()["earned"] == 10_000


def test_a_part_that_came_back_as_money_alone_may_be_given_its_sessions_later() -> None:
    sale = bought()
    refund = sale.gives_back(6_000)
    sale.names_sessions(refund, 2)
    assert sale.accounts() == {"provider": 6_000, "deferred": 6_000}
    sale.comes_again(refund)
    sale.is_restored(refund)
    assert sale.accounts() == {"provider": 12_000, "deferred": 12_000}
    assert {share.state for share in stored(PackShare)} == {ShareState.OPEN}


def test_closing_sessions_that_goodwill_has_paid_for_already_moves_only_the_rest() -> None:
    sale = bought()
    sale.gives_back(2_000)
    sale.gives_back(10_000, sessions=4)
    assert sale.accounts() == {}


def test_a_refund_that_fails_after_all_is_owed_until_it_is_sent_again() -> None:
    sale = bought()
    refund = sale.gives_back(6_000, sessions=2)
    gone = sale.accounts()
    sale.comes_again(refund)
    assert sale.accounts() == gone | {"provider": 12_000, "refunds": 6_000}
    sale.is_sent_again(refund)
    assert sale.accounts() == gone


def test_a_failed_refund_that_was_paid_another_way_is_owed_no_more() -> None:
    sale = bought()
    refund = sale.gives_back(12_000, sessions=4)
    sale.comes_again(refund)
    sale.is_paid_by_hand(refund)
    assert sale.accounts() == {"provider": 12_000, "by hand": -12_000}


def test_a_failed_refund_may_become_the_same_sessions_again() -> None:
    sale = bought(10_003, tax=1_597)
    sale.holds()
    before = sale.accounts()
    refund = sale.gives_back(5_001, sessions=2)
    sale.comes_again(refund)
    sale.is_restored(refund)
    assert sale.accounts() == before
    sale.holds(3)
    assert sale.accounts()["earned"] == 10_003 - 1_597


def test_a_dispute_that_is_won_gives_the_money_back_and_keeps_its_fee() -> None:
    sale = bought()
    sale.holds()
    before = sale.accounts()
    dispute = sale.is_disputed(fee=1_500)
    assert sale.accounts()["provider"] == -1_500
    assert sale.accounts()["disputes"] == 12_000
    sale.ends(dispute, DisputeStatus.WON)
    assert sale.accounts() == before | {"provider": 10_500, "fees": 1_500}


def test_a_dispute_that_is_lost_takes_the_open_sessions_and_what_was_earned() -> None:
    sale = bought(tax=1_916)
    sale.holds()
    dispute = sale.is_disputed()
    sale.ends(dispute, DisputeStatus.LOST)
    part = sale.accounts().pop("mentor earnings")
    assert sale.accounts() == {"mentor share": part, "mentor earnings": part}
    states = {share.state for share in stored(PackShare)}
    assert states == {ShareState.EARNED, ShareState.DISPUTED}


def test_what_happened_once_is_posted_once_however_often_it_is_told() -> None:
    sale = bought()
    dispute = sale.is_disputed()
    sale.ends(dispute, DisputeStatus.WON)
    count = len(stored(Posting))
    with db.transaction() as session:
        live = session.get_one(Dispute, dispute.id)
        ledger.post_withdrawn(session, dispute=live, at=clock.utc_now())
        ledger.post_won(session, dispute=live, at=clock.utc_now())
        ledger.post_sale(
            session,
            order=session.get_one(Order, sale.order.id),
            payment=session.get_one(Payment, sale.payment.id),
        )
    assert len(stored(Posting)) == count


def test_a_granted_pack_moves_no_money() -> None:
    two = together(left=2, reserved=1)
    row = a_session(two.pack, at(3), status=SessionStatus.COMPLETED)
    with db.transaction() as session:
        pack = session.get_one(Pack, two.pack.id)
        live = session.get_one(MentoringSession, row.id)
        credits.consume(session, actor=SYSTEM, pack=pack, session=live)
        credits.correct(session, actor=SYSTEM, pack=pack, session=live, used=False)
        packs.give_up(session, actor=SYSTEM, pack=pack)
        with pytest.raises(ValueError, match="granted"):
            ledger.value_of_open(session, pack)
    assert stored(Posting) == stored(PackShare) == []


def test_an_order_that_costs_nothing_has_sessions_worth_nothing_and_no_postings() -> None:
    offer = an_offer(a_mentor())
    order = an_order(
        a_user(), offer, amount_minor=0, discount_minor=offer.price_minor, provider=None
    )
    with db.transaction() as session:
        locking.lock(session, mentors=[order.mentor_id], orders=[order.id])
        payments.fulfil_free(session, actor=SYSTEM, order=session.get_one(Order, order.id))
    assert [share.amount_minor for share in stored(PackShare)] == [0, 0, 0, 0]
    assert stored(Posting) == []
