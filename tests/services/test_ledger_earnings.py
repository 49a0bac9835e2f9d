"""A mentor's earnings: each session once, in the mentor's own months, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from services import catalogue, clock, db, ledger
from services.audit import Actor
from services.errors import InvalidInput, NotAllowed, SignInNeeded
from services.ledger import Earnings
from services.models import Mentor, User
from services.money import Money
from tests.services.ledgers import Bought, bought, paid_once
from tests.services.rows import (
    VISITOR,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
    onboarded,
)

MIDNIGHT = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
"""The first of April in Berlin."""


@pytest.fixture(autouse=True)
def spring(database: str) -> Iterator[None]:
    with clock.at(datetime(2026, 4, 9, 12, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def sale() -> Bought:
    """Two sessions held on either side of a midnight in the mentor's zone, and a stranger's."""
    with clock.at(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)):
        sale, other = bought(), bought(name="Olga Other")
    with db.transaction() as session:
        mentor = session.get_one(Mentor, sale.order.mentor_id)
        session.get_one(User, mentor.user_id).time_zone = "Europe/Berlin"
    with clock.at(MIDNIGHT.replace(hour=21, minute=59)):
        sale.holds()
    with clock.at(MIDNIGHT):
        sale.holds()
        other.holds()
    return sale


def mentor_of(sale: Bought) -> Actor:
    with db.reading() as session:
        return acting_mentor(session.get_one(Mentor, sale.order.mentor_id))


def mentor_row(sale: Bought) -> Mentor:
    with db.reading() as session:
        return session.get_one(Mentor, sale.order.mentor_id)


def earnings(sale: Bought, month: str = "", currency: str = "") -> Earnings:
    with db.reading() as session:
        return ledger.get_earnings(session, actor=mentor_of(sale), month=month, currency=currency)


def test_each_session_counts_in_the_mentors_own_month(sale: Bought) -> None:
    april, march = earnings(sale), earnings(sale, "2026-03")
    assert (april.month, march.month) == (date(2026, 4, 1), date(2026, 3, 1))
    for month, row in ((april, sale.met[1]), (march, sale.met[0])):
        [one] = month.sessions
        assert (one.session, one.amount) == (row.public_id, Money(2_100, "EUR"))
        assert (one.mentee, one.title) == ("Nora Novak", "Four sessions")
    assert [each.amount.minor for each in april.months[:3]] == [2_100, 2_100, 0]
    assert len(april.months) == 12
    assert (april.total, april.currencies) == (Money(4_200, "EUR"), ("EUR",))
    assert (april.percent, april.zone) == (70, "Europe/Berlin")


def test_a_corrected_outcome_is_taken_off_in_the_month_of_the_correction(sale: Bought) -> None:
    sale.corrects(sale.met[0], used=False)
    assert [one.amount.minor for one in earnings(sale).sessions] == [-2_100, 2_100]
    assert earnings(sale).months[0].amount == Money(0, "EUR")
    assert earnings(sale).total == Money(2_100, "EUR")


def test_another_share_holds_for_sessions_settled_from_then_on(sale: Bought) -> None:
    ada = acting(an_admin())
    with db.reading() as session:
        mentor = session.get_one(Mentor, sale.order.mentor_id)
    with db.transaction() as session:
        catalogue.update_profile(
            session,
            actor=ada,
            slug=mentor.slug,
            headline=mentor.headline,
            bio=mentor.bio,
            skills=[],
            languages=[],
            capacity=mentor.capacity,
            share="50",
        )
    sale.holds()
    sale.corrects(sale.met[0], used=False)

    amounts = [one.amount.minor for one in earnings(sale).sessions]
    assert sorted(amounts) == [-2_100, 1_500, 2_100]
    assert earnings(sale).percent == 50


def test_a_refund_takes_nothing_of_what_a_mentor_has_earned(sale: Bought) -> None:
    sale.gives_back(12_000, sessions=2)
    assert earnings(sale).total == Money(4_200, "EUR")


def test_one_currency_is_shown_at_a_time_and_the_studios_first(sale: Bought) -> None:
    for currency in ("CHF", "USD"):
        offer = an_offer(mentor_row(sale), 4_000, currency=currency, validity_days=None)
        order = an_order(onboarded(a_user(f"Pays {currency}")), offer)
        paid_once(order, Money(4_000, currency)).holds()
    shown = earnings(sale)
    assert (shown.currency, shown.currencies) == ("EUR", ("EUR", "CHF", "USD"))
    assert (shown.total, len(shown.sessions)) == (Money(4_200, "EUR"), 1)
    francs = earnings(sale, currency="CHF")
    assert (francs.total, francs.months[0].amount) == (Money(700, "CHF"), Money(700, "CHF"))
    assert [one.amount for one in francs.sessions] == [Money(700, "CHF")]
    with pytest.raises(InvalidInput):
        earnings(sale, currency="JPY")


def test_only_the_mentor_sees_them_and_the_number_of_statements_does_not_grow(
    sale: Bought,
) -> None:
    with db.reading() as session:
        with pytest.raises(SignInNeeded):
            ledger.get_earnings(session, actor=VISITOR)
        with pytest.raises(NotAllowed):
            ledger.get_earnings(session, actor=acting(a_user("Nobody Special")))
    actor, counts = mentor_of(sale), list[int]()
    for _ in range(2):
        with counted_reading() as (session, statements):
            ledger.get_earnings(session, actor=actor)
            counts.append(len(statements))
        sale.holds()
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize("month", ["2026-05", "2025-04", "yesterday", "2026-13", "1" * 500])
def test_a_month_that_is_none_of_the_last_twelve_is_refused(sale: Bought, month: str) -> None:
    with pytest.raises(InvalidInput):
        earnings(sale, month)
