"""Sessions in the furnished studio: booked, waiting to be decided, objected to, spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import select

from services import booking, clock, db, sessions
from services.models import (
    Mentor,
    MentoringSession,
    OccupiedTime,
    Pack,
    PackStatus,
    SessionStatus,
    Testimonial,
)
from tests.journeys.world import Account, Seller, World
from tests.services.recording_rows import a_file, a_recording
from tests.services.rows import a_session, onboarded, open_hours, saved
from tests.support import films
from tests.support.films import Films

DAY = timedelta(days=1)
PRAISE = "Two sessions, and for the first time I know what my next picture is for. Thank you."


@dataclass(frozen=True)
class Appointments:
    """What stands in addresses. `booked` and `asked` are sessions of the one who is everything,
    as mentee; to `asked` the mentor proposes another time. `undecided` and `objected` are theirs
    as mentor."""

    mentee: str
    pack: str
    booked: str
    asked: str
    undecided: str
    objected: str


def made(world: World, everything: Seller, seller: Seller, mentee: Account) -> Appointments:
    """Both packs are bought; now they are used."""
    opened(everything)
    opened(seller)
    for account in (everything.account, mentee):
        onboarded(world.user(account))
    noon = (clock.utc_now() + 2 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    own = world.actor(everything.account)
    booked, asked = booking.book(actor=own, mentor=seller.slug, starts=[noon, noon + DAY])
    booking.propose(
        actor=world.actor(seller.account),
        session=asked,
        sequence=0,
        starts_at=noon + 3 * DAY,
        reason="A delivery comes at that hour.",
    )
    starts = [noon + timedelta(hours=hours) for hours in (3, 5, 7)]
    undecided, objected, _ = booking.book(
        actor=world.actor(mentee), mentor=everything.slug, starts=starts
    )
    for public_id in (undecided, objected):
        _is_over(public_id)
    sessions.advance_due()
    sessions.decide(
        actor=own, session=objected, outcome=SessionStatus.MENTEE_NO_SHOW, note="Nobody came."
    )
    sessions.object_to(
        actor=world.actor(mentee), session=objected, text="I was there, on the other link."
    )
    _spoken_of(world, mentee, everything)
    return Appointments(
        mentee=world.user(mentee).public_id,
        pack=_pack(world, everything.account).public_id,
        booked=booked,
        asked=asked,
        undecided=undecided,
        objected=objected,
    )


def recorded(met: Appointments) -> Films:
    """An earlier session of that pack, which was recorded; and one of the same person as mentor."""
    with db.reading() as session:
        pack = session.exec(select(Pack).where(Pack.public_id == met.pack)).one()
        met_there = select(MentoringSession).where(MentoringSession.public_id == met.objected)
        as_mentor = session.exec(met_there).one()
    a_file(a_recording(as_mentor))
    held = a_session(pack, clock.utc_now() - 3 * DAY, status=SessionStatus.COMPLETED)
    return films.made(held)


def opened(seller: Seller) -> None:
    """The mentor can be booked at any hour, a day ahead."""
    with db.reading() as session:
        mentor = session.exec(select(Mentor).where(Mentor.slug == seller.slug)).one()
    open_hours(mentor, meeting_link="https://meet.example.com/room")


def _is_over(public_id: str) -> None:
    """Let a session have been two days ago."""
    with db.transaction() as session:
        row = session.exec(
            select(MentoringSession).where(MentoringSession.public_id == public_id)
        ).one()
        back = row.starts_at - clock.utc_now() + 2 * DAY
        row.starts_at, row.ends_at = row.starts_at - back, row.ends_at - back
        for time in session.exec(select(OccupiedTime).where(OccupiedTime.session_id == row.id)):
            session.delete(time)


def _pack(world: World, account: Account) -> Pack:
    with db.reading() as session:
        own = select(Pack).where(Pack.mentee_id == world.user(account).id)
        return session.exec(own.where(Pack.status == PackStatus.ACTIVE)).one()


def _spoken_of(world: World, mentee: Account, seller: Seller) -> None:
    """The mentee has written what an admin has not read yet."""
    pack = _pack(world, mentee)
    saved(
        Testimonial(
            pack_id=pack.id, mentee_id=pack.mentee_id, mentor_id=pack.mentor_id, body=PRAISE
        )
    )
