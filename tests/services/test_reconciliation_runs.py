"""The runs of the comparison: what fails hides nothing else, what was killed or away is begun anew,
and what found nothing is soon forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, reconciliation
from services.errors import NotAllowed, ProviderUnavailable
from services.models import (
    OrderStatus,
    Payment,
    Provider,
    ReconciliationRun,
    Refund,
    UnmatchedMoney,
)
from services.providers.payments.registry import payments
from services.reconciliation import Outcome
from tests.services.comparing import compared, difference, standing, till
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.services.tills import TILLS, PayPalTill, StripeTill, Till
from tests.support.studio import Studio, stored

__all__ = ["till"]


def test_one_payment_that_the_provider_cannot_tell_of_hides_no_other(till: Till) -> None:
    offer = an_offer(a_mentor(capacity=3))
    first, second = till.unheard("Nora Novak", offer), till.unheard("Otto Other", offer)
    stuck = till.listed()[0]
    till.fails_about(stuck.id, times=3)  # what the SDK makes of one call
    assert compared() == (1, 1)
    assert difference(till).provider_id == stuck.id
    paid = {till.studio.order(order).status for order in (first, second)}
    assert paid == {OrderStatus.PENDING, OrderStatus.PAID}
    assert compared() == (1, 0)


def test_a_list_that_is_refused_is_told_and_what_we_have_is_asked_for_one_by_one(
    till: Till,
) -> None:
    order = till.bought()
    till.refunds_in_dashboard(order, 3_000)
    till.studio.lose_webhooks()
    assert compared() == (1, 0)
    till.refuses_lists(times=3)
    assert compared() == (0, 3)
    latest = standing(till).latest
    assert latest is not None
    assert [one.provider_id for one in latest.differences] == ["", "", ""]
    assert latest.differences[0].what.startswith(f"{till.name} refused to list its payments")
    assert latest.checked == 3 + 2
    assert not latest.error


def test_money_sent_past_our_pages_in_an_orders_name_is_kept_and_gives_nothing(
    studio: Studio,
) -> None:
    """PayPal's report names it; as a payment of ours PayPal does not know it."""
    till = PayPalTill(studio)
    order = till.unheard()
    till.forgets(till.payment_of(order), times=1)
    assert compared() == (0, 1)
    assert studio.order(order).status is OrderStatus.PENDING
    [entry] = stored(UnmatchedMoney)
    assert entry.amount_minor == 12_000
    assert stored(Payment) == []


def test_a_refund_past_our_pages_that_only_the_list_knows_is_left_alone_and_hides_nothing(
    studio: Studio,
) -> None:
    till = PayPalTill(studio)
    till.takes_on(till.foreign_page("another-shop-1"), "another-shop-1")
    order = till.bought()
    till.refunds_in_dashboard("another-shop-1", 5_000)
    till.refunds_in_dashboard(order, 3_000)
    studio.lose_webhooks()
    since = clock.utc_now() - timedelta(days=1)
    strange = [each for each in payments("paypal").list_recent_refunds(since) if not each.refund]
    [theirs] = [each.id for each in strange if each.amount.minor == 5_000]
    path = f"/v2/payments/refunds/{theirs}"
    studio.fault(path, "status", 1, vendor="paypal", method="GET", status=404)
    assert compared() == (1, 0)
    assert [each.amount_minor for each in stored(Refund)] == [3_000]
    assert stored(UnmatchedMoney) == []


def test_a_provider_that_answers_nothing_is_given_up_and_the_other_one_compared(
    till: Till,
) -> None:
    other = next(TILLS[each](till.studio) for each in TILLS if each != till.vendor)
    offer = an_offer(a_mentor(capacity=9))
    for number in range(4):
        till.unheard(f"Buyer {number}", offer)
    heard = other.unheard("Otto Other", offer)
    till.fails_about("*", times=1_000)
    with pytest.raises(ProviderUnavailable):
        reconciliation.reconcile()
    assert till.studio.order(heard).status is OrderStatus.PAID
    run = standing(till).latest
    assert run is not None
    assert not run.matches
    assert run.error == f"{till.name} did not answer: its payments were not compared to the end."
    assert (run.checked, run.differ) == (2, 2)


def test_a_run_that_was_killed_is_begun_anew_and_is_not_told_as_done(studio: Studio) -> None:
    till = StripeTill(studio)
    till.unheard()
    now = clock.utc_now()
    with db.transaction() as session:
        for provider in Provider:
            run = ReconciliationRun(
                provider=provider, since=now - reconciliation.LONG, until=now, started_at=now
            )
            session.add(run)
    assert reconciliation.long_is_due()
    assert standing(till).running is not None
    till.studio.wait(hours=2)
    assert standing(till).running is None
    assert compared(reconciliation.LONG) == (1, 0)
    assert not reconciliation.long_is_due()


def test_the_long_window_is_compared_once_a_night_and_again_when_a_provider_was_away(
    studio: Studio,
) -> None:
    """The studio is in Berlin: its night begins at two o'clock UTC in winter."""
    studio.wait_until(clock.utc_now().replace(hour=1, minute=55) + timedelta(days=1))
    reconciliation.reconcile(reconciliation.LONG)
    assert not reconciliation.long_is_due()
    studio.wait(minutes=5)
    assert reconciliation.long_is_due()
    with studio.paypal_unreachable(), pytest.raises(ProviderUnavailable):
        reconciliation.reconcile(reconciliation.LONG)
    assert reconciliation.long_is_due()
    reconciliation.reconcile(reconciliation.LONG)
    assert not reconciliation.long_is_due()
    reconciliation.reconcile()
    studio.wait(days=1)
    reconciliation.reconcile()
    assert reconciliation.long_is_due()


def test_runs_that_found_nothing_are_soon_forgotten_and_the_others_later(
    studio: Studio,
) -> None:
    StripeTill(studio).unheard()
    assert compared() == (1, 0)
    assert compared() == (0, 0)
    assert repaired_at_stripe() == [1, 0]
    studio.wait(days=3)
    compared()
    assert repaired_at_stripe() == [1, 0]
    studio.wait(days=60)
    compared()
    assert repaired_at_stripe() == [0]


def repaired_at_stripe() -> list[int]:
    """Of each run that is still remembered."""
    runs = [run for run in stored(ReconciliationRun) if run.provider is Provider.STRIPE]
    return [run.repaired for run in runs]


def test_only_admins_compare_and_see_what_was_found(studio: Studio) -> None:
    mentee = acting(a_user())
    with pytest.raises(NotAllowed):
        reconciliation.run_now(actor=mentee)
    with db.reading() as session, pytest.raises(NotAllowed):
        reconciliation.overview(session, actor=mentee)
    assert stored(ReconciliationRun) == []
    assert reconciliation.run_now(actor=acting(an_admin())) == Outcome()
