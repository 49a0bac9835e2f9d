"""The reports as files: who may have them, what is in them, and what is said when not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import reports
from services import clock
from services.ids import hashed
from services.models import OrderStatus, SignIn, User
from state import cookies
from tests.services.recorded import a_held_session, recorded, some_pack
from tests.services.rows import (
    a_mentor,
    a_seat,
    a_user,
    an_admin,
    an_offer,
    an_order,
    saved,
)
from tests.services.sales import paid
from tests.support.databases import NO_DATABASE, in_use

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=reports.routes)) as opened:
        yield opened


def signed_in(client: TestClient, user: User) -> None:
    secret = f"secret of {user.id}"
    until = clock.utc_now() + timedelta(days=1)
    saved(SignIn(user_id=user.id, token_hash=hashed(secret), expires_at=until))
    client.cookies.set(cookies.session_name(), secret)


def sold(title: str, mentor: str, minor: int, at: datetime, *, currency: str = "EUR") -> None:
    """Somebody paid for this pack at this moment."""
    seller = a_mentor(mentor)
    offer = an_offer(seller, minor, title=title, currency=currency)
    order = an_order(a_user(f"Mia {mentor}"), offer, at=at, status=OrderStatus.PAID)
    paid(order, at)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_an_admin_gets_the_months_of_a_period_as_a_file(client: TestClient) -> None:
    sold("Four sessions", "Mina Mentor", 120_50, datetime(2024, 3, 9, 9, 0, tzinfo=UTC))
    signed_in(client, an_admin())

    answer = client.get("/files/reports/revenue.csv?first=2024-02-01&last=2024-04-30")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    named = 'attachment; filename="revenue-2024-02-01-2024-04-30.csv"'
    assert answer.headers["content-disposition"] == named
    months = table(answer.text)
    assert [month["month"] for month in months] == ["2024-02", "2024-03", "2024-04"]
    assert [month["net"] for month in months] == ["0.00", "120.50", "0.00"]
    assert {month["currency"] for month in months} == {"EUR"}


def test_a_file_takes_the_filters_and_the_currency_of_the_page(client: TestClient) -> None:
    at = datetime(2024, 3, 9, 9, 0, tzinfo=UTC)
    sold("Four sessions", "Mina Mentor", 120_00, at)
    sold("Four sessions", "Otto Oster", 90_00, at, currency="USD")
    signed_in(client, an_admin())
    asked = "/files/reports/revenue.csv?first=2024-03-01&last=2024-03-31&by=mentor"

    euros, dollars = table(client.get(asked).text), table(client.get(f"{asked}&currency=USD").text)
    nobody = table(client.get(f"{asked}&mentor=otto-oster").text)

    assert [(line["mentor"], line["net"]) for line in euros] == [("Mina Mentor", "120.00")]
    assert [(line["mentor"], line["net"]) for line in dollars] == [("Otto Oster", "90.00")]
    assert nobody == []


def test_a_title_that_is_a_formula_stays_a_text(client: TestClient) -> None:
    evil = '=HYPERLINK("https://evil.example","open")'
    sold(evil, "@Mina Mentor", 120_00, datetime(2024, 3, 9, 9, 0, tzinfo=UTC))
    signed_in(client, an_admin())
    asked = "/files/reports/revenue.csv?first=2024-03-01&last=2024-03-31"

    (pack,) = table(client.get(f"{asked}&by=offer").text)
    (mentor,) = table(client.get(f"{asked}&by=mentor").text)

    assert pack["pack"].startswith(f"'{evil}")
    assert mentor["mentor"] == "'@Mina Mentor"


@pytest.mark.parametrize("by", ["time", "mentor"])
def test_an_admin_gets_the_seats_as_a_file(client: TestClient, by: str) -> None:
    a_seat(a_user("Mia Maler"), a_mentor(capacity=7))
    signed_in(client, an_admin())

    answer = client.get(f"/files/reports/seats.csv?by={by}")

    assert answer.status_code == 200
    rows = table(answer.text)
    if by == "time":
        assert rows[-1]["days"]
    else:
        (mentor,) = rows
        assert (mentor["capacity (seats now)"], mentor["active (seats now)"]) == ("7", "1")


@pytest.mark.parametrize("name", ["revenue", "seats", "costs"])
def test_nobody_but_an_admin_gets_a_report(client: TestClient, name: str) -> None:
    path = f"/files/reports/{name}.csv"
    visitor = client.get(path)
    assert (visitor.status_code, visitor.text) == (401, "Please sign in first.")

    signed_in(client, a_user("Mia Maler"))
    mentee = client.get(path)
    assert (mentee.status_code, mentee.text) == (403, "Only an admin may do this.")
    assert mentee.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("first=2026-11-22&last=2026-01-01", 400, "The first day must not be after the last one."),
        ("first=tomorrow", 400, "Write days as"),
        ("first=0001-01-01", 400, "Choose days between"),
        ("currency=XXX", 400, "no money in XXX"),
        ("mentor=nobody", 404, "There is no such mentor"),
        ("mentor=no%00body", 404, "There is no such mentor"),
        ("provider=bar%00ter", 400, "There is no such payment provider."),
        ("offer=off_nothing", 404, "There is no such pack"),
        ("provider=barter", 400, "There is no such payment provider."),
        ("by=weekday", 400, "Ask for one of these tables: month, mentor, offer, provider."),
    ],
)
def test_nonsense_in_the_address_is_answered_with_a_sentence(
    client: TestClient, query: str, status: int, words: str
) -> None:
    signed_in(client, an_admin())
    answer = client.get(f"/files/reports/revenue.csv?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "content-disposition" not in answer.headers


def test_a_database_that_is_away_gives_a_failure_and_no_empty_file(client: TestClient) -> None:
    signed_in(client, an_admin())
    with in_use(NO_DATABASE):
        answer = client.get("/files/reports/revenue.csv")
    assert answer.status_code >= 500
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("by", ["time", "mentor", "forecast", "comparison", "session"])
def test_an_admin_gets_what_recordings_cost_as_a_file(client: TestClient, by: str) -> None:
    signed_in(client, an_admin())
    recorded(a_held_session(some_pack(), clock.utc_now() - timedelta(days=2)))
    answer = client.get(f"/files/reports/costs.csv?by={by}&prices=plan")
    assert answer.status_code == 200
    assert {row["currency"] for row in table(answer.text)} == {"USD"}
    assert client.get("/files/reports/costs.csv?prices=mine").status_code == 400
