"""Leaving a kind of mails over HTTP: by a mail program's one press, and by our own page."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import failures, middleware, unsubscribe
from services import db, mail, telling
from services.config import settings
from services.models import User
from tests.services.rows import a_mentor, a_pack, a_seat, a_user
from tests.support.logs import captured

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client(database: str, tmp_path: Path) -> TestClient:
    routes = Starlette(routes=unsubscribe.routes, exception_handlers={Exception: failures.in_route})
    app = middleware.protect(routes, settings(), tmp_path)
    return TestClient(
        app, base_url=settings().public_url, raise_server_exceptions=False, follow_redirects=False
    )


@pytest.fixture
def reader(database: str) -> User:
    return a_user("Nora Novak")


def path_for(reader: User) -> str:
    """The address in the header of a mail that one can leave."""
    pack = a_pack(a_seat(reader, a_mentor()), left=1)
    data = {"template": "testimonial_asked", "user_id": reader.id, "pack_id": pack.id}
    link = mail.compose(data).headers["List-Unsubscribe"].strip("<>")
    return link.removeprefix(settings().public_url)


def wanted(reader: User) -> bool:
    with db.reading() as session:
        return telling.wants_mail(session, reader.id, "testimonial_asked", {})


def test_one_press_in_a_mail_program_is_enough_without_cookie_origin_or_question(
    client: TestClient, reader: User
) -> None:
    answer = client.post(path_for(reader), data=ONE_CLICK)
    assert (answer.status_code, answer.text) == (200, "You get no more mails about: Testimonials")
    assert "set-cookie" not in answer.headers
    assert not wanted(reader)


def test_a_program_may_send_its_words_as_another_kind_of_form_and_twice(
    client: TestClient, reader: User
) -> None:
    path = path_for(reader)
    files = {"List-Unsubscribe": (None, "One-Click")}
    assert client.post(path, files=files).status_code == 200
    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert not wanted(reader)


def test_a_scanner_that_opens_the_link_changes_nothing_and_is_led_to_the_page(
    client: TestClient, reader: User
) -> None:
    path = path_for(reader)
    for ask in (client.get, client.head):
        answer = ask(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/unsubscribe?token=")
        assert answer.headers["cache-control"] == "no-store"
    assert wanted(reader)


def test_the_button_of_the_page_leaves_and_comes_back_to_it(
    client: TestClient, reader: User
) -> None:
    token = path_for(reader).rpartition("/")[2]
    answer = client.post("/unsubscribe/now", data={"token": token})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/unsubscribe?token={token}"
    assert not wanted(reader)


@pytest.mark.parametrize("token", ["x", "x.y", "%00", "%F0%9F%92%A9", "x" * 2_000])
def test_a_broken_link_is_refused_in_words_and_changes_nothing(
    client: TestClient, reader: User, token: str
) -> None:
    answer = client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 400
    assert "not valid any more" in answer.text
    page = client.post("/unsubscribe/now", data={"token": token})
    assert page.status_code == 303
    assert wanted(reader)


def test_what_is_larger_than_a_few_words_is_not_read(client: TestClient, reader: User) -> None:
    big = b"x" * (unsubscribe.MAX_BODY_BYTES + 1)
    assert client.post(path_for(reader), content=big).status_code == 413
    assert wanted(reader)


def test_a_mail_service_presses_for_as_many_readers_as_it_has(
    client: TestClient, reader: User
) -> None:
    path = path_for(reader)
    assert {client.post(path, data=ONE_CLICK).status_code for _ in range(70)} == {200}


def test_whoever_guesses_links_is_slowed_down(client: TestClient) -> None:
    answers = [client.post(f"/unsubscribe/guess-{number}") for number in range(61)]
    assert [answer.status_code for answer in answers[-2:]] == [400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_link_is_in_no_line_of_the_log(client: TestClient, reader: User) -> None:
    path = path_for(reader)
    with captured() as lines:
        client.get(path)
        client.post(path, data=ONE_CLICK)
    assert path.rpartition("/")[2] not in str(lines())
