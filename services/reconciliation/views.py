"""What admins see of the runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from services import access, clock
from services.audit import Actor
from services.config import settings
from services.models import Provider, ReconciliationRun
from services.reconciliation.running import LONG

MOST_SHOWN = 30
STALE_AFTER = timedelta(minutes=30)
"""Several runs have come and gone by then."""
LOST_AFTER = timedelta(hours=1)
"""Longer than any run takes: its worker was ended before it."""


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One thing of a provider that does not match; `what` is a sentence. `order` is the public id
    of the order that it is about, if there is one; `waits`: it stands under Unmatched money."""

    kind: str
    provider_id: str
    what: str
    order: str
    waits: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """One run over the last `days`; `finished_at` is None while it runs, and for ever when it
    `is_lost`. It tells of the first of its differences, of which there are `differ`."""

    id: int
    provider: Provider
    days: int
    started_at: datetime
    finished_at: datetime | None
    is_lost: bool
    checked: int
    repaired: int
    differ: int
    differences: tuple[DifferenceView, ...]
    error: str

    @property
    def matches(self) -> bool:
        """Whether everything could be looked at, and nothing differs any more."""
        return self.finished_at is not None and not self.differ and not self.error


@dataclass(frozen=True, slots=True)
class Standing:
    """How a provider stands beside us: by the newest run that came to its end, and by the newest
    over the long window, where that is another one. `running` goes on now."""

    provider: Provider
    running: RunView | None
    latest: RunView | None
    long: RunView | None

    @property
    def is_current(self) -> bool:
        """Whether it was compared lately."""
        last = self.latest and self.latest.finished_at
        return last is not None and last > clock.utc_now() - STALE_AFTER


@dataclass(frozen=True, slots=True)
class Overview:
    """Each provider's standing, and the runs that found something, the newest first."""

    standings: tuple[Standing, ...]
    found: tuple[RunView, ...]


def overview(db: Session, *, actor: Actor) -> Overview:
    """How we stand beside each provider that is offered.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    standings = [_standing(db, Provider(name)) for name in settings().payment_providers]
    return Overview(tuple(standings), _found(db))


def count_differing(db: Session) -> int:
    """How many things of the offered providers did not match when they were last compared, apart
    from what waits among the unmatched money."""
    standings = [_standing(db, Provider(name)) for name in settings().payment_providers]
    return sum(
        max((_differing(run) for run in (one.latest, one.long) if run is not None), default=0)
        for one in standings
    )


def _differing(run: RunView) -> int:
    return run.differ - sum(one.waits for one in run.differences)


def latest(db: Session, provider: Provider, *, since: datetime) -> RunView | None:
    """The newest finished run over the long window that began `since` then."""
    return _newest(
        db,
        provider,
        col(ReconciliationRun.finished_at).is_not(None),
        col(ReconciliationRun.since) <= clock.utc_now() - LONG,
        col(ReconciliationRun.started_at) >= since,
    )


def _standing(db: Session, provider: Provider) -> Standing:
    finished = col(ReconciliationRun.finished_at).is_not(None)
    newest = _newest(db, provider)
    last = _newest(db, provider, finished)
    long = _newest(db, provider, finished, col(ReconciliationRun.since) <= clock.utc_now() - LONG)
    goes_on = newest is not None and newest.finished_at is None and not newest.is_lost
    return Standing(
        provider,
        running=newest if goes_on else None,
        latest=last,
        long=long if last is not None and long is not None and long.id != last.id else None,
    )


def _found(db: Session) -> tuple[RunView, ...]:
    rows = db.exec(
        select(ReconciliationRun)
        .where(
            or_(
                ReconciliationRun.repaired > 0,
                ReconciliationRun.differ > 0,
                ReconciliationRun.error != "",
            )
        )
        .order_by(col(ReconciliationRun.started_at).desc(), col(ReconciliationRun.id).desc())
        .limit(MOST_SHOWN)
    ).all()
    return tuple(_view(row) for row in rows)


def _newest(db: Session, provider: Provider, *conditions: ColumnElement[bool]) -> RunView | None:
    row = db.exec(
        select(ReconciliationRun)
        .where(ReconciliationRun.provider == provider, *conditions)
        .order_by(col(ReconciliationRun.started_at).desc(), col(ReconciliationRun.id).desc())
        .limit(1)
    ).first()
    return _view(row) if row is not None else None


def _view(row: ReconciliationRun) -> RunView:
    lost = row.finished_at is None and row.started_at < clock.utc_now() - LOST_AFTER
    return RunView(
        id=row.id,
        provider=row.provider,
        days=round((row.until - row.since) / timedelta(days=1)),
        started_at=row.started_at,
        finished_at=row.finished_at,
        is_lost=lost,
        checked=row.checked,
        repaired=row.repaired,
        differ=row.differ,
        differences=tuple(
            DifferenceView(
                kind=str(one["kind"]),
                provider_id=str(one["id"]),
                what=str(one["what"]),
                order=str(one["order"]),
                waits=bool(one["waits"]),
            )
            for one in row.differences
        ),
        error=row.error,
    )
