"""The simulated Agora: its answers, its refusals, its recorders over time."""

from __future__ import annotations

import time

import pytest

from services.config import settings
from tests.sandbox.agora import BEGUN, CHANNEL, UID, Json, Rest, customer, rest
from tests.support.servers import Sandbox

__all__ = ["rest"]


def test_a_recording_from_acquire_to_404(rest: Rest) -> None:
    reserved = rest.acquire().json()
    assert reserved.keys() == {"cname", "uid", "resourceId"}
    started = rest.start(reserved["resourceId"]).json()
    assert started == {**reserved, "sid": started["sid"]}
    assert len(started["sid"]) == 32
    statuses = [rest.query(started).json()["serverResponse"]["status"]]
    for _ in range(3):
        rest.later(1)
        statuses.append(rest.query(started).json()["serverResponse"]["status"])
    assert statuses == [1, 2, 5, 5]
    response = rest.query(started).json()["serverResponse"]
    assert response["sliceStartTime"] == (BEGUN + 2) * 1000
    stopped = rest.stop(started)
    assert (stopped.status_code, stopped.json()) == (200, {**started, "serverResponse": {}})
    rest.later(1)
    listed = rest.query(started).json()["serverResponse"]
    assert (listed["status"], listed["fileListMode"]) == (7, "json")
    [playlist, film] = listed["fileList"]
    base = f"rec/7f3a/{started['sid']}_ses-1"
    assert (playlist["fileName"], film["fileName"]) == (f"{base}.m3u8", f"{base}_0.mp4")
    assert film["isPlayable"] is film["mixedAllUser"] is True
    rest.later(10)
    gone = rest.query(started)
    assert (gone.status_code, gone.json()["code"]) == (404, 404)
    assert gone.json()["serverResponse"]["payload"] == {"message": "failed to find worker"}


@pytest.mark.parametrize(
    ("uid", "channel", "asked"),
    [
        (900, CHANNEL, {}),
        ("0", CHANNEL, {}),
        ("4294967296", CHANNEL, {}),
        ("nine", CHANNEL, {}),
        ("٩", CHANNEL, {}),
        (UID, "", {}),
        (UID, "x" * 64, {}),
        (UID, "a/b", {}),
        (UID, 7, {}),
        (UID, CHANNEL, {"scene": 1}),
        (UID, CHANNEL, {"scene": "0"}),
        (UID, CHANNEL, {"resourceExpiredHour": 0}),
        (UID, CHANNEL, {"resourceExpiredHour": 721}),
    ],
)
def test_an_acquire_that_agora_would_not_take_is_refused(
    rest: Rest, uid: object, channel: object, asked: Json
) -> None:
    answer = rest.acquire(uid, channel, **asked)
    assert (answer.status_code, answer.json()["code"]) == (400, 2)


RECORDING = {"channelType": 0, "streamTypes": 2, "maxIdleTime": 60}
WRONG: dict[str, Json] = {
    "no recordingConfig": {"recordingConfig": None},
    "no channel type": {"recordingConfig": {"maxIdleTime": 60}},
    "a live channel": {"recordingConfig": {**RECORDING, "channelType": 1}},
    "too short a wait": {"recordingConfig": {**RECORDING, "maxIdleTime": 4}},
    "too long a wait": {"recordingConfig": {**RECORDING, "maxIdleTime": 2_592_001}},
    "a number in words": {"recordingConfig": {**RECORDING, "streamTypes": "2"}},
    "too wide": {"recordingConfig": {**RECORDING, "transcodingConfig": {"width": 4000}}},
    "mp4 alone": {"recordingFileConfig": {"avFileType": ["mp4"]}},
    "no storage": {"storageConfig": None},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=list(WRONG))
