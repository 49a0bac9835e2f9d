"""Which currencies and amounts Stripe accepts."""

from __future__ import annotations

from babel.numbers import format_currency

from mentorships.sandbox.stripe_errors import invalid

# VENDORS.md, Stripe, Money. ISK and UGX are written with two digits that must be zero.
ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS = frozenset(["isk", "ugx"])
_TWO_DECIMAL = frozenset(
    [
        "aed",
        "ars",
        "aud",
        "brl",
        "cad",
        "chf",
        "cny",
        "cop",
        "czk",
        "dkk",
        "eur",
        "gbp",
        "hkd",
        "huf",
        "idr",
        "ils",
        "inr",
        "mxn",
        "myr",
        "nok",
        "nzd",
        "pen",
        "php",
        "pln",
        "ron",
        "sar",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "uah",
        "usd",
        "uyu",
        "zar",
    ]
)
SUPPORTED = ZERO_DECIMAL | THREE_DECIMAL | WHOLE_UNITS | _TWO_DECIMAL

_LARGEST = 99_999_999
_SMALLEST = 50


def shown(amount: int, currency: str) -> str:
    """An amount in minor units as a person reads it, such as `€120.00`."""
    code = currency.lower()
    digits = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    major = f"{amount / 10**digits:.{digits}f}" if digits else str(amount)
    text: str = format_currency(major, currency.upper(), locale="en_IE", currency_digits=True)
    return text.replace("\xa0", " ")


def check_currency(code: str, param: str) -> None:
    """Refuse a currency that Stripe does not charge in."""
    if code.lower() not in SUPPORTED:
        raise invalid(
            f"Invalid currency: {code.lower()}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(SUPPORTED))}",
            param=param,
        )


def check_unit_amount(amount: int, code: str, param: str) -> None:
    """Refuse an amount (minor units) that Stripe cannot charge in that currency."""
    if amount < 0:
        raise invalid("Invalid non-negative integer", param=param, code="parameter_invalid_integer")
    step = 10 if code.lower() in THREE_DECIMAL else 100 if code.lower() in WHOLE_UNITS else 1
    if amount % step:
        raise invalid(f"Amounts in {code.lower()} must be multiples of {step}.", param=param)


def check_total(amount: int, code: str) -> None:
    """Refuse a total (minor units) below Stripe's minimum or above its maximum."""
    if amount < _SMALLEST:
        raise invalid(
            "The Checkout Session's total amount due must add up to at least "
            f"{shown(_SMALLEST, code)}",
            code="amount_too_small",
        )
    if amount > _LARGEST:
        raise invalid(
            f"The Checkout Session's total amount due must be no more than {shown(_LARGEST, code)}",
            code="amount_too_large",
        )
