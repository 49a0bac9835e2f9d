"""`make run`: checks, migrates, builds and seeds what is needed, then runs the whole product."""

from __future__ import annotations

import errno
import hashlib
import json
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass

from mentorships import frontend, migrations
from mentorships.launch import StartError, child_environment, with_npm_registry
from mentorships.processes import Interrupts, Supervisor, procfile, say, wait_until
from services.config import ConfigError, Settings, settings


@dataclass(frozen=True)
class Login:
    """A demo person to sign in as."""

    role: str
    email: str
    password: str


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C. Exit codes: 0 stopped, 1 a process died or the start failed, 2 settings."""
    development = arguments == ["--dev"]
    interrupts = Interrupts()
    try:
        chosen = settings()
        check_data_dir(chosen)
        check_ports(chosen)
        check_redis(chosen)
        if development:
            supervisor = Supervisor(development_commands(chosen), development_environment())
        else:
            supervisor = Supervisor(procfile(), child_environment())
        return run_processes(chosen, supervisor, interrupts, build=not development)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


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


def check_redis(chosen: Settings) -> None:
    """Prove that Redis answers, when it is used.

    Raises:
        StartError: it does not.
    """
    if not chosen.redis_url:
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(chosen.redis_url, socket_connect_timeout=5, socket_timeout=5) as redis:
            redis.ping()
    except (RedisError, ValueError) as error:
        raise StartError(
            f"The server in REDIS_URL does not answer ({type(error).__name__}): start it, correct "
            "REDIS_URL, or leave it empty to run without."
        ) from None


def migrate_when_needed(chosen: Settings) -> bool:
    """Bring the database to head, in this process; True when there was nothing to do.

    Raises:
        StartError: the database cannot be reached.
    """
    try:
        if migrations.at_head():
            return True
        say("start", "migrating the database")
        migrations.upgrade()
        return False
    except migrations.DatabaseAway as error:
        where = "the file in DATA_DIR" if chosen.is_sqlite else "the server in DATABASE_URL"
        raise StartError(f"The database cannot be opened ({where}): {error}") from None


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


def run_processes(
    chosen: Settings, supervisor: Supervisor, interrupts: Interrupts, *, build: bool
) -> int:
    """Do what is due before the start, run all processes, announce, wait for the end of one."""

    def start(name: str) -> None:
        with interrupts.held():
            supervisor.start(name)

    try:
        if chosen.simulators_on:
            start("sandbox")  # needs nothing of ours, so it starts while we look at the rest
        nothing_new = migrate_when_needed(chosen)
        if build:
            build_when_needed()
        logins = demo_logins(chosen, supervisor, known=nothing_new)
        start("web")
        start("worker")
        wait_until(supervisor, f"http://{_reachable(chosen.host)}:{chosen.port}/ready")
        announce(chosen, logins)
        died = supervisor.wait()
        raise StartError(
            f"The process '{died.name}' ended by itself (exit code {died.process.returncode}), "
            "so everything was stopped; its last lines are above."
        )
    finally:
        with interrupts.held():
            supervisor.stop()


def _reachable(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    every_address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    return every_address.get(host, host)


def demo_logins(chosen: Settings, supervisor: Supervisor, *, known: bool) -> list[Login]:
    """Fill an empty local database with the demo studio; the logins to show, if it has one.

    `known`: the database was there and current. Then a note from an earlier start is enough, and
    nothing heavy is imported.
    """
    if chosen.app_env != "local" or not all(chosen.simulated.values()):
        return []
    note = chosen.data_dir / "demo-logins.json"
    studio = hashlib.sha256(chosen.database_url.encode()).hexdigest()
    if known and note.exists():
        noted = json.loads(note.read_text())
        if noted["studio"] == studio:
            return [Login(**each) for each in noted["logins"]]
    from mentorships import seed

    wait_until(supervisor, f"{chosen.sandbox_address}/control/health")
    seed.ensure_demo(chosen.sandbox_address)
    logins = [
        Login(role, email, seed.DEMO_PASSWORD)
        for role, email in (seed.DEMO_LOGINS.items() if seed.has_demo() else ())
    ]
    note.write_text(json.dumps({"studio": studio, "logins": [asdict(each) for each in logins]}))
    return logins


def announce(chosen: Settings, logins: list[Login]) -> None:
    """Print where the product is and how to sign in."""
    lines = ["", f"{chosen.studio_name} is ready: {chosen.public_url}", ""]
    lines += [f"  {each.role:<7} {each.email:<20} password {each.password}" for each in logins]
    if chosen.simulators_on:
        names = " and ".join(name for name, on in chosen.simulated.items() if on)
        lines += ["", f"  {names} are local simulators; mails: {chosen.public_url}/sandbox/mail"]
    lines += ["", "Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
