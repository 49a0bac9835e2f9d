"""What the video adapter promises, against the simulator: a recorder's whole life, and every answer
of Agora's that ends in a state of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.rehearsing import Refused, Rehearsal
from services.providers.video import registry
from services.providers.video.base import (
    Bucket,
    Ending,
    Phase,
    Recorder,
    Refusal,
    Reservation,
    Upload,
    VideoProvider,
)
from tests.support.agora import Agora, in_folder
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import NOBODY_LISTENS

CHANNEL = "ses_4aB"
UID = 900
PREFIX = ("rec", "7f3a")
BEGUN = 1_772_445_600
NOW = datetime.fromtimestamp(BEGUN, UTC)
UNTIL = NOW + timedelta(hours=2)


@dataclass
class Vendor:
    """The adapter, and what happens behind it at a moment of the test's choice."""

    world: Agora
    folder: Path
    passed: int = field(default=0)

    @property
    def adapter(self) -> VideoProvider:
        return registry.video()

    @property
    def bucket(self) -> Bucket:
        return Bucket("folder", str(self.folder))

    def reserved(self, uid: int = UID, channel: str = CHANNEL) -> Reservation:
        return self.adapter.acquire(channel, uid)

    def started(self, reserved: Reservation | None = None, until: datetime = UNTIL) -> Recorder:
        now = NOW + timedelta(seconds=self.passed)
        return self.adapter.start(
            reserved or self.reserved(), bucket=self.bucket, prefix=PREFIX, now=now, until=until
        )

    def later(self, seconds: int) -> None:
        """Let the time pass at Agora's."""
        self.passed += seconds
        self.world.clock(BEGUN + self.passed)

    def recording(self, **behaviour: object) -> Recorder:
        """One that is in the channel."""
        self.world.behave(**behaviour)
        recorder = self.started()
        self.later(3)
        return recorder

    def files(self) -> list[str]:
        return in_folder(self.folder)


@pytest.fixture
def at(sandbox: Sandbox) -> Vendor:
    """The simulator at a fixed moment, whose notifications stay with it."""
    world = Agora(sandbox)
    world.webhooks("hold")
    world.clock(BEGUN)
    folder = Path(sandbox.environment["DATA_DIR"]) / "recorder" / str(time.monotonic_ns())
    return Vendor(world, folder)


def rejected(act: Callable[[], object]) -> str:
    with pytest.raises(ProviderRejected) as error:
        act()
    return error.value.code


def unavailable(act: Callable[[], object]) -> ProviderUnavailable:
    with pytest.raises(ProviderUnavailable) as error:
        act()
    return error.value


def test_a_recorder_joins_records_leaves_and_its_files_are_in_the_bucket(at: Vendor) -> None:
    recorder = at.started()
    assert at.adapter.query(recorder).phase is Phase.COMING
    at.later(3)
    seen = at.adapter.query(recorder)
    assert seen.phase is Phase.RECORDING
    assert seen.began_at == NOW + timedelta(seconds=3)
    assert [each.name.rpartition(".")[2] for each in seen.files] == ["m3u8"]
    at.later(3600)
    stopped = at.adapter.stop(recorder)
    assert (stopped.ending, stopped.upload) == (Ending.STOPPED, Upload.UNKNOWN)
    at.later(1)
    seen = at.adapter.query(recorder)
    assert seen.phase is Phase.OVER
    base = f"rec/7f3a/{recorder.sid}_ses-4aB"
    assert [each.name for each in seen.files] == [f"{base}.m3u8", f"{base}_0.mp4"]
    kinds = [name.removeprefix(base).rpartition(".")[2] for name in at.files()]
    assert sorted(kinds) == ["m3u8", "mp4", "ts", "ts"]
    at.later(60)
    assert at.adapter.query(recorder).phase is Phase.ABSENT


def test_it_is_started_as_agora_wants_it_for_two_people_in_one_picture(at: Vendor) -> None:
    recorder = at.started()
    kept = at.world.recording(recorder.sid)
    assert (kept["cname"], kept["uid"], kept["prefix"]) == (CHANNEL, str(UID), "rec/7f3a")
    assert (kept["formats"], kept["max_idle"]) == (["hls", "mp4"], 300)
    assert (kept["storage"]["vendor"], kept["storage"]["region"]) == (11, 0)
    assert kept["problem"] == ""
    assert recorder.mode == "mix"


