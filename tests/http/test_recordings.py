"""Recordings over HTTP: ranges as players ask for them, streams, and every link that is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import failures, middleware, recordings
from mentorships.http.recordings import NoSuchPart, Span, span_of
from services import clock, db
from services.config import settings
from services.ids import hashed
from services.models import (
    Access,
    FileKind,
    MentoringSession,
    Recording,
    RecordingAccess,
    RecordingFile,
    SignIn,
    User,
)
from services.providers.storage import registry
from services.recordings import links
from state import cookies
from tests.services.recording_rows import (
    FILM,
    SLICE,
    a_file,
    a_held_session,
    a_pair,
    a_recording,
    mentee_user,
    mentor_user,
)
from tests.services.rows import a_user, acting, an_admin, saved
from tests.support.databases import NO_DATABASE, in_use
from tests.support.logs import captured
from tests.support.studio import stored

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def client(database: str, tmp_path: Path) -> Iterator[TestClient]:
    routes = Starlette(routes=recordings.routes, exception_handlers={Exception: failures.in_route})
    app = middleware.protect(routes, settings(), tmp_path)
    with clock.at(NOW):
        yield TestClient(app, base_url=settings().public_url, follow_redirects=False)


@pytest.fixture
def session(client: TestClient) -> MentoringSession:
    found = a_held_session(a_pair())
    signed_in(client, mentee_user(found))
    return found


def signed_in(client: TestClient, user: User) -> None:
    secret = f"secret of {user.id}"
    until = clock.utc_now() + timedelta(days=1)
    if not any(row.token_hash == hashed(secret) for row in stored(SignIn)):
        saved(SignIn(user_id=user.id, token_hash=hashed(secret), expires_at=until))
    client.cookies.set(cookies.session_name(), secret)


def link_of(session: MentoringSession, file: RecordingFile, how: Access = Access.WATCHED) -> str:
    return links.link(actor=acting(mentee_user(session)), file=file.public_id, how=how)


def changed(row: Recording, **fields: Any) -> None:
    with db.transaction() as tx:
        found = tx.get_one(type(row), row.id)
        for name, value in fields.items():
            setattr(found, name, value)


def test_a_film_comes_whole_and_no_cache_keeps_it(
    client: TestClient, session: MentoringSession
) -> None:
    content = FILM.read_bytes()
    file = a_file(a_recording(session), content)
    answer = client.get(link_of(session, file))
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["etag"] == f'"{file.sha256}"'


@pytest.mark.parametrize(
    ("asked", "expected", "said"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=0-0", b"0", "bytes 0-0/10"),
    ],
)
def test_a_part_that_is_asked_for_comes_alone(
    client: TestClient, session: MentoringSession, asked: str, expected: bytes, said: str
) -> None:
    file = a_file(a_recording(session), b"0123456789")
    answer = client.get(link_of(session, file), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == said
    assert answer.headers["content-length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_part_beyond_the_end_is_refused_with_the_size(
    client: TestClient, session: MentoringSession, asked: str
) -> None:
    file = a_file(a_recording(session), b"0123456789")
    answer = client.get(link_of(session, file), headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes=" + "9" * 90],
)
def test_what_is_no_range_brings_the_whole_file(
    client: TestClient, session: MentoringSession, asked: str
) -> None:
    file = a_file(a_recording(session), b"0123456789")
    answer = client.get(link_of(session, file), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_part_of_another_file_than_the_one_begun_is_not_sent(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session), b"0123456789")
    address = link_of(session, file)
    same = {"Range": "bytes=4-", "If-Range": f'"{file.sha256}"'}
    other = {"Range": "bytes=4-", "If-Range": '"another"'}
    assert client.get(address, headers=same).status_code == 206
    assert client.get(address, headers=other).content == b"0123456789"


@given(start=st.integers(0, 30), end=st.integers(0, 30), size=st.integers(1, 20))
def test_a_span_never_leaves_the_file(start: int, end: int, size: int) -> None:
    for asked in (f"bytes={start}-{end}", f"bytes={start}-", f"bytes=-{end}"):
        try:
            span = span_of(asked, size) or Span(0, size)
        except NoSuchPart:
            continue
        assert span.start >= 0 and 1 <= span.length <= size - span.start


def test_head_tells_the_size_and_sends_nothing(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session), b"0123456789")
    answer = client.head(link_of(session, file))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "10"


def test_a_stream_is_played_by_a_link_for_each_segment(
    client: TestClient, session: MentoringSession
) -> None:
    recording = a_recording(session)
    segment = a_file(recording, SLICE.read_bytes(), kind=FileKind.SEGMENT, name="sid_0.ts")
    content = b"#EXTM3U\n#EXTINF:6.0\nsid_0.ts\n#EXT-X-ENDLIST\n"
    listed = a_file(recording, content, kind=FileKind.PLAYLIST)
    answer = client.get(link_of(session, listed))
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    [own] = [line for line in answer.text.splitlines() if line.startswith("/files/recordings/")]
    played = client.get(own)
    assert played.headers["content-type"] == "video/mp2t"
    assert played.content == SLICE.read_bytes()
    assert segment.bytes == len(played.content)


def stream_of(recording: Recording, *segments: bytes) -> RecordingFile:
    """The list of a stream with these segments, which names one more that never came."""
    names = [f"sid_{number}.ts" for number in range(len(segments))]
    for name, content in zip(names, segments, strict=True):
        a_file(recording, content, kind=FileKind.SEGMENT, name=name)
    lines = "".join(f"#EXTINF:6.0\n{name}\n" for name in [*names, "sid_9.ts"])
    content = f"#EXTM3U\n{lines}#EXT-X-ENDLIST\n".encode()
    return a_file(recording, content, kind=FileKind.PLAYLIST)


def test_a_stream_is_saved_as_its_segments_one_after_the_other(
    client: TestClient, session: MentoringSession
) -> None:
    listed = stream_of(a_recording(session), b"0123", b"4567", b"89")
    asked = client.get(f"/files/recordings/{listed.public_id}")
    address = asked.headers["location"]
    answer = client.get(address)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "video/mp2t"
    assert answer.headers["content-length"] == "10"
    assert 'filename="recording-2026-03-01.ts"' in answer.headers["content-disposition"]
    for span, content in (("2-8", b"2345678"), ("4-7", b"4567"), ("8-", b"89"), ("-1", b"9")):
        part = client.get(address, headers={"Range": f"bytes={span}"})
        assert (part.status_code, part.content) == (206, content)


def test_a_stream_without_any_segment_cannot_be_saved(
    client: TestClient, session: MentoringSession
) -> None:
    listed = stream_of(a_recording(session))
    asked = client.get(f"/files/recordings/{listed.public_id}")
    assert client.get(asked.headers["location"]).status_code == 404


def test_the_download_link_goes_on_to_one_that_lives_an_hour(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session), b"film")
    answer = client.get(f"/files/recordings/{file.public_id}")
    assert answer.status_code == 303
    saved_file = client.get(answer.headers["location"])
    assert (
        'attachment; filename="recording-2026-03-01.mp4"'
        in (saved_file.headers["content-disposition"])
    )
    assert [row.how for row in stored(RecordingAccess)] == [Access.DOWNLOADED]


def refusals(client: TestClient, address: str, status: int, words: str) -> None:
    for headers in ({}, {"Range": "bytes=0-1"}):
        answer = client.get(address, headers=headers)
        assert answer.status_code == status
        assert words in answer.text and "film" not in answer.text
        assert answer.headers["cache-control"] == "private, no-store"


def test_a_link_that_is_too_old_says_so(client: TestClient, session: MentoringSession) -> None:
    address = link_of(session, a_file(a_recording(session)))
    with clock.at(NOW + timedelta(hours=1)):
        refusals(client, address, 403, "too old")


def test_a_link_of_somebody_else_says_so_and_a_visitor_is_asked_to_sign_in(
    client: TestClient, session: MentoringSession
) -> None:
    address = link_of(session, a_file(a_recording(session)))
    for other in (mentor_user(session), a_user("Ben Bauer"), an_admin()):
        signed_in(client, other)
        refusals(client, address, 403, "somebody else")
    client.cookies.clear()
    refusals(client, address, 401, "sign in")


def test_a_changed_link_opens_nothing(client: TestClient, session: MentoringSession) -> None:
    address = link_of(session, a_file(a_recording(session)))
    for bad in (
        address.replace("/video.mp4", "x/video.mp4"),
        re.sub(r"recordings/.", "recordings/_", address),
        "/files/recordings/nothing/video.mp4",
        f"/files/recordings/{'k' * 5_000}/video.mp4",
        "/files/recordings/%00/video.mp4",
        "/files/recordings/%F0%9F%92%BE/video.mp4",
    ):
        refusals(client, bad, 403, "not valid")


def test_a_path_that_leads_elsewhere_finds_nothing(
    client: TestClient, session: MentoringSession
) -> None:
    address = link_of(session, a_file(a_recording(session))).removesuffix("video.mp4")
    for name in ("..%2F..%2Fapp.db", "%2e%2e/%2e%2e/app.db", "video.mp4%2F..", "..\\app.db", "%00"):
        assert client.get(address + name).status_code == 404
    for file in ("..%2Fapp.db", "fil_none", "%00", "f" * 5_000):
        assert client.get(f"/files/recordings/{file}").status_code in {403, 404}


def test_a_recording_of_somebody_else_looks_like_none(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session))
    signed_in(client, a_user("Ben Bauer"))
    foreign, unknown = (
        client.get(f"/files/recordings/{name}") for name in (file.public_id, "fil_none")
    )
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert stored(RecordingAccess) == []


def test_a_deleted_recording_is_gone_also_by_a_link_that_still_lives(
    client: TestClient, session: MentoringSession
) -> None:
    recording = a_recording(session)
    address = link_of(session, a_file(recording))
    changed(recording, purge_asked_at=NOW, purge_reason="x")
    refusals(client, address, 410, "deleted")


def test_a_file_that_its_store_has_lost_is_said_to_be_missing(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session))
    address = link_of(session, file)
    registry.store(file.store).delete(file.key)
    refusals(client, address, 404, "There is no such file")


def test_without_a_database_or_a_store_it_says_so_and_nothing_else(
    client: TestClient, session: MentoringSession
) -> None:
    file = a_file(a_recording(session), place="local")
    address = link_of(session, file)
    with in_use(NO_DATABASE):
        assert client.get(address).status_code == 503
    with db.transaction() as tx:
        tx.get_one(RecordingFile, file.id).store = "gone"
    answer = client.get(link_of_missing(session, file))
    assert answer.status_code == 503 and "film" not in answer.text


def link_of_missing(session: MentoringSession, file: RecordingFile) -> str:
    until = clock.utc_now() + timedelta(hours=1)
    reader = mentee_user(session).public_id
    return links.path(reader=reader, file=file, how=Access.WATCHED, until=until)


def test_no_log_holds_a_link_or_its_reader(client: TestClient, session: MentoringSession) -> None:
    file = a_file(a_recording(session))
    with captured() as lines:
        address = link_of(session, file)
        client.get(address)
        client.get(address.replace("/video.mp4", "x/video.mp4"))
        registry.store(file.store).delete(file.key)
        client.get(address)
        with db.transaction() as tx:
            tx.get_one(RecordingFile, file.id).store = "gone"
        client.get(address)
        written = json.dumps(lines())
    key = address.split("/")[3]
    for secret in (key, key[:40], key.rpartition(".")[2], "Nora", "secret of"):
        assert secret not in written
