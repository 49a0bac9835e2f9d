"""What entering and leaving a room proves: who met whom, and who wanted to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from services import clock, db, rooms, sessions, video
from services.audit import Actor
from services.errors import Conflict
from services.models import PackStatus, SessionJoin, SessionStatus
from tests.services.meetings import HOUR, Together, at, session_of, together
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
OPENS = START - timedelta(minutes=15)
CLOSES = END + timedelta(minutes=15)
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


def is_in_the_room(actor: Actor, session: str, since: datetime, until: datetime) -> None:
    """One enters, stays, and leaves."""
    with clock.at(since):
        video.enter(actor=actor, session=session)
    while (since := since + MINUTE) < until:
        with clock.at(since):
            video.beat(actor=actor, session=session)
    with clock.at(until):
        video.leave(actor=actor, session=session)


def goes_to_the_link(actor: Actor, session: str, when: datetime) -> None:
    with clock.at(when):
        sessions.join(actor=actor, session=session)


def ends_as(session: str) -> SessionStatus:
    with clock.at(END):
        sessions.advance_due()
    return session_of(session).status


def somebody_is_there(session: str, when: datetime) -> bool:
    with clock.at(when), db.reading() as reading:
        return rooms.present(reading, session_of(session)) != set()


@pytest.mark.parametrize(
    ("came", "went"),
    [(START + 45 * MINUTE, END - SECOND), (OPENS, OPENS + SECOND)],
)
def test_two_who_were_in_the_room_one_after_the_other_have_held_no_session(
    pair: Together, session: str, came: datetime, went: datetime
) -> None:
    is_in_the_room(pair.actor, session, START, START + 12 * MINUTE)
    is_in_the_room(pair.owner, session, came, went)
    assert ends_as(session) is SessionStatus.UNRESOLVED
    assert pair.now() == (PackStatus.ACTIVE, 4, 1), "the credit stays reserved"


def test_two_who_met_for_a_minute_have_held_their_session(pair: Together, session: str) -> None:
    is_in_the_room(pair.actor, session, START, START + 12 * MINUTE)
    is_in_the_room(pair.owner, session, START + 11 * MINUTE, END - SECOND)
    assert ends_as(session) is SessionStatus.COMPLETED
    assert pair.now() == (PackStatus.ACTIVE, 3, 0)


def test_who_came_back_has_met_whoever_was_there_then(pair: Together, session: str) -> None:
    is_in_the_room(pair.actor, session, START, START + 12 * MINUTE)
    is_in_the_room(pair.owner, session, START + 20 * MINUTE, START + 30 * MINUTE)
    is_in_the_room(pair.actor, session, START + 25 * MINUTE, START + 26 * MINUTE)
    assert ends_as(session) is SessionStatus.COMPLETED


def test_nobody_knows_when_people_leave_the_mentors_own_link(pair: Together, session: str) -> None:
    is_in_the_room(pair.actor, session, START, START + MINUTE / 2)
    goes_to_the_link(pair.actor, session, START + MINUTE / 2)
    goes_to_the_link(pair.owner, session, START + 20 * MINUTE)
    assert ends_as(session) is SessionStatus.COMPLETED


def test_the_room_and_the_link_are_two_places(pair: Together, session: str) -> None:
    with clock.at(START):
        video.enter(actor=pair.actor, session=session)
    goes_to_the_link(pair.actor, session, START + MINUTE)
    with clock.at(START + MINUTE):
        video.leave(actor=pair.actor, session=session)
        with pytest.raises(Conflict):
            video.beat(actor=pair.actor, session=session)
    assert not somebody_is_there(session, START + MINUTE)
    kept = [(entry.seen_at, entry.left_at) for entry in stored(SessionJoin)]
    assert kept == [(START, START + MINUTE), (None, None)]


def test_who_leaves_on_one_device_has_left_on_the_other(pair: Together, session: str) -> None:
    with clock.at(START):
        video.enter(actor=pair.actor, session=session)
        video.enter(actor=pair.actor, session=session)  # on the phone
        video.leave(actor=pair.actor, session=session)
    for act in (video.beat, video.renew):
        with clock.at(START + 20 * SECOND), pytest.raises(Conflict, match="You have left"):
            act(actor=pair.actor, session=session)
    assert not somebody_is_there(session, START + 20 * SECOND)
    with clock.at(START + 30 * SECOND):
        video.enter(actor=pair.actor, session=session)
        video.beat(actor=pair.actor, session=session)
    assert somebody_is_there(session, START + 30 * SECOND)


def test_who_only_fell_silent_is_there_again_with_the_next_word(
    pair: Together, session: str
) -> None:
    with clock.at(START):
        video.enter(actor=pair.actor, session=session)
    with clock.at(START + 5 * MINUTE):
        assert video.sweep_silent() == 1
        video.beat(actor=pair.actor, session=session)
    assert somebody_is_there(session, START + 5 * MINUTE)


@pytest.mark.parametrize("swept", [True, False])
@pytest.mark.parametrize("comes_back", [video.beat, video.renew, video.enter])
def test_who_was_silent_meanwhile_has_met_nobody_who_came_and_went_then(
    pair: Together, session: str, swept: bool, comes_back: Callable[..., object]
) -> None:
    with clock.at(START + MINUTE):
        video.enter(actor=pair.owner, session=session)  # on a phone, and then to another app
    is_in_the_room(pair.actor, session, START + 10 * MINUTE, START + 25 * MINUTE)
    with clock.at(START + 50 * MINUTE):
        if swept:
            assert video.sweep_silent() == 1
        comes_back(actor=pair.owner, session=session)
        video.beat(actor=pair.owner, session=session)
    kept = [(one.joined_at, one.left_at) for one in stored(SessionJoin) if one.id != 2]
    assert kept == [
        (START + MINUTE, START + MINUTE),
        (START + 50 * MINUTE, None),
    ], "one more entry for the gap, and none for each word"
    assert ends_as(session) is SessionStatus.UNRESOLVED


def test_two_who_meet_only_after_the_end_have_held_no_session(pair: Together, session: str) -> None:
    for actor, came in ((pair.actor, START), (pair.owner, START + 20 * MINUTE)):
        is_in_the_room(actor, session, came, came + MINUTE)
    with clock.at(END):
        for actor in (pair.actor, pair.owner):
            video.enter(actor=actor, session=session)
    with clock.at(END + MINUTE):  # the worker was late
        sessions.advance_due()
    assert session_of(session).status is SessionStatus.UNRESOLVED


def test_two_who_only_met_before_the_start_have_held_no_session(
    pair: Together, session: str
) -> None:
    for actor in (pair.actor, pair.owner):
        is_in_the_room(actor, session, OPENS, OPENS + MINUTE)  # to try their devices
    is_in_the_room(pair.actor, session, START, END - MINUTE)
    assert ends_as(session) is SessionStatus.UNRESOLVED


def test_who_waits_at_the_link_has_not_met_whoever_comes_to_the_room(
    pair: Together, session: str
) -> None:
    is_in_the_room(pair.actor, session, START, START + 12 * MINUTE)
    goes_to_the_link(pair.actor, session, START + 12 * MINUTE)
    is_in_the_room(pair.owner, session, START + 50 * MINUTE, START + 52 * MINUTE)
    assert ends_as(session) is SessionStatus.UNRESOLVED


@pytest.mark.parametrize("swept", [True, False])
def test_who_leaves_while_silent_was_there_until_the_last_word_and_wants_to_be_gone(
    pair: Together, session: str, swept: bool
) -> None:
    with clock.at(START):
        video.enter(actor=pair.actor, session=session)
    with clock.at(START + 20 * MINUTE):
        if swept:
            assert video.sweep_silent() == 1
        for _ in range(2):
            video.leave(actor=pair.actor, session=session)
        with pytest.raises(Conflict, match="You have left"):
            video.beat(actor=pair.actor, session=session)
    [entry] = stored(SessionJoin)
    assert entry.left_at == START + timedelta.resolution


def test_less_than_a_second_before_it_closes_the_room_is_closed(
    pair: Together, session: str
) -> None:
    with clock.at(END - MINUTE):
        video.enter(actor=pair.actor, session=session)
    with clock.at(CLOSES - SECOND):
        assert video.renew(actor=pair.actor, session=session).ends_at == CLOSES
    for act in (video.enter, video.renew, video.beat):
        with clock.at(CLOSES - SECOND / 2), pytest.raises(Conflict, match="its room is closed"):
            act(actor=pair.actor, session=session)


def test_the_next_ticket_is_due_at_half_of_ones_time_unless_the_room_closes_first(
    pair: Together, session: str
) -> None:
    for before, due in ((HOUR, -50 * MINUTE), (20 * MINUTE + SECOND, -10 * MINUTE - SECOND)):
        with clock.at(CLOSES - before):
            admitted = video.enter(actor=pair.actor, session=session)
        assert admitted.renew_at == CLOSES + due
    with clock.at(CLOSES - 20 * MINUTE):
        assert video.renew(actor=pair.actor, session=session).renew_at is None
