"""What Agora answers that the simulator never says, its two domains, and the wire itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.config import settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.video import registry
from services.providers.video.agora import Agora
from services.providers.video.base import (
    Bucket,
    Ending,
    Phase,
    Recorder,
    Refusal,
    Reservation,
    Upload,
)
from services.providers.video.wire import Domains, Wire
from services.settings_checks import AGORA_API, AGORA_OTHER_API
from tests.services.test_config import AGORA, PRODUCTION, SOURCE
from tests.support.servers import environment_of

APP = "0a" * 16
ONE, OTHER = "https://one.invalid", "https://other.invalid"
RECORDER = Recorder("ses_1", 900, "resource", "sid")
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
Json = dict[str, object]


class Line:
    """Answers as it is told, and notes what was asked."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)

    @property
    def hosts(self) -> list[str]:
        return [request.url.host.partition(".")[0] for request in self.asked]

    def agora(self) -> Agora:
        wire = Wire(
            [ONE, OTHER],
            customer_id="customer",
            customer_secret="the secret",
            timeout_seconds=1,
            per_second=0,
            transport=httpx.MockTransport(self),
        )
        return Agora(wire, app_id=APP, certificate="0c" * 16)


def saying(status: int, body: object = None, **headers: str) -> Line:
    content = b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Line(lambda _: httpx.Response(status, content=content, headers=named))


def start(agora: Agora, bucket: Bucket | None = None) -> Recorder:
    return agora.start(
        Reservation("ses_1", 900, "resource"),
        bucket=bucket or Bucket("s3", "recordings", endpoint="https://s3.example.com/"),
        prefix=("a", "b"),
        now=NOW,
        until=NOW + timedelta(hours=1),
    )


UNAVAILABLE = {
    "too fast": (429, {"message": "API rate limit exceeded"}, {}, ("rate_limit", 1.0, False)),
    "too fast for long": (429, None, {"retry_after": "7"}, ("rate_limit", 7.0, False)),
    "too fast for ever": (429, None, {"retry_after": "9999"}, ("rate_limit", 60.0, False)),
    "forbidden": (403, None, {}, ("authentication", None, True)),
    "no app": (400, {"message": "appid is invalid"}, {}, ("not_enabled", None, True)),
    "not enabled": (400, {"code": 62}, {}, ("not_enabled", None, True)),
    "busy": (503, None, {"retry_after": "20"}, ("", 20.0, False)),
    "a page": (504, "<html>", {}, ("", None, False)),
    "a redirect": (302, None, {"location": "/"}, ("", None, False)),
    "unfinished": (206, {"code": 65}, {}, ("not_completed", 3.0, False)),
    "in letters": (206, {"code": "65"}, {}, ("not_completed", 3.0, False)),
    "full": (400, {"code": 406}, {}, ("too_many_recorders", 30.0, False)),
    "time-out": (408, None, {}, ("", None, False)),
    "half an answer": (206, {}, {}, ("", None, False)),
}


@pytest.mark.parametrize(
    ("status", "body", "headers", "told"), UNAVAILABLE.values(), ids=list(UNAVAILABLE)
)
def test_what_passes_is_told_from_what_an_operator_must_put_right(
    status: int,
    body: object,
    headers: dict[str, str],
    told: tuple[str, float | None, bool],
) -> None:
    with pytest.raises(ProviderUnavailable) as error:
        saying(status, body, **headers).agora().acquire("ses_1", 900)
    assert (error.value.code, error.value.retry_after, error.value.stop) == told
    assert "the secret" not in str(error.value)


REJECTED = {
    "a parameter": (400, {"code": 2, "reason": "ses_1 is wrong"}, Refusal.INVALID),
    "the headers": (400, {"code": 8}, Refusal.INVALID),
    "the address": (404, {"message": "no Route matched with those values"}, Refusal.INVALID),
    "the channel": (400, {"code": 1013}, Refusal.INVALID),
    "running": (201, {"code": 7}, Refusal.ALREADY_STARTED),
    "taken": (400, {"code": 53}, Refusal.UID_TAKEN),
    "another's": (400, {"code": 432}, Refusal.RESERVATION_OVER),
    "expired": (400, {"code": 433}, Refusal.RESERVATION_OVER),
    "unreadable": (400, {"code": 1001}, Refusal.RESERVATION_OVER),
    "nonsense": (400, None, Refusal.INVALID),
}


