"""The outermost layer: ids, headers, figures, and the answer when a route failed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from mentorships.http import failures
from mentorships.http.edge import Edge
from mentorships.http.policy import Policies, hashes
from services import logs, metrics, tracing
from services.config import settings
from services.errors import DatabaseUnavailable
from tests.support.logs import Lines
from tests.support.servers import environment_of

PAGE = "<html><script>alert(1)</script><script src='/x.js'></script><body>Hello</body></html>"
SECRET = "mia@example.com"


async def _current(_request: Request) -> Response:
    await asyncio.sleep(0.02)
    return PlainTextResponse(tracing.current())


async def _broken(_request: Request) -> Response:
    raise ValueError(f"cannot cope with {SECRET}")


async def _away(_request: Request) -> Response:
    raise DatabaseUnavailable("connection to 127.0.0.1 port 5432 refused")


async def _breaks_off(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("half-way")

    return StreamingResponse(body())


async def _own(_request: Request) -> Response:
    headers = {
        "Content-Security-Policy": "default-src 'none'",
        "X-Request-Id": "evt_0123456789",
        "Cache-Control": "public",
    }
    return PlainTextResponse("", headers=headers)


async def _html(_request: Request) -> Response:
    return Response(PAGE, media_type="text/html")


ROUTES = [
    Route("/id", _current),
    Route("/broken/{number}", _broken),
    Route("/api/broken", _broken, methods=["GET", "POST"]),
    Route("/away", _away),
    Route("/api/away", _away),
    Route("/breaks-off", _breaks_off),
    Route("/files/own", _own),
    Route("/", _html),
]


def app(folder: Path) -> Edge:
    inner = Starlette(routes=ROUTES, exception_handlers={Exception: failures.in_route})
    return Edge(inner, settings(), folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = tmp_path / "pages"
    (pages / "mentors").mkdir(parents=True)
    (pages / "index.html").write_text(PAGE)
    (pages / "mentors" / "index.html").write_text(PAGE.replace("alert(1)", "alert(2)"))
    (pages / "404.html").write_text(PAGE.replace("alert(1)", "alert(404)"))
    return pages


@pytest.fixture
def client(folder: Path) -> TestClient:
    return TestClient(app(folder))


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What is logged during a test; the log writes to whatever standard error is at the moment."""
    with environment_of({"LOG_FORMAT": "json"}):
        logs.configure()
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    logs.configure()


def policy(client: TestClient, path: str) -> dict[str, str]:
    """The content security policy of an answer, by directive."""
    header = client.get(path).headers["content-security-policy"]
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value for name, _, value in parts}


