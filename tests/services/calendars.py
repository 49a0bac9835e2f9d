"""A mentor with a Google account, a mentee with a pack, and the sessions between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from jobs import calendar as jobs
from services import calendar, clock, db
from services.audit import Actor
from services.calendar import ConnectionView
from services.models import (
    BusyTime,
    CalendarConnection,
    Mentor,
    MentoringSession,
    OccupiedTime,
    Pack,
    SessionStatus,
    User,
)
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user, acting, acting_mentor
from tests.support.google import Google
from tests.support.studio import Studio, stored

BROWSER = "sig_of_this_browser"


@dataclass
class Desk:
    """The mentor's side of a studio, with Google beside it."""

    studio: Studio
    google: Google
    mentor: Mentor
    mentee: User
    pack: Pack

    @property
    def actor(self) -> Actor:
        return acting_mentor(self.mentor)

    def connect(self, actor: Actor | None = None, **answer: Any) -> str:
        """The person connects the calendar in one browser; where they end up."""
        who = actor or self.actor
        url = calendar.begin(actor=who, sign_in=BROWSER)
        return self.finish(who, self.google.consent(url, email=self.google.email, **answer))

    def finish(self, actor: Actor, brought: dict[str, str], sign_in: str = BROWSER) -> str:
        """The browser comes back with what Google gave it."""
        return calendar.finish(
            actor=actor,
            sign_in=sign_in,
            state=brought.get("state", ""),
            code=brought.get("code", ""),
            error=brought.get("error", ""),
        )

    def view(self, actor: Actor | None = None) -> ConnectionView:
        with db.reading() as session:
            return calendar.get_connection(session, actor=actor or self.actor)

    def book(self, starts_at: datetime) -> MentoringSession:
        """A session is booked, as far as calendars notice."""
        row = a_session(self.pack, starts_at)
        self._tell(row)
        return row

    def move(self, row: MentoringSession, starts_at: datetime) -> None:
        """The session is moved."""
        with db.transaction() as session:
            now = session.get_one(MentoringSession, row.id)
            now.starts_at, now.ends_at = starts_at, starts_at + timedelta(hours=1)
            now.sequence += 1
            for taken in session.exec(
                select(OccupiedTime).where(OccupiedTime.session_id == row.id)
            ):
                taken.starts_at, taken.ends_at = now.starts_at, now.ends_at
        self._tell(row)

    def cancel(self, row: MentoringSession) -> None:
        """The session is called off."""
        with db.transaction() as session:
            now = session.get_one(MentoringSession, row.id)
            now.status, now.canceled_at = SessionStatus.CANCELED, clock.utc_now()
            now.sequence += 1
            for taken in session.exec(
                select(OccupiedTime).where(OccupiedTime.session_id == row.id)
            ):
                session.delete(taken)
        self._tell(row)

    def poll(self) -> None:
        """The worker reads the calendars that are due."""
        jobs.sync_calendars.call_local()

    def later(self, **duration: float) -> None:
        """Time passes, and the worker reads what is due then."""
        self.studio.wait(**duration)
        self.poll()

    def busy(self) -> list[tuple[datetime, datetime]]:
        """The stored busy time, in order."""
        return sorted((row.starts_at, row.ends_at) for row in stored(BusyTime))

    def blocked(self) -> str | None:
        """Why nobody can book the mentor now."""
        with db.reading() as session:
            return calendar.sales_blocked(session, self.mentor.user_id)

    def connection(self) -> CalendarConnection:
        """The newest connection as it is stored."""
        return stored(CalendarConnection)[-1]

    def last_mail(self, to: str) -> str:
        """The words of the newest mail to an address."""
        return str(cast("list[Any]", self.studio.sandbox.control(f"mail?to={to}"))[0]["text"])

    def _tell(self, row: MentoringSession) -> None:
        with db.transaction() as session:
            calendar.session_changed(session, session.get_one(MentoringSession, row.id))


def asked_for(url: str) -> list[str]:
    """The scopes that a consent page is asked for, without their common beginning."""
    scopes = parse_qs(urlsplit(url).query)["scope"][0].split()
    return [scope.rpartition("/")[2] for scope in scopes]


@pytest.fixture
def desk(studio: Studio) -> Desk:
    """A mentor who could connect a calendar, and a mentee with a pack; pushes stay at Google."""
    studio.sandbox.control("google/pushes", {"mode": "hold"})
    mentor = a_mentor(headline="helps")
    mentee = a_user("Nora Novak", time_zone="Asia/Kolkata")
    pack = a_pack(a_seat(mentee, mentor))
    return Desk(studio, Google(studio.sandbox), mentor, mentee, pack)


def acting_mentee(desk: Desk) -> Actor:
    """The mentee as an actor."""
    return acting(desk.mentee)
