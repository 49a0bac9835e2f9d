"""What was measured of a session, from the rows that were noted of it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlmodel import Session, col

from services.analytics.sql import fetch, pick
from services.costs.pricing import Kept, Recorded, Sent, Use
from services.ids import SessionId
from services.models import Usage, UsageKind

NOTED: Final[tuple[Any, ...]] = (
    col(Usage.key),
    col(Usage.kind),
    col(Usage.place),
    col(Usage.amount),
    col(Usage.at),
)


class Noted(NamedTuple):
    """A row of use; of a recording's bytes, `what` is its public id."""

    key: str
    kind: UsageKind
    place: str
    amount: int
    at: datetime

    @property
    def what(self) -> str:
        """What was used, or which recording lay there."""
        return self.key.split(":")[1]


def noted_of(db: Session, session: SessionId) -> tuple[Noted, ...]:
    """What was noted of a session in the order of time; one query."""
    own = (
        pick(*NOTED).where(col(Usage.session_id) == session).order_by(col(Usage.at), col(Usage.id))
    )
    return tuple(Noted(*row) for row in fetch(db, own))


def uses_of(rows: Iterable[Noted]) -> tuple[Use, ...]:
    """The uses that these rows, in the order of time, were noted of."""
    found: list[Use] = []
    kept: dict[tuple[str, str], list[Noted]] = defaultdict(list)
    for row in rows:
        match row.kind:
            case UsageKind.RECORDED:
                found.append(Recorded(row.what, row.amount, row.at))
            case UsageKind.STORED | UsageKind.MOVED | UsageKind.GONE:
                kept[row.what, row.place].append(row)
            case UsageKind.EARLY:
                pass  # follows from the two
            case UsageKind.DOWNLOADED | UsageKind.DELIVERED:
                by_cdn = row.kind is UsageKind.DELIVERED
                found.append(Sent(row.what, row.place, row.amount, row.at, by_cdn))
    return (*found, *(one for own in kept.values() for one in kept_of(own)))


def kept_of(rows: Iterable[Noted]) -> tuple[Kept, ...]:
    """For how long the bytes of one recording lay in one store, from the rows of what came and went
    there in the order of time: what came first goes first."""
    there: deque[Kept] = deque()
    gone: list[Kept] = []
    for row in rows:
        if row.kind is not UsageKind.GONE:
            there.append(Kept(row.what, row.place, row.amount, row.at))
            continue
        left = row.amount
        while left and there:
            first = there.popleft()
            some = min(left, first.bytes)
            gone.append(replace(first, bytes=some, until=row.at))
            if some < first.bytes:
                there.appendleft(replace(first, bytes=first.bytes - some))
            left -= some
    return (*gone, *there)
