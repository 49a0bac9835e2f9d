"""Whatever happens to a line, in whatever order: nobody is passed over, and no place lies idle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services import clock, db, locking, seats, waitlist
from services.audit import SYSTEM
from services.errors import Conflict, NotAllowed
from services.ids import WaitlistEntryId
from services.models import (
    Mentor,
    ReleaseReason,
    Seat,
    SeatStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import BEGINNING

STEPS = ("join", "leave", "decline", "take", "free", "first", "back", "suspend", "grow", "wait")
names = count(1)
S = WaitlistStatus


class Line:
    """One mentor's line. What cannot happen now is left out."""

    def __init__(self) -> None:
        number = next(names)
        self.mentor = a_mentor(f"Mentor {number}", capacity=1)
        an_offer(self.mentor)
        self.admin = acting(an_admin(f"Admin {number}"))
        self.people = [a_user(f"Person {number} {place}") for place in range(6)]
        self.takes(self.people[-1])

    def takes(self, person: User) -> None:
        """Somebody has an active seat, without a pack: what keeps it is not this test's matter."""
        with db.transaction() as session:
            session.add(
                Seat(mentee_id=person.id, mentor_id=self.mentor.id, status=SeatStatus.ACTIVE)
            )

    def goes_on(self, step: str, number: int) -> None:
        """Take a step, if it can be taken."""
        getattr(self, f"_{step}")(number)

    def entries(self, *statuses: WaitlistStatus) -> list[WaitlistEntry]:
        """The entries of these states, as they stand in the line."""
        with db.reading() as session:
            found = select(WaitlistEntry).where(
                WaitlistEntry.mentor_id == self.mentor.id,
                col(WaitlistEntry.status).in_(statuses),
            )
            rows = session.exec(found).all()
        return sorted(rows, key=lambda row: (-row.priority, row.joined_at, row.id))

    def _join(self, number: int) -> None:
        person = self.people[number % len(self.people)]
        try:
            with db.transaction() as session:
                waitlist.join(session, actor=acting(person), mentor=self.mentor.slug)
        except NotAllowed:
            pass  # suspended
        except Conflict:
            with db.reading() as session:
                seat = seats.find_unreleased(session, person.id, self.mentor.id)
                mentor = session.get_one(Mentor, self.mentor.id)
                assert seat is not None or seats.has_place(session, mentor)

    def _by_its_person(
        self, status: WaitlistStatus, number: int, work: Callable[..., None]
    ) -> None:
        found = self.entries(status)
        if not found:
            return
        entry = found[number % len(found)]
        person = next(one for one in self.people if one.id == entry.mentee_id)
        with db.transaction() as session:
            work(session, actor=acting(person), entry=entry.public_id)

    def _leave(self, number: int) -> None:
        self._by_its_person(S.WAITING, number, waitlist.leave)

    def _decline(self, number: int) -> None:
        self._by_its_person(S.OFFERED, number, waitlist.decline)

    def _take(self, number: int) -> None:
        found = self.entries(S.OFFERED)
        if found:
            with db.transaction() as session:
                seat = session.get_one(Seat, found[number % len(found)].seat_id)
                locking.lock(session, mentors=[self.mentor.id])
                seats.activate(session, actor=SYSTEM, seat=seat, reason="pack")

    def _free(self, number: int) -> None:
        with db.transaction() as session:
            locking.lock(session, mentors=[self.mentor.id])
            active = select(Seat).where(
                Seat.mentor_id == self.mentor.id, Seat.status == SeatStatus.ACTIVE
            )
            found = session.exec(active.order_by(col(Seat.id))).all()
            if found:
                seat = found[number % len(found)]
                seats.release(session, actor=SYSTEM, seat=seat, reason=ReleaseReason.GRACE_ENDED)

    def _first(self, number: int) -> None:
        found = self.entries(S.WAITING)
        if found:
            entry = found[number % len(found)].public_id
            with db.transaction() as session:
                waitlist.put_first(session, actor=self.admin, entry=entry, reason="a promise")

    def _back(self, number: int) -> None:
        found = self.entries(S.WAITING)
        if found:
            entry = found[number % len(found)].public_id
            with db.transaction() as session:
                waitlist.put_back(session, actor=self.admin, entry=entry)

    def _suspend(self, number: int) -> None:
        """An account is closed, or open again; the sweep follows."""
        person = self.people[number % len(self.people)]
        with db.transaction() as session:
            row = session.get_one(User, person.id)
            closed = row.status is UserStatus.ACTIVE
            row.status = UserStatus.SUSPENDED if closed else UserStatus.ACTIVE
        waitlist.pass_on_idle()

    def _grow(self, number: int) -> None:
        with db.transaction() as session:
            locking.lock(session, mentors=[self.mentor.id])
            session.get_one(Mentor, self.mentor.id).capacity = number % 4
            session.flush()
            seats.fill(session, mentor_id=self.mentor.id)

    def _wait(self, _number: int) -> None:
        """Handled by the test, which owns the clock: here time has passed."""
        waitlist.pass_on_due()

    def is_fair(self) -> None:
        """No place lies idle while somebody could have it, each offer has its seat, and whoever
        waits could not have been offered a place before one who was offered it."""
        with db.reading() as session:
            mentor = session.get_one(Mentor, self.mentor.id)
            taken = seats.count_taken(session, mentor.id)
            waits = seats.anyone_waits(session, mentor.id)
            seated = session.exec(
                select(Seat.mentee_id).where(
                    Seat.mentor_id == mentor.id, Seat.status != SeatStatus.RELEASED
                )
            ).all()
        assert not (waits and taken < mentor.capacity)
        assert len(seated) == len(set(seated))
        offered = self.entries(S.OFFERED)
        assert {entry.mentee_id for entry in offered} <= set(seated)
        assert not {entry.mentee_id for entry in self.entries(S.WAITING)} & set(seated)


@pytest.mark.usefixtures("database")
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), min_size=4, max_size=25)
)
def test_nobody_is_passed_over_whatever_happens(steps: list[tuple[str, int]]) -> None:
    now = BEGINNING
    with clock.at(now):
        line = Line()
    for step, number in steps:
        now += timedelta(hours=25 if step == "wait" else 0, minutes=1)
        with clock.at(now):
            before = line.entries(S.WAITING)
            was_open = {entry.id for entry in before if _may_be_offered(line, entry.mentee_id)}
            line.goes_on(step, number)
            line.is_fair()
            _was_in_order(line, before, was_open)


def _may_be_offered(line: Line, person: int) -> bool:
    with db.reading() as session:
        return session.get_one(User, person).status is UserStatus.ACTIVE


def _was_in_order(line: Line, before: list[WaitlistEntry], was_open: set[WaitlistEntryId]) -> None:
    """Of those who waited before the step, and still could be offered a place after it, the ones
    who have an offer now stood before the ones who have none."""
    now = {entry.id: entry for entry in line.entries(*S)}
    still = [
        now[entry.id].status
        for entry in before
        if entry.id in was_open
        and now[entry.id].status in (S.WAITING, S.OFFERED)
        and now[entry.id].priority == entry.priority
        and _may_be_offered(line, entry.mentee_id)
    ]
    assert still == sorted(still, key=lambda status: status is S.WAITING)
