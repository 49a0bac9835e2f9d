"""Booking: 50 mentees of one studio, each in a thread of its own, book a session at one moment.

Ten mentors with five mentees each; every mentee has a time of its own, so all succeed. The
product's side is `booking.book`, the click on "book": calendars' age, people, packs, onboarding,
seat and availability are read, both people are locked, and session, occupied time, credit, audit,
mails and topics are written. The bare side does, with the same threads and as many connections,
only what keeps a time and a credit from being given twice: it locks both people and the mentor,
writes the session and both people's occupied time under the same constraint, and reserves the
credit.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from psycopg_pool import ConnectionPool

from benchmarks.contention import connected
from benchmarks.figure import Figure, middle, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import booking, clock
from services.config import settings
from services.ids import new_public_id
from tests.services.meetings import Together, a_bookable_mentor, together

MENTORS, EACH = 10, 5
PATIENCE_SECONDS = 120
FIGURES = tuple(f"booking_{MENTORS * EACH}_{kind}" for kind in DATABASES)


@dataclass(frozen=True, slots=True)
class Wish:
    """One mentee's time with their mentor."""

    two: Together
    starts_at: datetime


Attempt = Callable[[Wish], None]


def measure() -> list[Figure]:
    """Bookings per second on both databases."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as name:
        for kind in DATABASES:
            with database(kind, Path(name) / kind) as url:
                figures.append(_compare(kind, url))
    return figures


def _compare(kind: str, url: str) -> Figure:
    pairs = _studio(*sized((MENTORS, EACH), (2, 2)))
    connections = 2 * settings().database_pool_size  # at most, in the product
    bare_side = _bare_sqlite(url) if kind == "sqlite" else _bare_postgres(url, connections)
    day = 1
    with bare_side as bare:
        sides: dict[str, Attempt] = {"bare": bare, "product": _book}
        rates: dict[str, list[float]] = {name: [] for name in sides}
        warming, rounds = sized((2, 11), (0, 1))
        for turn in range(warming + rounds):
            for name, attempt in sides.items():
                day += 1
                rate = _rush(attempt, _wishes(pairs, day))
                if turn >= warming:
                    rates[name].append(rate)
    ours, limit = middle(rates["product"]), middle(rates["bare"])
    return without_goal(f"booking_{MENTORS * EACH}_{kind}", ours, "bookings/s", baseline=limit)


def _studio(mentors: int, each: int) -> list[Together]:
    pairs: list[Together] = []
    for number in range(mentors):
        mentor = a_bookable_mentor(f"Demo Mentor {number}", horizon_days=365, buffer_minutes=15)
        pairs += [
            together(mentor, f"Demo Mentee {number} {other}", left=100, expires_at=None)
            for other in range(each)
        ]
    return pairs


def _wishes(pairs: Sequence[Together], day: int) -> list[Wish]:
    """Another day for every round, other hours for the mentees of a mentor."""
    midnight = clock.utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + timedelta(days=day + 1)
    return [
        Wish(two, first + timedelta(hours=2 * (place % EACH))) for place, two in enumerate(pairs)
    ]


def _rush(attempt: Attempt, wishes: Sequence[Wish]) -> float:
    """Bookings per second, all begun at one moment.

    Raises:
        RuntimeError: somebody was refused.
    """
    gate = threading.Barrier(len(wishes) + 1, timeout=PATIENCE_SECONDS)
    errors: list[Exception] = []

    def run(wish: Wish) -> None:
        gate.wait()
        try:
            attempt(wish)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(wish,)) for wish in wishes]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    spent = time.perf_counter() - began
    if errors:
        raise RuntimeError(f"{len(errors)} of {len(wishes)} were refused: {errors[:3]}")
    return len(wishes) / spent


def _book(wish: Wish) -> None:
    two = wish.two
    booking.book(actor=two.actor, mentor=two.mentor.slug, starts=[wish.starts_at])


SESSION = (
    "INSERT INTO mentoring_session (public_id, pack_id, mentee_id, mentor_id, mentor_user_id, "
    "starts_at, ends_at, status, sequence, goals, late, cancel_reason, created_at) "
    "VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, 'scheduled', 0, '', false, '', {0}) RETURNING id"
)
OCCUPIED = (
    "INSERT INTO occupied_time (person_id, session_id, mentor_side, starts_at, ends_at) "
    "VALUES ({0}, {0}, {0}, {0}, {0}), ({0}, {0}, {0}, {0}, {0})"
)
CREDIT = (
    "INSERT INTO credit_entry (pack_id, kind, amount, actor_id, session_id, created_at) "
    "VALUES ({0}, 'reserve', -1, {0}, {0}, {0})"
)
RESERVE = (
    "UPDATE pack SET reserved = reserved + 1 "
    "WHERE id = {0} AND status = 'active' AND reserved < \"left\""
)
LOCKS = (
    'SELECT id FROM "user" WHERE id IN (%s, %s) ORDER BY id FOR NO KEY UPDATE',
    "SELECT id FROM mentor WHERE id = %s FOR NO KEY UPDATE",
)


def _write(connection: Any, mark: str, wish: Wish, instant: Callable[[datetime], Any]) -> None:
    """What must be written, by plain SQL; both drivers' connections have `execute`."""
    two = wish.two
    mentee, mentor_user = two.mentee.id, two.mentor.user_id
    starts_at, now = instant(wish.starts_at), instant(clock.utc_now())
    ends_at = instant(wish.starts_at + timedelta(minutes=60))
    until = instant(wish.starts_at + timedelta(minutes=75))
    people = (two.pack.id, mentee, two.mentor.id, mentor_user)
    values = (new_public_id("ses"), *people, starts_at, ends_at, now)
    (session,) = connection.execute(SESSION.format(mark), values).fetchone()
    connection.execute(
        OCCUPIED.format(mark),
        (mentee, session, False, starts_at, ends_at, mentor_user, session, True, starts_at, until),
    )
    connection.execute(CREDIT.format(mark), (two.pack.id, mentee, session, now))
    if connection.execute(RESERVE.format(mark), (two.pack.id,)).rowcount != 1:
        raise RuntimeError("there was no credit")


@contextmanager
def _bare_sqlite(url: str) -> Iterator[Attempt]:
    """One connection with a queue before it, the fastest way known; BEGIN IMMEDIATE is the lock."""
    free = SimpleQueue[sqlite3.Connection]()
    connection = connected(url)
    free.put(connection)

    def attempt(wish: Wish) -> None:
        mine = free.get()
        try:
            mine.execute("BEGIN IMMEDIATE")
            _write(mine, "?", wish, lambda at: at.replace(tzinfo=None).isoformat(" "))
            mine.execute("COMMIT")
        finally:
            free.put(mine)

    yield attempt
    connection.close()


@contextmanager
def _bare_postgres(url: str, size: int) -> Iterator[Attempt]:
    """The people's and the mentor's rows are the lock."""
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    pool = ConnectionPool(
        address, min_size=size, max_size=size, open=False, timeout=PATIENCE_SECONDS
    )

    def attempt(wish: Wish) -> None:
        two = wish.two
        with pool.connection() as connection:  # commits at its end
            connection.execute(LOCKS[0], (two.mentee.id, two.mentor.user_id))
            connection.execute(LOCKS[1], (two.mentor.id,))
            _write(connection, "%s", wish, lambda at: at)

    with pool:
        pool.wait()
        yield attempt
