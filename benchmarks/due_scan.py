"""What is due now, in a studio of a million rows: 10,000 mentors with ten seats each, on both
databases.

The figure is the time that all of one minute's questions take together: which sessions, packs,
offers and mentees are to be reminded of, which packs and graces are over. It is the time of the
queries alone, as that of the dashboards; `…_call` is what SQLAlchemy and we take besides. Nearly
everything was told already, as it is in a studio that runs; what is due was due within the last
minutes, and every question must find exactly that. The figure without a database's name is that of
the slower one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from sqlmodel import Session

from benchmarks.big_studio import NOW
from benchmarks.big_studio_writer import Row, Writer
from benchmarks.dashboards import measured, settle
from benchmarks.figure import Figure, at_most, sized, without_goal
from benchmarks.surroundings import DATABASES, database
from services import clock, db, grace, packs
from services.reminders import expiry, offers, sessions, welcome
from services.waitlist import passing

NAME = "due_scan_1m"
GOAL_MS = 50
ROUNDS = sized(9, 1)
PAGE = 200
SEATS = 10
"""Of each mentor."""
VALIDITY = timedelta(days=45)
SESSION_DAYS = (5, 15, 25, 35)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
BEGIN = NOW - 90 * DAY
STEP = 7_919
"""A prime: it scatters what is numbered in order over the whole time."""
ONBOARDING_DUE = 2_000
"""One mentee in so many is to be reminded now."""

QUESTIONS = {
    "session_soon": sessions.find_soon,
    "session_ahead": sessions.find_ahead,
    "pack_quiet": expiry.find_quiet,
    "pack_expiring": expiry.find_due,
    "onboarding": welcome.find_due,
    "offer_ending": offers.find_due,
    "offer_over": passing.find_over,
    "pack_over": packs.find_over,
    "grace_unwarned": grace.find_unwarned,
    "grace_unnoted": grace.find_unnoted,
    "grace_over": grace.find_over,
}
"""All that a minute asks, by the name of its figure."""
FIGURES = (
    NAME,
    *(f"{NAME}_{kind}{more}" for kind in DATABASES for more in ("", "_call")),
    *(f"{NAME}_{kind}_{name}" for kind in DATABASES for name in QUESTIONS),
)


@dataclass(frozen=True)
class _Seat:
    """One seat with its pack, and what it is the example of."""

    number: int
    mentee: int
    mentor: int
    bought_at: datetime
    in_grace: bool

    @property
    def ends_at(self) -> datetime:
        return self.bought_at + VALIDITY

    @property
    def grace_ends_at(self) -> datetime:
        """Spread over the 72 hours to come."""
        return NOW + MINUTE + 72 * HOUR * (self.number % 997) / 997

    @property
    def is_warned(self) -> bool:
        """Its final warning was handed over."""
        return self.in_grace and self.grace_ends_at <= NOW + 13 * HOUR


def measure() -> list[Figure]:
    """One reading on each database."""
    mentors = sized(10_000, 40)
    both = [_measure_on(kind, mentors) for kind in DATABASES]
    slower = max((figures[0] for figures in both), key=lambda figure: figure.value)
    return [replace(slower, name=NAME), *(figure for figures in both for figure in figures)]


def _measure_on(kind: str, mentors: int) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder,
        clock.at(NOW),
    ):
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        with database(kind, Path(folder)):
            due = fill(mentors)
            settle(kind)
            queries, call, _, found = measured(_ask_all, ROUNDS)
            if found != due:
                raise AssertionError(f"found {found}, but due are {due}")
            return [
                at_most(f"{NAME}_{kind}", queries, "ms", goal=GOAL_MS),
                without_goal(f"{NAME}_{kind}_call", call, "ms"),
                *(without_goal(f"{NAME}_{kind}_{name}", _alone(name), "ms") for name in QUESTIONS),
            ]


def _ask_all(session: Session) -> dict[str, int]:
    """How much each question finds."""
    return {name: len(find(session, limit=PAGE)) for name, find in QUESTIONS.items()}


def _alone(name: str) -> float:
    value, *_ = measured(lambda session: QUESTIONS[name](session, limit=PAGE), ROUNDS)
    return value


def fill(mentors: int) -> dict[str, int]:
    """The same studio each time, in an empty database; how much of it each question must find."""
    seats = list(_seats(mentors))
    told = [seat for seat in seats if not seat.in_grace]
    meetings = list(_meetings(told))
    waiting = list(_entries(mentors, first_seat=len(seats) + 1))
    with db.transaction() as session, Writer(session).without_triggers() as writer:
        writer.rows("user", _users(mentors))
        writer.rows("mentor", _mentors(mentors))
        writer.rows("seat", (*map(_seat, seats), *_held(waiting)))
        writer.rows("seat_event", map(_seat_event, seats))
        writer.rows("pack", map(_pack, seats))
        writer.rows("mentoring_session", meetings)
        writer.rows("waitlist_entry", waiting)
        writer.rows("onboarding", _onboardings(mentors))
        told_before = (_of_meetings(meetings), _of_packs(told), _of_offers(waiting), _of(seats))
        writer.rows("reminder", chain(*told_before))
    coming = [row["starts_at"] for row in meetings if row["status"] == "scheduled"]
    return {
        "session_soon": sum(_is_new(start - HOUR) for start in coming),
        "session_ahead": sum(_is_new(start - DAY) for start in coming),
        "pack_quiet": 0,
        "pack_expiring": sum(_is_new(seat.ends_at - 7 * DAY) for seat in told),
        "onboarding": sum(n % ONBOARDING_DUE == 0 for n in range(1, 2 * mentors + 1)),
        "offer_ending": sum(_is_new(row["offer_ends_at"] - 6 * HOUR) for row in _offered(waiting)),
        "offer_over": 0,
        "pack_over": 0,
        "grace_unwarned": 0,
        "grace_unnoted": 0,
        "grace_over": 0,
    }


def _is_new(due_at: datetime) -> bool:
    """Whether it became due since the last minute's questions, and so was not told yet."""
    return NOW - MINUTE < due_at <= NOW


