"""What a checkout costs: codes, packs that are free, taxes, and the terms one buys under."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import checkout, clock, db
from services.discounts.checking import uses
from services.errors import Conflict, InvalidInput, SeatsSoldOut
from services.models import (
    Acceptance,
    DiscountCode,
    DiscountRedemption,
    Document,
    Order,
    OrderStatus,
    Pack,
    PackOffer,
    Payment,
    Seat,
    SeatStatus,
    User,
)
from services.privacy import documents
from services.providers.payments.registry import payments
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer, saved
from tests.support.servers import environment_of
from tests.support.studio import Studio, stored


def _a_code(code: str, **fields: Any) -> DiscountCode:
    fields = {"percent": 25} | fields
    begun = clock.utc_now() - timedelta(days=1)
    return saved(DiscountCode(code=code, starts_at=begun, created_by=an_admin().id, **fields))


def _buy(buyer: User, offer: PackOffer, **wish: str) -> str:
    return checkout.start(actor=acting(buyer), offer=offer.public_id, **wish).order


def test_the_page_asks_for_the_price_less_the_discount(studio: Studio) -> None:
    _a_code("SPRING")
    order = studio.order(_buy(a_user(), an_offer(a_mentor()), code=" spring "))
    assert (order.list_minor, order.discount_minor, order.amount_minor) == (12_000, 3_000, 9_000)
    page = studio.checkout(studio.checkout_of(order.public_id))
    assert page["amount_total"] == 9_000
    studio.pay(order.public_id)
    studio.deliver()
    assert [each.amount_minor for each in stored(Payment)] == [9_000]
    [used] = stored(DiscountRedemption)
    assert (used.order_id, used.released_at) == (order.id, None)


def test_a_whole_discount_is_a_pack_at_once_and_no_provider_hears_of_it(studio: Studio) -> None:
    _a_code("GIFT", percent=100)
    started = checkout.start(
        actor=acting(a_user()), offer=an_offer(a_mentor()).public_id, code="GIFT"
    )
    order = studio.order(started.order)
    assert started.url is None
    assert (order.status, order.provider, order.amount_minor) == (OrderStatus.PAID, None, 0)
    assert studio.checkouts() == studio.paypal_orders() == []
    assert stored(Payment) == []
    [pack] = stored(Pack)
    assert (pack.order_id, pack.left) == (order.id, 4)
    assert studio.seat(started.order).status is SeatStatus.ACTIVE


def test_a_free_pack_needs_a_free_place_too(studio: Studio) -> None:
    _a_code("GIFT", percent=100)
    mentor = a_mentor(capacity=1)
    _buy(a_user(), an_offer(mentor), code="GIFT")
    with pytest.raises(SeatsSoldOut):
        _buy(a_user("Late Comer"), an_offer(mentor), code="GIFT")
    assert len(stored(Pack)) == len(stored(Order)) == 1


def test_a_free_pack_can_follow_an_open_checkout(studio: Studio) -> None:
    _a_code("GIFT", percent=100)
    buyer, offer = a_user(), an_offer(a_mentor(capacity=1))
    first = _buy(buyer, offer)
    second = _buy(buyer, offer, code="GIFT")
    assert second != first
    assert studio.order(first).status is OrderStatus.CANCELED
    assert studio.order(second).status is OrderStatus.PAID
    assert [each["status"] for each in studio.checkouts()] == ["expired"]
    assert len(stored(Seat)) == len(stored(Pack)) == 1


def test_a_code_that_is_typed_later_begins_anew_with_the_same_place(studio: Studio) -> None:
    _a_code("SPRING")
    buyer, offer = a_user(), an_offer(a_mentor(capacity=1))
    first = _buy(buyer, offer)
    second = _buy(buyer, offer, code="SPRING")
    assert studio.order(first).status is OrderStatus.CANCELED
    assert studio.order(second).amount_minor == 9_000
    assert studio.seat(second).id == studio.seat(first).id
    assert _buy(buyer, offer) == second  # coming back without typing keeps it
    assert _buy(buyer, offer, code="spring") == second


def test_a_wrong_code_leaves_the_open_checkout_as_it_is(studio: Studio) -> None:
    buyer, offer = a_user(), an_offer(a_mentor())
    first = _buy(buyer, offer)
    with pytest.raises(InvalidInput):
        _buy(buyer, offer, code="NONSENSE")
    assert studio.order(first).status is OrderStatus.PENDING
    assert studio.order(first).handover_until is None
    assert studio.checkout(studio.checkout_of(first))["status"] == "open"


def test_an_unpaid_order_gives_its_use_of_a_code_back(studio: Studio) -> None:
    _a_code("ONCE", max_total=1)
    mentor = a_mentor()
    offer = an_offer(mentor)
    first = a_user()
    order = _buy(first, offer, code="ONCE")
    with pytest.raises(InvalidInput, match="used up"):
        _buy(a_user("Second Buyer"), offer, code="ONCE")
    checkout.give_back(actor=acting(first), order=order)
    assert _buy(a_user("Third Buyer"), offer, code="ONCE")


def test_switching_the_provider_keeps_the_code_and_uses_it_once(studio: Studio) -> None:
    code = _a_code("ONCE", max_total=1)
    buyer, offer = a_user(), an_offer(a_mentor())
    first = _buy(buyer, offer, code="ONCE", provider="stripe")
    second = _buy(buyer, offer, code="ONCE", provider="paypal")
    assert second == first
    assert studio.order(first).amount_minor == 9_000
    assert [each["amount"] for each in studio.paypal_orders()] == [9_000]
    with db.reading() as session:
        assert uses(session, code, buyer=None)[1] == 1


def test_an_added_tax_is_paid_and_an_included_one_is_only_told(studio: Studio) -> None:
    buyer, offer = a_user(), an_offer(a_mentor(), 10_000)
    with environment_of({"TAX_MODE": "added", "TAX_RATE_PERCENT": "19"}):
        order = studio.order(_buy(buyer, offer))
        assert (order.amount_minor, order.tax_minor) == (11_900, 1_900)
        with db.reading() as session:
            preview = checkout.preview(session, actor=acting(buyer), offer=offer.public_id)
        assert preview.price.total.minor == 11_900
    with environment_of({"TAX_MODE": "included", "TAX_RATE_PERCENT": "19"}):
        other = studio.order(_buy(a_user("Second Buyer"), offer))
        assert (other.amount_minor, other.tax_minor) == (10_000, 1_597)
    page = studio.checkout(studio.checkout_of(order.public_id))
    assert page["amount_total"] == 11_900


def test_buying_is_agreeing_to_the_terms_that_the_page_showed(studio: Studio) -> None:
    buyer, offer = a_user(), an_offer(a_mentor())
    shown = documents.current(Document.TERMS)
    order = studio.order(_buy(buyer, offer, terms=shown))
    assert order.terms_version == shown
    assert {(each.document, each.version) for each in stored(Acceptance)} >= {
        (Document.TERMS, shown)
    }


def test_terms_that_changed_meanwhile_are_shown_first(studio: Studio) -> None:
    with pytest.raises(Conflict, match="terms have changed"):
        _buy(a_user(), an_offer(a_mentor()), terms="1999-01")
    assert stored(Order) == []
    assert stored(Seat) == []


def test_the_preview_offers_everybody_who_can_take_the_price(studio: Studio) -> None:
    _a_code("GIFT", percent=100)
    buyer, offer = acting(a_user()), an_offer(a_mentor())
    with db.reading() as session:
        usual = checkout.preview(session, actor=buyer, offer=offer.public_id)
        free = checkout.preview(session, actor=buyer, offer=offer.public_id, code="gift")
    assert usual.providers == {"stripe": "Stripe", "paypal": "PayPal"}
    assert all(payments(each).takes(usual.price.total) for each in usual.providers)
    assert (free.price.is_free, free.providers, free.code) == (True, {}, "GIFT")
