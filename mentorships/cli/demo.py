"""Filling a database with the demo studio."""

from __future__ import annotations

import socket

from mentorships import seed
from mentorships.launch import child_environment
from mentorships.processes import Supervisor, procfile, wait_until
from mentorships.run import migrate_when_needed
from services.config import ConfigError, settings
from services.errors import Conflict


def fill() -> tuple[bool, list[tuple[str, str]]]:
    """Fill an empty database; whether it was filled now, and the demo people's logins.

    Raises:
        ConfigError: the settings are no demo's. StartError: the simulators do not start.
        Conflict: the database holds something else.
    """
    chosen = settings()
    if chosen.app_env == "production":
        raise ConfigError("The demo studio is refused when APP_ENV is production.")
    if not all(chosen.simulated.values()):
        raise ConfigError(
            "The demo studio needs the simulators: start without keys for "
            f"{' and '.join(name for name, on in chosen.simulated.items() if not on)}."
        )
    migrate_when_needed(chosen)
    supervisor = Supervisor(procfile(), child_environment())
    health = f"{chosen.sandbox_address}/control/health"
    try:
        if not _is_listening(chosen.sandbox_port):
            supervisor.start("sandbox")
        wait_until(supervisor, health)
        filled = seed.ensure_demo(chosen.sandbox_address)
    finally:
        supervisor.stop()
    if not seed.has_demo():
        raise Conflict("The database holds data that is not the demo: choose an empty one.")
    return filled, [(email, seed.DEMO_PASSWORD) for email in seed.DEMO_LOGINS.values()]


def _is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
