"""Disputes: an inquiry moves nothing; a chargeback freezes the pack; lost, it ends it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from services import booking, clock, db, disputes, orders, sessions
from services.errors import Conflict, NoCredit, NotAllowed
from services.models import (
    Dispute,
    Invoice,
    InvoiceSeries,
    MentoringSession,
    OrderStatus,
    OutboxMessage,
    PackStatus,
    Payment,
    ReleaseReason,
    Seat,
    SeatStatus,
    SessionStatus,
    UnmatchedKind,
    UnmatchedMoney,
)
from services.models import DisputeStatus as D
from services.orders import Face, OrderView
from services.providers.payments.base import ProviderDispute
from services.providers.payments.registry import payments
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
from tests.services.refunding import DAY, HOUR, Sale, a_sale, euros
from tests.services.rows import a_mentor
from tests.support.studio import BEGINNING, VENDORS, Studio, stored

at_both = pytest.mark.parametrize("vendor", VENDORS)


def as_shown(sale: Sale) -> OrderView:
    """The order as its buyer sees it."""
    with db.reading() as session:
        return orders.get_order(session, actor=sale.buyer, order=sale.order)


@at_both
def test_an_inquiry_moves_nothing_and_closes(studio: Studio, vendor: str) -> None:
    sale = a_sale(studio, vendor=vendor)
    studio.dispute(sale.order, "inquiry")
    studio.deliver()
    assert (the_status(), the_dispute().inquiry, taken()) == (D.OPEN, True, 0)
    assert (sale.credits(), sale.pack().paused_at) == (WHOLE, None)
    studio.close_inquiry(sale.order)
    studio.deliver()
    assert (the_status(), taken(), sale.credits()) == (D.INQUIRY_CLOSED, 0, WHOLE)


@at_both
def test_an_inquiry_that_becomes_a_chargeback_freezes_the_pack(studio: Studio, vendor: str) -> None:
    sale = a_sale(studio, vendor=vendor)
    studio.dispute(sale.order, "inquiry")
    studio.deliver()
    studio.escalate(sale.order)
    studio.deliver()
    assert (the_status(), the_dispute().inquiry, taken()) == (D.OPEN, False, 12_000)
    assert sale.credits() == FROZEN


@at_both
def test_a_frozen_pack_books_nothing_keeps_what_it_has_and_goes_on_when_it_is_won(
    studio: Studio, vendor: str
) -> None:
    sale = a_sale(studio, vendor=vendor)
    until = sale.pack().expires_at
    sale.book(BEGINNING + 3 * DAY)
    studio.dispute(sale.order)
    studio.deliver()
    assert sale.credits() == (PackStatus.FROZEN, 4, 1, 0)
    assert sale.seat() is SeatStatus.ACTIVE
    assert as_shown(sale).face is Face.DISPUTED
    with pytest.raises(NoCredit, match="until the bank has settled a dispute"):
        sale.book(BEGINNING + 4 * DAY)
    [session] = stored(MentoringSession)
    assert session.status is SessionStatus.SCHEDULED

    studio.wait(days=2)
    studio.close_dispute(sale.order, "won")
    studio.deliver()
    assert (the_status(), taken()) == (D.WON, 0)
    assert sale.credits() == (PackStatus.ACTIVE, 4, 1, 0)
    after = sale.pack().expires_at
    assert until is not None and after is not None
    assert abs(after - until - 2 * DAY) < timedelta(minutes=5)
    sale.book(BEGINNING + 5 * DAY)


@at_both
def test_a_lost_dispute_ends_the_pack_its_sessions_and_its_seat(
    studio: Studio, vendor: str
) -> None:
    sale = a_sale(studio, vendor=vendor)
    held = sale.hold_session()
    sale.book(clock.utc_now().replace(minute=0, second=0, microsecond=0) + 3 * DAY)
    studio.dispute(sale.order)
    studio.deliver()
    studio.close_dispute(sale.order, "lost")
    studio.deliver()
    assert (the_status(), taken(), sale.gone_back()) == (D.LOST, 12_000, 0)
    assert the_dispute().fee_minor > 0
    assert sale.credits() == GONE
    [seat] = stored(Seat)
    assert (seat.status, seat.release_reason) == (
        SeatStatus.RELEASED,
        ReleaseReason.DISPUTE_LOST,
    )
    assert {one.status for one in stored(MentoringSession)} == {
        SessionStatus.COMPLETED,
        SessionStatus.CANCELED,
    }
    assert waiting_money() == []
    # Nothing of it is ours any more, so no credit comes back either.
    with pytest.raises(NoCredit):
        sessions.decide(
            actor=sale.admin,
            session=held,
            outcome=SessionStatus.MENTOR_NO_SHOW,
            note="Nobody was there.",
        )


@pytest.mark.parametrize("refunded", [0, 3_000])
def test_after_a_lost_dispute_order_invoice_and_words_say_that_nothing_is_kept(
    studio: Studio, refunded: int
) -> None:
    sale = a_sale(studio)
    if refunded:
        studio.refund_in_dashboard(sale.order, refunded)
        studio.deliver()
    apply(seen(sale))
    assert as_shown(sale).face is Face.DISPUTED
    apply(lost(sale))
    apply(lost(sale))
    order = as_shown(sale)
    assert (order.status, order.face) == (OrderStatus.REFUNDED, Face.CHARGED_BACK)
    assert (order.refunded, order.lost) == (euros(refunded), euros(12_000 - refunded))
    documents = stored(Invoice)
    notes = [one for one in documents if one.series is InvoiceSeries.CREDIT_NOTE]
    assert sum(one.total_minor for one in notes) == 12_000
    [of_dispute] = [one for one in notes if one.dispute_id is not None]
    assert of_dispute.total_minor == 12_000 - refunded
    assert "Chargeback on invoice" in str(of_dispute.lines)


def test_a_session_that_has_begun_keeps_its_credit_when_the_dispute_is_lost(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    [session] = sale.book(BEGINNING + 3 * DAY)
    studio.dispute(sale.order)
    studio.deliver()
    studio.wait_until(BEGINNING + 3 * DAY + HOUR / 2)
    studio.close_dispute(sale.order, "lost")
    studio.deliver()
    assert sale.credits() == (PackStatus.ACTIVE, 1, 1, 0)
    with pytest.raises(NoCredit):
        sale.book(BEGINNING + 5 * DAY)
    studio.wait(hours=2)
    sessions.decide(
        actor=sale.admin, session=session, outcome=SessionStatus.COMPLETED, note="It was held."
    )
    assert sale.credits() == (PackStatus.DEPLETED, 0, 0, 0)


def readings(studio: Studio, sale: Sale, vendor: str, end: str) -> list[ProviderDispute]:
    """All that the provider shows of one dispute: asked, claimed, decided."""
    shown: list[ProviderDispute] = []

    def look() -> None:
        [case] = [
            one
            for one in payments(vendor).list_disputes(BEGINNING)
            if one.payment_id == stored(Payment)[-1].provider_id
        ]
        shown.append(case)

    studio.dispute(sale.order, "inquiry")
    look()
    studio.escalate(sale.order)
    look()
    studio.close_dispute(sale.order, end)
    look()
    studio.lose_webhooks()
    return shown


@at_both
@pytest.mark.parametrize("end", ["won", "lost"])
def test_what_is_shown_in_any_order_and_twice_ends_alike(
    studio: Studio, vendor: str, end: str
) -> None:
    for number, places in enumerate(permutations(range(3))):
        sale = a_sale(
            studio, name=f"Nora Novak{number}", mentor=a_mentor(f"Mina {number}"), vendor=vendor
        )
        shown = readings(studio, sale, vendor, end)
        for place in (*places, *places):
            apply(shown[place], vendor)
        row = stored(Payment)[-1]
        assert row.disputed_minor == (0 if end == "won" else 12_000), places
        assert sale.credits() == (WHOLE if end == "won" else GONE), places
    assert waiting_money() == []
    assert {one.status.value for one in stored(Dispute)} == {end}


def test_a_dispute_takes_no_more_than_a_refund_has_left(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.refund_in_dashboard(sale.order, 3_000)
    studio.deliver()
    apply(seen(sale))
    assert taken() == 9_000
    [more] = stored(UnmatchedMoney)
    assert (more.kind, more.amount_minor) == (UnmatchedKind.DISPUTE, 3_000)
    apply(won(sale))
    assert (taken(), waiting_money()) == (0, [])


def test_a_dispute_of_an_unknown_payment_is_kept_once_and_an_inquiry_about_one_not_at_all(
    studio: Studio,
) -> None:
    a_sale(studio)
    assert not apply(seen(None, id="du_2", inquiry=True, withdrawn=False))
    assert stored(UnmatchedMoney) == []
    assert not apply(seen(None))
    assert not apply(seen(None))
    [row] = stored(UnmatchedMoney)
    assert (row.kind, row.amount_minor) == (UnmatchedKind.DISPUTE, 12_000)


def test_a_provider_that_changes_its_mind_is_never_followed_in_silence(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    apply(lost(sale))
    apply(won(sale))
    assert the_status() is D.LOST
    assert waiting_money() == [12_000]


def test_two_chargebacks_of_one_payment_freeze_until_both_are_over(studio: Studio) -> None:
    sale = a_sale(studio)
    half = {"amount": euros(6_000)}
    apply(seen(sale, **half))
    apply(seen(sale, id="du_2", **half))
    assert taken() == 12_000
    apply(won(sale, **half))
    assert sale.credits() == FROZEN
    apply(won(sale, id="du_2", **half))
    assert (sale.credits(), taken()) == (WHOLE, 0)


def test_a_booked_session_of_a_frozen_pack_can_still_be_canceled(studio: Studio) -> None:
    sale = a_sale(studio)
    [session] = sale.book(BEGINNING + 4 * DAY)
    apply(seen(sale))
    booking.cancel(actor=sale.buyer, session=session, sequence=0)
    assert sale.credits() == FROZEN
    with pytest.raises(Conflict):
        sale.book(BEGINNING + 5 * DAY)


def test_admins_are_warned_once_three_days_before_evidence_is_due(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    assert disputes.warn_due() == 0
    studio.wait(days=8)
    assert disputes.warn_due() == 1
    assert disputes.warn_due() == 1
    told = [row.unique_key for row in stored(OutboxMessage) if "dispute_due" in row.unique_key]
    assert len(told) == 1


@pytest.mark.parametrize("who", ["buyer", "admin"])
def test_only_admins_read_disputes(studio: Studio, who: str) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    with db.reading() as session:
        if who == "buyer":
            with pytest.raises(NotAllowed):
                disputes.list_all(session, actor=sale.buyer)
            return
        [view] = disputes.list_all(session, actor=sale.admin)
    assert (view.order, view.amount, view.fee) == (sale.order, euros(12_000), euros(2_000))
    assert view.frozen
