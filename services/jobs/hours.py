"""What the runs of each kind came to, hour by hour: what the charts read, and what stays when the
runs themselves are forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete

from services import clock, db
from services.models import JobHour

KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Ended:
    """One run that ended, at this instant, after so many milliseconds."""

    kind: str
    at: datetime
    succeeded: bool
    milliseconds: int


def add(db: Session, ended: Iterable[Ended]) -> None:
    """Add these runs to their hours; last in a transaction, since all runs share few rows."""
    sums: dict[tuple[datetime, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for run in ended:
        hour = sums[run.at.replace(minute=0, second=0, microsecond=0), run.kind]
        hour[0] += run.succeeded
        hour[1] += not run.succeeded
        hour[2] += run.milliseconds
    if not sums:
        return
    # In one order, so that two workers never wait for each other.
    names = ("hour", "kind", *_FIGURES)
    rows: list[dict[str, Any]] = [
        dict(zip(names, (*key, *figures), strict=True)) for key, figures in sorted(sums.items())
    ]
    db.connection().execute(_adding(db.get_bind().dialect.name), rows)


@lru_cache
def _adding(dialect: str) -> Executable:
    """Made once, since making it costs more than running it."""
    table = cast("Any", JobHour).__table__
    adding = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    more = {name: table.c[name] + adding.excluded[name] for name in _FIGURES}
    return adding.on_conflict_do_update(index_elements=["hour", "kind"], set_=more)


def forget_old() -> int:
    """Forget the hours that no chart shows any more; how many rows."""
    with db.transaction() as session:
        return session.exec(
            delete(JobHour).where(col(JobHour.hour) < clock.utc_now() - KEPT)
        ).rowcount


_FIGURES = ("succeeded", "failed", "milliseconds")
