"""What a mentor reads of a mentee in a row."""

from __future__ import annotations

import pytest

from services.mentees import Balance
from services.onboarding import Standing
from state.mentor_mentees import balance_words, standing_words


@pytest.mark.parametrize(
    ("balance", "words"),
    [
        (Balance(), ("nothing left", "")),
        (Balance(available=4, total=4), ("4 of 4 sessions to book", "")),
        (Balance(available=0, reserved=2, total=4), ("0 of 4 sessions to book", "2 booked")),
        (Balance(available=1, total=1), ("1 of 1 session to book", "")),
    ],
)
def test_a_balance_says_what_can_be_booked_and_what_is(
    balance: Balance, words: tuple[str, str]
) -> None:
    assert balance_words(balance) == words


def test_onboarding_says_how_far_and_what_is_next() -> None:
    assert standing_words(Standing(2, 4, "goals")) == "2 of 4 steps, next: goals"
    assert standing_words(Standing(4, 4, "")) == "ready to book"
