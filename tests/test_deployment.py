"""The files for several hosts, as far as they can be checked without a container engine: what they
name exists, and what they say about each other agrees. They are not run here."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from jobs.main import huey
from mentorships.launch import ROOT
from mentorships.processes import procfile
from mentorships.serve import SERVERS
from services.config import Settings, settings
from state.presences import KEYSPACE_EVENTS
from tests.support.servers import environment_of

OURS = ("migrate", "web-1", "web-2", "worker-1", "worker-2")
NOT_OURS = {"POSTGRES_PASSWORD", "PATH", "PYTHONUNBUFFERED"}
SETTINGS = {name.upper() for name in Settings.model_fields}
COMPOSE = ROOT / "compose.yaml"
CONTAINERFILE = ROOT / "Containerfile"
DOCUMENT = ROOT / "docs" / "several-hosts.md"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml, with its anchors resolved."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_every_service_of_ours_is_the_image_and_shares_the_settings(
    services: dict[str, Any],
) -> None:
    assert set(OURS) < set(services)
    for name in OURS:
        assert services[name]["image"] == "mentorships"
        values = services[name]["environment"]
        assert set(values) <= SETTINGS, name
        assert values["APP_ENV"] == "production"
        assert values["DATABASE_URL"] == services["migrate"]["environment"]["DATABASE_URL"]
        assert values["REDIS_URL"] == "redis://valkey:6379/0"
        assert services[name]["volumes"] == ["files:/data", "backups:/backups"]
        assert (values["DATA_DIR"], values["BACKUP_DIR"]) == ("/data", "/backups")


def test_every_command_of_ours_exists(services: dict[str, Any]) -> None:
    assert services["migrate"]["command"] == ["alembic", "upgrade", "head"]
    assert services["web-1"]["command"] == shlex.split(procfile()["web"])[1:]
    assert services["worker-1"]["command"] == shlex.split(procfile()["worker"])[1:]
    assert services["web-1"]["command"][-1] in SERVERS
    assert huey.name == "mentorships"
    for name in OURS:
        program = services[name]["command"][0]
        assert shutil.which(program, path=str(Path(sys.executable).parent)), program


def test_ports_and_names_agree(services: dict[str, Any]) -> None:
    port = services["web-1"]["environment"]["PORT"]
    assert f"EXPOSE {port}" in CONTAINERFILE.read_text()
    assert f":{port}/health" in services["web-1"]["healthcheck"]["test"][-1]
    proxy = yaml.safe_load(COMPOSE.read_text())["configs"]["caddyfile"]["content"]
    assert re.findall(r"(\S+):(\d+)", proxy.partition("reverse_proxy")[2]) == [
        ("web-1", port),
        ("web-2", port),
    ]
    assert "postgres" in services
    assert "@postgres/" in services["web-1"]["environment"]["DATABASE_URL"]


def test_nobody_starts_before_the_migration_is_done(services: dict[str, Any]) -> None:
    for name in OURS[1:]:
        after = services[name]["depends_on"]
        assert after["migrate"] == {"condition": "service_completed_successfully"}


def test_no_simulator_is_deployed(services: dict[str, Any]) -> None:
    assert not any("sandbox" in str(service) for service in services.values())


def test_valkey_sends_the_events_that_reflex_listens_to(services: dict[str, Any]) -> None:
    command = services["valkey"]["command"]
    events = command[command.index("--notify-keyspace-events") + 1].replace("$$", "$")
    assert events == KEYSPACE_EVENTS
    assert f"notify-keyspace-events {KEYSPACE_EVENTS}" in DOCUMENT.read_text()


def test_postgresql_takes_all_connections_that_the_processes_may_open(
    services: dict[str, Any],
) -> None:
    web = sum(int(services[name]["environment"].get("WEB_WORKERS", 1)) for name in OURS[1:3])
    size = Settings.model_fields["database_pool_size"].default
    most = (web + len(OURS[3:])) * 2 * size + web
    allowed = re.search(r"max_connections=(\d+)", str(services["postgres"]["command"]))
    assert allowed
    assert most <= int(allowed[1]) - 10
    assert f"come to {most}" in DOCUMENT.read_text()


def test_every_variable_in_the_image_is_a_setting() -> None:
    text = CONTAINERFILE.read_text()
    named = set(re.findall(r"\b([A-Z][A-Z_]{3,})=", text)) - NOT_OURS
    assert named <= SETTINGS
    for shown in re.findall(r"^ARG ([A-Z_]+)=(.*)$", text, re.MULTILINE):
        assert str(Settings.model_fields[shown[0].lower()].default) == shown[1]


def test_every_file_that_the_image_copies_is_there() -> None:
    for copied in re.findall(r"^COPY (?!--from)(\S+) ", CONTAINERFILE.read_text(), re.MULTILINE):
        assert (ROOT / copied).exists()


def test_the_document_names_only_settings_that_exist() -> None:
    named = set(re.findall(r"`([A-Z][A-Z_]{3,})", DOCUMENT.read_text()))
    assert named <= SETTINGS, named - SETTINGS


def test_the_image_is_built_with_settings_that_are_accepted_and_show_no_simulator() -> None:
    text = CONTAINERFILE.read_text().replace("\\\n", " ")
    [line] = re.findall(
        r"^RUN (.*) \.venv/bin/python -m mentorships\.frontend$", text, re.MULTILINE
    )
    defaults = dict(re.findall(r"^ARG ([A-Z_]+)=(.*)$", text, re.MULTILINE))
    values = dict(word.split("=", 1) for word in shlex.split(line))
    values = {name: Template(value).substitute(defaults) for name, value in values.items()}
    assert set(defaults) < set(values)
    with environment_of(values):
        assert not settings().simulators_on


def test_compose_gives_the_build_every_setting_that_pages_show(services: dict[str, Any]) -> None:
    declared = re.findall(r"^ARG ([A-Z_]+)=(.*)$", CONTAINERFILE.read_text(), re.MULTILINE)
    for name in OURS:
        given = services[name]["build"]["args"]
        assert given == {arg: f"${{{arg}:-{default}}}" for arg, default in declared}


def test_the_image_can_back_up_the_database_of_compose(services: dict[str, Any]) -> None:
    final = CONTAINERFILE.read_text().rpartition("\nFROM ")[2]
    assert "postgresql-client" in final
    client = re.search(r"those of PostgreSQL (\d+)", final)
    server = re.search(r"postgres:(\d+)$", services["postgres"]["image"])
    assert client
    assert server
    assert int(server[1]) <= int(client[1])


def test_every_proxy_sets_the_id_of_a_request_itself() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    assert "header_up X-Request-Id {http.request.uuid}" in COMPOSE.read_text()
    assert "header_up X-Request-Id {http.request.uuid}" in operations
    assert "proxy_set_header X-Request-Id $request_id;" in operations
