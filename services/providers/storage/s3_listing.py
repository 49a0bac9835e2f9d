"""What a bucket holds, page by page: versions, unfinished uploads, their parts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.storage.base import Part, Upload, UploadGone, Version
from services.providers.storage.profiles import Profile
from services.providers.storage.s3_wire import NOT_OFFERED, Answer, Wire

PAGE: Final = 1000


class Listing:
    """Reads of one bucket."""

    def __init__(self, wire: Wire, bucket: str, profile: Profile) -> None:
        self._wire = wire
        self._bucket = bucket
        self._versioned = profile.versions

    def versions(self, prefix: str) -> Iterator[Version]:
        """Every version by key; of a store that keeps none, every file. That it keeps none is never
        taken from a single refusal: what is deleted by its name alone would only be hidden."""
        if self._versioned != "no":
            try:
                yield from self._all_versions(prefix)
                return
            except ProviderRejected as refusal:
                # Said to the first page or never: nothing was given yet.
                if self._versioned == "yes" or refusal.code != NOT_OFFERED or self._keeps_some():
                    raise
        yield from self._files(prefix)

    def _keeps_some(self) -> bool:
        try:
            return "Status" in self._ask("get_bucket_versioning")
        except ProviderRejected as refusal:
            if refusal.code != NOT_OFFERED:
                raise
            return False

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """Every unfinished upload; none of a store that cannot tell."""
        marks: dict[str, Any] = {}
        while True:
            try:
                page = self._ask("list_multipart_uploads", Prefix=prefix, **marks)
            except UploadGone:
                return  # some say so where there is none
            except ProviderRejected as refusal:
                if refusal.code == NOT_OFFERED:
                    return
                raise
            for each in page.get("Uploads", []):
                yield Upload(each["Key"], each["UploadId"], each.get("Initiated"))
            if not page.get("IsTruncated"):
                return
            marks = self._next(page, "KeyMarker", "UploadIdMarker")

    def parts(self, key: str, upload: str) -> list[Part]:
        """The parts of an upload by number.

        Raises:
            UploadGone
        """
        found, after = dict[int, Answer](), 0
        while True:
            page = self._ask("list_parts", Key=key, UploadId=upload, PartNumberMarker=after)
            # Some list a part that was sent twice as two: the younger one counts.
            for each in sorted(page.get("Parts", []), key=lambda part: part["LastModified"]):
                found[int(each["PartNumber"])] = each
            if not page.get("IsTruncated"):
                return [_part(found[number]) for number in sorted(found)]
            after = int(page["NextPartNumberMarker"])

    def _all_versions(self, prefix: str) -> Iterator[Version]:
        marks: dict[str, Any] = {}
        while True:
            page = self._ask("list_object_versions", Prefix=prefix, MaxKeys=PAGE, **marks)
            found = [_version(each) for each in page.get("Versions", [])]
            found += [_version(each, hides=True) for each in page.get("DeleteMarkers", [])]
            real = (version for version in found if not _is_folder(version))
            yield from sorted(real, key=lambda version: version.key.encode())
            if not page.get("IsTruncated"):
                return
            marks = self._next(page, "KeyMarker", "VersionIdMarker")

    def _files(self, prefix: str) -> Iterator[Version]:
        marks: dict[str, Any] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=prefix, MaxKeys=PAGE, **marks)
            for each in page.get("Contents", []):
                found = Version(each["Key"], "", int(each["Size"]), each["LastModified"])
                if not _is_folder(found):
                    yield found
            if not page.get("IsTruncated"):
                return
            marks = self._next(page, "ContinuationToken")

    def _next(self, page: Answer, first: str, second: str = "") -> dict[str, Any]:
        """Where the next page begins. A listing that does not say so is never taken for whole."""
        marks = {name: page.get(f"Next{name}") for name in (first, second) if name}
        if not any(marks.values()):
            raise ProviderUnavailable(self._wire.name, "a listing broke off", code="listing")
        return {name: mark for name, mark in marks.items() if mark}

    def _ask(self, method: str, **asked: Any) -> Answer:
        return self._wire.ask(method, Bucket=self._bucket, **asked)


def _is_folder(version: Version) -> bool:
    """Some stores and their dashboards list a folder as if it were a file, also one that is hidden.
    It holds no bytes."""
    return version.key.endswith("/") and version.size == 0


def _version(each: Answer, *, hides: bool = False) -> Version:
    return Version(
        key=each["Key"],
        id=str(each.get("VersionId") or ""),
        size=int(each.get("Size", 0)),
        modified_at=each["LastModified"],
        latest=bool(each.get("IsLatest", True)),
        hides=hides,
    )


def _part(each: Answer) -> Part:
    checksum = base64.b64decode(str(each.get("ChecksumSHA256", ""))).hex()
    return Part(int(each["PartNumber"]), int(each["Size"]), str(each["ETag"]).strip('"'), checksum)
