"""What every payment adapter promises, whoever the vendor is. Add a vendor to `VENDORS`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from services.clock import utc_now
from services.errors import ProviderRejected, ProviderUnavailable
from services.money import Money
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    NewCheckout,
    NewRefund,
    PaymentProvider,
    RefundState,
)
from services.providers.payments.registry import payments
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import CARD, DECLINED, NOBODY_LISTENS, REFUND_PENDS


@dataclass
class Vendor:
    """An adapter, and what a buyer or a fault does behind it."""

    name: str
    sandbox: Sandbox

    @property
    def adapter(self) -> PaymentProvider:
        return payments(self.name)

    def pay(self, checkout: Checkout, card: str = CARD) -> None:
        self.sandbox.control(f"stripe/sessions/{checkout.id}/pay", {"card": card})

    def pay_by_bank(self, checkout: Checkout) -> None:
        self.sandbox.control(f"stripe/sessions/{checkout.id}/pay", {"method": "sepa_debit"})

    def bank_answers(self, checkout: Checkout, outcome: str) -> None:
        self.sandbox.control(f"stripe/sessions/{checkout.id}/settle", {"outcome": outcome})

    def fault(self, path: str, kind: str, **more: object) -> None:
        asked = {"vendor": self.name, "method": "POST", "path": path, "kind": kind, "times": 3}
        self.sandbox.control("faults", {**asked, **more})

    def checkouts(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self.sandbox.control("stripe/sessions"))

    def unreachable(self) -> Any:
        return environment_of({"STRIPE_API_BASE": NOBODY_LISTENS})

    def wrong_key(self) -> Any:
        return environment_of(
            {
                "STRIPE_SECRET_KEY": "sk_test_wrong",
                "STRIPE_WEBHOOK_SECRET": "whsec_x",
                "STRIPE_API_BASE": self.sandbox.address.replace("127.0.0.1", "127.0.0.2"),
            }
        )


VENDORS = ("stripe",)


@pytest.fixture(params=VENDORS)
def at(request: pytest.FixtureRequest, vendor: Sandbox) -> Vendor:
    """Each vendor in turn."""
    return Vendor(request.param, vendor)


def _new(**changes: Any) -> NewCheckout:
    new = NewCheckout(
        order="ord_0000000000000000000001",
        attempt=1,
        title="Four sessions",
        description="4 sessions",
        price=Money(12_000, "EUR"),
        email="nora.novak@example.com",
        expires_at=(utc_now() + timedelta(minutes=35)).replace(microsecond=0),
        return_url="http://localhost:3000/checkout/return/ord_1",
    )
    return replace(new, **changes)


def _paid(at: Vendor, card: str = CARD, **changes: Any) -> Checkout:
    checkout = at.adapter.create_checkout(_new(**changes))
    at.pay(checkout, card)
    return at.adapter.get_checkout(checkout.id)


def _refund(paid: Checkout, amount: Money, attempt: int = 1) -> NewRefund:
    assert paid.payment_id
    return NewRefund("ref_0000000000000000000001", attempt, paid.payment_id, amount)


def test_a_new_page_is_open_and_names_its_order(at: Vendor) -> None:
    new = _new()
    made = at.adapter.create_checkout(new)
    assert (made.state, made.order) == (CheckoutState.OPEN, new.order)
    assert made.url
    assert made.payment_id is None
    assert made.paid is None
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert at.adapter.get_checkout(made.id) == made


def test_the_same_order_and_attempt_give_the_same_page(at: Vendor) -> None:
    new = _new()
    assert at.adapter.create_checkout(new).id == at.adapter.create_checkout(new).id
    assert at.adapter.create_checkout(replace(new, attempt=2)).id != (
        at.adapter.create_checkout(new).id
    )


def test_the_same_attempt_with_another_price_is_refused(at: Vendor) -> None:
    new = _new()
    at.adapter.create_checkout(new)
    with pytest.raises(ProviderRejected):
        at.adapter.create_checkout(replace(new, price=Money(1, "EUR") + new.price))


@pytest.mark.parametrize("minutes", [29, 25 * 60])
def test_a_page_that_ends_too_soon_or_too_late_is_refused(at: Vendor, minutes: int) -> None:
    with pytest.raises(ProviderRejected):
        at.adapter.create_checkout(_new(expires_at=utc_now() + timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "price",
    [Money(12_000, "EUR"), Money(1_200, "JPY"), Money(1_200, "ISK"), Money(12_340, "BHD")],
    ids=lambda price: price.currency,
)
def test_the_amount_survives_the_way_to_the_vendor_and_back(at: Vendor, price: Money) -> None:
    paid = _paid(at, price=price)
    assert (paid.state, paid.paid) == (CheckoutState.PAID, price)
    assert paid.payment_id
    refund = at.adapter.create_refund(_refund(paid, price))
    assert refund.amount == price


def test_a_krona_is_a_hundred_of_stripes_units(vendor: Sandbox) -> None:
    stripe = Vendor("stripe", vendor)
    stripe.adapter.create_checkout(_new(price=Money(1_200, "ISK")))
    assert stripe.checkouts()[0]["amount_total"] == 120_000


def test_a_declined_card_leaves_the_page_open(at: Vendor) -> None:
    made = at.adapter.create_checkout(_new())
    with pytest.raises(AssertionError, match="declined"):
        at.pay(made, DECLINED)
    seen = at.adapter.get_checkout(made.id)
    assert (seen.state, seen.declined, seen.paid) == (CheckoutState.OPEN, True, None)


def test_an_ended_page_is_ended_however_often_it_is_ended(at: Vendor) -> None:
    made = at.adapter.create_checkout(_new())
    assert at.adapter.end_checkout(made.id).state is CheckoutState.ENDED
    assert at.adapter.end_checkout(made.id).state is CheckoutState.ENDED
    with pytest.raises(AssertionError):
        at.pay(made)


def test_ending_a_page_that_was_paid_meanwhile_shows_the_payment(at: Vendor) -> None:
    paid = _paid(at)
    seen = at.adapter.end_checkout(paid.id)
    assert (seen.state, seen.payment_id) == (CheckoutState.PAID, paid.payment_id)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("succeeded", CheckoutState.PAID), ("failed", CheckoutState.ENDED)],
)
def test_a_delayed_method_waits_and_then_tells(
    at: Vendor, outcome: str, state: CheckoutState
) -> None:
    made = at.adapter.create_checkout(_new(delayed=True))
    at.pay_by_bank(made)
    waiting = at.adapter.get_checkout(made.id)
    assert (waiting.state, waiting.paid, waiting.bank_failed) == (
        CheckoutState.WAITING,
        None,
        False,
    )
    at.bank_answers(made, outcome)
    seen = at.adapter.get_checkout(made.id)
    assert (seen.state, seen.bank_failed) == (state, outcome == "failed")


def test_without_delayed_methods_the_page_offers_none(at: Vendor) -> None:
    made = at.adapter.create_checkout(_new())
    with pytest.raises(AssertionError):
        at.pay_by_bank(made)


def test_all_pages_since_a_moment_are_listed_beyond_the_first_page(at: Vendor) -> None:
    began = utc_now() - timedelta(minutes=1)
    orders = {f"ord_{number:022d}" for number in range(103)}
    for order in sorted(orders):
        at.adapter.create_checkout(_new(order=order))
    assert {seen.order for seen in at.adapter.list_checkouts(began)} == orders
    assert list(at.adapter.list_checkouts(utc_now() + timedelta(hours=1))) == []


def test_a_refund_is_made_once_per_attempt(at: Vendor) -> None:
    paid = _paid(at)
    wanted = _refund(paid, Money(3_000, "EUR"))
    first, again = at.adapter.create_refund(wanted), at.adapter.create_refund(wanted)
    assert first == again == at.adapter.get_refund(first.id)
    assert (first.refund, first.attempt) == (wanted.refund, 1)
    assert (first.payment_id, first.amount) == (paid.payment_id, wanted.amount)
    assert first.state is RefundState.SUCCEEDED
    assert at.adapter.list_refunds(wanted.payment_id) == [first]


def test_a_pending_refund_says_so(at: Vendor) -> None:
    paid = _paid(at, REFUND_PENDS)
    made = at.adapter.create_refund(_refund(paid, Money(12_000, "EUR")))
    assert made.state is RefundState.PENDING
    at.sandbox.control(f"stripe/refunds/{made.id}/settle", {})
    assert at.adapter.get_refund(made.id).state is RefundState.SUCCEEDED


def test_more_than_was_paid_is_not_refunded(at: Vendor) -> None:
    paid = _paid(at)
    at.adapter.create_refund(_refund(paid, Money(12_000, "EUR")))
    with pytest.raises(ProviderRejected) as raised:
        at.adapter.create_refund(_refund(paid, Money(1, "EUR"), attempt=2))
    assert raised.value.code == "charge_already_refunded"


def test_unknown_things_are_refused_not_unavailable(at: Vendor) -> None:
    for ask in (
        lambda: at.adapter.get_checkout("cs_test_unknown"),
        lambda: at.adapter.end_checkout("cs_test_unknown"),
        lambda: at.adapter.get_refund("re_unknown"),
        lambda: at.adapter.list_refunds("pi_unknown"),
    ):
        with pytest.raises(ProviderRejected) as raised:
            ask()
        assert raised.value.code == "resource_missing"


def test_nobody_listening_is_an_outage_without_an_answer(at: Vendor) -> None:
    with at.unreachable(), pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(_new())
    assert not raised.value.answered


def test_a_5xx_is_an_outage_with_an_answer(at: Vendor) -> None:
    at.fault("/v1/checkout/sessions", "status", status=500)
    with pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(_new())
    assert raised.value.answered


@pytest.mark.parametrize("status", [409, 429])
def test_a_busy_vendor_is_an_outage(at: Vendor, status: int) -> None:
    at.fault("/v1/checkout/sessions", "status", status=status)
    with pytest.raises(ProviderUnavailable) as raised:
        at.adapter.create_checkout(_new())
    assert not raised.value.answered


def test_a_lost_answer_is_asked_for_again_with_the_same_key(at: Vendor) -> None:
    at.fault("/v1/checkout/sessions", "drop_after", times=2)
    made = at.adapter.create_checkout(_new())
    assert [seen["id"] for seen in at.checkouts()] == [made.id]


def test_a_refused_key_is_an_outage_and_is_not_repeated_in_the_error(at: Vendor) -> None:
    with at.wrong_key(), pytest.raises(ProviderUnavailable) as raised:
        at.adapter.get_checkout("cs_test_1")
    assert "sk_test" not in str(raised.value)
