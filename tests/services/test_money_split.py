"""What was paid is split over the sessions: to the last cent, in steps that can be given back."""

from __future__ import annotations

import pytest
from babel.numbers import list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

from services.models import Provider
from services.money import Money, along, split
from services.providers.payments import registry

CURRENCIES = sorted(list_currencies())
amounts = st.integers(0, 10**9)
counts = st.integers(1, 100)


@settings(deadline=None)  # the first one loads an adapter's library
@given(
    minor=amounts,
    parts=counts,
    currency=st.sampled_from(CURRENCIES),
    provider=st.sampled_from(list(Provider)),
)
def test_every_amount_in_every_currency_is_split_to_the_last_cent_in_the_providers_steps(
    minor: int, parts: int, currency: str, provider: Provider
) -> None:
    step = registry.payments(provider).step(currency)
    whole = minor - minor % step  # what the provider can charge, it can also give back in parts
    divided = split(Money(whole, currency), parts, step=step)
    assert len(divided) == parts
    assert sum(divided) == whole
    assert all(part % step == 0 for part in divided)
    assert max(divided) - min(divided) <= step
    assert list(divided) == sorted(divided, reverse=True)


@given(minor=amounts, parts=counts, step=st.sampled_from([1, 5, 10, 100]))
def test_what_is_no_whole_step_stays_with_the_first_session(
    minor: int, parts: int, step: int
) -> None:
    divided = split(Money(minor, "EUR"), parts, step=step)
    assert sum(divided) == minor
    assert max(divided) - min(divided) <= step
    assert all(part % step == 0 for part in divided[1:])


@given(parts=st.lists(st.integers(0, 10**7), min_size=1, max_size=100), data=st.data())
def test_tax_is_spread_along_the_parts_and_never_exceeds_one(
    parts: list[int], data: st.DataObject
) -> None:
    tax = data.draw(st.integers(0, sum(parts)))
    spread = along(tax, parts)
    assert sum(spread) == tax
    assert all(0 <= share <= part for share, part in zip(spread, parts, strict=True))
    for count in range(len(parts)):
        fair = tax * sum(parts[:count]) / (sum(parts) or 1)
        assert 0 <= fair - sum(spread[:count]) < 1 or fair == pytest.approx(sum(spread[:count]))


@pytest.mark.parametrize(("minor", "parts", "step"), [(-1, 4, 1), (100, 0, 1), (100, 4, 0)])
def test_what_cannot_be_split_is_refused(minor: int, parts: int, step: int) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split(Money(minor, "EUR"), parts, step=step)


def test_more_tax_than_there_is_price_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot spread"):
        along(13, [6, 6])
