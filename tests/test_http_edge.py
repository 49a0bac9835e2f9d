"""The HTTP edge of the running product: who may send what, headers, caching, deep links, /ready."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from mentorships import migrations
from mentorships.http import health, sandbox_proxy
from mentorships.launch import ROOT
from mentorships.same_origin import use_page_origin
from services import db
from services.config import settings
from tests.journeys.world import World
from tests.support.ports import free_ports
from tests.support.servers import LiveApp, environment_of


@pytest.fixture
def client(live_app: LiveApp) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_app.address, trust_env=False, timeout=30) as opened:
        yield opened


def test_health_and_ready_answer_while_everything_runs(client: httpx.Client) -> None:
    assert client.get("/health").status_code == 200
    ready = client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["checks"] == dict.fromkeys(
        ("database", "migrations", "queue", "worker"), True
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("path", ["/auth/sign-in", "/sandbox/mail", "/anything"])
def test_an_unsafe_request_that_no_page_of_ours_sent_is_refused_with_a_sentence(
    client: httpx.Client, headers: dict[str, str], path: str
) -> None:
    answer = client.post(path, headers=headers)
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text


def test_an_unsafe_request_from_a_page_of_ours_is_let_through(
    client: httpx.Client, live_app: LiveApp
) -> None:
    port = httpx.URL(live_app.address).port
    for headers in (
        {"Origin": live_app.address},
        {"Origin": f"http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "same-origin"},
    ):
        assert client.post("/anything", headers=headers).status_code != 403


def test_webhooks_need_no_origin_because_their_signature_decides(client: httpx.Client) -> None:
    answer = client.post("/api/webhooks/stripe", content=b"{}")
    assert "nothing was changed" not in answer.text


def test_pages_carry_security_headers_and_are_not_cached(client: httpx.Client) -> None:
    for path in ("/", "/mentors", "/mentors/nobody", "/admin/orders", "/no/such/page"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "microphone=(self)" in headers["permissions-policy"]
        assert headers["cache-control"] == "no-cache"
        assert len(headers["x-request-id"]) == 16
        parts = headers["content-security-policy"].split("; ")
        policy = {name: value for name, _, value in (part.partition(" ") for part in parts)}
        assert policy["frame-ancestors"] == "'none'"
        assert policy["script-src"].count("sha256-") >= 3
        assert "unsafe" not in policy["script-src"]


def test_what_is_no_page_may_load_nothing(client: httpx.Client) -> None:
    for path in ("/health", "/ready", "/metrics", "/api/webhooks/stripe", "/icon.svg"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy or path == "/icon.svg"
        assert "unsafe-inline' 'sha" not in policy


def test_one_scrape_shows_what_web_and_worker_have_counted(
    client: httpx.Client, live_app: LiveApp
) -> None:
    world = World(live_app)
    with world.inside():
        world.bought(world.mentee("Mia Maler"), world.mentor("Otto Oster"))
    wanted = (
        'mentorships_http_requests_total{method="POST",route="/api/webhooks/stripe",status="200"}',
        'mentorships_jobs_total{kind="inbox:checkout.session.completed",outcome="succeeded"}',
        'mentorships_vendor_calls_total{operation="send_mail",outcome="ok",provider="resend"}',
        "mentorships_worker_heartbeat_age_seconds",
        "mentorships_websockets_open",
    )
    deadline = time.monotonic() + 90  # the mail goes out with the sweep of the next minute
    while missing := [name for name in wanted if name not in client.get("/metrics").text]:
        assert time.monotonic() < deadline, missing
        time.sleep(0.2)


def test_hashed_files_are_kept_for_ever_but_a_missing_one_is_not(client: httpx.Client) -> None:
    script = re.search(r'href="(/assets/[^"]+\.js)"', client.get("/").text)
    assert script
    assert "immutable" in client.get(script.group(1)).headers["cache-control"]
    assert "immutable" not in client.get("/assets/gone.js").headers["cache-control"]


def test_a_deep_link_is_answered_without_a_redirect(client: httpx.Client) -> None:
    answer = client.get("/mentors")
    assert answer.status_code == 200
    assert "<html" in answer.text


def test_a_websocket_from_another_site_is_refused(client: httpx.Client) -> None:
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    address = "/_event/?EIO=4&transport=websocket&token=00000000-0000-4000-8000-000000000000"
    foreign = client.get(address, headers=asked | {"Origin": "https://evil.example"})
    assert foreign.status_code in (400, 403)


def test_the_simulators_machine_control_cannot_be_reached_from_outside(
    client: httpx.Client,
) -> None:
    for path in (
        "/control/health",
        "/sandbox/../control/health",
        "/sandbox/%2e%2e/control/health",
        "/sandbox//control/health",
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "json" not in answer.headers["content-type"]
    assert client.get("/sandbox/mail").status_code == 200


def test_simulators_are_not_forwarded_to_in_production() -> None:
    production = {
        "APP_ENV": "production",
        "PUBLIC_URL": "https://studio.example.com",
        "STRIPE_SECRET_KEY": "sk_live_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "RESEND_API_KEY": "re_1",
        "MAIL_FROM": "Studio <studio@example.com>",
    }
    with environment_of(production):
        assert sandbox_proxy.routes(settings()) == []


def asked_now() -> httpx.Response:
    """The answer of a server that nobody has asked yet."""
    return TestClient(Starlette(routes=[Route("/ready", health.Ready().answer)])).get("/ready")


def test_ready_asks_once_however_many_want_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 60.0)
    asked: list[int] = []

    def ask() -> dict[str, bool]:
        asked.append(1)
        return {"database": True}

    with TestClient(Starlette(routes=[Route("/ready", health.Ready(ask).answer)])) as client:
        assert [client.get("/ready").status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1


def test_ready_names_what_is_not_ready_and_nothing_more(database: str) -> None:
    answer = asked_now()
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["worker"]
    assert database not in answer.text


def test_ready_says_when_migrations_are_missing(database: str) -> None:
    with db.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM alembic_version")
    answer = asked_now()
    assert set(answer.json()["not_ready"]) == {"migrations", "worker"}
    assert migrations.current() == frozenset()


def test_ready_tells_no_internals_of_a_database_that_is_away() -> None:
    (port,) = free_ports(1)
    address = f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"
    with environment_of({"DATABASE_URL": address}):
        db.configure(address)
        answer = asked_now()
        db.dispose()
    assert answer.status_code == 503
    assert {"database", "migrations"} <= set(answer.json()["not_ready"])
    assert "hidden-word" not in answer.text
    assert str(port) not in answer.text


def test_the_head_that_ready_compares_with_is_alembics_own() -> None:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    assert migrations.head() == frozenset(ScriptDirectory.from_config(config).get_heads())


def test_a_database_file_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with (
        environment_of({"DATABASE_URL": f"sqlite:///{broken}"}),
        pytest.raises(migrations.DatabaseAway, match="not a database"),
    ):
        migrations.current()


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_built_scripts_ask_the_address_that_their_page_came_from(quote: str) -> None:
    script = f"a={quote}ws://same-origin.invalid/_event{quote},b={quote}http://other.example{quote}"
    rewritten = use_page_origin(script)
    assert "same-origin.invalid" not in rewritten
    assert "location" in rewritten
    assert "/_event" in rewritten
    assert "http://other.example" in rewritten
