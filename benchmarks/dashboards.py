"""The dashboards over 100,000 orders and 400,000 sessions of 24 months, with and without roll-ups.

A dashboard's figure is the time of its queries for the last twelve months: each statement that one
reading says is said again to the driver alone, with the same parameters and in the same
transaction, and all its rows are fetched. The baseline is the same when nothing is rolled up; both
readings must answer the same. The figure without a database's name is that of the slower database.

`…_call` is the whole call (`get_revenue`, `get_seats`), with what SQLAlchemy, pandas' rows and we
take; `overview_…` the queries of the admins' first page; `rebuild_reports_…` what the command
takes that computes every day anew.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import event, text, update
from sqlmodel import Session, col

from benchmarks.big_studio import NOW, Size, fill
from benchmarks.figure import Figure, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import analytics, clock, db
from services.audit import Actor
from services.ids import UserId
from services.models import ReportProgress

GOAL_MS = 100
ROUNDS, BASELINE_ROUNDS = sized((7, 1), (1, 1))
ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
Ask: TypeAlias = Callable[[Session], object]
Statement: TypeAlias = tuple[str, Any]


def measure() -> list[Figure]:
    """Both dashboards on both databases."""
    size = sized(Size(100_000, 500, 20_000, days=730), Size(300, 10, 300, days=50))
    each = [figure for kind in DATABASES for figure in _measure_on(kind, size)]
    return [*(_slower(name, each) for name in DASHBOARDS), *each]


def _slower(name: str, each: list[Figure]) -> Figure:
    names = {f"{name}_{kind}" for kind in DATABASES}
    of_both = [figure for figure in each if figure.name in names]
    return replace(max(of_both, key=lambda figure: figure.value), name=name)


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
            figures = [
                figure
                for name, (ask, most) in DASHBOARDS.items()
                for figure in _dashboard(f"{name}_{kind}", ask, most)
            ]
            overview, *_ = measured(_overview, ROUNDS)
            return [
                *figures,
                without_goal(f"overview_100k_{kind}", overview, "ms"),
                without_goal(f"rebuild_reports_100k_{kind}", rebuilding, "s"),
            ]


def _revenue(session: Session) -> object:
    return analytics.get_revenue(session, actor=ADMIN, period=analytics.period())


def _seats(session: Session) -> object:
    return analytics.get_seats(session, actor=ADMIN, period=analytics.period())


def _overview(session: Session) -> object:
    return analytics.get_overview(session, actor=ADMIN)


DASHBOARDS: dict[str, tuple[Ask, int]] = {
    "revenue_dashboard_100k": (_revenue, 12),
    "seats_dashboard_100k": (_seats, 9),
}
"""What is read, and the most queries that it promises to take, however much there is."""

FIGURES = (
    *DASHBOARDS,
    *(
        f"{name}{more}"
        for kind in DATABASES
        for name, more in (
            *((name, f"_{kind}{more}") for name in DASHBOARDS for more in ("", "_call")),
            ("overview_100k", f"_{kind}"),
            ("rebuild_reports_100k", f"_{kind}"),
        )
    ),
)


def _dashboard(name: str, ask: Ask, most: int) -> list[Figure]:
    """The time of the queries, and of the whole call.

    Raises:
        AssertionError: the roll-up and the rows differ, or it took more queries than promised.
    """
    value, call, count, answer = measured(ask, ROUNDS)
    with nothing_rolled_up():
        baseline, slow_call, slow_count, slow_answer = measured(ask, BASELINE_ROUNDS)
    if answer != slow_answer:
        raise AssertionError(f"{name}: the roll-up and the rows do not add up to the same")
    if max(count, slow_count) > most:
        raise AssertionError(f"{name}: {count} and {slow_count} queries, promised are {most}")
    figure = Figure(name, value, "ms", baseline, value / baseline, GOAL_MS, value <= GOAL_MS)
    return [figure, without_goal(f"{name}_call", call, "ms", baseline=slow_call)]


def measured(ask: Ask, rounds: int) -> tuple[float, float, int, object]:
    """Median milliseconds of the queries and of the call, how many queries, and the answer; one
    reading goes before that fills the caches."""
    answer: object = None
    queries: list[float] = []
    calls: list[float] = []
    count = 0
    for _ in range(rounds + 1):
        with db.reading() as session:
            with recorded() as said:
                begin = time.perf_counter()
                answer = ask(session)
                calls.append((time.perf_counter() - begin) * 1000)
            queries.append(_said_again(session, said) * 1000)
            count = max(count, len(said))
    return statistics.median(queries[1:]), statistics.median(calls[1:]), count, answer


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """What is asked of the database inside, as the driver gets it."""
    said: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append((statement, values))

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)


def _said_again(session: Session, said: list[Statement]) -> float:
    """How many seconds the driver takes to execute the statements and to fetch all their rows."""
    driver: Any = session.connection().connection.driver_connection
    spent = 0.0
    for statement, values in said:
        cursor = driver.cursor()
        begin = time.perf_counter()
        cursor.execute(statement, values)
        cursor.fetchall()
        spent += time.perf_counter() - begin
        cursor.close()
    return spent


@contextmanager
def nothing_rolled_up() -> Iterator[None]:
    """Inside, the product believes no day of the roll-ups."""
    _believe(nothing=True)
    yield
    _believe(nothing=False)


def _believe(*, nothing: bool) -> None:
    until = None if nothing else clock.utc_now().date()
    with db.transaction() as session:
        session.connection().execute(
            update(ReportProgress).where(col(ReportProgress.zone) != "").values(until=until)
        )


def settle(kind: str) -> None:
    """What autovacuum does by itself within a minute."""
    if kind == "postgres":
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
