"""The dashboard of what recordings cost, over 1,000,000 sessions of 24 months.

The figure is the time of its queries for the last twelve months, as for the other dashboards: each
statement of one reading is said again to the driver alone, and all its rows are fetched. The
baseline is the same when nothing is rolled up; both must answer the same. The figure without a
database's name is that of the slower database; `…_call` is the whole call, with the pricing,
`rebuild_…` what the roll-up takes that computes every day anew.

There is what the product writes: of each recording that it was recorded, fetched, read back and
kept, and that it went.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from benchmarks.big_studio_writer import Row, Writer
from benchmarks.dashboards import ADMIN, GOAL_MS, measured, nothing_rolled_up, settle
from benchmarks.figure import Figure, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import analytics, clock, costs, db

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
HOUR, RETENTION, AHEAD = timedelta(hours=1), timedelta(days=30), timedelta(days=30)
GB = 10**9
ROUNDS = sized(7, 1)
MOST_QUERIES = 16
NAME = "cost_dashboard_1m"
FIGURES = (
    NAME,
    *(f"{NAME}_{kind}{more}" for kind in DATABASES for more in ("", "_call")),
    *(f"rebuild_costs_1m_{kind}" for kind in DATABASES),
)


@dataclass(frozen=True)
class Size:
    """How much there is: sessions over these days, the last 30 of them still to come."""

    sessions: int
    mentors: int
    days: int


@dataclass(frozen=True)
class _Meeting:
    """One session of a mentor; `pack` has the mentor's number."""

    number: int
    mentor: int
    at: datetime


def measure() -> list[Figure]:
    """The dashboard on both databases."""
    size = sized(Size(1_000_000, 500, 760), Size(3_000, 5, 90))
    each = [figure for kind in DATABASES for figure in _measure_on(kind, size)]
    own = [figure for figure in each if figure.name in {f"{NAME}_{kind}" for kind in DATABASES}]
    return [replace(max(own, key=lambda figure: figure.value), name=NAME), *each]


def _measure_on(kind: str, size: Size) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            fill(size)
            settle(kind)
            begin = time.perf_counter()
            analytics.rebuild()
            rebuilding = time.perf_counter() - begin
            settle(kind)
            rebuilt = without_goal(f"rebuild_costs_1m_{kind}", rebuilding, "s")
            return [*_dashboard(f"{NAME}_{kind}"), rebuilt]


def _dashboard(name: str) -> list[Figure]:
    """The time of the queries, and of the whole call.

    Raises:
        AssertionError: the roll-up and the rows differ, or it took more queries than promised.
    """
    value, call, count, answer = measured(_costs, ROUNDS)
    with nothing_rolled_up():
        baseline, slow_call, _, slow_answer = measured(_costs, 1)
    if answer != slow_answer:
        raise AssertionError(f"{name}: the roll-up and the rows do not add up to the same")
    if count > MOST_QUERIES:
        raise AssertionError(f"{name}: {count} queries, promised are {MOST_QUERIES}")
    figure = Figure(name, value, "ms", baseline, value / baseline, GOAL_MS, value <= GOAL_MS)
    return [figure, without_goal(f"{name}_call", call, "ms", baseline=slow_call)]


def _costs(session: Session) -> object:
    return costs.get_costs(session, actor=ADMIN, period=analytics.period(), preset="plan")


def fill(size: Size) -> None:
    """The same studio each time, in an empty database: one mentee and one endless pack for each
    mentor, and a recording of an hour and about a GB for each session that was held."""
    with db.transaction() as session, Writer(session).without_triggers() as writer:
        begin = NOW + AHEAD - timedelta(days=size.days)
        writer.rows("user", _users(size, begin))
        writer.rows("mentor", _mentors(size, begin))
        writer.rows("seat", _seats(size, begin))
        writer.rows("pack", _packs(size, begin))
        writer.rows("mentoring_session", (_session(each, size) for each in _meetings(size, begin)))
        writer.rows("recording", _recordings(size, begin))
        writer.rows("usage", _usage(size, begin))


