"""What becomes of refunds at the provider: made in its dashboard, refused, or come back later."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from jobs.inbox import handle_inbox
from services import checkout, clock, db, operators, refunds, sessions, unmatched
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    MentoringSession,
    Order,
    OrderStatus,
    PackStatus,
    Refund,
    RefundRemedy,
    RefundScope,
    RefundSource,
    RefundStatus,
    SeatStatus,
    SessionStatus,
    UnmatchedMoney,
    UnmatchedStatus,
)
from services.money import Money
from services.providers.payments import registry
from services.providers.payments.base import ProviderRefund, RefundState
from tests.services.refunding import DAY, Sale, a_sale, euros
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import BEGINNING, REFUND_FAILS_LATER, REFUND_PENDS, Studio, stored

R = RefundStatus
GONE = (PackStatus.REFUNDED, 0, 0, 0)
WHOLE = (PackStatus.ACTIVE, 4, 0, 0)


def approved(sale: Sale) -> str:
    """The buyer asked, an admin said yes, and the provider was told."""
    refund = sale.ask()
    refunds.decide(actor=sale.admin, refund=refund, approve=True)
    sale.studio.send()
    return refund


def seen(**changes: object) -> ProviderRefund:
    """A refund that a provider shows and that fits nothing, unless told otherwise."""
    fields: dict[str, object] = {
        "id": "re_stranger",
        "refund": "",
        "attempt": 0,
        "payment_id": "pi_stranger",
        "amount": euros(1_000),
        "state": RefundState.SUCCEEDED,
        "created_at": clock.utc_now(),
    }
    return ProviderRefund(**(fields | changes))  # type: ignore[arg-type]


def test_a_whole_refund_in_the_dashboard_ends_the_pack_by_itself(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.book(BEGINNING + 3 * DAY)
    studio.refund_in_dashboard(sale.order, 12_000)
    studio.deliver()
    studio.deliver()
    assert (sale.status(), sale.credits()) == (R.SUCCEEDED, GONE)
    assert sale.refund().source is RefundSource.PROVIDER
    assert sale.seat() is SeatStatus.RELEASED
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    assert [s.status for s in stored(MentoringSession)] == [SessionStatus.CANCELED]
    studio.send()
    assert studio.mails("nora.novak@example.com").count("€120.00 is on its way back to you") == 1


def test_a_part_in_the_dashboard_moves_money_alone_until_an_admin_says_what_for(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    studio.refund_in_dashboard(sale.order, 3_000)
    studio.deliver()
    assert (sale.gone_back(), sale.credits()) == (3_000, WHOLE)
    [asked] = sale.views()
    assert (asked.asks_sessions, asked.unused) == (True, 4)
    studio.send()
    assert studio.alert(asked.public_id) in studio.mails("ada.nora.novak@example.com")
    for wrong, error in ((5, InvalidInput), (-1, InvalidInput)):
        with pytest.raises(error):
            refunds.close_sessions(actor=sale.admin, refund=asked.public_id, sessions=wrong)
    for _ in range(2):
        refunds.close_sessions(actor=sale.admin, refund=asked.public_id, sessions=1)
    assert sale.credits() == (PackStatus.ACTIVE, 3, 0, 0)
    assert sale.quote().amount == euros(9_000)
    with pytest.raises(Conflict):
        refunds.close_sessions(actor=sale.admin, refund=asked.public_id, sessions=2)


def test_a_part_in_the_dashboard_may_have_been_a_gesture(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.refund_in_dashboard(sale.order, 3_000)
    studio.deliver()
    refunds.close_sessions(actor=sale.admin, refund=sale.refund().public_id, sessions=0)
    assert (sale.credits(), sale.quote().amount) == (WHOLE, euros(9_000))
    assert sale.pack().paused_at is None
    assert not sale.views()[0].asks_sessions


def test_a_session_under_way_keeps_a_pack_shut_whose_money_went_back(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 2 * DAY)
    studio.wait_until(BEGINNING + 2 * DAY + timedelta(minutes=5))
    studio.refund_in_dashboard(sale.order, 12_000)
    studio.deliver()
    assert sale.credits() == (PackStatus.ACTIVE, 4, 1, 3)
    with pytest.raises(Conflict):
        sale.book(BEGINNING + 5 * DAY)
    studio.wait(hours=2)
    sessions.decide(
        actor=sale.admin, session=booked, outcome=SessionStatus.COMPLETED, note="It was held."
    )
    refunds.close_sessions(actor=sale.admin, refund=sale.refund().public_id, sessions=3)
    assert sale.credits() == GONE


def test_what_was_asked_for_ends_when_all_of_it_went_back_in_the_dashboard(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    asked = sale.ask()
    studio.refund_in_dashboard(sale.order, 12_000)
    studio.deliver()
    states = {row.public_id: row.status for row in stored(Refund)}
    assert states.pop(asked) is R.CANCELED
    assert (list(states.values()), sale.credits()) == ([R.SUCCEEDED], GONE)
    with pytest.raises(Conflict):
        refunds.decide(actor=sale.admin, refund=asked, approve=True)


def test_a_part_in_the_dashboard_makes_the_waiting_request_smaller(studio: Studio) -> None:
    sale = a_sale(studio)
    asked = sale.ask()
    studio.refund_in_dashboard(sale.order, 5_000)
    studio.deliver()
    refunds.decide(actor=sale.admin, refund=asked, approve=True)
    studio.send()
    assert (sorted(sale.at_provider()), sale.credits()) == ([5_000, 7_000], GONE)


def test_money_that_fits_nothing_is_unmatched_and_never_guessed(studio: Studio) -> None:
    sale = a_sale(studio)
    page = studio.checkout(studio.checkout_of(sale.order))
    strange = [
        seen(),
        seen(id="re_2", payment_id=page["payment_intent"], amount=euros(12_001)),
        seen(id="re_3", payment_id=page["payment_intent"], amount=Money(1_000, "USD")),
        seen(id="re_4", refund="ref_forged", payment_id="pi_other"),
    ]
    for done in strange * 2:
        assert refunds.apply_seen(provider="stripe", done=done) is False
    assert {row.provider_id for row in stored(UnmatchedMoney)} == {done.id for done in strange}
    assert (stored(Refund), sale.credits(), sale.gone_back()) == ([], WHOLE, 0)
    studio.send()
    alerts = studio.mails("ada.nora.novak@example.com")
    assert len([one for one in alerts if one.endswith(" at Stripe")]) == 4


def test_a_failed_refund_that_is_not_ours_moved_nothing(studio: Studio) -> None:
    a_sale(studio)
    assert refunds.apply_seen(provider="stripe", done=seen(state=RefundState.FAILED)) is True
    assert (stored(UnmatchedMoney), stored(Refund)) == ([], [])


def test_a_forged_mark_of_a_waiting_request_does_not_decide_it(studio: Studio) -> None:
    """Somebody refunds in the dashboard and writes our id into the metadata."""
    sale = a_sale(studio)
    asked = sale.ask()
    page = studio.checkout(studio.checkout_of(sale.order))
    done = seen(refund=asked, attempt=1, payment_id=page["payment_intent"])
    assert refunds.apply_seen(provider="stripe", done=done) is True
    states = {row.source: row.status for row in stored(Refund)}
    assert states == {RefundSource.MENTEE: R.REQUESTED, RefundSource.PROVIDER: R.SUCCEEDED}
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 4)


def test_unmatched_money_is_settled_in_words_or_when_it_is_found_to_belong(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    page = studio.checkout(studio.checkout_of(sale.order))
    refunds.apply_seen(provider="stripe", done=seen())
    refunds.apply_seen(provider="stripe", done=seen(id="re_late", payment_id="pi_unknown_yet"))
    refunds.apply_seen(
        provider="stripe", done=seen(id="re_late", payment_id=page["payment_intent"])
    )
    first, late = stored(UnmatchedMoney)
    assert (first.status, late.status) == (UnmatchedStatus.OPEN, UnmatchedStatus.SETTLED)
    with pytest.raises(InvalidInput):
        unmatched.settle(actor=sale.admin, unmatched=first.public_id, note="")
    with pytest.raises(NotFound):
        unmatched.settle(actor=sale.admin, unmatched=first.public_id, note="?!?", order="ord_x")
    with pytest.raises(NotAllowed):
        unmatched.settle(actor=sale.buyer, unmatched=first.public_id, note="Mine!")
    unmatched.settle(actor=sale.admin, unmatched=first.public_id, note="Another shop of ours.")
    with db.reading() as session:
        shown = unmatched.list_all(session, actor=sale.admin)
    assert {one.status for one in shown} == {UnmatchedStatus.SETTLED}
    assert {one.order for one in shown} == {"", sale.order}


def test_a_refund_that_comes_back_is_owed_and_the_pack_stays_closed(studio: Studio) -> None:
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    refund = approved(sale)
    assert sale.credits() == GONE
    studio.wait(minutes=1)
    studio.deliver()
    studio.send()
    row = sale.refund()
    assert (row.status, row.owed, sale.gone_back()) == (R.FAILED, True, 0)
    assert sale.credits() == GONE
    assert studio.order(sale.order).status is OrderStatus.PAID
    assert studio.alert(refund) in studio.mails("ada.nora.novak@example.com")
    assert "Your refund of €120.00 came back to us" in studio.mails("nora.novak@example.com")
    with pytest.raises(Conflict, match="went back already"):
        refunds.start(actor=sale.admin, order=sale.order, scope=RefundScope.WHOLE)


def test_what_came_back_is_paid_another_way_once(studio: Studio) -> None:
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    refund = approved(sale)
    studio.wait(minutes=1)
    studio.deliver()
    for _ in range(2):
        refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    studio.send()
    row = sale.refund()
    assert (row.remedy, row.owed, sale.credits()) == (RefundRemedy.BY_HAND, False, GONE)
    assert studio.order(sale.order).status is OrderStatus.REFUNDED
    mails = studio.mails("nora.novak@example.com")
    assert mails.count("€120.00 was paid back to you another way") == 1
    with pytest.raises(Conflict):
        refunds.restore(actor=sale.admin, refund=refund, note="Both?")
    with pytest.raises(NotFound):
        operators.retry_refund(refund=refund)


def test_instead_of_what_came_back_the_pack_is_restored_if_a_place_is_free(
    studio: Studio,
) -> None:
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    sale.hold_session()
    refund = approved(sale)
    studio.wait(minutes=1)
    studio.deliver()
    for _ in range(2):
        refunds.restore(actor=sale.admin, refund=refund, note="As you wished.")
    assert sale.refund().remedy is RefundRemedy.RESTORED
    assert sale.credits() == (PackStatus.ACTIVE, 3, 0, 0)
    assert sale.seat() is SeatStatus.ACTIVE
    assert sale.quote().amount == euros(9_000)
    assert sale.book(BEGINNING + 8 * DAY)


def test_a_place_that_was_taken_meanwhile_keeps_the_pack_closed(studio: Studio) -> None:
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    refund = approved(sale)
    offer = an_offer(sale.mentor)
    checkout.start(actor=acting(a_user("Swift Second")), offer=offer.public_id)
    studio.wait(minutes=1)
    studio.deliver()
    with pytest.raises(Conflict, match="no free place"):
        refunds.restore(actor=sale.admin, refund=refund, note="As you wished.")
    assert (sale.credits(), sale.refund().remedy) == (GONE, None)


def test_what_came_back_and_is_paid_in_the_dashboard_needs_nobody(studio: Studio) -> None:
    sale = a_sale(studio, card=REFUND_FAILS_LATER)
    approved(sale)
    studio.wait(minutes=1)
    studio.deliver()
    page = studio.checkout(studio.checkout_of(sale.order))
    again = seen(payment_id=page["payment_intent"], amount=euros(12_000))
    assert refunds.apply_seen(provider="stripe", done=again) is True
    row = sale.refund()
    assert (row.status, row.owed, len(stored(Refund))) == (R.SUCCEEDED, False, 1)
    assert sale.gone_back() == 12_000


def test_a_refused_refund_gives_the_sessions_back_and_can_be_begun_again(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.fault("/v1/refunds", "status", status=402)
    refund = approved(sale)
    studio.send()
    assert (sale.status(), sale.credits()) == (R.FAILED, WHOLE)
    assert "Your refund of €120.00 did not go through" in studio.mails("nora.novak@example.com")
    assert sale.book(BEGINNING + 3 * DAY)
    operators.retry_refund(refund=refund)
    assert sale.credits() == (PackStatus.ACTIVE, 4, 0, 4)
    studio.send()
    assert (sale.status(), sale.credits(), sale.at_provider()) == (R.SUCCEEDED, GONE, [12_000])


def test_an_admin_sends_a_failed_refund_once_more(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.fault("/v1/refunds", "status", status=402)
    refund = approved(sale)
    with pytest.raises(NotAllowed):
        refunds.try_again(actor=sale.buyer, refund=refund)
    refunds.try_again(actor=sale.admin, refund=refund)
    with pytest.raises(NotFound):
        refunds.try_again(actor=sale.admin, refund=refund)
    studio.send()
    assert (sale.status(), sale.credits(), sale.at_provider()) == (R.SUCCEEDED, GONE, [12_000])


def test_a_refused_refund_is_not_begun_again_when_its_sessions_are_used(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.fault("/v1/refunds", "status", status=402)
    refund = approved(sale)
    sale.hold_session()
    with pytest.raises(Conflict):
        operators.retry_refund(refund=refund)
    with pytest.raises(Conflict):
        refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    assert sale.credits() == (PackStatus.ACTIVE, 3, 0, 0)


def test_a_refused_refund_is_paid_another_way_and_closes_its_sessions(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.fault("/v1/refunds", "status", status=402)
    refund = approved(sale)
    refunds.pay_by_hand(actor=sale.admin, refund=refund, note="By bank transfer.")
    assert (sale.credits(), sale.at_provider()) == (GONE, [])
    assert sale.seat() is SeatStatus.RELEASED
    assert sale.quote().most == euros(0)


def test_a_pending_refund_keeps_its_credits_locked_until_it_is_known(studio: Studio) -> None:
    sale = a_sale(studio, card=REFUND_PENDS)
    approved(sale)
    assert (sale.status(), sale.credits()) == (R.PENDING, (PackStatus.ACTIVE, 4, 0, 4))
    assert sale.seat() is SeatStatus.ACTIVE
    studio.wait(minutes=1)
    studio.deliver()
    assert (sale.status(), sale.credits()) == (R.SUCCEEDED, GONE)


def test_two_payments_of_an_order_the_packs_own_is_refunded(studio: Studio) -> None:
    """The second went back by itself; a refund is of the one that made the pack."""
    sale = a_sale(studio, price=11_000)
    second = studio.another_page(sale.order, euros(11_000))
    studio.pay(sale.order, checkout=second)
    studio.deliver()
    studio.send()
    assert sale.gone_back() == 11_000
    approved(sale)
    assert (sale.at_provider(), sale.gone_back(), sale.credits()) == ([11_000], 22_000, GONE)
    with db.reading() as session:
        assert session.get_one(Order, sale.refund().order_id).status is OrderStatus.REFUNDED


def test_an_automatic_refund_made_in_the_dashboard_is_the_same_refund(studio: Studio) -> None:
    sale = a_sale(studio)
    second = studio.another_page(sale.order, euros(12_000))
    studio.pay(sale.order, checkout=second)
    studio.sandbox.control(f"stripe/sessions/{second}/refund", {})
    studio.deliver()
    studio.send()
    studio.deliver()
    [refund] = stored(Refund)
    assert (refund.status, refund.owed, sale.credits()) == (R.SUCCEEDED, False, WHOLE)
    assert len(studio.refunds()) == 1


def test_every_order_of_a_refunds_webhooks_ends_alike_and_their_repetition_changes_nothing(
    studio: Studio,
) -> None:
    """Our own answer is lost, so that the webhooks alone tell."""
    mentor = a_mentor(capacity=10)
    ends: set[tuple[object, ...]] = set()
    hints: list[str] = []
    orders = list(permutations(range(3)))
    for number, places in enumerate(orders):
        sale = a_sale(studio, name=f"Nora Novak{number}", card=REFUND_PENDS, mentor=mentor)
        asked = sale.ask()
        refunds.decide(actor=sale.admin, refund=asked, approve=True)
        studio.fault("/v1/refunds", "drop_after", 3)
        studio.send()
        studio.wait(minutes=1)
        told = [one for one in studio.lose_webhooks() if one.type != "charge.refunded"]
        assert len(told) <= 3
        for place in places:
            if place < len(told):
                told[place].receive()
                handle_inbox.call_local()
        ends.add((sale.status(), sale.credits(), sale.gone_back(), sale.seat()))
        assert sale.at_provider() == [12_000]
        hints += [str(sale.refund().provider_id)]
    assert ends == {(R.SUCCEEDED, GONE, 12_000, SeatStatus.RELEASED)}
    before = len(stored(Refund))
    for hint in hints + hints[::-1]:
        done = registry.payments("stripe").get_refund(hint)
        assert refunds.apply_seen(provider="stripe", done=done) is True
    assert len(stored(Refund)) == before == len(orders)
