"""Stores that are busy, away, or not set up any more while recordings are brought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock
from services.errors import ProviderUnavailable
from services.models import OutboxMessage, RecordingStatus
from services.providers.storage import s3_wire
from services.providers.storage.registry import store
from services.recordings import transferring, trouble
from tests.providers.stores import Ground, a_name, ground
from tests.services.odd_stores import Odd, odd
from tests.services.recordings import (
    arrived,
    bytes_of,
    later,
    lying,
    now,
    on_its_way,
    stores,
    whole_way,
)
from tests.services.rows import an_admin
from tests.support.s3 import Bucket
from tests.support.s3_proxy import proxied
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, stored

__all__ = ["ground", "odd"]

pytestmark = pytest.mark.usefixtures("database")

FILM, LIST, SLICE = bytes_of(3_400_000), b"#EXTM3U", bytes_of(900, seed=2)
LONG = bytes_of(9 * 2**20)
TWO = {"a.mp4": FILM, "a.m3u8": LIST}


def test_a_store_that_is_busy_is_asked_again_when_it_said_and_nothing_is_sent_twice(
    odd: Odd,
) -> None:
    recording = on_its_way({"a.mp4": LONG})
    odd.before_part = lambda number: setattr(
        odd, "away", int(number == 5 and odd.sent.count(5) == 1)
    )
    transferring.transfer_due()
    waits = now(recording)
    assert (waits.status, waits.tries, waits.trouble) == (
        RecordingStatus.TRANSFERRING,
        1,
        trouble.AWAY,
    )
    assert waits.look_at is not None
    assert waits.look_at - clock.utc_now() > timedelta(seconds=30)
    assert transferring.transfer_due() == 0
    odd.before_part, first = None, sorted(odd.sent)
    with later(seconds=60):
        whole_way(recording)
    assert arrived(recording) == {"a.mp4": LONG}
    again = odd.sent[len(first) :]
    assert 5 in again
    assert not set(again) & (set(first) - {5})
    assert now(recording).trouble == ""


def test_waits_grow_and_end_at_an_hour() -> None:
    away = ProviderUnavailable("b2", "reset")
    waits = [trouble.wait_after(away, tries) for tries in range(1, 30)]
    assert 10 < waits[0] < 20 < waits[1] < 40
    assert all(wait <= 1.25 * 3_600 for wait in waits)
    assert min(waits[12:]) > 2_600


@pytest.fixture
def morning() -> Iterator[None]:
    """An hour later is still the same day."""
    with clock.at(BEGINNING):
        yield


@pytest.mark.usefixtures("morning")
def test_a_store_that_is_not_set_up_any_more_waits_and_admins_hear_of_it_once_a_day() -> None:
    an_admin()
    with stores(old="old", STORAGE_DEFAULT="old"):
        recording = on_its_way(TWO)
    transferring.transfer_due()
    assert (now(recording).trouble, now(recording).status) == (
        trouble.NOT_SET_UP,
        RecordingStatus.TRANSFERRING,
    )
    with later(hours=1):
        transferring.transfer_due()
    alerts = [row.data["alert"] for row in stored(OutboxMessage) if "alert" in row.data]
    assert alerts == [trouble.ALERT]
    with stores(old="old"), later(hours=5):
        whole_way(recording)
        assert arrived(recording) == TWO


def test_a_store_cannot_make_a_recording_wait_for_a_day() -> None:
    for asked_for in (86_400.0, 1e12, float("inf")):
        busy = ProviderUnavailable("b2", "503", answered=True, retry_after=asked_for)
        assert trouble.wait_after(busy, 1) == trouble.LONGEST_WAIT_SECONDS


def test_from_bucket_to_bucket_over_a_bad_line_it_takes_time_and_nothing_else(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From rclone into SeaweedFS that refuses what Backblaze refuses."""
    monkeypatch.setattr(s3_wire, "FIRST_WAIT_SECONDS", 0.01)
    source, bucket = ground.rclone().bucket(a_name()), ground.versioned()
    proxy = ground.stack.enter_context(proxied(bucket.endpoint, as_b2=True))
    names = {"STORAGE_DEFAULT": "vault", "RECORDING_SOURCE": "bucket"}
    vault = Bucket(proxy.endpoint, bucket.name).settings("vault", "b2")
    with environment_of(source.settings("bucket") | vault | names):
        for at, kind in enumerate(("slow_down", "reset", "answer_lost", "changed_on_the_way")):
            proxy.fault(kind, "PUT", skip=at)
            if kind != "changed_on_the_way":  # nothing guards what is said, but the line itself
                proxy.fault(kind, "POST", skip=at)
        recording = on_its_way({"a.mp4": LONG, "b.ts": SLICE})
        whole_way(recording)
        assert arrived(recording) == {"a.mp4": LONG, "b.ts": SLICE}
        assert lying("bucket") == {}
        assert sorted(lying("vault").values()) == [1, 1]
        assert list(store("vault").list_uploads()) == []


def test_a_bucket_that_stays_busy_is_for_later(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_wire, "FIRST_WAIT_SECONDS", 0.01)
    bucket = ground.versioned()
    proxy = ground.stack.enter_context(proxied(bucket.endpoint))
    vault = Bucket(proxy.endpoint, bucket.name).settings("vault")
    with environment_of(vault | {"STORAGE_DEFAULT": "vault"}):
        recording = on_its_way({"b.ts": SLICE})
        proxy.fault("slow_down", times=99, retry_after=90)
        transferring.transfer_due()
        waits = now(recording)
        assert (waits.tries, waits.trouble) == (1, trouble.AWAY)
        assert waits.look_at is not None
        assert waits.look_at - clock.utc_now() > timedelta(seconds=80)
