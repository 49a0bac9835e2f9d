"""When mentors can be booked: the computation alone, how it grows, and the catalogue's question.

`slots_30_days` is the 95th percentile for one mentor, 1,000 busy spans and 30 days; the goal is
about the value. The spans come as the database gives them: first those of the sessions, then those
of the calendar, both by their start. The baseline, told besides, is the bare limit: the same spans
as whole numbers, merged once, and a bisection for each start on a grid that is known already. Both
are processor time, so that only the computation counts.

`slots_growth` compares the quickest runs with 100, 1,000 and 10,000 busy spans in no order: the
largest step as a share of what n log n would take.

`next_free_500` is the median of the whole call for 500 mentors, queries included, and without a
database's name that of the slower one.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import log
from pathlib import Path

from benchmarks.figure import Figure, at_most, is_small, sized
from benchmarks.surroundings import DATABASES, database
from services import availability, clock, db
from services.ids import MentorId
from services.models import (
    Availability,
    BusyTime,
    CalendarConnection,
    ConnectedCalendar,
    Mentor,
    OccupiedTime,
    SlotHold,
    TimeOff,
    User,
    WeeklyHours,
)
from services.slots import Busy, Rules, Taken, Window, slots

FIGURES = (
    "slots_30_days",
    "slots_growth",
    "next_free_500",
    *(f"next_free_500_{kind}" for kind in DATABASES),
)
GOAL_MS, NEXT_FREE_GOAL_MS = 1.0, 300.0
ROUNDS, CALLS = sized((400, 7), (3, 1))
MENTORS = sized(500, 5)
NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)  # clocks change within the month
MONTH = timedelta(days=31)
MINUTE = timedelta(minutes=1)
RULES = Rules(
    zone="Europe/Berlin",
    weekly=((Window(540, 720), Window(780, 1080)),) * 7,
    buffer_minutes=10,
)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


def measure() -> list[Figure]:
    """The pure computation, and the catalogue's question on both databases."""
    each = [_next_free(kind) for kind in DATABASES]
    slower = max(each, key=lambda figure: figure.value)
    return [_thirty_days(), _growth(), replace(slower, name="next_free_500"), *each]


def _thirty_days() -> Figure:
    sessions, entries = (sorted(_busy(count)) for count in (500, 501))
    busy = (*sessions, *entries[:500])
    spans = [(round(one.starts_at.timestamp()), round(one.ends_at.timestamp())) for one in busy]
    free = slots(RULES, now=NOW, since=NOW, until=NOW + MONTH)
    grid = [round(slot.starts_at.timestamp()) for slot in free]
    found = [round(slot.starts_at.timestamp()) for slot in _ask(busy)]
    if _bare(spans, grid) != found:
        raise AssertionError("the bare limit finds other slots")
    value = _percentile(_times(lambda: _ask(busy)))
    baseline = _percentile(_times(lambda: _bare(spans, grid)))
    holds = value <= GOAL_MS
    return Figure("slots_30_days", value, "ms", baseline, value / baseline, GOAL_MS, holds)


