"""What is added up of recordings' use by month, beside its days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services import analytics, clock, db
from services.analytics import usages
from tests.services.recorded import DAY, a_held_session, recorded, some_pack
from tests.support.servers import environment_of

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
FIRST, TODAY = date(2026, 3, 1), date(2026, 3, 31)


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """The last of March, in a studio in UTC."""
    with environment_of({"STUDIO_TIMEZONE": "UTC"}), clock.at(NOW):
        yield


def month_and_days(until: date) -> tuple[list[Any], list[Any]]:
    """What the running month's sum says, and what its days add up to."""
    with db.reading() as session:
        month = usages.by_mentor(session, FIRST, until, is_all=True)
        days = usages.by_mentor(session, FIRST, until, is_all=False)
    return sorted(month), sorted(days)


def test_the_running_month_is_the_sum_of_its_days_also_when_some_are_added_up_again() -> None:
    pack = some_pack()
    recorded(a_held_session(pack, NOW - 25 * DAY))
    recorded(a_held_session(pack, NOW - 5 * DAY))
    analytics.roll_up()
    month, days = month_and_days(TODAY)
    assert month == days != []
    recorded(a_held_session(pack, NOW - 10 * DAY))
    analytics.roll_up()
    later, days = month_and_days(TODAY)
    assert later == days != month
    half = date(2026, 3, 15)
    with db.transaction() as tx:
        usages.forget_from(tx, half)
    month, days = month_and_days(half)
    assert month == days != []
