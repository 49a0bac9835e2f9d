"""Recordings on their way between two S3 servers, and what must be true of them at any moment.

Between the worker and both servers stand proxies: the one before the source looks, at each request
to delete, whether the file is whole at its destination; the one before the destination knows what
was sent how often.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote

from sqlmodel import col, select

from services import clock, db
from services.audit import SYSTEM
from services.ids import RecordingId
from services.models import (
    FileKind,
    FileStatus,
    Notification,
    PurgeCertificate,
    Recording,
    RecordingFile,
    RecordingStatus,
)
from services.providers.storage.base import FileMissing, PartRules, Written
from services.providers.storage.proving import fingerprint
from services.providers.storage.s3 import S3Storage
from services.recordings import purging
from services.recordings.reasons import RETENTION
from services.storage import moving
from tests.chaos.workers import Report, Workers, warm
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording, waiting
from tests.support.s3 import Bucket
from tests.support.s3_proxy import Proxy, Seen, proxied
from tests.support.servers import environment_of

AFTER_LEASES = timedelta(minutes=3)
SOURCE, KEPT = "source", "kept"
FILM_BYTES = 3 * PartRules().usual + 12_345
"""Four parts, the last of which is small."""
SIZES = {"000001.m3u8": 317, "000002.mp4": FILM_BYTES}
KINDS = {"000001.m3u8": FileKind.PLAYLIST, "000002.mp4": FileKind.VIDEO}
_films = count(1)
_NUMBER = re.compile(r"partNumber=(\d+)")
_UPLOAD = re.compile(r"uploadId=([^&]+)")
PartSent = tuple[str, str, str]
"""Key, upload, and number of a part."""


@dataclass(frozen=True)
class Film:
    """A recording that is to be moved, by its ids, and what its files hold."""

    id: RecordingId
    public_id: str
    prefix: str
    files: dict[str, Written]
    """By the key of the source."""
    told: int = 2
    """So often somebody is told that it can be watched."""


@dataclass
class Crossing:
    """Both servers behind their proxies, a worker that may be killed, and a clock that goes on."""

    source: S3Storage
    kept: S3Storage
    to_source: Proxy
    to_kept: Proxy
    workers: Workers
    now: datetime = field(default_factory=clock.utc_now)
    too_early: list[str] = field(default_factory=list[str])
    _seen: int = 0
    _arrived: set[PartSent] = field(default_factory=set[PartSent])

    def film(self) -> Film:
        """One more recording, whose files the recorder has left at the source."""
        number = next(_films)
        recording = a_recording(
            a_held_session(a_pair(f"Mentee {number}", f"Mentor {number}")),
            RecordingStatus.TRANSFERRING,
            source=SOURCE,
            look_at=self.now,
        )
        files: dict[str, Written] = {}
        for name, size in SIZES.items():
            key = f"{recording.prefix}/{name}"
            content = hashlib.shake_128(key.encode()).digest(size)
            files[key] = self.source.put(key, io.BytesIO(content))
            a_file(recording, kind=KINDS[name], name=name, place=KEPT, **waiting(SOURCE, size))
        return Film(recording.id, recording.public_id, recording.prefix, files)

    def moved(self) -> Film:
        """One more recording, which can be watched at the source and is to be moved: nobody else
        has its films."""
        number = next(_films)
        meeting = a_held_session(a_pair(f"Mentee {number}", f"Mentor {number}"))
        recording, files = a_recording(meeting, source=SOURCE), dict[str, Written]()
        for name, size in SIZES.items():
            content = hashlib.shake_128(f"{number}{name}".encode()).digest(size)
            row = a_file(recording, content, kind=KINDS[name], name=name, place=SOURCE)
            files[row.key] = Written(row.bytes, row.sha256)
        with clock.at(self.now):
            moving.move(actor=SYSTEM, to=KEPT, recordings=[recording.public_id])
        return Film(recording.id, recording.public_id, _folder_of(recording), files, told=0)

    def wanted_gone(self) -> Film:
        """One more recording that has been brought, and is to be deleted."""
        film = self.film()
        assert self.work().ended
        with clock.at(self.now), db.transaction() as tx:
            row = tx.get_one(Recording, film.id)
            purging.ask(tx, recording=row, reason=RETENTION, actor=SYSTEM)
        return film

    def work(self, **death: Any) -> Report:
        """A worker comes, when every lease of the one before it is over. It dies at the point
        `kill_at`, or after `life` seconds."""
        return self._turn("transfer", death)

    def purge(self, **death: Any) -> Report:
        """A worker comes that deletes, in the same way."""
        return self._turn("purge", death)

    def _turn(self, kind: str, death: dict[str, Any]) -> Report:
        self.now += AFTER_LEASES
        report = self.workers.run(kind, now=self.now.isoformat(), **death)
        assert not report.error, report.error
        self.to_source.settle()
        self.to_kept.settle()
        return report

    def hasty(self, film: Film, kill_at: int | None = None) -> Report:
        """A worker as it must not be; see `_hasty` in worker.py."""
        _, rows = _rows(film)
        files = [
            {"id": row.id, "source_key": row.source_key, "key": row.key, "bytes": row.bytes}
            for row in rows
        ]
        report = self.workers.run("hasty", kill_at=kill_at, files=files)
        assert not report.error, report.error
        return report

    def deleting(self, seen: Seen) -> None:
        """Somebody asks the source to delete: is the file whole where it belongs? Called in the
        moment before, by the proxy."""
        if seen.method == "DELETE" and "uploadId" not in seen.query:
            key = _key(seen)
            if not self._stands(key):
                self.too_early.append(key)

    def nothing_is_lost(self, film: Film, when: str) -> None:
        """Every file is whole at the source, or checked and whole at its destination."""
        assert self.too_early == [], f"{when}: deleted at its source too early"
        for key, written in film.files.items():
            if not self._stands(key):
                assert _found(self.source, key) == written, f"{when}: {key} is lost"

    def nothing_was_sent_twice(self, film: Film, when: str) -> None:
        """No part that had arrived when the last worker began has been sent since; nor was another
        upload begun for a file of which parts had arrived."""
        since, self._seen = self.to_kept.seen[self._seen :], len(self.to_kept.seen)
        again = self._arrived & {part for seen in since if (part := _sent(seen))}
        assert not again, f"{when}: sent again: {sorted(again)}"
        resumed = {key for key, _, _ in self._arrived}
        begun = {_key(seen) for seen in since if seen.method == "POST" and seen.query == "uploads"}
        assert not resumed & begun, f"{when}: begun anew: {sorted(resumed & begun)}"
        self._arrived = {
            (upload.key, upload.id, str(part.number))
            for upload in self.kept.list_uploads(_folder(film))
            for part in self.kept.list_parts(upload.key, upload.id)
        }

    def all_arrived_once(self, film: Film, when: str) -> None:
        """It is ready; each file is there once and whole; the source is empty; both were told."""
        recording, rows = _rows(film)
        assert recording.status is RecordingStatus.READY, f"{when}: {recording.trouble}"
        assert {row.source_key: Written(row.bytes, row.sha256) for row in rows} == film.files, when
        assert {row.status for row in rows} == {FileStatus.CHECKED}, when
        assert [row.source for row in rows] == [""] * len(rows), f"{when}: not cleared"
        there = [version.key for version in self.kept.list_versions(_folder(film))]
        assert sorted(there) == sorted(row.key for row in rows), when
        for row in rows:
            assert fingerprint(self.kept, row.key) == film.files[row.source_key], when
        assert list(self.kept.list_uploads(_folder(film))) == [], when
        assert list(self.source.list_versions(f"{film.prefix}/")) == [], when
        assert _told(film) == film.told, f"{when}: told {_told(film)} times"

    def all_is_gone(self, film: Film, when: str) -> None:
        """Nothing of it is anywhere, and one certificate says how much was."""
        recording, rows = _rows(film)
        assert recording.status is RecordingStatus.PURGED, f"{when}: {recording.trouble}"
        assert list(self.source.list_versions(f"{film.prefix}/")) == [], when
        assert list(self.kept.list_versions(_folder(film))) == [], when
        with db.reading() as tx:
            mine = select(PurgeCertificate).where(PurgeCertificate.recording_id == film.id)
            [proof] = tx.exec(mine).all()
        assert proof.versions == len(rows) == len(SIZES), f"{when}: {proof.versions} versions"

    def _stands(self, source_key: str) -> bool:
        """Whether a file is checked, and whole at its destination."""
        with db.reading() as tx:
            row = tx.exec(
                select(RecordingFile).where(col(RecordingFile.source_key) == source_key)
            ).one()
        is_checked = row.status is FileStatus.CHECKED
        return is_checked and _found(self.kept, row.key) == Written(row.bytes, row.sha256)


@contextmanager
def crossing(source: Bucket, kept: Bucket) -> Iterator[Crossing]:
    """Two stores behind proxies, in use by the product and by its worker."""
    with proxied(source.endpoint) as to_source, proxied(kept.endpoint) as to_kept:
        environment = {
            **Bucket(to_source.endpoint, source.name).settings(SOURCE),
            **Bucket(to_kept.endpoint, kept.name).settings(KEPT),
            "RECORDING_SOURCE": SOURCE,
            "STORAGE_DEFAULT": KEPT,
        }
        with environment_of(environment), warm() as workers:
            scene = Crossing(source.store(), kept.store(), to_source, to_kept, workers)
            to_source.before = scene.deleting
            yield scene


def _rows(film: Film) -> tuple[Recording, list[RecordingFile]]:
    with db.reading() as tx:
        mine = select(RecordingFile).where(col(RecordingFile.recording_id) == film.id)
        return tx.get_one(Recording, film.id), list(tx.exec(mine).all())


def _told(film: Film) -> int:
    """How often somebody was told that it can be watched."""
    with db.reading() as tx:
        about = select(Notification).where(
            col(Notification.kind) == "recording_ready",
            col(Notification.about) == film.public_id,
        )
        return len(tx.exec(about).all())


def _found(store: S3Storage, key: str) -> Written | None:
    try:
        return fingerprint(store, key)
    except FileMissing:
        return None


def _folder(film: Film) -> str:
    return f"recordings/{film.public_id}/"


def _folder_of(recording: Recording) -> str:
    return f"recordings/{recording.public_id}"


def _key(seen: Seen) -> str:
    """Without the bucket's name, which comes first."""
    return seen.path.split("/", 2)[2]


def _sent(seen: Seen) -> PartSent | None:
    number, upload = _NUMBER.search(seen.query), _UPLOAD.search(seen.query)
    if seen.method != "PUT" or not number or not upload:
        return None
    return _key(seen), unquote(upload[1]), number[1]