def _meetings(size: Size, begin: datetime) -> Iterator[_Meeting]:
    """Evenly over time, in its order."""
    span = NOW + AHEAD - begin
    for n in range(1, size.sessions + 1):
        yield _Meeting(n, 1 + n % size.mentors, begin + span * n // (size.sessions + 1))


def _users(size: Size, begin: datetime) -> Iterator[Row]:
    """First the mentors, then their mentees."""
    for n in range(1, 2 * size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"usr_{n}",
            "email": f"p{n}@example.com",
            "name": f"Person {n}",
            "time_zone": "UTC",
            "locale": "en",
            "password_hash": "-",
            "is_admin": n == 1,
            "status": "active",
            "created_at": begin,
        }


def _mentors(size: Size, begin: datetime) -> Iterator[Row]:
    for n in range(1, size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"men_{n}",
            "user_id": n,
            "slug": f"mentor-{n}",
            "headline": "Helps",
            "bio": "",
            "capacity": 10,
            "listed": True,
            "created_at": begin,
        }


def _seats(size: Size, begin: datetime) -> Iterator[Row]:
    for n in range(1, size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"sea_{n}",
            "mentee_id": size.mentors + n,
            "mentor_id": n,
            "status": "active",
            "created_at": begin,
        }


def _packs(size: Size, begin: datetime) -> Iterator[Row]:
    for n in range(1, size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"pck_{n}",
            "mentee_id": size.mentors + n,
            "mentor_id": n,
            "seat_id": n,
            "title": "Sessions",
            "total": 100,
            "left": 100,
            "reserved": 0,
            "locked": 0,
            "status": "active",
            "starts_at": begin,
            "created_at": begin,
        }


def _session(meeting: _Meeting, size: Size) -> Row:
    return {
        "id": meeting.number,
        "public_id": f"ses_{meeting.number}",
        "pack_id": meeting.mentor,
        "mentee_id": size.mentors + meeting.mentor,
        "mentor_id": meeting.mentor,
        "mentor_user_id": meeting.mentor,
        "starts_at": meeting.at,
        "ends_at": meeting.at + timedelta(hours=1),
        "status": "completed" if meeting.at < NOW else "scheduled",
        "sequence": 0,
        "goals": "",
        "late": False,
        "cancel_reason": "",
        "created_at": meeting.at,
    }


def _recorded(size: Size, begin: datetime) -> Iterator[_Meeting]:
    """Those that were held, and recorded."""
    for meeting in _meetings(size, begin):
        if meeting.at >= NOW - timedelta(hours=2):
            return
        yield meeting


def _recordings(size: Size, begin: datetime) -> Iterator[Row]:
    for meeting in _recorded(size, begin):
        came = meeting.at + HOUR
        gone = came + RETENTION if came + RETENTION < NOW else None
        yield {
            "id": meeting.number,
            "public_id": f"rec_{meeting.number}",
            "session_id": meeting.number,
            "number": 1,
            "status": "purged" if gone else "ready",
            "channel": f"ses_{meeting.number}",
            "uid": 1_010,
            "mode": "mix",
            "resource_id": "",
            "sid": f"{meeting.number:032}",
            "source": "recorder",
            "prefix": f"{meeting.number:032}",
            "seen": "{}",
            "began_at": meeting.at,
            "stop_reason": "",
            "ready_at": came,
            "seconds": 3_600,
            "lease": "",
            "tries": 0,
            "trouble": "",
            "keep_until": came + RETENTION,
            "extend_reason": "",
            "hold_reason": "",
            "purge_reason": "",
            "purged_at": gone,
        }


def _usage(size: Size, begin: datetime) -> Iterator[Row]:
    for meeting in _recorded(size, begin):
        came, size_of_it = meeting.at + HOUR, GB + meeting.number % 1_000
        yield _noted(meeting, "recorded", "agora", 3_600, came)
        yield _noted(meeting, "stored", "local", size_of_it, came)
        yield _noted(meeting, "downloaded", "recorder", size_of_it, came)
        yield _noted(meeting, "downloaded", "local", size_of_it, came)
        if meeting.number % 3 == 0:
            at = min(came + timedelta(days=1), NOW)
            yield _noted(meeting, "downloaded", "local", size_of_it, at, "watched")
        if came + RETENTION < NOW:
            at, missing = came + RETENTION, 60 * 24 * size_of_it
            yield _noted(meeting, "gone", "local", size_of_it, at)
            yield _noted(meeting, "early", "local", missing, at)


def _noted(
    meeting: _Meeting, kind: str, place: str, amount: int, at: datetime, what: str = ""
) -> Row:
    return {
        "key": f"{kind}:rec_{meeting.number}:{place}{what}",
        "kind": kind,
        "place": place,
        "amount": amount,
        "mentor_id": meeting.mentor,
        "session_id": meeting.number,
        "at": at,
    }
