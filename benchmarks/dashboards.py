"""The dashboards over 100,000 orders and 400,000 sessions of 24 months, with and without roll-ups.

Measured is the whole call (`get_revenue`, `get_seats` of the last twelve months), queries and
shaping; the baseline is the same call when nothing is rolled up. Both must answer the same. The
figure without a database's name is that of the slower database.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text, update
from sqlmodel import Session, col

from benchmarks.big_studio import NOW, Size, fill
from benchmarks.figure import Figure, sized
from benchmarks.surroundings import database
from services import analytics, clock, db
from services.audit import Actor
from services.ids import UserId
from services.models import ReportProgress

DASHBOARDS = ("revenue_dashboard_100k", "seats_dashboard_100k")
FIGURES = tuple(f"{name}{kind}" for name in DASHBOARDS for kind in ("", "_sqlite", "_postgres"))
GOAL_MS = 100
ROUNDS, BASELINE_ROUNDS = 5, 3
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)


def measure() -> list[Figure]:
    """Both dashboards on both databases."""
    size = sized(Size(100_000, 500, 20_000), Size(2_000, 20, 800))
    each = [figure for kind in ("sqlite", "postgres") for figure in _measure_on(kind, size)]
    return [*(_slower(name, each) for name in DASHBOARDS), *each]


def _slower(name: str, each: list[Figure]) -> Figure:
    of_both = [figure for figure in each if figure.name.startswith(name)]
    return replace(max(of_both, key=lambda figure: figure.value), name=name)


def _measure_on(kind: str, size: Size) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            fill(size)
            analytics.rebuild()
            _settle(kind)
            return [
                _figure(f"revenue_dashboard_100k_{kind}", _revenue),
                _figure(f"seats_dashboard_100k_{kind}", _seats),
            ]


def _revenue(session: Session) -> object:
    return analytics.get_revenue(session, actor=ADMIN, period=analytics.period())


def _seats(session: Session) -> object:
    return analytics.get_seats(session, actor=ADMIN, period=analytics.period())


def _figure(name: str, ask: Callable[[Session], object]) -> Figure:
    value, answer = _timed(ask, ROUNDS)
    _forget_roll_ups()
    baseline, slow_answer = _timed(ask, BASELINE_ROUNDS)
    if answer != slow_answer:
        raise AssertionError(f"{name}: the roll-up and the rows do not add up to the same")
    _forget_roll_ups(again=False)
    return Figure(name, value, "ms", baseline, value / baseline, GOAL_MS, value <= GOAL_MS)


def _timed(ask: Callable[[Session], object], rounds: int) -> tuple[float, object]:
    """The median in milliseconds after one call that warms the caches, and the answer."""
    times: list[float] = []
    answer: object = None
    for _ in range(rounds + 1):
        with db.reading() as session:
            begin = time.perf_counter()
            answer = ask(session)
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[1:]), answer


def _forget_roll_ups(*, again: bool = True) -> None:
    """Make the product believe that nothing is rolled up, or (`again` False) that all is."""
    until = None if again else clock.utc_now().date()
    with db.transaction() as session:
        session.connection().execute(
            update(ReportProgress).where(col(ReportProgress.zone) != "").values(until=until)
        )


def _settle(kind: str) -> None:
    """What autovacuum does by itself within a minute."""
    if kind == "postgres":
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
