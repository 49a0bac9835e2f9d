"""Every store that speaks S3, through boto3: Backblaze B2, Wasabi, Cloudflare R2, Amazon S3, and
others. What they do differently is in `profiles`.

A file is deleted version by version, never by its name alone, which would only hide it; and one by
one, since boto3 sends `delete_objects` with a checksum that B2 refuses.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit, urlunsplit

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.storage import s3_listing
from services.providers.storage.base import (
    BINARY,
    LINK_SECONDS,
    FileMissing,
    Part,
    Removed,
    Stat,
    Upload,
    UploadGone,
    Version,
    Written,
    checked,
    checked_foreign,
    disposition,
    read_up_to,
)
from services.providers.storage.profiles import Profile
from services.providers.storage.s3_reading import Reading
from services.providers.storage.s3_wire import OUT_OF_RANGE, Answer, Wire

BUFFER: Final = 2**18


class S3Storage:
    """One bucket."""

    def __init__(self, wire: Wire, *, bucket: str, profile: Profile, cdn_base: str = "") -> None:
        """With `cdn_base`, links lead to that origin, which asks the store."""
        self.name = wire.name
        self.place = f"{wire.endpoint}/{bucket}"
        self.part_rules = profile.part_rules
        self._wire = wire
        self._bucket = bucket
        self._profile = profile
        self._cdn_base = cdn_base
        self._listing = s3_listing.Listing(wire, bucket, profile)

    def put(self, key: str, content: BinaryIO, *, content_type: str = BINARY) -> Written:
        """Send a small file in one go, and a larger one in parts, one of which is in memory."""
        checked(key)
        size = self.part_rules.usual
        first = read_up_to(content, size)
        if len(first) < size:
            sha256 = hashlib.sha256(first)
            more = self._guard(first, sha256.digest())
            self._ask("put_object", key, Body=first, ContentType=content_type, **more)
            if self._wire.lost_an_answer:
                self._keep_newest(key)
            return Written(len(first), sha256.hexdigest())
        upload = self.begin(key, content_type=content_type)
        try:
            return self._put_parts(key, upload, first, content)
        except BaseException:
            self.abort(key, upload)
            raise

    def _keep_newest(self, key: str) -> None:
        """Where an answer was lost, the file may have come twice: a store that keeps versions has
        both, and each is paid for."""
        versions, _ = self._under(key)
        for version in versions:
            if version.id and not version.latest:
                self._ask("delete_object", key, VersionId=version.id)

    def _put_parts(self, key: str, upload: str, first: bytearray, content: BinaryIO) -> Written:
        whole, parts, block = hashlib.sha256(), list[Part](), first
        while block:
            whole.update(block)
            parts.append(self.put_part(key, upload, len(parts) + 1, block))
            block = read_up_to(content, self.part_rules.usual)
        self.complete(key, upload, parts)
        return Written(sum(part.size for part in parts), whole.hexdigest())

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read it as it comes; a broken connection is made again."""
        checked_foreign(key)
        if length == 0:
            self.stat(key)
            return io.BytesIO()
        try:
            reading = Reading(self._wire, self._bucket, key, start, length)
        except ProviderRejected as refusal:
            if refusal.code != OUT_OF_RANGE:
                raise
            return io.BytesIO()  # it ends before `start`
        return cast(BinaryIO, io.BufferedReader(reading, BUFFER))

    def stat(self, key: str) -> Stat:
        """HEAD, with the checksum where one is kept."""
        more = {"ChecksumMode": "ENABLED"} if self._profile.checksums else {}
        try:
            answer = self._ask("head_object", checked_foreign(key), **more)
        except FileMissing:
            # A HEAD has no words: it may be the bucket that is not there, which a listing says.
            next(iter(self.list_versions(key)), None)
            raise
        checksum, _, count = str(answer.get("ChecksumSHA256", "")).partition("-")
        digest = base64.b64decode(checksum).hex()
        return Stat(
            key=key,
            size=int(answer["ContentLength"]),
            etag=_plain(answer["ETag"]),
            modified_at=answer["LastModified"],
            content_type=str(answer.get("ContentType", "")),
            sha256="" if count else digest,
            parts_sha256=digest if count else "",
        )

    def exists(self, key: str) -> bool:
        """Whether HEAD finds it."""
        try:
            self.stat(key)
        except FileMissing:
            return False
        return True

    def list_versions(self, prefix: str = "") -> Iterator[Version]:
        """Every version and every marker that hides one."""
        return self._listing.versions(prefix)

    def delete(self, key: str) -> Removed:
        """Every version by its id, every unfinished upload; then list them again."""
        checked_foreign(key)
        versions, uploads = self._under(key)
        for version in versions:
            more = {"VersionId": version.id} if version.id else {}
            try:
                self._ask("delete_object", key, **more)
            except FileMissing:
                continue  # somebody else was faster
        for upload in uploads:
            self.abort(key, upload.id)
        if (versions or uploads) and any(self._under(key)):
            raise ProviderUnavailable(
                self.name, "a file is still listed after it was deleted", code="still_there"
            )
        held = sum(version.size for version in versions)
        return Removed(versions=len(versions), uploads=len(uploads), bytes=held)

    def _under(self, key: str) -> tuple[list[Version], list[Upload]]:
        """What lies under this very key, which is listed before every longer one."""
        versions = takewhile(lambda each: each.key == key, self.list_versions(key))
        uploads = [each for each in self.list_uploads(key) if each.key == key]
        return list(versions), uploads

    def begin(self, key: str, *, content_type: str = BINARY) -> str:
        """CreateMultipartUpload."""
        more = {"ChecksumAlgorithm": "SHA256"} if self._profile.checksums else {}
        answer = self._ask(
            "create_multipart_upload", checked(key), ContentType=content_type, **more
        )
        return str(answer["UploadId"])

    def put_part(self, key: str, upload: str, number: int, content: bytes | bytearray) -> Part:
        """UploadPart. The SHA-256 of the bytes is in the signature, or goes as a checksum where
        the store keeps one: bytes that change on their way are refused by stores that look."""
        sha256, more = "", dict[str, str]()
        if self._profile.checksums:
            digest = hashlib.sha256(content)
            sha256, more = digest.hexdigest(), self._checksum("ChecksumSHA256", digest.digest())
        answer, signed = self._wire.ask_hashed(
            "upload_part",
            Bucket=self._bucket,
            Key=checked(key),
            UploadId=upload,
            PartNumber=number,
            Body=content,
            **more,
        )
        sha256 = sha256 or signed or hashlib.sha256(content).hexdigest()
        return Part(number, len(content), _plain(answer["ETag"]), sha256)

    def list_parts(self, key: str, upload: str) -> list[Part]:
        """ListParts, page by page."""
        return self._listing.parts(checked(key), upload)

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """CompleteMultipartUpload; if the upload is gone, because the answer to an earlier one was
        lost, the file must be there."""
        ordered = [self._completed(part) for part in sorted(parts, key=lambda part: part.number)]
        try:
            self._ask(
                "complete_multipart_upload",
                checked(key),
                UploadId=upload,
                MultipartUpload={"Parts": ordered},
            )
        except UploadGone:
            if not self._is_there(key, sum(part.size for part in parts)):
                raise

    def abort(self, key: str, upload: str) -> None:
        """AbortMultipartUpload."""
        try:
            self._ask("abort_multipart_upload", checked_foreign(key), UploadId=upload)
        except (UploadGone, FileMissing):
            return

    def list_uploads(self, prefix: str = "") -> Iterator[Upload]:
        """ListMultipartUploads, page by page."""
        return self._listing.uploads(prefix)

    def link(
        self,
        key: str,
        *,
        seconds: int = LINK_SECONDS,
        download_name: str = "",
        content_type: str = "",
    ) -> str | None:
        """A presigned address, at the CDN where one stands before this store."""
        asked: dict[str, Any] = {"Bucket": self._bucket, "Key": checked_foreign(key)}
        asked["ResponseContentDisposition"] = disposition(download_name)
        if content_type:
            asked["ResponseContentType"] = content_type
        with self._wire.failures():
            url: str = self._wire.client.generate_presigned_url(
                "get_object", Params=asked, ExpiresIn=seconds
            )
        if not self._cdn_base:
            return url
        cdn = urlsplit(self._cdn_base)
        return urlunsplit(urlsplit(url)._replace(scheme=cdn.scheme, netloc=cdn.netloc))

    def _is_there(self, key: str, size: int) -> bool:
        try:
            return self.stat(key).size == size
        except FileMissing:
            return False

    def _completed(self, part: Part) -> dict[str, Any]:
        sha256 = bytes.fromhex(part.sha256)
        named = {"PartNumber": part.number, "ETag": f'"{part.etag}"'}
        return {**named, **(self._checksum("ChecksumSHA256", sha256) if sha256 else {})}

    def _guard(self, content: bytes | bytearray, sha256: bytes) -> dict[str, str]:
        """The checksum that goes with a small file. Every store checks an MD5."""
        if self._profile.checksums:
            return self._checksum("ChecksumSHA256", sha256)
        md5 = hashlib.md5(content, usedforsecurity=False).digest()
        return {"ContentMD5": base64.b64encode(md5).decode()}

    def _checksum(self, name: str, digest: bytes) -> dict[str, str]:
        """Only where the store takes one: B2 refuses the request otherwise."""
        return {name: base64.b64encode(digest).decode()} if self._profile.checksums else {}

    def _ask(self, method: str, key: str, **more: Any) -> Answer:
        return self._wire.ask(method, Bucket=self._bucket, Key=key, **more)


def _plain(etag: object) -> str:
    return str(etag).strip('"')
