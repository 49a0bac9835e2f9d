"""A recording that is to be deleted while its files still come: what has come goes at once, and the
proof waits until nothing more can."""

from __future__ import annotations

import pytest

from services import clock, consent, db
from services.errors import Conflict
from services.models import PurgeCertificate, Recording, RecordingFile, User
from services.recordings import over, purging, retention, strays
from tests.services.recorders import Room, a_notice, recorded, room, set_row
from tests.services.recordings import told
from tests.services.rows import acting, an_admin
from tests.support.agora import in_folder
from tests.support.studio import stored

__all__ = ["recorded", "room"]


def behaving(room: Room, **how: object) -> Room:
    """A room whose recorder behaves like this, and has recorded for a minute."""
    room.world.behave(**how)
    room.agree()
    room.enter()
    room.wait(70)
    return room


def withdrawn(room: Room) -> Recording:
    """Both leave, and one takes their yes back as soon as the recorder has left."""
    room.leave()
    while room.states != ["transferring"]:
        room.wait(1)
    with db.reading() as reading:
        person = acting(reading.get_one(User, room.people[1]))
    consent.withdraw(actor=person, session=room.session.public_id)
    assert room.files() == []
    return room.row


def gathered_and_withdrawn(room: Room) -> Recording:
    """The files were found, nobody said that these are all, and somebody takes their yes back."""
    room.wait(60)
    room.leave()
    while not room.files():
        room.wait(5)
    with db.reading() as reading:
        person = acting(reading.get_one(User, room.people[1]))
    consent.withdraw(actor=person, session=room.session.public_id)
    return room.row


def purge_for(room: Room, minutes: int) -> None:
    """The worker deletes what there is, minute after minute."""
    for _ in range(minutes):
        room.wait(60)
        purging.purge_due()


def test_what_has_come_goes_at_once_and_the_proof_waits_for_the_rest(room: Room) -> None:
    withdrawn(behaving(room, late_seconds=240, parts=2))
    assert in_folder(room.folder) != []
    assert purging.purge_due() == 0
    assert (room.states, in_folder(room.folder)) == (["transferring"], [])
    assert (room.row.trouble, stored(PurgeCertificate), told("recording_purged")) == ("", [], 0)
    room.wait(240)
    came = in_folder(room.folder)
    assert any(name.endswith(".mp4") for name in came)
    purge_for(room, 40)
    [proof] = stored(PurgeCertificate)
    assert (room.states, in_folder(room.folder)) == (["purged"], [])
    assert proof.versions > len(came), "those of the first time are counted as well"
    assert proof.listed_at >= (room.row.stopped_at or clock.utc_now()) + over.COMES_WITHIN
    assert told("recording_purged") == 2


def test_what_only_waits_for_its_proof_cannot_be_held_any_more(room: Room) -> None:
    admin = acting(an_admin())
    withdrawn(behaving(room))
    purging.purge_due()
    assert (room.states, in_folder(room.folder)) == (["transferring"], [])
    with pytest.raises(Conflict, match=retention.GOING):
        retention.hold(actor=admin, recording=room.row.public_id, reason="A court asks")
    assert (room.row.held_at, told("recording_held")) == (None, 0)
    purge_for(room, 40)
    assert room.states == ["purged"]


def test_a_word_that_everything_is_there_ends_the_waiting(room: Room) -> None:
    withdrawn(behaving(room, late_seconds=30))
    purging.purge_due()
    room.wait(40)
    room.deliver()
    purge_for(room, 2)
    assert (room.states, in_folder(room.folder)) == (["purged"], [])


def test_a_word_that_files_come_later_keeps_the_proof_waiting_for_them(room: Room) -> None:
    withdrawn(behaving(room, late_seconds=7_200))
    room.deliver()
    purge_for(room, 110)
    assert (room.states, stored(PurgeCertificate)) == (["transferring"], [])
    room.wait(900)
    assert in_folder(room.folder) != []
    room.deliver()
    purge_for(room, 1)
    assert (room.states, in_folder(room.folder)) == (["purged"], [])


def test_files_that_are_announced_and_never_come_are_waited_for_a_day_at_most(room: Room) -> None:
    row = withdrawn(behaving(room, late_seconds=200_000))
    room.deliver()
    assert row.stopped_at is not None
    room.wait_until(row.stopped_at + over.LATE_WITHIN, works=False)
    purging.purge_due()
    assert room.states == ["purged"]


