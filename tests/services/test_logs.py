"""Lines of the log as a process writes them: one per event, one id, libraries the same way."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from mentorships.launch import ROOT
from services import logs, tracing

PROGRAM = """
import logging, structlog
from services import logs, tracing
from services.config import settings
logs.configure()
log = structlog.get_logger()
log.info("outside")
with tracing.bound("evt_12345678"):
    log.info("inside", email="mia@example.com", kind="mail")
    logging.getLogger("stripe").warning("asked %s", "mia@example.com")
    logging.getLogger("httpx").info("too quiet to be heard")
    granian = logging.getLogger("_granian")
    granian.error("a worker ended")
    try:
        local_value = "only-in-a-variable"
        raise ValueError("Mia <mia@example.com> with sk_test_51abc")
    except ValueError as error:
        log.error("job_failed", exc_info=error)
        logging.getLogger("huey").exception("unhandled")
"""


def lines_of(log_format: str) -> list[str]:
    """What a process that logs a few things writes."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"LOG_FORMAT": log_format, "ENV_FILE": "", "STRIPE_SECRET_KEY": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of("json")]


def test_json_is_one_object_a_line_for_us_and_for_libraries(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == [
        "outside",
        "inside",
        "asked [removed]",
        "a worker ended",
        "job_failed",
        "unhandled",
    ]
    assert all({"level", "timestamp"} <= set(line) for line in lines)
    assert [line.get("logger") for line in lines] == [
        *(None, None, "stripe", "_granian", None, "huey")
    ]


def test_every_line_inside_carries_the_id(lines: list[dict[str, Any]]) -> None:
    assert [line.get("trace") for line in lines] == [None] + ["evt_12345678"] * 5


def test_tracebacks_hold_no_person_no_key_and_no_variable(lines: list[dict[str, Any]]) -> None:
    for line in lines[-2:]:
        assert "ValueError" in line["exception"]
        assert "Traceback" in line["exception"]
    whole = json.dumps(lines)
    for word in ("mia@example.com", "51abc", "sk_test"):
        assert word not in whole
    assert lines[1]["email"] == "[removed]"
    assert lines[1]["kind"] == "mail"


def test_text_for_people_is_cut_in_the_same_way() -> None:
    text = "\n".join(lines_of("text"))
    assert "evt_12345678" in text
    assert "Traceback" in text
    assert "mia@example.com" not in text


def test_a_wrong_setting_does_not_keep_a_process_from_logging() -> None:
    assert "outside" in "\n".join(
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={"LOG_FORMAT": "xml", "ENV_FILE": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stderr.splitlines()
    )


def test_configuring_again_does_not_double_the_lines(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.configure()
    logging.getLogger("somebody").warning("said once")
    assert capfd.readouterr().err.count("said once") <= 1
    assert sum(getattr(h, "is_ours", False) for h in logging.getLogger().handlers) == 1


@pytest.mark.parametrize(
    ("given", "sane"),
    [
        ("0123abcd", True),
        ("evt_1Q2w3e-4.5", True),
        ("short", False),
        ("", False),
        ("x" * 65, False),
        ("with space 12345", False),
        ("line\nbreak-1234", False),
        ("ünïcödé-12345", False),
        ("<script>12345678", False),
    ],
)
def test_an_id_from_outside_is_taken_only_when_it_is_sane(given: str, sane: bool) -> None:
    assert tracing.is_well_formed(given) is sane


def test_an_id_holds_for_its_block_and_an_empty_one_keeps_what_is_there() -> None:
    assert tracing.current() == ""
    with tracing.bound("outer-id-1"):
        with tracing.bound(""):
            assert tracing.current() == "outer-id-1"
        with tracing.bound("inner-id-1"):
            assert tracing.current() == "inner-id-1"
        assert tracing.current() == "outer-id-1"
    assert tracing.current() == ""
    with tracing.bound("") as made:
        assert tracing.is_well_formed(made)
