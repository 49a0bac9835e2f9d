"""One run: all lists of each provider, one after the other, and the row that tells of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlmodel import and_, col, delete, or_, select

from services import access, clock, db, outages, redaction, topics
from services.audit import Actor
from services.config import settings, vendor_name
from services.errors import DatabaseUnavailable, ProviderUnavailable
from services.models import Provider, ReconciliationRun
from services.reconciliation import disputes, payments, refunds
from services.reconciliation.comparing import Comparison, Verdict
from services.reconciliation.hours import last_time_it_was

RECENT = timedelta(days=3)
LONG = timedelta(days=90)
"""A bank may say yes, or take money back, long after anybody looked."""
NIGHT = 3
"""The hour of the studio's night from which the long window is due."""
KEPT = timedelta(days=60)
KEPT_QUIET = timedelta(days=2)
"""How long the rows of runs are kept, and those of runs that found nothing. Less than LONG: what
began at a run's `since` tells the windows apart."""
MOST_DIFFERENCES = 100
"""Told of one run; it counts them all."""
MOST_SILENT = 3
"""So many things in a row without an answer: the provider is away, and the list ends."""
TOLD_EVERY_SECONDS = 1.0

_LISTS: tuple[tuple[str, Callable[[Provider, datetime], Iterator[Comparison]]], ...] = (
    ("payments", payments.comparisons),  # first: a refund belongs to a payment
    ("refunds", refunds.comparisons),
    ("disputes", disputes.comparisons),
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many things were looked at, how many repaired, and how many still differ."""

    checked: int = 0
    repaired: int = 0
    differ: int = 0


@dataclass
class _Tally:
    run_id: int
    checked: int = 0
    repaired: int = 0
    silent: int = 0
    differences: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    errors: list[str] = field(default_factory=list[str])
    away: ProviderUnavailable | None = None
    told_at: float = field(default_factory=time.monotonic)


def reconcile(window: timedelta = RECENT) -> Outcome:
    """Compare the providers' lists of this `window` with ours, and repair what was lost.

    One thing that fails hides no other, nor does one list, nor one provider.

    Raises:
        ProviderUnavailable: a provider is away; what others list was looked at.
    """
    total, away = Outcome(), None
    for name in settings().payment_providers:
        tally = _of_provider(Provider(name), window)
        total = Outcome(
            total.checked + tally.checked,
            total.repaired + tally.repaired,
            total.differ + len(tally.differences),
        )
        away = tally.away or away
    if away is not None:
        raise away
    return total


def long_is_due() -> bool:
    """Whether a provider was not compared over the LONG window since the last night began: its run
    was slept through, was killed, or could not have a list."""
    with db.reading() as session:
        compared = session.exec(
            select(ReconciliationRun.provider).where(
                col(ReconciliationRun.started_at) >= last_time_it_was(NIGHT),
                col(ReconciliationRun.since) <= clock.utc_now() - LONG,
                col(ReconciliationRun.finished_at).is_not(None),
                ReconciliationRun.error == "",
            )
        ).all()
    return not {Provider(name) for name in settings().payment_providers} <= set(compared)


def run_now(*, actor: Actor, window: timedelta = RECENT) -> Outcome:
    """An admin does not want to wait for the next run.

    Raises:
        SignInNeeded, NotAllowed, ProviderUnavailable
    """
    access.require_admin(actor)
    return reconcile(window)


def _of_provider(provider: Provider, window: timedelta) -> _Tally:
    since = clock.utc_now() - window
    tally = _Tally(_begin(provider, since))
    for name, comparisons in _LISTS:
        try:
            for comparison in comparisons(provider, since):
                _look(tally, comparison)
        except ProviderUnavailable as error:  # the other lists may be had
            log.warning("list_not_compared", list=name, reason=redaction.text(str(error)))
            who = vendor_name(provider.value)
            tally.errors.append(f"{who} did not answer: its {name} were not compared to the end.")
            tally.away = error
    _write(tally, ended=True)
    return tally


def _look(tally: _Tally, comparison: Comparison) -> None:
    """One thing, whose failure is a line of the run and not its end."""
    verdict = _verdict(tally, comparison)
    tally.checked += 1
    if verdict.repaired:
        tally.repaired += 1
        log.info("reconciled", kind=comparison.kind.value, id=comparison.provider_id)
    if verdict.what:
        tally.differences.append(
            {
                "kind": comparison.kind.value,
                "id": comparison.provider_id,
                "what": verdict.what,
                "order": verdict.order,
                "waits": verdict.waits,
            }
        )
    if time.monotonic() - tally.told_at >= TOLD_EVERY_SECONDS:
        _write(tally)


def _verdict(tally: _Tally, comparison: Comparison) -> Verdict:
    try:
        verdict = comparison.look()
    except ProviderUnavailable:
        tally.silent += 1
        if tally.silent >= MOST_SILENT:
            tally.silent = 0
            raise
        return Verdict(what="The provider did not answer about it. It is looked at again.")
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if outages.away(error):
            raise
        log.exception("not_reconciled", kind=comparison.kind.value, id=comparison.provider_id)
        verdict = Verdict(what="It could not be compared. The log says why.")
    tally.silent = 0
    return verdict


def _begin(provider: Provider, since: datetime) -> int:
    """A run that is killed leaves its row without an end; the next one begins anew."""
    now = clock.utc_now()
    row = ReconciliationRun(provider=provider, since=since, until=now, started_at=now)
    quiet = and_(
        ReconciliationRun.repaired == 0,
        ReconciliationRun.differ == 0,
        ReconciliationRun.error == "",
        col(ReconciliationRun.started_at) < now - KEPT_QUIET,
    )
    with db.transaction() as tx:
        tx.connection().execute(
            delete(ReconciliationRun).where(
                col(ReconciliationRun.provider) == provider,
                or_(col(ReconciliationRun.started_at) < now - KEPT, quiet),
            )
        )
        tx.add(row)
        tx.flush()
        topics.publish(tx, topics.RECONCILIATION)
        return row.id


def _write(tally: _Tally, *, ended: bool = False) -> None:
    """How far it is; an admin may be watching."""
    tally.told_at = time.monotonic()
    with db.transaction() as tx:
        row = tx.get_one(ReconciliationRun, tally.run_id)
        row.checked, row.repaired = tally.checked, tally.repaired
        row.differ = len(tally.differences)
        row.differences = [*tally.differences[:MOST_DIFFERENCES]]
        row.error = " ".join(tally.errors)[:500]
        row.finished_at = clock.utc_now() if ended else None
        topics.publish(tx, topics.RECONCILIATION)
