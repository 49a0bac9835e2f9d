"""Finds a Chromium, or installs one: `make browser`, and `make test` as root on Debian."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Chromium without its window takes less than half of the work for the same pages.
SHELL = "chromium-headless-shell"
SYSTEM_NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "The tests need a Chromium, and this machine has none: run `make browser` first."
# The later ones keep it from flooding a closed network with its own requests.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]
DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""A camera and a microphone that Chromium makes up, and lets every page use."""


def flags() -> list[str]:
    """Chromium's arguments for tests; as root it has no sandbox of its own."""
    return FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])


def find() -> Path | None:
    """CHROMIUM_PATH, else the system's Chromium, else Playwright's, else None.

    Raises:
        SystemExit: CHROMIUM_PATH names no file.
    """
    if chosen := os.environ.get("CHROMIUM_PATH"):
        if not Path(chosen).is_file():
            raise SystemExit(f"CHROMIUM_PATH names no file: {chosen}")
        return Path(chosen)
    for name in SYSTEM_NAMES:
        if found := shutil.which(name):
            return Path(found)
    return _playwrights_own()


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def may_use_apt() -> bool:
    """Whether this is root on Debian or a relative of it."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> bool:
    """Install a Chromium, from Debian's packages or by Playwright; whether there is one now."""
    if may_use_apt():
        print("Installing Chromium from the system's packages", flush=True)
        _apt_get("update")
        any(_apt_get("install", "--no-install-recommends", name) for name in (SHELL, "chromium"))
    else:
        print("Installing Chromium through Playwright", flush=True)
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"],
            stdin=subprocess.DEVNULL,
            check=False,
        )
    return find() is not None


def _apt_get(verb: str, *more: str) -> bool:
    """Run apt-get without a question or a word; whether it succeeded."""
    done = subprocess.run(
        ["apt-get", verb, "-y", "-qq", *more],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def main() -> int:
    """0 when there is a Chromium at the end, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="install one in any case")
    asked = parser.parse_args().install
    if found := find():
        if asked:
            print(f"Chromium is there already: {found}")
        return 0
    if asked or may_use_apt():
        if install():
            return 0
        print("Chromium could not be installed; name one in CHROMIUM_PATH.", file=sys.stderr)
        return 1
    print(MISSING, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
