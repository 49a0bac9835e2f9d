"""Recorders that nobody knows of, or that were taken for gone: they do not stay in the room."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services import clock, db, recordings, rooms
from services.errors import ProviderUnavailable
from services.jobs import pauses
from services.models import ConsentAnswer, RecordingStatus
from services.providers.video import registry
from services.recordings import changing, looking, over, starting, stopping, strays
from tests.services.recorders import Room, fault_start, recorded, room, set_row, started, wanted
from tests.support.agora import Json
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS

__all__ = ["recorded", "room", "wanted"]
WITHDRAWN = ConsentAnswer.WITHDRAWN


def given_up(room: Room, **how: object) -> str:
    """A recorder whose start was not answered, that wrote nothing, and was given up for another
    one; its id, which nobody knows."""
    room.world.behave(**how)
    fault_start(room, "drop_after")
    room.work()
    [first] = room.world.recordings()
    room.world.behave()
    room.wait(290)
    assert room.states == ["failed", "recording"]
    assert (room.rows[0].trouble, room.rows[0].sid) == (over.NEVER_CAME, "")
    return first["id"]


def a_stray(room: Room) -> str:
    """A recorder beside the known one, under a reservation that was tried before; its id."""
    reserved = registry.video().acquire(room.row.channel, 1012)
    set_row(seen={"tried": [{"uid": 1012, "resource_id": reserved.resource_id}]})
    return started(room, reserved)


def has_left(room: Room, sid: str) -> bool:
    return room.world.recording(sid)["left_at"] is not None


def test_one_that_was_given_up_is_sent_away_however_late_it_is_told(wanted: Room) -> None:
    first = given_up(wanted, sends=False)
    assert wanted.at_work() == 2
    wanted.deliver()
    wanted.wait(10)
    assert (has_left(wanted, first), wanted.at_work()) == (True, 1)
    assert wanted.states == ["failed", "recording"]
    assert (wanted.rows[0].trouble, wanted.rows[0].sid) == (over.NEVER_CAME, "")


@pytest.mark.parametrize("withdrawn", [False, True])
def test_one_that_was_given_up_is_found_by_what_it_writes_without_any_notification(
    wanted: Room, withdrawn: bool
) -> None:
    first = given_up(wanted, joining_seconds=320)
    if withdrawn:
        wanted.says(wanted.people[0], WITHDRAWN)
    wanted.wait(100)
    assert (has_left(wanted, first), wanted.at_work()) == (True, 0 if withdrawn else 1)
    assert wanted.rows[0].trouble == over.NEVER_CAME


def test_one_of_an_earlier_number_is_stopped_when_nothing_is_started_any_more(
    wanted: Room,
) -> None:
    fault_start(wanted, "drop_after", times=3)
    wanted.work()
    for _ in starting.RETRIED_AFTER_SECONDS[:-1]:
        following = recordings.next_look()
        assert following is not None
        wanted.move(following)
        wanted.work()
    assert (wanted.row.resource_id, wanted.at_work()) == ("", 1)
    wanted.says(wanted.people[0], WITHDRAWN)
    wanted.wait(120)
    assert (wanted.states, wanted.at_work()) == (["failed"], 0)


def test_of_two_unanswered_starts_the_present_ones_is_kept_and_the_other_leaves(
    wanted: Room,
) -> None:
    earlier = registry.video().acquire(wanted.row.channel, 1010)
    tried = [{"uid": 1010, "resource_id": earlier.resource_id}]
    set_row(uid=1011, seen={"tried": tried})
    stray = started(wanted, earlier)
    wanted.wait(5, works=False)
    fault_start(wanted, "drop_after")
    wanted.wait(120)
    assert (wanted.states, wanted.at_work()) == (["recording"], 1)
    assert has_left(wanted, stray)
    assert wanted.world.recording(wanted.row.sid)["uid"] == "1011"


def test_one_that_turns_up_beside_the_known_one_is_sent_away(recorded: Room) -> None:
    sid, stray = recorded.row.sid, a_stray(recorded)
    recorded.wait(5)
    recorded.deliver()
    recorded.wait(10)
    assert (has_left(recorded, stray), recorded.at_work()) == (True, 1)
    assert (recorded.states, recorded.row.sid) == (["recording"], sid)


def test_one_that_a_notification_was_faster_to_tell_of_than_its_start_stays(wanted: Room) -> None:
    resource = registry.video().acquire(wanted.row.channel, wanted.row.uid).resource_id
    set_row(resource_id=resource)
    turn, now = looking.take(wanted.row.id), clock.utc_now()
    assert turn is not None

    def start() -> str:
        with clock.at(now):
            return starting.attempt(turn)

    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as tx:
            row, _ = changing.locked(tx, turn.row.id)
            answer = pool.submit(start)
            [begun] = eventually(wanted.world.recordings)
            row.sid, row.status = begun["id"], RecordingStatus.RECORDING
            row.started_at = row.recording_at = now
        assert answer.result() == f"started as {begun['id']}"
    wanted.wait(60)
    assert (wanted.states, wanted.at_work()) == (["recording"], 1)


def eventually(look: Callable[[], list[Json]]) -> list[Json]:
    """What there is as soon as there is any."""
    ends = time.monotonic() + 20
    while not (found := look()) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


def test_one_that_comes_back_when_it_was_taken_for_gone_is_stopped_without_any_notification(
    room: Room,
) -> None:
    room.world.behave(moves_after=30, moving_seconds=200)
    room.agree()
    room.enter()
    room.wait(10)
    room.world.behave()
    room.wait(190)
    assert (room.states, room.at_work()) == (["transferring", "recording"], 2)
    room.wait(100)
    assert (room.at_work(), has_left(room, room.rows[0].sid)) == (1, True)


def test_a_refused_start_does_not_keep_strays_in_the_room(wanted: Room) -> None:
    stray = a_stray(wanted)
    wanted.world.app(enabled=False)
    wanted.work()
    wanted.world.app(enabled=True)
    with db.reading() as reading:
        assert pauses.paused_kinds(reading) == {starting.KIND}
    wanted.wait(5)
    wanted.deliver()
    wanted.work()
    assert has_left(wanted, stray)


def test_one_that_is_about_to_move_is_told_to_leave_until_it_hears_it(recorded: Room) -> None:
    recorded.world.behave(moves_after=0, moving_seconds=20)
    stray = a_stray(recorded)
    row = recorded.row
    resource = row.seen["tried"][0]["resource_id"]

    def told(attempt: int) -> str:
        return recordings.stop_other(
            recording=row.public_id, sid=stray, uid=1012, resource=resource, attempt=attempt
        )

    with pytest.raises(ProviderUnavailable):
        told(1)
    assert told(stopping.TOLD_AT_MOST) == "was_over"
    recorded.move(clock.utc_now() + timedelta(seconds=21))
    assert told(2) == "stopped"
    assert has_left(recorded, stray)
    recorded.move(rooms.closes_at(recorded.session) + stopping.SURELY_LEFT_AFTER)
    assert told(1) == "it must have left"


def test_how_long_a_recorder_may_still_write_is_known_until_its_ticket_has_ended(
    wanted: Room,
) -> None:
    given_up(wanted, sends=False)
    first, second = wanted.rows
    ends = rooms.closes_at(wanted.session) + stopping.SURELY_LEFT_AFTER
    assert strays.until(first, wanted.session) == ends
    assert strays.until(second, wanted.session) is None
    assert [row.id for row in recordings.list_strays()] == [first.id]
    wanted.move(ends)
    assert recordings.list_strays() == []


def test_once_the_time_is_over_none_is_begun_any_more(recorded: Room) -> None:
    stray = a_stray(recorded)
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    assert recordings.stop_strays(seconds=0) == 0
    assert not has_left(recorded, stray)
    assert recordings.stop_strays() == 1


def test_one_that_cannot_be_told_to_leave_hides_no_other(recorded: Room) -> None:
    stray = a_stray(recorded)
    [known] = recorded.row.seen["tried"]
    set_row(seen={"tried": [{"uid": 1011, "resource_id": "unanswered"}, known]})
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    recorded.world.fault("*/resourceid/unanswered/*", "status", times=20)
    assert recordings.stop_strays() == 1
    assert has_left(recorded, stray)


def test_one_that_was_taken_for_gone_is_stopped_while_its_store_does_not_answer(
    recorded: Room,
) -> None:
    a_stray(recorded)
    row = recorded.row
    seen = {**row.seen, strays.LOST: True}
    set_row(seen=seen, status=RecordingStatus.TRANSFERRING, source="nowhere")
    assert recordings.stop_strays() == 1
    assert has_left(recorded, row.sid)


def test_one_that_was_taken_for_gone_under_another_ones_reservation_is_stopped(
    recorded: Room,
) -> None:
    """After ten reservations their numbers in the channel are all the same."""
    row, stray = recorded.row, a_stray(recorded)
    seen = {**recorded.row.seen, strays.LOST: True}
    set_row(sid=stray, status=RecordingStatus.TRANSFERRING, seen=seen)
    assert recorded.row.resource_id == row.resource_id
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    recordings.stop_strays()
    assert has_left(recorded, stray)


def test_while_nobody_answers_they_are_looked_for_again(recorded: Room) -> None:
    stray = a_stray(recorded)
    recorded.move(clock.utc_now() + timedelta(seconds=5))
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        assert recordings.stop_strays() == 0
    assert recordings.stop_strays() == 1
    assert has_left(recorded, stray)
    assert recordings.stop_strays() == 0
