"""A refund and a dispute of one payment: whichever comes later, no euro is counted twice, and no
webhook fails for ever."""

from __future__ import annotations

from services import clock, refunds
from services.models import (
    DisputeStatus,
    InboxEvent,
    InboxStatus,
    OutboxMessage,
    PackStatus,
    Payment,
    RefundScope,
    RefundStatus,
)
from services.providers.payments.base import ProviderRefund, RefundState
from tests.services.disputing import (
    FROZEN,
    GONE,
    WHOLE,
    apply,
    lost,
    seen,
    taken,
    the_dispute,
    the_status,
    waiting_money,
    won,
)
from tests.services.refunding import Sale, a_sale, euros
from tests.support.studio import REFUND_PENDS, Studio, stored


def one_session_back(sale: Sale) -> str:
    """An admin gives one unused session's part back: €30.00. Nothing was sent yet."""
    return refunds.start(actor=sale.admin, order=sale.order, scope=RefundScope.UNUSED, sessions=1)


def arrived(sale: Sale, refund: str, minor: int = 3_000) -> ProviderRefund:
    """The provider says that it sent the refund."""
    return ProviderRefund(
        id="re_late",
        refund=refund,
        attempt=1,
        payment_id=stored(Payment)[0].provider_id,
        amount=euros(minor),
        state=RefundState.SUCCEEDED,
        created_at=clock.utc_now(),
    )


def tell(done: ProviderRefund) -> bool:
    return refunds.apply_seen(provider="stripe", done=done)


def alerts(code: str) -> int:
    """How many admins were told so."""
    return sum(f"mail:alert:{code}:" in row.unique_key for row in stored(OutboxMessage))


def pending_when_disputed(studio: Studio) -> Sale:
    """One session's part is on its way back when a bank takes all of the payment, and then the
    provider says that it arrived."""
    sale = a_sale(studio, card=REFUND_PENDS)
    one_session_back(sale)
    studio.send()
    assert sale.status() is RefundStatus.PENDING
    studio.dispute(sale.order)
    studio.deliver()
    assert taken() == 12_000
    studio.wait(minutes=1)
    studio.deliver()
    return sale


def test_a_refund_that_arrives_while_a_bank_has_the_money_waits_as_unmatched_money(
    studio: Studio,
) -> None:
    sale = pending_when_disputed(studio)
    assert (sale.status(), sale.gone_back(), waiting_money()) == (RefundStatus.PENDING, 0, [3_000])
    assert {event.status for event in stored(InboxEvent)} <= {
        InboxStatus.HANDLED,
        InboxStatus.IGNORED,
    }
    assert alerts("refund_disputed") == 1


def test_it_counts_when_the_dispute_is_won(studio: Studio) -> None:
    sale = pending_when_disputed(studio)
    studio.close_dispute(sale.order, "won")
    studio.deliver()
    studio.deliver()
    assert (sale.status(), sale.gone_back(), taken()) == (RefundStatus.SUCCEEDED, 3_000, 0)
    assert waiting_money() == []
    assert sale.credits() == (PackStatus.ACTIVE, 3, 0, 0)
    assert sale.pack().paused_at is None


def test_it_is_over_when_the_dispute_is_lost_and_its_money_stays_unmatched(studio: Studio) -> None:
    sale = pending_when_disputed(studio)
    studio.close_dispute(sale.order, "lost")
    studio.deliver()
    assert (sale.status(), sale.gone_back(), taken()) == (RefundStatus.CANCELED, 0, 12_000)
    assert waiting_money() == [3_000]
    assert sale.credits() == GONE
    assert tell(arrived(sale, sale.refund().public_id)) in {True, False}
    assert (sale.gone_back(), taken()) == (0, 12_000)


def test_a_refund_that_the_provider_refuses_because_of_the_dispute_fails_in_words(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    one_session_back(sale)
    studio.dispute(sale.order)
    studio.deliver()
    studio.send()
    assert sale.status() is RefundStatus.FAILED
    assert sale.credits() == FROZEN
    assert sale.pack().paused_at is not None
    assert alerts("refund_failed") == 1
    studio.close_dispute(sale.order, "won")
    studio.deliver()
    assert sale.credits() == WHOLE


def test_a_dashboard_refund_beside_a_dispute_waits_until_the_dispute_is_won(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    assert not tell(arrived(sale, ""))
    assert waiting_money() == [3_000]
    apply(won(sale))
    assert tell(arrived(sale, ""))
    assert (sale.gone_back(), waiting_money()) == (3_000, [])


def test_a_dispute_of_what_went_back_before_takes_nothing_and_freezes_nothing(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    studio.refund_in_dashboard(sale.order, 12_000)
    studio.deliver()
    assert sale.credits() == GONE
    apply(seen(sale))
    assert (taken(), the_dispute().withdrawn, waiting_money()) == (0, False, [12_000])
    apply(lost(sale))
    assert (the_status(), sale.gone_back(), taken()) == (DisputeStatus.LOST, 12_000, 0)


def test_a_refund_that_arrives_after_a_part_was_lost_closes_its_own_session(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    refund = one_session_back(sale)
    part = {"amount": euros(3_000)}
    apply(seen(sale, **part))
    apply(lost(sale, **part))
    assert sale.status() is RefundStatus.CANCELED
    assert sale.credits() == (PackStatus.ACTIVE, 3, 0, 0)
    assert tell(arrived(sale, refund))
    assert (sale.status(), sale.gone_back(), taken()) == (RefundStatus.SUCCEEDED, 3_000, 3_000)
    assert sale.credits() == (PackStatus.ACTIVE, 2, 0, 0)


def test_a_refund_sent_too_late_after_all_was_lost_stays_outside(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = one_session_back(sale)
    apply(seen(sale))
    apply(lost(sale))
    for _ in range(2):
        assert tell(arrived(sale, refund))
    assert (sale.status(), sale.gone_back(), waiting_money()) == (RefundStatus.CANCELED, 0, [3_000])


def test_a_lost_dispute_ends_the_refund_that_was_asked_for(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.ask()
    apply(seen(sale))
    apply(lost(sale))
    assert sale.status() is RefundStatus.CANCELED
    assert sale.credits() == GONE


def test_a_denied_refund_leaves_a_disputed_pack_frozen(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    apply(seen(sale))
    refunds.decide(actor=sale.admin, refund=refund, approve=False, note="The bank decides first.")
    assert sale.credits() == FROZEN
    assert sale.pack().paused_at is not None


def test_a_request_still_rests_the_pack_after_a_dispute_that_was_won(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    apply(seen(sale))
    apply(won(sale))
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 4)
    assert sale.pack().paused_at is not None
    refunds.decide(actor=sale.admin, refund=refund, approve=False, note="Not this time.")
    assert (sale.credits(), sale.pack().paused_at) == (WHOLE, None)