def test_nobody_having_sent_anything_is_an_ending_without_files(at: Vendor) -> None:
    recorder = at.recording(sends=False)
    assert at.adapter.query(recorder).phase is Phase.RECORDING
    assert at.adapter.stop(recorder).ending is Ending.NOTHING_SENT
    at.later(10)
    assert at.adapter.query(recorder).phase is Phase.ABSENT
    assert at.files() == []


def test_one_that_is_stopped_before_it_joined_leaves_nothing(at: Vendor) -> None:
    recorder = at.started()
    assert at.adapter.stop(recorder).ending is Ending.NOTHING_SENT
    at.later(10)
    assert at.adapter.query(recorder).phase is Phase.ABSENT
    assert at.files() == []


def test_stopping_twice_or_too_late_is_no_error(at: Vendor) -> None:
    recorder = at.recording(stop_seconds=30)
    assert at.adapter.stop(recorder).ending is Ending.STOPPED
    assert at.adapter.stop(recorder).ending is Ending.WAS_OVER
    assert at.adapter.query(recorder).phase is Phase.ENDING
    at.later(31)
    assert at.adapter.query(recorder).phase is Phase.OVER
    at.later(60)
    assert at.adapter.stop(recorder).ending is Ending.WAS_OVER


def test_a_recorder_that_never_was_is_absent_and_was_over(at: Vendor) -> None:
    nobody = Recorder(CHANNEL, UID, "made-up", "made-up-too")
    assert at.adapter.query(nobody).phase is Phase.ABSENT
    assert at.adapter.stop(nobody).ending is Ending.WAS_OVER


def test_while_it_moves_to_another_server_it_is_absent_and_then_goes_on(at: Vendor) -> None:
    recorder = at.recording(moves_after=10)
    at.later(10)
    assert at.adapter.query(recorder).phase is Phase.ABSENT
    assert at.adapter.stop(recorder).ending is Ending.WAS_OVER
    at.later(15)
    assert at.adapter.query(recorder).phase is Phase.RECORDING
    at.adapter.stop(recorder)
    at.later(1)
    names = [name.rpartition("/")[2] for name in at.files()]
    assert {name.startswith("bak0_") for name in names} == {True, False}
    assert sum(name.endswith(".mp4") for name in names) == 2


def test_one_that_breaks_says_so_and_leaves_what_it_had(at: Vendor) -> None:
    recorder = at.recording(breaks_after=20)
    at.later(20)
    assert at.adapter.query(recorder).phase is Phase.BROKEN
    assert any(name.endswith(".mp4") for name in at.files())


def test_alone_in_the_channel_it_leaves_after_five_minutes(at: Vendor) -> None:
    recorder = at.recording()
    at.world.everybody_leaves(recorder.sid)
    at.later(299)
    assert at.adapter.query(recorder).phase is Phase.RECORDING
    at.later(2)
    assert at.adapter.query(recorder).phase is Phase.OVER
    assert len(at.files()) == 4


def test_it_leaves_when_its_token_ends(at: Vendor) -> None:
    recorder = at.started(until=NOW + timedelta(minutes=10))
    at.later(599)
    assert at.adapter.query(recorder).phase is Phase.RECORDING
    at.later(2)
    assert at.adapter.query(recorder).phase is Phase.OVER


def test_one_that_is_not_let_in_is_never_there(at: Vendor) -> None:
    at.world.behave(joins=False)
    recorder = at.started()
    for _ in range(3):
        at.later(10)
        assert at.adapter.query(recorder).phase is Phase.ABSENT
    assert at.world.told(recorder.sid) == ["cloud_recording_error", "session_exit"]


def test_several_films_are_listed_and_written(at: Vendor) -> None:
    recorder = at.recording(parts=3)
    at.adapter.stop(recorder)
    at.later(1)
    films = [each.name for each in at.adapter.query(recorder).files if each.name.endswith("mp4")]
    assert films == sorted(name for name in at.files() if name.endswith("mp4"))
    assert len({(at.folder / name).read_bytes() for name in films}) == 3


