"""Tells an outage from a mistake of ours: the database or the queue does not answer.

An outage is one line in the log, a sentence for the person, and passes by itself; everything else
that nobody expected is a traceback.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from services import redaction
from services.errors import DatabaseUnavailable

RETRY_AFTER_SECONDS = 30
QUEUE_SENTENCE = "The studio cannot reach its job queue right now. Please try again in a minute."
_LONGEST = 200
_SQLITE_OUTAGE = re.compile(
    r"unable to open|locked|readonly|disk|full|malformed|not a database|I/O|interrupted"
    r"|out of memory",
    re.IGNORECASE,
)
_DEMOTED = "ReadOnlySqlTransaction"
"""What a PostgreSQL server says that became another's replica while we were connected."""
_REDIS_OUTAGES = frozenset({"ConnectionError", "TimeoutError", "BusyLoadingError"})


def away(error: BaseException) -> str:
    """`database` or `queue` when this error says that it does not answer; else "".

    Looks through `raise ... from`, because a library may have wrapped what happened.
    """
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            break
        if name := _away(seen):
            return name
        seen = seen.__cause__
    return ""


def sentence(name: str) -> str:
    """What a person reads while it lasts."""
    return QUEUE_SENTENCE if name == "queue" else DatabaseUnavailable("").message


def reason(error: BaseException) -> str:
    """Why, in one short line for the operator."""
    if isinstance(error, DatabaseUnavailable):
        return redaction.text(error.reason)[:_LONGEST]
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    first = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
    return redaction.text(f"{type(cause).__name__}: {first}")[:_LONGEST]


def _away(error: BaseException) -> str:
    match error:
        case DatabaseUnavailable() | TimeoutError():  # the latter: no connection became free
            return "database"
        case OperationalError() | InterfaceError() if type(error.orig).__module__ == "sqlite3":
            return "database" if _SQLITE_OUTAGE.search(str(error.orig)) else ""
        case OperationalError() | InterfaceError():
            return "database"
        case DBAPIError() if error.connection_invalidated:
            return "database"
        case DBAPIError() if type(error.orig).__name__ == _DEMOTED:
            return "database"
        case _:
            return _by_name(error)


def _by_name(error: BaseException) -> str:
    """Without importing a driver that this installation may not use."""
    module, name = type(error).__module__, type(error).__name__
    if module.startswith("redis.") and name in _REDIS_OUTAGES:
        return "queue"
    return "database" if module.startswith("psycopg") and name == "OperationalError" else ""
