"""A day and an hour before a session: once, in time, and not when it makes no sense any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import booking, clock, db, sessions
from services.models import MentoringSession, Notification, User, UserStatus
from services.reminders import sending
from services.reminders.sessions import AHEAD, BEGUN, JUST_TOLD, SOON, SOON_INSTEAD
from tests.services.meetings import DAY, HOUR, Together, at, session_of, together
from tests.services.reminding import SENT, SUPPRESSED, left_out, mailed, noted, reasons, rung
from tests.support.studio import BEGINNING, stored

START = at(3)
SOON_COMES = "the next reminder takes its place: the session begins soon"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A mentee in Kathmandu with a mentor in New York."""
    with clock.at(BEGINNING):
        found = together()
        with db.transaction() as tx:
            tx.get_one(User, found.mentee.id).time_zone = "Asia/Kathmandu"
            tx.get_one(User, found.mentor.user_id).time_zone = "America/New_York"
        yield found


def both(pair: Together, kind: str, outcome: object = SENT) -> list[tuple[str, int, object]]:
    """The two lines of the book that one reminder makes."""
    return [(kind, pair.mentee.id, outcome), (kind, pair.mentor.user_id, outcome)]


def test_both_people_are_reminded_a_day_and_an_hour_before_and_once_each(pair: Together) -> None:
    pair.book(START)
    with clock.at(START - DAY - MINUTE):
        assert sending.send_due() == 0
    with clock.at(START - DAY):
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        assert noted() == both(pair, AHEAD)
        nora, mina = mailed(AHEAD)
    assert nora.subject == "Reminder: your session with Mina Mentor on Thursday 5 March at 17:45"
    assert "Thursday 5 March 2026, 17:45 to 18:45 (Asia/Kathmandu)" in nora.text
    assert "Thursday 5 March 2026, 07:00 to 08:00 (America/New_York)" in mina.text
    with clock.at(START - HOUR):
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        assert [letter.subject for letter in mailed(SOON)] == [
            "Starting soon: your session with Mina Mentor at 17:45",
            "Starting soon: your session with Nora Novak at 07:00",
        ]
    assert noted() == [*both(pair, AHEAD), *both(pair, SOON)]
    assert rung(AHEAD) == rung(SOON) == [pair.mentee.id, pair.mentor.user_id]


