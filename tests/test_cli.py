"""The operator's commands as they are typed: help, exit codes, one sentence on each failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import func, select

from mentorships import serve
from mentorships.cli import main
from mentorships.cli.parser import parser
from mentorships.launch import ROOT
from services import audit, db
from services.audit import SYSTEM
from services.models import Order, User
from tests.services import rows
from tests.support.databases import DATABASES, Databases, in_use
from tests.support.ports import free_ports
from tests.support.servers import Sandbox, environment_of

COMMANDS = (
    "create-admin",
    "seed",
    "doctor",
    "reconcile",
    "retry",
    "move-recordings",
    "check-ledger",
    "rebuild-reports",
    "backup",
    "restore",
)


def run(
    *arguments: str, typed: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command with nobody at the keyboard."""
    return subprocess.run(
        [sys.executable, "-m", "mentorships.cli", *arguments],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        input=typed,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What was said on stderr, which must be one line without a traceback."""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"\n    {name}" in done.stdout
    assert "Exit codes: 0 done; 1 refused" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args([name, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert len(shown.partition("\n\n")[2].partition("\n\noptions")[0]) > 30, shown


@pytest.mark.parametrize(
    "words",
    [[], ["no-such"], ["create-admin"], ["reconcile", "--days", "0"], ["backup", "--keep", "0"]],
)
def test_wrong_use_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(words)
    assert left.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_an_admin_is_made_from_a_pipe(database: str) -> None:
    done = run("create-admin", "ada@example.com", "--name", "Ada", typed="a long enough secret\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ada@example.com is an admin of Mentorships." in done.stdout
    assert "a long enough secret" not in done.stdout
    with db.reading() as session:
        assert session.exec(select(User.is_admin)).one()


def test_a_refused_password_is_one_sentence_and_exit_code_1(database: str) -> None:
    done = run("create-admin", "ada@example.com", typed="short\n")
    assert done.returncode == 1
    assert one_sentence(done) == "Use at least 10 characters.\n"


def test_a_database_that_is_away_is_one_sentence_without_its_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [port] = free_ports(1)
    with in_use(f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"):
        assert main(["retry"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("The database does not answer: ")
    assert said.count("\n") == 1
    assert "hidden-word" not in said


def test_missing_tables_are_one_sentence_that_says_how_to_make_them(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in DATABASES:
        with databases.fresh(kind, tmp_path, migrated=False) as url, in_use(url):
            assert main(["retry"]) == 1
        assert "alembic upgrade head" in capsys.readouterr().err


def test_nothing_dead_and_nothing_to_repair_are_said(
    database: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retry"]) == 0
    assert main(["reconcile", "--days", "1"]) == 0
    assert capsys.readouterr().out == "Nothing is dead.\nEverything matches.\n"
    assert main(["retry", "--refund", "ref_0000000000000000000000"]) == 1
    assert "There is no such" in capsys.readouterr().err


def test_reports_are_rebuilt_by_a_command(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebuild-reports"]) == 0
    assert capsys.readouterr().out.startswith("The reports are rebuilt")


def test_a_backup_and_its_restore_are_two_commands(database: str) -> None:
    rows.a_user("Nora Novak")
    [port] = free_ports(1)
    made = run("backup")
    assert made.returncode == 0, made.stderr
    path = made.stdout.splitlines()[0]
    assert "The secret key and the settings are not in it" in made.stdout
    db.dispose()
    own_port = {"PORT": str(port)}
    refused = run("restore", path, environment=own_port)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    done = run("restore", path, "--replace", environment=own_port)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Restored the backup of 20")


def test_a_backup_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "/nowhere/backup.tar.gz"]) == 1
    assert capsys.readouterr().err == "There is no backup at /nowhere/backup.tar.gz.\n"


def test_seed_starts_the_simulators_itself_and_leaves_a_demo_that_is_there_as_it_is(
    database: str,
) -> None:
    """How the demo is filled is told by tests/test_seed.py; it takes a minute."""
    with db.transaction() as session:
        audit.record(session, actor=SYSTEM, action="studio.seeded", thing="studio")
    port, sandbox_port = free_ports(2)
    done = run("seed", environment={"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)})
    assert done.returncode == 0, done.stderr
    assert "The demo studio was there already." in done.stdout
    assert "admin@example.com" in done.stdout


def test_seed_leaves_data_that_is_not_the_demo_alone(database: str, sandbox: Sandbox) -> None:
    rows.a_user("Nora Novak")
    done = run("seed")
    assert done.returncode == 1
    assert "holds data that is not the demo" in done.stderr
    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(Order)).one() == 0


def test_seed_is_refused_in_production_and_with_real_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = {
        "SECRET_KEY": "x" * 32,
        "PUBLIC_URL": "https://studio.example.com",
        "STRIPE_SECRET_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "RESEND_API_KEY": "re_x",
    }
    with environment_of({**real, "APP_ENV": "production"}):
        assert main(["seed"]) == 2
    with environment_of(real):
        assert main(["seed"]) == 2
    in_production, with_keys = capsys.readouterr().err.splitlines()
    assert "refused when APP_ENV is production" in in_production
    assert "keys for Stripe and Resend" in with_keys


def test_a_web_server_whose_database_is_away_starts_and_waits_for_it() -> None:
    """Also in a fresh process, where importing the job queue may connect."""
    [port] = free_ports(1)
    with in_use(f"postgresql+psycopg://studio@127.0.0.1:{port}/studio"):
        serve.refuse_the_demo()
        done = subprocess.run(
            [sys.executable, "-c", "from mentorships import serve; serve.refuse_the_demo()"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