def counted(name: str) -> dict[tuple[str, ...], float]:
    """The samples of a counter, by the values of its labels."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_every_answer_tells_its_id_and_the_code_inside_knows_it(client: TestClient) -> None:
    answers = [client.get("/id") for _ in range(2)]
    assert [answer.text for answer in answers] == [a.headers["x-request-id"] for a in answers]
    assert answers[0].text != answers[1].text
    assert tracing.current() == ""


def test_requests_at_the_same_time_keep_their_ids_apart(folder: Path) -> None:
    edge = app(folder)

    async def ask() -> tuple[str, str]:
        sent: list[Message] = []
        scope = {"type": "http", "method": "GET", "path": "/id", "headers": [], "query_string": b""}

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await edge(scope, receive, send)
        return dict(sent[0]["headers"])[b"x-request-id"].decode(), sent[1]["body"].decode()

    async def many() -> list[tuple[str, str]]:
        return await asyncio.gather(*(ask() for _ in range(20)))

    pairs = asyncio.run(many())
    assert all(header == inside for header, inside in pairs)
    assert len({header for header, _ in pairs}) == 20


@pytest.mark.parametrize(
    ("proxies", "given", "taken"),
    [
        ("127.0.0.1", "from-the-proxy-1", True),
        ("", "from-a-stranger-1", False),
        ("127.0.0.1", "bad id <script>", False),
        ("127.0.0.1", "x" * 500, False),
    ],
)
def test_an_id_is_taken_over_only_from_a_trusted_proxy(
    folder: Path, proxies: str, given: str, taken: bool
) -> None:
    with environment_of({"TRUSTED_PROXIES": proxies}):
        client = TestClient(app(folder), client=("127.0.0.1", 1))
        answer = client.get("/id", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is taken


def test_a_proxy_is_known_by_either_way_of_writing_its_address(folder: Path) -> None:
    with environment_of({"TRUSTED_PROXIES": "10.0.0.0/8"}):
        client = TestClient(app(folder), client=("::ffff:10.0.0.1", 1))
        answer = client.get("/id", headers={"X-Request-Id": "from-the-proxy-1"})
    assert answer.headers["x-request-id"] == "from-the-proxy-1"


def test_each_page_allows_its_own_inline_scripts_and_no_other(client: TestClient) -> None:
    home, mentors, other = (policy(client, path) for path in ("/", "/mentors", "/mentors/ada"))
    assert {len(hashes(PAGE))} == {1}
    assert home["script-src"].split() == ["'self'", *hashes(PAGE)]
    assert len({home["script-src"], mentors["script-src"], other["script-src"]}) == 3
    for policy_of_page in (home, mentors, other):
        assert "unsafe" not in policy_of_page["script-src"]
        assert policy_of_page["object-src"] == "'none'"
        assert policy_of_page["frame-ancestors"] == "'none'"
        assert policy_of_page["base-uri"] == "'self'"
        assert policy_of_page["form-action"] == "'self'"
        assert "ws://" in policy_of_page["connect-src"]


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/a/../index.html",
        "/" + "x" * 5000,
        "/a%00b",
        "/%ff%fe",
        "/" + "€" * 100,
    ],
)
def test_no_address_leads_the_policy_out_of_the_build(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_a_page_that_was_built_again_under_a_running_server_may_run_its_new_scripts(
    client: TestClient, folder: Path
) -> None:
    new = PAGE.replace("alert(1)", "alert(3)")
    for path, file in (("/", "index.html"), ("/mentors/ada", "404.html")):
        before = policy(client, path)["script-src"]
        (folder / file).write_text(new)
        os.utime(folder / file, ns=(1, 1))
        after = policy(client, path)["script-src"]
        assert after != before
        assert after.split() == ["'self'", *hashes(new)]


def test_programs_and_simulators_have_policies_of_their_own(client: TestClient) -> None:
    assert policy(client, "/api/broken") == {
        **dict.fromkeys(("default-src", "frame-ancestors", "base-uri", "form-action"), "'none'")
    }
    sandbox = policy(client, "/sandbox/mail")
    assert sandbox["default-src"] == "'none'"
    assert "script-src" not in sandbox
    assert settings().public_url in sandbox["form-action"]


def test_films_may_be_played_from_the_stores_and_the_cdn_and_from_nowhere_else(
    folder: Path,
) -> None:
    b2 = {"KIND": "b2", "REGION": "eu-central-003", "BUCKET": "films", "KEY_ID": "k", "SECRET": "s"}
    aws = b2 | {"KIND": "aws", "REGION": "eu-west-1"}
    values = {f"STORAGE_B2_{name}": value for name, value in b2.items()}
    values |= {f"STORAGE_AWS_{name}": value for name, value in aws.items()}
    values |= {"STORAGE_DEFAULT": "b2", "FILES_CDN_BASE": "https://cdn.example.com"}
    with environment_of(values):
        headers = dict(Policies(settings(), folder).headers("/recordings/rec_1"))
    policy = headers[b"content-security-policy"].decode()
    [films] = [part for part in policy.split("; ") if part.startswith("media-src")]
    assert set(films.split()[1:]) == {
        "'self'",
        "blob:",
        "https://cdn.example.com",
        "https://films.s3.eu-west-1.amazonaws.com",
        "https://s3.eu-central-003.backblazeb2.com",
    }


def test_https_is_demanded_exactly_behind_https(folder: Path, client: TestClient) -> None:
    assert "strict-transport-security" not in client.get("/").headers
    assert "upgrade-insecure-requests" not in policy(client, "/")
    with environment_of({"PUBLIC_URL": "https://studio.example.com"}):
        secure = TestClient(app(folder))
        assert "max-age" in secure.get("/").headers["strict-transport-security"]
        assert "upgrade-insecure-requests" in policy(secure, "/")
        assert "wss://studio.example.com" in policy(secure, "/")["connect-src"]


def test_what_a_route_chose_itself_stays(client: TestClient) -> None:
    headers = client.get("/files/own").headers
    assert headers.get_list("content-security-policy") == ["default-src 'none'"]
    assert headers.get_list("x-request-id") == ["evt_0123456789"]
    assert headers.get_list("cache-control") == ["public"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_failure_is_answered_with_an_id_that_finds_its_traceback(
    client: TestClient, lines: Lines
) -> None:
    answer = client.get("/broken/7")
    assert answer.status_code == 500
    assert "Please quote error" in answer.text
    [line] = lines()
    assert line["error_id"] in answer.text
    assert line["trace"] == answer.headers["x-request-id"]
    assert line["route"] == "/broken/{number}"
    assert "ValueError" in line["exception"]
    assert SECRET not in json.dumps(line)
    assert SECRET not in answer.text


def test_people_get_a_page_and_programs_get_json(client: TestClient, lines: Lines) -> None:
    page = client.get("/broken/7", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text
    answer = client.get("/api/broken")
    assert set(answer.json()) == {"error", "error_id"}
    assert [line["error_id"] for line in lines()][1] == answer.json()["error_id"]


@pytest.mark.parametrize("path", ["/away", "/api/away"])
def test_a_database_that_is_away_is_one_line_and_an_answer_to_come_again(
    client: TestClient, lines: Lines, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "try again" in answer.text
    assert "port 5432" not in answer.text
    [line] = lines()
    assert line["event"] == "database_away"
    assert "refused" in line["reason"]
    assert "exception" not in line


def test_an_answer_that_breaks_off_is_logged_once(client: TestClient, lines: Lines) -> None:
    assert client.get("/breaks-off").text == "first"
    [line] = lines()
    assert "half-way" in line["exception"]


def test_routes_are_counted_by_their_names_and_never_by_what_was_typed(
    client: TestClient, lines: Lines
) -> None:
    before = counted("mentorships_http_requests_total")
    for number in range(30):
        client.get(f"/broken/{number}")
        client.get(f"/no/such/{number}")
        client.get(f"/assets/{number}.js")
        client.request(f"HACK{number}", "/id")
    after = counted("mentorships_http_requests_total")
    new = {key: value for key, value in after.items() if before.get(key) != value}
    assert set(new) == {
        ("GET", "/broken/{number}", "500"),
        ("GET", "page", "404"),
        ("GET", "/assets", "404"),
        ("other", "/id", "405"),
    }
    assert (
        new["GET", "/broken/{number}", "500"] - before.get(("GET", "/broken/{number}", "500"), 0)
        == 30
    )


def test_open_websockets_are_counted_while_they_are_open(folder: Path) -> None:
    seen: list[float] = []

    async def socket(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(counted("mentorships_websockets_open")[()])

    async def nothing(*_: Any) -> Any:
        return {"type": "websocket.connect"}

    before = metrics.meters() and counted("mentorships_websockets_open")[()]
    edge = Edge(socket, settings(), folder)
    asyncio.run(edge({"type": "websocket", "path": "/_event", "headers": []}, nothing, nothing))
    assert seen == [before + 1]
    assert counted("mentorships_websockets_open")[()] == before
