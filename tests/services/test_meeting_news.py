"""What a change of a session tells open pages and whose calendar is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import booking, clock, db, meeting_news, outbox, sessions, topics
from services.models import MentoringSession, TopicChange
from tests.services.meetings import HOUR, Together, at, mails, session_of, together
from tests.support.studio import BEGINNING, stored

START = at(2)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


def published(pair: Together, session: str, since: int) -> bool:
    """Whether everybody who may look at the session has been told since that row."""
    row = session_of(session)
    said = {each.topic for each in stored(TopicChange) if each.id > since}
    return said >= {
        topics.SESSIONS,
        topics.session(row.id),
        topics.mentor_sessions(pair.mentor.id),
        topics.mentee(pair.mentee.id),
    }


def test_every_change_of_a_session_is_told_to_whoever_looks_at_it(pair: Together) -> None:
    [booked] = pair.book(START)

    def last() -> int:
        return stored(TopicChange)[-1].id

    assert published(pair, booked, 0)
    changes = [
        lambda: sessions.set_goals(actor=pair.actor, session=booked, text="Learn"),
        lambda: sessions.save_note(actor=pair.owner, session=booked, shared=True, body="Hello"),
        lambda: booking.reschedule(actor=pair.actor, session=booked, sequence=0, starts_at=at(3)),
        lambda: booking.propose(actor=pair.actor, session=booked, sequence=1, starts_at=at(4)),
    ]
    for change in changes:
        before = last()
        change()
        assert published(pair, booked, before)
    for moment in (at(3), at(3) + HOUR, at(9)):
        before = last()
        with clock.at(moment):
            assert sessions.advance_due() == 1
        assert published(pair, booked, before)


def test_a_private_note_is_nobodys_business(pair: Together) -> None:
    [booked] = pair.book(START)
    before = stored(TopicChange)[-1].id
    sessions.save_note(actor=pair.owner, session=booked, shared=False, body="Hello")
    assert stored(TopicChange)[-1].id == before


def test_telling_the_same_change_twice_is_one_mail_each(pair: Together) -> None:
    [booked] = pair.book(START)
    before = mails()
    with db.transaction() as tx:
        row = tx.get_one(MentoringSession, session_of(booked).id)
        meeting_news.tell_booked(tx, sessions=[row], actor=pair.actor)
        meeting_news.tell_booked(tx, sessions=[], actor=pair.actor)
    assert mails() == before
    assert len(before) == 2


def test_mails_hold_ids_and_no_words_of_people(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.cancel(actor=pair.owner, session=booked, sequence=0, reason="A very private reason")
    while taken := outbox.take(limit=50):
        for message in taken:
            assert "private reason" not in str(message.data)
            assert "Nora" not in str(message.data)
