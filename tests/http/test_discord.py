"""Slash commands from Discord: verified, stored, answered in time. Nothing else, nothing lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from mentorships.http import discord, middleware
from services import clock
from services.config import settings
from services.models import InboxEvent
from services.providers.discord import interactions
from services.providers.discord.interactions import parse
from tests.support.databases import NO_DATABASE, in_use
from tests.support.discord import Discord, Person
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import stored

DEFERRED = {"type": 5, "data": {"flags": 64}}
PING = '{"type": 1}'


class Endpoint:
    """The route behind the edge's rules, and a Discord that posts to it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.world = Discord(sandbox)
        app = middleware.protect(Starlette(routes=discord.routes), settings(), folder)
        self.client = TestClient(app, raise_server_exceptions=False)

    def post(self, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        answer = self.client.post(discord.PATH, content=body.encode(), headers=headers)
        return answer.status_code, answer.json()

    def signed(self, body: str, age: int = 0) -> tuple[int, Any]:
        """What comes back for a body that Discord signed `age` seconds ago."""
        at = int(clock.utc_now().timestamp()) - age
        return self.post(body, self.world.signed(body, signed_at=at))

    def typed(self, person: Person, command: str) -> tuple[int, Any]:
        """What comes back when somebody types a command."""
        made = person.type(command)
        return self.post(made["body"], made["headers"])


@pytest.fixture
def endpoint(database: str, sandbox: Sandbox, tmp_path: Path) -> Endpoint:
    return Endpoint(sandbox, tmp_path)


@pytest.fixture
def mina(endpoint: Endpoint) -> Person:
    return endpoint.world.account("mina", member=True)


@contextmanager
def listening(client: TestClient) -> Iterator[None]:
    """The route at the address where Discord looks for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = client.post(self.path, content=body, headers=dict(self.headers.items()))
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", settings().port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def test_somebody_types_a_command_and_reads_the_answer(endpoint: Endpoint, mina: Person) -> None:
    with listening(endpoint.client):
        told = endpoint.world.ask("command", id=mina.id, command="seat")
    assert isinstance(told, dict)
    assert (told["status"], mina.read()) == ("thinking", [""])
    handle_inbox.call_local()
    send_outbox.call_local()
    [read] = mina.read()
    assert "is not linked to an account" in read


def test_discord_takes_our_address_when_it_is_entered_in_its_portal(endpoint: Endpoint) -> None:
    with listening(endpoint.client):
        found = endpoint.world.ask("examine")
    assert found == {"signed": 200, "forged": 401, "taken": True}


def test_discords_question_whether_we_are_there_is_answered_as_it_wants(endpoint: Endpoint) -> None:
    answer = endpoint.client.post(discord.PATH, content=PING, headers=endpoint.world.signed(PING))
    assert (answer.status_code, answer.json()) == (200, {"type": 1})
    assert answer.headers["content-type"] == "application/json"
    assert stored(InboxEvent) == []


def test_a_command_is_stored_and_answered_later_for_its_sender_alone(
    endpoint: Endpoint, mina: Person
) -> None:
    assert endpoint.typed(mina, "seat") == (200, DEFERRED)
    [row] = stored(InboxEvent)
    assert (row.provider, row.type, row.object_id) == ("discord", "command", mina.id)
    found = parse(row.payload)
    assert (found.id, found.command, found.discord_id) == (row.event_id, "seat", mina.id)
    assert found.token == mina.shown()["commands"][0]["token"]


def test_nothing_is_stored_of_a_person_but_their_id(endpoint: Endpoint, mina: Person) -> None:
    endpoint.typed(mina, "seat")
    [row] = stored(InboxEvent)
    assert set(json.loads(row.payload)) == {"id", "type", "token", "data", "user"}
    assert "mina" not in row.payload


def test_a_command_from_a_direct_message_has_its_sender_elsewhere(
    endpoint: Endpoint, mina: Person
) -> None:
    told = json.loads(mina.type("book")["body"])
    told["user"] = told.pop("member")["user"]
    assert endpoint.signed(json.dumps(told)) == (200, DEFERRED)
    assert stored(InboxEvent)[0].object_id == mina.id


def test_the_same_command_twice_is_one(endpoint: Endpoint, mina: Person) -> None:
    made = mina.type("seat")
    answers = [endpoint.post(made["body"], made["headers"]) for _ in range(3)]
    assert answers == [(200, DEFERRED)] * 3
    assert len(stored(InboxEvent)) == 1


def test_a_command_tells_by_its_id_when_it_was_typed(endpoint: Endpoint, mina: Person) -> None:
    body = mina.type("seat")["body"]
    found = interactions.read(body.encode())
    assert found is not None
    assert found.at.timestamp() == mina.shown()["commands"][0]["created"]


Forge = Callable[[dict[str, str]], dict[str, str]]


@pytest.mark.parametrize(
    "forge",
    [
        lambda headers: {},
        lambda headers: headers | {"x-signature-ed25519": "00" * 64},
        lambda headers: headers | {"x-signature-ed25519": "garbage"},
        lambda headers: headers | {"x-signature-ed25519": ""},
        lambda headers: headers | {"x-signature-ed25519": headers["x-signature-ed25519"][:-2]},
        lambda headers: headers | {"x-signature-timestamp": "1"},
        lambda headers: headers | {"x-signature-timestamp": "soon"},
        lambda headers: headers | {"x-signature-timestamp": "9" * 400},
        lambda headers: {"x-signature-timestamp": headers["x-signature-timestamp"]},
    ],
    ids=[
        "none",
        "zeros",
        "garbage",
        "empty",
        "short",
        "another time",
        "no time",
        "far away",
        "time only",
    ],
)
def test_what_discord_did_not_sign_is_refused_and_leaves_nothing(
    endpoint: Endpoint, mina: Person, forge: Forge
) -> None:
    made = mina.type("seat")
    status, told = endpoint.post(made["body"], forge(made["headers"]))
    assert status == 401
    assert "signature" in told["error"]
    assert stored(InboxEvent) == []


def test_a_changed_body_is_refused(endpoint: Endpoint, mina: Person) -> None:
    made = mina.type("seat")
    status, _ = endpoint.post(made["body"].replace("seat", "book"), made["headers"])
    assert status == 401
    assert stored(InboxEvent) == []


@pytest.mark.parametrize("age", [301, -302], ids=["stale", "from the future"])
def test_a_signature_of_another_time_is_refused(endpoint: Endpoint, age: int) -> None:
    assert endpoint.signed(PING, age)[0] == 401


@pytest.mark.parametrize("age", [295, -295])
def test_a_few_minutes_of_difference_are_no_trouble(endpoint: Endpoint, age: int) -> None:
    assert endpoint.signed(PING, age) == (200, {"type": 1})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "null",
        '{"type": 3, "id": "1", "token": "t", "user": {"id": "1"}}',
        '{"type": 2}',
        '{"type": 2, "id": "1", "token": "t", "data": {"name": "x"}, "user": {"id": "me"}}',
        '{"type": 2, "id": 1, "token": "t", "data": {"name": "x"}, "user": {"id": "1"}}',
        '{"type": 2, "id": "1", "token": "t", "data": [], "user": {"id": "1"}}',
        '{"type": 2, "id": "1", "token": "", "data": {"name": "x"}, "user": {"id": "1"}}',
        "[" * 30_000,
    ],
    ids=[
        "empty",
        "no JSON",
        "a list",
        "nothing",
        "a button",
        "no command",
        "no id",
        "a number",
        "no name",
        "no token",
        "deep",
    ],
)
def test_what_is_signed_but_no_command_is_refused_in_words(endpoint: Endpoint, body: str) -> None:
    status, told = endpoint.signed(body)
    assert (status, bool(told["error"])) == (400, True)
    assert stored(InboxEvent) == []


def test_a_body_that_is_no_text_is_refused(endpoint: Endpoint) -> None:
    answer = endpoint.client.post(discord.PATH, content=b'{"id": "\xff"}')
    assert answer.status_code == 401


def test_an_oversized_body_is_refused(endpoint: Endpoint) -> None:
    body = json.dumps({"type": 1, "padding": "x" * discord.LARGEST_BODY})
    assert endpoint.signed(body)[0] == 413


def test_other_methods_are_refused(endpoint: Endpoint) -> None:
    assert endpoint.client.get(discord.PATH).status_code == 405


def test_a_command_that_cannot_be_stored_is_answered_in_words(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    endpoint = Endpoint(sandbox, tmp_path)
    mina = endpoint.world.account("mina", member=True)
    with in_use(NO_DATABASE):
        status, told = endpoint.typed(mina, "seat")
    assert (status, told["type"]) == (200, 4)
    assert told["data"] == {
        "content": discord.NOT_NOW,
        "flags": 64,
        "allowed_mentions": {"parse": []},
    }


def test_a_studio_without_discord_has_no_such_address(endpoint: Endpoint) -> None:
    production = {
        "APP_ENV": "production",
        "SECRET_KEY": "x" * 32,
        "PUBLIC_URL": "https://studio.example.com",
        "STRIPE_SECRET_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "RESEND_API_KEY": "re_x",
        "RESEND_WEBHOOK_SECRET": "whsec_eHh4eHh4eHh4eHh4eHh4eA==",
    }
    with environment_of(production):
        assert endpoint.post(PING, {})[0] == 404
