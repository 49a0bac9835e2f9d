"""One line of the doctor's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"


_MARKS = {State.RIGHT: "✓", State.WRONG: "✗", State.SKIPPED: "–"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do about it ("" when nothing)."""

    name: str
    state: State
    seen: str
    advice: str = ""

    @property
    def line(self) -> str:
        """The finding for a terminal."""
        advice = f" → {self.advice}" if self.advice else ""
        return f"{_MARKS[self.state]} {self.name}: {self.seen}{advice}"

    def as_dict(self) -> dict[str, str]:
        """The finding for a program."""
        return {
            "name": self.name,
            "state": self.state.value,
            "seen": self.seen,
            "advice": self.advice,
        }


def right(name: str, seen: str) -> Finding:
    """Nothing to do."""
    return Finding(name, State.RIGHT, seen)


def wrong(name: str, seen: str, advice: str) -> Finding:
    """Something to put right."""
    return Finding(name, State.WRONG, seen, advice)


def skipped(name: str, seen: str) -> Finding:
    """Does not apply here, or could not be looked at."""
    return Finding(name, State.SKIPPED, seen)
