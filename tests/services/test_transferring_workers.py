"""Workers who bring recordings: so many at a time, each recording once, paused, slow, or stuck."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from sqlmodel import col, select

from services import clock, db, locking
from services.jobs import pauses, runs
from services.models import JobRun, Recording, RecordingFile, RecordingStatus
from services.recordings import leases, transferring, trouble
from tests.services.odd_stores import Odd, odd
from tests.services.recording_rows import a_held_session, a_pair
from tests.services.recordings import bytes_of, later, mailed, now, on_its_way, used, whole_way
from tests.services.rows import acting, an_admin
from tests.support.locks import until_somebody_waits
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["odd"]

pytestmark = pytest.mark.usefixtures("database")

FILM, LIST, SLICE = bytes_of(3_400_000), b"#EXTM3U", bytes_of(900, seed=2)
TWO = {"a.mp4": FILM, "a.m3u8": LIST}


def test_only_so_many_are_brought_at_once_over_all_workers() -> None:
    meeting = a_held_session(a_pair())
    recordings = [
        on_its_way({"a.mp4": FILM}, meeting, number=number, prefix=f"{number:08}")
        for number in range(1, 4)
    ]
    wanted = transferring.is_wanted()
    taken = [leases.take(*wanted, most=2) for _ in range(3)]
    assert [lease is not None for lease in taken] == [True, True, False]
    assert leases.count_due(*wanted) == 1
    with db.transaction() as tx:
        leases.give_back(leases.held(tx, cast(leases.Lease, taken[0])), look_at=None)
    third = leases.take(*wanted, most=2)
    assert third is not None
    assert third.recording_id == recordings[2].id


def test_who_stood_still_for_too_long_has_lost_it_and_writes_nothing_more() -> None:
    recording = on_its_way(TWO)
    slow = leases.take(*transferring.is_wanted())
    assert slow is not None
    with later(minutes=3):
        whole_way(recording)
        before = [row.model_dump() for row in (*stored(Recording), *stored(RecordingFile))]
        assert transferring.work(slow) == "somebody else goes on"
    assert [row.model_dump() for row in (*stored(Recording), *stored(RecordingFile))] == before


def test_a_worker_at_work_keeps_what_it_has_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_SECONDS", 0.01)
    recording = on_its_way(TWO)
    lease = leases.take(*transferring.is_wanted())
    assert lease is not None
    taken_until = now(recording).look_at
    with later(minutes=1) as at, leases.kept(lease):
        for _ in range(500):
            if now(recording).look_at != taken_until:
                break
    assert now(recording).look_at == at + leases.LEASE


def test_what_nobody_expected_is_tried_again_and_keeps_no_other_from_its_turn(
    odd: Odd,
) -> None:
    meeting = a_held_session(a_pair())
    bad = on_its_way({"a.mp4": FILM}, meeting, prefix="1" * 8)
    good = on_its_way({"a.mp4": FILM}, meeting, prefix="2" * 8, number=2)

    def fall_over(_number: int) -> None:
        if len(odd.sent) == 1:
            raise RuntimeError("a bug of ours")

    odd.before_part = fall_over
    transferring.transfer_due()
    assert now(good).status is RecordingStatus.READY
    assert (now(bad).status, now(bad).trouble) == (RecordingStatus.TRANSFERRING, trouble.ODD)
    with later(minutes=5):
        whole_way(bad)


def test_a_run_that_takes_hours_is_not_lost_while_its_worker_keeps_the_recording() -> None:
    recording = on_its_way(TWO)
    with runs.recorded("transfer", about=recording.public_id):
        lease = leases.take(*transferring.is_wanted())
        assert lease is not None
        with later(hours=2):
            with db.transaction() as tx:
                leases.held(tx, lease).look_at = clock.utc_now() + leases.LEASE
            assert runs.close_lost() == 0
        with later(hours=2, minutes=3):
            assert runs.close_lost() == 1


def test_nothing_is_brought_while_an_admin_has_paused_it() -> None:
    recording, admin = on_its_way(TWO), acting(an_admin())
    pauses.pause(actor=admin, kind=transferring.KIND, reason="The line is needed.")
    assert transferring.transfer_due() == 0
    pauses.resume(actor=admin, kind=transferring.KIND)
    whole_way(recording)


def test_of_two_workers_who_take_at_once_only_as_many_get_one_as_may(database: str) -> None:
    assert both_take(database) == 1


@pytest.mark.one_database("postgres")
def test_without_the_lock_more_are_taken_than_may_be(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: on SQLite nobody else writes meanwhile anyway."""
    monkeypatch.setattr(locking, "lock_taking", lambda _db: None)
    assert both_take(database, waits=False) == 2


def both_take(database: str, *, waits: bool = True) -> int:
    """One worker takes a recording, and before its transaction has ended another one comes; how
    many have one in the end."""
    meeting = a_held_session(a_pair())
    for number in (1, 2):
        on_its_way({"a.mp4": SLICE}, meeting, number=number, prefix=f"{number:08}")
    wanted = transferring.is_wanted()
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as tx:
            locking.lock_taking(tx)
            first = tx.exec(select(Recording).order_by(col(Recording.id)).limit(1)).one()
            first.lease, first.look_at = "first", clock.utc_now() + leases.LEASE
            tx.flush()
            second = pool.submit(leases.take, *wanted, most=1)
            if waits:
                until_somebody_waits(database)
            else:
                second.result()
        taken = second.result()
    return 1 + (taken is not None)


def test_workers_at_once_bring_each_recording_once() -> None:
    meeting = a_held_session(a_pair())
    recordings = [
        on_its_way({"a.mp4": FILM, "b.ts": SLICE}, meeting, number=number, prefix=f"{number:08}")
        for number in range(1, 7)
    ]
    two = environment_of({"TRANSFERS_AT_ONCE": "2"})
    with two, ThreadPoolExecutor(4) as pool:
        for turn in [pool.submit(transferring.transfer_due) for _ in range(4)]:
            turn.result()
    transferring.transfer_due()  # who came when two were at work went away again
    assert [now(each).status for each in recordings] == [RecordingStatus.READY] * 6
    assert len(stored(JobRun)) == 6
    assert mailed("recording_ready") == 2 * 6
    assert len(used()) == 3 * 6
