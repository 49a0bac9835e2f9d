"""Workers who delete recordings: few at a time, killed anywhere, paused, or too slow."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import col, select

from services import db
from services.jobs import pauses
from services.models import PurgeCertificate, Recording, RecordingStatus
from services.recordings import leases, purging, transferring, trouble
from tests.services.odd_stores import Watched, watched
from tests.services.recording_rows import a_held_session, a_pair
from tests.services.recordings import (
    LOCAL,
    asked,
    bytes_of,
    certificate,
    later,
    lying,
    now,
    on_its_way,
    told,
    whole_way,
)
from tests.services.rows import acting, an_admin
from tests.support.studio import stored

__all__ = ["watched"]

pytestmark = pytest.mark.usefixtures("database")

FILM, SLICE = bytes_of(3_000), bytes_of(700, seed=2)
TWO = {"a.mp4": FILM, "b.ts": SLICE}


def test_what_is_still_listed_is_no_proof_and_is_tried_again(watched: Watched) -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    watched.keeps = 4
    asked(recording)
    assert purging.purge_due() == 0
    waits = now(recording)
    assert (waits.status, waits.trouble) == (RecordingStatus.READY, trouble.AWAY)
    assert stored(PurgeCertificate) == []
    assert told("recording_purged") == 0
    with later(minutes=1):
        assert purging.purge_due() == 1
    assert [file["versions"] for file in certificate().files] == [1, 1]
    assert lying(LOCAL) == {}


def test_who_is_killed_half_way_is_followed_by_somebody_who_has_counted_the_same(
    watched: Watched,
) -> None:
    class Killed(BaseException):
        pass

    recording = on_its_way(TWO)
    whole_way(recording)
    asked(recording)
    deleted: list[str] = []

    def die(key: str) -> None:
        deleted.append(key)
        if len(deleted) == 2:
            raise Killed

    watched.before = die
    with pytest.raises(Killed):
        purging.purge_due()
    watched.before = None
    assert len(lying(LOCAL)) == 1
    assert purging.purge_due() == 0
    with later(minutes=3):
        assert purging.purge_due() == 1
    assert [file["versions"] for file in certificate().files] == [1, 1]
    assert certificate().versions == 2


def test_only_two_are_deleted_at_once_over_all_workers(watched: Watched) -> None:
    meeting = a_held_session(a_pair())
    recordings = [
        on_its_way(TWO, meeting, number=number, prefix=f"{number:08}") for number in range(1, 7)
    ]
    transferring.transfer_due()
    for recording in recordings:
        asked(recording)
    leased = select(Recording).where(*purging.is_wanted(), col(Recording.lease) != "")
    most: list[int] = []

    def stay(_key: str) -> None:
        with db.reading() as session:
            most.append(len(session.exec(leased).all()))
        time.sleep(0.02)

    watched.before = stay
    with ThreadPoolExecutor(4) as pool:
        gone = sum(each.result() for each in [pool.submit(purging.purge_due) for _ in range(4)])
    watched.before = None
    assert max(most) == purging.PURGES_AT_ONCE
    assert gone + purging.purge_due() == 6


def test_a_pause_holds_deletions_that_somebody_has_just_woken_the_worker_for() -> None:
    recording = whole_way(on_its_way(TWO))
    admin = acting(an_admin())
    pauses.pause(actor=admin, kind=purging.KIND, reason="A lawyer called.")
    asked(recording)
    assert purging.purge_due() == 0
    assert len(lying(LOCAL)) == 2
    pauses.resume(actor=admin, kind=purging.KIND)
    assert purging.purge_due() == 1


def test_a_pause_while_they_are_deleted_lets_none_begin_any_more(watched: Watched) -> None:
    meeting = a_held_session(a_pair())
    for number in (1, 2):
        asked(whole_way(on_its_way(TWO, meeting, number=number, prefix=f"{number:08}")))
    admin = acting(an_admin())
    watched.before = lambda _key: pauses.pause(
        actor=admin, kind=purging.KIND, reason="A lawyer called."
    )
    assert purging.purge_due() == 1
    assert len(lying(LOCAL)) == 2


def test_a_worker_that_is_told_to_stop_takes_no_more(watched: Watched) -> None:
    meeting = a_held_session(a_pair())
    for number in (1, 2):
        asked(whole_way(on_its_way(TWO, meeting, number=number, prefix=f"{number:08}")))
    watched.before = lambda _key: leases.stopping.set()
    try:
        assert purging.purge_due() == 1
    finally:
        leases.stopping.clear()
    watched.before = None
    assert len(lying(LOCAL)) == 2
    assert purging.purge_due() == 1


def test_whoever_lost_it_while_deleting_writes_no_certificate() -> None:
    recording = on_its_way(TWO)
    whole_way(recording)
    asked(recording)
    slow = leases.take(*purging.is_wanted())
    assert slow is not None
    with later(minutes=3):
        assert purging.purge_due() == 1
        assert purging.work(slow) == "somebody else goes on"
    assert len(stored(PurgeCertificate)) == 1
