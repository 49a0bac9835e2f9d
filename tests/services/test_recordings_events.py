"""Notifications of the video service: lost, doubled, reordered, of others, and never the truth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.inbox import handle_inbox
from services import clock, inbox
from services.models import ConsentAnswer, InboxEvent, InboxStatus, OutboxMessage, Recording
from services.providers.video.base import Recorder
from services.providers.video.registry import video
from tests.services.recorders import Room, a_notice, recorded, room
from tests.support.studio import stored

__all__ = ["recorded", "room"]


@pytest.mark.parametrize("how", ["told", "lost", "twice", "backwards"])
def test_whatever_becomes_of_the_notifications_the_recording_is_the_same(
    recorded: Room, how: str
) -> None:
    def told() -> None:
        if how != "lost":
            recorded.deliver(twice=how == "twice", backwards=how == "backwards")

    told()
    recorded.wait(300)
    recorded.leave()
    for _ in range(12):
        recorded.wait(20)
        told()
    assert recorded.states == ["transferring"]
    assert recorded.files() == ["playlist", "segment", "segment", "video"]
    assert 300 <= recorded.row.seconds <= 380
    assert set(recorded.outcomes()) <= {"handled", "ignored"}


def test_a_notification_of_a_recorder_that_is_not_ours_changes_nothing(recorded: Room) -> None:
    before = [row.model_dump() for row in stored(Recording)]
    row = recorded.row
    recorded.receive(a_notice(40, sid="theirs", channel="another", uid=row.uid))
    recorded.receive(a_notice(40, sid="test_webhook", channel="test_webhook", uid=1))
    recorded.receive(a_notice(11, sid="theirs", channel=row.channel, uid=77, exitStatus=1))
    recorded.receive(a_notice(99, sid=row.sid, channel=row.channel, uid=row.uid))
    handle_inbox.call_local()
    assert recorded.outcomes() == ["ignored"] * 4
    assert [row.model_dump() for row in stored(Recording)] == before


def test_a_notification_makes_us_look_at_once(recorded: Room) -> None:
    recorded.world.everybody_leaves(recorded.row.sid)
    recorded.move(clock.utc_now() + timedelta(seconds=301))
    recorded.deliver()
    recorded.work()
    assert recorded.row.status.value != "recording"


def test_an_end_that_is_told_and_seen_needs_no_ninety_seconds(recorded: Room) -> None:
    row = recorded.row
    video().stop(Recorder(row.channel, row.uid, row.resource_id, row.sid))
    recorded.move(clock.utc_now() + timedelta(seconds=10))
    recorded.deliver()
    recorded.work()
    assert recorded.rows[0].status.value == "transferring"


def test_the_end_of_the_server_that_it_moves_away_from_is_not_its_own(recorded: Room) -> None:
    row = recorded.row
    recorded.world.change(row.sid, moves_after=10, moving_seconds=60)
    recorded.receive(a_notice(11, sid=row.sid, channel=row.channel, uid=row.uid, exitStatus=1))
    recorded.deliver()
    recorded.wait(90)
    assert (recorded.states, recorded.at_work()) == (["recording"], 1)


def test_an_end_that_is_only_told_ends_nothing(recorded: Room) -> None:
    row = recorded.row
    recorded.receive(a_notice(11, sid=row.sid, channel=row.channel, uid=row.uid, exitStatus=0))
    recorded.deliver()
    recorded.wait(60)
    assert recorded.states == ["recording"]
    assert "left" not in recorded.row.seen


def test_what_is_told_when_everything_is_found_is_only_noted(recorded: Room) -> None:
    recorded.wait(60)
    recorded.leave()
    recorded.wait(120)
    before = recorded.row.model_dump(exclude={"seen"})
    recorded.deliver()
    assert "handled" in recorded.outcomes()
    assert recorded.row.model_dump(exclude={"seen"}) == before
    assert recorded.row.seen["complete"]


def test_films_of_which_is_told_when_it_was_given_up_are_found_when_they_come(room: Room) -> None:
    room.world.behave(late_seconds=7_200)
    room.agree()
    room.enter()
    room.wait(70)
    room.leave()
    room.wait(2_400)
    assert room.states == ["failed"]
    room.deliver()
    assert (room.states, room.row.trouble) == (["transferring"], "")
    room.wait(7_200)
    room.deliver()
    room.wait(600)
    assert (room.states, room.row.trouble) == (["transferring"], "")
    assert "video" in room.files()


def test_another_recorder_under_the_same_number_is_sent_away(recorded: Room) -> None:
    row = recorded.row
    recorded.receive(a_notice(40, sid="second", channel=row.channel, uid=row.uid))
    handle_inbox.call_local()
    [message] = [each for each in stored(OutboxMessage) if "sid" in each.data]
    assert (message.kind, message.data["sid"]) == ("recording_stop", "second")
    assert recorded.row.sid == row.sid


def test_one_that_cannot_be_read_fails_and_stays_there_to_be_looked_at(recorded: Room) -> None:
    inbox.receive(provider="agora", event_id="x", type="recording.40", object_id="", payload="[")
    handle_inbox.call_local()
    [event] = stored(InboxEvent)
    assert event.status is InboxStatus.RECEIVED
    assert event.error


def test_a_notification_while_it_is_stopped_does_not_bring_it_back(recorded: Room) -> None:
    recorded.says(recorded.people[0], ConsentAnswer.WITHDRAWN)
    row = recorded.row
    recorded.receive(a_notice(40, sid=row.sid, channel=row.channel, uid=row.uid))
    recorded.deliver()
    recorded.wait(60)
    assert recorded.states == ["transferring"]
    assert recorded.at_work() == 0
