"""PayPal's money: strings with two decimals, or none; kept here in minor units.

VENDORS.md, PayPal: HUF, JPY and TWD have no decimals. Fees as an EU seller pays them, roughly.
"""

from __future__ import annotations

import re

from babel.numbers import format_currency

from mentorships.sandbox.paypal_errors import invalid, missing, refused
from mentorships.sandbox.store import Json

ZERO_DECIMAL = frozenset(["HUF", "JPY", "TWD"])
_TWO_DECIMAL = frozenset(
    [
        *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS"),
        *("MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD"),
    ]
)
CURRENCIES = ZERO_DECIMAL | _TWO_DECIMAL
VALUE = re.compile(r"^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$")
_LARGEST = 10**15

_FEE_BASIS_POINTS = 299
_FIXED_FEE = {"HUF": 120, "JPY": 40, "TWD": 10}
_USUAL_FIXED_FEE = 35
_DISPUTE_FEE = {"HUF": 4_400, "JPY": 1_875, "TWD": 450}
_USUAL_DISPUTE_FEE = 1_400


def wire(minor: int, currency: str) -> Json:
    """An amount as PayPal writes it."""
    return {"currency_code": currency, "value": value(minor, currency)}


def value(minor: int, currency: str) -> str:
    """The digits of an amount as PayPal writes them, such as `-0.35`."""
    if currency in ZERO_DECIMAL:
        return str(minor)
    sign, units = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{units // 100}.{units % 100:02d}"


def shown(minor: int, currency: str) -> str:
    """An amount as a person reads it, such as `€120.00`."""
    text: str = format_currency(
        value(minor, currency), currency, locale="en_IE", currency_digits=False
    )
    return text.replace("\xa0", " ")


def read(amount: Json, pointer: str, *, whole: str = "DECIMAL_PRECISION") -> tuple[int, str]:
    """An amount's minor units and its currency.

    Args:
        amount: the object that was sent.
        pointer: where it stands in the body.
        whole: the issue for decimals where the currency has none; the endpoints differ in it.

    Raises:
        PayPalError: it is no amount (400), or one that PayPal does not take (422).
    """
    for name in ("currency_code", "value"):
        if name not in amount:
            raise missing(f"{pointer}/{name}")
    currency, text = amount["currency_code"], amount["value"]
    if not isinstance(text, str) or not VALUE.fullmatch(text) or len(text) > 32:
        raise invalid(
            "INVALID_PARAMETER_SYNTAX",
            "The value of a field does not conform to the expected format.",
            f"{pointer}/value",
        )
    if not isinstance(currency, str) or len(currency) != 3:
        raise invalid(
            "INVALID_STRING_LENGTH",
            "The value of a field is either too short or too long",
            f"{pointer}/currency_code",
        )
    if currency not in CURRENCIES:
        raise refused("INVALID_CURRENCY_CODE", field=f"{pointer}/currency_code")
    return _minor(text, currency, f"{pointer}/value", whole), currency


def _minor(text: str, currency: str, field: str, whole: str) -> int:
    units, point, decimals = text.partition(".")
    if currency in ZERO_DECIMAL and point:
        raise refused(whole, field=field)
    if len(decimals) > 2:
        raise refused("DECIMAL_PRECISION", field=field)
    minor = int(f"{units or '0'}{decimals:0<2}") if currency not in ZERO_DECIMAL else int(units)
    if minor <= 0:
        raise refused("CANNOT_BE_ZERO_OR_NEGATIVE", field=field)
    if int(units or "0") >= _LARGEST:
        raise refused("MAX_VALUE_EXCEEDED", field=field)
    return minor


def fee(minor: int, currency: str) -> int:
    """What PayPal keeps of a payment, never more than all of it."""
    fixed = _FIXED_FEE.get(currency, _USUAL_FIXED_FEE)
    return min(minor, (minor * _FEE_BASIS_POINTS + 5_000) // 10_000 + fixed)


def dispute_fee(currency: str) -> int:
    """What a lost dispute costs beside the money."""
    return _DISPUTE_FEE.get(currency, _USUAL_DISPUTE_FEE)


def typed(text: str, currency: str) -> int | None:
    """The minor units of an amount that a person typed, such as `15.00`; None for nothing.

    Raises:
        PayPalError: it is no amount of that currency.
    """
    if not text.strip():
        return None
    return read({"currency_code": currency, "value": text.strip()}, "/amount")[0]
