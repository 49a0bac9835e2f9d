"""Writing down what recordings use, in the transaction in which it happens; twice is once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from itertools import count

from sqlmodel import Session

from services import topics
from services.costs.measured import Noted, kept_of, noted_of
from services.costs.pricing import RECORDER, Recorded, Sent, missing_byte_hours
from services.db import insert_or_ignore
from services.models import MentoringSession, Usage, UsageKind

_CAME_OR_WENT = frozenset({UsageKind.STORED, UsageKind.MOVED, UsageKind.GONE})


def note(db: Session, *, session: MentoringSession, use: Recorded | Sent) -> None:
    """Write down a session's use, unless that is done already.

    Raises:
        ValueError: bytes or seconds below zero.
    """
    match use:
        case Recorded():
            row = Noted(f"recorded:{use.what}", UsageKind.RECORDED, RECORDER, use.seconds, use.at)
        case Sent():
            kind = UsageKind.DELIVERED if use.by_cdn else UsageKind.DOWNLOADED
            row = Noted(f"sent:{use.what}", kind, use.store, use.bytes, use.at)
    _write(db, session, [row])


def note_kept(
    db: Session,
    *,
    session: MentoringSession,
    recording: str,
    there: Mapping[str, int],
    at: datetime,
) -> dict[str, int]:
    """Write down how many bytes of a recording (its public id) lie in each store from now on:
    nothing in one that is not named. Only what is different from before is noted, in one row for
    each store, however many files these are; what comes while as much lies elsewhere was moved.

    Whoever calls it has locked the recording. By how much there is more than before, by store. One
    query besides the rows.
    """
    known: dict[str, list[Noted]] = defaultdict(list)
    for row in noted_of(db, session.id):
        if row.kind in _CAME_OR_WENT and row.what == recording:
            known[row.place].append(row)
    numbers = count(sum(map(len, known.values())))
    before = {
        store: sum(one.bytes for one in kept_of(own) if one.until is None)
        for store, own in known.items()
    }
    rows: list[Noted] = []
    grown: dict[str, int] = {}
    for store in sorted({*known, *there}):
        change = there.get(store, 0) - before.get(store, 0)
        if change > 0:
            elsewhere = sum(before.values()) - before.get(store, 0)
            kind = UsageKind.MOVED if elsewhere >= change else UsageKind.STORED
            name = f"{kind.value}:{recording}:{next(numbers)}"
            rows.append(Noted(name, kind, store, change, at))
            grown[store] = change
        elif change < 0:
            rows += _gone(f"{recording}:{next(numbers)}", store, known[store], -change, at)
    _write(db, session, rows)
    return grown


def _gone(name: str, store: str, known: list[Noted], amount: int, at: datetime) -> list[Noted]:
    gone = Noted(f"gone:{name}", UsageKind.GONE, store, amount, at)
    ended = [one for one in kept_of([*known, gone]) if one.until is not None]
    before = [one for one in kept_of(known) if one.until is not None]
    missing = sum(map(missing_byte_hours, ended)) - sum(map(missing_byte_hours, before))
    if not missing:
        return [gone]
    return [gone, Noted(f"early:{name}", UsageKind.EARLY, store, missing, at)]


def _write(db: Session, session: MentoringSession, rows: list[Noted]) -> None:
    for row in rows:
        if row.amount < 0:
            raise ValueError(f"use cannot be below zero: {row.amount}")
    added = [_add(db, session, row) for row in rows]
    if any(added):
        topics.publish(db, topics.COSTS)


def _add(db: Session, session: MentoringSession, row: Noted) -> bool:
    return insert_or_ignore(
        db,
        Usage(
            key=row.key,
            kind=row.kind,
            place=row.place,
            amount=row.amount,
            mentor_id=session.mentor_id,
            session_id=session.id,
            at=row.at,
        ),
    )
