"""The price book of recordings, and what another store or retention would cost by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from services import clock, costs, db
from services.analytics import Period
from services.audit import Actor
from services.costs import CostReport, NewPrice
from services.errors import InvalidInput
from services.ids import UserId
from services.models import AuditEntry
from tests.services.recorded import DAY, GB, a_held_session, recorded, some_pack
from tests.services.rows import acting, an_admin
from tests.support.servers import environment_of

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """The last of March, in a studio in UTC, by the plan's prices."""
    with (
        environment_of({"STUDIO_TIMEZONE": "UTC", "COST_PRICES": "plan"}),
        clock.at(NOW),
    ):
        yield


def read(preset: str = "") -> CostReport:
    with db.reading() as session:
        return costs.get_costs(session, actor=ADMIN, period=YEAR, preset=preset)


def test_the_store_in_use_is_compared_by_its_own_price() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY))
    admin = an_admin()
    with db.transaction() as session:
        for new in (
            NewPrice("list", "storage", "0.5", "2026-01-01", place="local"),
            NewPrice("list", "recording", "1", "2026-01-01"),
        ):
            costs.set_price(session, actor=acting(admin), new=new)
    stores = {one.kind: dict(one.by_retention)[30] for one in read(preset="list").what_if}
    micros = {kind: cost.micros for kind, cost in stores.items() if cost}
    assert micros["local"] == 60 * 1_000 + 500_000
    assert micros["r2"] == 60 * 1_000 + 15_000


def test_where_nothing_was_recorded_lately_nothing_is_compared() -> None:
    recorded(a_held_session(some_pack(), NOW - 50 * DAY), stays=DAY)
    assert read().what_if == ()


def test_an_admins_price_of_a_store_leaves_its_least_time_and_what_it_gives() -> None:
    admin = an_admin()
    prices = (
        NewPrice("list", "storage", "0.009", "2026-01-01", place="wasabi"),
        NewPrice("list", "download", "0.02", "2026-01-01", place="b2"),
    )
    with db.transaction() as session:
        for new in prices:
            costs.set_price(session, actor=acting(admin), new=new)
    with db.reading() as session:
        lines = costs.list_prices(session, actor=ADMIN, preset="list")
    storage, download = (line.terms for line in lines if line.own)
    assert (storage.micros, storage.minimum_days) == (9_000, 90)
    assert (download.micros, download.free_times_stored) == (20_000, 3)


def test_the_largest_free_amount_is_kept_and_one_more_is_refused_by_its_field() -> None:
    admin = acting(an_admin())
    new = NewPrice("list", "storage", "1", "2026-01-01", free_per_month="10000000")
    with db.transaction() as session:
        costs.set_price(session, actor=admin, new=new)
    with db.reading() as session:
        lines = costs.list_prices(session, actor=ADMIN, preset="list")
    assert [one.terms.free_per_month for one in lines if one.own] == [10**7 * GB * 24 * 30]
    with db.transaction() as session, pytest.raises(InvalidInput) as refused:
        costs.set_price(session, actor=admin, new=replace(new, free_per_month="10000001"))
    assert refused.value.field == "free_per_month"


def test_a_longer_retention_costs_more_and_another_store_something_else() -> None:
    recorded(a_held_session(some_pack(), NOW - 5 * DAY))
    stores = {one.kind: dict(one.by_retention) for one in read(preset="list").what_if}
    assert set(stores) == {"local", "b2", "wasabi", "r2"}
    of_r2 = [cost.micros for cost in stores["r2"].values() if cost]
    assert list(stores["r2"]) == [14, 30, 60, 90]
    assert of_r2 == sorted(of_r2) and len(set(of_r2)) == 4
    wasabi = {cost.micros for cost in stores["wasabi"].values() if cost}
    assert len(wasabi) == 1, "ninety days are charged whatever the retention"
    [used] = [one for one in read().what_if if one.in_use]
    assert dict(used.by_retention)[30]


def test_a_price_counts_from_its_day_on_for_what_was_used_before_it_was_entered() -> None:
    recorded(a_held_session(some_pack(), datetime(2026, 3, 2, tzinfo=UTC)), size=0)
    admin = an_admin()
    price = NewPrice("plan", "recording", "2", "2026-03-02", note="The invoice of March")
    with db.transaction() as session:
        costs.set_price(session, actor=acting(admin), new=price)
    assert read().total.recording.micros == 60 * 2_000
    with db.transaction() as session:
        costs.set_price(
            session, actor=acting(admin), new=NewPrice("plan", "recording", "3", "2026-03-02")
        )
    assert read().total.recording.micros == 60 * 3_000
    with db.reading() as session:
        lines = costs.list_prices(session, actor=ADMIN, preset="plan")
        assert [line.terms.micros for line in lines if line.own] == [3_000]
        audits = session.exec(select(AuditEntry).where(AuditEntry.action == "price.entered")).all()
        assert [entry.before.get("micros") for entry in audits] == [None, 2_000]


@pytest.mark.parametrize(
    ("price", "field"),
    [
        (NewPrice("plan", "storage", "-1", "2026-01-01"), "price"),
        (NewPrice("plan", "storage", "NaN", "2026-01-01"), "price"),
        (NewPrice("plan", "storage", "0.0000001", "2026-01-01"), "price"),
        (NewPrice("plan", "recording", "0.0001", "2026-01-01"), "price"),
        (NewPrice("plan", "storage", "1e99", "2026-01-01"), "price"),
        (NewPrice("plan", "weather", "1", "2026-01-01"), "component"),
        (NewPrice("mine", "storage", "1", "2026-01-01"), "prices"),
        (NewPrice("plan", "storage", "1", "tomorrow"), "valid_from"),
        (NewPrice("plan", "storage", "1", "0026-01-01"), "valid_from"),
        (NewPrice("plan", "storage", "1", "2026-01-01", place="../x"), "place"),
        (NewPrice("plan", "recording", "1", "2026-01-01", place="local"), "place"),
        (NewPrice("plan", "cdn", "1", "2026-01-01", free_per_day="-1"), "free_per_day"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_by_its_field(price: NewPrice, field: str) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput) as refused:
        costs.set_price(session, actor=ADMIN, new=price)
    assert refused.value.field == field
