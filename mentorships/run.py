"""`make run`: checks, migrates, builds and seeds what is needed, then runs the whole product."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import tempfile
from types import FrameType

from mentorships import frontend
from mentorships.launch import StartError, child_environment, with_npm_registry
from mentorships.processes import Supervisor, procfile, say, wait_until
from services.config import ConfigError, Settings, settings


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C. Exit codes: 0 stopped, 1 a process died or the start failed, 2 settings."""
    development = arguments == ["--dev"]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        chosen = settings()
        check_data_dir(chosen)
        check_ports(chosen)
        migrate_when_needed(chosen)
        if development:
            return run_processes(chosen, development_commands(chosen), development_environment())
        build_when_needed()
        return run_processes(chosen, procfile(), child_environment())
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def check_data_dir(chosen: Settings) -> None:
    """Prove that DATA_DIR can be written.

    Raises:
        StartError: it cannot.
    """
    try:
        chosen.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=chosen.data_dir):
            pass
    except OSError as error:
        raise StartError(
            f"The folder for the data cannot be written: {chosen.data_dir} ({error.strerror}). "
            "Choose another with DATA_DIR."
        ) from None


def check_ports(chosen: Settings) -> None:
    """Prove that our ports are free.

    Raises:
        StartError: one is taken; the sentence says how to choose another.
    """
    _check_port(chosen.host, chosen.port, "PORT")
    if chosen.simulators_on:
        _check_port("127.0.0.1", chosen.sandbox_port, "SANDBOX_PORT")


def _check_port(host: str, port: int, setting: str) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {port} is in use by another program: stop it, or choose another port, "
                f"for example: make run {setting}={port + 10}"
            ) from None
        raise StartError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None


def migrate_when_needed(chosen: Settings) -> None:
    """Bring the database to head, in this process.

    Raises:
        StartError: the database cannot be reached.
    """
    from sqlalchemy.exc import OperationalError

    from mentorships import migrations

    try:
        if not migrations.at_head():
            say("start", "migrating the database")
            migrations.upgrade()
    except OperationalError as error:
        where = "the file in DATA_DIR" if chosen.is_sqlite else "the server in DATABASE_URL"
        reason = str(error.orig).strip().splitlines()[0]
        raise StartError(f"The database cannot be opened ({where}): {reason}") from None


def build_when_needed() -> None:
    """Build the front end when its sources changed."""
    if not frontend.is_current():
        say("start", "building the front end (a minute the first time, then a few seconds)")
        frontend.build()


def development_commands(chosen: Settings) -> dict[str, str]:
    """The Procfile with hot reload: a saved file rebuilds the pages, or restarts the worker."""
    ports = f"--frontend-port {chosen.port} --backend-port {chosen.port}"
    worker = procfile()["worker"].removeprefix("exec ")
    return procfile() | {
        "web": f"exec reflex run --env preview --backend-host {chosen.host} {ports}",
        "worker": f"exec watchfiles --filter python '{worker}' jobs services",
    }


def development_environment() -> dict[str, str]:
    """A build folder apart from the production build's, and only our sources are watched."""
    environment = with_npm_registry(child_environment()) | {
        "REFLEX_WEB_WORKDIR": ".web-dev",
        "REFLEX_HOT_RELOAD_OVERRIDE_PATHS": "mentorships:pages:state:services:jobs:rxconfig.py",
    }
    del environment["REFLEX_ENV_MODE"]
    return environment


def run_processes(chosen: Settings, commands: dict[str, str], environment: dict[str, str]) -> int:
    """Start the processes, seed a new demo studio, announce, and wait for the end of one."""
    supervisor = Supervisor(environment)
    try:
        if chosen.simulators_on:
            supervisor.start("sandbox", commands["sandbox"])
            wait_until(supervisor, f"{chosen.sandbox_address}/control/health")
        logins = _seed(chosen)
        for name in ("web", "worker"):
            supervisor.start(name, commands[name])
        wait_until(supervisor, f"http://{_reachable(chosen.host)}:{chosen.port}/ready")
        announce(chosen, logins)
        died = supervisor.wait()
        raise StartError(
            f"The process '{died.name}' ended by itself (exit code {died.process.returncode}), "
            "so everything was stopped; its last lines are above."
        )
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half behind
        supervisor.stop()


def _reachable(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    every_address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    return every_address.get(host, host)


def _seed(chosen: Settings) -> list[tuple[str, str, str]]:
    """Fill an empty local database with the demo studio; returns role, e-mail, password to show."""
    if chosen.app_env != "local" or not chosen.simulators_on:
        return []
    from importlib.util import find_spec  # TEMPORARY until mentorships/seed.py lands

    if not find_spec("mentorships.seed"):
        return []
    from mentorships import seed

    seed.ensure_demo(chosen.sandbox_address)
    return [(role, email, seed.DEMO_PASSWORD) for role, email in seed.DEMO_LOGINS.items()]


def announce(chosen: Settings, logins: list[tuple[str, str, str]]) -> None:
    """Print where the product is and how to sign in."""
    lines = ["", f"{chosen.studio_name} is ready: {chosen.public_url}", ""]
    for role, email, password in logins:
        lines.append(f"  sign in as {role:<8} {email:<22} password {password}")
    if chosen.simulators_on:
        names = " and ".join(name for name, on in chosen.simulated.items() if on)
        lines += ["", f"  {names} are local simulators; mails: {chosen.public_url}/sandbox/mail"]
    lines += ["", "Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
