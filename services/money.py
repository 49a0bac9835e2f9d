"""Money: integer minor units and a currency; never a float, never two currencies in one sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.numbers import (
    format_currency,
    get_currency_precision,  # pyright: ignore[reportUnknownVariableType]  # untyped in babel
)

from services.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor units (cents for EUR, yen for JPY)."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)


def exponent(currency: str) -> int:
    """How many digits the currency has after the point: 2 for EUR, 0 for JPY."""
    return int(get_currency_precision(currency))


@lru_cache(4_096)  # open lists show the same few prices to everybody, again and again
def shown(money: Money, locale: str = "en_IE") -> str:
    """The amount as a person reads it, always with its currency: `€120.00`."""
    major = Decimal(money.minor).scaleb(-exponent(money.currency))
    text = format_currency(major, money.currency, locale=locale)
    return text.replace("\xa0", " ")


def parsed(text: str, currency: str, *, field: str = "price") -> Money:
    """Read what a person typed as a major amount: `120`, `120.50`, `120,50`.

    Raises:
        InvalidInput: not a positive amount, or more digits than the currency has.
    """
    try:
        major = Decimal(text.strip().replace(",", "."))
        minor = major.scaleb(exponent(currency))
    except ArithmeticError:
        raise InvalidInput(field, "Write an amount such as 120 or 120.50.") from None
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise InvalidInput(field, f"{currency} has {exponent(currency)} digits after the point.")
    if not 0 < minor < 10**9:
        raise InvalidInput(field, "Write an amount above zero.")
    return Money(int(minor), currency)


def split(total_minor: int, parts: int) -> list[int]:
    """Split an amount over `parts` by largest remainder; the parts sum to the total."""
    each, rest = divmod(total_minor, parts)
    return [each + 1] * rest + [each] * (parts - rest)
