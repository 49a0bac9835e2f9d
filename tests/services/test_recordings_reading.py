"""What people see of recordings: their own, a session's, and what is told to admins alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session

from services import clock, db
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.models import (
    Access,
    ConsentAnswer,
    FileKind,
    FileStatus,
    Mentor,
    MentoringSession,
    PurgeCertificate,
    RecordingAccess,
    RecordingStatus,
)
from services.recordings import one, reading
from services.sessions import Side
from tests.services.recording_rows import (
    a_file,
    a_held_session,
    a_pair,
    a_recording,
    answered,
    mentee_user,
    mentor_user,
    waiting,
)
from tests.services.rows import (
    VISITOR,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    counted_reading,
    saved,
)

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still() -> Any:
    with clock.at(NOW):
        yield


def seen(read: Callable[..., Any], **asked: Any) -> Any:
    with db.reading() as session:
        return read(session, **asked)


def statements_of(read: Callable[[Session], object]) -> int:
    with counted_reading() as (session, statements):
        read(session)
        return len(statements)


def with_files(session: MentoringSession, *, films: int, number: int = 1) -> str:
    """A recording with so many films; its public id."""
    recording = a_recording(session, number=number)
    for part in range(films):
        file = a_file(recording, b"x" * 10, name=f"sid_channel_{part}.mp4")
        person = mentee_user(session)
        saved(
            RecordingAccess(
                recording_id=recording.id, file_id=file.id, user_id=person.id, how=Access.WATCHED
            )
        )
    return recording.public_id


def test_each_of_the_two_sees_their_own_recordings_the_newest_first() -> None:
    pack = a_pair()
    old, new = a_held_session(pack, days_ago=5), a_held_session(pack, days_ago=2)
    first, second = with_files(old, films=1), with_files(new, films=2)
    with_files(a_held_session(a_pair("Ben Bauer", "Paul Other")), films=1)

    mine = seen(reading.list_mine, actor=acting(mentee_user(old)))
    with db.reading() as session:
        mentor = session.get_one(Mentor, old.mentor_id)
    theirs = seen(reading.list_mentors, actor=acting_mentor(mentor))

    assert [row.public_id for row in mine.rows] == [second, first] == [
        row.public_id for row in theirs.rows
    ]  # fmt: skip
    newest = mine.rows[0]
    assert (newest.bytes, newest.copied, newest.percent, newest.videos) == (20, 20, 100, 2)
    assert (newest.mentee_name, newest.mentor_name) == ("Nora Novak", "Mina Mentor")
    assert (newest.mentee_email, mine.total, newest.stores) == ("", 2, ("local",))
    assert newest.watchable


def test_a_list_comes_in_parts_that_neither_skip_nor_repeat() -> None:
    pack = a_pair()
    ids = [with_files(a_held_session(pack, days_ago=day), films=1) for day in (1, 2, 3)]
    actor = acting(a_user("Otto Other"))
    with pytest.raises(InvalidInput):
        seen(reading.list_mine, actor=actor, before=ids[0])  # somebody else's tells nothing
    mine = acting(mentee_user(a_held_session(pack, days_ago=9)))
    first = seen(reading.list_mine, actor=mine, limit=2)
    rest = seen(reading.list_mine, actor=mine, limit=2, before=first.next)
    assert [row.public_id for row in (*first.rows, *rest.rows)] == ids
    assert rest.next is None


def test_deleted_ones_are_a_list_of_their_own() -> None:
    session = a_held_session(a_pair())
    kept = with_files(session, films=1)
    gone = a_recording(session, RecordingStatus.PURGED, number=2).public_id
    actor = acting(mentee_user(session))
    parts = {
        which: [row.public_id for row in seen(reading.list_mine, actor=actor, which=which).rows]
        for which in ("kept", "deleted", "")
    }
    assert (parts["kept"], parts["deleted"]) == ([kept], [gone])
    assert sorted(parts[""]) == sorted([kept, gone])


def test_lists_are_for_those_whom_they_concern() -> None:
    with pytest.raises(SignInNeeded):
        seen(reading.list_mine, actor=VISITOR)
    with pytest.raises(NotFound):
        seen(reading.list_mentors, actor=acting(a_user("Nora Novak")))
    with pytest.raises(NotAllowed):
        seen(reading.list_all, actor=acting(a_user("Ben Bauer")))


def test_admins_find_recordings_by_people_ids_status_holds_and_trouble() -> None:
    ada = acting(an_admin())
    session = a_held_session(a_pair())
    ready = with_files(session, films=1)
    held = a_recording(
        session,
        RecordingStatus.FAILED,
        number=2,
        trouble="It heard nobody.",
        held_at=NOW,
        hold_reason="A dispute.",
    ).public_id
    moving = a_recording(session, number=3, trouble="The store does not answer.").public_id
    other = a_held_session(a_pair("Ben Bauer", "Paul Other"))
    foreign = a_recording(other, RecordingStatus.TRANSFERRING, purge_asked_at=NOW).public_id

    def found(**asked: str) -> set[str]:
        return {row.public_id for row in seen(reading.list_all, actor=ada, **asked).rows}

    assert found() == {ready, held, moving, foreign}
    assert found(query="nora") == {ready, held, moving}
    assert found(query="paul") == found(mentor="paul-other") == {foreign}
    assert found(query="ben.bauer@") == {foreign}
    assert found(query=ready) == {ready}
    assert found(query=session.public_id) == {ready, held, moving}
    assert found(status="ready") == {ready, moving}
    assert found(status=reading.HELD) == {held}
    assert found(status=reading.PURGING) == {foreign}
    assert found(status=reading.TROUBLE) == {held, moving}
    with pytest.raises(InvalidInput):
        found(status="nonsense")
    assert seen(reading.list_all, actor=ada, query=ready).rows[0].mentee_email


def test_the_percentage_is_of_all_files_and_100_only_at_the_end() -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session, RecordingStatus.TRANSFERRING)
    a_file(recording, b"x" * 500)
    a_file(recording, b"x" * 500, status=FileStatus.WAITING, checked_at=None, copied=499)
    [row] = seen(reading.list_mine, actor=acting(mentee_user(session))).rows
    assert (row.copied, row.bytes, row.percent) == (999, 1_000, 99)
    assert not row.watchable


def test_films_stand_in_the_order_of_their_time_and_what_is_internal_is_for_admins() -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session)
    for name in ("sid_a_10.mp4", "sid_a_2.mp4", "sid_a_0.mp4"):
        a_file(recording, name=name)
    a_file(recording, kind=FileKind.SEGMENT)
    for name in ("sid_a.m3u8", "sid_a_1700000000_0.m3u8"):
        a_file(recording, kind=FileKind.PLAYLIST, name=name)

    mine = seen(
        one.get_recording, actor=acting(mentee_user(session)), recording=recording.public_id
    )
    whole = seen(one.get_recording, actor=acting(an_admin()), recording=recording.public_id)

    assert [file.name for file in whole.parts] == ["sid_a_0.mp4", "sid_a_2.mp4", "sid_a_10.mp4"]
    assert [file.part for file in mine.files] == [1, 2, 3, 0, 0, 0]
    assert {(file.name, file.store, file.key) for file in mine.files} == {("", "", "")}
    assert whole.parts[0].store == "local" and whole.sid == ""
    assert (mine.side, whole.side) == (Side.MENTEE, Side.ADMIN)


@pytest.mark.parametrize(
    "ordered",
    [
        ["e1_a_0.mp4", "e1_a_1.mp4", "bak0_e1_a_0.mp4", "bak1_e1_a_0.mp4"],
        ["e1_a_0.mp4", "bak0_e1_a.m3u8", "bak10_e1_a.m3u8"],
        ["e1_a.m3u8", "bak0_e1_a_0.mp4"],
        ["e1_a.m3u8", "e1_a_1700000000_0.m3u8", "bak2_e1_a.m3u8", "9-bak10_e1_a_0.mp4"],
    ],
)
def test_after_a_failover_every_part_is_shown_the_first_servers_first(ordered: list[str]) -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session)
    for name in sorted(ordered):  # by name alone a backup comes before what it goes on from
        kind = FileKind.VIDEO if name.endswith(".mp4") else FileKind.PLAYLIST
        a_file(recording, kind=kind, name=name)
    a_file(recording, kind=FileKind.SEGMENT, name="e1_a_20260301090000000.ts")

    whole = seen(one.get_recording, actor=acting(an_admin()), recording=recording.public_id)

    assert [file.name for file in whole.parts] == ordered
    assert [file.part for file in whole.parts] == list(range(1, len(ordered) + 1))


def test_a_file_that_was_added_is_a_part_once_it_is_there_and_never_if_it_came_to_nothing() -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session)
    a_file(recording, name="sid_a_0.mp4")
    a_file(recording, name="2-bak0_sid_a_0.mp4", **waiting("recorder", 9))
    a_file(recording, name="3-bak1_sid_a_0.mp4", status=FileStatus.GONE, gone_at=NOW)
    moved: dict[str, Any] = {"source_since": NOW, "checked_at": NOW}
    a_file(recording, name="4-bak2_sid_a_0.mp4", **waiting("recorder", 9) | moved)

    whole = seen(one.get_recording, actor=acting(an_admin()), recording=recording.public_id)

    assert [file.name for file in whole.parts] == ["sid_a_0.mp4", "4-bak2_sid_a_0.mp4"]
    assert len(whole.files) == 4


def test_who_watched_is_told_and_an_admin_is_the_studio() -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session)
    file, ada = a_file(recording), an_admin()
    for person in (mentor_user(session), ada):
        saved(
            RecordingAccess(
                recording_id=recording.id, file_id=file.id, user_id=person.id, how=Access.WATCHED
            )
        )
    asked = {"recording": recording.public_id}
    mine = seen(one.get_recording, actor=acting(mentee_user(session)), **asked)
    whole = seen(one.get_recording, actor=acting(ada), **asked)
    assert [(line.side, line.name) for line in mine.accesses] == [
        (Side.ADMIN, ""), (Side.MENTOR, "Mina Mentor"),
    ]  # fmt: skip
    assert whole.accesses[0].name == "Ada Admin"
    assert mine.accessed == 2


def test_no_answer_is_told_as_none_and_each_ones_own_is_marked() -> None:
    session = a_held_session(a_pair())
    answered(session, session.mentor_user_id, ConsentAnswer.DECLINED)
    found = seen(one.get_of_session, actor=acting(mentee_user(session)), session=session.public_id)
    mentee, mentor = found.consents
    assert (mentee.answer, mentee.mine, mentee.granted) == (None, True, False)
    assert (mentor.answer, mentor.mine) == (ConsentAnswer.DECLINED, False)
    assert found.mine == mentee and found.running is None


def test_a_session_tells_which_recording_runs() -> None:
    session = a_held_session(a_pair())
    a_recording(session)
    running = a_recording(session, RecordingStatus.RECORDING, number=2)
    found = seen(one.get_of_session, actor=acting(mentor_user(session)), session=session.public_id)
    assert [row.number for row in found.recordings] == [1, 2]
    assert found.running and found.running.public_id == running.public_id


def test_a_deleted_one_shows_its_certificate() -> None:
    session = a_held_session(a_pair())
    recording = a_recording(session, RecordingStatus.PURGED)
    lines = [{"key": "recordings/a/1.mp4", "bytes": 9, "sha256": "0" * 64, "versions": 2}]
    saved(
        PurgeCertificate(
            recording_id=recording.id,
            reason="The time that recordings are kept for was over.",
            files=lines,
            places=["local recordings/a"],
            versions=2,
            bytes=9,
            listed_at=NOW,
        )
    )
    asked = {"recording": recording.public_id}
    mine = seen(one.get_recording, actor=acting(mentee_user(session)), **asked).certificate
    whole = seen(one.get_recording, actor=acting(an_admin()), **asked).certificate
    assert (mine.files, mine.versions, mine.bytes, mine.listed_at) == (1, 2, 9, NOW)
    assert (mine.lines, mine.places) == ((), ())
    assert [line.versions for line in whole.lines] == [2]


def test_a_recording_of_somebody_else_looks_like_none() -> None:
    recording = with_files(a_held_session(a_pair()), films=1)
    stranger = acting(a_user("Ben Bauer"))
    for name in (recording, "rec_none"):
        with pytest.raises(NotFound):
            seen(one.get_recording, actor=stranger, recording=name)
    with pytest.raises(NotFound):
        seen(one.get_recording, actor=VISITOR, recording=recording)


def test_every_reading_takes_the_same_number_of_queries_however_much_there_is() -> None:
    pack = a_pair()
    session = a_held_session(pack, days_ago=3)
    few = with_files(session, films=1)
    actor, ada = acting(mentee_user(session)), acting(an_admin())

    def taken(recording: str) -> list[int]:
        return [
            statements_of(lambda db: reading.list_mine(db, actor=actor)),
            statements_of(lambda db: reading.list_all(db, actor=ada, query="nora")),
            statements_of(lambda db: one.get_recording(db, actor=actor, recording=recording)),
            statements_of(
                lambda db: one.get_of_session(db, actor=actor, session=session.public_id)
            ),
        ]

    before, many = taken(few), few
    for number in range(2, 5):
        many = with_files(session, films=6, number=number)
        with_files(a_held_session(pack, days_ago=number), films=3)
    assert taken(many) == before
    assert max(before) <= 9
