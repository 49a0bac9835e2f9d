"""One session as a calendar file: who may have it, and what is said when not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import sessions
from services import clock, db
from services.ids import hashed
from services.models import MentoringSession, SignIn, User
from state import cookies
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user, an_admin, saved
from tests.support.databases import NO_DATABASE, in_use

pytestmark = pytest.mark.usefixtures("database")

STARTS = datetime(2027, 3, 30, 15, 0, tzinfo=UTC)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=sessions.routes)) as opened:
        yield opened


def signed_in(client: TestClient, user: User) -> None:
    secret = f"secret of {user.id}"
    until = clock.utc_now() + timedelta(days=1)
    saved(SignIn(user_id=user.id, token_hash=hashed(secret), expires_at=until))
    client.cookies.set(cookies.session_name(), secret)


def booked() -> tuple[MentoringSession, User, User]:
    """A session, its mentee, and its mentor's user."""
    mentee, mentor = a_user("Mia Maler"), a_mentor("Mina Mentor")
    session = a_session(a_pack(a_seat(mentee, mentor)), STARTS)
    with db.reading() as reading:
        return session, mentee, reading.get_one(User, mentor.user_id)


def address(session: MentoringSession) -> str:
    return f"/files/sessions/{session.public_id}.ics"


def test_both_people_and_admins_get_the_session_at_its_time(client: TestClient) -> None:
    session, mentee, mentor = booked()
    for person in (mentee, mentor, an_admin()):
        signed_in(client, person)

        answer = client.get(address(session))

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/calendar")
        assert answer.headers["cache-control"] == "no-store"
        assert f'filename="{session.public_id}.ics"' in answer.headers["content-disposition"]
        (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
        assert event.decoded("DTSTART") == STARTS
        assert session.public_id in str(event["UID"])


def test_a_session_of_somebody_else_looks_like_none(client: TestClient) -> None:
    session, _, _ = booked()
    signed_in(client, a_user("Ben Bauer"))
    foreign, unknown = client.get(address(session)), client.get("/files/sessions/ses_none.ics")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text == unknown.text


@pytest.mark.parametrize("name", ["ses_%00", "%00", "ses_%F0%9F%92%BE", "s" * 5_000])
def test_an_id_that_cannot_be_one_looks_like_no_session(client: TestClient, name: str) -> None:
    _, mentee, _ = booked()
    signed_in(client, mentee)
    assert client.get(f"/files/sessions/{name}.ics").status_code == 404


def test_a_visitor_is_asked_to_sign_in(client: TestClient) -> None:
    session, _, _ = booked()
    answer = client.get(address(session))
    assert answer.status_code == 401
    assert "BEGIN" not in answer.text


def test_without_a_database_it_says_so_and_nothing_else(client: TestClient) -> None:
    session, mentee, _ = booked()
    signed_in(client, mentee)
    with in_use(NO_DATABASE):
        answer = client.get(address(session))
    assert answer.status_code >= 500
    assert "BEGIN" not in answer.text
