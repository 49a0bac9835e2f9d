"""Money: integer minor units; two currencies never meet in one sum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInput
from services.money import Money, exponent, parsed, shown


@given(minor=st.integers(1, 10**9 - 1), currency=st.sampled_from(["EUR", "USD", "JPY", "BHD"]))
def test_what_is_typed_is_what_is_meant(minor: int, currency: str) -> None:
    digits = exponent(currency)
    text = f"{minor // 10**digits}" + (f".{minor % 10**digits:0{digits}}" if digits else "")
    assert parsed(text, currency) == Money(minor, currency)
    assert parsed(f" {text.replace('.', ',')} ", currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(12_000, "EUR"), "€120.00"),
        (Money(1_234_567, "EUR"), "€12,345.67"),
        (Money(1, "EUR"), "€0.01"),
        (Money(-500, "EUR"), "-€5.00"),
    ],
)
def test_an_amount_is_shown_with_its_currency(money: Money, text: str) -> None:
    assert shown(money) == text


def test_a_currency_without_cents_is_shown_without_them() -> None:
    assert shown(Money(1_200, "JPY")).endswith("1,200")


def test_two_currencies_are_never_added() -> None:
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")
    assert -Money(3, "EUR") == Money(-3, "EUR")
    with pytest.raises(ValueError, match="cannot add"):
        _ = Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0",
        "-5",
        "1.001",
        "nan",
        "inf",
        "1e400",
        "12 000",
        "1.2.3",
        "99999999999",
        "１２x",
    ],
)
def test_what_is_no_price_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parsed(text, "EUR")
    assert raised.value.field == "price"
    assert raised.value.message.endswith(".")


def test_a_currency_without_cents_takes_none() -> None:
    assert parsed("1200", "JPY") == Money(1200, "JPY")
    with pytest.raises(InvalidInput, match="0 digits"):
        parsed("1200.5", "JPY")