def test_files_that_come_late_come_when_nobody_knows_the_recorder_any_more(at: Vendor) -> None:
    recorder = at.recording(late_seconds=60)
    at.adapter.stop(recorder)
    at.later(30)
    assert at.adapter.query(recorder).phase is Phase.ABSENT
    assert not any(name.endswith("mp4") for name in at.files())
    at.later(31)
    assert sum(name.endswith("mp4") for name in at.files()) == 1


def test_a_reservation_is_good_once_and_for_five_minutes(at: Vendor) -> None:
    reserved = at.reserved()
    at.started(reserved)
    assert rejected(lambda: at.started(reserved)) == Refusal.ALREADY_STARTED
    old = at.reserved(901)
    at.later(301)
    assert rejected(lambda: at.started(old)) == Refusal.RESERVATION_OVER
    made_up = Reservation(CHANNEL, 902, "made-up")
    assert rejected(lambda: at.started(made_up)) == Refusal.RESERVATION_OVER
    theirs = Reservation(CHANNEL, 903, at.reserved(904).resource_id)
    assert rejected(lambda: at.started(theirs)) == Refusal.RESERVATION_OVER


def test_the_same_recorder_is_not_twice_in_a_channel_and_another_is(at: Vendor) -> None:
    at.started()
    assert rejected(at.started) == Refusal.UID_TAKEN
    other = at.started(at.reserved(UID + 1))
    at.later(3)
    assert at.adapter.query(other).phase is Phase.RECORDING


def test_a_start_whose_answer_is_lost_is_known_when_it_is_repeated(at: Vendor) -> None:
    reserved = at.reserved()
    at.world.fault("*/start", "drop_after")
    unavailable(lambda: at.started(reserved))
    assert rejected(lambda: at.started(reserved)) == Refusal.ALREADY_STARTED
    [kept] = at.world.recordings()
    at.later(3)
    assert "recorder_started" in at.world.told(kept["id"])  # which brings its sid


def test_more_recorders_than_the_app_may_have_is_for_later(at: Vendor) -> None:
    at.world.app(limit=1)
    first = at.started()
    error = unavailable(lambda: at.started(at.reserved(901)))
    assert (error.code, error.puts_off, error.stop) == ("too_many_recorders", True, False)
    at.later(3)
    at.adapter.stop(first)
    at.later(1)
    assert at.started(at.reserved(901))


@pytest.mark.parametrize("verb", ["acquire", "start", "query", "stop"])
def test_what_was_not_completed_can_be_asked_again(at: Vendor, verb: str) -> None:
    reserved, recorder = at.reserved(901), at.recording()
    acts: dict[str, Callable[[], object]] = {
        "acquire": lambda: at.reserved(902),
        "start": lambda: at.started(reserved),
        "query": lambda: at.adapter.query(recorder),
        "stop": lambda: at.adapter.stop(recorder),
    }
    at.world.app(repeats=1)
    error = unavailable(acts[verb])
    assert (error.code, error.retry_after) == ("not_completed", 3)
    assert acts[verb]()


def test_an_app_that_may_not_record_stops_everything_until_an_operator_helps(at: Vendor) -> None:
    at.world.app(enabled=False)
    error = unavailable(at.reserved)
    assert (error.code, error.stop) == ("not_enabled", True)
    [problem] = at.adapter.check().problems
    assert "Cloud Recording is not enabled" in problem
    at.world.app(enabled=True)
    assert at.adapter.check().problems == ()


def test_a_wrong_key_stops_everything(at: Vendor) -> None:
    at.world.fault("/v1/apps/*", "status", status=401, times=2)
    for act in (at.reserved, at.adapter.check):
        error = unavailable(act)
        assert (error.code, error.stop) == ("authentication", True)
    assert at.adapter.check().told == "the key is right"


@pytest.mark.parametrize("status", [500, 501, 502, 504])
def test_an_outage_is_worth_another_try(at: Vendor, status: int) -> None:
    at.world.fault("*/acquire", "status", status=status)
    error = unavailable(at.reserved)
    assert (error.answered, error.stop) == (True, False)
    assert at.reserved()


