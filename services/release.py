"""Which version of the product this is, as far as its folder tells."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEADING = re.compile(r"^##\s+\[?([\w.]+)", re.MULTILINE)


@lru_cache
def name() -> str:
    """The commit (12 digits) in a checkout, else the newest version in CHANGELOG.md, else ""."""
    return _commit(ROOT / ".git") or _version(ROOT / "CHANGELOG.md")


def _commit(git: Path) -> str:
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head[:12]
        reference = head.removeprefix("ref: ")
        if (git / reference).exists():
            return (git / reference).read_text().strip()[:12]
        for line in (git / "packed-refs").read_text().splitlines():
            commit, _, packed = line.partition(" ")
            if packed == reference:
                return commit[:12]
    except OSError:
        pass
    return ""


def _version(changelog: Path) -> str:
    try:
        found = _HEADING.search(changelog.read_text())
    except OSError:
        return ""
    return found.group(1) if found else ""
