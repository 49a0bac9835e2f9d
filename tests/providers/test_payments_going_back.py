"""What every payment adapter promises about amounts, refunds and disputes: the same tests for each
of `VENDORS`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.clock import utc_now
from services.errors import ProviderRejected
from services.money import Money
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    DisputeState,
    ProviderDispute,
    RefundState,
    Refusal,
)
from tests.providers.vendors import (
    PRICE,
    VENDORS,
    PayPal,
    Stripe,
    Vendor,
    a_checkout,
    a_paid_one,
    a_refund,
)
from tests.support.servers import Sandbox


@pytest.mark.parametrize(
    ("currency", "minor"),
    [
        ("EUR", 123_456),
        ("JPY", 1_200),
        ("HUF", 123_400),
        ("HUF", 123_450),
        ("TWD", 123_400),
        ("TWD", 123_450),
        ("ISK", 1_200),
        ("BHD", 123_450),
        ("BHD", 123_456),
    ],
)
def test_an_amount_that_is_taken_survives_the_way_to_the_vendor_and_back(
    at: Vendor, currency: str, minor: int
) -> None:
    price = Money(minor, currency)
    if not at.adapter.takes(price):
        with pytest.raises(ProviderRejected):
            at.adapter.create_checkout(a_checkout(price=price))
        return
    paid = a_paid_one(at, price=price)
    assert (paid.state, paid.paid) == (CheckoutState.PAID, price)
    part = Money(at.adapter.step(currency), currency)
    assert at.adapter.create_refund(a_refund(paid, part)).amount == part
    rest = price + -part
    assert at.adapter.create_refund(a_refund(paid, rest, attempt=2)).amount == rest


@pytest.mark.parametrize(
    ("vendor_name", "currency", "step"),
    [
        ("stripe", "EUR", 1),
        ("stripe", "JPY", 1),
        ("stripe", "HUF", 1),
        ("stripe", "TWD", 1),
        ("stripe", "ISK", 1),
        ("stripe", "BHD", 10),
        ("paypal", "EUR", 1),
        ("paypal", "JPY", 1),
        ("paypal", "HUF", 100),
        ("paypal", "TWD", 100),
    ],
)
def test_each_vendor_has_the_smallest_steps_of_its_own(
    vendor: Sandbox, vendor_name: str, currency: str, step: int
) -> None:
    assert VENDORS[vendor_name](vendor).adapter.step(currency) == step


def test_a_krona_is_a_hundred_of_stripes_units(vendor: Sandbox) -> None:
    Stripe(vendor).adapter.create_checkout(a_checkout(price=Money(1_200, "ISK")))
    [session] = _raw(vendor, "stripe/sessions")
    assert session["amount_total"] == 120_000


def test_a_price_below_stripes_least_charge_is_not_taken(vendor: Sandbox) -> None:
    stripe = Stripe(vendor).adapter
    assert stripe.takes(Money(50, "EUR"))
    assert not stripe.takes(Money(49, "EUR"))
    assert not stripe.takes(Money(12_345, "BHD"))


def test_paypal_takes_no_currency_that_it_does_not_know(vendor: Sandbox) -> None:
    paypal = PayPal(vendor).adapter
    assert paypal.takes(Money(1, "EUR"))
    assert not paypal.takes(Money(1_200, "ISK"))
    assert not paypal.takes(Money(12_345, "HUF"))
    assert not paypal.takes(Money(0, "EUR"))


def test_a_refund_is_made_once_per_attempt(at: Vendor) -> None:
    paid = a_paid_one(at)
    wanted = a_refund(paid, Money(3_000, "EUR"))
    first, again = at.adapter.create_refund(wanted), at.adapter.create_refund(wanted)
    assert first == again == at.adapter.get_refund(first.id)
    assert (first.refund, first.attempt) == (wanted.refund, 1)
    assert (first.payment_id, first.amount) == (paid.payment_id, wanted.amount)
    assert first.state is RefundState.SUCCEEDED
    assert at.adapter.list_refunds(wanted.payment_id) == [first]


def test_a_refund_of_the_dashboard_names_none_of_ours(at: Vendor) -> None:
    paid = a_paid_one(at)
    at.refunds_in_dashboard(paid, 3_000)
    assert paid.payment_id
    [seen] = at.adapter.list_refunds(paid.payment_id)
    assert (seen.refund, seen.attempt, seen.amount) == ("", 0, Money(3_000, "EUR"))
    assert at.adapter.get_checkout(paid.id).state is CheckoutState.PAID


def test_recent_refunds_are_listed_whatever_they_are_of(at: Vendor) -> None:
    began = utc_now() - timedelta(minutes=1)
    one, other = a_paid_one(at), a_paid_one(at, order="ord_0000000000000000000002")
    made = at.adapter.create_refund(a_refund(one, Money(3_000, "EUR")))
    at.refunds_in_dashboard(other, 1_000)
    listed = list(at.adapter.list_recent_refunds(began))
    assert made in listed
    assert {each.payment_id for each in listed} == {one.payment_id, other.payment_id}
    assert list(at.adapter.list_recent_refunds(utc_now() + timedelta(hours=1))) == []


def test_a_pending_refund_says_so(at: Vendor, vendor: Sandbox) -> None:
    vendor.control("clock", {"now": int(utc_now().timestamp())})  # it does not settle by itself
    paid = a_paid_one(at, "refund pends")
    made = at.adapter.create_refund(a_refund(paid, PRICE))
    assert made.state is RefundState.PENDING
    at.refund_settles(made.id)
    assert at.adapter.get_refund(made.id).state is RefundState.SUCCEEDED


def test_more_than_was_paid_is_not_refunded(at: Vendor) -> None:
    paid = a_paid_one(at)
    with pytest.raises(ProviderRejected) as raised:
        at.adapter.create_refund(a_refund(paid, PRICE + Money(1, "EUR")))
    assert raised.value.code == Refusal.TOO_MUCH
    at.adapter.create_refund(a_refund(paid, PRICE, attempt=2))
    with pytest.raises(ProviderRejected) as raised:
        at.adapter.create_refund(a_refund(paid, Money(1, "EUR"), attempt=3))
    assert raised.value.code == Refusal.ALREADY_REFUNDED


def _disputed(at: Vendor, *, inquiry: bool) -> tuple[Checkout, ProviderDispute]:
    paid = a_paid_one(at)
    at.disputes(paid, inquiry=inquiry)
    [opened] = at.adapter.list_disputes(utc_now() - timedelta(minutes=1))
    assert at.adapter.get_dispute(opened.id) == opened
    assert (opened.payment_id, opened.amount) == (paid.payment_id, PRICE)
    assert opened.state is DisputeState.OPEN
    assert opened.reason
    assert opened.evidence_due_at
    assert opened.evidence_due_at > utc_now()
    return paid, opened


@pytest.mark.parametrize("won", [True, False])
def test_a_chargeback_takes_the_money_and_gives_it_back_when_won(at: Vendor, won: bool) -> None:
    paid, opened = _disputed(at, inquiry=False)
    assert (opened.inquiry, opened.withdrawn) == (False, True)
    at.dispute_ends(paid, won=won)
    over = at.adapter.get_dispute(opened.id)
    assert over.state is (DisputeState.WON if won else DisputeState.LOST)
    assert over.withdrawn is not won
    assert won or over.fee


def test_an_inquiry_moves_nothing(at: Vendor) -> None:
    paid, opened = _disputed(at, inquiry=True)
    assert (opened.inquiry, opened.withdrawn, opened.fee) == (True, False, None)
    at.dispute_ends(paid, won=True)
    over = at.adapter.get_dispute(opened.id)
    assert (over.state, over.withdrawn) == (DisputeState.INQUIRY_CLOSED, False)


def test_a_disputed_payment_is_not_refunded_in_part(at: Vendor) -> None:
    paid, _ = _disputed(at, inquiry=False)
    with pytest.raises(ProviderRejected) as raised:
        at.adapter.create_refund(a_refund(paid, Money(3_000, "EUR")))
    assert raised.value.code == Refusal.DISPUTED


def _raw(vendor: Sandbox, path: str) -> list[dict[str, Any]]:
    found = vendor.control(path)
    assert isinstance(found, list)
    return found
