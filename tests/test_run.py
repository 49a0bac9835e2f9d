"""`make run` on a copy of the tree, as a person types it; only the installation is shared."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from mentorships.launch import ROOT
from services.config import Settings
from tests.support.ground import RUN_DIR
from tests.support.ports import free_ports

START_SECONDS = 540
"""The first start installs, builds and fills the demo studio, beside other tests."""

pytestmark = [pytest.mark.together("run"), pytest.mark.timeout(START_SECONDS + 60)]

REFUSE_SECONDS = 60
STOP_SECONDS = 30


@dataclass
class Run:
    """One `make run`, its output going to a file."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything." not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends SIGINT to the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone would hold: every file that is not ignored."""
    target = tmp_path_factory.mktemp("clone")
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in (n.decode() for n in names if n and (ROOT / n.decode()).is_file()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def _environment(extra: dict[str, str]) -> dict[str, str]:
    """A person's environment: nothing of what the test run has set."""
    ours = {name.upper() for name in Settings.model_fields} | {RUN_DIR, "REFLEX_WEB_WORKDIR"}
    ours |= {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}  # of the `make test` that we run in
    kept = {n: v for n, v in os.environ.items() if n not in ours and not n.startswith("PYTEST")}
    return kept | {"ENV_FILE": "", "VENV": sys.prefix} | extra


@contextmanager
def make_run(tree: Path, log: Path, **settings: str) -> Iterator[Run]:
    """`make run` in the background; whatever happens, nothing of it is left at the end."""
    port, sandbox_port = free_ports(2)
    values = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)} | settings
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=tree,
            env=_environment(values),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    family = psutil.Process(process.pid)
    try:
        yield Run(process, log, f"http://127.0.0.1:{values['PORT']}")
    finally:
        if process.poll() is None:
            children = family.children(recursive=True)
            os.killpg(process.pid, signal.SIGTERM)
            for child in psutil.wait_procs(children, STOP_SECONDS)[1]:
                child.kill()
        process.wait(STOP_SECONDS)


def refusal(tree: Path, log: Path, **settings: str) -> str:
    """What `make run` says when it refuses to start; without make's own line."""
    with make_run(tree, log, **settings) as run:
        assert run.process.wait(REFUSE_SECONDS) != 0, run.output
        return "\n".join(line for line in run.output.splitlines() if not line.startswith("make: "))


@pytest.fixture(scope="module")
def first_run(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The first `make run` of a clone, until it is ready, and then Ctrl-C."""
    with make_run(tree, tmp_path_factory.mktemp("first") / "log") as run:
        run.wait_until_ready()
        with urllib.request.urlopen(f"{run.address}/ready", timeout=10) as answer:
            status = answer.status
        with urllib.request.urlopen(run.address, timeout=10) as answer:
            page = answer.read().decode()
        family = psutil.Process(run.process.pid).children(recursive=True)
        run.interrupt()
        _, left = psutil.wait_procs(family, timeout=5)
        return {"status": status, "page": page, "output": run.output, "left": left}


def test_the_first_run_of_a_clone_ends_with_a_ready_product_its_address_and_logins(
    first_run: dict[str, object],
) -> None:
    output = str(first_run["output"])
    assert first_run["status"] == 200
    assert "<html" in str(first_run["page"])
    assert "is ready: http://localhost:" in output
    for email in ("admin@example.com", "mentor@example.com", "mentee@example.com"):
        assert email in output


def test_ctrl_c_leaves_no_process_behind(first_run: dict[str, object]) -> None:
    assert first_run["left"] == []
    assert "Traceback" not in str(first_run["output"])


def test_a_second_run_repeats_no_build_no_migration_and_no_seeding(
    first_run: dict[str, object], tree: Path, tmp_path: Path
) -> None:
    assert "building the front end" in str(first_run["output"])
    with make_run(tree, tmp_path / "log") as run:
        run.wait_until_ready()
        run.interrupt()
        done = [line for line in run.output.splitlines() if line.startswith("start")]
    assert done == []


def test_a_missing_python_is_one_sentence(tree: Path, tmp_path: Path) -> None:
    said = refusal(tree, tmp_path / "log", PYTHON="no-such-python")
    assert said == "no-such-python is missing: install Python 3.11 or newer"


@pytest.mark.parametrize("setting", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_one_sentence_that_names_another(
    tree: Path, tmp_path: Path, setting: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        said = refusal(tree, tmp_path / "log", **{setting: taken})
    assert said.startswith(f"Port {taken} is in use")
    assert f"make run {setting}=" in said
    assert len(said.splitlines()) == 1


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("a file, not a folder")
    said = refusal(tree, tmp_path / "log", DATA_DIR=str(tmp_path / "in-the-way" / "data"))
    assert said.startswith("The folder for the data cannot be written")
    assert "DATA_DIR" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("APP_ENV", "foo"),
        ("PUBLIC_URL", "nonsense"),
        ("PORT", "many"),
        ("DATABASE_URL", "mysql://localhost/studio"),
        ("STUDIO_TIMEZONE", "Mars/Olympus"),
        ("STRIPE_SECRET_KEY", "sk_test_without_a_webhook_secret"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    tree: Path, tmp_path: Path, setting: str, value: str
) -> None:
    said = refusal(tree, tmp_path / "log", **{setting: value})
    assert setting in said
    assert value not in said or setting == "STUDIO_TIMEZONE"
    assert len(said.splitlines()) == 1


def test_production_refuses_simulators(tree: Path, tmp_path: Path) -> None:
    said = refusal(tree, tmp_path / "log", APP_ENV="production", SECRET_KEY="k" * 40)
    assert "simulators are refused" in said
    assert len(said.splitlines()) == 1


def test_a_database_server_that_is_away_is_one_sentence_without_its_password(
    tree: Path, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    said = refusal(
        tree,
        tmp_path / "log",
        DATABASE_URL=f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio",
    )
    assert "The database cannot be opened (the server in DATABASE_URL)" in said
    assert "hidden-word" not in said
    assert len(said.splitlines()) == 1


def test_a_redis_that_is_away_is_one_sentence_without_its_password(
    tree: Path, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    said = refusal(tree, tmp_path / "log", REDIS_URL=f"redis://:hidden-word@127.0.0.1:{port}/0")
    assert said.startswith("The server in REDIS_URL does not answer")
    assert "hidden-word" not in said
    assert len(said.splitlines()) == 1
