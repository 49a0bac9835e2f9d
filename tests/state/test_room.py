"""What the room says and keeps, to each of its two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from services import booking, clock, consent, db, rooms, topics, video
from services.consent import Withdrawn
from services.models import (
    Consent,
    ConsentAnswer,
    Recording,
    RecordingStatus,
    SessionJoin,
    TopicChange,
    User,
)
from services.video import RoomView
from state import room_faces
from state.recording import withdrawn_words
from state.room import NO_TICKET, RoomState, audience
from tests.services.meetings import HOUR, Together, at, session_of, together
from tests.services.recording_rows import a_recording
from tests.services.rows import saved
from tests.support.open_page import OpenPage
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


@pytest.fixture
def session(pair: Together) -> str:
    """One booked session of the pair."""
    [booked] = pair.book(START)
    return booked


def mentees(pair: Together, session: str) -> OpenPage[RoomState]:
    return OpenPage(RoomState, pair.mentee, f"/sessions/{session}/room")


def mentors(pair: Together, session: str) -> OpenPage[RoomState]:
    with db.reading() as reading:
        user = reading.get_one(User, pair.mentor.user_id)
    return OpenPage(RoomState, user, f"/sessions/{session}/room")


def test_before_it_opens_one_sees_oneself_and_when_it_opens(pair: Together, session: str) -> None:
    with clock.at(START - HOUR):
        shown = mentees(pair, session).state
        assert (shown.phase, shown.stage) == ("ready", "early")
        assert shown.times.line.startswith("The room opens at ")
        assert shown.ticket == NO_TICKET
    with clock.at(START - 10 * MINUTE):
        shown = mentees(pair, session).state
        assert (shown.stage, shown.times.line) == ("check", "The session starts in 10 minutes.")


def test_going_in_and_out_is_seen_by_the_other(pair: Together, session: str) -> None:
    with clock.at(START):
        page, other = mentees(pair, session), mentors(pair, session)
        assert other.state.other.absent == "Nora Novak is not here yet."
        assert page.does("enter")[0] == "enter"
        assert (page.state.stage, page.state.ticket.uid, page.state.ticket.other_uid) == (
            "in",
            2,
            1,
        )
        assert page.state.ticket.renew_in == 10 * 60
        other.reconnects()
        assert other.state.other.there
    with clock.at(START + MINUTE):
        page.does("leave")
        assert (page.state.stage, page.state.ticket) == ("check", NO_TICKET)
    with clock.at(START + 4 * MINUTE):
        other.reconnects()
        assert other.state.other.absent == "Nora Novak left 3 minutes ago."


def test_who_loads_the_page_anew_is_in_the_room_again_and_who_had_left_is_not(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
    first = page.state.ticket.token
    with clock.at(START + MINUTE):
        page.reconnects()
        assert page.state.stage == "in"
        assert page.state.ticket.token != first
        assert len(stored(SessionJoin)) == 1
        page.comes_back()
        assert (page.state.stage, page.state.ticket) == ("check", NO_TICKET)
        page.does("enter")
        page.does("leave")
        page.reconnects()
        assert page.state.stage == "check"


def test_a_tab_that_was_inside_goes_in_again_when_the_studio_was_started_anew(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        mentees(pair, session).does("enter")
    with clock.at(START + MINUTE):
        page = mentees(pair, session)  # nothing is known of the tab any more
        assert page.state.stage == "check"
        page.does("come_back")
        assert page.state.stage == "in"
        page.does("leave")
        again = mentees(pair, session)
        again.does("come_back")
        assert again.state.stage == "check"


def test_a_room_that_closes_lets_nobody_stay(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
        booking.cancel(actor=pair.owner, session=session, sequence=0, reason="A train")
        page.does("beat")
    assert page.state.ticket == NO_TICKET
    assert page.state.notice == "This session was canceled."
    with clock.at(START):
        page.reconnects()
    assert page.state.stage == "canceled"


def test_a_call_goes_on_while_the_studio_cannot_be_read(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
        with without_table("consent"):
            page.reconnects()
        assert (page.state.phase, page.state.stage) == ("ready", "in")
        assert page.state.ticket.token
        assert page.state.notice
        page.reconnects()
        assert (page.state.phase, page.state.stage) == ("ready", "in")
        page.does("leave")
        with without_table("consent"):
            page.reconnects()
        assert page.state.phase == "failed", "before the door the page says so"


@contextmanager
def without_table(name: str) -> Iterator[None]:
    with db.transaction() as tx:
        tx.connection().execute(text(f"ALTER TABLE {name} RENAME TO {name}_away"))
    try:
        yield
    finally:
        with db.transaction() as tx:
            tx.connection().execute(text(f"ALTER TABLE {name}_away RENAME TO {name}"))


def test_time_alone_ends_it(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("enter")
    said = list[tuple[str, bool]]()
    for left in (10 * MINUTE, 5 * MINUTE, 4 * MINUTE, MINUTE, 30 * SECOND):
        with clock.at(END - left):
            page.does("tick")
        said.append((page.state.times.last_call, page.state.times.near_the_end))
    assert said == [
        ("", False),
        ("The session ends in 5 minutes.", True),
        ("The session ends in 5 minutes.", True),
        ("The session ends in 1 minute.", True),
        ("The session ends in 1 minute.", True),
    ]
    with clock.at(END):
        page.does("tick")
        assert page.state.stage == "in"
        assert page.state.times.line.startswith("The session is over. The room closes at ")
    with clock.at(END + 15 * MINUTE):
        page.does("tick")
        assert (page.state.stage, page.state.ticket) == ("over", NO_TICKET)


def test_each_answers_whether_it_may_be_recorded_and_reads_the_others_answer(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        page, other = mentees(pair, session), mentors(pair, session)
        assert (page.state.consent.mine, page.state.consent.asks) == ("", True)
        page.does("answer", True)
        assert (page.state.consent.mine, page.state.consent.asks) == ("granted", False)
        other.reconnects()
        assert other.state.consent.theirs == "Nora Novak agreed."
        other.does("answer", False)
        assert other.state.consent.mine == "declined"
        assert other.state.consent.asks, "a no may become a yes"
        page.reconnects()
        assert page.state.consent.theirs == "Mina Mentor does not want to be recorded."
        page.does("ask", True)
        assert page.state.asking
        page.does("withdraw")
        assert (page.state.consent.mine, page.state.asking) == ("withdrawn", False)
        assert page.state.notice == "Your consent is taken back."


def test_all_that_a_room_shows_is_told_by_its_sessions_topic_alone(
    pair: Together, session: str
) -> None:
    topic = topics.session(session_of(session).id)
    assert audience(pair.actor, session, topic).topics == {topic}
    yes: dict[str, Any] = {"granted": True, "text_version": consent.TEXT_VERSION}
    changes: list[Callable[[], object]] = [
        lambda: consent.answer(actor=pair.actor, session=session, **yes),
        lambda: consent.answer(actor=pair.owner, session=session, **yes),
        lambda: video.enter(actor=pair.actor, session=session),
        lambda: video.enter(actor=pair.owner, session=session),  # a recorder is sent in
        lambda: video.leave(actor=pair.owner, session=session),
        lambda: consent.withdraw(actor=pair.actor, session=session),
        lambda: booking.cancel(actor=pair.owner, session=session, sequence=0, reason="A train"),
    ]
    for change in changes:
        said = len(stored(TopicChange))
        with clock.at(START):
            change()
        assert topic in [row.topic for row in stored(TopicChange)[said:]]


def test_an_answer_to_an_older_text_is_none(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.state.consent = replace(page.state.consent, version="1999-01")
        page.does("answer", True)
        assert page.state.notice == "The text has changed. Read it again."
        assert page.state.consent.mine == ""
        assert page.state.consent.version != "1999-01", "it has been read again"


def test_a_yes_that_was_changed_elsewhere_meanwhile_is_read_again(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("answer", True)
        page.does("ask", True)
        with db.transaction() as tx:
            tx.exec(select(Consent)).one().answer = ConsentAnswer.DECLINED
        page.does("withdraw")
    assert (page.state.consent.mine, page.state.asking) == ("declined", False)
    assert page.state.notice == "You have not agreed to a recording of this session."


def test_what_taking_a_yes_back_has_done_is_said() -> None:
    assert withdrawn_words(Withdrawn()) == "Your consent is taken back."
    assert withdrawn_words(Withdrawn(stopped=True, deleted=1)) == (
        "Your consent is taken back. The recorder stops. The recording is being deleted."
    )
    assert "as soon as that hold ends" in withdrawn_words(Withdrawn(held=2))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (RecordingStatus.STARTING, "coming"),
        (RecordingStatus.RECORDING, "on"),
        (RecordingStatus.STOPPING, "leaving"),
        (RecordingStatus.TRANSFERRING, "off"),
    ],
)
def test_the_light_shows_what_the_recorder_does(
    pair: Together, session: str, status: RecordingStatus, state: str
) -> None:
    with clock.at(START):
        a_recording(session_of(session), status=status)
        assert mentees(pair, session).state.light.state == state


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RecordingStatus.STARTING, "Not recording yet"),
        (RecordingStatus.RECORDING, "Recording"),
        (RecordingStatus.STOPPING, "The recording is stopping"),
    ],
)
def test_what_stands_against_a_recorder_is_told_while_it_is_there(
    pair: Together, session: str, status: RecordingStatus, words: str
) -> None:
    trouble = "The video service does not answer."
    with clock.at(START):
        a_recording(session_of(session), status=status, trouble=trouble)
        shown = mentees(pair, session).state.light
    assert (shown.words, shown.trouble) == (words, trouble)


def test_a_recorder_that_failed_is_told_in_words(pair: Together, session: str) -> None:
    with clock.at(START):
        a_recording(
            session_of(session),
            status=RecordingStatus.FAILED,
            trouble="The recorder did not start.",
        )
        shown = mentees(pair, session).state.light
    assert (shown.state, shown.trouble) == ("off", "The recorder did not start.")


def test_somebody_elses_room_looks_like_none(pair: Together, session: str) -> None:
    stranger = saved(User(email="sven@example.com", name="Sven", password_hash="x"))
    shown = OpenPage(RoomState, stranger, f"/sessions/{session}/room").state
    assert (shown.phase, shown.session, shown.other.name) == ("missing", "", "")


def test_an_open_room_says_that_it_is_there_twice_before_it_counts_as_silent() -> None:
    assert 2 * timedelta(milliseconds=room_faces.BEAT_MS) < rooms.SILENT_AFTER


def seen(pair: Together, session: str, when: datetime) -> RoomView:
    with clock.at(when), db.reading() as reading:
        return video.get_room(reading, actor=pair.actor, session=session)


def test_a_yes_to_an_older_text_asks_again(pair: Together, session: str) -> None:
    with clock.at(START):
        page = mentees(pair, session)
        page.does("answer", True)
    view = seen(pair, session, START)
    mine = view.recordings.mine
    assert mine is not None
    assert mine.answer is ConsentAnswer.GRANTED
    others = [one for one in view.recordings.consents if not one.mine]
    older = replace(mine, text_version="1999-01")
    old = replace(view, recordings=replace(view.recordings, consents=(older, *others)))
    face = room_faces.consent(old, START)
    assert (face.mine, face.asks) == ("", True)
    assert not stored(Recording)