def test_the_line_in_the_app_says_the_readers_own_time(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(START - DAY):
        sending.send_due()
    lines = {row.user_id: row for row in stored(Notification) if row.kind == AHEAD}
    assert "17:45 to 18:45 (Asia/Kathmandu)" in lines[pair.mentee.id].body
    assert "07:00 to 08:00 (America/New_York)" in lines[pair.mentor.user_id].body
    assert lines[pair.mentee.id].href == f"/sessions/{booked}"


def test_a_mail_says_until_when_the_mentee_may_change_only_while_that_is_so(pair: Together) -> None:
    pair.book(START)
    with clock.at(START - DAY):
        sending.send_due()
        nora, mina = mailed(AHEAD)
    assert "too late to move it now" in nora.text
    assert "too late" not in mina.text
    with clock.at(START - DAY - MINUTE):
        nora, _ = mailed(AHEAD)
    assert "move or cancel it until 4 March 2026 at 17:45 (Asia/Kathmandu)" in nora.text


def test_the_mentor_reads_what_the_session_is_about(pair: Together) -> None:
    [booked] = pair.book(START)
    with db.transaction() as tx:
        tx.get_one(MentoringSession, session_of(booked).id).goals = "My first chapter"
    with clock.at(START - DAY):
        sending.send_due()
        nora, mina = mailed(AHEAD)
    assert 'Nora Novak wrote what it is about: "My first chapter"' in mina.text
    assert "My first chapter" not in nora.text


def test_a_moved_session_is_reminded_of_at_its_new_time_and_the_old_mails_are_left_out(
    pair: Together,
) -> None:
    [booked] = pair.book(START)
    with clock.at(START - DAY):
        sending.send_due()
        moved_to = START + 2 * DAY
        booking.reschedule(
            actor=pair.owner, session=booked, sequence=0, starts_at=moved_to, reason="A train"
        )
        assert sending.send_due() == 0
        assert left_out(AHEAD) == ["the session was moved since"] * 2
    with clock.at(moved_to - DAY):
        assert sending.send_due() == 1
        assert [letter.subject for letter in mailed(AHEAD)] == [
            "Reminder: your session with Mina Mentor on Saturday 7 March at 17:45",
            "Reminder: your session with Nora Novak on Saturday 7 March at 07:00",
        ]
    assert noted(AHEAD) == both(pair, AHEAD) * 2


def test_a_session_booked_at_short_notice_is_reminded_of_once_only(pair: Together) -> None:
    [booked] = pair.book(START)
    soon = START - 20 * HOUR
    with clock.at(soon):
        booking.reschedule(
            actor=pair.owner,
            session=booked,
            sequence=0,
            starts_at=START + HOUR,
            reason="A train",
        )
        assert sending.send_due() == 1
        assert reasons() == [JUST_TOLD] * 2
    with clock.at(START):
        assert sending.send_due() == 1
    assert noted() == [*both(pair, AHEAD, SUPPRESSED), *both(pair, SOON)]


def test_a_canceled_session_is_not_reminded_of_and_a_waiting_mail_is_left_out(
    pair: Together,
) -> None:
    first, second = pair.book(START, START + DAY)
    booking.cancel(actor=pair.actor, session=first, sequence=0)
    with clock.at(START - DAY):
        assert sending.send_due() == 0
    with clock.at(START):
        assert sending.send_due() == 1
        booking.cancel(actor=pair.owner, session=second, sequence=0, reason="I am ill")
        assert mailed(AHEAD) == []
        assert left_out(AHEAD) == ["the session does not take place any more"] * 2
    with clock.at(START + DAY - HOUR):
        assert sending.send_due() == 0


def test_a_mail_that_could_not_leave_before_the_session_began_is_left_out(pair: Together) -> None:
    pair.book(START)
    with clock.at(START - HOUR):
        sending.send_due()
    with clock.at(START):
        assert mailed(SOON) == []
        assert left_out(SOON) == ["the session has begun"] * 2


def test_after_an_outage_of_the_mails_alone_one_of_the_two_reminders_leaves(
    pair: Together,
) -> None:
    pair.book(START)
    for before in (DAY, HOUR):
        with clock.at(START - before):
            sending.send_due()
    with clock.at(START - 30 * MINUTE):
        assert mailed(AHEAD) == []
        assert left_out(AHEAD) == [SOON_COMES] * 2
        assert len(mailed(SOON)) == 2


def test_after_an_outage_one_reminder_goes_out_and_what_it_replaces_says_so(
    pair: Together,
) -> None:
    pair.book(START, START + 23 * HOUR)
    with clock.at(START - DAY - MINUTE):
        assert sending.send_due() == 0
    with clock.at(START - 20 * MINUTE):  # nobody had asked since
        assert sending.send_due() == 3
        assert sending.send_due() == 0
    assert noted(SOON) == both(pair, SOON)
    assert noted(AHEAD) == [*both(pair, AHEAD, SUPPRESSED), *both(pair, AHEAD)]
    assert reasons() == [SOON_INSTEAD] * 2
    assert rung(SOON) == [pair.mentee.id, pair.mentor.user_id]


def test_a_session_that_began_while_the_worker_was_away_is_noted_as_too_late(
    pair: Together,
) -> None:
    pair.book(START)
    with clock.at(START + MINUTE):
        assert sending.send_due() == 2
        sessions.advance_due()
        assert sending.send_due() == 0
    assert reasons() == [BEGUN] * 4
    assert mailed(AHEAD) == mailed(SOON) == []
    assert rung(AHEAD) == rung(SOON) == []


def test_a_suspended_person_is_told_nothing_and_the_other_one_is(pair: Together) -> None:
    pair.book(START)
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).status = UserStatus.SUSPENDED
    with clock.at(START - DAY):
        assert sending.send_due() == 1
    assert noted() == [
        (AHEAD, pair.mentee.id, SUPPRESSED),
        (AHEAD, pair.mentor.user_id, SENT),
    ]
    assert [letter.to for letter in mailed(AHEAD)] == ["mina.mentor@example.com"]


@pytest.mark.usefixtures("pair")
def test_with_nothing_due_nothing_is_written() -> None:
    assert sending.send_due() == 0
    assert noted() == []
