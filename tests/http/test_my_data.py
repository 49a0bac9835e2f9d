"""One's own data over HTTP: the copy as a file, and the form that erases the account."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import auth, middleware, my_data
from mentorships.http.requests import FORM
from services import db, ratelimits, signin
from services.config import settings
from services.models import User, UserStatus
from services.privacy import erasure, export
from state import cookies, flash
from state.guard import forget_presences
from tests.support.people import PASSWORD, make_user
from tests.support.studio import stored


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    ratelimits.forget_all()
    forget_presences()
    yield
    ratelimits.forget_all()
    forget_presences()


@pytest.fixture
def client(database: str, tmp_path: Path) -> TestClient:
    """Mia's browser."""
    make_user()
    app = middleware.protect(
        Starlette(routes=[*auth.routes, *my_data.routes]), settings(), tmp_path
    )
    origin = settings().public_url
    client = TestClient(app, base_url=origin, headers={"Origin": origin}, follow_redirects=False)
    client.post("/auth/sign-in", data={"email": "mia@example.com", "password": PASSWORD})
    return client


def actor_of(client: TestClient) -> signin.Actor:
    return signin.actor_for(client.cookies[cookies.session_name()])


def link_of(client: TestClient) -> str:
    with db.reading() as session:
        return export.make_link(session, actor=actor_of(client)).path


def test_the_copy_comes_as_a_zip_that_no_cache_keeps(client: TestClient) -> None:
    answer = client.get(link_of(client))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.zip"'
    assert "no-store" in answer.headers["cache-control"]
    with ZipFile(io.BytesIO(answer.content)) as bundle:
        assert "account.json" in bundle.namelist()
        assert bundle.testzip() is None


def test_nobody_else_gets_it_and_nothing_without_a_link(client: TestClient) -> None:
    link = link_of(client)
    assert client.get(export.PATH).status_code == 403
    assert client.get(f"{export.PATH}?key=forged").status_code == 403
    client.cookies.clear()
    assert client.get(link).status_code == 401
    make_user("sam@example.com")
    other = signin.sign_in(email="sam@example.com", password=PASSWORD)
    client.cookies.set(cookies.session_name(), other)
    assert client.get(link).status_code == 403


def test_too_many_copies_are_refused_with_when_to_come_back(client: TestClient) -> None:
    link = link_of(client)
    [user] = stored(User)
    for _ in range(10):
        ratelimits.hit(export.EXPORTS, user.public_id)
    answer = client.get(link)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def erase(client: TestClient, **fields: str) -> tuple[str, flash.Flash | None]:
    answer = client.post("/auth/erase", content=urlencode(fields), headers={"Content-Type": FORM})
    assert answer.status_code == 303
    return (
        answer.headers["location"],
        flash.opened(client.cookies.get(cookies.flash_name()) or ""),
    )


def test_the_form_erases_and_signs_out(client: TestClient) -> None:
    with db.reading() as session:
        mark = erasure.get_view(session, actor=actor_of(client)).mark
    location, message = erase(client, password="not this one", mark=mark)
    assert location == "/settings/data"
    assert message
    assert (message.field, message.typed) == ("password", {})

    location, message = erase(client, password=PASSWORD, mark=mark)

    assert location == "/"
    assert message
    assert message.text.startswith("Your account is erased")
    assert not client.cookies.get(cookies.session_name())
    assert [row.status for row in stored(User)] == [UserStatus.ERASED]


def test_a_visitor_erases_nothing(client: TestClient) -> None:
    client.cookies.clear()
    location, _ = erase(client, password=PASSWORD, mark="")
    assert location == "/sign-in"
    assert [row.status for row in stored(User)] == [UserStatus.ACTIVE]
