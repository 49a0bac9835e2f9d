"""Unexpected errors reach an error tracker, with their place and their id, and nobody's data."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mentorships.launch import ROOT
from services import release

PEOPLE = ("mia@example.com", "Mia Maler", "sk_test_51abc", "only-in-a-variable", "session=")

PROGRAM = """
import sys
sys.path[:0] = ["."]
from services import observability
observability.start("cli")
import os, tempfile
from pathlib import Path
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from services.jobs.runs import recorded
from mentorships import migrations
from mentorships.http import failures
from mentorships.http.edge import Edge
from services.config import settings
from services.errors import InvalidInput, ProviderUnavailable, DatabaseUnavailable

def work(kind, error):
    mia = "only-in-a-variable"
    with recorded(kind):
        raise error

async def broken(request):
    mia = "only-in-a-variable Mia Maler"
    raise ValueError("unexpected about mia@example.com with sk_test_51abc")

async def refused(request):
    raise InvalidInput("email", "refused on purpose")

migrations.upgrade()
routes = [Route("/broken", broken, methods=["POST"]), Route("/refused", refused)]
app = Edge(Starlette(routes=routes, exception_handlers={Exception: failures.in_route}),
           settings(), Path("."))
client = TestClient(app, cookies={"mentorships_session": "abc"})
client.post("/broken?name=Mia+Maler", json={"email": "mia@example.com"},
            headers={"Authorization": "Bearer abcdef123456"})
for error in (RuntimeError("job of mia@example.com"), InvalidInput("x", "expected refusal"),
              ProviderUnavailable("stripe", "expected outage"), DatabaseUnavailable("expected")):
    try:
        work("mail", error)
    except Exception:
        pass
if sys.argv[1:] == ["crash"]:
    raise KeyError("at the top, mia@example.com")
"""


class Tracker(ThreadingHTTPServer):
    """A fake error tracker: takes envelopes, keeps their events."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.events: list[dict[str, Any]] = []
        self.raw: list[str] = []


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Tracker)
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.raw.append(body.decode())
        header, *items = body.decode().splitlines()
        assert "event_id" in header
        for kind, item in zip(items[::2], items[1::2], strict=False):
            if json.loads(kind)["type"] == "event":
                self.server.events.append(json.loads(item))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    server = Tracker()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(tracker: Tracker, folder: Any, *arguments: str, on: bool = True) -> str:
    """Run a process in which things go wrong, to its end; what it logged."""
    dsn = f"http://public@127.0.0.1:{tracker.server_port}/1" if on else ""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={"SENTRY_DSN": dsn, "ENV_FILE": "", "DATA_DIR": str(folder), "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (1 if arguments else 0), done.stderr
    return done.stderr


def texts(tracker: Tracker) -> list[tuple[str, str]]:
    """Type and text of the last error of each event."""
    last = [event["exception"]["values"][-1] for event in tracker.events]
    return sorted((each["type"], each["value"]) for each in last)


def test_unexpected_errors_of_routes_jobs_and_commands_arrive_and_expected_ones_do_not(
    tracker: Tracker, tmp_path: Any
) -> None:
    log = run(tracker, tmp_path, "crash")
    assert [kind for kind, _ in texts(tracker)] == ["KeyError", "RuntimeError", "ValueError"]
    whole = "\n".join(tracker.raw)
    for word in (*PEOPLE, "expected", "Bearer", "abcdef123456", str(tmp_path)):
        assert word not in whole.replace("unexpected", "")
    by_type = {event["exception"]["values"][-1]["type"]: event for event in tracker.events}
    route = by_type["ValueError"]
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    failed = next(line for line in lines if line["event"] == "request_failed")
    assert route["tags"]["error_id"] == failed["error_id"]
    assert route["tags"]["trace"] == failed["trace"]
    assert route["tags"]["route"] == "/broken"
    assert route["tags"]["process"] == "cli"
    assert route["environment"] == "local"
    assert route["release"] == release.name()
    assert set(route) <= {
        *("event_id", "timestamp", "level", "platform", "environment", "release", "sdk"),
        *("tags", "exception"),
    }
    frames = route["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "broken"
    assert not any("vars" in frame for frame in frames)
    assert by_type["RuntimeError"]["tags"]["kind"] == "mail"


def test_without_the_setting_nothing_leaves_and_the_library_is_not_even_loaded(
    tracker: Tracker, tmp_path: Any
) -> None:
    run(tracker, tmp_path, on=False)
    assert tracker.raw == []
    code = "import sys; from services import observability as o; o.start('cli'); print('sentry_sdk' in sys.modules)"  # noqa: E501
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"ENV_FILE": "", "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "False\n"
