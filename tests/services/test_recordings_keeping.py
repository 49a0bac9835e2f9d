"""What is noted for the costs while a recording goes its way: of all its files at once."""

from __future__ import annotations

import pytest

from services import db
from services.models import MentoringSession, Recording
from services.recordings import keeping, purging, transferring
from tests.services.recording_rows import a_held_session, a_pair
from tests.services.recordings import (
    LOCAL,
    RECORDER,
    asked,
    now,
    on_its_way,
    used,
    whole_way,
)
from tests.services.rows import counted_reading
from tests.support.servers import environment_of

pytestmark = pytest.mark.usefixtures("database")

SLICES = {f"{number:03}.ts": bytes([number]) * 50 for number in range(1, 41)}
SIZE = 2_000


def test_of_a_stream_of_many_slices_one_row_says_that_it_came_and_one_that_it_went() -> None:
    recording = on_its_way(SLICES)
    whole_way(recording)
    came = [
        ("downloaded", LOCAL, SIZE),
        ("downloaded", RECORDER, SIZE),
        ("stored", LOCAL, SIZE),
    ]
    assert used() == came, "fetched once there, and read back here"
    assert asked(recording)
    assert purging.purge_due() == 1
    went = [use for use in used() if use not in came]
    assert [use[:2] for use in went] == [("early", LOCAL), ("gone", LOCAL)]
    assert went[1][2] == SIZE


def test_the_queries_of_what_is_noted_do_not_grow_with_the_files() -> None:
    counts: list[int] = []
    meeting = a_held_session(a_pair())
    for number, files in enumerate((dict(list(SLICES.items())[:2]), SLICES), 1):
        recording = on_its_way(files, meeting, number=number, prefix=f"{number:08}")
        whole_way(recording)
        with counted_reading() as (_, statements), db.transaction() as tx:
            row = tx.get_one(Recording, recording.id)
            session = tx.get_one(MentoringSession, recording.session_id)
            keeping.note_kept(tx, recording=row, session=session)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_noting_again_what_is_as_before_notes_nothing() -> None:
    recording = on_its_way(SLICES)
    whole_way(recording)
    before = used()
    with db.transaction() as tx:
        row = tx.get_one(Recording, recording.id)
        session = tx.get_one(MentoringSession, recording.session_id)
        keeping.note_kept(tx, recording=row, session=session)
    assert used() == before


def test_a_file_that_is_verified_where_the_recorder_left_it_is_read_once() -> None:
    with environment_of({"RECORDING_SOURCE": LOCAL}):
        recording = on_its_way(SLICES)
        whole_way(recording)
    assert used() == [("downloaded", LOCAL, SIZE), ("stored", LOCAL, SIZE)]


def test_what_a_recording_keeps_that_came_to_nothing_is_noted_too() -> None:
    recording = on_its_way(SLICES | {"broken.ts": b""})
    transferring.transfer_due()
    assert now(recording).status.value == "failed"
    assert [use for use in used() if use[0] == "stored"] == [("stored", LOCAL, SIZE)]
