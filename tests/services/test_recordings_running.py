"""When a recorder is sent into a room, and when it is told to leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import update

from services import clock, costs, db, locking, recordings, rooms
from services.config import settings
from services.models import (
    ConsentAnswer,
    MentoringSession,
    OutboxMessage,
    Recording,
    RecordingStatus,
    SessionJoin,
    SessionStatus,
    Usage,
)
from services.recordings import changing, over, running
from tests.chaos import crowd
from tests.services.meetings import audited
from tests.services.recorders import Room, recorded, room
from tests.services.rows import saved
from tests.support.studio import stored

__all__ = ["recorded", "room"]
GRANTED, WITHDRAWN = ConsentAnswer.GRANTED, ConsentAnswer.WITHDRAWN
CROWD = 8


def test_a_session_is_recorded_from_the_moment_that_both_are_there_and_agree(room: Room) -> None:
    room.enter(room.people[0])
    room.agree()
    assert room.states == []
    room.enter(room.people[1])
    assert room.states == ["starting"]
    room.wait(10)
    row = room.row
    assert (room.states, room.at_work()) == (["recording"], 1)
    assert row.recording_at is not None
    assert row.recording_at >= row.began_at
    room.wait(600)
    room.leave()
    room.wait(120)
    row = room.row
    assert (row.status.value, row.stop_reason, room.at_work()) == ("transferring", running.EMPTY, 0)
    assert room.files() == ["playlist", "segment", "segment", "video"]
    assert row.keep_until == room.session.ends_at + timedelta(days=settings().recording_days)
    assert audited(row.public_id) == [
        "recording.began",
        "recording.started",
        "recording.recording",
        "recording.stop_asked",
        "recording.stopped",
        "recording.gathered",
    ]


def test_its_minutes_are_measured_and_noted_once(recorded: Room) -> None:
    recorded.wait(600)
    recorded.leave()
    recorded.wait(300)
    [used] = [row for row in stored(Usage) if row.place == costs.RECORDER]
    assert used.key == f"recorded:{recorded.row.public_id}"
    assert used.amount == recorded.row.seconds
    assert 600 <= used.amount <= 720


def test_it_begins_as_soon_as_the_room_is_open_and_not_before(room: Room) -> None:
    with db.transaction() as tx:
        later = clock.utc_now() + timedelta(minutes=settings().join_minutes, seconds=30)
        tx.exec(
            update(MentoringSession).values(starts_at=later, ends_at=later + timedelta(hours=1))
        )
    room.agree()
    room.enter()
    assert room.states == []
    room.wait(31)
    room.reconsider()
    assert room.states == ["starting"]


CANCELED = [
    {"status": SessionStatus.CANCELED},
    {"status": SessionStatus.MENTEE_NO_SHOW, "late": True},
]


@pytest.mark.parametrize("how", CANCELED, ids=["in_time", "late"])
def test_a_session_that_was_canceled_is_not_recorded(room: Room, how: dict[str, object]) -> None:
    with db.transaction() as tx:
        tx.exec(update(MentoringSession).values(**how, canceled_at=clock.utc_now()))
    room.agree()
    room.enter()
    assert room.states == []


def test_one_that_was_settled_is_recorded_in_the_margin(room: Room) -> None:
    with db.transaction() as tx:
        tx.exec(update(MentoringSession).values(status=SessionStatus.COMPLETED))
    room.agree()
    room.enter()
    assert room.states == ["starting"]


def test_after_the_margin_nothing_is_recorded(room: Room) -> None:
    room.agree()
    room.wait_until(rooms.closes_at(room.session), works=False)
    room.enter()
    assert room.states == []


def test_while_one_person_has_gone_for_a_moment_the_recorder_stays(recorded: Room) -> None:
    recorded.leave(recorded.people[1])
    recorded.wait(300)
    assert recorded.states == ["recording"]
    recorded.leave(recorded.people[0])
    recorded.wait(40)
    recorded.enter(recorded.people[1])
    recorded.wait(60)
    assert (recorded.states, recorded.at_work()) == (["recording"], 1)


@pytest.mark.parametrize("politely", [True, False])
def test_when_nobody_is_there_for_a_minute_it_leaves(recorded: Room, politely: bool) -> None:
    if politely:
        recorded.leave()
    recorded.fall_silent()
    recorded.wait(55)
    assert recorded.states == ["recording"]
    recorded.wait(60)
    assert (recorded.row.stop_reason, recorded.at_work()) == (running.EMPTY, 0)


def test_at_the_end_of_the_margin_it_leaves_although_they_talk_on(recorded: Room) -> None:
    recorded.wait_until(rooms.closes_at(recorded.session) - timedelta(seconds=90), works=False)
    recorded.wait(50)
    assert recorded.states == ["recording"]
    recorded.wait(120)
    assert (recorded.row.stop_reason, recorded.at_work()) == (running.OVER, 0)


@pytest.mark.parametrize("how", CANCELED, ids=["in_time", "late"])
def test_a_session_that_is_canceled_while_it_runs_is_recorded_no_longer(
    recorded: Room, how: dict[str, object]
) -> None:
    with db.transaction() as tx:
        tx.exec(update(MentoringSession).values(**how, canceled_at=clock.utc_now()))
    assert recordings.check_due() == 1
    assert recordings.check_due() == 0
    recorded.work()
    assert (recorded.row.stop_reason, recorded.at_work()) == (running.CANCELED, 0)


def test_a_yes_that_is_taken_back_stops_it_and_a_new_one_sends_in_another(recorded: Room) -> None:
    recorded.says(recorded.people[1], WITHDRAWN)
    assert recorded.states == ["stopping"]
    recorded.says(recorded.people[1], GRANTED)
    assert recorded.states == ["stopping"]
    recorded.wait(60)
    assert recorded.states == ["transferring", "recording"]
    assert [row.number for row in recorded.rows] == [1, 2]
    assert (
        len({row.uid for row in recorded.rows}) == len({row.prefix for row in recorded.rows}) == 2
    )
    assert recorded.at_work() == 1


def test_a_new_version_of_the_text_asks_anew_but_ends_no_recording_that_runs(
    recorded: Room,
) -> None:
    for person in recorded.people:
        recorded.says(person, GRANTED, version="2020-01")
    recorded.wait(60)
    assert recorded.states == ["recording"]
    recorded.leave()
    recorded.wait(140)
    recorded.enter()
    assert recorded.states == ["transferring"]


def test_three_recorders_that_never_came_are_followed_by_no_fourth(room: Room) -> None:
    room.world.behave(joins=False)
    room.agree()
    room.enter()
    room.wait(600)
    assert room.states == ["failed"] * running.FAILED_IN_A_ROW
    assert {row.trouble for row in room.rows} == {over.NEVER_CAME}
    assert [row.uid for row in room.rows] == [1010, 1020, 1030]


def test_a_session_gets_only_so_many_recorders(room: Room) -> None:
    for number in range(1, running.MOST_RECORDERS + 1):
        a_past_recording(room, number)
    room.agree()
    room.enter()
    assert len(room.rows) == running.MOST_RECORDERS


@pytest.mark.parametrize(
    ("reason", "another"),
    [(over.NEVER_CAME, False), (running.EMPTY, True), (running.NOT_ALLOWED, True)],
)
def test_recorders_that_people_sent_away_do_not_count_as_failed(
    room: Room, reason: str, another: bool
) -> None:
    for number in range(1, running.FAILED_IN_A_ROW + 1):
        a_past_recording(room, number, status=RecordingStatus.FAILED, stop_reason=reason)
    room.agree()
    room.enter()
    assert room.states == ["failed"] * running.FAILED_IN_A_ROW + ["starting"] * another


def a_past_recording(
    room: Room,
    number: int,
    status: RecordingStatus = RecordingStatus.READY,
    stop_reason: str = "",
) -> None:
    now = clock.utc_now()
    saved(
        Recording(
            session_id=room.session_id,
            number=number,
            status=status,
            stop_reason=stop_reason,
            channel="x",
            uid=running.uid_for(number, 0),
            source="rec",
            prefix=f"past{number}",
            began_at=now,
            keep_until=now,
        )
    )


# Races


def reconsidered(room: Room, moment: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """One of the many things that may send a recorder in, in a thread of its own."""
    now = clock.utc_now()

    def run() -> None:
        with clock.at(now), db.transaction() as tx:
            row = tx.get_one(MentoringSession, room.session_id)
            moment()
            locking.lock_session(tx, row)
            recordings.reconsider(tx, session=row)

    return run


def ready_to_record(room: Room) -> None:
    """Both are there and agree, and nobody has noticed yet."""
    room.agree()
    room.enter(room.people[0])
    now = clock.utc_now()
    with db.transaction() as tx:
        tx.add(
            SessionJoin(
                session_id=room.session_id, user_id=room.people[1], joined_at=now, seen_at=now
            )
        )


def test_many_who_notice_at_once_that_a_recorder_is_wanted_send_in_one(room: Room) -> None:
    ready_to_record(room)
    results = crowd.together([reconsidered(room)] * CROWD)
    assert not [each for each in results if isinstance(each, Exception)]
    assert room.states == ["starting"]
    assert [row.kind for row in stored(OutboxMessage) if row.kind == "recording_start"] == [
        "recording_start"
    ]


def unlocked(room: Room, looked: threading.Barrier) -> Callable[[], bool]:
    """Somebody who looks before anybody writes, and has no lock: the database is the last guard."""
    now = clock.utc_now()

    def run() -> bool:
        with clock.at(now):
            with db.reading() as reading:
                row = reading.get_one(MentoringSession, room.session_id)
                assert not changing.find_running(reading, row)
            looked.wait()
            with db.transaction() as tx:
                return running.begin(tx, session=row)

    return run


def without(*indexes: str) -> None:
    with db.transaction() as tx:
        for index in indexes:
            tx.connection().execute(text(f"DROP INDEX {index}"))


def test_without_the_lock_the_index_alone_keeps_the_second_recorder_out(room: Room) -> None:
    ready_to_record(room)
    without("uq_recording_number")
    looked = threading.Barrier(CROWD, timeout=crowd.PATIENCE_SECONDS)
    results = crowd.together([unlocked(room, looked)] * CROWD)
    assert results.count(True) == 1
    assert room.states == ["starting"]


def test_control_without_the_index_there_would_be_several(room: Room) -> None:
    ready_to_record(room)
    without("uq_recording_number", "uq_recording_running")
    looked = threading.Barrier(CROWD, timeout=crowd.PATIENCE_SECONDS)
    crowd.together([unlocked(room, looked)] * CROWD)
    assert len(room.states) > 1
