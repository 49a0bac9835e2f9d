"""What an outside service tells when it is asked something harmless: for the operator's doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The service is there and takes our key.

    `told` is what it says of us, in words; `problems` are sentences that say what to put right;
    `at` is its clock, where it shows one.
    """

    told: str
    problems: tuple[str, ...] = ()
    at: datetime | None = None


def clock_of(headers: Mapping[str, str]) -> datetime | None:
    """The instant in an HTTP answer's Date header."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None
