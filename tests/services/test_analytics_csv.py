"""The dashboards' tables as CSV: safe to open in a spreadsheet, and nothing is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pandas import DataFrame

from services import analytics, clock, db
from services.analytics import Period
from services.audit import Actor
from services.errors import InvalidInput
from services.ids import UserId
from services.models import Mentor, RefundStatus, User
from services.money import Money
from tests.services.ledgers import bought
from tests.services.reckoning import History
from tests.services.sales import a_refund_of, a_sale

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """The last of March."""
    with clock.at(NOW):
        yield


def test_csv_cells_that_begin_like_a_formula_are_defused_and_the_rest_survives() -> None:
    names = ["=HYPERLINK(1)", "+1", "-2", "@SUM", ' "=1', 'Ada, "the" first\nof two', "O'Brien"]
    orders = [a_sale(NOW, 100 + number) for number in range(len(names))]
    with db.transaction() as session:
        for order, name in zip(orders, names, strict=True):
            mentor = session.get_one(Mentor, order.mentor_id)
            session.get_one(User, mentor.user_id).name = name
    a_refund_of(orders[0], 5_000, NOW, RefundStatus.SUCCEEDED)
    with db.reading() as session:
        report = analytics.get_revenue(session, actor=ADMIN, period=YEAR)
    rows = read_csv(analytics.revenue_frame(report, "mentor"))
    assert {row["mentor"] for row in rows} == {
        *(f"'{name}" for name in names[:5]),
        *names[5:],
    }
    for row, line in zip(rows, report.mentors, strict=True):
        assert row["currency"] == "EUR"
        assert row["net"] == f"{line.taking.net.minor / 100:.2f}"
    assert rows[-1]["net"] == "-49.00"  # a figure, not a formula
    months = read_csv(analytics.revenue_frame(report, "month"))
    assert [row["month"] for row in months][:2] == ["2025-04", "2025-05"]
    with pytest.raises(InvalidInput):
        analytics.revenue_frame(report, "weather")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Ada;=1+1", "Ada;'=1+1"),
        ("Ada, =1", "Ada,' =1"),
        ("Ada|\uff0b1\t@SUM", "Ada|'\uff0b1\t'@SUM"),
        ("Ada\n\n-1", "Ada\n'\n'-1"),
        ("Four sessions, 120.00 EUR", "Four sessions, 120.00 EUR"),
    ],
)
def test_a_formula_behind_any_other_separator_is_defused_and_texts_are_quoted(
    text: str, cell: str
) -> None:
    frame = DataFrame([{"mentor": text, "net": "-12.00"}])
    assert analytics.csv_of(frame) == f'"mentor","net"\r\n"{cell}",-12.00\r\n'


def test_the_file_has_what_was_earned_beside_what_was_paid() -> None:
    sale = bought(fee=Money(400, "EUR"))
    sale.holds()
    sale.expires()
    with db.reading() as session:
        report = analytics.get_revenue(session, actor=ADMIN, period=YEAR)
    row = read_csv(analytics.revenue_frame(report, "month"))[-1]
    names = ("paid", "earned", "earned (held)", "earned (expired)", "mentors' part", "fees")
    assert [row[name] for name in names] == ["120.00", "120.00", "30.00", "90.00", "21.00", "4.00"]
    [mentor] = read_csv(analytics.revenue_frame(report, "mentor"))
    assert (mentor["earned"], mentor["disputed"]) == ("120.00", "0.00")


def read_csv(frame: DataFrame) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(analytics.csv_of(frame), newline="")))


def test_the_seats_csv_has_a_row_per_point_and_per_mentor() -> None:
    History(5, begin=NOW - timedelta(days=20), end=NOW).go_on(5)
    with db.reading() as session:
        report = analytics.get_seats(session, actor=ADMIN, period=YEAR)
    assert len(read_csv(analytics.seats_frame(report, "time"))) == len(report.points)
    assert len(read_csv(analytics.seats_frame(report, "mentor"))) == len(report.mentors)
