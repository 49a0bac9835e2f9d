"""Calendar feeds over HTTP: what a calendar program gets, and what a stranger does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import failures, feeds, middleware
from services import clock, db
from services import feeds as service
from services.config import settings
from services.models import User
from tests.services.meetings import together
from tests.services.rows import a_session
from tests.support.logs import captured
from tests.support.studio import stored


@pytest.fixture
def client(database: str, tmp_path: Path) -> TestClient:
    routes = Starlette(routes=feeds.routes, exception_handlers={Exception: failures.in_route})
    app = middleware.protect(routes, settings(), tmp_path)
    return TestClient(app, base_url=settings().public_url, raise_server_exceptions=False)


def path_of_a_feed() -> str:
    """The address of a person's feed, without the host."""
    pair = together()
    a_session(pair.pack, clock.utc_now() + timedelta(days=1))
    service.renew_feed(actor=pair.actor)
    with db.reading() as session:
        feed = service.find_feed(session, actor=pair.actor)
    assert feed is not None
    assert feed.address.startswith(settings().public_url)
    return feed.address.removeprefix(settings().public_url)


def test_a_calendar_program_reads_a_feed_that_nobody_may_keep(client: TestClient) -> None:
    path = path_of_a_feed()
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert "set-cookie" not in answer.headers
    assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/calendar/unknown.ics", "/calendar/.ics", "/calendar/%00.ics", "/calendar/x"]
)
def test_what_is_no_feed_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"BEGIN" not in answer.content


def test_guessing_is_slowed_and_says_how_long(client: TestClient) -> None:
    answers = [client.get(f"/calendar/guess-{number}.ics") for number in range(61)]
    assert [answer.status_code for answer in answers[-2:]] == [404, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_secret_is_in_no_line_of_the_log_even_when_reading_fails(client: TestClient) -> None:
    path = path_of_a_feed()
    secret = path.rsplit("/", 1)[1].removesuffix(".ics")
    [mentee] = [user for user in stored(User) if user.name == "Nora Novak"]
    with db.transaction() as session:
        session.get_one(User, mentee.id).time_zone = "Mars/Olympus"
    with captured() as lines:
        answer = client.get(path)
    assert answer.status_code == 500
    assert lines()
    assert secret not in str(lines()) + answer.text
