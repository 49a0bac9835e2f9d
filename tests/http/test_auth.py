"""The /auth/* routes as a browser uses them: cookies, redirects, flashes, origins, bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from mentorships.http import auth, middleware
from mentorships.http.requests import FORM, client_address
from services import accounts, db, ratelimits, signin
from services.config import settings
from services.models import Document, LinkPurpose
from services.privacy import documents
from state import cookies, flash
from state.guard import forget_presences
from tests.support.people import PASSWORD, actor_of, last_token, mails, make_user
from tests.support.servers import environment_of

NEW_PASSWORD = "a fresh long password"


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    ratelimits.forget_all()
    forget_presences()
    yield
    ratelimits.forget_all()
    forget_presences()


@pytest.fixture
def client(database: str, tmp_path: Path) -> Iterator[TestClient]:
    return browser(tmp_path)


def browser(folder: Path) -> TestClient:
    """A browser on the routes, behind the edge's rules, that does not follow redirects."""
    app = middleware.protect(Starlette(routes=auth.routes), settings(), folder)
    origin = settings().public_url
    return TestClient(app, base_url=origin, headers={"Origin": origin}, follow_redirects=False)


def post(client: TestClient, path: str, **fields: str) -> tuple[str, flash.Flash | None]:
    """Post a form; where the answer leads, and the message it carries there."""
    answer = client.post(path, content=urlencode(fields), headers={"Content-Type": FORM})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], flash.opened(client.cookies.get(cookies.flash_name()) or "")


def agreed() -> dict[str, str]:
    """What the ticked box of the sign-up sends."""
    return {"accepts": "on", "terms": documents.current(Document.TERMS)}


def sign_in(client: TestClient, **more: str) -> str:
    location, _ = post(
        client, "/auth/sign-in", **{"email": "mia@example.com", "password": PASSWORD} | more
    )
    return location


def secret_of(client: TestClient) -> str:
    return client.cookies.get(cookies.session_name()) or ""


