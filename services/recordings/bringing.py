"""One file on its way: from where the recorder left it, or from an older store, to its own store.

It arrives whole and is proved, or it is not there. A large one goes in parts, and whoever goes on
after a crash sends only what is missing. Straight into the destination, or to the same store under
another name: then it is verified where it lies, and nothing is copied.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlmodel import Session

from services import clock, db, topics
from services.ids import RecordingFileId
from services.models import FileKind, FileStatus, Recording, RecordingFile
from services.providers.storage import registry
from services.providers.storage.base import (
    BadKey,
    Damaged,
    FileMissing,
    Part,
    Storage,
    UploadGone,
    Written,
)
from services.providers.storage.copying import Copying, arrived_parts
from services.providers.storage.proving import fingerprint, prove, share_files
from services.recordings import leases, places
from services.recordings.leases import Lease
from services.recordings.soundness import is_cut_off

MOST_DAMAGED: Final = 3
"""How often a file is sent anew that did not arrive as it was sent."""
NOTED_EVERY_SECONDS: Final = 0.5
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]")


class Spoilt(Exception):
    """The file cannot be kept, however often one tries; the words are for people."""


class Going(Exception):
    """Somebody asked for the recording to be deleted."""


@dataclass
class Pairs:
    """The stores of one run, and which of them are one."""

    _shared: dict[tuple[str, str], bool] = field(default_factory=dict[tuple[str, str], bool])

    def of(self, file: RecordingFile) -> tuple[Storage, Storage, bool]:
        """A file's source, its destination, and whether what lies in the one lies in the other.

        Raises:
            ProviderUnavailable
        """
        source, destination = registry.store(file.source), registry.store(file.store)
        pair = file.source, file.store
        if pair not in self._shared:
            self._shared[pair] = share_files(destination, source)
        return source, destination, self._shared[pair]


def bring(lease: Lease, file_id: RecordingFileId, pairs: Pairs) -> None:
    """Bring one file of a recording that was taken.

    Raises:
        Spoilt, Going, Lost, ProviderUnavailable, ProviderRejected
    """
    begun = _begin(lease, file_id)
    if begun is None:
        return
    file, again = begun
    try:
        source, destination, shared = pairs.of(file)
        if shared:
            written = _in_place(file, destination)
            _arrive(lease, file_id, written, key=file.source_key, in_place=True)
        else:
            written = _Way(lease, file, again, source, destination).go()
            _arrive(lease, file_id, written, key=file.key, in_place=False)
    except FileMissing:
        raise Spoilt(f"{named(file)} is not there any more.") from None
    except BadKey:
        raise Spoilt(f"{named(file)} has a name that no store may be asked for.") from None


def named(file: RecordingFile) -> str:
    """The file in a sentence, plain and short."""
    return f"The file {_NOT_PLAIN.sub('_', file.name)[-60:]}"


def check_stays(recording: Recording) -> None:
    """Nothing more is brought of what is to be deleted.

    Raises:
        Going
    """
    if places.is_going(recording):
        raise Going(recording.public_id)


def _begin(lease: Lease, file_id: RecordingFileId) -> tuple[RecordingFile, bool] | None:
    """The file, and whether somebody has begun with it before; None when it has arrived."""
    with db.transaction() as tx:
        check_stays(leases.held(tx, lease))
        file = tx.get_one(RecordingFile, file_id, populate_existing=True)
        if file.status is not FileStatus.WAITING:
            return None
        again, file.began_at = file.began_at is not None, file.began_at or clock.utc_now()
    return file, again


def _sized(file: RecordingFile, store: Storage) -> int:
    """The size that is to arrive."""
    there = store.stat(file.source_key).size
    if there == 0:
        raise Spoilt(f"{named(file)} is empty.")
    if file.bytes and there != file.bytes:
        raise Spoilt(f"{named(file)} has {there} bytes now instead of {file.bytes}.")
    moved = file.source_since is not None  # it was found sound, and is compared with what it was
    if file.kind is FileKind.VIDEO and not moved and is_cut_off(store, file.source_key, there):
        raise Spoilt(f"{named(file)} breaks off before its end.")
    return there


def _in_place(file: RecordingFile, store: Storage) -> Written:
    total = _sized(file, store)
    written = fingerprint(store, file.source_key)
    if written.size != total:
        raise Spoilt(f"{named(file)} has {written.size} bytes instead of {total}.")
    return _as_before(file, written)


def _as_before(file: RecordingFile, written: Written) -> Written:
    """A file that is moved is still the one that was checked."""
    if file.source_since is not None and file.sha256 and written.sha256 != file.sha256:
        raise Spoilt(f"{named(file)} is not any more what it was when it was checked.")
    return written


@dataclass
class _Way:
    """A file's way from one store to another."""

    lease: Lease
    file: RecordingFile
    again: bool
    source: Storage
    destination: Storage

    def go(self) -> Written:
        total = _sized(self.file, self.source)
        small = total < self.destination.part_rules.usual
        for last in (*(False,) * (MOST_DAMAGED - 1), True):
            try:
                written = self._in_one(total) if small else self._in_parts(total)
                return _as_before(self.file, written)
            except UploadGone:  # a rule of the bucket, or its owner, has given it up
                self._forget()
                damage = "was given up by its store while it was sent"
            except Damaged:
                if self.source.stat(self.file.source_key).size != total:
                    raise Spoilt(f"{named(self.file)} changed while it was copied.") from None
                self._forget()
                self.destination.delete(self.file.key)
                damage = "does not arrive as it was sent"
            if last:
                raise Spoilt(f"{named(self.file)} {damage}.")
        raise AssertionError("unreachable")

    def _in_one(self, total: int) -> Written:
        """A small file, which one request carries."""
        file, destination = self.file, self.destination
        if self.again and (before := self._sent_before(total)):
            return before
        with self.source.open(file.source_key) as content:
            written = destination.put(file.key, content)
        if written.size != total:
            raise Damaged(f"{file.source_key}: {written.size} bytes, not {total}")
        part = Part(1, written.size, "", written.sha256)
        return prove(destination, file.key, parts=[part], sha256=written.sha256)

    def _sent_before(self, total: int) -> Written | None:
        """A file that arrived just before whoever sent it was killed: never two versions of it."""
        try:
            if self.destination.stat(self.file.key).size != total:
                return None
        except FileMissing:
            return None
        there = fingerprint(self.destination, self.file.key)
        return there if there == fingerprint(self.source, self.file.source_key) else None

    def _in_parts(self, total: int) -> Written:
        file, destination = self.file, self.destination
        size = destination.part_rules.size_for(total)
        noted = [Part(*one) for one in file.parts]
        upload, arrived = file.upload, list[Part]()
        if upload and any(part.size != size for part in noted if part.number * size <= total):
            self._forget()  # the rules have changed since it was begun
            upload, noted = "", []
        if upload:
            try:
                arrived = arrived_parts(destination.list_parts(file.key, upload), noted)
            except UploadGone:
                if written := self._put_together_before(noted, total):
                    return written
                upload = ""
        if not upload:
            upload = self._begin_upload()
        way = Copying(
            self.source, file.source_key, destination, file.key, upload, total, size, arrived
        )
        progress = _Progress(self.lease, file.id, arrived)
        for part in way.parts():
            progress.add(part)
        ordered = progress.write()
        destination.complete(file.key, upload, ordered)
        return prove(destination, file.key, parts=ordered, sha256=way.sha256)

    def _put_together_before(self, noted: list[Part], total: int) -> Written | None:
        """All parts were noted before they were put together: who was killed right after that has
        left the whole file."""
        if sum(part.size for part in noted) != total:
            return None
        try:
            ordered = sorted(noted, key=lambda part: part.number)
            return prove(self.destination, self.file.key, parts=ordered)
        except FileMissing:
            return None

    def _begin_upload(self) -> str:
        """Begin to send in parts. What else was begun under this key is given up: by somebody who
        was killed before it was written down, or by us, where the answer was lost."""
        file, destination = self.file, self.destination
        upload = destination.begin(file.key)
        self._note(upload)
        for stray in list(destination.list_uploads(file.key)):
            if stray.key == file.key and stray.id != upload:
                destination.abort(file.key, stray.id)
        return upload

    def _forget(self) -> None:
        """Begin anew: nothing of what was sent counts."""
        if self.file.upload:
            self.destination.abort(self.file.key, self.file.upload)
        self._note("")

    def _note(self, upload: str) -> None:
        with db.transaction() as tx:
            check_stays(leases.held(tx, self.lease))
            row = tx.get_one(RecordingFile, self.file.id, populate_existing=True)
            row.upload, row.parts, row.copied = upload, [], 0
        self.file.upload, self.file.parts = upload, []


