"""Money and events from outside that fit nothing of ours: said with the reason, and nothing moved.
The same for each provider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from jobs.inbox import handle_inbox
from services import checkout, clock, inbox
from services.models import (
    Dispute,
    InboxEvent,
    InboxStatus,
    OrderStatus,
    Pack,
    Payment,
    Posting,
    Refund,
    SeatStatus,
    UnmatchedMoney,
)
from services.money import Money
from services.providers.payments.base import CheckoutState, NewCheckout
from services.providers.payments.registry import payments
from tests.services.paypal import PRICE, captured
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import Studio, stored

FOREIGN = "ord_of_another_shop000000"
MOVES: Sequence[type[SQLModel]] = (Payment, Refund, Dispute, Pack, Posting, UnmatchedMoney)
UNKNOWN = {"stripe": "resource_missing", "paypal": "INVALID_RESOURCE_ID"}
PROVIDERS = pytest.mark.parametrize("provider", ["stripe", "paypal"])


def an_order(provider: str) -> str:
    offer = an_offer(a_mentor()).public_id
    return checkout.start(actor=acting(a_user()), offer=offer, provider=provider).order


def a_page(provider: str, *, names: str, price: Money = PRICE) -> str:
    """A payment page that is not of our making, whatever it names as its order; its id."""
    new = NewCheckout(
        order=names,
        attempt=99,
        title="Four sessions",
        description="another page",
        price=price,
        email="somebody@example.com",
        expires_at=clock.utc_now() + timedelta(hours=1),
        return_url="http://localhost/checkout/return",
    )
    return payments(provider).create_checkout(new).id


def is_paid(studio: Studio, provider: str, page: str, *, names: str) -> None:
    """Somebody pays it, and the money is taken."""
    if provider == "stripe":
        studio.pay(names, checkout=page)
    else:
        studio.approve(names, checkout=page)
    assert payments(provider).capture(page, order=names).state is CheckoutState.PAID


def nothing_moved() -> None:
    assert {table.__name__: len(stored(table)) for table in MOVES} == {
        table.__name__: 0 for table in MOVES
    }


@PROVIDERS
@pytest.mark.parametrize("wrong", [Money(12_100, "EUR"), Money(12_000, "USD")], ids=str)
def test_money_of_another_amount_or_currency_makes_no_pack_and_an_admin_is_told(
    studio: Studio, provider: str, wrong: Money
) -> None:
    an_admin()
    order = an_order(provider)
    is_paid(studio, provider, a_page(provider, names=order, price=wrong), names=order)
    studio.deliver()
    studio.send()
    [payment] = stored(Payment)
    assert (payment.provider.value, Money(payment.amount_minor, payment.currency)) == (
        provider,
        wrong,
    )
    assert (stored(Pack), stored(Refund)) == ([], [])
    assert studio.order(order).status is OrderStatus.FAILED
    assert studio.seat(order).status is SeatStatus.RELEASED
    [waits] = stored(UnmatchedMoney)
    assert (waits.provider_id, waits.amount_minor) == (payment.provider_id, wrong.minor)
    assert studio.mails("ada.admin@example.com") == [studio.alert(waits.public_id)]


@PROVIDERS
def test_money_for_an_order_that_is_not_ours_is_left_alone(studio: Studio, provider: str) -> None:
    order = an_order(provider)
    is_paid(studio, provider, a_page(provider, names=FOREIGN), names=FOREIGN)
    assert studio.deliver()
    assert {event.status for event in stored(InboxEvent)} == {InboxStatus.IGNORED}
    assert studio.order(order).status is OrderStatus.PENDING
    assert studio.seat(order).status is SeatStatus.HELD
    nothing_moved()


def test_a_page_that_names_our_order_and_is_not_its_own_is_never_taken(studio: Studio) -> None:
    order = an_order("paypal")
    studio.approve(order, checkout=a_page("paypal", names=order))
    studio.deliver()
    studio.wait(minutes=3)
    studio.sweep()
    assert captured(studio) == []
    assert studio.order(order).status is OrderStatus.PENDING
    nothing_moved()


@pytest.mark.parametrize(
    ("provider", "kind", "unknown"),
    [
        ("stripe", "checkout.session.completed", "cs_test_unknown"),
        ("stripe", "refund.created", "re_unknown"),
        ("stripe", "charge.dispute.created", "du_unknown"),
        ("paypal", "PAYMENT.CAPTURE.COMPLETED", "2GG279541U471931P"),
        ("paypal", "PAYMENT.CAPTURE.REFUNDED", "1JU08902781691411"),
        ("paypal", "CUSTOMER.DISPUTE.CREATED", "PP-R-ABCD-10000000"),
    ],
)
def test_an_event_about_something_unknown_to_its_provider_fails_with_the_reason(
    studio: Studio, provider: str, kind: str, unknown: str
) -> None:
    an_admin()
    inbox.receive(provider=provider, event_id="WH-1", type=kind, object_id=unknown, payload="{}")
    for _ in range(inbox.MAX_FAILURES):
        handle_inbox.call_local()
        studio.wait(hours=1)
    [event] = stored(InboxEvent)
    assert event.status is InboxStatus.FAILED
    assert UNKNOWN[provider] in event.error
    studio.send()
    assert studio.mails("ada.admin@example.com") == [studio.alert(event.public_id)]
    nothing_moved()


@PROVIDERS
@pytest.mark.parametrize("minor", [12_001, 1_200_000])
def test_a_refund_of_more_than_was_paid_is_refused_by_the_provider_and_moves_nothing(
    studio: Studio, provider: str, minor: int
) -> None:
    order = an_order(provider)
    page = studio.checkout_of(order)
    is_paid(studio, provider, page, names=order)
    studio.deliver()
    [payment] = stored(Payment)
    thing = f"sessions/{page}" if provider == "stripe" else f"captures/{payment.provider_id}"
    with pytest.raises(AssertionError, match=r" 4\d\d "):
        studio.sandbox.control(f"{provider}/{thing}/refund", {"amount": minor})
    assert studio.deliver() == []
    [untouched] = stored(Payment)
    assert (untouched.refunded_minor, untouched.disputed_minor) == (0, 0)
    assert len(stored(Pack)) == 1
