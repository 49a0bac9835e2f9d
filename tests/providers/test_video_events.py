"""Agora's notifications: the signature of its manual, and what they tell in our words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.providers.hooks import BadEvent, BadSignature, Event
from services.providers.video.base import File
from services.providers.video.events import AgoraHooks, Happened, notice

BODY = (
    b'{"eventType":10,"noticeId":"4eb720f0-8da7-11e9-a43e-53f411c2761f","notifyMs":1560408533119,'
    b'"payload":{"a":"1","b":2},"productId":1}'
)
SIGNATURE = "de96da5acf03b0021ac3b4fa2225e7ae6f3533a30d50bb02c08ea4fa748bda24"
OLDER = "5a3bb6a6d9fad2ea9ae3fb707a14c9d7f3136df1"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
AT = 1_772_445_600_000


def read(body: bytes = BODY, signature: str = SIGNATURE, secret: str = "secret") -> Event:
    return AgoraHooks(secret).read_event(body, {"agora-signature-v2": signature}, NOW)


def told(kind: int, product: int = 3, **changes: object) -> str:
    payload: dict[str, object] = {
        "cname": "ses_1",
        "uid": "900",
        "sid": "s1",
        "sequence": 4,
        "sendts": AT,
        "serviceType": 0,
        "details": {},
    }
    event = {"noticeId": "n1", "productId": product, "eventType": kind, "notifyMs": AT}
    return json.dumps({**event, "payload": {**payload, **changes}})


def test_agoras_own_example_is_verified_and_read() -> None:
    event = read()
    assert event == Event("4eb720f0-8da7-11e9-a43e-53f411c2761f", "agora.1.10", "")
    assert read(signature=SIGNATURE.upper()) == event


@pytest.mark.parametrize(
    "signature", ["", OLDER, SIGNATURE[:-1], SIGNATURE[:-1] + "5", "é" * 64, SIGNATURE * 2]
)
def test_a_wrong_or_older_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        read(signature=signature)


def test_a_changed_body_or_another_secret_is_refused() -> None:
    for act in (lambda: read(BODY + b" "), lambda: read(secret="another")):
        with pytest.raises(BadSignature):
            act()


def test_a_recorders_started_brings_its_sid() -> None:
    found = notice(told(40))
    assert found is not None
    assert (found.happened, found.sid, found.channel) == (Happened.STARTED, "s1", "ses_1")
    assert (found.uid, found.at) == (900, NOW)


def test_uploaded_files_are_named() -> None:
    files = [{"fileName": "a/b.mp4", "sliceStartTime": AT}, {"fileName": "a/b.m3u8"}]
    found = notice(told(31, details={"msgName": "uploaded", "status": 0, "fileList": files}))
    assert found is not None
    assert found.happened is Happened.UPLOADED
    assert found.files == (File("a/b.mp4", NOW), File("a/b.m3u8"))


def test_one_that_moved_has_another_uid() -> None:
    found = notice(told(12, details={"newUid": 77}))
    assert found is not None
    assert (found.happened, found.uid) == (Happened.MOVED, 77)


@pytest.mark.parametrize(("status", "broken"), [(0, False), (1, True)])
def test_an_ending_tells_whether_it_was_a_fault(status: int, broken: bool) -> None:
    found = notice(told(11, details={"exitStatus": status}))
    assert found is not None
    assert (found.happened, found.broken) == (Happened.ENDED, broken)


@pytest.mark.parametrize("kind", [2, 3, 4, 13, 30, 33, 42, 43, 45, 60, 70, 90, 100, 1001])
def test_what_tells_nothing_new_is_nothing(kind: int) -> None:
    assert notice(told(kind)) is None


@pytest.mark.parametrize(
    "payload",
    [
        told(31, product=1),
        told(31, sid=""),
        told(31, sid="s" * 300),
        told(31, sid="a\u0000b"),
        "[]",
        "{}",
        '{"productId": 3, "eventType": 31}',
        '{"productId": 3, "eventType": 31, "payload": []}',
    ],
    ids=["product", "no sid", "long sid", "odd sid", "list", "empty", "no payload", "payload"],
)
def test_what_names_no_recorder_is_nothing(payload: str) -> None:
    assert notice(payload) is None


@pytest.mark.parametrize("moment", [-1, 0, "soon", 10**13, "999999999999999"])
def test_nonsense_inside_is_read_as_far_as_it_goes(moment: object) -> None:
    found = notice(told(31, uid=None, sendts=moment, details={"fileList": "x.m3u8"}, cname=7))
    assert found is not None
    assert (found.uid, found.at, found.channel) == (0, None, "7")
    assert found.files == (File("x.m3u8"),)


def test_what_is_no_json_is_no_notification() -> None:
    with pytest.raises(BadEvent):
        notice("{")
