"""The demo studio's recordings: some sessions meet in the studio's room, and both people are asked.

One of a few is recorded by the simulated recorder, which leaves real files; they are moved, checked
and kept for their days by the services, then deleted with a certificate. One recorder hears nobody,
one yes is taken back, one no is given, one recording is kept longer, one is held, and one is still
on its way when the studio opens.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any

from sqlmodel import col, select

from mentorships.seed import people, words
from mentorships.seed.world import World
from services import booking, clock, consent, db, sessions, video
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, ProviderError
from services.models import (
    Access,
    Mentor,
    MentoringSession,
    Pack,
    PackStatus,
    Recording,
    RecordingFile,
    RecordingStatus,
    SessionJoin,
    User,
)
from services.models.recording import FileKind
from services.providers.storage.registry import store
from services.recordings import (
    check_due,
    links,
    places,
    purging,
    retention,
    tell_failed_due,
    transferring,
    watching,
)

LEA = people.MENTEE[0]
ONE_OF = 5
"""Of so many sessions that are held one after the other, one is in the studio's room."""
LEAS_SINCE = timedelta(days=100)
"""All of Lea's are since then."""
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
APART = timedelta(hours=2)
"""Between two of them, but for Lea's: recorders are looked after by hand here, one at a time."""
COMES_LATER = timedelta(minutes=4)
"""After the studio has opened, the files of the last recorder arrive."""
QUARTER = 900


class Turn(Enum):
    """What becomes of a session in the room."""

    RECORDED = auto()
    SILENT = auto()
    WITHDRAWN = auto()
    DECLINED = auto()


TURNS = {2: Turn.DECLINED, 3: Turn.WITHDRAWN, 5: Turn.SILENT, 7: Turn.DECLINED}
"""Of those, the n-th; all others, and Lea's, are recorded."""
END_SOON = 3
"""So many more whose recordings are to be deleted within the next days."""


@dataclass(frozen=True, slots=True)
class Room:
    """A session in the studio's room, and its two people."""

    session: str
    mentee: Actor
    mentor: Actor
    starts_at: datetime
    turn: Turn = Turn.RECORDED

    @property
    def ends_at(self) -> datetime:
        """Its end."""
        return self.starts_at + timedelta(minutes=settings().session_minutes)


def plan_all(world: World) -> None:
    """What admins do about recordings, and the one that is on its way."""

    def plan(event: partial[None], **before: float) -> None:
        world.plan(world.now - timedelta(**before), event, quiet=True)

    plan(partial(_just_over, world), hours=3)
    plan(partial(_hold, world), days=4)
    plan(partial(_extend, world), days=6)


def meet(world: World, room: Room) -> bool:
    """Whether these two met in the studio's room; then that is planned."""
    is_over = room.ends_at + 5 * MINUTE < world.now
    crowded = any(abs(other - room.starts_at) < APART for other in world.rooms)
    if not is_over or (crowded and room.mentee != world.mentees[LEA]):
        return False
    turn = _turn(world, room)
    if turn is None:
        return False
    world.rooms.append(room.starts_at)
    _plan(world, replace(room, turn=turn))
    return True


def _turn(world: World, room: Room) -> Turn | None:
    """What becomes of it there; None when they meet elsewhere."""
    if room.mentee == world.mentees[LEA]:
        return Turn.RECORDED if room.starts_at > world.now - LEAS_SINCE else None
    if _ends_soon(world, room.starts_at):
        few = sum(_ends_soon(world, other) for other in world.rooms) < END_SOON
        return Turn.RECORDED if few else None
    world.held += 1
    if world.held % ONE_OF:
        return None
    world.turns += 1
    return TURNS.get(world.turns, Turn.RECORDED)


def _ends_soon(world: World, starts_at: datetime) -> bool:
    """Whether its recording is to be deleted within the next days, and both were reminded."""
    oldest = world.now - timedelta(days=settings().recording_days - 1)
    return oldest < starts_at < oldest + timedelta(days=5)