def test_an_answer_that_breaks_off_or_takes_too_long_says_nothing(at: Vendor) -> None:
    at.world.fault("*/acquire", "drop_before")
    assert not unavailable(at.reserved).answered
    at.world.fault("*/acquire", "slow", seconds=0.6)
    with environment_of({"AGORA_TIMEOUT_SECONDS": "0.2"}):
        assert not unavailable(at.reserved).answered
    time.sleep(0.7)  # the simulator is still at it
    with environment_of({"AGORA_API_BASE": NOBODY_LISTENS}):
        assert not unavailable(at.reserved).answered


def test_agoras_pace_is_kept_to_by_all_threads_together(at: Vendor) -> None:
    at.world.app(per_second=10)
    found: list[str] = []
    too_fast: list[float] = []
    began = time.monotonic()

    def ask() -> None:
        while True:
            try:
                found.append(at.reserved().resource_id)
            except ProviderUnavailable as error:
                # A busy machine holds some back between their turn and the wire, as a network does.
                too_fast.append(error.retry_after or 1)
                time.sleep(too_fast[-1])
            else:
                return

    with environment_of({"AGORA_PER_SECOND": "8"}):
        threads = [threading.Thread(target=ask) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(found)) == 24
    assert time.monotonic() - began > 1.9
    assert len(too_fast) < 14, "24 at once, of which Agora takes 10"


@pytest.mark.parametrize(
    "prefix", [("rec_1",), ("a/b",), ("",), ("x" * 64, "y" * 64), ("é",), ("..",)]
)
def test_what_agora_could_not_write_is_never_sent(at: Vendor, prefix: tuple[str, ...]) -> None:
    reserved = at.reserved()
    with pytest.raises(ValueError, match="prefix"):
        at.adapter.start(reserved, bucket=at.bucket, prefix=prefix, now=NOW, until=UNTIL)
    assert at.world.recordings() == []


def test_amazons_buckets_are_named_by_agoras_number_of_their_region(at: Vendor) -> None:
    def start(region: str, uid: int) -> Recorder:
        bucket = Bucket("aws", "recordings", region=region, key_id="k", secret="s")
        reserved = at.reserved(uid)
        return at.adapter.start(reserved, bucket=bucket, prefix=PREFIX, now=NOW, until=UNTIL)

    kept = at.world.recording(start("eu-central-1", 901).sid)["storage"]
    assert (kept["vendor"], kept["region"], kept["bucket"]) == (1, 7, "recordings")
    with pytest.raises(ValueError, match="region"):
        start("moon-west-1", 902)


def test_the_bucket_is_the_store_that_the_settings_name(at: Vendor) -> None:
    assert registry.recording_bucket() == Bucket("folder", str(settings().data_dir / "recorder"))
    source = {
        "STORAGE_B2_KIND": "b2",
        "STORAGE_B2_REGION": "eu-central-003",
        "STORAGE_B2_BUCKET": "recordings",
        "STORAGE_B2_KEY_ID": "key",
        "STORAGE_B2_SECRET": "hidden-word",
        "RECORDING_SOURCE": "b2",
    }
    with environment_of(source):
        bucket = registry.recording_bucket()
        recorder = at.adapter.start(
            at.reserved(), bucket=bucket, prefix=PREFIX, now=NOW, until=UNTIL
        )
    assert (bucket.kind, bucket.name) == ("s3", "recordings")
    assert "hidden-word" not in repr(bucket)
    kept = at.world.recording(recorder.sid)["storage"]
    assert (kept["vendor"], kept["endpoint"]) == (11, "s3.eu-central-003.backblazeb2.com")


def test_a_rehearsal_asks_and_never_records(at: Vendor) -> None:
    recorder = at.recording()
    assert Rehearsal().run(lambda: at.adapter.query(recorder)).phase is Phase.RECORDING
    for act in (at.reserved, lambda: at.adapter.stop(recorder)):
        with pytest.raises(Refused):
            Rehearsal().run(act)
    assert at.adapter.query(recorder).phase is Phase.RECORDING
