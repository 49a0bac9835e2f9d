"""What all vendors' signed webhooks have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook: a hint that the object it names has changed."""

    id: str
    type: str
    object_id: str


class BadSignature(Exception):
    """A webhook that the provider did not sign, or not now; the text is safe to answer."""


class BadEvent(Exception):
    """A signed webhook that we cannot read; the text is safe to answer."""


class Hooks(Protocol):
    """Who reads one vendor's webhooks."""

    def reads_at_once(self, headers: Mapping[str, str]) -> bool:
        """Whether `read_event` can do without asking the vendor anything."""
        ...

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        """Verify and read a webhook. The headers' names are in lower case.

        Raises:
            BadSignature, BadEvent
            ProviderUnavailable: what it takes to verify it cannot be had now.
        """
        ...
