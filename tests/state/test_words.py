"""The words that pages show: times with their zone, seats, and the honest faces of an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from services import clock
from services.errors import NotFound
from services.models import OrderStatus
from services.money import Money
from services.orders import Face, OrderView
from state import shown
from state.checkout_return import outcome_of
from state.mentor import validity_words
from state.mentors import seat_marks, seat_words
from state.order_facts import order_facts
from state.orders import STATUS
from state.phase import loading
from state.shown import cut_off

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def order(face: Face) -> OrderView:
    return OrderView(
        public_id="ord_1",
        status=OrderStatus.PENDING,
        face=face,
        offer="off_1",
        title="Four sessions",
        sessions=4,
        price=Money(24_000, "EUR"),
        provider="stripe",
        lost=Money(0, "EUR"),
        refunded=Money(24_000, "EUR"),
        validity_days=45,
        mentor_name="Mira Okonjo",
        mentor_slug="mira-okonjo",
        mentee_name="Robin Mentee",
        mentee_email="",
        created_at=NOW,
        paid_at=None,
        ended_at=None,
        expires_at=NOW + timedelta(minutes=35),
        checkout_url=None,
        pack=None,
    )


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(minutes=20), "in 20 minutes"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=-3), "3 hours ago"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(days=2), "23 Nov 2026, 22:30 (Europe/Berlin)"),
    ],
)
def test_a_time_is_relative_up_to_a_day_and_then_has_its_zone(away: timedelta, words: str) -> None:
    with clock.at(NOW):
        assert shown.moment(NOW + away, BERLIN).text == words


def test_the_full_instant_always_names_the_zone_of_the_reader() -> None:
    with clock.at(NOW):
        assert shown.moment(NOW, "Asia/Tokyo").full == "22 Nov 2026, 06:30 (Asia/Tokyo)"


def test_an_end_soon_after_midnight_is_still_a_time_of_day() -> None:
    with clock.at(NOW + timedelta(hours=1)):
        assert shown.until(NOW + timedelta(hours=2), BERLIN).text == "00:30 (Europe/Berlin)"


def test_an_end_far_away_has_its_date() -> None:
    with clock.at(NOW):
        assert shown.until(NOW + timedelta(days=3), BERLIN).text.startswith("24 Nov 2026, 22:30")


def test_wall_clock_words_follow_the_change_to_winter_time() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with clock.at(before - timedelta(days=5)):
        assert "02:30" in shown.moment(before, BERLIN).text
        assert "02:30" in shown.moment(before + timedelta(hours=1), BERLIN).text


def test_no_instant_shows_nothing() -> None:
    assert shown.moment(None, BERLIN).text == ""


@pytest.mark.parametrize(
    ("capacity", "free", "words"),
    [
        (0, 0, "Closed: join the waitlist"),
        (6, 0, "Full: join the waitlist"),
        (1, 1, "1 of 1 seat left"),
        (10, 2, "2 of 10 seats left"),
    ],
)
def test_seats_are_told_in_words(capacity: int, free: int, words: str) -> None:
    assert seat_words(capacity=capacity, free=free) == words


def test_there_is_one_mark_for_each_place_and_the_free_ones_come_first() -> None:
    assert seat_marks(capacity=4, free=1) == [True, False, False, False]


def test_a_pack_without_an_end_says_so() -> None:
    assert validity_words(None) == "never expires"
    assert validity_words(45) == "to use within 45 days"


@pytest.mark.parametrize("face", list(Face))
def test_every_face_of_an_order_has_words_a_person_can_act_on(face: Face) -> None:
    with clock.at(NOW):
        outcome = outcome_of(order(face), BERLIN)
    assert outcome.title
    assert outcome.words
    assert face in STATUS
    assert "_" not in outcome.title + outcome.words + STATUS[face][0]


def test_only_a_paid_face_says_paid_and_only_a_refund_says_what_went_back() -> None:
    with clock.at(NOW):
        told = {face: outcome_of(order(face), BERLIN) for face in Face}
    assert [face for face in Face if told[face].tone == "good"] == [
        Face.PAID,
        Face.PAID_TWICE_REFUNDED,
    ]
    back = {
        Face.SOLD_OUT_REFUNDING,
        Face.SOLD_OUT_REFUNDED,
        Face.PAID_TWICE_REFUNDED,
        Face.REFUNDED,
    }
    assert {face for face in Face if "€240.00" in told[face].words} == back


def test_a_held_seat_says_until_when_in_the_zone_of_the_reader() -> None:
    with clock.at(NOW):
        assert "23:05 (Europe/Berlin)" in outcome_of(order(Face.OPEN), BERLIN).words


@dataclass
class Part:
    """A page's state as far as loading it goes."""

    phase: str = "loading"
    failure: str = ""


def test_a_failed_load_is_never_an_empty_page() -> None:
    page = Part()
    with loading(page):
        raise RuntimeError("the database is gone")
    assert page.phase == "failed"
    assert "quote error" in page.failure
    assert "database" not in page.failure


def test_what_does_not_exist_is_missing_and_not_a_failure() -> None:
    page = Part()
    with loading(page):
        raise NotFound("mentor")
    assert page.phase == "missing"


def test_a_load_that_succeeds_is_ready() -> None:
    page = Part()
    with loading(page):
        pass
    assert page.phase == "ready"


@pytest.mark.parametrize(
    ("face", "paid", "startable"),
    [
        (Face.PAID, True, True),
        (Face.MISFIT, False, True),
        (Face.TIME_RAN_OUT, False, False),
        (Face.OPEN, False, False),
    ],
)
def test_a_refund_starts_from_an_order_that_has_money_also_money_that_does_not_fit(
    face: Face, *, paid: bool, startable: bool
) -> None:
    found = replace(order(face), paid_at=NOW if paid else None)
    facts = order_facts(found, BERLIN, for_admin=True)
    assert facts.start_href == ("/admin/refunds?order=ord_1" if startable else "")
    assert facts.story_href == "/admin/orders/ord_1"


def test_only_admins_read_who_bought_it() -> None:
    assert order_facts(order(Face.PAID), BERLIN).mentee == ""
    assert order_facts(order(Face.PAID), BERLIN, for_admin=True).mentee == "Robin Mentee"


def test_a_list_that_is_cut_off_says_so_and_one_that_is_whole_does_not() -> None:
    assert cut_off(99, 100) == ""
    assert cut_off(100, 100).startswith("The first 100 are listed.")
