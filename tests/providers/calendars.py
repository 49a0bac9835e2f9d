"""A calendar adapter in a test, and what a person or a fault does behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from services import clock
from services.providers.calendar.base import (
    Access,
    CalendarConsent,
    CalendarProvider,
    EventText,
    Tokens,
)
from services.providers.calendar.registry import calendars, consent
from tests.support.google import ADDRESS, Google, utc
from tests.support.servers import Sandbox
from tests.support.studio import BEGINNING

VERIFIER = "v" * 64
EVERYTHING = frozenset(Access)
MINE = "0123456789abcdefghijklmnopqrstuv"
MARCH = (utc(1, 0), utc(31, 0))


@dataclass
class Vendor:
    """An adapter, and what a person or a fault does behind it."""

    google: Google

    @property
    def consent(self) -> CalendarConsent:
        return consent()

    def asked(self, wanted: frozenset[Access] = EVERYTHING) -> str:
        return consent().consent_url(
            wanted=wanted, state="the state", verifier=VERIFIER, hint=ADDRESS
        )

    def tokens(self, **answer: Any) -> Tokens:
        code = self.google.consent(self.asked(), **answer)["code"]
        return consent().exchange(code=code, verifier=VERIFIER)

    def calendar(self, **answer: Any) -> CalendarProvider:
        return calendars(self.tokens(**answer).access)


@pytest.fixture
def at(sandbox: Sandbox) -> Iterator[Vendor]:
    """A person with an account, at a moment that stands still."""
    sandbox.control("clock", {"now": int(BEGINNING.timestamp())})
    with clock.at(BEGINNING):
        yield Vendor(Google(sandbox))


def a_text(**changes: Any) -> EventText:
    text = EventText(
        session="ses_0000000000000000000001",
        title="Session with Nora",
        description="One hour",
        location="https://meet.example.com/mina",
        starts_at=utc(10, 9),
        ends_at=utc(10, 10),
        zone="Asia/Kolkata",
        guests=("nora.novak@example.com",),
        sequence=0,
    )
    return replace(text, **changes)
