"""What is due now: found page by page, settled one by one.

Each thing is settled in a transaction of its own, which looks again whether it is due: so a scan
may run twice, late, or in two processes at once. One that fails is logged, shown with the job's
run, and tried again next time; it keeps none of the others waiting, not even by standing first in
line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import structlog
from sqlmodel import Session

from services import db, outages
from services.jobs import runs

PAGE = 200
MOST_PAGES = 100
"""Of one run: who has been away for days goes on a minute later."""

Id = TypeVar("Id", bound=int)
Found = TypeVar("Found", bound=int, covariant=True)

log = structlog.get_logger()


class Find(Protocol[Found]):
    """Reads the ids that are due, the most urgent first."""

    def __call__(self, db: Session, /, *, limit: int) -> Sequence[Found]: ...


def run(
    find: Find[Id], step: Callable[[Session, Id], bool], *, what: str, limit: int = PAGE
) -> int:
    """Settle everything that is due; how many a `step` said it has changed. `what` names the thing
    in the log.

    Raises:
        DatabaseUnavailable: all others would only say the same.
    """
    changed = 0
    left_over: set[Id] = set()
    for _ in range(MOST_PAGES):
        with db.reading() as session:
            found = find(session, limit=limit + len(left_over))
        fresh = [each for each in found if each not in left_over]
        if not fresh:
            break
        for each in fresh:
            if _settle(step, each, what):
                changed += 1
            else:
                left_over.add(each)
    return changed


def _settle(step: Callable[[Session, Id], bool], each: Id, what: str) -> bool:
    try:
        with db.transaction() as tx:
            return step(tx, each)
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("due_stuck", what=what, id=each)
        runs.stumble(what, error)
        return False
