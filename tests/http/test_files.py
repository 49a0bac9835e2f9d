"""Photos over HTTP: who may send one, what is answered, and how photos go out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import files
from services import clock, db, photos, ratelimits
from services.config import settings
from services.ids import hashed
from services.models import Mentor, SignIn, User
from state import cookies, flash
from tests.services.rows import a_mentor, a_user, an_admin, saved

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> Iterator[TestClient]:
    ratelimits.forget_all()
    with TestClient(Starlette(routes=files.routes), follow_redirects=False) as opened:
        yield opened


def signed_in(client: TestClient, user_id: int) -> None:
    secret = f"secret of {user_id}"
    until = clock.utc_now() + timedelta(days=1)
    saved(SignIn(user_id=user_id, token_hash=hashed(secret), expires_at=until))  # type: ignore[arg-type]
    client.cookies.set(cookies.session_name(), secret)


def a_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(out, "JPEG")
    return out.getvalue()


def send(client: TestClient, data: bytes, query: str = ""):
    return client.post(f"/files/photo{query}", files={"photo": ("me.jpg", data, "image/jpeg")})


def told(client: TestClient) -> flash.Flash:
    message = flash.opened(client.cookies[cookies.flash_name()])
    assert message is not None
    return message


def photo_key(mentor: Mentor) -> str | None:
    with db.reading() as session:
        return session.get_one(Mentor, mentor.id).photo_key


def test_mentor_sends_a_photo_and_everybody_can_see_it(client: TestClient) -> None:
    mentor = a_mentor()
    signed_in(client, mentor.user_id)

    answer = send(client, a_jpeg())

    assert (answer.status_code, answer.headers["location"]) == (303, "/mentor/profile")
    message = told(client)
    assert (message.path, message.tone) == ("/mentor/profile", "good")
    client.cookies.clear()
    photo = client.get(photos.url(photo_key(mentor), "small"))
    assert photo.status_code == 200
    assert photo.headers["content-type"] == "image/webp"
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in photo.headers["cache-control"]
    assert Image.open(io.BytesIO(photo.content)).size == (160, 160)


def test_admin_sends_a_photo_for_another_mentor(client: TestClient) -> None:
    mentor = a_mentor()
    signed_in(client, an_admin().id)

    answer = send(client, a_jpeg(), f"?mentor={mentor.slug}")

    assert answer.headers["location"] == f"/admin/mentors/{mentor.slug}"
    assert told(client).path == f"/admin/mentors/{mentor.slug}"
    assert photo_key(mentor)


def test_visitors_are_sent_to_sign_in_and_nothing_is_stored(client: TestClient) -> None:
    mentor = a_mentor()
    client.cookies.set(cookies.session_name(), "forged")

    answer = send(client, a_jpeg(), f"?mentor={mentor.slug}")

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=/mentor/profile",
    )
    assert photo_key(mentor) is None


@pytest.mark.parametrize("query", ["", "?mentor=mina-mentor", "?mentor=unknown"])
def test_mentees_and_foreign_mentors_are_refused_before_the_body_is_read(
    client: TestClient, query: str
) -> None:
    mentor = a_mentor("Mina Mentor")
    signed_in(client, a_user().id)
    body_was_read: list[bool] = []

    def body() -> Iterator[bytes]:
        body_was_read.append(True)
        yield b"x"

    answer = client.post(
        f"/files/photo{query}",
        content=body(),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )

    assert answer.status_code == 403
    assert photo_key(mentor) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "Choose a picture"), (b"not a picture", "not a readable JPEG, PNG or WebP")],
)
def test_refused_file_leads_back_to_the_editor_with_the_reason(
    client: TestClient, data: bytes, words: str
) -> None:
    mentor = a_mentor()
    signed_in(client, mentor.user_id)

    answer = send(client, data)

    assert answer.headers["location"] == "/mentor/profile"
    assert words in told(client).text
    assert told(client).tone == "warning"


def test_request_that_says_it_is_too_large_is_refused_by_its_length(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_MAX_BYTES", "10000")
    settings.cache_clear()
    mentor = a_mentor()
    signed_in(client, mentor.user_id)

    answer = send(client, b"x" * 30_000)

    assert answer.status_code == 303
    assert "larger than 0.01 MB" in told(client).text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b'{"photo": 1}', "application/json"),
    ],
)
def test_body_that_is_no_upload_is_answered_like_an_empty_one(
    client: TestClient, body: bytes, kind: str
) -> None:
    mentor = a_mentor()
    signed_in(client, mentor.user_id)

    answer = client.post("/files/photo", content=body, headers={"content-type": kind})

    assert answer.status_code == 303
    assert "Choose a picture" in told(client).text


@pytest.mark.parametrize("name", ["x", "..%2f..%2fapp.db", "a" * 32 + "-large.webp"])
def test_unknown_photos_are_not_found_and_not_kept(client: TestClient, name: str) -> None:
    answer = client.get(f"/files/photos/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_suspended_mentor_sends_nothing(client: TestClient) -> None:
    mentor = a_mentor()
    signed_in(client, mentor.user_id)
    with db.transaction() as session:
        user = session.get_one(User, mentor.user_id)
        user.status = type(user.status)("suspended")
        session.add(user)

    assert send(client, a_jpeg()).headers["location"].startswith("/sign-in")