def test_a_start_that_agora_would_not_take_is_refused(rest: Rest, changes: Json) -> None:
    answer = rest.start(**changes)
    assert (answer.status_code, answer.json()["code"]) == (400, 2)
    assert rest.world.recordings() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"vendor": 0},
        {"vendor": 4},
        {"region": "eu"},
        {"bucket": ""},
        {"accessKey": None},
        {"extensionParams": {}},
        {"extensionParams": {"endpoint": "https://s3.example.com"}},
        {"fileNamePrefix": "recordings"},
        {"fileNamePrefix": ["with-hyphen"]},
        {"fileNamePrefix": ["../up"]},
        {"fileNamePrefix": [""]},
        {"fileNamePrefix": [7]},
        {"fileNamePrefix": ["x" * 129]},
    ],
    ids=str,
)
def test_a_bucket_that_agora_could_not_write_to_is_refused(rest: Rest, changes: Json) -> None:
    answer = rest.start(storageConfig=rest.storage(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, 2)


def test_without_mp4_there_are_only_slices(rest: Rest) -> None:
    recorder = rest.started(recordingFileConfig={"avFileType": ["hls"]})
    rest.stop(recorder)
    rest.later(1)
    kinds = {path.suffix for path in rest.folder.rglob("*") if path.is_file()}
    assert kinds == {".m3u8", ".ts"}


def test_a_resource_is_good_once_for_its_channel_and_five_minutes(rest: Rest) -> None:
    resource = rest.resource()
    assert rest.start(resource).status_code == 200
    again = rest.start(resource)
    assert (again.status_code, again.json()["code"]) == (201, 7)
    fresh = rest.resource()
    same = rest.start(fresh)
    assert (same.status_code, same.json()["code"]) == (400, 53)
    assert rest.start("made-up").json()["code"] == 1001
    other = rest.acquire("901").json()["resourceId"]
    assert rest.start(other).json()["code"] == 432
    rest.later(301)
    assert rest.start(fresh).json()["code"] == 433


def test_a_token_for_something_else_is_found_out_only_when_the_recorder_joins(rest: Rest) -> None:
    for token in ("", "007nonsense", rest.request()["token"][:-8]):
        answer = rest.start(rest.acquire().json()["resourceId"], token=token)
        assert answer.status_code == 200
        rest.later(3)
        assert rest.query(answer.json()).status_code == 404
        told = rest.world.told(answer.json()["sid"])
        assert told == ["cloud_recording_error", "session_exit"]


def test_stopping_somebody_elses_recorder_is_refused(rest: Rest) -> None:
    recorder = rest.started()
    assert rest.stop(recorder, uid="901").json()["code"] == 432
    assert rest.stop(recorder, clientRequest={"async_stop": "yes"}).json()["code"] == 2
    assert rest.stop({**recorder, "resourceId": rest.resource()}).status_code == 404
    wrong_mode = rest.of(recorder, "query").replace("/mix/", "/web/")
    assert rest.http.get(f"{rest.base}/{wrong_mode}").json()["code"] == 2
    assert rest.query(recorder).json()["serverResponse"]["status"] == 5


def test_a_second_stop_is_49_and_nothing_recorded_is_435(rest: Rest) -> None:
    rest.world.behave(stop_seconds=30)
    recorder = rest.started()
    assert rest.stop(recorder).status_code == 200
    assert rest.stop(recorder).json()["code"] == 49
    rest.world.behave(sends=False)
    rest.later(60)
    silent = rest.started()
    assert rest.query(silent).json()["serverResponse"]["status"] == 4
    answer = rest.stop(silent)
    assert (answer.status_code, answer.json()["code"]) == (206, 435)
    assert rest.stop(silent).status_code == 404


def test_the_gateway_refuses_strangers_other_apps_and_odd_headers(
    rest: Rest, sandbox: Sandbox
) -> None:
    for auth in (("", ""), (settings().effective_agora_app_id, "x"), ("agora-simulator", "x")):
        answer = rest.http.get(f"{rest.base}/resourceid/r/sid/s/mode/mix/query", auth=auth)
        assert answer.status_code == 401
        assert answer.json() == {"message": "Invalid authentication credentials"}
    other = rest.base.replace(settings().effective_agora_app_id, "0" * 32)
    assert rest.http.get(f"{other}/resourceid/r/sid/s/mode/mix/query").json() == {
        "message": "appid is invalid"
    }
    assert rest.post("acquire", {}, content_type="application/json").json()["code"] == 8
    for content in (b"", b"{", b"[]", b"\xff"):
        assert rest.post("acquire", content).json()["code"] == 8
    for path in ("acquire", "resourceid/r/mode/mix/start"):
        answer = rest.http.get(f"{rest.base}/{path}")
        assert answer.status_code in {404, 405}
    assert "no Route" in rest.http.get("/agora/v1/anything").json()["message"]


def test_more_than_ten_requests_in_a_second_are_too_many(rest: Rest, sandbox: Sandbox) -> None:
    sandbox.control("agora/app", {"per_second": 10})
    time.sleep(1)
    path, hasty = f"{rest.base}/resourceid/r/sid/s/mode/mix/query", customer(sandbox.address)
    statuses = [hasty.get(path).status_code for _ in range(30)]
    assert statuses[:10] == [404] * 10
    assert 429 in statuses[10:]
    time.sleep(1)
    assert rest.http.get(path).status_code == 404


def test_the_app_has_a_limit_and_recording_can_be_off(rest: Rest) -> None:
    rest.world.app(limit=0)
    assert rest.start().json()["code"] == 406
    rest.world.app(limit=1, enabled=False)
    assert rest.acquire().json() == {"message": "appid is invalid"}
    rest.world.app(enabled=True, repeats=2)
    assert [rest.acquire().status_code for _ in range(3)] == [206, 206, 200]


def test_somebody_who_comes_back_in_time_keeps_the_recorder(rest: Rest) -> None:
    recorder = rest.started()
    rest.world.everybody_leaves(recorder["sid"])
    rest.later(59)
    rest.world.somebody_comes(recorder["sid"])
    rest.later(120)
    assert rest.query(recorder).json()["serverResponse"]["status"] == 5
    rest.world.everybody_leaves(recorder["sid"])
    rest.later(60)
    assert rest.world.recording(recorder["sid"])["left_at"] == BEGUN + 3 + 59 + 120 + 60


def test_recorders_survive_a_change_of_mind_and_a_reset_forgets_them(
    rest: Rest, sandbox: Sandbox
) -> None:
    recorder = rest.started()
    rest.world.change(recorder["sid"], breaks_after=10)
    rest.later(20)
    assert rest.query(recorder).json()["serverResponse"]["status"] == 20
    sandbox.control("reset", {})
    assert rest.world.recordings() == []
    assert rest.query(recorder).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("behaviour", {"sings": True}),
        ("behaviour", {"sends": 1}),
        ("behaviour", {"parts": True}),
        ("behaviour", {"parts": -1}),
        ("behaviour", {"parts": "many"}),
        ("behaviour", {"content": "none"}),
        ("app", {"enabled": 1}),
        ("app", {"colour": "red"}),
    ],
)
def test_a_senseless_wish_is_refused(rest: Rest, path: str, body: Json) -> None:
    with pytest.raises(AssertionError, match="400"):
        rest.world.sandbox.control(f"agora/{path}", body)
