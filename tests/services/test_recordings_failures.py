"""When people hear that nothing came of a recording: once the room has closed, one time, and not
beside another one's film."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, update

from services import clock, db, recordings, rooms
from services.models import Notification, OutboxMessage, Recording, RecordingStatus
from services.recordings import changing, failures, over, running, starting
from tests.services.meetings import audited
from tests.services.recorders import Room, fault_start, room, set_row, wanted
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.recordings import mailed, told
from tests.services.rows import an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["room", "wanted"]


def nobody_sends(room: Room) -> None:
    """Both come, muted and without a camera, agree, and leave again."""
    room.world.behave(sends=False)
    room.agree()
    room.enter()
    room.wait(70)
    room.leave()
    room.wait(100)
    assert (room.states[-1], room.row.trouble) == ("failed", over.NOTHING_SENT)


def closed(room: Room) -> None:
    """The room has closed, and the sweep has run."""
    room.wait_until(rooms.closes_at(room.session))
    recordings.tell_failed_due()


def alerts() -> int:
    return sum(row.data.get("alert") == "recording_failed" for row in stored(OutboxMessage))


def test_while_the_room_is_open_nobody_hears_that_nothing_was_recorded(room: Room) -> None:
    an_admin()
    nobody_sends(room)
    assert recordings.tell_failed_due() == 0
    assert told("recording_failed") == mailed("recording_failed") == alerts() == 0
    assert "recording.failed" in audited(room.row.public_id)


def test_who_comes_back_and_is_recorded_never_hears_of_it(room: Room) -> None:
    an_admin()
    nobody_sends(room)
    room.world.behave()
    room.enter()
    room.wait(600)
    room.leave()
    closed(room)
    assert room.states == ["failed", "transferring"]
    assert told("recording_failed") == mailed("recording_failed") == alerts() == 0
    assert room.rows[0].look_at is None


def test_who_was_never_recorded_hears_of_it_once_the_room_has_closed(room: Room) -> None:
    an_admin()
    nobody_sends(room)
    closed(room)
    assert recordings.tell_failed_due() == 0
    assert (told("recording_failed"), mailed("recording_failed")) == (2, 2)
    assert alerts() == 0, "nobody can help"


def test_three_that_never_came_are_told_of_once_and_admins_hear_of_it(room: Room) -> None:
    an_admin()
    room.world.behave(joins=False)
    room.agree()
    room.enter()
    room.wait(600)
    assert room.states == ["failed"] * running.FAILED_IN_A_ROW
    closed(room)
    assert (told("recording_failed"), mailed("recording_failed"), alerts()) == (2, 2, 1)


def test_admins_hear_of_a_wrong_setting_at_once_and_one_time(wanted: Room) -> None:
    ada = an_admin()
    far = {"KIND": "aws", "REGION": "mars-1", "BUCKET": "b", "KEY_ID": "k", "SECRET": "s"}
    wrong = {f"STORAGE_FAR_{name}": value for name, value in far.items()}
    with environment_of({**wrong, "RECORDING_SOURCE": "far"}):
        set_row(source="far")
        wanted.wait(60)
    assert [row.trouble for row in wanted.rows] == [starting.NOT_SET_UP] * running.FAILED_IN_A_ROW
    assert (told("recording_failed"), mailed("recording_failed"), alerts()) == (0, 0, 1)
    [line] = [row for row in stored(Notification) if row.user_id == ada.id]
    assert line.href == f"/admin/recordings/{wanted.rows[0].public_id}"
    closed(wanted)
    assert (told("recording_failed"), mailed("recording_failed"), alerts()) == (2, 2, 1)


def test_admins_hear_of_a_refusal_also_where_the_next_recorder_brings_a_film(wanted: Room) -> None:
    an_admin()
    fault_start(wanted, "status", times=1, status=400)
    wanted.wait(600)
    assert (wanted.rows[0].trouble, wanted.states) == (starting.REFUSED, ["failed", "recording"])
    wanted.leave()
    closed(wanted)
    assert (told("recording_failed"), mailed("recording_failed"), alerts()) == (0, 0, 1)


def test_where_both_were_gone_before_it_was_started_no_admin_needs_to_look(room: Room) -> None:
    an_admin()
    room.agree()
    room.enter()
    room.leave()
    room.move(clock.utc_now() + timedelta(seconds=running.EMPTY_SECONDS))
    recordings.check_due()
    room.work()
    assert room.row.trouble == f"It was not started any more. {running.EMPTY}"
    closed(room)
    assert (told("recording_failed"), alerts()) == (2, 0)


@pytest.mark.usefixtures("database")
def test_a_film_that_is_lost_is_told_beside_another_one() -> None:
    meeting = a_held_session(a_pair())
    a_recording(meeting, RecordingStatus.READY)
    lost = a_recording(meeting, RecordingStatus.TRANSFERRING, number=2)
    with db.transaction() as tx:
        row, session = changing.locked(tx, lost.id)
        changing.fail(tx, recording=row, session=session, words="The film is empty.")
    assert (told("recording_failed"), mailed("recording_failed")) == (2, 2)


@pytest.mark.usefixtures("database")
def test_of_two_that_came_to_nothing_the_one_that_ends_last_is_told() -> None:
    meeting = a_held_session(a_pair())
    slow = a_recording(meeting, RecordingStatus.TRANSFERRING, recording_at=None)
    quick = a_recording(meeting, RecordingStatus.TRANSFERRING, number=2, recording_at=None)
    for each, heard in ((quick, 0), (slow, 2)):
        with db.transaction() as tx:
            row, session = changing.locked(tx, each.id)
            changing.fail(tx, recording=row, session=session, words=over.NEVER_CAME)
        assert told("recording_failed") == heard


@pytest.mark.usefixtures("database")
def test_what_is_to_be_deleted_is_no_news() -> None:
    meeting = a_held_session(a_pair())
    now = clock.utc_now()
    failed = a_recording(meeting, RecordingStatus.FAILED, look_at=now, recording_at=None)
    with db.transaction() as tx:
        going = update(Recording).where(col(Recording.id) == failed.id)
        tx.exec(going.values(purge_asked_at=now))
    assert failures.tell_due() == 0
    assert told("recording_failed") == 0
