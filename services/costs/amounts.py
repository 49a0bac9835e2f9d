"""Costs in millionths of a currency: a recording costs cents, and parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel.numbers import format_currency

from services.errors import InvalidInput

MICROS = 1_000_000
_SMALL = MICROS // 10
"""Below this, an amount is shown to the hundredth of a cent."""
_MOST = 10**6 * MICROS


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in millionths of the currency's major unit."""

    micros: int
    currency: str

    def __add__(self, other: Cost) -> Cost:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Cost(self.micros + other.micros, self.currency)


def shown(cost: Cost) -> str:
    """The amount as a person reads it: `US$6.44`, `US$0.0594`."""
    pattern = "¤#,##0.0000" if 0 < abs(cost.micros) < _SMALL else "¤#,##0.00"
    text = format_currency(
        decimal(cost), cost.currency, format=pattern, locale="en_IE", currency_digits=False
    )
    return text.replace("\xa0", " ")


def decimal(cost: Cost) -> Decimal:
    """The amount in the major unit, exactly."""
    return Decimal(cost.micros).scaleb(-6)


def written(cost: Cost) -> str:
    """The amount for a file: all six digits after the point."""
    return f"{decimal(cost):.6f}"


def parsed(text: str, *, field: str) -> int:
    """The micros of what a person typed in the major unit: `0.005`, `0,99`, `0`.

    Raises:
        InvalidInput: below zero, endless, or finer than a millionth.
    """
    try:
        micros = Decimal(text.strip().replace(",", ".")).scaleb(6)
    except InvalidOperation:
        raise InvalidInput(field, "Write a price such as 0.005.") from None
    if not micros.is_finite() or micros != micros.to_integral_value():
        raise InvalidInput(field, "A price has at most six digits after the point.")
    if not 0 <= micros <= _MOST:
        raise InvalidInput(field, "A price is zero or more.")
    return int(micros)
