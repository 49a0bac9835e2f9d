"""What mentor and mentee of the demo studio do with a pack: book, meet, move, miss, say why."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

from mentorships.seed import people, recordings, words
from mentorships.seed.recordings import Room
from mentorships.seed.world import Pair, Together, World
from services import availability, booking, db, sessions
from services.audit import Actor
from services.config import settings
from services.errors import Conflict
from services.models import SessionStatus

SINCE = timedelta(days=60)
"""Packs bought earlier are not told session by session: a year of them would take minutes."""
FIRST_AFTER, LOOK_AHEAD, AGAIN_AFTER = timedelta(days=2), timedelta(days=4), timedelta(hours=20)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


class Fate(Enum):
    """What becomes of a booked session."""

    HELD = auto()
    MOVED = auto()
    CANCELED = auto()
    CANCELED_LATE = auto()
    MENTOR_CANCELS = auto()
    MENTEE_MISSES = auto()
    MENTOR_MISSES = auto()
    NOBODY_SAYS = auto()


ROUND = 19
FATES = {
    2: Fate.MOVED,
    4: Fate.MENTEE_MISSES,
    6: Fate.CANCELED,
    8: Fate.NOBODY_SAYS,
    11: Fate.CANCELED_LATE,
    13: Fate.MENTOR_CANCELS,
    16: Fate.MENTOR_MISSES,
}
"""Of `ROUND` sessions, the n-th booked; all others are held."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A booked session: when, between whom, as which of all."""

    session: str
    pair: Pair
    starts_at: datetime
    number: int
    last: bool = True
    sequence: int = 0

    @property
    def over_at(self) -> datetime:
        """A minute after its end."""
        return self.starts_at + timedelta(minutes=settings().session_minutes) + MINUTE


def begin(world: World, mentee: str, mentor: str, *, most: int = 100) -> None:
    """A pack was bought: its sessions are booked, some of them at once, not more than `most`."""
    pair = Pair(mentee, mentor)
    known = mentee in world.onboarded and pair not in world.pairs
    if known and (mentee == people.MENTEE[0] or world.moment >= world.now - SINCE):
        luck = random.Random(f"{mentee} {mentor}")  # noqa: S311  # a story
        world.pairs[pair] = Together(luck, most)
        book_more(world, pair)


def book_more(world: World, pair: Pair) -> None:
    """Book one, two or four sessions, a week apart, if there are credits."""
    together = world.pairs[pair]
    if not together.most:
        return
    actor, (_, slug) = world.mentees[pair.mentee], world.mentors[pair.mentor]
    with db.reading() as session:
        choice = booking.get_choice(session, actor=actor, mentor=slug)
    if choice.obstacle or not choice.packs:
        del world.pairs[pair]
        return
    pack = choice.packs[0]
    wanted = min(together.luck.choice((1, 2, 2, 4)), pack.available, together.most)
    starts: list[datetime] = []
    for week in range(wanted):
        after = world.moment + FIRST_AFTER + week * WEEK
        starts += pick(world, pair, after, until=pack.expires_at)
    try:
        meetings = book(world, pair, starts) if starts else []
    except Conflict:  # somebody else had the same thought
        meetings = []
    if not meetings:
        world.plan(world.moment + 3 * AGAIN_AFTER, partial(_again, world, pair), quiet=True)
    together.most -= len(meetings)
    for meeting in meetings:
        follow(world, meeting)


def book(world: World, pair: Pair, starts: Sequence[datetime]) -> list[Meeting]:
    """Book these times together."""
    _, slug = world.mentors[pair.mentor]
    booked = booking.book(actor=world.mentees[pair.mentee], mentor=slug, starts=starts)
    meetings: list[Meeting] = []
    for public_id, starts_at in zip(booked, starts, strict=True):
        world.booked += 1
        last = starts_at == starts[-1]
        meetings.append(Meeting(public_id, pair, starts_at, world.booked, last))
    return meetings


def pick(
    world: World,
    pair: Pair,
    after: datetime,
    *,
    until: datetime | None = None,
    within: timedelta = LOOK_AHEAD,
) -> list[datetime]:
    """One of the offered times after an instant, before another; none when nothing is offered."""
    mentor, _ = world.mentors[pair.mentor]
    mentee = world.mentees[pair.mentee]
    before = min(after + within, until) if until else after + within
    if mentor.mentor_id is None or before <= after:
        return []
    with db.reading() as session:
        slots = availability.offered(
            session,
            mentor_id=mentor.mentor_id,
            mentee_id=mentee.user_id,
            starts=after,
            ends=before,
        )
    found = random.Random(f"{pair.mentee} {len(slots)}").choice(slots) if slots else None  # noqa: S311
    return [found.starts_at] if found else []