@pytest.mark.parametrize(("status", "body", "code"), REJECTED.values(), ids=list(REJECTED))
def test_what_will_never_be_taken_is_a_refusal(status: int, body: object, code: Refusal) -> None:
    with pytest.raises(ProviderRejected) as error:
        start(saying(status, body).agora())
    assert error.value.code == code
    assert "ses_1" not in str(error.value)


def test_a_start_that_reached_no_recorder_is_for_later() -> None:
    with pytest.raises(ProviderUnavailable) as error:
        start(saying(400, {"code": 62}).agora())
    assert (error.value.code, error.value.stop) == ("not_completed", False)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (0, Phase.COMING), (1, Phase.COMING), (2, Phase.COMING), (3, Phase.COMING),
        (4, Phase.RECORDING), (5, Phase.RECORDING), (6, Phase.ENDING), (7, Phase.OVER),
        (8, Phase.ENDING), (20, Phase.BROKEN), (77, Phase.COMING), ("5", Phase.COMING),
    ],
)  # fmt: skip
def test_every_number_of_a_status_is_a_phase(status: object, phase: Phase) -> None:
    line = saying(200, {"serverResponse": {"status": status}})
    assert line.agora().query(RECORDER).phase is phase


QUERIES = {
    "gone": (404, {"code": 404, "serverResponse": {"payload": {}}}, Phase.ABSENT),
    "gone, without words": (404, None, Phase.ABSENT),
    "leaving": (404, {"code": 501}, Phase.ENDING),
    "empty": (200, {}, Phase.COMING),
}


@pytest.mark.parametrize(("status", "body", "phase"), QUERIES.values(), ids=list(QUERIES))
def test_a_recorder_that_is_not_to_be_found_is_absent_or_leaving(
    status: int, body: object, phase: Phase
) -> None:
    assert saying(status, body).agora().query(RECORDER).phase is phase


def test_a_query_at_a_wrong_address_is_no_absent_recorder() -> None:
    with pytest.raises(ProviderRejected):
        saying(404, {"message": "no Route matched with those values"}).agora().query(RECORDER)


STOPS = {
    "asynchronous": (200, {"serverResponse": {}}, Ending.STOPPED, Upload.UNKNOWN),
    "uploaded": (200, {"uploadingStatus": "uploaded"}, Ending.STOPPED, Upload.DONE),
    "kept there": (200, {"uploadingStatus": "backuped"}, Ending.STOPPED, Upload.LATER),
    "slow": (206, {"code": 50}, Ending.STOPPED, Upload.UNKNOWN),
    "empty": (206, {"code": 435}, Ending.NOTHING_SENT, Upload.UNKNOWN),
    "twice": (400, {"code": 49}, Ending.WAS_OVER, Upload.UNKNOWN),
    "over": (404, {"code": 404}, Ending.WAS_OVER, Upload.UNKNOWN),
    "leaving": (404, {"code": 501}, Ending.WAS_OVER, Upload.UNKNOWN),
}


@pytest.mark.parametrize(("status", "body", "ending", "upload"), STOPS.values(), ids=list(STOPS))
def test_every_answer_to_a_stop_is_an_ending(
    status: int, body: Json, ending: Ending, upload: Upload
) -> None:
    told = body if "code" in body or "serverResponse" in body else {"serverResponse": body}
    stopped = saying(status, told).agora().stop(RECORDER)
    assert (stopped.ending, stopped.upload) == (ending, upload)


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ([{"fileName": "a/b.mp4", "sliceStartTime": 1_772_445_600_000}], ["a/b.mp4"]),
        ([{"fileName": "b.mp4", "sliceStartTime": "1772445600000"}], ["b.mp4"]),
        ("a/b.m3u8", ["a/b.m3u8"]),
        ([{"fileName": ""}, {"trackType": "audio"}, None, "x"], []),
        (None, []),
        ({}, []),
    ],
)
def test_files_are_listed_by_name_or_in_full(listed: object, names: list[str]) -> None:
    line = saying(200, {"serverResponse": {"status": 5, "fileList": listed}})
    files = line.agora().query(RECORDER).files
    assert [each.name for each in files] == names
    assert {each.began_at for each in files} <= {NOW, None}


