"""Watching recorders: the video service's answers, its silence, and how each of them ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from annotated_types import Le
from sqlmodel import col, update

from services import clock, db, recordings, rooms
from services.config import Settings
from services.models import ConsentAnswer, Recording, RecordingFile
from services.recordings import looking, over, running, stopping, watching
from tests.services.recorders import Room, a_notice, recorded, room
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS, stored

__all__ = ["recorded", "room"]
WITHDRAWN = ConsentAnswer.WITHDRAWN


def behaving(room: Room, **how: object) -> Room:
    """A room whose recorder records, and behaves like this."""
    room.world.behave(**how)
    room.agree()
    room.enter()
    room.wait(10)
    room.world.behave()
    return room


def test_one_that_takes_its_time_to_come_is_waited_for(room: Room) -> None:
    behaving(room, joining_seconds=60)
    assert room.states == ["starting"]
    room.wait(70)
    assert (room.states, room.at_work()) == (["recording"], 1)
    assert room.row.recording_at is not None
    came = room.row.recording_at - room.row.began_at
    assert timedelta(seconds=60) <= came < timedelta(seconds=70)


def test_one_that_has_not_come_within_ninety_seconds_is_given_up(room: Room) -> None:
    behaving(room, joining_seconds=3_600)
    room.wait(78)
    assert room.states == ["starting"]
    room.wait(20)
    assert room.rows[0].stop_reason == over.NEVER_CAME
    room.wait(30)
    assert (room.states, room.rows[0].trouble) == (["failed", "recording"], over.NEVER_CAME)
    assert room.at_work() == 1


def test_one_that_moves_to_another_server_is_unknown_for_a_moment_and_found_again(
    room: Room,
) -> None:
    behaving(room, moves_after=30, moving_seconds=40)
    room.wait(35)
    assert (room.states, room.row.absent_since is not None) == (["recording"], True)
    room.wait(60)
    assert (room.states, room.row.absent_since) == (["recording"], None)
    room.leave()
    room.wait(120)
    assert room.states == ["transferring"]
    names = [row.name for row in stored(RecordingFile)]
    assert any(name.startswith("bak0_") for name in names)
    assert len(names) == 8


def test_one_that_is_unknown_for_longer_has_left_and_another_one_comes(room: Room) -> None:
    behaving(room, moves_after=30, moving_seconds=3_600)
    room.wait(200)
    assert room.states == ["transferring", "recording"]
    first = room.rows[0]
    assert first.stop_reason == over.BY_ITSELF
    assert first.recording_at and first.stopped_at
    assert 20 <= (first.stopped_at - first.recording_at).total_seconds() <= 60


def test_one_that_comes_back_after_that_is_sent_away(room: Room) -> None:
    behaving(room, moves_after=30, moving_seconds=150)
    room.wait(145)
    room.lose()
    room.wait(60)
    assert room.states == ["transferring", "recording"]
    first, second = room.rows
    room.receive(a_notice(12, sid=first.sid, channel=first.channel, uid=first.uid, newUid=4711))
    room.deliver()
    room.wait(30)
    assert room.world.recording(first.sid)["stop_at"] is not None
    assert room.world.recording(second.sid)["left_at"] is None


def test_one_that_breaks_keeps_what_it_had_and_another_one_comes(room: Room) -> None:
    behaving(room, breaks_after=120)
    room.wait(150)
    assert room.rows[0].stop_reason in {over.BROKE, over.BY_ITSELF}
    room.wait(100)
    assert room.states == ["transferring", "recording"]
    assert "video" in room.files(room.rows[0].id)


def test_one_that_breaks_may_go_on_at_another_server_and_is_told_to_leave(room: Room) -> None:
    behaving(room, breaks_after=30)
    room.wait(60)
    first = room.rows[0]
    assert first.stop_reason == over.BROKE
    assert first.id in {row.id for row in recordings.list_strays()}


def test_one_that_leaves_by_itself_is_replaced_while_it_is_wanted(recorded: Room) -> None:
    recorded.world.everybody_leaves(recorded.row.sid)
    recorded.wait(460)
    assert recorded.states == ["transferring", "recording"]
    assert recorded.rows[0].stop_reason == over.BY_ITSELF


def test_one_that_takes_its_time_to_leave_is_waited_for(room: Room) -> None:
    behaving(room, stop_seconds=150)
    room.says(room.people[0], WITHDRAWN)
    room.wait(100)
    assert (room.states, room.at_work()) == (["stopping"], 1)
    room.wait(100)
    assert (room.states, room.at_work()) == (["transferring"], 0)


def test_a_stop_that_meets_it_on_its_way_to_another_server_reaches_it_there(room: Room) -> None:
    behaving(room, moves_after=15, moving_seconds=30)
    room.wait(8)
    room.says(room.people[0], WITHDRAWN)
    room.work()
    assert (room.states, room.at_work()) == (["stopping"], 1)
    room.wait(45)
    assert room.at_work() == 0
    room.wait(60)
    assert room.states == ["transferring"]


def test_a_stop_that_comes_when_it_has_long_left_is_no_error(recorded: Room) -> None:
    recorded.world.everybody_leaves(recorded.row.sid)
    recorded.wait(400, works=False)
    recorded.says(recorded.people[0], WITHDRAWN)
    recorded.wait(150)
    assert recorded.states == ["transferring"]
    assert recorded.row.stop_reason == running.NOT_ALLOWED


def test_where_nobody_sent_anything_people_read_so(room: Room) -> None:
    behaving(room, sends=False)
    assert room.states == ["recording"]
    room.leave()
    room.wait(100)
    assert (room.states, room.row.trouble) == (["failed"], over.NOTHING_SENT)


def test_while_the_service_is_away_a_recorder_is_neither_given_up_nor_doubled(
    recorded: Room,
) -> None:
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        recorded.wait(300)
        assert (recorded.states, recorded.row.trouble) == (["recording"], watching.AWAY)
    recorded.wait(70)
    assert (recorded.states, recorded.row.trouble) == (["recording"], "")
    assert len(recorded.world.recordings()) == 1


def test_a_stop_that_the_service_did_not_hear_is_repeated_until_it_does(recorded: Room) -> None:
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        recorded.says(recorded.people[0], WITHDRAWN)
        recorded.wait(60)
        assert (recorded.states, recorded.row.trouble) == (["stopping"], stopping.AWAY)
        assert recorded.at_work() == 1
    recorded.wait(60)
    assert recorded.at_work() == 0
    recorded.wait(60)
    assert recorded.states == ["transferring"]


def test_where_the_service_stays_away_the_bucket_tells_after_the_end(recorded: Room) -> None:
    recorded.wait(120)
    recorded.world.everybody_leaves(recorded.row.sid)
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        recorded.wait_until(rooms.closes_at(recorded.session), works=False)
        recorded.wait(900)
        assert recorded.states == ["transferring"]
        assert recorded.files() == ["playlist", "segment", "segment", "video"]


@pytest.mark.parametrize("status", [500, 502, 429])
def test_a_query_that_fails_now_and_then_changes_nothing(recorded: Room, status: int) -> None:
    row = recorded.row
    path = (
        f"/v1/apps/{watching.registry.settings().effective_agora_app_id}/cloud_recording"
        f"/resourceid/{row.resource_id}/sid/{row.sid}/mode/mix/query"
    )
    recorded.world.fault(path, "status", times=3, status=status)
    recorded.wait(180)
    assert (recorded.states, recorded.row.trouble) == (["recording"], "")


def test_requests_that_are_not_completed_are_repeated(recorded: Room) -> None:
    recorded.world.app(repeats=2)
    recorded.wait(60)
    assert recorded.states == ["recording"]
    recorded.says(recorded.people[0], WITHDRAWN)
    recorded.world.app(repeats=2)
    recorded.wait(30)
    assert recorded.at_work() == 0


def test_a_worker_that_slept_through_the_whole_session_finds_the_files(room: Room) -> None:
    room.agree()
    room.enter()
    room.work()
    room.wait_until(room.session.ends_at, works=False)
    room.world.everybody_leaves(room.row.sid)
    room.wait(4 * 3_600, works=False)
    room.fall_silent()
    room.wait(300)
    assert room.states == ["transferring"]
    assert "video" in room.files()
    assert room.row.seconds > 0


def test_a_turn_lasts_longer_than_all_that_the_video_service_may_take() -> None:
    bounds = Settings.model_fields["agora_timeout_seconds"].metadata
    [longest] = [bound.le for bound in bounds if isinstance(bound, Le)]
    requests, waits = 2, 5  # two connections fail; the third is made, written to and read from
    assert timedelta(seconds=requests * waits * float(str(longest))) < looking.LEASE


def test_one_turn_is_enough(recorded: Room) -> None:
    recorded.move(clock.utc_now() + timedelta(seconds=watching.RECORDS_SECONDS))
    [due] = recordings.list_due(limit=10)
    first = looking.take(due)
    assert first is not None
    assert looking.take(due) is None
    assert recordings.list_due(limit=10) == []
    assert not recordings.look(due)
    recorded.move(clock.utc_now() + looking.LEASE)
    assert recordings.look(due)


def test_a_turn_that_was_overtaken_does_not_put_off_the_next_look(recorded: Room) -> None:
    recorded.move(clock.utc_now() + timedelta(seconds=watching.RECORDS_SECONDS))
    turn = looking.take(recorded.row.id)
    assert turn is not None
    recorded.says(recorded.people[0], WITHDRAWN)
    with looking.writing(turn) as outcome:
        outcome.look_again(after=3_600)
    assert recorded.row.look_at is not None
    assert recorded.row.look_at <= clock.utc_now()


def test_one_that_cannot_be_looked_at_keeps_no_other_waiting_and_is_tried_again(
    recorded: Room,
) -> None:
    with db.transaction() as tx:
        tx.exec(update(Recording).values(seen={"stopped": "nonsense"}, look_at=clock.utc_now()))
    recorded.says(recorded.people[0], WITHDRAWN)
    assert recordings.watch_due() >= 1
    assert recorded.states == ["stopping"]
    with db.transaction() as tx:
        tx.exec(update(Recording).where(col(Recording.number) == 1).values(seen={}))
    recorded.wait(120)
    assert recorded.states == ["transferring"]


def test_nothing_is_planned_where_nothing_is_recorded(room: Room) -> None:
    assert recordings.next_look() is None
    assert recordings.watch_due() == 0
