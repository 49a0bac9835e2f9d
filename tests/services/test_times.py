"""Instants as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services import times
from services.models import User

# The clocks of Berlin went back at 01:00 UTC: from 03:00 to 02:00 in summer time's last night.
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
# And forward: from 02:00 to 03:00.
FORWARD = datetime(2026, 3, 29, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def berlin() -> User:
    return User(
        email="nora.novak@example.com",
        name="Nora Novak",
        password_hash="not used",
        time_zone="Europe/Berlin",
    )


def test_an_instant_is_written_out_in_its_readers_zone() -> None:
    shown = times.in_zone(datetime(2026, 11, 21, 13, 32, tzinfo=UTC), berlin())
    assert shown == "21 November 2026 at 14:32 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (BACK - HOUR - timedelta(minutes=1), "01:59"),
        (BACK - HOUR / 2, "02:30 CEST"),
        (BACK + HOUR / 2, "02:30 CET"),
        (BACK + HOUR, "03:00"),
        (FORWARD - timedelta(minutes=1), "01:59"),
        (FORWARD, "03:00"),
    ],
)
def test_an_hour_that_comes_twice_says_which_one_is_meant(instant: datetime, shown: str) -> None:
    assert f" at {shown} (" in times.in_zone(instant, berlin())


def test_a_session_in_the_hour_that_comes_twice_does_not_seem_to_take_no_time() -> None:
    shown = times.span_in_zone(BACK - HOUR / 2, BACK + HOUR / 2, berlin())
    assert shown == "Sunday 25 October 2026, 02:30 CEST to 02:30 CET (Europe/Berlin)"
