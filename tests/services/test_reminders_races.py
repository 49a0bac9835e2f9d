"""Two schedulers at once, and clocks that jump: each reminder is told once, or noted why not."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from services import booking, clock, db, due, packs, sessions, telling
from services.models import (
    MentoringSession,
    Notification,
    OutboxMessage,
    Reminder,
    ReminderOutcome,
    SessionStatus,
    User,
)
from services.reminders import sending
from services.reminders.sessions import AHEAD, SOON, find_ahead, remind_ahead
from services.telling import Line
from tests.services.meetings import DAY, HOUR, Together, at, together
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user, an_offer
from tests.support.studio import BEGINNING, stored

START = at(3)
SCHEDULERS = 6
PATIENCE_SECONDS = 30.0
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    with clock.at(BEGINNING):
        found = together()
        found.book(START)
        yield found


def at_once(now: datetime, call: Callable[[], object]) -> None:
    """The call in several threads at the same moment."""
    begin = threading.Barrier(SCHEDULERS, timeout=PATIENCE_SECONDS)
    errors: list[BaseException] = []

    def run() -> None:
        with clock.at(now):
            begin.wait()
            try:
                call()
            except BaseException as error:  # shown by the test's own thread
                errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(SCHEDULERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def mails(kind: str) -> int:
    return sum(row.data.get("template") == kind for row in stored(OutboxMessage))


@pytest.mark.usefixtures("pair")
def test_two_schedulers_that_ask_at_once_remind_once() -> None:
    at_once(START - DAY, sending.send_due)
    assert len(stored(Reminder)) == 2
    assert mails(AHEAD) == 2
    assert Counter(row.kind for row in stored(Notification))[AHEAD] == 2


@pytest.mark.usefixtures("pair")
def test_without_the_book_of_reminders_each_of_them_tells() -> None:
    """The control: all find the session due before the first one tells, and nothing but the book
    says that they tell the same."""
    found = threading.Barrier(SCHEDULERS, timeout=PATIENCE_SECONDS)

    def scan() -> None:
        with db.reading() as session:
            ids = find_ahead(session, limit=10)
        occasion = str(found.wait())
        for each in ids:
            with db.transaction() as tx:
                row = tx.get_one(MentoringSession, each)
                telling.tell(
                    tx,
                    user_id=row.mentee_id,
                    kind=AHEAD,
                    about=row.public_id,
                    occasion=occasion,
                    line=Line("Soon"),
                )

    at_once(START - DAY, scan)
    assert mails(AHEAD) == SCHEDULERS


@pytest.mark.usefixtures("pair")
def test_a_scan_that_found_what_another_has_told_meanwhile_tells_nothing() -> None:
    with clock.at(START - DAY):
        with db.reading() as session:
            ids = find_ahead(session, limit=10)
        assert sending.send_due() == 1
        assert due.run(lambda _db, limit: ids[:limit], remind_ahead, what="late") == 0
    assert mails(AHEAD) == 2


def test_a_scan_that_found_what_was_moved_meanwhile_tells_nothing(pair: Together) -> None:
    with clock.at(START - DAY):
        with db.reading() as session:
            ids = find_ahead(session, limit=10)
        [row] = stored(MentoringSession)
        booking.reschedule(
            actor=pair.owner,
            session=row.public_id,
            sequence=0,
            starts_at=START + 3 * DAY,
            reason="A train",
        )
        assert due.run(lambda _db, limit: ids[:limit], remind_ahead, what="late") == 0
    assert stored(Reminder) == []


JUMPS = st.lists(
    st.one_of(
        st.integers(min_value=1, max_value=90),  # minutes: the usual
        st.integers(min_value=91, max_value=6 * 60),  # an outage
        st.integers(min_value=6 * 60 + 1, max_value=4 * 24 * 60),  # a long one
    ),
    min_size=1,
    max_size=25,
)
FIRST_STARTS = st.lists(st.integers(min_value=1, max_value=9 * 24), min_size=1, max_size=4)


@pytest.mark.usefixtures("database")
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(jumps=JUMPS, starts=FIRST_STARTS)
def test_however_the_clock_jumps_each_reminder_is_told_once_in_time_or_noted(
    jumps: list[int], starts: list[int]
) -> None:
    """After each jump one pass, as the sweep makes it; in the end the book is complete."""
    with clock.at(BEGINNING):
        booked = _a_pair_with_sessions([BEGINNING + hours * HOUR for hours in sorted(set(starts))])
    now = BEGINNING
    for minutes in [*jumps, 20 * 24 * 60]:
        now += minutes * MINUTE
        with clock.at(now):
            before = len(stored(Reminder))
            sending.send_due()
            sessions.advance_due()
            packs.expire_due()
            written = stored(Reminder)[before:]
            assert sending.send_due() == 0, "one pass is enough"
        for row in written:
            _is_in_time(row, now, booked)
    _is_complete(booked)


def _a_pair_with_sessions(starts: list[datetime]) -> dict[str, MentoringSession]:
    """A pair of its own: hypothesis runs many examples in one database."""
    with db.reading() as session:
        number = len(session.exec(select(User.id)).all())
    mentor = a_mentor(f"Mentor {number}")
    an_offer(mentor)
    pack = a_pack(a_seat(a_user(f"Mentee {number}"), mentor), reserved=0)
    made = [a_session(pack, start) for start in starts]
    with db.transaction() as tx:
        tx.get_one(type(pack), pack.id).reserved = len(made)
    return {row.public_id: row for row in made}


def _is_in_time(row: Reminder, now: datetime, booked: dict[str, MentoringSession]) -> None:
    session = booked.get(row.about)
    if session is None or row.outcome is ReminderOutcome.SUPPRESSED:
        return
    left = session.starts_at - now
    if row.kind == SOON:
        assert timedelta(0) < left <= HOUR
    if row.kind == AHEAD:
        assert HOUR < left <= DAY


def _is_complete(booked: dict[str, MentoringSession]) -> None:
    with db.reading() as session:
        rows = session.exec(select(Reminder)).all()
        states = {row.public_id: row.status for row in session.exec(select(MentoringSession)).all()}
    of_them = [row for row in rows if row.about in booked]
    counted = Counter((row.kind, row.about, row.user_id) for row in of_them)
    assert set(counted.values()) == {1}
    assert len(of_them) == 4 * len(booked)  # two kinds, two people
    assert all(row.reason for row in of_them if row.outcome is ReminderOutcome.SUPPRESSED)
    assert SessionStatus.SCHEDULED not in {states[about] for about in booked}