def test_whoever_is_told_to_leave_has_what_it_wrote_deleted_as_it_leaves(recorded: Room) -> None:
    recorded.wait(60)
    with db.reading() as reading:
        person = acting(reading.get_one(User, recorded.people[0]))
    consent.withdraw(actor=person, session=recorded.session.public_id)
    recorded.wait(20)
    assert recorded.states == ["transferring"]
    assert in_folder(recorded.folder) != []
    purging.purge_due()
    assert (recorded.states, in_folder(recorded.folder)) == (["transferring"], [])


def test_a_recorder_that_heard_nobody_leaves_nothing_to_wait_for_long(room: Room) -> None:
    behaving(room, sends=False)
    with db.reading() as reading:
        person = acting(reading.get_one(User, room.people[0]))
    consent.withdraw(actor=person, session=room.session.public_id)
    room.wait(60)
    purge_for(room, 3)
    assert room.states == ["purged"]


def test_a_recorder_that_nobody_has_an_id_of_keeps_the_proof_waiting_until_its_ticket_ended(
    recorded: Room,
) -> None:
    recorded.wait(60)
    row = withdrawn(recorded)
    recorded.deliver()
    tried = [{"uid": row.uid + 1, "resource_id": "unanswered"}]
    with db.transaction() as tx:
        stored_row = tx.get_one(Recording, row.id)
        stored_row.seen = {**stored_row.seen, "tried": tried}
    purge_for(recorded, 10)
    assert recorded.states == ["transferring"]
    until = strays.until(recorded.row, recorded.session)
    assert until is not None
    recorded.wait_until(until + over.WRITES_FOR)
    purging.purge_due()
    assert recorded.states == ["transferring"], "its film may still come"
    recorded.wait_until(until + over.COMES_WITHIN)
    purging.purge_due()
    assert recorded.states == ["purged"]


@pytest.mark.parametrize("known", [True, False])
def test_a_recorder_that_nobody_has_an_id_of_has_files_that_come_later(
    recorded: Room, known: bool
) -> None:
    recorded.wait(60)
    row = withdrawn(recorded)
    recorded.deliver()
    tried = [{"uid": row.uid + 1, "resource_id": "unanswered"}]
    set_row(seen={**recorded.row.seen, "tried": tried}, sid=row.sid if known else "")
    until = strays.until(recorded.row, recorded.session)
    assert until is not None
    uid = row.uid + 1 if known else row.uid
    recorded.receive(a_notice(32, sid="unknown", channel=row.channel, uid=uid, status=0))
    recorded.deliver()
    said_at = clock.utc_now()
    recorded.wait_until(until + over.COMES_WITHIN)
    purging.purge_due()
    assert recorded.states == ["transferring"]
    recorded.wait_until(said_at + over.LATE_WITHIN)
    purging.purge_due()
    assert recorded.states == ["purged"]


def test_films_that_were_found_do_not_end_the_waiting_for_those_of_another_server(
    recorded: Room,
) -> None:
    row = gathered_and_withdrawn(recorded)
    purge_for(recorded, 5)
    assert (recorded.states, in_folder(recorded.folder)) == (["transferring"], [])
    late = recorded.folder / row.prefix / "bak0_late.mp4"
    late.parent.mkdir(parents=True, exist_ok=True)
    late.write_bytes(b"film")
    purge_for(recorded, 30)
    assert (recorded.states, in_folder(recorded.folder)) == (["purged"], [])


def test_a_file_that_comes_once_more_is_deleted_and_counted_once_more(recorded: Room) -> None:
    row = gathered_and_withdrawn(recorded)
    purging.purge_due()
    files = [file for file in stored(RecordingFile) if file.recording_id == row.id]
    assert [file.removed for file in files] == [1] * len(files)
    again = recorded.folder / files[0].source_key
    again.parent.mkdir(parents=True, exist_ok=True)
    again.write_bytes(b"film")
    purge_for(recorded, 35)
    [proof] = stored(PurgeCertificate)
    assert (recorded.states, in_folder(recorded.folder)) == (["purged"], [])
    assert proof.versions == len(files) + 1