@pytest.mark.parametrize("told", [{}, {"resourceId": ""}, {"resourceId": "../x"}, []])
def test_an_answer_without_what_was_asked_for_is_none(told: object) -> None:
    with pytest.raises(ProviderUnavailable):
        saying(200, told).agora().acquire("ses_1", 900)


def test_requests_are_written_as_agora_reads_them() -> None:
    line = saying(200, {"sid": "s1"})
    recorder = start(line.agora())
    [request] = line.asked
    assert recorder == Recorder("ses_1", 900, "resource", "s1")
    path = f"/v1/apps/{APP}/cloud_recording/resourceid/resource/mode/mix/start"
    assert (request.method, request.url.path) == ("POST", path)
    assert request.headers["content-type"] == "application/json;charset=utf-8"
    pair = base64.b64encode(b"customer:the secret").decode()
    assert request.headers["authorization"] == f"Basic {pair}"
    body = json.loads(request.content)
    assert body["uid"] == "900"
    assert body["clientRequest"]["recordingFileConfig"] == {"avFileType": ["hls", "mp4"]}
    picture = body["clientRequest"]["recordingConfig"]["transcodingConfig"]
    assert (picture["width"], picture["height"]) == (1280, 720)
    storage = body["clientRequest"]["storageConfig"]
    assert storage["extensionParams"] == {"endpoint": "s3.example.com"}
    assert storage["fileNamePrefix"] == ["a", "b"]


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no way", request=request)


def test_what_cannot_be_delivered_is_tried_twice_and_then_at_the_other_domain() -> None:
    answer = httpx.Response(200, json={"resourceId": "r1"})
    line = Line(lambda r: unreachable(r) if r.url.host.startswith("one") else answer)
    agora = line.agora()
    assert agora.acquire("ses_1", 900).resource_id == "r1"
    assert line.hosts == ["one", "one", "other"]
    agora.acquire("ses_1", 901)
    assert line.hosts[3:] == ["other"]  # which stays the first choice


def test_with_nobody_there_it_is_an_outage_after_three_tries() -> None:
    line = Line(unreachable)
    with pytest.raises(ProviderUnavailable) as error:
        line.agora().acquire("ses_1", 900)
    assert not error.value.answered
    assert line.hosts == ["one", "one", "other"]


def test_after_two_failures_of_their_own_the_other_domain_is_asked_and_nothing_is_repeated() -> (
    None
):
    line = Line(lambda r: httpx.Response(500 if r.url.host.startswith("one") else 404))
    agora = line.agora()
    for number in (1, 2):
        with pytest.raises(ProviderUnavailable):
            agora.query(RECORDER)
        assert line.hosts == ["one"] * number
    assert agora.query(RECORDER).phase is Phase.ABSENT
    assert line.hosts == ["one", "one", "other"]


def test_failures_that_are_not_in_a_row_are_no_reason_to_move() -> None:
    domains = Domains([ONE, OTHER])
    for _ in range(5):
        domains.failed(ONE)
        domains.answered(ONE)
    assert domains.now() == ONE
    for _ in range(2):
        domains.failed(ONE)
    domains.failed(ONE)  # one that was under way meanwhile
    assert domains.now() == OTHER


def test_agora_itself_is_asked_at_both_its_domains() -> None:
    with environment_of({**PRODUCTION, **AGORA, **SOURCE}):
        assert registry.domains_of(settings().agora_api_base) == [AGORA_API, AGORA_OTHER_API]
    assert registry.domains_of(AGORA_OTHER_API) == [AGORA_OTHER_API, AGORA_API]
    assert registry.domains_of("http://127.0.0.1:1/agora") == ["http://127.0.0.1:1/agora"]
