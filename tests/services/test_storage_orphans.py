"""Files that no row knows and rows whose file is missing: found every night, shown, settled."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import pytest

from services import db
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound, ProviderUnavailable
from services.jobs import runs
from services.models import (
    FileKind,
    FileStatus,
    JobStatus,
    Orphan,
    OrphanKind,
    RecordingStatus,
    User,
)
from services.providers.storage import registry
from services.providers.storage.base import Removed, Written
from services.providers.storage.local import LocalStorage
from services.providers.storage.registry import store
from services.recordings import purging, transferring
from services.storage import checking, moving, nights, orphans
from services.storage.nights import Tally
from services.storage.orphans import OrphanView
from tests.providers.stores import Ground, ground
from tests.services.meetings import audited
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    arrived,
    asked,
    bytes_of,
    files,
    later,
    left,
    lying,
    mailed,
    now,
    on_its_way,
    stores,
    told,
    whole_way,
)
from tests.services.rows import acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["ground"]

pytestmark = pytest.mark.usefixtures("database")

FILM, SLICE = bytes_of(3_000), bytes_of(700, seed=2)
TWO = {"a.mp4": FILM, "b.ts": SLICE}
WITHOUT_ROW, WITHOUT_FILE = OrphanKind.FILE_WITHOUT_ROW, OrphanKind.ROW_WITHOUT_FILE


@pytest.fixture
def admin() -> Actor:
    return acting(an_admin())


def found(admin: Actor, *, settled: bool = False) -> list[OrphanView]:
    with db.reading() as session:
        return list(orphans.list_orphans(session, actor=admin, settled=settled).rows)


def some_nights(count: int = 1) -> Tally:
    """The check of the second night from now: what lies here now is not young any more."""
    tally = Tally()
    for night in range(2, 2 + count):
        with later(days=night):
            tally = orphans.check()
    return tally


def test_a_studio_in_order_has_no_orphans(admin: Actor) -> None:
    whole_way(on_its_way(TWO))
    meeting = a_held_session(a_pair("Olga Other", "Vera Vogel"))
    on_its_way(TWO, meeting, prefix="1" * 8)
    tally = some_nights()
    assert found(admin) == []
    assert (tally.found, tally.deleted, tally.given_up, tally.away) == (0, 0, 0, [])


def test_files_that_no_row_knows_are_found_and_listed_once(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    late = left(recording, "late.mp4", FILM)
    store(LOCAL).put("recordings/rec_unknown/1.mp4", io.BytesIO(SLICE))
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    some_nights(3)
    assert {(one.kind, one.store, one.key, one.bytes, one.recording) for one in found(admin)} == {
        (WITHOUT_ROW, RECORDER, late, len(FILM), recording.public_id),
        (WITHOUT_ROW, LOCAL, "recordings/rec_unknown/1.mp4", len(SLICE), ""),
        (WITHOUT_ROW, RECORDER, "somebody/else.mp4", len(SLICE), ""),
    }
    assert [one.may_adopt for one in found(admin)].count(True) == 1
    assert len(lying(RECORDER)) == 2  # nothing is deleted by itself


def test_what_came_today_or_belongs_to_a_running_recorder_is_left_alone(admin: Actor) -> None:
    meeting = a_held_session(a_pair())
    running = a_recording(meeting, RecordingStatus.RECORDING, prefix="1" * 8)
    left(running, "a.ts", SLICE)
    some_nights()
    store(LOCAL).put("recordings/rec_unknown/1.mp4", io.BytesIO(SLICE))
    orphans.check()
    assert found(admin) == []


def test_a_missing_or_truncated_file_of_a_row_is_found(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    film, piece = files(recording)
    store(LOCAL).delete(film.key)
    (Path(settings().stores[LOCAL].bucket) / piece.key).write_bytes(SLICE[:10])
    some_nights()
    assert {(one.kind, one.store, one.key, one.recording) for one in found(admin)} == {
        (WITHOUT_FILE, LOCAL, film.key, recording.public_id),
        (WITHOUT_FILE, LOCAL, piece.key, recording.public_id),
    }
    assert not any(one.may_adopt for one in found(admin))
    with pytest.raises(Conflict, match="no file that could be deleted"):
        orphans.settle(
            actor=admin, orphan=found(admin)[0].public_id, how="delete", reason="Tidy up"
        )


def test_what_is_none_any_more_settles_itself(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    film = files(recording)[0]
    store(LOCAL).delete(film.key)
    some_nights()
    assert len(found(admin)) == 1
    store(LOCAL).put(film.key, io.BytesIO(FILM))
    with later(days=4):
        assert orphans.check().settled == 1
    assert found(admin) == []
    [settled] = found(admin, settled=True)
    assert (settled.settled_how, settled.settled_by) == (nights.NO_MORE, "")


def test_what_came_after_its_recording_was_deleted_is_deleted_at_once(admin: Actor) -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    asked(recording)
    purging.purge_due()
    left(recording, "late.mp4", FILM)
    store(LOCAL).put(f"recordings/{recording.public_id}/9.mp4", io.BytesIO(FILM))
    tally = orphans.check()
    assert tally.deleted == 2
    assert lying(LOCAL) == lying(RECORDER) == {}
    assert found(admin) == []
    assert [one.settled_how for one in found(admin, settled=True)] == [checking.LATE] * 2
    assert audited(recording.public_id).count("recording.late_file") == 2


def test_a_late_file_that_cannot_be_deleted_hides_nothing_behind_it(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked(LocalStorage):
        def delete(self, key: str) -> Removed:
            if key.startswith("recordings/rec_"):
                raise ProviderUnavailable(LOCAL, "AccessDenied", code="authentication", stop=True)
            return super().delete(key)

    recording = whole_way(on_its_way(TWO))
    asked(recording)
    purging.purge_due()
    late = f"recordings/{recording.public_id}/9.mp4"
    store(LOCAL).put(late, io.BytesIO(FILM))
    store(LOCAL).put("somebody/else.mp4", io.BytesIO(SLICE))
    locked, made = Locked(Path(settings().stores[LOCAL].bucket), LOCAL), registry._made  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(
        registry, "_made", lambda one, cdn: locked if one.name == LOCAL else made(one, cdn)
    )
    tally = some_nights()
    assert {one.key for one in found(admin)} == {late, "somebody/else.mp4"}
    assert tally.away == []


def test_an_older_store_that_may_only_be_read_keeps_no_other_from_being_checked(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ReadOnly(LocalStorage):
        def put(self, key: str, content: BinaryIO, *, content_type: str = "") -> Written:
            raise ProviderUnavailable(LOCAL, "AccessDenied", code="authentication", stop=True)

    shut, made = ReadOnly(Path(settings().stores[LOCAL].bucket), LOCAL), registry._made  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(
        registry, "_made", lambda one, cdn: shut if one.name == LOCAL else made(one, cdn)
    )
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    assert some_nights().away == []
    assert [one.key for one in found(admin)] == ["somebody/else.mp4"]


def test_pieces_of_a_failed_recording_are_its_own_matter_and_a_film_is_a_find(admin: Actor) -> None:
    meeting = a_held_session(a_pair())
    failed = a_recording(meeting, RecordingStatus.FAILED, prefix="1" * 8, trouble="Only pieces.")
    for number in range(5):
        left(failed, f"a_{number}.ts", SLICE)
    left(failed, "a.m3u8", SLICE)
    some_nights()
    assert found(admin) == []
    film = left(failed, "bak0_a.mp4", FILM)
    some_nights()
    assert [one.key for one in found(admin)] == [film]


def test_old_versions_and_hidden_files_are_files(ground: Ground, admin: Actor) -> None:
    bucket = ground.versioned()
    with environment_of(bucket.settings("vault") | {"STORAGE_DEFAULT": "vault"}):
        recording = on_its_way(TWO)
        whole_way(recording)
        film = files(recording)[0]
        bucket.hide(film.key)  # somebody deleted it in a dashboard, by its name alone
        store("vault").put("gone.mp4", io.BytesIO(SLICE))
        bucket.hide("gone.mp4")
        bucket.hide("never.mp4")
        some_nights()
        listed = {(one.kind, one.key, one.bytes) for one in found(admin)}
        assert listed == {
            (WITHOUT_FILE, film.key, len(FILM)),
            (WITHOUT_ROW, "gone.mp4", len(SLICE)),
        }


def test_a_store_that_does_not_answer_keeps_no_other_from_being_checked(admin: Actor) -> None:
    away = {
        "STORAGE_AWAY_KIND": "s3",
        "STORAGE_AWAY_ENDPOINT": "http://127.0.0.1:9",
        "STORAGE_AWAY_BUCKET": "bucket",
        "STORAGE_AWAY_KEY_ID": "id",
        "STORAGE_AWAY_SECRET": "secret",
    }
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    with environment_of(away):
        tally = some_nights()
        with runs.recorded("find_orphans") as run:
            orphans.check()
    assert tally.away == ["away"]
    assert "not read: away" in tally.words()
    assert (run.status, "away was not checked" in run.error) == (JobStatus.FAILED, True)
    assert [one.key for one in found(admin)] == ["somebody/else.mp4"]


def test_two_names_of_one_store_know_each_others_files(admin: Actor) -> None:
    with stores(vault="recordings"):
        recording = whole_way(on_its_way(TWO))
        some_nights()
        assert found(admin) == []
        moving.move(actor=admin, to="vault", recordings=[recording.public_id])
        transferring.transfer_due()
        some_nights()
    assert found(admin) == []


def test_what_is_being_moved_is_no_orphan_on_either_side(admin: Actor) -> None:
    with stores(vault="vault"):
        recording = whole_way(on_its_way(TWO))
        moving.move(actor=admin, to="vault", recordings=[recording.public_id])
        some_nights()
        assert found(admin) == []
        transferring.transfer_due()
        some_nights()
        assert found(admin) == []


def test_uploads_that_nobody_goes_on_with_are_given_up() -> None:
    store(LOCAL).begin("recordings/rec_unknown/1.mp4")
    store(LOCAL).begin("elsewhere/1.mp4")
    waiting = on_its_way(TWO)
    mine = files(waiting)[0]
    store(LOCAL).begin(mine.key)
    assert orphans.check().given_up == 0
    assert some_nights().given_up == 1
    assert {upload.key for upload in store(LOCAL).list_uploads()} == {"elsewhere/1.mp4", mine.key}


def test_probes_that_a_killed_process_left_go() -> None:
    store(LOCAL).put(f"probe-{'0' * 32}", io.BytesIO(b"probe"))
    orphans.check()
    some_nights()
    assert lying(LOCAL) == {}
    assert stored(Orphan) == []


def test_an_admin_deletes_an_orphan(admin: Actor) -> None:
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    some_nights()
    [orphan] = found(admin)
    orphans.settle(actor=admin, orphan=orphan.public_id, how="delete", reason="Not ours")
    assert lying(RECORDER) == {}
    [settled] = found(admin, settled=True)
    assert (settled.settled_how, settled.settled_by) == ("Deleted: Not ours", "Ada Admin")
    with pytest.raises(Conflict, match="settled this already"):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="delete", reason="Not ours")
    assert audited(orphan.public_id) == ["orphan.settled"]


def test_a_file_that_got_its_row_meanwhile_is_not_deleted(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    left(recording, "late.mp4", FILM)
    some_nights()
    [orphan] = found(admin)
    late = on_its_way({}, a_held_session(a_pair("Olga Other", "Vera Vogel")), prefix="1" * 8)
    with db.transaction() as tx:
        row = tx.merge(files(recording)[0])
        row.source, row.source_key = RECORDER, orphan.key
    with pytest.raises(Conflict, match="knows this file by now"):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="delete", reason="Not ours")
    assert len(lying(RECORDER)) == 1
    assert late.status is RecordingStatus.TRANSFERRING


def test_what_cannot_be_deleted_stays_open(admin: Actor) -> None:
    with stores(old="old"):
        store("old").put("somebody/else.mp4", io.BytesIO(SLICE))
        some_nights()
    [orphan] = found(admin)
    with pytest.raises(Conflict, match="does not answer"):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="delete", reason="Not ours")
    assert [one.public_id for one in found(admin)] == [orphan.public_id]


def test_a_late_file_is_adopted_and_brought_like_any_other(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    left(recording, "a.mp4", FILM)
    some_nights()
    [orphan] = found(admin)
    orphans.settle(actor=admin, orphan=orphan.public_id, how="adopt", reason="It came late")
    assert now(recording).status is RecordingStatus.READY  # it can be watched meanwhile
    whole_way(recording)
    assert arrived(recording) == TWO | {"3-a.mp4": FILM}
    assert files(recording)[2].kind is FileKind.VIDEO
    assert lying(RECORDER) == {}
    assert found(admin) == []


def test_a_spoilt_file_that_a_ready_recording_is_given_changes_nothing_of_it(admin: Actor) -> None:
    film = Path("mentorships/sandbox/samples/recording.mp4").read_bytes()
    recording = whole_way(on_its_way({"a.mp4": film}))
    left(recording, "bak0_a.mp4", film[:-100])
    some_nights()
    [orphan] = found(admin)
    with later(days=3):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="adopt", reason="It came late")
        assert transferring.transfer_due() == 1
    stays = now(recording)
    assert (stays.status, stays.look_at) == (RecordingStatus.READY, None)
    assert "breaks off" in stays.trouble
    assert [file.status for file in files(recording)] == [FileStatus.CHECKED, FileStatus.GONE]
    assert arrived(recording) == {"a.mp4": film, "2-bak0_a.mp4": None}
    assert told("recording_failed") == mailed("recording_failed") == 0
    assert [one.public_id for one in found(admin)] == [orphan.public_id]
    assert audited(recording.public_id)[-1] == "recording.not_adopted"
    assert len(lying(RECORDER)) == 1
    asked(recording)
    with later(days=3, minutes=1):
        assert purging.purge_due() == 1
    assert lying(RECORDER) == {}


def test_an_empty_file_is_no_part_of_a_recording(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    left(recording, "bak0_a.mp4", b"")
    some_nights()
    [orphan] = found(admin)
    assert not orphan.may_adopt
    with pytest.raises(Conflict, match="is empty"):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="adopt", reason="It came late")


def test_a_file_of_a_failed_recording_is_adopted_and_makes_it_ready(admin: Actor) -> None:
    meeting = a_held_session(a_pair())
    failed = a_recording(meeting, RecordingStatus.FAILED, prefix="1" * 8, trouble="Nothing came.")
    left(failed, "a.mp4", FILM)
    some_nights()
    [orphan] = found(admin)
    orphans.settle(actor=admin, orphan=orphan.public_id, how="adopt", reason="It came late")
    ready = whole_way(failed)
    assert ready.trouble == ""
    assert arrived(failed) == {"1-a.mp4": FILM}


def test_nothing_is_adopted_by_what_is_being_deleted(admin: Actor) -> None:
    recording = whole_way(on_its_way(TWO))
    left(recording, "late.mp4", FILM)
    some_nights()
    [orphan] = found(admin)
    asked(recording)
    with pytest.raises(Conflict, match="takes no more files"):
        orphans.settle(actor=admin, orphan=orphan.public_id, how="adopt", reason="Late")
    purging.purge_due()
    assert lying(RECORDER) == {}


def test_what_was_noted_is_found_anew_when_it_has_changed(admin: Actor) -> None:
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    some_nights()
    [orphan] = found(admin)
    orphans.settle(actor=admin, orphan=orphan.public_id, how="note", reason="Another project's")
    assert [one.settled_how for one in found(admin, settled=True)] == ["Noted: Another project's"]
    some_nights(2)
    assert found(admin) == []
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(FILM))
    some_nights()
    assert [one.bytes for one in found(admin)] == [len(FILM)]


@pytest.mark.parametrize(("how", "reason"), [("burn", "Why"), ("delete", ""), ("", "Why")])
def test_what_is_to_be_done_is_one_of_three_and_has_a_reason(
    admin: Actor, how: str, reason: str
) -> None:
    store(RECORDER).put("somebody/else.mp4", io.BytesIO(SLICE))
    some_nights()
    [orphan] = found(admin)
    with pytest.raises(InvalidInput):
        orphans.settle(actor=admin, orphan=orphan.public_id, how=how, reason=reason)
    assert found(admin) == [orphan]


def test_only_admins_see_and_settle_orphans(admin: Actor) -> None:
    meeting = a_held_session(a_pair())
    with db.reading() as session:
        mentee = acting(session.get_one(User, meeting.mentee_id))
        with pytest.raises(NotAllowed):
            orphans.list_orphans(session, actor=mentee)
    with pytest.raises(NotAllowed):
        orphans.settle(actor=mentee, orphan="orp_none", how="note", reason="Why")
    with pytest.raises(NotFound):
        orphans.settle(actor=admin, orphan="orp_none", how="note", reason="Why")


def test_the_list_goes_on_where_it_ended(admin: Actor) -> None:
    for number in range(5):
        store(RECORDER).put(f"somebody/{number}.mp4", io.BytesIO(SLICE))
    some_nights()
    with db.reading() as session:
        first = orphans.list_orphans(session, actor=admin, limit=2)
        second = orphans.list_orphans(session, actor=admin, limit=9, before=first.next)
    keys = [one.key for one in (*first.rows, *second.rows)]
    assert (len(first.rows), first.total, second.next) == (2, 5, None)
    assert sorted(keys) == [f"somebody/{number}.mp4" for number in range(5)]


def test_a_bucket_full_of_somebody_elses_files_is_not_copied_into_our_tables(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nights, "MOST_OPEN", 3)
    monkeypatch.setattr(nights, "PAGE", 2)
    for number in range(7):
        store(RECORDER).put(f"somebody/{number}.mp4", io.BytesIO(SLICE))
    whole_way(on_its_way({f"{number}.ts": SLICE for number in range(5)}))
    some_nights()
    assert len(found(admin)) == 3