def _plan(world: World, room: Room) -> None:
    plan = partial(world.plan, quiet=True)
    begin, end = room.starts_at + MINUTE, room.ends_at
    plan(max(world.moment, room.starts_at - 20 * HOUR), partial(_answer, room))
    plan(begin, partial(_meet, world, room))
    plan(end - 20 * SECOND, _stay)
    plan(end, partial(_leave, room))
    if room.turn is Turn.DECLINED:
        return
    plan(begin + 10 * SECOND, watching.watch_due)
    plan(end + 80 * SECOND, _check)
    for step in (1, 2):  # it has left, its files stand still and are moved
        plan(end + (80 + 15 * step) * SECOND, partial(_look_after, world))
    if room.turn is Turn.WITHDRAWN:
        plan(end + 30 * HOUR, partial(_withdraw, room))
    else:
        plan(end + 5 * HOUR, partial(_watch, room))
    if room.turn is Turn.SILENT:
        plan(end + HOUR, tell_failed_due)
    chosen = settings()
    kept, reminded = chosen.recording_days, chosen.recording_reminder_days
    plan(end + timedelta(days=kept - reminded) + HOUR, retention.remind_due)
    plan(end + timedelta(days=kept) + HOUR, _expire)


def answer(actor: Actor, session: str, *, granted: bool = True) -> None:
    """Somebody says yes or no to a session's recording."""
    consent.answer(actor=actor, session=session, granted=granted, text_version=consent.TEXT_VERSION)


def _answer(room: Room) -> None:
    """Both are asked the day before; who declines meets all the same."""
    answer(room.mentor, room.session)
    answer(room.mentee, room.session, granted=room.turn is not Turn.DECLINED)


def _meet(world: World, room: Room) -> None:
    """They come in, and with the second of them the recorder."""
    world.simulator.recorders(sends=room.turn is not Turn.SILENT)
    for actor in (room.mentee, room.mentor):
        video.enter(actor=actor, session=room.session)


def _stay() -> None:
    """Open rooms say every 30 seconds who is there; of that, only the last is written."""
    entries = select(SessionJoin).where(
        col(SessionJoin.left_at).is_(None), col(SessionJoin.seen_at).is_not(None)
    )
    with db.transaction() as tx:
        for entry in tx.exec(entries).all():
            entry.seen_at = clock.utc_now()


def _check() -> None:
    """Who has left is gone; who is in another room stays there."""
    _stay()
    check_due()


def _leave(room: Room) -> None:
    for actor in (room.mentee, room.mentor):
        video.leave(actor=actor, session=room.session)


def _look_after(world: World) -> None:
    """What the worker does about recorders and files all the time."""
    world.simulator.let_recorders_write()
    watching.watch_due()
    transferring.transfer_due()


def _expire() -> None:
    retention.expire_due()
    purging.purge_due()


def _withdraw(room: Room) -> None:
    consent.withdraw(actor=room.mentee, session=room.session)
    purging.purge_due()


def _watch(room: Room) -> None:
    """The mentee looks at it the same day, if there is something to look at."""
    film = (
        select(RecordingFile.public_id)
        .join(Recording, col(Recording.id) == col(RecordingFile.recording_id))
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(
            MentoringSession.public_id == room.session,
            Recording.status == RecordingStatus.READY,
            RecordingFile.kind == FileKind.VIDEO,
        )
    )
    with db.reading() as session:
        file = session.exec(film).first()
    if file is not None:
        links.link(actor=room.mentee, file=file, how=Access.WATCHED)


# What admins do


def _hold(world: World) -> None:
    """Somebody's lawyer wrote: the newest recording stays, whatever is asked."""
    found = _ready(world, col(Recording.began_at).desc())
    if found is not None:
        retention.hold(actor=world.admin, recording=found.public_id, reason=words.HOLD)


