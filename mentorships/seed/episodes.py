"""What the screens of the demo studio should show today: a session that begins soon, one that
nobody decided, an objection, proposals, testimonials, a calendar at Google."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func
from sqlmodel import col, select

from mentorships.seed import meetings, people, purchases, recordings, words
from mentorships.seed.meetings import Fate, Meeting
from mentorships.seed.world import Pair, World
from services import availability, booking, calendar, db, sessions, testimonials
from services.audit import Actor
from services.errors import Conflict, SlotTaken
from services.models import (
    Mentor,
    MentoringSession,
    Pack,
    PackStatus,
    SessionStatus,
    Testimonial,
    User,
)
from services.reminders import sending
from services.sessions.settling import CREDIT_USED

MARA, TOMAS = "mentor@example.com", "tomas.okafor@example.com"
LEA = people.MENTEE[0]
HALF_HOUR = timedelta(minutes=30)
NIGHTS = 7
ASKED_AT = (80, 40, 33, 27, 21, 13)
"""Days ago on which somebody said something about a mentor, published soon after."""


def plan_all(world: World) -> None:
    """Put all of it on the agenda."""

    def ago(**span: float) -> datetime:
        return world.now - timedelta(**span)

    plan = partial(world.plan, quiet=True)
    plan(ago(days=9, hours=1), partial(_lea_meets_mara, world))
    plan(ago(hours=20), partial(_mara_proposes, world))
    plan(ago(days=9), partial(_mara_waits_alone, world))
    plan(ago(hours=76), partial(_nobody_says, world))
    plan(ago(hours=27), partial(_mentee_asks, world))
    plan(ago(days=5), partial(_away, world))
    plan(ago(hours=10), partial(_mara_connects, world))
    plan(world.now, partial(_look_at_calendar, world))
    for number, days in enumerate(ASKED_AT):
        plan(ago(days=days), partial(_say, world, words.TESTIMONIALS[number], publish=True))
    plan(ago(days=11), partial(_say, world, words.DECLINED_TESTIMONIAL, publish=False))
    for number, text in enumerate(words.WAITING_TESTIMONIALS):
        plan(ago(hours=30 - 9 * number), partial(_say, world, text))


def nightly(world: World) -> None:
    """What the worker does once a day, on the last days."""
    for day in range(NIGHTS, 0, -1):
        moment = world.now - timedelta(days=day) + timedelta(hours=2)
        for job in (sending.send_due, sessions.count_offered_days, purchases.release_ended):
            world.plan(moment, job, quiet=True)


# Lea, whom people sign in as


def _lea_meets_mara(world: World) -> None:
    """One session is over, one begins within the hour, one is next week; one is left to book."""
    pair = Pair(LEA, MARA)
    first = meetings.pick(world, pair, world.moment + timedelta(hours=30))
    for meeting in meetings.book(world, pair, first):
        meetings.meet(world, meeting)
        text = words.SESSION_GOALS[0]
        sessions.set_goals(actor=world.mentees[LEA], session=meeting.session, text=text)
        told = partial(_note, world, meeting, words.SHARED_NOTES[1])
        world.plan(meeting.over_at + HALF_HOUR, told, quiet=True)
    _soon(world)
    then = meetings.pick(world, pair, world.now + timedelta(days=5))
    meetings.book(world, pair, then)


def _soon(world: World) -> None:
    """Mara agreed to meet within the hour, whenever that is. She has also agreed to a recording;
    Lea has not answered yet."""
    pair = Pair(LEA, MARA)
    for meeting in _agreed(world, pair, world.now + timedelta(minutes=20), words.SOON):
        recordings.answer(world.mentors[MARA][0], meeting.session)


def _note(world: World, meeting: Meeting, body: str) -> None:
    mara, _ = world.mentors[MARA]
    sessions.save_note(actor=mara, session=meeting.session, shared=True, body=body)


def _mara_proposes(world: World) -> None:
    """Lea is asked whether her next but one session may move."""
    pair = Pair(LEA, MARA)
    mara, _ = world.mentors[MARA]
    session, sequence, starts_at = _last_session(world, pair)
    for other in meetings.pick(world, pair, starts_at + timedelta(hours=20)):
        booking.propose(
            actor=mara, session=session, sequence=sequence, starts_at=other, reason=words.PROPOSED
        )


# Mara, whom people sign in as


def _mara_waits_alone(world: World) -> None:
    """She says that the mentee did not come; the mentee objects, and nobody has answered yet."""
    pair = _somebody(world, MARA)
    if pair is None:
        return
    for meeting in _booked(world, pair, world.now - timedelta(days=7), timedelta(days=4)):
        meetings.meet(world, meeting, Fate.MENTEE_MISSES)
        objects = partial(
            sessions.object_to,
            actor=world.mentees[pair.mentee],
            session=meeting.session,
            text=words.OBJECTION,
        )
        world.plan(meeting.over_at + timedelta(hours=20), objects, quiet=True)


def _nobody_says(world: World) -> None:
    """A session of the last two days of which nobody has said what happened."""
    pair = _somebody(world, MARA)
    if pair is None:
        return
    begin = world.now - timedelta(hours=50)
    booked = _booked(world, pair, begin, timedelta(hours=46))
    # After a weekend none of her hours lies in these two days.
    for meeting in booked or _agreed(world, pair, begin, words.AGREED):
        world.plan(meeting.over_at, sessions.advance_due, quiet=True)


def _mentee_asks(world: World) -> None:
    """Somebody asks Mara for another time."""
    pair = _somebody(world, MARA)
    if pair is None:
        return
    for meeting in _booked(world, pair, world.now + timedelta(days=3), timedelta(days=4)):
        for other in meetings.pick(world, pair, meeting.starts_at + timedelta(hours=30)):
            booking.propose(
                actor=world.mentees[pair.mentee],
                session=meeting.session,
                sequence=0,
                starts_at=other,
                reason=words.ASKED,
            )


def _away(world: World) -> None:
    """Tomas goes away in ten days, for five of them."""
    tomas, slug = world.mentors[TOMAS]
    first = (world.moment + timedelta(days=15)).date()
    availability.add_time_off(
        actor=tomas,
        mentor=slug,
        first_day=first,
        last_day=first + timedelta(days=4),
        note=words.TIME_OFF,
    )


def _mara_connects(world: World) -> None:
    """Mara connects her calendar at Google, in which other things stand as well."""
    mara, _ = world.mentors[MARA]
    zone = people.MENTORS[0].zone
    browser = "the browser of the demo"
    url = calendar.begin(actor=mara, sign_in=browser)
    state, code = world.simulator.consent(url, email=MARA, zone=zone)
    day = world.now.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    for number, summary in enumerate(words.BUSY_EVENTS):
        begin = (day + timedelta(days=1 + number)).replace(hour=10 + 2 * number)
        world.simulator.add_event(MARA, summary, begin, begin + timedelta(minutes=90))
    calendar.finish(actor=mara, sign_in=browser, state=state, code=code)


def _look_at_calendar(world: World) -> None:
    """What is known of it is fresh when the studio opens."""
    user_id = world.mentors[MARA][0].user_id
    if user_id is not None:
        calendar.refresh_if_stale(user_id)


# What mentees say about their mentors


def _say(world: World, body: str, *, publish: bool | None = None) -> None:
    """The mentee of a pack that is all but done writes something; an admin decides, or has not.
    Nobody is that far yet: a little later."""
    found = _pack_to_speak_of()
    if found is None:
        later = partial(_say, world, body, publish=publish)
        world.plan(world.moment + timedelta(hours=3), later, quiet=True)
        return
    pack, email = found
    testimonials.write(actor=world.mentees[email], pack=pack, body=body)
    if publish is None:
        return
    with db.reading() as session:
        written = session.exec(
            select(Testimonial.public_id)
            .join(Pack, col(Pack.id) == col(Testimonial.pack_id))
            .where(Pack.public_id == pack)
        ).one()
    reason = "" if publish else words.DECLINE_REASON
    testimonials.decide(actor=world.admin, testimonial=written, publish=publish, reason=reason)


def _pack_to_speak_of() -> tuple[str, str] | None:
    """A pack that may be spoken of and was not yet, of the mentor about whom least was said."""
    held = exists().where(
        col(MentoringSession.pack_id) == Pack.id,
        col(MentoringSession.status) == SessionStatus.COMPLETED,
    )
    used = (
        select(func.count())
        .where(
            col(MentoringSession.pack_id) == Pack.id,
            col(MentoringSession.status).in_(CREDIT_USED),
        )
        .scalar_subquery()
    )
    said = (
        select(func.count()).where(col(Testimonial.mentor_id) == Pack.mentor_id).scalar_subquery()
    )
    spoken = select(Testimonial.pack_id)
    with db.reading() as session:
        return session.exec(
            select(Pack.public_id, User.email)
            .join(User, col(User.id) == col(Pack.mentee_id))
            .where(held, used >= Pack.total - 1, col(Pack.id).not_in(spoken))
            .order_by(said, col(Pack.id))
            .limit(1)
        ).first()


# Who, and which


def _booked(world: World, pair: Pair, after: datetime, within: timedelta) -> list[Meeting]:
    starts = meetings.pick(world, pair, after, within=within)
    try:
        return meetings.book(world, pair, starts) if starts else []
    except Conflict:
        return []


def _agreed(world: World, pair: Pair, after: datetime, reason: str) -> list[Meeting]:
    """The two agreed on a time that is not offered, the first free one: the mentor may book it."""
    actor, slug = world.mentors[pair.mentor]
    half_hours = int(after.timestamp()) // 1800 + 1
    begin = datetime.fromtimestamp(half_hours * 1800, tz=after.tzinfo)
    for later in range(24):
        starts_at = begin + later * HALF_HOUR
        with suppress(SlotTaken):
            (session,) = booking.book_for(
                actor=actor,
                mentor=slug,
                mentee=_public_id(world.mentees[pair.mentee]),
                starts=[starts_at],
                reason=reason,
            )
            return [Meeting(session, pair, starts_at, world.booked)]
    return []


def _somebody(world: World, mentor: str) -> Pair | None:
    """A mentee other than Lea who can book with the mentor; the newest pack's."""
    emails = {email: actor.user_id for email, actor in world.mentees.items() if email != LEA}
    with db.reading() as session:
        found = session.exec(
            select(User.email)
            .join(Pack, col(Pack.mentee_id) == col(User.id))
            .join(Mentor, col(Mentor.id) == col(Pack.mentor_id))
            .where(
                col(Mentor.id) == world.mentors[mentor][0].mentor_id,
                Pack.status == PackStatus.ACTIVE,
                Pack.left > Pack.reserved,
                col(Pack.expires_at) > world.now + timedelta(days=10),
            )
            .order_by(col(Pack.id).desc())
        ).all()
    able = [email for email in found if email in emails and email in world.onboarded]
    return Pair(able[0], mentor) if able else None


def _last_session(world: World, pair: Pair) -> tuple[str, int, datetime]:
    with db.reading() as session:
        row = session.exec(
            select(MentoringSession)
            .where(MentoringSession.mentee_id == world.mentees[pair.mentee].user_id)
            .where(MentoringSession.mentor_id == world.mentors[pair.mentor][0].mentor_id)
            .order_by(col(MentoringSession.starts_at).desc())
        ).first()
        assert row is not None  # noqa: S101  # she booked it a week ago
        return row.public_id, row.sequence, row.starts_at


def _public_id(actor: Actor) -> str:
    with db.reading() as session:
        return session.exec(select(User.public_id).where(User.id == actor.user_id)).one()
