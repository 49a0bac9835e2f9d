"""Becomes one of the product's two servers: `python -m mentorships.serve web` or `... sandbox`."""

from __future__ import annotations

import os
import sys

from mentorships.launch import ROOT, child_environment
from services.config import ConfigError, Settings, settings

GRANIAN = ["granian", "--interface", "asgi", "--factory", "--log-level", "warning"]
# Open websockets would keep a stopping server waiting for ever.
STOP_SECONDS = "4"


def web(chosen: Settings) -> tuple[list[str], dict[str, str]]:
    """The command and environment of the pages and routes, on the production build.

    Several workers share the port, and the state of open pages in Redis. One that dies is replaced.

    Raises:
        ConfigError: a demo studio in production.
    """
    if chosen.app_env == "production":
        refuse_the_demo()
    environment = {
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "GRANIAN_WORKERS": str(chosen.web_workers),
        "GRANIAN_RESPAWN_FAILED_WORKERS": "true" if chosen.web_workers > 1 else "false",
    }
    where = ["--host", chosen.host, "--port", str(chosen.port)]
    return [*where, "mentorships.mentorships:app"], environment


def refuse_the_demo() -> None:
    """The demo studio's passwords are printed and public: nobody may sign in with them.

    Raises:
        ConfigError: the database holds the demo studio.
    """
    import psycopg
    from sqlalchemy.exc import SQLAlchemyError

    from services.errors import DatabaseUnavailable

    try:
        from mentorships import seed  # on PostgreSQL it opens the job queue

        holds_demo = seed.has_demo()
    except (DatabaseUnavailable, SQLAlchemyError, psycopg.Error):
        return  # no tables yet, or no server: /ready says so, and nobody can sign in
    if holds_demo:
        raise ConfigError(
            "The database holds the demo studio, whose passwords are public: "
            "choose an empty one with DATABASE_URL or DATA_DIR."
        )


def sandbox(chosen: Settings) -> tuple[list[str], dict[str, str]]:
    """The command of the local simulators; they listen on loopback whatever HOST says."""
    where = ["--host", "127.0.0.1", "--port", str(chosen.sandbox_port)]
    return [*where, "mentorships.sandbox.app:create_app"], {"GRANIAN_WORKERS": "1"}


SERVERS = {"web": web, "sandbox": sandbox}


def main() -> None:
    """Replace this process by the chosen server."""
    try:
        arguments, extra = SERVERS[sys.argv[1]](settings())
    except ConfigError as error:
        sys.exit(str(error))
    except (IndexError, KeyError):
        sys.exit(f"Say which server: {' or '.join(SERVERS)}.")
    os.chdir(ROOT)
    command = [*GRANIAN, "--workers-kill-timeout", STOP_SECONDS, *arguments]
    os.execvpe(command[0], command, child_environment() | extra)


if __name__ == "__main__":
    main()
