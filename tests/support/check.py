"""`make check`: style, types, imports, migrations, documents; says at the end which failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mentorships.launch import ROOT, child_environment
from services.config import Settings, settings

# Never in a file of the project: addresses of registries, and paths of somebody's machine.
FORBIDDEN = re.compile(r"registry\.npm|pypi\.org/simple|/root/|/work/|\.pyenv/")
WRITTEN = (
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".ini",
    ".example",
    ".json",
    ".yml",
    "Makefile",
    "Procfile",
)
THIS_FILE = "tests/support/check.py"


def run(*command: str) -> list[str]:
    """Run a tool that prints its own findings."""
    done = subprocess.run(
        command, cwd=ROOT, env=child_environment(), stdin=subprocess.DEVNULL, check=False
    )
    return [f"exit code {done.returncode}"] if done.returncode else []


def migrations() -> list[str]:
    """`alembic upgrade head`, `check`, `downgrade base` and up again on an empty database."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/check.db"}
        settings.cache_clear()
        commands = (("upgrade", "head"), ("check",), ("downgrade", "base"), ("upgrade", "head"))
        return [f for words in commands for f in run(sys.executable, "-m", "alembic", *words)]


def links() -> list[str]:
    """Relative links in the documents that lead nowhere."""
    found: list[str] = []
    for document in _files(".md"):
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", document.read_text()):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (document.parent / target).exists():
                found.append(f"{document.relative_to(ROOT)}: {target} does not exist")
    return found


def settings_are_described() -> list[str]:
    """Every setting is in .env.example, and nothing else is."""
    text = (ROOT / ".env.example").read_text()
    described = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields}
    return [f"{name} is not in .env.example" for name in sorted(known - described)] + [
        f"{name} is in .env.example, but is no setting" for name in sorted(described - known)
    ]


def sizes() -> list[str]:
    """Files that have outgrown what a reader can hold."""
    found: list[str] = []
    for path in _files(".py"):
        lines = path.read_text().count("\n")
        released = "alembic/versions" in path.as_posix()  # written once, never edited
        if lines >= 500 and not released:
            found.append(f"{path.relative_to(ROOT)} has {lines} lines")
    return found


def nothing_of_this_machine() -> list[str]:
    """No file names a registry or a path of a machine."""
    found: list[str] = []
    for path in _files(*WRITTEN):
        name = path.relative_to(ROOT).as_posix()
        if name == THIS_FILE:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if match := FORBIDDEN.search(line):
                found.append(f"{name}:{number}: {match.group()}")
    return found


def _files(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(endings) and (ROOT / name).is_file()]


CHECKS: dict[str, Callable[[], list[str]]] = {
    "style": lambda: run("ruff", "check", "."),
    "format": lambda: run("ruff", "format", "--check", "."),
    "types": lambda: run("basedpyright"),
    "imports": lambda: run("lint-imports"),
    "migrations": migrations,
    "links": links,
    "settings": settings_are_described,
    "sizes": sizes,
    "machine": nothing_of_this_machine,
}


def main() -> int:
    """Exit code 1 when anything was found."""
    failed: list[str] = []
    for name in sys.argv[1:] or CHECKS:
        print(f"== {name}", flush=True)
        findings = CHECKS[name]()
        for finding in findings:
            print(f"   {finding}")
        if findings:
            failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
