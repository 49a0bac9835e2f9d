"""The table on the terminal, and results.json: the figures with the machine and the commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from mentorships.launch import ROOT

FILE = ROOT / "benchmarks" / "results.json"
HEADINGS = ("figure", "value", "unit", "baseline", "ratio", "goal", "holds")


def table(figures: list[Figure]) -> str:
    """The figures as aligned text."""
    rows = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def write(figures: list[Figure], file: Path = FILE) -> None:
    """Write the figures; those of an earlier run that this one did not measure stay.

    Figures that were measured at another commit carry it, so that nobody takes them for new.
    """
    earlier: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    commit, at = _commit(), datetime.now(UTC).isoformat(timespec="seconds")
    new = {figure.name: _rounded(figure) for figure in figures}
    kept: list[dict[str, Any]] = []
    for old in earlier.get("figures", []):
        if old["name"] not in new:
            measured = {"commit": earlier["commit"], "at": earlier["at"]}
            kept.append({**measured, **old} if earlier["commit"] != commit else old)
    everything = sorted([*kept, *new.values()], key=lambda figure: str(figure["name"]))
    told = {"machine": _machine(), "commit": commit, "at": at, "figures": everything}
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _cells(figure: Figure) -> tuple[str, ...]:
    holds = {True: "yes", False: "NO", None: ""}[figure.holds]
    numbers = (_number(figure.baseline), _number(figure.ratio), _number(figure.goal))
    return (figure.name, _number(figure.value), figure.unit, *numbers, holds)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _rounded(figure: Figure) -> dict[str, Any]:
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in asdict(figure).items()
    }


def _machine() -> str:
    words = (platform.machine(), platform.system(), f"Python {platform.python_version()}")
    return ", ".join([f"{os.cpu_count()} cores", *words])


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