def _extend(world: World) -> None:
    """Somebody asked for more time with the recording that would go next."""
    found = _ready(world, col(Recording.keep_until))
    if found is not None and found.keep_until is not None:
        until = (found.keep_until + timedelta(days=30)).date()
        retention.extend(
            actor=world.admin, recording=found.public_id, until=until, reason=words.LONGER
        )


def _ready(world: World, order: Any) -> Recording | None:
    """The first recording in this order that is not Lea's."""
    ready = (
        select(Recording)
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(
            Recording.status == RecordingStatus.READY,
            MentoringSession.mentee_id != world.mentees[LEA].user_id,
        )
        .order_by(order, col(Recording.id))
    )
    with db.reading() as session:
        return session.exec(ready.limit(1)).first()


# The one that is on its way


def _just_over(world: World) -> None:
    """Somebody who agreed on the phone meets a mentor until a few minutes ago; the recorder's files
    come a few minutes after the studio has opened."""
    quarters = int((world.now - timedelta(minutes=65)).timestamp()) // QUARTER
    begin = datetime.fromtimestamp(quarters * QUARTER, tz=world.now.tzinfo)
    for mentor, slug in world.mentors.values():
        mentee = _who_can_come(world, mentor)
        if mentee is None:
            continue
        actor, public_id = mentee
        with suppress(Conflict):
            [session] = booking.book_for(
                actor=mentor, mentor=slug, mentee=public_id, starts=[begin], reason=words.SOON
            )
            _plan_late(world, Room(session, actor, mentor, begin))
            return


def _plan_late(world: World, room: Room) -> None:
    plan, end = partial(world.plan, quiet=True), room.ends_at
    left = end + 80 * SECOND
    plan(room.starts_at - HOUR / 2, partial(_answer, room))
    plan(room.starts_at + MINUTE, partial(_meet_late, world, room, left))
    plan(room.starts_at + MINUTE + 10 * SECOND, watching.watch_due)
    plan(end - 20 * SECOND, _stay)
    plan(end, partial(_leave, room))
    plan(end + MINUTE, sessions.advance_due)
    plan(left, _check)
    for step in range(1, 3):
        plan(left + 15 * step * SECOND, partial(_look_after, world))


def _meet_late(world: World, room: Room, left: datetime) -> None:
    _meet(world, room)
    late = int((world.now + COMES_LATER - left).total_seconds())
    world.simulator.recorders(late_seconds=late)


def _who_can_come(world: World, mentor: Actor) -> tuple[Actor, str] | None:
    """A mentee of this mentor's, other than Lea, with a credit to spare; the newest pack's."""
    by_id: dict[int | None, Actor] = {
        actor.user_id: actor for email, actor in world.mentees.items() if email != LEA
    }
    free = (
        select(User.id, User.public_id)
        .join(Pack, col(Pack.mentee_id) == col(User.id))
        .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
        .where(
            col(Mentor.id) == mentor.mentor_id,
            Pack.status == PackStatus.ACTIVE,
            col(Pack.left) - col(Pack.reserved) - col(Pack.locked) > 1,
            col(Pack.expires_at) > world.now + timedelta(days=10),
        )
        .order_by(col(Pack.id).desc())
    )
    with db.reading() as session:
        found = session.exec(free).all()
    return next(((by_id[id_], name) for id_, name in found if id_ in by_id), None)


# A story that was broken off


def forget_files() -> None:
    """Remove the recordings' files, before nobody knows any more whose they were."""
    with db.reading() as session:
        rows = session.exec(select(Recording)).all()
    for row in rows:
        for name, below in (
            (settings().storage_default, places.below(row)),
            (row.source, places.recorded_below(row)),
        ):
            with suppress(ProviderError):  # a store that is away keeps a few seconds of film
                for file in list(store(name).list_versions(below)) if below else []:
                    store(name).delete(file.key)
