"""The documents name what the product has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from services.config import Settings

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_stands_in_the_example_file_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    assert set(example) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        written = example[name.upper()]
        default = field.default
        expected = str(default).lower() if isinstance(default, bool) else str(default)
        assert written == expected, f"{name.upper()} is {written!r}, its default is {expected!r}"


def test_the_readme_names_every_top_level_folder_and_every_make_target() -> None:
    readme = (ROOT / "README.md").read_text()
    folders = ["mentorships/", "pages/", "state/", "services/", "jobs/", "alembic/", "assets/"]
    folders += ["tests/", "docs/decisions/"]
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[0].split()
    public = [name for name in targets if not name.startswith(("installed", "python"))]
    for word in [*folders, *(f"make {name}" for name in public)]:
        assert f"`{word}`" in readme, f"README does not name {word}"


def test_every_decision_record_has_its_number_and_its_title() -> None:
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number = int(path.name[:4])
        assert path.read_text().startswith(f"# {number}. "), path.name


def test_no_file_of_ours_names_a_package_registry() -> None:
    forbidden = re.compile(r"registry\.npmjs|files\.pythonhosted|pypi\.org|deb\.debian")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "README.md" in listed
    for name in listed:
        path = ROOT / name
        if path.is_file() and path != Path(__file__).resolve():
            assert not forbidden.search(path.read_text(errors="ignore")), name
