"""The mentor's dashboard: what is to decide, today and this week, seats in use, and the mentees
with what they have left."""

from __future__ import annotations

from dataclasses import dataclass, field

import reflex as rx
from sqlmodel import Session

from services import clock, mentor_home, sessions, topics, urls
from services.audit import Actor
from services.mentor_home import MenteeRow, MentorHome, SeatUse
from services.models import SeatStatus
from services.paging import MOST_ROWS, Part
from services.sessions import SessionRow
from state import live
from state.base import AppState
from state.guard import requires
from state.mentor_sessions import LATER, Group, grouped
from state.mentors import seat_marks
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, initials, plain, until

PATH = "/mentor"


@dataclass(frozen=True)
class MenteeFace:
    """A mentee as a row shows one."""

    name: str = ""
    initials: str = ""
    balance: str = ""
    dots: list[bool] = field(default_factory=list[bool])
    seat: str = ""
    tone: str = "quiet"
    seat_word: str = ""
    seat_until: Moment = NEVER
    since: Moment = NEVER
    ends: Moment = NEVER
    no_end: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the page reads: the seats, one part of the mentees, and the next sessions."""

    home: MentorHome
    mentees: Part[MenteeRow]
    upcoming: Part[SessionRow]


def audience(actor: Actor, before: str) -> live.Audience[Dashboard]:
    """The open dashboards of one mentor that show the same part of the mentees."""

    def everything(db: Session) -> Dashboard:
        part = mentor_home.list_mentees(db, actor=actor, before=before or None)
        upcoming = sessions.list_mentors(db, actor=actor, when="upcoming", limit=MOST_ROWS)
        return Dashboard(mentor_home.get_home(db, actor=actor), part, upcoming)

    mentor = actor.mentor_id
    own = {topics.seats(mentor), topics.mentor_sessions(mentor)} if mentor else set[str]()
    return live.Audience(("mentor_home", actor, before), frozenset(own), everything)


class MentorDashboardState(Loads, AppState):
    """The signed-in mentor's next sessions, seats and mentees."""

    page_href: str = ""
    listed: bool = False
    todo: str = ""
    taken: str = ""
    taken_note: str = ""
    over: str = ""
    active: str = ""
    grace: str = ""
    held: str = ""
    waiting: str = ""
    marks: list[bool] = []
    groups: list[Group] = []
    later: str = ""
    mentees: list[MenteeFace] = []
    total: str = ""
    older_href: str = ""
    is_first: bool = True

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read the dashboard."""
        before = plain(self.router.url.query_parameters.get("before", ""), 60)
        with loading(self):
            actor = await self._actor()
            self._show(await live.watch(self, audience(actor, before)))
            self.is_first = not before

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, seen: Dashboard) -> None:
        self._show_seats(seen.home)
        self._show_sessions(seen.upcoming)
        self.mentees = [_mentee(row, self.time_zone) for row in seen.mentees.rows]
        self.total = count(seen.mentees.total or 0, "mentee")
        self.older_href = f"{PATH}?before={seen.mentees.next}" if seen.mentees.next else ""

    def _show_sessions(self, upcoming: Part[SessionRow]) -> None:
        groups = grouped(upcoming.rows, self.time_zone, clock.utc_now())
        self.groups = [group for group in groups if group.title != LATER]
        shown = sum(len(group.rows) for group in self.groups)
        later = (upcoming.total or 0) - shown
        self.later = f"{count(later, 'session')} later" if later else ""

    def _show_seats(self, home: MentorHome) -> None:
        seats = home.seats
        self.page_href = urls.mentor(home.slug)
        self.listed = home.listed
        self.todo = _todo(home)
        self.taken = f"{seats.used} of {seats.capacity}" if seats.capacity else str(seats.used)
        self.taken_note = _taken_note(seats)
        self.over = _over(seats)
        self.active, self.grace, self.held = str(seats.active), str(seats.grace), str(seats.held)
        self.waiting = str(home.waiting)
        self.marks = seat_marks(capacity=seats.capacity, free=seats.free)


def _todo(home: MentorHome) -> str:
    """What is missing before visitors can buy."""
    if not home.headline:
        return "Write a headline, so that visitors see what you help with."
    if not home.packs_on_sale:
        return "Put a pack on sale, so that visitors can buy one."
    if not home.listed:
        return "Your page is ready. The studio lists it, then visitors find you."
    return ""


def _taken_note(seats: SeatUse) -> str:
    if seats.capacity == 0:
        return "You are closed for new mentees"
    return f"{seats.free} free" if seats.free else "All seats are taken"


def _over(seats: SeatUse) -> str:
    if not seats.over_by:
        return ""
    places = count(seats.over_by, "seat")
    return (
        f"You are over your capacity by {places}. Nobody loses a seat; "
        "new mentees can join when enough seats are given back."
    )


def _mentee(row: MenteeRow, zone: str) -> MenteeFace:
    in_grace = row.seat_status is SeatStatus.GRACE
    over = row.grace_ends_at is not None and row.grace_ends_at <= clock.utc_now()
    return MenteeFace(
        name=row.name,
        initials=initials(row.name),
        balance=f"{row.left} of {count(row.total, 'session')} left" if row.total else "none left",
        dots=[place < row.left for place in range(row.total)] if row.total <= 12 else [],
        seat=row.seat_status.value,
        tone="warning" if in_grace else "good",
        seat_word="until " if not over else "was to end ",
        seat_until=date(row.grace_ends_at, zone) if over else until(row.grace_ends_at, zone),
        since=date(row.since, zone),
        ends=date(row.expires_at, zone),
        no_end="no end" if row.total and row.expires_at is None else "",
    )
