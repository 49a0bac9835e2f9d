"""What mentors do to our events in their calendar: they are asked once, and the session stands."""

from __future__ import annotations

import pytest

from services import calendar, clock
from services.calendar import deviations, tokens
from services.errors import NotFound
from services.models import ConnectedCalendar, MentoringSession, SessionStatus
from tests.services.calendars import Desk, acting_mentee, desk
from tests.support.google import utc
from tests.support.studio import stored

__all__ = ["desk"]


def _asked(desk: Desk) -> list[str]:
    desk.later(minutes=3)
    desk.studio.send()
    return desk.studio.mails("mina.mentor@example.com")


def _status(meeting: MentoringSession) -> tuple[SessionStatus, object]:
    [row] = [each for each in stored(MentoringSession) if each.id == meeting.id]
    return row.status, row.starts_at


def test_a_mentor_who_deletes_the_event_is_asked_once_and_the_session_stands(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.delete(desk.google.standing()[0]["id"])
    assert _asked(desk) == ["Your session with Nora Novak: what do you mean?"]
    assert len(_asked(desk)) == 1
    assert _status(meeting) == (SessionStatus.SCHEDULED, utc(10, 9))
    [question] = desk.view().questions
    assert (question.session, question.moved_to) == (meeting.public_id, None)
    calendar.put_back(actor=desk.actor, event=question.public_id)
    calendar.put_back(actor=desk.actor, event=question.public_id)
    desk.studio.send()
    assert len(desk.google.standing()) == 1
    assert len(_asked(desk)) == 1
    assert desk.view().questions == ()


def test_a_mentor_who_moves_the_event_is_asked_and_moving_it_back_is_an_answer(
    desk: Desk,
) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    [event] = desk.google.standing()
    desk.google.move(event["id"], utc(11, 14))
    assert len(_asked(desk)) == 1
    assert desk.view().questions[0].moved_to == utc(11, 14)
    assert _status(meeting) == (SessionStatus.SCHEDULED, utc(10, 9))
    desk.google.move(event["id"], utc(10, 9))
    desk.later(minutes=3)
    assert desk.view().questions == ()


def test_moving_the_session_itself_answers_the_question(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.move(desk.google.standing()[0]["id"], utc(11, 14))
    _asked(desk)
    desk.move(meeting, utc(11, 14))
    desk.studio.send()
    assert len(_asked(desk)) == 1
    assert desk.view().questions == ()


def test_our_own_changes_are_no_questions(desk: Desk) -> None:
    desk.connect()
    moved, canceled = desk.book(utc(10, 9)), desk.book(utc(11, 9))
    desk.studio.send()
    desk.later(minutes=3)
    desk.move(moved, utc(12, 9))
    desk.cancel(canceled)
    desk.later(minutes=3)  # Google still shows the old time: a write is under way
    desk.studio.send()
    assert _asked(desk) == []


def test_a_deletion_is_found_although_the_sync_token_was_over(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.later(minutes=3)
    desk.google.delete(desk.google.standing()[0]["id"])
    desk.google.expire_sync()
    assert len(_asked(desk)) == 1
    desk.google.expire_sync()
    assert len(_asked(desk)) == 1


def test_nobody_answers_for_somebody_else(desk: Desk) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.delete(desk.google.standing()[0]["id"])
    _asked(desk)
    with pytest.raises(NotFound):
        calendar.put_back(actor=acting_mentee(desk), event=desk.view().questions[0].public_id)


def test_a_question_about_a_session_that_is_over_is_not_mailed(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.delete(desk.google.standing()[0]["id"])
    desk.later(minutes=3)
    desk.cancel(meeting)
    desk.studio.wait(minutes=1)
    assert _asked(desk) == []


def test_an_event_put_back_while_nothing_is_connected_comes_back_with_the_connection(
    desk: Desk,
) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.delete(desk.google.standing()[0]["id"])
    _asked(desk)
    desk.google.revoke()
    desk.later(minutes=3)
    calendar.put_back(actor=desk.actor, event=desk.view().questions[0].public_id)
    desk.studio.send()
    assert (desk.google.standing(), desk.view().waiting) == ([], 1)
    desk.connect()
    desk.studio.send()
    assert (len(desk.google.standing()), desk.view().waiting) == (1, 0)


def test_a_reading_that_began_before_a_write_of_ours_asks_nothing(desk: Desk) -> None:
    desk.connect()
    meeting = desk.book(utc(10, 9))
    desk.studio.send()
    desk.studio.wait(minutes=1)
    own, connection, began = stored(ConnectedCalendar)[0], desk.connection().id, clock.utc_now()
    old = tokens.asking(connection, lambda there: deviations.changes_in(there, own))
    assert old is not None
    desk.move(meeting, utc(11, 9))
    desk.studio.send()
    deviations.apply(connection, own, old, began=began)
    assert desk.view().questions == ()
    desk.google.delete(desk.google.standing()[0]["id"])
    assert len(_asked(desk)) == 1


def test_a_session_made_longer_in_the_calendar_is_asked_about_in_its_own_words(
    desk: Desk,
) -> None:
    desk.connect()
    desk.book(utc(10, 9))
    desk.studio.send()
    desk.google.move(desk.google.standing()[0]["id"], utc(10, 9), hours=2)
    assert len(_asked(desk)) == 1
    [question] = desk.view().questions
    assert question.moved_to == question.starts_at
    assert "changed how long your session" in desk.last_mail("mina.mentor@example.com")
