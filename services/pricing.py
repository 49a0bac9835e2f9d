"""What a pack costs one buyer: its list price, less a discount, with the tax of the studio.

All amounts are whole minor units, in steps that every payment provider can charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from services.catalogue.offers import least_price
from services.config import settings
from services.models import DiscountCode, PackOffer, TaxMode
from services.money import Money, exponent

WHOLE = 10_000
"""A rate of 100 percent, in basis points."""
NO_CENTS = frozenset({"HUF", "TWD"})
"""Currencies with cents on paper that PayPal charges in whole units only."""


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax on what the studio sells; `rate_bp` in basis points (1900 is 19 percent)."""

    mode: TaxMode
    rate_bp: int
    label: str

    @property
    def rate(self) -> str:
        """The rate as a person reads it: `19 %`."""
        return rate_shown(self.rate_bp)


@dataclass(frozen=True, slots=True)
class Price:
    """What an order says about its price: `amount_minor` is what the buyer pays, the list price
    less the discount, and the tax where it is added. `tax_minor` is in it in any case."""

    list_minor: int
    discount_minor: int
    tax_mode: TaxMode
    tax_rate_bp: int
    tax_minor: int
    amount_minor: int
    currency: str

    @property
    def list(self) -> Money:
        """The price before the discount."""
        return Money(self.list_minor, self.currency)

    @property
    def discount(self) -> Money:
        """What the code takes off, positive."""
        return Money(self.discount_minor, self.currency)

    @property
    def tax(self) -> Money:
        """The tax that is in the total."""
        return Money(self.tax_minor, self.currency)

    @property
    def total(self) -> Money:
        """What the buyer pays."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_free(self) -> bool:
        """Whether there is nothing to pay, and so no provider to go to."""
        return self.amount_minor == 0


def tax_now() -> Tax:
    """The tax by the settings of today; an order keeps what it was sold with."""
    chosen = settings()
    mode = TaxMode(chosen.tax_mode)
    rate = 0 if mode is TaxMode.NONE else int(Decimal(chosen.tax_rate_percent) * 100)
    return Tax(mode, rate, chosen.tax_label)


def words(tax: Tax) -> str:
    """What is to be said where list prices are shown; empty when there is no tax."""
    match tax.mode:
        case TaxMode.NONE:
            return ""
        case TaxMode.INCLUDED:
            return f"Prices include {tax.rate} {tax.label}."
        case TaxMode.ADDED:
            return f"Prices are without {tax.label}: {tax.rate} are added at checkout."


def price(offer: PackOffer, code: DiscountCode | None, tax: Tax) -> Price:
    """What the offer costs with this code (one that may be used, or none) and this tax.

    A discount never makes it negative. What it leaves below the least amount that can be charged
    is not charged at all: then the pack is free.
    """
    currency = offer.currency
    discount = discount_on(offer, code) if code is not None else 0
    left = offer.price_minor - discount
    total, taxed = with_tax(left, currency, tax)
    if code is not None and total < least_price(currency).minor:
        discount, total, taxed = offer.price_minor, 0, 0
    return Price(
        list_minor=offer.price_minor,
        discount_minor=discount,
        tax_mode=tax.mode,
        tax_rate_bp=tax.rate_bp,
        tax_minor=taxed,
        amount_minor=total,
        currency=currency,
    )


def discount_on(offer: PackOffer, code: DiscountCode) -> int:
    """What a code takes off the offer's price, in minor units, at most all of it."""
    if code.percent is not None:
        whole = code.percent == 100
        part = rounded(offer.price_minor * code.percent, 100, step(offer.currency))
        return offer.price_minor if whole else min(part, offer.price_minor)
    return min(code.amount_minor or 0, offer.price_minor)


def with_tax(minor: int, currency: str, tax: Tax) -> tuple[int, int]:
    """What is paid for a price of so many minor units, and the tax in it."""
    match tax.mode:
        case TaxMode.NONE:
            return minor, 0
        case TaxMode.INCLUDED:
            return minor, rounded(minor * tax.rate_bp, WHOLE + tax.rate_bp)
        case TaxMode.ADDED:
            on_top = rounded(minor * tax.rate_bp, WHOLE, step(currency))
            return minor + on_top, on_top


def step(currency: str) -> int:
    """The smallest step, in minor units, in which every provider can charge the currency."""
    if currency in NO_CENTS:
        return 100
    return 10 if exponent(currency) == 3 else 1


def rounded(numerator: int, denominator: int, to: int = 1) -> int:
    """A fraction of minor units (not negative), rounded half up to whole steps of `to`."""
    return (2 * numerator + denominator * to) // (2 * denominator * to) * to


def rate_shown(rate_bp: int) -> str:
    """A rate in basis points as a person reads it: `19 %`, `8.1 %`."""
    percent = Decimal(rate_bp).scaleb(-2).normalize()
    return f"{percent:f} %"
