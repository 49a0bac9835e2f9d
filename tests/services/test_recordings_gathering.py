"""Finding what a recorder has left in its bucket: all of it, late, in pieces, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from services import clock, costs, db
from services.config import settings
from services.ids import SessionId
from services.models import FileStatus, Recording, RecordingFile, Usage
from services.models.recording import FileKind
from services.providers.storage.registry import store
from services.providers.video.base import Phase, Seen
from services.recordings import gathering, listing, looking, over, watching
from services.recordings.listing import Found
from tests.services.recorders import Room, recorded, room
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, NOBODY_LISTENS, stored

__all__ = ["recorded", "room"]


def behaving(room: Room, **how: object) -> Room:
    """A room whose recorder behaves like this, and has recorded for a minute."""
    room.world.behave(**how)
    room.agree()
    room.enter()
    room.wait(70)
    return room


def ended(room: Room) -> Room:
    """The recorder has left, and has written what it writes at once."""
    room.leave()
    room.wait(60)
    for _ in range(30):
        if room.states == ["transferring"]:
            return room
        room.wait(1)
    raise AssertionError(room.states)


def set_row(**values: object) -> None:
    with db.transaction() as tx:
        tx.exec(update(Recording).where(col(Recording.number) == 1).values(**values))


def place(room: Room) -> Path:
    return room.folder / room.row.prefix


def test_every_file_is_found_with_its_size_and_gets_a_key_of_its_own(room: Room) -> None:
    ended(behaving(room, parts=3, slices=4))
    room.wait(60)
    rows = stored(RecordingFile)
    assert room.files() == ["playlist", *["segment"] * 4, *["video"] * 3]
    for row in rows:
        there = room.folder / row.source_key
        assert (row.bytes, row.status) == (there.stat().st_size, FileStatus.WAITING)
        assert row.name == there.name
        assert (row.source, row.store) == ("rec", settings().storage_default)
    assert len({row.key for row in rows}) == len(rows)
    assert all(row.key.startswith(f"recordings/{room.row.public_id}/") for row in rows)
    recording = room.row
    assert (recording.look_at is not None, recording.lease, recording.trouble) == (True, "", "")


def test_files_that_the_service_could_not_write_at_once_are_waited_for(room: Room) -> None:
    ended(behaving(room, late_seconds=600))
    room.deliver()
    room.wait(300)
    assert (room.states, room.files()) == (["transferring"], [])
    room.wait(350)
    room.deliver()
    room.wait(120)
    assert room.files() == ["playlist", "playlist", "segment", "segment", "video"]


def test_without_a_word_about_it_they_are_waited_for_as_well(room: Room) -> None:
    ended(behaving(room, late_seconds=600))
    room.wait(900)
    assert "video" in room.files()


def test_a_word_that_they_come_later_makes_us_wait_for_longer(room: Room) -> None:
    ended(behaving(room, late_seconds=7_200))
    room.deliver()
    room.wait(7_000)
    assert (room.states, room.files()) == (["transferring"], [])
    room.lose()
    room.wait(900)
    assert room.files() == []
    room.wait(1_800)
    assert "video" in room.files()


def test_that_the_recorder_has_ended_does_not_mean_that_late_files_have_come(room: Room) -> None:
    behaving(room, late_seconds=7_200)
    set_row(seen={"later": True}, look_at=clock.utc_now())  # the service has said so
    turn = looking.take(room.row.id)
    assert turn is not None
    with looking.writing(turn) as outcome:
        watching.apply_seen(outcome, Seen(Phase.OVER))
    room.leave()
    room.wait(3_600)
    assert (room.rows[0].status.value, room.files(room.rows[0].id)) == ("transferring", [])


def test_pieces_that_cannot_be_played_fail_with_words_once_nothing_more_can_come(
    room: Room,
) -> None:
    ended(behaving(room, late_seconds=7_200))
    room.wait(1_700)
    assert room.states == ["transferring"]
    room.wait(200)
    assert (room.states, room.row.trouble) == (["failed"], gathering.NOTHING_WHOLE)
    [used] = [row for row in stored(Usage) if row.place == costs.RECORDER]
    assert used.amount == room.row.seconds > 0


def test_a_bucket_that_stays_empty_fails_with_words(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    shutil.rmtree(place(recorded))
    set_row(seen={})
    recorded.wait(1_900)
    assert (recorded.states, recorded.row.trouble) == (["failed"], gathering.NO_FILE)
    assert recorded.row.keep_until is not None


def test_what_failed_is_found_when_it_is_looked_for_again(room: Room) -> None:
    ended(behaving(room, late_seconds=3_600))
    room.lose()
    room.wait(2_000)
    assert room.states == ["failed"]
    room.wait(2_000)
    set_row(status="transferring", look_at=clock.utc_now())
    room.wait(30)
    assert (room.states, "video" in room.files()) == (["transferring"], True)


def test_slices_without_a_film_are_taken_when_no_film_comes(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    set_row(seen={"stopped": clock.utc_now().isoformat()}, look_at=clock.utc_now())
    for film in place(recorded).glob("*.mp4"):
        film.unlink()
    recorded.wait(1_500)
    assert recorded.files() == []
    recorded.wait(400)
    assert recorded.files() == ["playlist", "segment", "segment"]


def test_a_playlist_is_whole_when_it_has_ended_and_all_its_slices_lie_beside_it(
    recorded: Room,
) -> None:
    recorded.wait(60)
    ended(recorded)
    source = store("rec")

    def whole() -> bool:
        files = listing.below(source, recorded.row.prefix)
        [playlist] = [file for file in files if file.kind is FileKind.PLAYLIST]
        return listing.is_whole(source, files, playlist)

    assert whole()
    one = next(place(recorded).glob("*.ts"))
    content = one.read_bytes()
    one.write_bytes(b"")
    assert not whole()
    one.unlink()
    assert not whole()
    one.write_bytes(content)
    assert whole()
    [playlist] = place(recorded).glob("*.m3u8")
    playlist.write_text(playlist.read_text().replace("#EXT-X-ENDLIST", ""))
    assert not whole()


@pytest.mark.parametrize("content", ["empty", "cut"])
def test_spoilt_files_are_taken_as_they_are_and_found_out_when_they_are_moved(
    room: Room, content: str
) -> None:
    ended(behaving(room, content=content))
    room.wait(1_900)
    assert room.files() == ["playlist", "segment", "segment", "video"]
    if content == "empty":
        assert {row.bytes for row in stored(RecordingFile)} == {0}


def test_files_of_others_and_with_odd_names_are_left_alone(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    beside = recorded.folder / f"{recorded.row.prefix}0"
    beside.mkdir()
    (beside / "theirs.mp4").write_bytes(b"theirs")
    (place(recorded) / "back\\slash.mp4").write_bytes(b"odd")
    (place(recorded) / f"{'x' * 250}.mp4").write_bytes(b"long")
    recorded.wait(90)
    assert recorded.files() == ["playlist", "segment", "segment", "video"]
    assert not any("theirs" in row.name for row in stored(RecordingFile))


def test_while_files_still_change_nothing_is_taken(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    late = place(recorded) / "one-more.mp4"
    for size in range(1, 6):
        late.write_bytes(b"x" * size)
        recorded.wait(9)
        assert recorded.files() == []
    recorded.wait(30)
    assert recorded.files().count("video") == 2


def test_what_the_service_has_named_must_be_there(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    prefix = recorded.row.prefix
    set_row(seen={**recorded.row.seen, "told": [f"{prefix}/second.mp4"]})
    recorded.wait(120)
    assert recorded.files() == []
    (place(recorded) / "second.mp4").write_bytes(b"here it is")
    recorded.wait(60)
    assert recorded.files().count("video") == 2


def test_a_recording_that_is_to_be_deleted_is_not_gathered_but_its_minutes_count(
    recorded: Room,
) -> None:
    set_row(purge_asked_at=clock.utc_now())
    recorded.leave()
    recorded.wait(300)
    row = recorded.row
    assert (recorded.states, recorded.files()) == (["transferring"], [])
    assert row.look_at is not None
    assert row.look_at <= clock.utc_now()
    assert [used.amount for used in stored(Usage)] == [row.seconds]


def test_one_that_is_held_is_gathered_although_it_is_to_be_deleted(recorded: Room) -> None:
    now = clock.utc_now()
    set_row(purge_asked_at=now, held_at=now, hold_reason="a court")
    recorded.leave()
    recorded.wait(300)
    assert "video" in recorded.files()


def test_a_store_that_is_away_is_asked_until_it_is_back(recorded: Room) -> None:
    recorded.wait(60)
    ended(recorded)
    away = {
        "STORAGE_REC_KIND": "s3",
        "STORAGE_REC_ENDPOINT": NOBODY_LISTENS,
        "STORAGE_REC_KEY_ID": "k",
        "STORAGE_REC_SECRET": "s",
    }
    with environment_of(away):
        recorded.wait(61)
        assert (recorded.states, recorded.row.trouble) == (["transferring"], gathering.AWAY)
    recorded.wait(90)
    assert ("video" in recorded.files(), recorded.row.trouble) == (True, "")


def test_a_store_that_nobody_knows_any_more_is_trouble_in_words(recorded: Room) -> None:
    ended(recorded)
    set_row(source="forgotten", look_at=clock.utc_now())
    recorded.wait(5)
    assert (recorded.states, recorded.row.trouble) == (["transferring"], gathering.AWAY)


def test_who_slept_while_it_was_recorded_goes_by_the_last_slice(recorded: Room) -> None:
    begun = recorded.row.recording_at
    assert begun is not None
    recorded.world.everybody_leaves(recorded.row.sid)
    recorded.fall_silent()
    recorded.wait(900, works=False)
    last = begun + timedelta(seconds=400)
    for each in place(recorded).glob("*.ts"):
        os.utime(each, (last.timestamp(), last.timestamp()))
    recorded.wait(300)
    assert recorded.row.seconds == 400


# What a listing means, without any


def found(*names: str) -> list[Found]:
    return [Found(f"p/{name}", name, 10, BEGINNING) for name in names]


def a_row(**fields: Any) -> Recording:
    now = clock.utc_now()
    usual: dict[str, Any] = {"stopped_at": now, "recording_at": now, "began_at": now}
    return Recording(
        session_id=SessionId(1),
        number=1,
        channel="c",
        uid=1010,
        source="rec",
        prefix="p",
        **usual | fields,
    )


def judged(row: Recording, files: list[Found], *, playable: bool, after: float) -> object:
    since = clock.utc_now()
    with clock.at(since + timedelta(seconds=after)):
        return gathering.judge(row, files, playable=playable, still_since=since)


@pytest.mark.parametrize(
    ("names", "playable", "after", "taken"),
    [
        (["a.mp4"], True, 9, False),
        (["a.mp4"], True, 10, True),
        (["a.m3u8", "a.ts"], True, 60, False),
        (["a.m3u8", "a.ts"], True, 1_800, True),
    ],
)
def test_a_film_is_taken_soon_and_slices_only_when_no_film_can_come(
    names: list[str], playable: bool, after: float, taken: bool
) -> None:
    verdict = judged(a_row(), found(*names), playable=playable, after=after)
    assert isinstance(verdict, gathering.Verdict)
    assert verdict.take is taken
    assert verdict.words == ""


@pytest.mark.parametrize(
    ("seen", "stop_reason", "words"),
    [
        ({"nothing": over.NOTHING_SENT}, "", over.NOTHING_SENT),
        ({}, "", over.NEVER_CAME),
        ({}, over.NEVER_CAME, over.NEVER_CAME),
        ({}, "The session was canceled.", "Nothing was recorded. The session was canceled."),
        ({"came": True}, "", ""),
        ({"later": True}, "", ""),
    ],
)
def test_an_empty_bucket_is_told_in_words_unless_there_was_a_sign_of_more(
    seen: dict[str, object], stop_reason: str, words: str
) -> None:
    row = a_row(recording_at=None, seen=seen, stop_reason=stop_reason)
    verdict = judged(row, [], playable=False, after=60)
    assert isinstance(verdict, gathering.Verdict)
    assert verdict.words == words


@pytest.mark.parametrize(
    ("names", "sids"),
    [
        (["ab12_sesX.m3u8"], ["ab12"]),
        (["bak0_ab12_sesX_0.mp4", "ab12_sesX.m3u8"], ["ab12"]),
        (["theirs.mp4", "ab12_sesX_20260101000000000.ts"], ["ab12"]),
        (["ab12_sesX.m3u8", "cd34_sesX.m3u8"], ["ab12", "cd34"]),
        (["ab12_sesY.m3u8"], []),
        (["_sesX.mp4"], []),
        (["a b_sesX.mp4"], []),
        ([], []),
    ],
)
def test_the_names_of_the_files_tell_which_recorders_wrote_them(
    names: list[str], sids: list[str]
) -> None:
    assert listing.sids_of(found(*names), "sesX") == sids


def test_a_listing_that_changes_in_size_has_changed() -> None:
    sizes: list[Callable[[], Found]] = [
        lambda: Found("p/a", "a", 10, BEGINNING),
        lambda: Found("p/a", "a", 11, BEGINNING),
        lambda: Found("p/a", "a", 10, BEGINNING + timedelta(seconds=1)),
        lambda: Found("p/b", "b", 10, BEGINNING),
    ]
    assert len({listing.fingerprint([make()]) for make in sizes}) == len(sizes)
