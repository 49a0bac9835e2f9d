"""Rows whose file is missing from its store, or is of another size there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from services import db
from services.models import OrphanKind, Recording, RecordingFile
from services.providers.storage.base import FileMissing, Storage
from services.recordings import places
from services.storage import nights
from services.storage.nights import Night


def find(night: Night) -> None:
    """Rows whose file was not listed, or with another size: they are looked at once more."""
    for file in _expected(night.names):
        place = places.place_of(file)
        if place is None or night.seen.get(file.id) == file.bytes:
            continue
        if not _is_there(night.store, file, place[1]):
            with db.transaction() as tx:
                kind = OrphanKind.ROW_WITHOUT_FILE
                nights.note(tx, night, kind, place[1], file.bytes, file.recording_id)


def _expected(names: Sequence[str]) -> Iterator[RecordingFile]:
    """The files that should lie there, of what is not to be deleted; page by page, each in the
    order of an index."""
    for name in names:
        yield from _pages(col(RecordingFile.store) == name, places.IS_CHECKED)
        leaves = col(RecordingFile.source) == name
        yield from _pages(leaves, places.IS_WAITING, col(RecordingFile.source_since).is_not(None))


def _pages(*wanted: ColumnElement[bool]) -> Iterator[RecordingFile]:
    last, identity = 0, col(RecordingFile.id)
    found = select(RecordingFile, Recording.purge_asked_at).join(
        Recording, col(Recording.id) == col(RecordingFile.recording_id)
    )
    while True:
        page = found.where(*wanted, identity > last).order_by(identity).limit(nights.PAGE)
        with db.reading() as session:
            rows = session.exec(page).all()
        yield from (file for file, asked_at in rows if asked_at is None)
        if len(rows) < nights.PAGE:
            return
        last = rows[-1][0].id


def _is_there(store: Storage, file: RecordingFile, key: str) -> bool:
    try:
        return store.stat(key).size == file.bytes
    except FileMissing:
        return False