def _is_told(due_at: datetime) -> bool:
    return due_at <= NOW - MINUTE


def _users(mentors: int) -> Iterator[Row]:
    for n in range(1, 3 * mentors + 1):
        yield {
            "id": n,
            "public_id": f"usr_{n:022}",
            "email": f"p{n}@example.com",
            "name": f"Person {n}",
            "time_zone": "UTC",
            "locale": "en",
            "password_hash": "-",
            "is_admin": False,
            "status": "active",
            "created_at": BEGIN,
        }


def _mentors(mentors: int) -> Iterator[Row]:
    for n in range(1, mentors + 1):
        yield {
            "id": n,
            "public_id": f"men_{n:022}",
            "user_id": n,
            "slug": f"mentor-{n}",
            "headline": "Helps",
            "bio": "",
            "capacity": SEATS,
            "listed": True,
            "created_at": BEGIN,
        }


def _seats(mentors: int) -> Iterator[_Seat]:
    """Every mentee has five; one in twenty is in grace."""
    mentees, count = 2 * mentors, mentors * SEATS
    for n in range(count):
        yield _Seat(
            number=n + 1,
            mentee=mentors + 1 + n % mentees,
            mentor=1 + (n + n // mentees) % mentors,
            bought_at=NOW - VALIDITY * (n * STEP % count) / count,
            in_grace=n % 20 == 0,
        )


def _seat(seat: _Seat) -> Row:
    return {
        "id": seat.number,
        "public_id": f"sea_{seat.number:022}",
        "mentee_id": seat.mentee,
        "mentor_id": seat.mentor,
        "status": "grace" if seat.in_grace else "active",
        "held_until": None,
        "grace_ends_at": seat.grace_ends_at if seat.in_grace else None,
        "warned_at": NOW - MINUTE if seat.is_warned else None,
        "created_at": seat.bought_at,
    }


def _seat_event(seat: _Seat) -> Row:
    return {
        "id": seat.number,
        "seat_id": seat.number,
        "mentor_id": seat.mentor,
        "status": "grace" if seat.in_grace else "active",
        "reason": "history",
        "at": seat.bought_at,
    }


def _pack(seat: _Seat) -> Row:
    return {
        "id": seat.number,
        "public_id": f"pck_{seat.number:022}",
        "order_id": None,
        "mentee_id": seat.mentee,
        "mentor_id": seat.mentor,
        "seat_id": seat.number,
        "title": "Four sessions",
        "total": len(SESSION_DAYS),
        "left": 0 if seat.in_grace else 1,
        "reserved": 0,
        "locked": 0,
        "status": "depleted" if seat.in_grace else "active",
        "starts_at": seat.bought_at,
        "expires_at": seat.ends_at,
        "quiet_until": seat.ends_at if _is_told(seat.ends_at - WEEK) else None,
        "created_at": seat.bought_at,
    }


def _meetings(seats: list[_Seat]) -> Iterator[Row]:
    number = 0
    for seat in seats:
        for days in SESSION_DAYS:
            number += 1
            starts_at = seat.bought_at + days * DAY
            over = starts_at <= NOW
            yield {
                "id": number,
                "public_id": f"ses_{number:022}",
                "pack_id": seat.number,
                "mentee_id": seat.mentee,
                "mentor_id": seat.mentor,
                "mentor_user_id": seat.mentor,
                "starts_at": starts_at,
                "ends_at": starts_at + HOUR,
                "status": "completed" if over else "scheduled",
                "sequence": 0,
                "goals": "",
                "late": False,
                "cancel_reason": "",
                "reminded_of": starts_at if _is_told(starts_at - DAY) else None,
                "created_at": seat.bought_at,
            }


def _entries(mentors: int, *, first_seat: int) -> Iterator[Row]:
    """Somebody waits for every mentor; one in ten was offered a place within the last day."""
    for n in range(1, mentors + 1):
        offered_at = NOW - DAY * (n * STEP % mentors) / mentors if n % 10 == 0 else None
        yield {
            "id": n,
            "public_id": f"wai_{n:022}",
            "mentor_id": n,
            "mentee_id": mentors + 1 + (n + 20) % (2 * mentors),  # who has no seat with them
            "status": "offered" if offered_at else "waiting",
            "priority": 0,
            "joined_at": BEGIN,
            "offered_at": offered_at,
            "offer_ends_at": offered_at + DAY if offered_at else None,
            "seat_id": first_seat + n if offered_at else None,
            "reason": "",
        }


def _offered(waiting: list[Row]) -> list[Row]:
    return [row for row in waiting if row["status"] == "offered"]


def _held(waiting: list[Row]) -> Iterator[Row]:
    """The places that are on offer."""
    for row in _offered(waiting):
        yield {
            "id": row["seat_id"],
            "public_id": f"sea_{row['seat_id']:022}",
            "mentee_id": row["mentee_id"],
            "mentor_id": row["mentor_id"],
            "status": "held",
            "held_until": row["offer_ends_at"],
            "grace_ends_at": None,
            "warned_at": None,
            "created_at": row["offered_at"],
        }


def _onboardings(mentors: int) -> Iterator[Row]:
    """Half of the mentees have still to tell about themselves."""
    for n in range(1, 2 * mentors + 1):
        if n % ONBOARDING_DUE == 0:
            remind_at = NOW - MINUTE / 2
        else:
            remind_at = NOW + WEEK * n / (2 * mentors) if n % 2 else None
        yield {
            "user_id": mentors + n,
            "about": "",
            "goals": "",
            "preferences": "",
            "remind_at": remind_at,
            "created_at": BEGIN,
        }


def _of_meetings(meetings: list[Row]) -> Iterator[Row]:
    """The mentees' and the mentors' of the last week: with them it is a million rows."""
    for row in meetings:
        if row["starts_at"] < NOW - WEEK:
            continue
        for kind, before in (("session_ahead", DAY), ("session_soon", HOUR)):
            due_at = row["starts_at"] - before
            if _is_told(due_at):
                for person in (row["mentee_id"], row["mentor_user_id"]):
                    yield _reminder(kind, person, row["public_id"], "0", due_at)


def _of_packs(seats: list[_Seat]) -> Iterator[Row]:
    for seat in seats:
        due_at, ends_at = seat.ends_at - WEEK, seat.ends_at
        if _is_told(due_at):
            about = f"pck_{seat.number:022}"
            yield _reminder("pack_expiring", seat.mentee, about, ends_at.isoformat(), due_at)


def _of_offers(waiting: list[Row]) -> Iterator[Row]:
    for row in _offered(waiting):
        ends_at = row["offer_ends_at"]
        due_at = ends_at - 6 * HOUR
        if _is_told(due_at):
            kind, occasion = "waitlist_offer_ending", ends_at.isoformat()
            yield _reminder(kind, row["mentee_id"], row["public_id"], occasion, due_at)


def _of(seats: list[_Seat]) -> Iterator[Row]:
    """The final warnings."""
    for seat in seats:
        if seat.is_warned:
            about = f"sea_{seat.number:022}"
            due_at = seat.grace_ends_at - 13 * HOUR
            yield _reminder("grace_warning", seat.mentee, about, str(seat.number), due_at)


def _reminder(kind: str, person: int, about: str, occasion: str, due_at: datetime) -> Row:
    return {
        "kind": kind,
        "user_id": person,
        "about": about,
        "occasion": occasion,
        "outcome": "sent",
        "reason": "",
        "due_at": due_at,
        "at": due_at,
    }