def follow(world: World, meeting: Meeting) -> None:
    """Plan what becomes of a session."""
    fate = FATES.get(meeting.number % ROUND, Fate.HELD)
    starts_at, plan = meeting.starts_at, partial(world.plan, quiet=True)
    if meeting.number % 3 == 0:
        _set_goals(world, meeting)
    match fate:
        case Fate.MOVED:
            plan(starts_at - timedelta(hours=26), partial(_move, world, meeting))
        case Fate.CANCELED:
            plan(starts_at - timedelta(hours=25), partial(_cancel, world, meeting))
        case Fate.CANCELED_LATE:
            plan(starts_at - timedelta(hours=3), partial(_cancel, world, meeting, late=True))
        case Fate.MENTOR_CANCELS:
            plan(starts_at - timedelta(hours=5), partial(_mentor_cancels, world, meeting))
        case _:
            meet(world, meeting, fate)


def meet(world: World, meeting: Meeting, fate: Fate = Fate.HELD) -> None:
    """Plan that they come, or do not, and what is said afterwards."""
    mentor, mentee = world.mentors[meeting.pair.mentor][0], world.mentees[meeting.pair.mentee]
    plan = partial(world.plan, quiet=True)
    come: tuple[Actor, ...] = (mentee, mentor)
    decides: tuple[Actor, SessionStatus, str] | None = None
    match fate:
        case Fate.MENTEE_MISSES:
            come = (mentor,)
            decides = mentor, SessionStatus.MENTEE_NO_SHOW, words.CAME_ALONE
        case Fate.MENTOR_MISSES:
            come = (mentee,)
            decides = world.admin, SessionStatus.MENTOR_NO_SHOW, words.MENTOR_MISSED
        case Fate.NOBODY_SAYS:
            come, decides = (), (mentor, SessionStatus.COMPLETED, "")
        case _:
            pass
    room = Room(meeting.session, mentee, mentor, meeting.starts_at)
    if come and not (len(come) > 1 and recordings.meet(world, room)):
        plan(meeting.starts_at + MINUTE, partial(_join, meeting.session, come))
    plan(meeting.over_at, partial(_end, world, meeting))
    if decides is not None:
        plan(meeting.over_at + timedelta(hours=2), partial(_decide, meeting.session, *decides))
    _next(world, meeting)


def _next(world: World, meeting: Meeting) -> None:
    if meeting.last:
        again = partial(_again, world, meeting.pair)
        world.plan(max(meeting.over_at, world.moment) + AGAIN_AFTER, again, quiet=True)


def _again(world: World, pair: Pair) -> None:
    if pair in world.pairs:
        book_more(world, pair)


def _join(session: str, come: Sequence[Actor]) -> None:
    for actor in come:
        sessions.join(actor=actor, session=session)


def _end(world: World, meeting: Meeting) -> None:
    """The session is over; now and then somebody writes something down."""
    sessions.advance_due()
    mentor, _ = world.mentors[meeting.pair.mentor]
    if meeting.number % 3 == 1:
        body = words.SHARED_NOTES[meeting.number % len(words.SHARED_NOTES)]
        sessions.save_note(actor=mentor, session=meeting.session, shared=True, body=body)
    if meeting.number % 7 == 1:
        body = words.PRIVATE_NOTES[meeting.number % len(words.PRIVATE_NOTES)]
        sessions.save_note(actor=mentor, session=meeting.session, shared=False, body=body)


def _decide(session: str, actor: Actor, outcome: SessionStatus, note: str) -> None:
    sessions.decide(actor=actor, session=session, outcome=outcome, note=note)


def _set_goals(world: World, meeting: Meeting) -> None:
    goals = words.SESSION_GOALS[meeting.number % len(words.SESSION_GOALS)]
    actor = world.mentees[meeting.pair.mentee]
    sessions.set_goals(actor=actor, session=meeting.session, text=goals)


def _move(world: World, meeting: Meeting) -> None:
    """The mentee takes another time, three to seven days later."""
    actor = world.mentees[meeting.pair.mentee]
    for starts_at in pick(world, meeting.pair, meeting.starts_at + timedelta(days=3)):
        try:
            booking.reschedule(
                actor=actor,
                session=meeting.session,
                sequence=meeting.sequence,
                starts_at=starts_at,
                reason=words.MOVED,
            )
        except Conflict:  # the pack ends before that
            continue
        moved = Meeting(
            meeting.session,
            meeting.pair,
            starts_at,
            meeting.number,
            meeting.last,
            meeting.sequence + 1,
        )
        meet(world, moved)
        return
    meet(world, meeting)


def _cancel(world: World, meeting: Meeting, *, late: bool = False) -> None:
    booking.cancel(
        actor=world.mentees[meeting.pair.mentee],
        session=meeting.session,
        sequence=meeting.sequence,
        reason=words.CANCELED,
        late_ok=late,
    )
    _next(world, meeting)


def _mentor_cancels(world: World, meeting: Meeting) -> None:
    mentor, _ = world.mentors[meeting.pair.mentor]
    booking.cancel(
        actor=mentor,
        session=meeting.session,
        sequence=meeting.sequence,
        reason=words.MENTOR_CANCELED,
    )
    _next(world, meeting)
