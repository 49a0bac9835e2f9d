"""A file at a store that speaks S3, read as it comes. A connection that breaks is made again from
where it broke, as long as the file is still the same; an end that comes too early is never taken
for the end."""

from __future__ import annotations

import time
from io import RawIOBase
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from services.errors import ProviderUnavailable
from services.providers.storage.base import BLOCK, FileMissing
from services.providers.storage.s3_wire import Wire

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_BREAKS: Final = 3
"""Without a byte in between."""
PAUSE_SECONDS: Final = 0.2


class Reading(RawIOBase):
    """The bytes of one file from `start`, at most `length` of them."""

    def __init__(self, wire: Wire, bucket: str, key: str, start: int, length: int | None) -> None:
        super().__init__()
        self._wire = wire
        self._asked = {"Bucket": bucket, "Key": key}
        self._position = start
        self._end = None if length is None else start + length
        self._etag = ""
        self._breaks = 0
        self._body: Any = None
        self._connect()

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        while self._end is None or self._position < self._end:
            if (read := self._some(room)) > 0:
                self._position += read
                self._breaks = 0
                return read
        return 0

    @override
    def readall(self) -> bytes:
        found = bytearray()
        while block := self.read(BLOCK):
            found += block
        return bytes(found)

    @override
    def close(self) -> None:
        if self._body is not None:
            self._body.close()
        super().close()

    def _some(self, room: memoryview) -> int:
        """Bytes that came; 0 when the connection had broken, and stands again."""
        try:
            with self._wire.failures():
                read = int(self._body.readinto(room))
                if read == 0 and len(room):
                    raise ConnectionError("the answer broke off")
                return read
        except ProviderUnavailable:
            self._breaks += 1
            if self._breaks > MOST_BREAKS:
                raise
        self._body.close()
        time.sleep(PAUSE_SECONDS * self._breaks)
        try:
            self._connect()
        except FileMissing:
            raise self._unsteady("a file was removed while it was read") from None
        return 0

    def _connect(self) -> None:
        asked = dict(self._asked)
        if self._position or self._end is not None:
            last = "" if self._end is None else str(self._end - 1)
            asked["Range"] = f"bytes={self._position}-{last}"
        answer = self._wire.ask("get_object", **asked)
        self._body = answer["Body"]
        if self._etag not in ("", answer["ETag"]):
            raise self._unsteady("a file changed while it was read")
        if self._position and not str(answer.get("ContentRange", "")).startswith(
            f"bytes {self._position}-"
        ):
            raise self._unsteady("other bytes came than were asked for")
        self._etag = answer["ETag"]
        # As it says: the file may be shorter than what was asked for.
        there = self._position + int(answer["ContentLength"])
        self._end = there if self._end is None else min(there, self._end)

    def _unsteady(self, why: str) -> ProviderUnavailable:
        self._body.close()
        return ProviderUnavailable(self._wire.name, why)