class _Progress:
    """Which parts have arrived: noted in the row, twice a second at most, and shown."""

    def __init__(self, lease: Lease, file_id: RecordingFileId, arrived: Iterable[Part]) -> None:
        self._lease = lease
        self._file_id = file_id
        self._parts = {part.number: part for part in arrived}
        self._written_at = float("-inf")

    def add(self, part: Part) -> None:
        self._parts[part.number] = part
        if time.monotonic() - self._written_at >= NOTED_EVERY_SECONDS:
            self.write()

    def write(self) -> list[Part]:
        """Note all of them; in order."""
        ordered = [self._parts[number] for number in sorted(self._parts)]
        with db.transaction() as tx:
            recording = leases.held(tx, self._lease)
            check_stays(recording)
            row = tx.get_one(RecordingFile, self._file_id, populate_existing=True)
            row.parts = [_listed(part) for part in ordered]
            row.copied = sum(part.size for part in ordered)
            recording.look_at = clock.utc_now() + leases.LEASE
            _show(tx, recording)
        self._written_at = time.monotonic()
        return ordered


def _listed(part: Part) -> list[Any]:
    return [part.number, part.size, part.etag, part.sha256]


def _arrive(
    lease: Lease, file_id: RecordingFileId, written: Written, *, key: str, in_place: bool
) -> None:
    """The file is at its place, whole, with these bytes."""
    now = clock.utc_now()
    with db.transaction() as tx:
        recording = leases.held(tx, lease)
        check_stays(recording)
        file = tx.get_one(RecordingFile, file_id, populate_existing=True)
        file.status, file.checked_at, file.key = FileStatus.CHECKED, now, key
        file.bytes, file.sha256, file.copied = written.size, written.sha256, written.size
        file.upload, file.parts = "", []
        if in_place:
            leave_source(file)
        recording.look_at = now + leases.LEASE
        _show(tx, recording)


def leave_source(file: RecordingFile) -> None:
    """Nothing of the file is at its old place any more; or that is its new one."""
    file.source, file.source_since = "", None


def _show(db: Session, recording: Recording) -> None:
    topics.publish(db, topics.session(recording.session_id), topics.RECORDINGS)
