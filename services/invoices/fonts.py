"""The font of our documents: FiraGO, which writes Latin, Greek, Cyrillic, Hebrew, Arabic, Georgian,
Thai and Devanagari, and which the package pymupdf-fonts carries (its licence is the OFL).

Scripts whose letters join or stack need the whole font with its layout tables. Most texts do not:
the fewer letters a font has, the faster a document is made, so smaller ones are cut out of it, once
per machine and user.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

import pymupdf_fonts
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

_NAMES: Final = {"": "figo", "B": "figbo"}
_LAYOUT: Final = ("GSUB", "GPOS", "GDEF")
_SIMPLE: Final = (range(0x0590), range(0x1E00, 0x2C00))
"""Latin, Greek, Cyrillic, Armenian; their additions, and signs such as those of currencies."""
_LATIN: Final = (range(0x0250), range(0x1E00, 0x1F00), range(0x2000, 0x2300))
_MADE_BY: Final = 2
"""Grows when what is cut out changes: documents are the same bytes only with the same font."""
_making = threading.Lock()


def joins(text: str) -> bool:
    """Whether letters of this text join, stack, or run from right to left."""
    return not _within(text, _SIMPLE)


def is_latin(text: str) -> bool:
    """Whether this text needs no other letters than Latin ones."""
    return _within(text, _LATIN)


def _within(text: str, blocks: tuple[range, ...]) -> bool:
    return all(any(ord(sign) in block for block in blocks) for sign in text)


def paths(*, with_layout: bool, latin: bool = False) -> dict[str, Path]:
    """The font's files by style ("" and "B"): all of it, or without layout only the letters that
    need none, or with `latin` even fewer."""
    kind = "whole" if with_layout else "latin" if latin else "simple"
    folder = _folder()
    found = {style: folder / f"{name}-{kind}.ttf" for style, name in _NAMES.items()}
    with _making:  # one thread is enough; another process makes the same bytes
        for style, path in found.items():
            if not path.is_file():
                _make(path, _NAMES[style], kind)
    return found


def _make(path: Path, name: str, kind: str) -> None:
    """Write a font beside its place, then put it there: nobody sees a part of it."""
    font = TTFont(io.BytesIO(_content(name)), recalcTimestamp=False, lazy=True)
    if kind != "whole":
        for table in _LAYOUT:
            del font[table]
        cutter = Subsetter(
            Options(notdef_outline=True, recommended_glyphs=True, glyph_names=False, hinting=False)
        )
        blocks = _LATIN if kind == "latin" else _SIMPLE
        cutter.populate(unicodes=[sign for block in blocks for sign in block])
        cutter.subset(font)
    descriptor, beside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        font.save(file)
    Path(beside).replace(path)


def unprintable(text: str) -> str:
    """The signs of a text that our documents cannot show, each once; empty when all can be."""
    known = _known()
    return "".join(
        dict.fromkeys(sign for sign in text if sign.isprintable() and ord(sign) not in known)
    )


@lru_cache
def _known() -> frozenset[int]:
    font = TTFont(io.BytesIO(_content(_NAMES[""])), lazy=True)
    return frozenset(cast(dict[int, str], font.getBestCmap()))


def _content(name: str) -> bytes:
    return pymupdf_fonts.myfont(name)


def _folder() -> Path:
    """A folder of temporary files for all processes of this user; should somebody else's stand in
    its place, one of this process alone."""
    shared = Path(tempfile.gettempdir()) / f"mentorships-fonts-{os.getuid()}-{_made_from()}"
    with suppress(FileExistsError):
        shared.mkdir(mode=0o700)
    found = shared.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return shared
    return _own_folder(os.getpid())


@lru_cache
def _made_from() -> str:
    return f"{version('pymupdf-fonts')}-{version('fonttools')}-{_MADE_BY}"


@lru_cache
def _own_folder(_process: int) -> Path:
    return Path(tempfile.mkdtemp(prefix="mentorships-fonts-"))
