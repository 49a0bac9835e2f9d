"""The front-end build: made only when something that goes into it changed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mentorships.launch import (
    ROOT,
    StartError,
    child_environment,
    pages_dir,
    web_dir,
    with_npm_registry,
)
from services.config import ConfigError, settings

# Pages are components of these modules; what they import may end up in the build as text.
FOLDERS = ("pages", "state", "services", "assets", "reflex.lock")
FILES = (
    "mentorships/mentorships.py",
    "mentorships/same_origin.py",
    "rxconfig.py",
    "requirements.txt",
)
LINKED_BY_REFLEX = "assets/external/"
STAMP = "built-from"
BUILD_SECONDS = 600


def _source_files() -> Iterator[Path]:
    for name in FOLDERS:
        for path in sorted((ROOT / name).rglob("*")):
            linked = path.relative_to(ROOT).as_posix().startswith(LINKED_BY_REFLEX)
            if path.is_file() and "__pycache__" not in path.parts and not linked:
                yield path
    yield from (ROOT / name for name in FILES)


def fingerprint() -> str:
    """A hash over the sources of the front end and the settings that pages show."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    shown = settings()
    digest.update(
        json.dumps(
            [
                shown.studio_name,
                shown.studio_currency,
                shown.studio_timezone,
                shown.simulated,
                shown.seat_hold_minutes,
                shown.grace_hours,
            ]
        ).encode()
    )
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the build in place was made from the sources and settings as they are now."""
    stamp = web_dir() / STAMP
    return stamp.exists() and stamp.read_text() == fingerprint()


def build() -> None:
    """Make the production build. Takes 5 to 60 seconds; the whole output goes to `build.log`.

    Raises:
        StartError: the build failed.
    """
    folder = web_dir()
    folder.mkdir(parents=True, exist_ok=True)
    stamp, log = folder / STAMP, folder / "build.log"
    stamp.unlink(missing_ok=True)
    made_from = fingerprint()
    with log.open("w") as output:
        try:
            code = subprocess.run(
                ["reflex", "export", "--no-zip", "--loglevel", "info"],
                cwd=ROOT,
                env=with_npm_registry(child_environment()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=BUILD_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    if code:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise StartError(f"{last}\nThe front end could not be built; the whole log is in {log}.")
    stamp.write_text(made_from)


def main() -> int:
    """Build when needed; exit code 1 and the build's last lines when it fails."""
    try:
        if not is_current():
            build()
    except (ConfigError, StartError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The front end is in {pages_dir()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
