"""The demo studio: a believable year, told through the services with the clock moved.

Every payment exists at the simulated Stripe or PayPal, every mail in the simulated mailbox, and
reconciliation finds nothing to repair; one payment belongs to nothing, and waits for the admin. The
same people, packs and dates relative to today each time; only random identifiers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlmodel import select

from mentorships import migrations
from mentorships.launch import StartError
from mentorships.processes import say
from mentorships.seed import recordings
from mentorships.seed.people import DEMO_LOGINS, DEMO_PASSWORD
from mentorships.seed.reading import read_what_is_old
from mentorships.seed.simulator import Simulator
from mentorships.seed.story import tell
from services import analytics, audit, clock, db, logs, passwords
from services.audit import SYSTEM
from services.config import settings
from services.models import AuditEntry, User

__all__ = ["DEMO_LOGINS", "DEMO_PASSWORD", "ensure_demo", "has_demo"]

BEGUN, FINISHED = "studio.seeding", "studio.seeded"


def ensure_demo(sandbox_address: str) -> bool:
    """Fill an empty database with the demo studio, once; True when it was filled now.

    A seeding that was interrupted is begun anew, on an empty database.

    Raises:
        StartError: it was interrupted on PostgreSQL, which is not ours to empty.
    """
    if _noted(FINISHED) or (_has_people() and not _noted(BEGUN)):
        return False
    simulator = Simulator(sandbox_address)
    if _noted(BEGUN):
        _start_over()
    say("start", "filling the demo studio with a year of sessions (a minute or two, once)")
    simulator.reset()
    _note(BEGUN)
    with _not_waiting_for_the_disk():
        with logs.warnings_only(), passwords.known_to_everybody():
            tell(simulator, now=clock.utc_now())
            read_what_is_old(clock.utc_now())
        analytics.roll_up()  # the dashboards are quick from the first look on
    _note(FINISHED)
    return True


def has_demo() -> bool:
    """Whether the database holds the whole demo studio."""
    return _noted(FINISHED)


@contextmanager
def _not_waiting_for_the_disk() -> Iterator[None]:
    """SQLite writes the year's thousands of commits without waiting for each. A computer that loses
    its power meanwhile loses the last of them, never a part of one, and begins the demo anew."""
    if not settings().is_sqlite:
        yield
        return
    engine = db.engine()
    event.listen(engine, "checkout", _relax)
    try:
        yield
    finally:
        event.remove(engine, "checkout", _relax)
        engine.dispose()  # the connections opened from now on wait again


def _relax(connection: Any, _entry: object, _proxy: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _noted(action: str) -> bool:
    with db.reading() as session:
        return (
            session.exec(select(AuditEntry.id).where(AuditEntry.action == action)).first()
            is not None
        )


def _note(action: str) -> None:
    with db.transaction() as session:
        audit.record(session, actor=SYSTEM, action=action, thing="studio")


def _has_people() -> bool:
    with db.reading() as session:
        return session.exec(select(User.id)).first() is not None


def _start_over() -> None:
    """Throw the half-filled demo database away. Only ever a file that the seeding itself began."""
    url = make_url(settings().database_url)
    if not settings().is_sqlite or url.database is None:
        raise StartError(
            "Filling the demo studio was interrupted: empty the database in DATABASE_URL, "
            "then start again."
        )
    recordings.forget_files()
    db.dispose()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{url.database}{suffix}").unlink(missing_ok=True)
    migrations.upgrade()
