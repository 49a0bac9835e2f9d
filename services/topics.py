"""Topics: what open pages watch. A service that changes something publishes its topics in the same
transaction; each web worker sees them within a moment and refreshes who looks at them.

A topic is only a signal. `changes()` is the other end: it waits until something was published, in
this process or in another, and says what, or that it does not know and all may have changed.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import event, func, insert, text
from sqlmodel import Session, col, delete, select

from services import clock, db
from services.ids import MentorId, SessionId, UserId
from services.models import TopicChange

ORDERS = "orders"
"""Any order, payment or refund of the studio."""
LEDGER = "ledger"
"""Any posting: what the studio's figures are made of."""
SEATS = "seats"
"""Any seat of the studio, or a mentor's capacity."""
INBOX = "inbox"
"""Any stored webhook or outgoing message that changed its state; any run, schedule, worker or pause
of the jobs."""

RECORDINGS = "recordings"
"""Any recording of the studio, or one of its files."""
COSTS = "costs"
"""Anything that recordings used, or a price of it."""
SESSIONS = "sessions"
"""Any session of the studio."""
DISCOUNTS = "discounts"
"""Any discount code, or an order that uses one."""
RECONCILIATION = "reconciliation"
"""Any run that compares us with a provider."""
DISCORD = "discord"
"""Any link to a Discord account, or a role that was given, taken or refused."""
MAILS = "mails"
"""Any mail that left, or became something at its recipient; any address that gets none."""
TESTIMONIALS = "testimonials"
"""Any testimonial that was written or decided about."""

CHANNEL = "mentorships_topics"
KEPT = timedelta(hours=1)
LOOK_EVERY_SECONDS = 0.1
_PRUNED_AT_ONCE = 10_000
_SAY_HELLO_EVERY_SECONDS = 20.0
_WAITING_TO_BE_SAID = "topics"
_OF_A_MENTOR = "seats:"
_SESSIONS_OF_A_MENTOR = "sessions:"


def seats(mentor: MentorId) -> str:
    """The seats, packs and mentees of one mentor."""
    return f"{_OF_A_MENTOR}{mentor}"


def mentee(user: UserId) -> str:
    """What one mentee owns and has ordered."""
    return f"mentee:{user}"


def mentor_sessions(mentor: MentorId) -> str:
    """The sessions of one mentor."""
    return f"{_SESSIONS_OF_A_MENTOR}{mentor}"


def session(session_id: SessionId) -> str:
    """One session, and what hangs on it."""
    return f"session:{session_id}"


def bell(user: UserId) -> str:
    """What one person was told in the app, and has read of it."""
    return f"bell:{user}"


def availability(mentor: MentorId) -> str:
    """When one mentor can be booked: the rules, the time off, and what is busy."""
    return f"availability:{mentor}"


def publish(db: Session, *topics: str) -> None:
    """Say that these topics changed, once this transaction commits; each is said once. A mentor's
    seats and sessions are the studio's too.

    The rows are one statement at its end.
    """
    waiting: set[str] = db.info.setdefault(_WAITING_TO_BE_SAID, set())
    waiting.update(topics)
    if any(topic.startswith(_OF_A_MENTOR) for topic in topics):
        waiting.add(SEATS)
    if any(topic.startswith(_SESSIONS_OF_A_MENTOR) for topic in topics):
        waiting.add(SESSIONS)


@event.listens_for(Session, "before_commit")
def _say(session: Session) -> None:
    if session.in_nested_transaction():  # the end of a savepoint commits nothing yet
        return
    said = sorted(session.info.pop(_WAITING_TO_BE_SAID, ()))
    if not said:
        return
    now = clock.utc_now()
    if session.get_bind().dialect.name == "postgresql":
        # NOTIFY is part of the transaction: it is heard after the commit, or never.
        session.connection().execute(
            text(
                "WITH said AS (INSERT INTO topic_change (topic, at) "
                "SELECT unnest(CAST(:topics AS text[])), :at RETURNING topic) "
                "SELECT pg_notify(:channel, topic) FROM said"
            ),
            {"topics": said, "at": now, "channel": CHANNEL},
        )
        return
    session.connection().execute(insert(TopicChange), [{"topic": t, "at": now} for t in said])


