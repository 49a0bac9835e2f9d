"""What every payment adapter promises about its pages and payments: the same tests for each of
`VENDORS`. Refunds, disputes and amounts are in test_payments_going_back.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.clock import utc_now
from services.errors import ProviderRejected, ProviderUnavailable
from services.money import Money
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    PaymentState,
    Refusal,
)
from tests.providers.vendors import (
    PRICE,
    WRONG,
    PayPal,
    Stripe,
    Vendor,
    a_checkout,
    a_paid_one,
)
from tests.support.servers import Sandbox


def test_a_new_page_is_open_and_names_its_order(at: Vendor) -> None:
    new = a_checkout()
    made = at.adapter.create_checkout(new)
    assert (made.state, made.order) == (CheckoutState.OPEN, new.order)
    assert made.url
    assert (made.payment_id, made.paid, made.fee) == (None, None, None)
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert at.adapter.get_checkout(made.id) == made


def test_the_same_order_and_attempt_give_the_same_page(at: Vendor) -> None:
    new = a_checkout()
    assert at.adapter.create_checkout(new).id == at.adapter.create_checkout(new).id
    assert at.adapter.create_checkout(replace(new, attempt=2)).id != (
        at.adapter.create_checkout(new).id
    )


def test_the_same_attempt_with_another_price_is_refused(at: Vendor) -> None:
    new = a_checkout()
    at.adapter.create_checkout(new)
    with pytest.raises(ProviderRejected):
        at.adapter.create_checkout(replace(new, price=Money(1, "EUR") + new.price))


@pytest.mark.parametrize("minutes", [29, 25 * 60])
def test_a_page_that_ends_too_soon_or_too_late_is_refused_by_stripe(
    vendor: Sandbox, minutes: int
) -> None:
    with pytest.raises(ProviderRejected):
        Stripe(vendor).adapter.create_checkout(
            a_checkout(expires_at=utc_now() + timedelta(minutes=minutes))
        )


def test_a_paid_page_tells_the_payment_and_what_the_vendor_keeps(at: Vendor) -> None:
    paid = a_paid_one(at)
    assert paid.state is CheckoutState.PAID
    assert paid.payment_id
    assert paid.fee
    assert paid.fee.currency == "EUR"
    assert 0 < paid.fee.minor < PRICE.minor


def test_a_declined_method_leaves_the_page_open_for_another(at: Vendor) -> None:
    made = at.adapter.create_checkout(a_checkout())
    declined = _declined(at, made)
    assert (declined.state, declined.declined, declined.paid) == (CheckoutState.OPEN, True, None)
    assert declined.url
    assert at.pay(made).state is CheckoutState.PAID


def _declined(at: Vendor, made: Checkout) -> Checkout:
    try:
        at.buyer_agrees(made, "declined")
    except AssertionError as refused:  # told on the vendor's own page
        assert "declined" in str(refused)  # noqa: PT017
    return at.takes(made)


def test_nothing_is_taken_of_a_page_that_nobody_has_agreed_to(at: Vendor) -> None:
    made = at.adapter.create_checkout(a_checkout())
    assert at.takes(made).state is CheckoutState.OPEN
    assert at.adapter.get_checkout(made.id).paid is None


def test_the_money_of_a_page_is_taken_once_however_often_it_is_asked(at: Vendor) -> None:
    made = at.adapter.create_checkout(a_checkout())
    first = at.pay(made)
    assert first.state is CheckoutState.PAID
    assert [at.takes(made) for _ in range(2)] == [at.adapter.get_checkout(made.id)] * 2
    assert at.takes(made).payment_id == first.payment_id


def test_paypal_takes_no_money_for_another_order_than_the_page_names(vendor: Sandbox) -> None:
    paypal = PayPal(vendor)
    made = paypal.adapter.create_checkout(a_checkout())
    paypal.buyer_agrees(made)
    seen = paypal.adapter.capture(made.id, order="ord_somebody_else")
    assert seen.state is CheckoutState.APPROVED
    assert paypal.adapter.get_checkout(made.id).paid is None


def test_paypal_shows_that_the_buyer_agreed_before_the_money_is_taken(vendor: Sandbox) -> None:
    paypal = PayPal(vendor)
    made = paypal.adapter.create_checkout(a_checkout())
    paypal.buyer_agrees(made)
    seen = paypal.adapter.get_checkout(made.id)
    assert (seen.state, seen.paid) == (CheckoutState.APPROVED, None)
    assert seen.changed_at


@pytest.mark.parametrize("issue", ["TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION"])
def test_a_capture_that_paypal_refuses_for_good_ends_the_page(vendor: Sandbox, issue: str) -> None:
    paypal = PayPal(vendor)
    made = paypal.adapter.create_checkout(a_checkout())
    paypal.buyer_agrees(made)
    vendor.control("paypal/refuse", {"call": "capture", "issue": issue})
    seen = paypal.takes(made)
    assert (seen.state, seen.bank_failed) == (CheckoutState.ENDED, True)


def test_a_lost_answer_of_a_capture_is_asked_for_again(vendor: Sandbox) -> None:
    paypal = PayPal(vendor)
    made = paypal.adapter.create_checkout(a_checkout())
    paypal.buyer_agrees(made)
    path = f"/v2/checkout/orders/{made.id}/capture"
    asked: dict[str, object] = {"vendor": "paypal", "path": path, "kind": "drop_after", "times": 2}
    vendor.control("faults", asked)
    assert paypal.takes(made).state is CheckoutState.PAID


def test_an_ended_page_is_ended_however_often_it_is_ended(at: Vendor) -> None:
    made = at.adapter.create_checkout(a_checkout())
    assert at.adapter.end_checkout(made.id).state is CheckoutState.ENDED
    assert at.adapter.end_checkout(made.id).state is CheckoutState.ENDED


def test_stripes_ended_page_cannot_be_paid(vendor: Sandbox) -> None:
    stripe = Stripe(vendor)
    made = stripe.adapter.create_checkout(a_checkout())
    stripe.adapter.end_checkout(made.id)
    with pytest.raises(AssertionError):
        stripe.buyer_agrees(made)


def test_ending_a_page_that_was_paid_meanwhile_shows_the_payment(at: Vendor) -> None:
    paid = a_paid_one(at)
    seen = at.adapter.end_checkout(paid.id)
    assert (seen.state, seen.payment_id) == (CheckoutState.PAID, paid.payment_id)


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_delayed_method_waits_and_then_tells(at: Vendor, succeeded: bool) -> None:
    made = at.adapter.create_checkout(a_checkout(delayed=True))
    waiting = at.pay_by_bank(made)
    assert (waiting.state, waiting.paid, waiting.bank_failed) == (
        CheckoutState.WAITING,
        None,
        False,
    )
    at.bank_answers(made, succeeded=succeeded)
    seen = at.adapter.get_checkout(made.id)
    state = CheckoutState.PAID if succeeded else CheckoutState.ENDED
    assert (seen.state, seen.bank_failed) == (state, not succeeded)


def test_without_delayed_methods_the_page_offers_none(at: Vendor) -> None:
    made = at.adapter.create_checkout(a_checkout())
    with pytest.raises(AssertionError):
        at.pay_by_bank(made)


def test_a_payment_tells_its_order_its_amount_and_its_state(at: Vendor) -> None:
    paid = a_paid_one(at)
    assert paid.payment_id
    seen = at.adapter.get_payment(paid.payment_id)
    assert (seen.id, seen.order, seen.amount) == (paid.payment_id, paid.order, PRICE)
    assert (seen.state, seen.fee) == (PaymentState.COMPLETED, paid.fee)
    assert seen.checkout in {"", paid.id}


def test_all_payments_since_a_moment_are_listed_and_no_unpaid_page_is(at: Vendor) -> None:
    began = utc_now() - timedelta(minutes=1)
    paid = {a_paid_one(at, order=f"ord_{number:022d}").payment_id for number in range(3)}
    at.adapter.create_checkout(a_checkout(order="ord_9999999999999999999999"))
    listed = list(at.adapter.list_payments(began))
    assert {each.id for each in listed if each.state is PaymentState.COMPLETED} == paid
    assert {each.order for each in listed} >= {f"ord_{number:022d}" for number in range(3)}
    assert list(at.adapter.list_payments(utc_now() + timedelta(hours=1))) == []


def test_unknown_things_are_refused_not_unavailable(at: Vendor) -> None:
    for ask in (
        lambda: at.adapter.get_checkout(at.unknown["checkout"]),
        lambda: at.adapter.end_checkout(at.unknown["checkout"]),
        lambda: at.adapter.get_payment(at.unknown["payment"]),
        lambda: at.adapter.get_refund(at.unknown["refund"]),
        lambda: at.adapter.list_refunds(at.unknown["payment"]),
    ):
        with pytest.raises(ProviderRejected) as raised:
            ask()
        assert raised.value.code == Refusal.MISSING


def test_an_id_names_no_other_path_at_paypal(vendor: Sandbox) -> None:
    for wild in ("../../v1/notifications/webhooks", "5O190127TN364715T/capture", "a?b=c", "a#b"):
        with pytest.raises(ProviderRejected) as raised:
            PayPal(vendor).adapter.get_checkout(wild)
        assert raised.value.code == Refusal.MISSING


def test_nobody_listening_is_an_outage_without_an_answer(at: Vendor) -> None:
    with at.unreachable(), pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(a_checkout())
    assert not raised.value.answered


def test_a_5xx_is_an_outage_with_an_answer(at: Vendor) -> None:
    at.fault("status", status=500)
    with pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(a_checkout())
    assert raised.value.answered


@pytest.mark.parametrize("status", [409, 429])
def test_a_busy_vendor_is_an_outage(at: Vendor, status: int) -> None:
    at.fault("status", status=status)
    with pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(a_checkout())
    assert not raised.value.answered


def test_a_lost_answer_is_asked_for_again_with_the_same_key(at: Vendor) -> None:
    at.fault("drop_after", times=2)
    made = at.adapter.create_checkout(a_checkout())
    assert at.pages() == [made.id]


def test_a_refused_key_is_an_outage_and_is_not_repeated_in_the_error(at: Vendor) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        at.with_wrong_key().get_checkout("cs_test_1")
    assert raised.value.code == "authentication"
    assert WRONG not in str(raised.value)