def _growth() -> Figure:
    sizes = (100, 1_000, 10_000)
    quickest: dict[int, float] = {}
    for size in sizes:
        busy = _busy(size)
        quickest[size] = min(_times(lambda busy=busy: _ask(busy), ROUNDS // 4 + 1))
    steps = [
        (quickest[many] / quickest[few]) / (many * log(many) / (few * log(few)))
        for few, many in pairwise(sizes)
    ]
    return at_most("slots_growth", max(steps), "of n log n", goal=1)


def _busy(count: int) -> tuple[Busy, ...]:
    """Short spans all over the month, in no order, some of them over each other."""
    chance = random.Random(count)
    found: list[Busy] = []
    for _ in range(count):
        start = NOW + 5 * MINUTE * chance.randrange(MONTH // (5 * MINUTE))
        found.append(Busy(start, start + chance.choice((5, 10, 15)) * MINUTE))
    return tuple(found)


def _ask(busy: tuple[Busy, ...]) -> list[availability.Slot]:
    return slots(RULES, now=NOW, since=NOW, until=NOW + MONTH, taken=Taken(mentor=busy))


def _bare(spans: list[tuple[int, int]], grid: list[int]) -> list[int]:
    """Merge once, then ask each start of the grid for the span before it and the one after."""
    buffer, length = RULES.buffer_minutes * 60, RULES.session_minutes * 60
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    starts = [start for start, _ in merged]
    found: list[int] = []
    for start in grid:
        place = bisect_right(starts, start)
        before = place == 0 or merged[place - 1][1] + buffer <= start
        if before and (place == len(starts) or starts[place] - buffer >= start + length):
            found.append(start)
    return found


def _times(
    run: Callable[[], object],
    rounds: int = ROUNDS,
    read: Callable[[], float] = time.thread_time,
) -> list[float]:
    """How long each of several runs takes by a clock, in milliseconds."""
    found: list[float] = []
    for _ in range(rounds):
        begin = read()
        run()
        found.append((read() - begin) * 1000)
    return found


def _percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _next_free(kind: str) -> Figure:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            mentors = _fill()

            def ask() -> None:
                with db.reading() as session:
                    found = availability.next_free(session, mentors)
                if not is_small() and not 400 < sum(map(bool, found.values())) <= MENTORS:
                    raise AssertionError("most mentors have a free slot")

            ask()
            value = statistics.median(_times(ask, CALLS, time.perf_counter))
    return at_most(f"next_free_500_{kind}", value, "ms", goal=NEXT_FREE_GOAL_MS)


def _fill() -> list[MentorId]:
    """Mentors in several zones, with six sessions and ten calendar entries each; every tenth is
    away for two weeks, and every twentieth has no hours."""
    chance = random.Random(500)
    with db.transaction() as session:
        mentee = User(email="mentee@example.com", name="Mentee", password_hash="none")
        users = [
            User(
                email=f"mentor-{number}@example.com",
                name=f"Mentor {number}",
                password_hash="none",
                time_zone=ZONES[number % len(ZONES)],
            )
            for number in range(MENTORS)
        ]
        session.add_all([mentee, *users])
        session.flush()
        mentors = [
            Mentor(user_id=user.id, slug=f"mentor-{number}", listed=True)
            for number, user in enumerate(users)
        ]
        connections = [CalendarConnection(user_id=user.id) for user in users]
        session.add_all([*mentors, *connections])
        session.flush()
        calendars = [
            ConnectedCalendar(
                connection_id=connection.id, external_id="primary", busy=True, read_at=NOW
            )
            for connection in connections
        ]
        session.add_all(calendars)
        session.flush()
        for number, (mentor, calendar) in enumerate(zip(mentors, calendars, strict=True)):
            session.add_all(_rules(mentor, number))
            holds = [_hold(mentor, mentee, day, chance) for day in range(1, 7)]
            session.add_all([*holds, *(_entry(mentor, calendar, chance) for _ in range(10))])
            session.flush()
            session.add_all(_occupied(mentor, hold) for hold in holds)
        return [mentor.id for mentor in mentors]


def _rules(mentor: Mentor, number: int) -> list[Availability | WeeklyHours | TimeOff]:
    rules = Availability(
        mentor_id=mentor.id,
        time_zone=ZONES[number % len(ZONES)],
        session_minutes=60,
        buffer_minutes=10,
        notice_minutes=1440,
        horizon_days=30,
    )
    hours = [
        WeeklyHours(mentor_id=mentor.id, weekday=weekday, start_minute=start, end_minute=end)
        for weekday in range(5 if number % 20 else 0)
        for start, end in ((540, 720), (780, 1020))
    ]
    away = TimeOff(mentor_id=mentor.id, first_day=date(2026, 3, 16), last_day=date(2026, 3, 30))
    return [rules, *hours, *([away] if number % 10 == 1 else [])]


def _hold(mentor: Mentor, mentee: User, day: int, chance: random.Random) -> SlotHold:
    """Read as a session is, with fewer rows to make."""
    start = NOW + timedelta(days=day, minutes=30 * chance.randrange(20))
    return SlotHold(
        mentee_id=mentee.id,
        mentor_id=mentor.id,
        starts_at=start,
        ends_at=start + 60 * MINUTE,
        held_until=NOW + MONTH,
    )


def _occupied(mentor: Mentor, hold: SlotHold) -> OccupiedTime:
    return OccupiedTime(
        person_id=mentor.user_id,
        hold_id=hold.id,
        mentor_side=True,
        starts_at=hold.starts_at,
        ends_at=hold.ends_at + 10 * MINUTE,
    )


def _entry(mentor: Mentor, calendar: ConnectedCalendar, chance: random.Random) -> BusyTime:
    start = NOW + 15 * MINUTE * chance.randrange(30 * 96)
    return BusyTime(
        calendar_id=calendar.id,
        user_id=mentor.user_id,
        starts_at=start,
        ends_at=start + 45 * MINUTE,
    )
