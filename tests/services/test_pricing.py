"""What one buyer pays for a pack: list price, discount and tax add up and can be charged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import pricing
from services.catalogue.offers import least_price
from services.ids import MentorId, UserId
from services.models import DiscountCode, PackOffer, TaxMode
from services.pricing import Price, Tax
from tests.support.servers import environment_of

NO_TAX = Tax(TaxMode.NONE, 0, "VAT")
CURRENCIES = ["EUR", "USD", "JPY", "HUF", "TWD", "BHD", "CZK"]


def an_offer(minor: int = 12_000, currency: str = "EUR") -> PackOffer:
    return PackOffer(
        mentor_id=MentorId(1),
        title="Four sessions",
        price_minor=minor,
        currency=currency,
        validity_days=45,
    )


def percent(number: int) -> DiscountCode:
    return DiscountCode(code="SPRING", percent=number, created_by=UserId(1))


def amount(minor: int, currency: str = "EUR") -> DiscountCode:
    return DiscountCode(code="SPRING", amount_minor=minor, currency=currency, created_by=UserId(1))


def added(rate_bp: int) -> Tax:
    return Tax(TaxMode.ADDED, rate_bp, "VAT")


def included(rate_bp: int) -> Tax:
    return Tax(TaxMode.INCLUDED, rate_bp, "VAT")


def parts(price: Price) -> tuple[int, int, int, int]:
    return price.list_minor, price.discount_minor, price.tax_minor, price.amount_minor


@pytest.mark.parametrize(
    ("code", "tax", "expected"),
    [
        (None, NO_TAX, (12_000, 0, 0, 12_000)),
        (None, included(1900), (12_000, 0, 1_916, 12_000)),
        (None, added(1900), (12_000, 0, 2_280, 14_280)),
        (None, added(810), (12_000, 0, 972, 12_972)),
        (percent(10), NO_TAX, (12_000, 1_200, 0, 10_800)),
        (percent(10), included(1900), (12_000, 1_200, 1_724, 10_800)),
        (percent(10), added(1900), (12_000, 1_200, 2_052, 12_852)),
        (amount(2_000), added(1900), (12_000, 2_000, 1_900, 11_900)),
        (percent(100), added(1900), (12_000, 12_000, 0, 0)),
        (amount(50_000), included(1900), (12_000, 12_000, 0, 0)),
    ],
)
def test_the_discount_comes_off_first_and_the_tax_is_of_what_is_left(
    code: DiscountCode | None, tax: Tax, expected: tuple[int, int, int, int]
) -> None:
    assert parts(pricing.price(an_offer(), code, tax)) == expected


def test_what_a_code_leaves_below_the_least_charge_is_not_charged() -> None:
    left = least_price("EUR").minor
    charged = pricing.price(an_offer(), amount(12_000 - left), NO_TAX)
    given_away = pricing.price(an_offer(), amount(12_000 - left + 1), NO_TAX)
    assert charged.amount_minor == left
    assert parts(given_away) == (12_000, 12_000, 0, 0)
    assert given_away.is_free and not charged.is_free


def test_half_a_cent_is_rounded_up_and_less_is_rounded_down() -> None:
    assert pricing.rounded(5, 10) == 1
    assert pricing.rounded(4, 10) == 0
    assert pricing.rounded(1_500, 10, 100) == 200
    assert pricing.price(an_offer(999), percent(50), NO_TAX).discount_minor == 500


@given(
    minor=st.integers(20_000, 99_999_900),
    currency=st.sampled_from(CURRENCIES),
    off=st.none() | st.integers(1, 100),
    mode=st.sampled_from(list(TaxMode)),
    rate=st.integers(1, 10_000),
)
def test_every_price_adds_up_and_every_provider_can_charge_it(
    minor: int, currency: str, off: int | None, mode: TaxMode, rate: int
) -> None:
    step = pricing.step(currency)
    offer = an_offer(minor - minor % step, currency)
    tax = Tax(mode, 0 if mode is TaxMode.NONE else rate, "VAT")
    price = pricing.price(offer, percent(off) if off else None, tax)
    on_top = price.tax_minor if mode is TaxMode.ADDED else 0
    assert price.amount_minor == price.list_minor - price.discount_minor + on_top
    assert 0 <= price.discount_minor <= price.list_minor
    assert 0 <= price.tax_minor <= price.amount_minor
    assert price.amount_minor % step == 0
    assert price.is_free or price.amount_minor >= least_price(currency).minor
    assert price.is_free == (off == 100 or price.amount_minor == 0)
    if mode is TaxMode.NONE:
        assert (price.tax_minor, price.tax_rate_bp) == (0, 0)


def test_the_settings_say_which_tax_there_is() -> None:
    assert pricing.tax_now() == NO_TAX
    said = {"TAX_MODE": "included", "TAX_RATE_PERCENT": "8.1", "TAX_LABEL": "MWST"}
    with environment_of(said):
        assert pricing.tax_now() == Tax(TaxMode.INCLUDED, 810, "MWST")
        assert pricing.tax_now().rate == "8.1 %"
        assert pricing.words(pricing.tax_now()) == "Prices include 8.1 % MWST."
    assert pricing.words(NO_TAX) == ""
    assert "19 % are added" in pricing.words(added(1900))
    assert pricing.rate_shown(1900) == "19 %"
    assert pricing.rate_shown(10_000) == "100 %"
