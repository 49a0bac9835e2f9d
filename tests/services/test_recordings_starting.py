"""Starting a recorder, whatever the video service answers, or does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, update

from services import clock, db, recordings, rooms
from services.jobs import pauses
from services.models import ConsentAnswer, OutboxMessage, OutboxStatus
from services.providers.video import registry
from services.recordings import looking, over, running, starting
from tests.services.recorders import Room, fault_start, recorded, room, set_row, started, wanted
from tests.services.rows import an_admin
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS, stored

__all__ = ["recorded", "room", "wanted"]


def start_message() -> OutboxMessage:
    [message] = [row for row in stored(OutboxMessage) if row.kind == "recording_start"]
    return message


def test_a_start_is_carried_out_once_however_often_it_is_asked_for(wanted: Room) -> None:
    name = wanted.row.public_id
    assert recordings.start(recording=name).startswith("started as ")
    assert recordings.start(recording=name).startswith("nothing to do")
    wanted.wait(10)
    assert (wanted.states, len(wanted.world.recordings())) == (["recording"], 1)
    assert start_message().status is OutboxStatus.SENT


@pytest.mark.parametrize("told", [True, False])
def test_a_start_whose_answer_was_lost_is_found_again_by_a_notification_or_by_its_files(
    wanted: Room, told: bool
) -> None:
    fault_start(wanted, "drop_after")
    wanted.work()
    wanted.wait(4)
    assert (wanted.row.sid, wanted.states) == ("", ["starting"])
    if told:
        wanted.deliver()
    wanted.wait(15)
    [recorder] = wanted.world.recordings()
    assert (wanted.row.sid, wanted.states) == (recorder["id"], ["recording"])
    assert wanted.row.trouble == ""


def test_a_recorder_of_which_nothing_is_heard_or_seen_is_given_up(wanted: Room) -> None:
    wanted.world.behave(sends=False)
    fault_start(wanted, "drop_after")
    wanted.work()
    wanted.wait(95)
    assert wanted.row.status.value == "stopping"
    assert wanted.row.stop_reason == over.NEVER_CAME
    wanted.world.behave()
    wanted.wait(200)
    assert wanted.states == ["failed", "recording"]
    assert wanted.rows[0].trouble == over.NEVER_CAME


def test_after_three_failures_three_six_and_nine_seconds_apart_another_number_is_taken(
    wanted: Room,
) -> None:
    fault_start(wanted, "status", times=3, status=500)
    begun, moments = clock.utc_now(), list[float]()
    wanted.work()
    while wanted.row.sid == "":
        following = recordings.next_look()
        assert following is not None
        moments.append((following - clock.utc_now()).total_seconds())
        assert wanted.row.trouble == starting.AWAY
        wanted.move(following)
        wanted.work()
    assert moments == [3, 6, 9]
    assert (clock.utc_now() - begun).total_seconds() == 18
    assert wanted.row.uid == running.uid_for(1, 1) == 1011
    wanted.wait(10)
    assert (wanted.states, wanted.at_work()) == (["recording"], 1)


def test_while_the_service_is_away_it_is_tried_on_and_succeeds_once_it_is_back(
    wanted: Room,
) -> None:
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        wanted.work()
        wanted.wait(180)
        assert (wanted.states, wanted.row.trouble) == (["starting"], starting.AWAY)
        assert wanted.row.uid == 1010
    wanted.wait(40)
    assert (wanted.states, wanted.row.trouble, wanted.at_work()) == (["recording"], "", 1)


def test_a_number_that_is_taken_in_the_room_is_left_to_whoever_has_it(wanted: Room) -> None:
    other = registry.video().acquire(wanted.row.channel, 1010)
    now = clock.utc_now()
    registry.video().start(
        other,
        bucket=registry.recording_bucket(),
        prefix=("other",),
        now=now,
        until=now + timedelta(hours=1),
    )
    wanted.work()
    assert wanted.row.uid == 1011
    wanted.wait(10)
    assert wanted.states == ["recording"]


def test_a_reservation_that_is_over_is_made_anew(wanted: Room) -> None:
    resource = registry.video().acquire(wanted.row.channel, wanted.row.uid).resource_id
    set_row(resource_id=resource)
    wanted.wait(301, works=False)
    wanted.wait(10)
    assert (wanted.row.uid, wanted.states) == (1011, ["recording"])
    assert wanted.row.resource_id != resource
    assert wanted.at_work() == 1


def test_a_message_that_comes_again_while_the_recorder_comes_asks_for_no_other(
    wanted: Room,
) -> None:
    wanted.work()
    before = wanted.row
    assert before.sid
    wanted.wait(301, works=False)  # by now the reservation could not be used again either
    assert recordings.start(recording=before.public_id).startswith("nothing to do")
    after = wanted.row
    assert (after.uid, after.resource_id) == (before.uid, before.resource_id)
    assert recordings.list_due(limit=1) == [before.id]


def test_a_start_that_was_overtaken_leaves_the_known_recorder_its_reservation(
    wanted: Room,
) -> None:
    resource = registry.video().acquire(wanted.row.channel, wanted.row.uid).resource_id
    set_row(resource_id=resource)
    wanted.wait(301, works=False)
    turn = looking.take(wanted.row.id)
    assert turn is not None
    set_row(sid="a-notification-has-told-it")
    starting.attempt(turn)
    assert (wanted.row.uid, wanted.row.resource_id) == (1010, resource)


def test_where_too_many_recorders_are_at_work_it_waits_for_its_turn(wanted: Room) -> None:
    wanted.world.app(limit=0)
    wanted.wait(100)
    assert (wanted.states, wanted.row.uid) == (["starting"], 1010)
    wanted.world.app(limit=50)
    wanted.wait(45)
    assert wanted.states == ["recording"]


def test_a_request_that_was_not_completed_is_repeated(wanted: Room) -> None:
    wanted.world.app(repeats=2)
    wanted.wait(30)
    assert (wanted.states, wanted.at_work()) == (["recording"], 1)


def test_where_recording_is_not_switched_on_the_admins_hear_of_it_and_it_begins_once_it_is(
    wanted: Room,
) -> None:
    an_admin()
    wanted.world.app(enabled=False)
    wanted.wait(70)
    assert (wanted.states, wanted.row.trouble) == (["starting"], starting.AWAY)
    alerts = [row.data for row in stored(OutboxMessage) if row.data.get("alert")]
    assert [(data["alert"], data["thing"]) for data in alerts] == [("vendor_stopped", "video")]
    with db.transaction() as tx:
        assert pauses.paused_kinds(tx) == {starting.KIND}  # to stop one does no harm
    wanted.wait(120)
    wanted.world.app(enabled=True)
    with db.transaction() as tx:
        pauses.end(tx, kind=starting.KIND)
    wanted.wait(90)
    assert wanted.states == ["recording"]


def test_what_the_service_refuses_for_good_fails_with_words(wanted: Room) -> None:
    fault_start(wanted, "status", times=9, status=400)
    wanted.work()
    assert (wanted.rows[0].status.value, wanted.rows[0].trouble) == ("failed", starting.REFUSED)
    assert wanted.rows[0].keep_until is not None


def test_where_our_own_settings_are_wrong_it_fails_with_words_and_a_fixed_number_of_times(
    wanted: Room,
) -> None:
    wanted_source = {"STORAGE_FAR_KIND": "aws", "STORAGE_FAR_REGION": "mars-1"}
    keys = {"STORAGE_FAR_BUCKET": "b", "STORAGE_FAR_KEY_ID": "k", "STORAGE_FAR_SECRET": "s"}
    with environment_of({**wanted_source, **keys, "RECORDING_SOURCE": "far"}):
        set_row(source="far")
        wanted.wait(60)
        assert wanted.states == ["failed"] * running.FAILED_IN_A_ROW
        assert {row.trouble for row in wanted.rows} == {starting.NOT_SET_UP}


def test_a_store_that_is_not_set_up_any_more_is_told(wanted: Room) -> None:
    set_row(source="forgotten")
    wanted.work()
    assert wanted.rows[0].trouble == starting.NOT_SET_UP


def test_a_yes_taken_back_before_the_start_is_sent_starts_nothing(wanted: Room) -> None:
    turn = looking.take(wanted.row.id)
    assert turn is not None
    wanted.says(wanted.people[0], ConsentAnswer.WITHDRAWN)
    assert starting.attempt(turn) == "not wanted any more"
    wanted.wait(10)
    assert (wanted.states, wanted.world.recordings()) == (["failed"], [])
    assert wanted.row.trouble == f"It was not started any more. {running.NOT_ALLOWED}"


def test_a_yes_taken_back_while_the_start_is_on_its_way_stops_what_came_of_it(
    wanted: Room,
) -> None:
    resource = registry.video().acquire(wanted.row.channel, wanted.row.uid).resource_id
    set_row(resource_id=resource)
    turn = looking.take(wanted.row.id)
    assert turn is not None
    wanted.says(wanted.people[0], ConsentAnswer.WITHDRAWN)
    assert starting.attempt(turn).startswith("started as ")
    assert wanted.at_work() == 1
    wanted.wait(5)
    assert wanted.at_work() == 0
    wanted.wait(60)
    assert wanted.states == ["failed"]
    assert wanted.row.sid


def test_a_start_that_comes_after_the_room_has_closed_starts_nothing(wanted: Room) -> None:
    wanted.move(rooms.closes_at(wanted.session))
    wanted.work()
    wanted.work()
    assert wanted.world.recordings() == []
    assert wanted.row.stop_reason == running.OVER


def test_a_start_that_comes_through_when_another_number_was_taken_is_sent_away(
    wanted: Room,
) -> None:
    first = registry.video().acquire(wanted.row.channel, wanted.row.uid).resource_id
    set_row(resource_id=first)
    turn = looking.take(wanted.row.id)
    assert turn is not None
    second = registry.video().acquire(wanted.row.channel, 1011).resource_id
    tried = [{"uid": wanted.row.uid, "resource_id": first}]
    set_row(uid=1011, resource_id=second, seen={"tried": tried}, look_at=clock.utc_now())
    assert "sent away" in starting.attempt(turn)
    assert (wanted.row.sid, wanted.row.resource_id) == ("", second)
    wanted.wait(15)
    assert (wanted.states, wanted.at_work()) == (["recording"], 1)
    assert wanted.world.recording(wanted.row.sid)["uid"] == "1011"


def test_two_workers_at_the_same_start_use_one_reservation(wanted: Room) -> None:
    first = looking.take(wanted.row.id)
    assert first is not None
    assert looking.take(wanted.row.id) is None
    wanted.move(clock.utc_now() + looking.LEASE)
    second = looking.take(wanted.row.id)
    assert second is not None
    assert starting.attempt(second).startswith("started as ")
    assert starting.attempt(first) == "not wanted any more"
    wanted.wait(10)
    assert (wanted.states, len(wanted.world.recordings())) == (["recording"], 1)


def test_a_start_that_an_admin_has_paused_waits(wanted: Room) -> None:
    with db.transaction() as tx:
        pauses.begin(tx, kind=starting.KIND, reason="an admin's", until=None)
    wanted.wait(60)
    assert (wanted.states, wanted.world.recordings()) == (["starting"], [])
    assert wanted.row.trouble == starting.PAUSED
    with db.transaction() as tx:
        pauses.end(tx, kind=starting.KIND)
    wanted.wait(45)
    assert (wanted.states, wanted.row.trouble) == (["recording"], "")


def test_a_start_that_is_given_up_is_no_recording(wanted: Room) -> None:
    recordings.give_up(recording=wanted.row.public_id)
    assert (wanted.rows[0].status.value, wanted.rows[0].trouble) == ("failed", starting.REFUSED)
    recordings.give_up(recording=wanted.rows[0].public_id)
    assert wanted.rows[0].status.value == "failed"


def test_one_that_was_given_up_and_came_all_the_same_is_stopped(wanted: Room) -> None:
    fault_start(wanted, "drop_after")
    wanted.work()
    assert wanted.at_work() == 1
    recordings.give_up(recording=wanted.row.public_id)
    assert wanted.states == ["stopping"]
    wanted.wait(60)
    first = next(row for row in wanted.rows)
    assert wanted.world.recording(first.sid)["stop_at"] is not None


def test_where_every_number_is_taken_it_is_tried_slowly(wanted: Room) -> None:
    for attempt in range(running.UIDS_OF_ONE):
        started(wanted, registry.video().acquire(wanted.row.channel, running.uid_for(1, attempt)))
    wanted.work()
    tried = len(wanted.row.seen["tried"])
    assert tried == running.UIDS_OF_ONE
    assert wanted.row.look_at == clock.utc_now() + timedelta(seconds=starting.SLOWLY_SECONDS)


def test_of_a_recording_that_is_there_no_more_nothing_is_started(wanted: Room) -> None:
    with db.transaction() as tx:
        tx.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.kind) == "recording_start")
            .values(data={"recording": "rec_never"})
        )
    set_row(look_at=None)
    wanted.work()
    assert start_message().status is OutboxStatus.DEAD