def test_signing_in_sets_one_http_only_cookie_and_leads_home(client: TestClient) -> None:
    user_id = make_user()
    answer = client.post("/auth/sign-in", data={"email": "mia@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert answer.headers["cache-control"] == "no-store"
    (cookie,) = [
        value
        for value in answer.headers.get_list("set-cookie")
        if value.startswith(cookies.session_name())
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie
    assert signin.actor_for(secret_of(client)).user_id == user_id


def test_the_cookie_is_secure_and_bound_to_its_host_behind_https(
    database: str, tmp_path: Path
) -> None:
    make_user()
    with environment_of({"PUBLIC_URL": "https://studio.example.com"}):
        answer = browser(tmp_path).post(
            "/auth/sign-in", data={"email": "mia@example.com", "password": PASSWORD}
        )
    set_cookie = "\n".join(answer.headers.get_list("set-cookie"))
    assert "__Host-mentorships_session=" in set_cookie
    assert "Secure" in set_cookie


@pytest.mark.parametrize(
    ("person", "home"),
    [({"mentor": "mia"}, "/mentor"), ({"admin": True}, "/admin"), ({}, "/dashboard")],
)
def test_each_role_begins_at_its_home(
    client: TestClient, person: dict[str, object], home: str
) -> None:
    make_user(mentor=str(person.get("mentor", "")), admin=bool(person.get("admin")))
    assert sign_in(client) == home


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/checkout/off_1?x=1", "/checkout/off_1?x=1"),
        ("https://evil.example.com/", "/dashboard"),
        ("//evil.example.com", "/dashboard"),
        ("/\\evil.example.com", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/\nSet-Cookie: a=b", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_after_signing_in_one_stays_on_the_site(
    client: TestClient, wanted: str, leads_to: str
) -> None:
    make_user()
    assert sign_in(client, next=wanted) == leads_to


def test_a_wrong_password_keeps_what_was_typed_but_never_the_password(client: TestClient) -> None:
    make_user()
    location, message = post(
        client,
        "/auth/sign-in",
        email="mia@example.com",
        password="a wrong password",
        next="/orders",
    )
    assert location == "/sign-in?next=%2Forders"
    assert message
    assert (message.path, message.field) == ("/sign-in", "password")
    assert message.typed == {"email": "mia@example.com"}
    assert not secret_of(client)


def test_signing_in_again_ends_the_sign_in_the_browser_had(client: TestClient) -> None:
    make_user()
    sign_in(client)
    first = secret_of(client)
    sign_in(client)
    assert secret_of(client) != first
    assert signin.actor_for(first) == signin.VISITOR


def test_signing_out_ends_the_sign_in_and_takes_the_cookie(client: TestClient) -> None:
    make_user()
    sign_in(client)
    secret = secret_of(client)
    location, message = post(client, "/auth/sign-out")
    assert location == "/"
    assert message
    assert message.tone == "good"
    assert not secret_of(client)
    assert signin.actor_for(secret) == signin.VISITOR


def test_signing_up_answers_the_same_for_new_and_known_addresses(client: TestClient) -> None:
    make_user("known@example.com")
    answers: list[str] = []
    for email in ("known@example.com", "new@example.com"):
        location, message = post(
            client,
            "/auth/sign-up",
            email=email,
            name="Mia",
            password=PASSWORD,
            time_zone="Europe/Rome",
            **agreed(),
        )
        assert message
        answers.append(f"{location} {message.tone} {message.text.replace(email, '')}")
    assert answers[0] == answers[1]
    assert [mail["template"] for mail in mails()] == ["reset", "verify"]


def test_a_sign_up_that_cannot_be_used_comes_back_with_its_field_and_all_that_was_typed(
    client: TestClient,
) -> None:
    typed = {"email": "mia@example.com", "name": "Mia", "time_zone": "Europe/Rome"}
    location, message = post(client, "/auth/sign-up", **typed, **agreed(), password="short")
    assert location == "/sign-up"
    assert message
    assert (message.field, message.typed) == ("password", typed)


def test_from_sign_up_over_the_mail_to_a_sign_in(client: TestClient) -> None:
    typed = {"email": "mia@example.com", "name": "Mia", "password": PASSWORD}
    post(client, "/auth/sign-up", **typed, **agreed())
    location, message = post(client, "/auth/verify", token=last_token(LinkPurpose.VERIFY))
    assert location == "/sign-in"
    assert message
    assert message.tone == "good"
    assert sign_in(client) == "/dashboard"


def test_asking_for_a_reset_answers_the_same_whoever_asks(client: TestClient) -> None:
    make_user()
    texts: set[str] = set()
    for email in ("mia@example.com", "nobody@example.com"):
        location, message = post(client, "/auth/reset", email=email)
        assert location == "/reset"
        assert message
        texts.add(message.text.replace(email, ""))
    assert len(texts) == 1
    assert len(mails()) == 1


def test_a_new_password_by_mail_signs_every_browser_out(client: TestClient) -> None:
    make_user()
    sign_in(client)
    post(client, "/auth/reset", email="mia@example.com")
    token = last_token(LinkPurpose.RESET)
    location, message = post(client, "/auth/reset/new", token=token, password="short")
    assert location == f"/reset/new?token={token}"
    assert message
    assert message.field == "password"
    assert post(client, "/auth/reset/new", token=token, password=NEW_PASSWORD)[0] == "/sign-in"
    assert not secret_of(client)
    assert sign_in(client, password=NEW_PASSWORD) == "/dashboard"


def test_a_used_link_says_so_on_its_page(client: TestClient) -> None:
    location, message = post(client, "/auth/verify", token="made up & more")
    assert location == "/verify?token=made%20up%20%26%20more"
    assert message
    assert message.field == "token"


@pytest.mark.parametrize("path", [str(route.path) for route in auth.routes])
def test_opening_a_link_changes_nothing(client: TestClient, path: str) -> None:
    make_user()
    sign_in(client)
    answer = client.get(path)
    assert answer.status_code == 405
    assert signin.actor_for(secret_of(client)) != signin.VISITOR


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        {"Origin": ""},
    ],
)
def test_another_site_cannot_post_in_a_persons_name(
    client: TestClient, headers: dict[str, str]
) -> None:
    make_user()
    sign_in(client)
    secret = secret_of(client)
    for path in [str(route.path) for route in auth.routes]:
        assert client.post(path, data={}, headers=headers).status_code == 403
    assert signin.actor_for(secret) != signin.VISITOR


def test_a_person_ends_another_browser_of_their_own_only(
    client: TestClient, tmp_path: Path
) -> None:
    make_user()
    make_user("tom@example.com")
    other, foreign = browser(tmp_path), browser(tmp_path)
    sign_in(client)
    sign_in(other)
    sign_in(foreign, email="tom@example.com")
    theirs = signin.find_presence(secret_of(foreign)).sign_in
    location, message = post(client, "/auth/sessions/revoke", sign_in=theirs)
    assert location == "/settings"
    assert message
    assert message.tone == "warning"
    assert signin.actor_for(secret_of(foreign)) != signin.VISITOR
    mine = signin.find_presence(secret_of(other)).sign_in
    assert post(client, "/auth/sessions/revoke", sign_in=mine)[0] == "/settings"
    assert signin.actor_for(secret_of(other)) == signin.VISITOR


def test_ending_the_browser_one_sits_at_signs_out(client: TestClient) -> None:
    make_user()
    sign_in(client)
    here = signin.find_presence(secret_of(client)).sign_in
    assert post(client, "/auth/sessions/revoke", sign_in=here)[0] == "/"
    assert not secret_of(client)


def test_the_password_changes_for_who_knows_it(client: TestClient, tmp_path: Path) -> None:
    make_user()
    other = browser(tmp_path)
    sign_in(client)
    sign_in(other)
    _, message = post(client, "/auth/password", current="wrong one here", new=NEW_PASSWORD)
    assert message
    assert message.field == "current"
    _, message = post(client, "/auth/password", current=PASSWORD, new=NEW_PASSWORD)
    assert message
    assert message.tone == "good"
    assert signin.actor_for(secret_of(client)) != signin.VISITOR
    assert signin.actor_for(secret_of(other)) == signin.VISITOR


@pytest.mark.parametrize("path", ["/auth/password", "/auth/sessions/revoke"])
def test_a_visitor_is_sent_to_sign_in(client: TestClient, path: str) -> None:
    assert post(client, path, current="x", new=NEW_PASSWORD, sign_in="sig_x")[0] == "/sign-in"


def test_forms_are_bounded_and_must_be_forms(client: TestClient) -> None:
    def status(body: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
        return client.post(
            "/auth/sign-in", content=body, headers={"Content-Type": kind}
        ).status_code

    assert status(b"email=" + b"x" * 20_000) == 413
    assert status(b'{"email": "x"}', "application/json") == 415
    assert status(b"email=%ff%fe") == 400
    assert status("email=é".encode()) == 400
    assert status(urlencode({f"f{n}": "x" for n in range(30)}).encode()) == 400
    assert status(b"") == 303


def test_too_many_attempts_say_how_long_to_wait(client: TestClient) -> None:
    for _ in range(10):
        post(client, "/auth/sign-in", email="mia@example.com", password="wrong password")
    _, message = post(client, "/auth/sign-in", email="mia@example.com", password=PASSWORD)
    assert message
    assert "wait" in message.text
    assert message.tone == "warning"


def test_a_forged_or_old_message_is_not_shown() -> None:
    value = flash.sealed(flash.Flash("/sign-in", "Hello"))
    assert flash.opened(value)
    head, _, signature = value.rpartition(".")
    other = "B" if signature[0] == "A" else "A"
    assert flash.opened(f"{head}.{other}{signature[1:]}") is None
    assert flash.opened("x" * 10_000) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "1.2.3.4, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "not an address", "10.0.0.2"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_came_from(
    peer: str, forwarded: str, expected: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "headers": headers, "client": (peer, 1)})
    with environment_of({"TRUSTED_PROXIES": "10.0.0.0/8"}):
        assert client_address(request) == expected


def test_a_person_who_is_signed_in_can_still_ask_for_a_new_password(client: TestClient) -> None:
    user_id = make_user()
    sign_in(client)
    post(client, "/auth/reset", email="mia@example.com")
    accounts.reset_password(token=last_token(LinkPurpose.RESET), password=NEW_PASSWORD)
    with db.reading() as session:
        assert signin.list_sign_ins(session, actor=actor_of(user_id)) == []
