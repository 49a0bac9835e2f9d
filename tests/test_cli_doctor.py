"""The doctor: right when all is right, and each broken part is named with what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Update, update
from sqlmodel import col

from jobs import queue
from mentorships import doctor, frontend
from mentorships.doctor import Finding, State
from mentorships.doctor import database as database_checks
from mentorships.launch import ROOT
from services import clock, db
from services.config import settings
from services.models import (
    InboxEvent,
    InboxStatus,
    Orphan,
    OutboxMessage,
    OutboxStatus,
    Recording,
    RecordingFile,
    RecordingStatus,
)
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.rows import saved
from tests.support.databases import Databases, in_use
from tests.support.filled_recordings import an_orphan
from tests.support.ports import free_ports
from tests.support.servers import LiveApp, Sandbox, environment_of
from tests.support.studio import NOBODY_LISTENS


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator types it."""
    return subprocess.run(
        [sys.executable, "-m", "mentorships.cli", "doctor", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def found(name: str) -> Finding:
    """What the doctor says about one thing."""
    return next(each for each in doctor.examine() if each.name == name)


def assert_wrong(name: str, seen: str, advice: str) -> None:
    finding = found(name)
    assert finding.state is State.WRONG, finding.line
    assert seen in finding.seen
    assert advice in finding.advice


@pytest.fixture(autouse=True)
def nobody_at_our_address() -> Iterator[None]:
    [port] = free_ports(1)
    with environment_of({"PORT": str(port), "PUBLIC_URL": f"http://localhost:{port}"}):
        yield


def clear_what_other_tests_left(app: LiveApp) -> None:
    """Failures that journeys caused on purpose in the product that all of them share."""
    with in_use(app.database_url), db.transaction() as session:
        events = update(InboxEvent).where(col(InboxEvent.status) == InboxStatus.FAILED)
        session.connection().execute(events.values(status=InboxStatus.IGNORED))
        mails = update(OutboxMessage).where(col(OutboxMessage.status) == OutboxStatus.DEAD)
        session.connection().execute(mails.values(status=OutboxStatus.SENT))
        orphans = update(Orphan).where(col(Orphan.settled_at).is_(None))
        session.connection().execute(orphans.values(settled_at=clock.utc_now()))


def assert_all_right(app: LiveApp) -> None:
    clear_what_other_tests_left(app)
    done = run({**app.environment, "DATABASE_URL": app.database_url})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "Everything is right." in done.stdout
    for name in (
        "database",
        "migrations",
        "queue",
        "worker",
        "files",
        "Stripe",
        "Resend",
        "address",
    ):
        assert f"✓ {name}: " in done.stdout
    assert done.stderr == ""


def test_a_running_studio_is_right(live_app: LiveApp) -> None:
    assert_all_right(live_app)


def test_a_running_studio_on_postgres_is_right(live_app_on_postgres: LiveApp) -> None:
    assert_all_right(live_app_on_postgres)


def test_the_findings_can_be_read_by_a_program(database: str, sandbox: Sandbox) -> None:
    done = run({}, "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 1
    assert {each["state"] for each in findings} == {"right", "wrong", "skipped"}
    states = {each["name"]: each["state"] for each in findings}
    assert (states["database"], states["Stripe"], states["worker"]) == ("right", "right", "wrong")
    assert all(each["advice"] for each in findings if each["state"] == "wrong")


def test_a_wrong_stripe_key_is_named(database: str, sandbox: Sandbox) -> None:
    # A key of our own would go to Stripe itself: to the simulator none can be given.
    refused: dict[str, object] = {"vendor": "stripe", "kind": "status", "status": 401, "times": 9}
    sandbox.control("faults", {**refused, "method": "GET", "path": "/v1/*"})
    assert_wrong("Stripe", "refuses our key", "STRIPE_SECRET_KEY")


def test_a_vendor_that_is_away_is_named(database: str, sandbox: Sandbox) -> None:
    with environment_of({"STRIPE_API_BASE": NOBODY_LISTENS, "RESEND_API_BASE": NOBODY_LISTENS}):
        assert_wrong("Stripe", "does not answer", "make run")
        assert_wrong("Resend", "does not answer", "make run")


def test_a_missing_webhook_endpoint_is_named(database: str, sandbox: Sandbox) -> None:
    sandbox.control("stripe/endpoint", {"url": "https://elsewhere.example.com/hooks"})
    assert_wrong("Stripe", "no webhook endpoint http", "create it in the dashboard")


def test_what_is_to_be_put_right_at_discord_is_named(database: str, sandbox: Sandbox) -> None:
    assert found("Discord").state is State.RIGHT
    sandbox.control("discord/bot", {"permissions": 0})
    assert_wrong("Discord", "may not manage roles", "permission Manage Roles")
    sandbox.control("discord/bot", {"in_guild": False})
    assert_wrong("Discord", "our bot is not in the server", "DISCORD_GUILD_ID")
    with environment_of({"DISCORD_API_BASE": NOBODY_LISTENS}):
        assert_wrong("Discord", "the simulator does not answer", "make run")
    refused = {"vendor": "discord", "kind": "status", "status": 401}
    sandbox.control("faults", {**refused, "path": "/applications/@me"})
    assert_wrong("Discord", "refuses our key", "DISCORD_BOT_TOKEN")


def test_what_is_to_be_put_right_at_agora_is_named(database: str, sandbox: Sandbox) -> None:
    assert found("Agora").state is State.RIGHT
    sandbox.control("agora/app", {"enabled": False})
    assert_wrong("Agora", "Cloud Recording is not enabled", "Agora's console")
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        assert_wrong("Agora", "the simulator does not answer", "make run")
    refused = {"vendor": "agora", "kind": "status", "status": 401}
    sandbox.control("faults", {**refused, "path": "/v1/apps/*"})
    assert_wrong("Agora", "refuses our key", "AGORA_CUSTOMER_ID")


def test_a_database_that_is_away_is_named_and_the_rest_is_still_looked_at() -> None:
    [port] = free_ports(1)
    url = f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"
    with in_use(url):
        findings = {each.name: each for each in doctor.examine()}
    assert findings["database"].state is State.WRONG
    assert "does not answer" in findings["database"].seen
    assert findings["migrations"].state is State.WRONG
    assert findings["files"].state is State.RIGHT
    assert "hidden-word" not in " ".join(each.line for each in findings.values())


def test_no_database_yet_is_named(tmp_path: Path) -> None:
    with in_use(f"sqlite:///{tmp_path / 'none.db'}"):
        assert_wrong("database", "there is none yet", "alembic upgrade head")
    assert not (tmp_path / "none.db").exists()


def test_a_sqlite_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"no database at all" * 1000)
    with in_use(f"sqlite:///{tmp_path / 'app.db'}"):
        assert_wrong("database", "does not answer", "DATA_DIR")


def test_migrations_that_are_behind_are_named(
    database: str, databases: Databases, tmp_path: Path
) -> None:
    kind = "sqlite" if database.startswith("sqlite") else "postgres"
    (tmp_path / "empty").mkdir()
    with databases.fresh(kind, tmp_path / "empty", migrated=False) as url, in_use(url):
        if kind == "sqlite":
            (tmp_path / "empty" / "app.db").touch()
        assert_wrong("migrations", "behind (none at all)", "alembic upgrade head")
        assert found("waiting work").state is State.SKIPPED


def test_a_worker_that_fell_silent_is_named(database: str) -> None:
    with heartbeat(time.time() - 300):
        assert_wrong("worker", "silent for 30", "`worker` of the Procfile")
    with heartbeat(time.time()):
        assert found("worker").state is State.RIGHT
    assert_wrong("worker", "none is running", "`worker` of the Procfile")


@contextmanager
def heartbeat(at: float) -> Iterator[None]:
    """One worker somewhere, and when its heart last beat."""
    for name in queue.workers():
        queue.huey.storage.delete_data(f"worker:{name}")
    queue.huey.storage.put_data("worker:elsewhere:1", str(at).encode())
    try:
        yield
    finally:
        queue.huey.storage.delete_data("worker:elsewhere:1")


def test_a_folder_that_cannot_be_written_is_named(database: str, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("a file, not a folder")
    with environment_of({"DATA_DIR": str(tmp_path / "in-the-way" / "data")}):
        assert_wrong("data folder", "cannot be written", "DATA_DIR")
        assert found("files").state is State.WRONG


def test_a_secret_key_that_others_can_read_is_named(database: str) -> None:
    with environment_of({"SECRET_KEY": ""}):
        assert settings().signing_key
        assert found("secret key").state is State.RIGHT
        (settings().data_dir / "secret_key").chmod(0o644)
        assert_wrong("secret key", "mode 644", "chmod 600")


def test_what_the_worker_gave_up_is_counted(database: str) -> None:
    assert found("webhooks").state is State.RIGHT
    with db.transaction() as session:
        session.add(
            InboxEvent(
                provider="stripe",
                event_id="evt_1",
                type="x",
                payload="{}",
                status=InboxStatus.FAILED,
            )
        )
        session.add(OutboxMessage(kind="mail", unique_key="m1", status=OutboxStatus.DEAD))
    assert_wrong("webhooks", "1 failed", "jobs")
    assert_wrong("messages", "1 could not be sent", "retry")


def test_recordings_that_nobody_looks_after_are_named(database: str) -> None:
    assert found("recordings").state is State.RIGHT
    long_ago = clock.utc_now() - timedelta(days=2)
    session = a_held_session(a_pair())
    asked = a_recording(session, purge_asked_at=long_ago, look_at=long_ago)
    a_file(asked)
    assert_wrong("recordings", "nobody has looked after 1", "worker")
    changed(update(Recording).values(look_at=None))
    assert_wrong("recordings", "not deleted a day after it was to be: 1", "promised")
    changed(update(Recording).values(held_at=long_ago, hold_reason="A court has asked."))
    assert found("recordings").state is State.RIGHT


def test_what_waits_in_line_behind_what_workers_are_at_is_not_late(database: str) -> None:
    long_ago = clock.utc_now() - timedelta(hours=2)
    session = a_held_session(a_pair())
    a_recording(session, look_at=long_ago)
    assert_wrong("recordings", "nobody has looked after 1", "worker")
    soon = clock.utc_now() + timedelta(minutes=1)
    a_recording(session, number=2, lease="somebody", look_at=soon)
    assert found("recordings").state is State.RIGHT


def test_a_store_that_was_recorded_through_is_missed_until_everything_is_deleted(
    database: str,
) -> None:
    recording = a_recording(a_held_session(a_pair()), source="attic")
    assert_wrong("recordings", "the store attic is not set up", "STORAGE_ATTIC_KIND")
    now = clock.utc_now()
    changed(update(Recording).values(status=RecordingStatus.PURGED, purged_at=now))
    assert recording.source == "attic"
    assert found("recordings").state is State.RIGHT


def test_files_in_a_store_that_is_not_set_up_and_orphans_are_named(database: str) -> None:
    a_file(a_recording(a_held_session(a_pair())))
    changed(update(RecordingFile).values(store="attic"))
    assert_wrong(
        "recordings",
        "the store attic is not set up, and files or recordings need it: 1",
        "STORAGE_ATTIC_KIND",
    )
    changed(update(RecordingFile).values(store="local"))
    saved(an_orphan())
    assert_wrong("recordings", "recordings without a file: 1", "storage")


def changed(statement: Update) -> None:
    with db.transaction() as session:
        session.connection().execute(statement)


def test_an_unreachable_redis_and_address_are_named(database: str) -> None:
    [port] = free_ports(1)
    with environment_of({"REDIS_URL": f"redis://:hidden-word@127.0.0.1:{port}/0"}):
        finding = found("redis")
    assert finding.state is State.WRONG
    assert "hidden-word" not in finding.line
    assert_wrong("address", "cannot be reached from here", "PUBLIC_URL")


def test_https_without_a_trusted_proxy_is_named(database: str) -> None:
    with environment_of({"PUBLIC_URL": "https://studio.invalid"}):
        assert_wrong("proxies", "TRUSTED_PROXIES is empty", "127.0.0.1")
    with environment_of({"PUBLIC_URL": "https://studio.invalid", "TRUSTED_PROXIES": "10.0.0.0/8"}):
        assert found("proxies").state is State.RIGHT


def test_no_secret_is_ever_printed(database: str) -> None:
    secrets = {
        "SECRET_KEY": "hidden-word-" * 4,
        "STRIPE_SECRET_KEY": "sk_live_hidden-word",
        "STRIPE_WEBHOOK_SECRET": "whsec_hidden-word",
        "STRIPE_API_BASE": "https://127.1:1",
        "MAIL_PROVIDER": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1",
        "SMTP_USER": "studio",
        "SMTP_PASSWORD": "hidden-word",
        "METRICS_TOKEN": "hidden-word-hidden-word",
        "SENTRY_DSN": "https://hidden-word@example.com/1",
    }
    done = run(secrets)
    assert done.returncode == 1
    assert "✗ Stripe" in done.stdout
    assert "✗ SMTP" in done.stdout
    assert "hidden-word" not in done.stdout + done.stderr


def test_a_database_that_is_away_from_the_start_hides_nothing_else() -> None:
    """In a process of its own: what is imported at the start must not need the database."""
    [port] = free_ports(1)
    done = run({"DATABASE_URL": f"postgresql+psycopg://studio@127.0.0.1:{port}/studio"})
    assert done.returncode == 1
    for line in (
        "✗ database: does not answer",
        "✗ queue: does not answer",
        "✓ files: ",
        "✗ address",
    ):
        assert f"\n{line}" in done.stdout, done.stdout
    assert done.stderr == ""


def test_pages_built_with_other_settings_are_named(tmp_path: Path) -> None:
    with environment_of({"REFLEX_WEB_WORKDIR": str(tmp_path)}):
        assert_wrong("pages", "is missing, or is of other", "make build")
        (tmp_path / frontend.STAMP).write_text(frontend.fingerprint())
        assert found("pages").state is State.RIGHT
        for shown in (
            {"GRACE_HOURS": "24"},
            {"STUDIO_NAME": "Another"},
            {"STUDIO_CURRENCY": "CHF"},
        ):
            with environment_of(shown):
                assert found("pages").state is State.WRONG


def test_missing_backup_tools_are_named() -> None:
    [missing] = database_checks.backup_tools(99)
    assert missing.state is State.WRONG
    assert "of version 99 or newer" in missing.seen
    assert missing.advice.startswith("Install postgresql-client-99")
