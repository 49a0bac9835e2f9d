"""The archive: a gzipped tar of `database`, `files/<key>`, perhaps `secret_key`, and at its end
`manifest.json` with the size and SHA-256 of every part. Without a manifest it is not whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from mentorships.backup.errors import BackupError
from services.providers.storage.base import BadKey, checked

FORMAT: Final = 1
DATABASE: Final = "database"
FILES: Final = "files"
SECRET_KEY: Final = "secret_key"  # noqa: S105  # the name of a part
_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 256_000_000
_LEVEL: Final = 3  # photos are compressed already, and a database shrinks well at any level
_PIECE: Final = 1 << 20


class Damaged(BackupError):
    """The archive is not what was written."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} is damaged or is no backup: {why}. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Part:
    """One file inside the archive; `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive holds. `database` is sqlite or postgresql, `server` its version,
    `migration` the revision of the tables, `created_at` an ISO instant in UTC."""

    database: str
    server: str
    migration: str
    created_at: str
    parts: tuple[Part, ...]
    format: int = FORMAT


class Writer:
    """Writes an archive into an open file, part by part."""

    def __init__(self, file: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w")  # noqa: SIM115  # closed by finish
        self.parts: list[Part] = []

    def add(self, name: str, path: Path) -> None:
        """Copy a file into the archive and note its size and checksum."""
        with path.open("rb") as file:
            size = path.stat().st_size
            reader = _Hashing(file)
            self._add(name, size, reader)
        self.parts.append(Part(name, size, reader.digest))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and end the archive; the file stays open."""
        text = json.dumps(asdict(manifest), indent=1).encode()
        self._add(_MANIFEST, len(text), io.BytesIO(text))
        self._tar.close()
        self._gzip.close()

    def _add(self, name: str, size: int, file: Any) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, file)


class _Hashing:
    """A file being read, whose checksum is taken on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def unpack(archive: Path, into: Path) -> Manifest:
    """Write every part below `into`, compare all checksums, and return the manifest.

    Nothing is written outside `into`: only plain files of known names are taken.

    Raises:
        BackupError: it cannot be read, is damaged, or is of a newer format.
    """
    try:
        with gzip.open(archive, "rb") as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            found, text = _parts(archive, tar, into)
            while plain.read(_PIECE):  # to the end, where gzip keeps its own checksum
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError, UnicodeError) as error:
        raise Damaged(archive, str(error) or type(error).__name__) from None
    except OSError as error:
        raise BackupError(f"{archive} cannot be unpacked: {error.strerror}.") from None
    if text is None:
        raise Damaged(archive, "its end is missing")
    manifest = _manifest(archive, text)
    stated = {part.name: part for part in manifest.parts}
    for name in sorted(stated.keys() | found.keys()):
        if stated.get(name) != found.get(name):
            raise Damaged(archive, f"{name} is not as it was when the backup was made")
    if DATABASE not in stated:
        raise Damaged(archive, "it holds no database")
    return manifest


def _parts(archive: Path, tar: tarfile.TarFile, into: Path) -> tuple[dict[str, Part], bytes | None]:
    """All parts by name, written below `into`, and the manifest's text."""
    found: dict[str, Part] = {}
    text: bytes | None = None
    for member in tar:
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or member.name in found or text is not None:
            raise Damaged(archive, f"{member.name!r} does not belong into a backup")
        if member.name == _MANIFEST:
            text = content.read(_LARGEST_MANIFEST)
            continue
        target = into / _checked_name(archive, member.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        reader = _Hashing(content)
        with target.open("xb") as file:
            target.chmod(0o600)
            while piece := reader.read(_PIECE):
                file.write(piece)
        found[member.name] = Part(member.name, target.stat().st_size, reader.digest)
    return found, text


def _checked_name(archive: Path, name: str) -> str:
    if name in (DATABASE, SECRET_KEY):
        return name
    folder, _, key = name.partition("/")
    try:
        if folder == FILES and checked(key):
            return name
    except BadKey:
        pass
    raise Damaged(archive, f"{name[:60]!r} does not belong into a backup")


def _manifest(archive: Path, text: bytes) -> Manifest:
    try:
        read = json.loads(text)
        if read["format"] > FORMAT:
            raise BackupError(
                f"{archive.name} was made by a newer version of the product: "
                "update the product first. Nothing was changed."
            )
        parts = tuple(Part(**part) for part in read.pop("parts"))
        return Manifest(**read, parts=parts)
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(archive, f"its manifest cannot be read ({type(error).__name__})") from None
