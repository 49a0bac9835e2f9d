"""Money: integer minor units and a currency; never a float, never two currencies in one sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, pairwise

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


def split(amount: Money, parts: int, *, step: int = 1) -> tuple[int, ...]:
    """Split an amount over `parts` by largest remainder, in whole `step`s (minor units).

    The parts sum to the amount and differ by one step at most. What of the amount is no whole step
    is in the first part, so that all others can be given back on their own.
    """
    if amount.minor < 0 or parts < 1 or step < 1:
        raise ValueError(f"cannot split {amount} into {parts} parts in steps of {step}")
    steps, odd = divmod(amount.minor, step)
    each, more = divmod(steps, parts)
    whole = [each + 1] * more + [each] * (parts - more)
    if odd:
        whole.insert(0, whole.pop())  # a smaller one
    return (whole[0] * step + odd, *(part * step for part in whole[1:]))


def along(minor: int, parts: Sequence[int]) -> tuple[int, ...]:
    """Split an amount in the proportion of `parts`, none of which gets more than it is itself.

    The shares sum to the amount, also over the first few parts: rounding never adds up.

    Raises:
        ValueError: more than the parts are together, or below zero.
    """
    whole = sum(parts)
    if not 0 <= minor <= whole:
        raise ValueError(f"cannot spread {minor} over {whole}")
    reached = [minor * each // whole if whole else 0 for each in accumulate(parts, initial=0)]
    return tuple(after - before for before, after in pairwise(reached))
