"""Sessions as calendar files (RFC 5545, RFC 5546): for mails, for the feed, and one by one.

Times are in UTC, so they are exact wherever they are opened, also in the hour that the end of
summer time repeats; the reader's own zone stands in the text. Nobody learns the other person's
address: whoever gets the file is its only guest. A session that the mentor's Google calendar
invites to keeps Google's id, so that its mails and ours are one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services import access, calendar, urls
from services.audit import Actor
from services.config import settings
from services.models import MentoringSession, SessionStatus, User
from services.times import span_in_zone

if TYPE_CHECKING:
    from icalendar import Event, vCalAddress

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
REFRESH = timedelta(hours=1)
"""How often a subscribed calendar is told to look again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One session as one of its two people has it in a calendar."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    canceled: bool
    other_name: str
    when: str
    link: str


def single(db: Session, *, actor: Actor, session: str) -> bytes:
    """The file of one session, for one of its two people or an admin to download.

    Raises:
        SignInNeeded, NotFound
    """
    reader = db.get_one(User, access.require_user(actor))
    row = access.session_for(db, actor, session)
    return published(entries(db, reader=reader, wanted=[col(MentoringSession.id) == row.id]))


def entries(db: Session, *, reader: User, wanted: Sequence[ColumnElement[bool]]) -> list[Entry]:
    """The sessions that fit, soonest first, as `reader` has them; two queries."""
    mentee, mentor = aliased(User), aliased(User)
    found = db.exec(
        select(MentoringSession, col(mentee.name), col(mentor.name))
        .join(mentee, col(mentee.id) == col(MentoringSession.mentee_id))
        .join(mentor, col(mentor.id) == col(MentoringSession.mentor_user_id))
        .where(*wanted)
        .order_by(col(MentoringSession.starts_at), col(MentoringSession.id))
    ).all()
    uids = calendar.uids_of(db, [session.id for session, *_ in found])
    host = urlsplit(settings().public_url).hostname
    return [
        Entry(
            uid=uids.get(row.id) or f"{row.public_id}@{host}",
            sequence=row.sequence,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            made_at=row.canceled_at or row.created_at,
            canceled=row.status is SessionStatus.CANCELED or row.late,
            other_name=mentor_name if row.mentee_id == reader.id else mentee_name,
            when=span_in_zone(row.starts_at, row.ends_at, reader),
            link=urls.session(row.public_id),
        )
        for row, mentee_name, mentor_name in found
    ]


def request(entry: Entry, guest: User) -> bytes:
    """The invitation to one session, or to its new time."""
    return _file([_event(entry, guest)], "REQUEST")


def cancel(entry: Entry, guest: User) -> bytes:
    """Takes one session out of a calendar again."""
    return _file([_event(entry, guest)], "CANCEL")


def published(listed: Iterable[Entry], *, name: str = "", zone: str = "") -> bytes:
    """Sessions to be read, not answered; with a name, a calendar to subscribe to."""
    return _file([_event(entry, None) for entry in listed], "PUBLISH", name=name, zone=zone)


def _file(events: list[Event], method: Method, *, name: str = "", zone: str = "") -> bytes:
    from icalendar import Calendar

    file = Calendar.new(
        prodid="-//Mentorships//Sessions//EN",
        method=method,
        name=name or None,
        refresh_interval=REFRESH if name else None,
        uid=f"sessions@{urlsplit(settings().public_url).hostname}",
        subcomponents=events,
    )
    if zone:
        file.add("X-WR-TIMEZONE", zone)
        file.add("X-PUBLISHED-TTL", "PT1H")
    return file.to_ical()


def _event(entry: Entry, guest: User | None) -> Event:
    from icalendar import STATUS, TRANSP, Event

    studio = settings().studio_name
    title = f"Session with {entry.other_name}"
    return Event.new(
        uid=entry.uid,
        sequence=entry.sequence,
        start=entry.starts_at,
        end=entry.ends_at,
        stamp=entry.made_at,
        summary=f"Canceled: {title}" if entry.canceled else title,
        description=f"{title} at {studio}: {entry.when}.\nEverything about it: {entry.link}",
        location=entry.link,
        url=entry.link,
        status=STATUS.CANCELLED if entry.canceled else STATUS.CONFIRMED,
        transparency=TRANSP.TRANSPARENT if entry.canceled else TRANSP.OPAQUE,
        organizer=_studio() if guest else None,
        attendees=[_guest(guest)] if guest else None,
    )


def _studio() -> vCalAddress:
    from icalendar import vCalAddress

    name, address = parseaddr(settings().mail_from)
    return vCalAddress.new(address, cn=name or settings().studio_name)


def _guest(user: User) -> vCalAddress:
    from icalendar import vCalAddress

    return vCalAddress.new(
        user.email, cn=user.name, partstat="ACCEPTED", role="REQ-PARTICIPANT", rsvp=False
    )
