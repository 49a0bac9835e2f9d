"""A crowd that wants one person's time, and what must be true of it afterwards."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlmodel import Session, col, update

from services import availability, booking, clock, db
from services.booking import times
from services.errors import DatabaseUnavailable, SlotNotOffered, SlotTaken
from services.ids import UserId
from services.models import (
    Availability,
    CreditEntry,
    CreditKind,
    Mentor,
    MentoringSession,
    OccupiedTime,
    Pack,
    SessionStatus,
    SlotHold,
)
from tests.chaos.crowd import PATIENCE_SECONDS, together
from tests.services.meetings import Together
from tests.support.studio import stored

LENGTHS = (30, 45, 60, 90, 120)
WAITED = ("another writer did not end", "QueuePool limit")
"""What the database's answer says to those who waited in vain: two hundred at one door."""


def unexpected(results: Sequence[object]) -> list[object]:
    """Errors other than a time that is taken, and a wait in the crowd that became too long."""
    return [
        error
        for error in results
        if isinstance(error, Exception)
        and not isinstance(error, SlotTaken | SlotNotOffered)
        and not (isinstance(error, DatabaseUnavailable) and any(map(error.reason.count, WAITED)))
    ]


def start_of(hours: float = 0) -> datetime:
    """Some hours after the noon of the day after next, UTC."""
    noon = clock.utc_now().replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=2, hours=hours)


def any_start() -> datetime:
    """One of the sixteen starts of eight hours: with these lengths most of them overlap."""
    return start_of(random.randrange(16) / 2)


def overlaps() -> int:
    """How often a person's time is taken twice."""
    taken: defaultdict[UserId, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in stored(OccupiedTime):
        taken[row.person_id].append((row.starts_at, row.ends_at))
    return sum(
        later[0] < earlier[1]
        for of_one in taken.values()
        for earlier, later in pairwise(sorted(of_one))
    )


def assert_true(booked: int) -> None:
    """Nobody is in two places, and every session has its credit, its two people's time, and no
    more."""
    live = [row for row in stored(MentoringSession) if row.status is SessionStatus.SCHEDULED]
    reserved = [row for row in stored(CreditEntry) if row.kind is CreditKind.RESERVE]
    assert overlaps() == 0
    assert len(live) == len(reserved) == booked
    held = {row.id for row in stored(SlotHold) if row.status == "held"}
    occupied = stored(OccupiedTime)
    of_sessions = [row for row in occupied if row.session_id is not None]
    assert len(of_sessions) == 2 * booked
    assert {row.hold_id for row in occupied if row.hold_id is not None} == held
    for pack in stored(Pack):
        assert pack.reserved == sum(row.pack_id == pack.id for row in live)


def booking_call(two: Together, *starts: datetime) -> Callable[[], int]:
    """Somebody books; how many sessions."""
    actor, mentor = two.actor, two.mentor.slug
    return lambda: len(booking.book(actor=actor, mentor=mentor, starts=starts))


def lengths_change(mentor: Mentor) -> Callable[[], int]:
    """The mentor chooses another length and another buffer; no booking."""
    minutes, buffer = random.choice(LENGTHS), random.choice((0, 15, 30))

    def change() -> int:
        with db.transaction() as session:
            chosen = update(Availability).where(col(Availability.mentor_id) == mentor.id)
            session.exec(chosen.values(session_minutes=minutes, buffer_minutes=buffer))
        return 0

    return change


def no_lock(_db: Session, **_rows: object) -> None:
    """In place of the lock, for the controls."""


def remove_guard() -> None:
    """Take the database's own no away, for the control."""
    with db.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            for event in ("insert", "update"):
                session.connection().execute(text(f"DROP TRIGGER occupied_time_overlap_{event}"))
            return
        drop = "ALTER TABLE occupied_time DROP CONSTRAINT ex_occupied_time_overlap"
        session.connection().execute(text(drop))


def unguarded(
    mentor: Mentor, mentees: list[Together], starts: list[datetime]
) -> list[bool | Exception]:
    """Everybody looks whether their time is offered, all before the first one writes."""
    looked = threading.Barrier(len(mentees), timeout=PATIENCE_SECONDS)

    def attempt(two: Together, start: datetime) -> bool:
        with db.reading() as session:
            slot = availability.check_offered(
                session, mentor=mentor, mentee_id=two.mentee.id, starts_at=start
            )
        looked.wait()
        with times.overlaps_refused(), db.transaction() as session:
            pair = times.lock_pair(session, mentee_id=two.mentee.id, slug=mentor.slug)
            row = MentoringSession(
                pack_id=two.pack.id,
                mentee_id=two.mentee.id,
                mentor_id=mentor.id,
                mentor_user_id=mentor.user_id,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
            )
            session.add(row)
            session.flush()
            times.occupy(session, pair, slot, session=row.id)
        return True

    calls = [
        lambda two=two, start=start: attempt(two, start)
        for two, start in zip(mentees, starts, strict=True)
    ]
    return together(calls)
