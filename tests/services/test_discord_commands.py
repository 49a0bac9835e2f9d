"""Slash commands: what one reads, in one's own zone, and what becomes of the others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db
from services.discord.commands import COMMANDS, TOO_LATE
from services.models import (
    InboxEvent,
    InboxStatus,
    Mentor,
    OutboxStatus,
    Pack,
    PackStatus,
    SeatStatus,
    User,
    UserStatus,
)
from tests.services.discords import Club, a_place_with, club, messages, not_sent
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user, onboarded
from tests.support.studio import BEGINNING, stored

__all__ = ["club"]
ANSWER = "/webhooks/*/*/messages/@original"


def test_sessions_lists_the_next_ones_in_the_zone_of_who_asks(club: Club) -> None:
    club.linked()
    row = a_session(club.pack, BEGINNING + timedelta(days=2))

    read = club.answer("sessions")

    assert "Wednesday 4 March 2026, 15:30 to 16:30 (Asia/Kolkata) with Mina Mentor" in read
    assert f"/sessions/{row.public_id}" in read


def test_a_mentor_sees_the_sessions_with_mentees(club: Club) -> None:
    with db.reading() as session:
        mentor = session.get_one(User, club.mentor.user_id)
    theirs = club.discord.account("mina")
    club.link(mentor, theirs)
    a_session(club.pack, BEGINNING + timedelta(days=2))
    assert "10:00 to 11:00 (UTC) with Nora Novak" in club.answer("sessions", theirs)


def test_sessions_says_so_when_there_is_none_ahead_and_when_there_are_more(club: Club) -> None:
    club.linked()
    assert "You have no session ahead" in club.answer("sessions")
    big = a_pack(club.seat, total=10, left=10)
    for day in range(1, 8):
        a_session(big, BEGINNING + timedelta(days=day))
    read = club.answer("sessions")
    assert read.count("•") == 5
    assert "And more:" in read


def test_book_leads_to_the_mentors_whose_sessions_are_left(club: Club) -> None:
    onboarded(club.mentee)
    club.linked()
    a_place_with(club, "Gesa Grace", SeatStatus.GRACE)
    read = club.answer("book")
    assert "with Mina Mentor, 4 sessions to book" in read
    assert "/book/mina-mentor" in read
    assert "Gesa" not in read


def test_book_sends_who_has_not_told_about_themselves_there_first(club: Club) -> None:
    club.linked()
    assert "/onboarding" in club.answer("book")


def test_book_says_so_when_nothing_is_left(club: Club) -> None:
    onboarded(club.mentee)
    club.linked()
    with db.transaction() as session:
        session.get_one(Pack, club.pack.id).reserved = 4
    assert "You have no session to book" in club.answer("book")


def test_book_promises_nothing_that_booking_would_refuse(club: Club) -> None:
    onboarded(club.mentee)
    club.linked()
    away = a_place_with(club, "Mara Away")
    with db.transaction() as session:
        session.get_one(Pack, club.pack.id).paused_at = BEGINNING  # a refund was asked for
        session.get_one(Mentor, away.mentor_id).suspended_at = BEGINNING
    assert "You have no session to book" in club.answer("book")


def test_seat_tells_the_state_what_is_left_and_until_when(club: Club) -> None:
    club.linked()
    with db.transaction() as session:
        session.get_one(Pack, club.pack.id).expires_at = BEGINNING + timedelta(days=45)
    grace = a_seat(club.mentee, a_mentor("Gesa Grace"), SeatStatus.GRACE)
    a_pack(grace, left=0, status=PackStatus.DEPLETED)

    read = club.answer("seat")

    assert "with Mina Mentor: active. 4 sessions left, to be used until 16 April 2026" in read
    assert "with Gesa Grace: yours until 5 March 2026 at 15:30 (Asia/Kolkata)" in read


def test_seat_says_so_where_there_is_none(club: Club) -> None:
    stranger, account = a_user("Stan Stranger"), club.discord.account("stan")
    club.link(stranger, account)
    assert "You have no seat with a mentor" in club.answer("seat", account)


def test_an_account_that_nobody_linked_is_told_how(club: Club) -> None:
    club.person.join()
    for command in COMMANDS:
        assert "/settings/discord" in club.answer(command)


def test_a_suspended_person_is_told_nothing_but_that(club: Club) -> None:
    club.linked()
    with db.transaction() as session:
        session.get_one(User, club.mentee.id).status = UserStatus.SUSPENDED
    read = club.answer("seat")
    assert "suspended" in read
    assert "Mina" not in read


def test_what_people_call_themselves_is_no_layout_in_an_answer(club: Club) -> None:
    club.linked()
    a_place_with(club, "**@everyone** <https://evil.example.com>")
    read = club.answer("seat")
    assert "\\*\\*\\@everyone" in read


def test_a_command_that_comes_twice_is_answered_once(club: Club) -> None:
    club.linked()
    club.type("seat")
    club.studio.send()
    club.studio.send()
    assert len(messages("discord_answer")) == 1
    assert [row.status for row in stored(InboxEvent)] == [InboxStatus.HANDLED]


def test_an_answer_is_tried_again_while_discord_is_away(club: Club) -> None:
    club.linked()
    club.discord.fault(ANSWER, "status", method="PATCH", status=503, times=1)
    assert club.answer("seat") == ""
    club.studio.wait(minutes=1)
    club.studio.send()
    assert "Mina Mentor" in club.person.read()[0]


def test_an_answer_that_comes_after_fifteen_minutes_says_so_on_the_stored_command(
    club: Club,
) -> None:
    club.linked()
    club.type("seat")
    club.studio.wait(minutes=16)
    club.studio.send()

    (event,) = stored(InboxEvent)
    assert (event.status, event.error) == (InboxStatus.HANDLED, TOO_LATE)
    assert not_sent("discord_answer") == []


def test_a_command_that_discord_does_not_know_yet_is_answered_a_moment_later(club: Club) -> None:
    club.linked()
    typed = club.type("seat", known=False)
    club.studio.send()
    assert [status for status, _ in not_sent("discord_answer")] == [OutboxStatus.FAILED]

    club.acknowledge(typed)
    club.studio.wait(seconds=20)
    club.studio.send()

    assert "Mina Mentor" in club.person.read()[0]


def test_a_command_that_discord_does_not_know_any_more_says_so(club: Club) -> None:
    club.linked()
    club.type("seat", known=False)
    club.studio.wait(minutes=2)
    club.studio.send()
    assert [row.error for row in stored(InboxEvent)] == [TOO_LATE]
    assert not_sent("discord_answer") == []


def test_a_command_whose_content_was_forgotten_is_settled(club: Club) -> None:
    club.linked()
    club.type("seat")
    with db.transaction() as session:
        for row in stored(InboxEvent):
            session.get_one(InboxEvent, row.id).payload = ""
    club.studio.send()
    assert not_sent("discord_answer") == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_an_answer_is_shorter_than_discords_longest_message(club: Club, command: str) -> None:
    onboarded(club.mentee)
    club.linked()
    for n in range(12):
        seat = a_place_with(club, f"Mentor with quite a long name, number {n}, of the studio")
        a_session(a_pack(seat), clock.utc_now() + timedelta(days=n + 1))
    assert len(club.answer(command)) <= 2_000