def prune() -> int:
    """Delete what every watcher has long seen; how many rows.

    The newest row stays: SQLite would give its id again, and a watcher takes it for seen.
    """
    newest = select(func.max(col(TopicChange.id))).scalar_subquery()
    old = (
        select(TopicChange.id)
        .where(col(TopicChange.at) < clock.utc_now() - KEPT, col(TopicChange.id) < newest)
        .order_by(col(TopicChange.id))
        .limit(_PRUNED_AT_ONCE)
    )
    with db.transaction() as session:
        gone = session.exec(delete(TopicChange).where(col(TopicChange.id).in_(old)))
        return gone.rowcount


class Changes(Protocol):
    """Waits for what is published anywhere. Belongs to the thread that made it."""

    def wait(self, seconds: float) -> frozenset[str] | None:
        """The topics published since the last call, at the latest after so many seconds (then
        none); None when some may have been missed, so that everything may have changed."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


def changes() -> Changes:
    """A watcher on a connection of its own.

    Raises:
        sqlite3.Error, psycopg.Error: there is no database now; so may every `wait`.
    """
    url = db.engine().url
    if url.get_backend_name() == "sqlite":
        return _SqliteChanges(str(url.database))
    return _PostgresChanges(url.set(drivername="postgresql").render_as_string(hide_password=False))


class _SqliteChanges:
    """`data_version` moves with every commit of another connection; it costs microseconds."""

    def __init__(self, path: str) -> None:
        # Not `mode=ro`: whoever reads a WAL file alone must be able to make its index.
        address = f"{Path(path).absolute().as_uri()}?mode=rw"
        self._connection = sqlite3.connect(address, uri=True, isolation_level=None)
        self._version = self._number("PRAGMA data_version")
        self._last = self._number("SELECT coalesce(max(id), 0) FROM topic_change")

    def wait(self, seconds: float) -> frozenset[str] | None:
        until = time.monotonic() + seconds
        while True:
            version = self._number("PRAGMA data_version")
            if version != self._version:
                self._version = version
                found = self._published()
                if found is None or found:
                    return found
            if time.monotonic() >= until:
                return frozenset()
            time.sleep(LOOK_EVERY_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def _published(self) -> frozenset[str] | None:
        newest = self._number("SELECT coalesce(max(id), 0) FROM topic_change")
        before, self._last = self._last, newest
        if newest < before:  # another database was put in its place
            return None
        rows = self._connection.execute(
            "SELECT DISTINCT topic FROM topic_change WHERE id > ? AND id <= ?", (before, newest)
        )
        return frozenset(str(row[0]) for row in rows)

    def _number(self, statement: str) -> int:
        return int(self._connection.execute(statement).fetchone()[0])


class _PostgresChanges:
    """LISTEN. A new one has missed what was said before it: whoever reconnects refreshes all."""

    def __init__(self, conninfo: str) -> None:
        import psycopg  # only where it is used: SQLite needs none of it
        from psycopg.conninfo import make_conninfo

        kept_alive = make_conninfo(
            conninfo, application_name="mentorships-live", **db.POSTGRES_ALIVE
        )
        self._connection = psycopg.connect(kept_alive, autocommit=True)
        self._connection.execute(f"LISTEN {CHANNEL}")
        self._heard_at = time.monotonic()

    def wait(self, seconds: float) -> frozenset[str] | None:
        notes = self._connection.notifies(timeout=seconds, stop_after=1)
        found = frozenset(note.payload for note in notes)
        now = time.monotonic()
        if found:
            self._heard_at = now
        elif now - self._heard_at > _SAY_HELLO_EVERY_SECONDS:
            self._heard_at = now
            self._connection.execute("SELECT 1")  # raises when nobody is there any more
        return found

    def close(self) -> None:
        with suppress(Exception):  # it may be broken already: that is why it is closed
            self._connection.close()
