"""The cost dashboard's numbers, on both databases: from the rows and from the roll-up alike."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from services import analytics, clock, costs, db
from services.analytics import Period
from services.audit import Actor
from services.costs import CostReport, NewPrice
from services.errors import InvalidInput, NotAllowed
from services.ids import UserId
from services.models import (
    DailyUsage,
    MentoringSession,
    OutboxMessage,
    SessionStatus,
    Usage,
)
from tests.services.recorded import DAY, GB, a_held_session, recorded, some_pack
from tests.services.recording_rows import a_recording
from tests.services.rows import VISITOR, a_session, an_admin, counted_reading
from tests.support.servers import environment_of

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon(database: str) -> Iterator[None]:
    """The last of March, in a studio in UTC, by the plan's prices."""
    with (
        environment_of({"STUDIO_TIMEZONE": "UTC", "COST_PRICES": "plan"}),
        clock.at(NOW),
    ):
        yield


def read(period: Period = YEAR, preset: str = "") -> CostReport:
    with db.reading() as session:
        return costs.get_costs(session, actor=ADMIN, period=period, preset=preset)


def test_a_hundred_hours_kept_for_thirty_days_cost_six_dollars_and_forty_four_cents() -> None:
    pack, begin = some_pack(), datetime(2026, 1, 20, tzinfo=UTC)
    for n in range(100):
        recorded(a_held_session(pack, begin + n * HOUR), stays=30 * DAY)
    report = read()
    assert report.total.recording.micros == 5_940_000
    assert report.total.storage.micros == 500_000
    assert costs.shown(report.total.total) == "US$6.44"
    assert (report.recordings, costs.shown(report.per_recording or report.total.cdn)) == (
        100,
        "US$0.0644",
    )
    [mentor] = report.mentors
    assert mentor.cost == report.total
    months = {point.day.month: point.cost.total.micros for point in report.points}
    assert sum(months.values()) == 6_440_000
    assert months[1] and months[2] and not months[12]


def test_the_roll_up_and_the_rows_say_the_same_after_every_step() -> None:
    dice = random.Random(7)
    packs = [some_pack(f"Mentor {n}") for n in range(3)]
    begin = datetime(2025, 11, 20, tzinfo=UTC)
    for n in range(60):
        at = begin + timedelta(minutes=dice.randrange(130 * 24 * 60))
        recorded(
            a_session(packs[n % 3], at, status=SessionStatus.COMPLETED, minutes=1),
            seconds=dice.randrange(60, 7_200),
            size=dice.randrange(1, 3 * GB),
            store=dice.choice(["local", "recorder"]),
            stays=dice.choice([None, 7 * DAY + HOUR, 30 * DAY]),
            sent=dice.choice([0, 5 * GB]),
            by_cdn=dice.choice([True, False]),
        )
    of_rows = {period: read(period) for period in (YEAR, MARCH)}
    for until in (date(2025, 12, 24), date(2026, 3, 3), None):
        analytics.roll_up(until=until)
        for period, before in of_rows.items():
            assert read(period) == before
    with db.reading() as session:
        assert session.exec(select(DailyUsage)).all()


def test_the_sums_are_those_of_a_reckoning_file_by_file() -> None:
    dice = random.Random(11)
    pack, begin = some_pack(), datetime(2026, 2, 1, tzinfo=UTC)
    seconds: dict[date, int] = defaultdict(int)
    for _ in range(25):
        at = begin + timedelta(seconds=dice.randrange(40 * 86_400))
        stays = timedelta(seconds=dice.randrange(1, 20 * 86_400))
        recorded(a_session(pack, at, status=SessionStatus.COMPLETED, minutes=1), stays=stays)
        end, day = min(at + stays, NOW), at.date()
        while day <= end.date():
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            inside = min(end, midnight + DAY) - max(at, midnight)
            seconds[day] += int(inside.total_seconds())
            day += DAY
    analytics.roll_up()
    with db.reading() as session:
        rolled = {row.day: row.byte_hours for row in session.exec(select(DailyUsage)).all()}
    for day, of_day in seconds.items():
        if day < NOW.date():
            assert abs(rolled[day] - of_day * GB // 3_600) <= 1


def test_use_that_is_noted_late_is_found_at_once_and_rolled_up_again() -> None:
    pack = some_pack()
    recorded(a_held_session(pack, datetime(2026, 1, 5, tzinfo=UTC)), stays=30 * DAY)
    analytics.roll_up()
    before = read()
    recorded(a_held_session(pack, datetime(2026, 1, 7, tzinfo=UTC)), stays=30 * DAY)
    after = read()
    assert after.total.total.micros == 2 * before.total.total.micros
    analytics.roll_up()
    assert read() == after


def test_only_what_is_different_from_before_is_noted_and_what_came_first_goes_first() -> None:
    session = a_held_session(some_pack(), NOW - 99 * DAY)
    steps: list[tuple[int, dict[str, int]]] = [
        (95, {"local": GB}),
        (95, {"local": GB}),
        (60, {"local": 3 * GB, "cold": GB}),
        (40, {"local": GB, "cold": GB}),
        (9, {"cold": GB}),
        (9, {"cold": GB}),
    ]
    for days, there in steps:
        with db.transaction() as own:
            at = NOW - days * DAY
            costs.note_kept(own, session=session, recording="rec_1", there=there, at=at)
            costs.note_kept(own, session=session, recording="rec_2", there={}, at=at)
    with db.reading() as own:
        rows = own.exec(select(Usage).order_by("id")).all()
    assert [(row.kind.value, row.place, row.amount) for row in rows] == [
        ("stored", "local", GB),
        ("moved", "cold", GB),
        ("stored", "local", 2 * GB),
        ("gone", "local", 2 * GB),
        ("early", "local", GB * 24 * (90 - 55 + 90 - 20)),
        ("gone", "local", GB),
        ("early", "local", GB * 24 * (90 - 51)),
    ]


def test_a_file_that_leaves_wasabi_early_is_charged_for_its_ninety_days() -> None:
    wasabi = {
        "STORAGE_COLD_KIND": "wasabi",
        "STORAGE_COLD_REGION": "eu-central-1",
        "STORAGE_COLD_BUCKET": "recordings",
        "STORAGE_COLD_KEY_ID": "key",
        "STORAGE_COLD_SECRET": "secret",
        "COST_PRICES": "list",
    }
    with environment_of(wasabi):
        at = datetime(2026, 1, 10, tzinfo=UTC)
        held = a_held_session(some_pack(), at)
        recorded(held, size=2_000 * GB, store="cold", stays=30 * DAY)
        assert read().total.storage.micros == 3 * 2_000 * 7_990
        [store] = read().stores
        assert (store.name, store.kind, store.stored_bytes) == ("cold", "wasabi", 0)
        for preset, micros in (("list", 3 * 2_000 * 7_990), ("plan", 2_000 * 5_000)):
            with db.reading() as own:
                alone = costs.get_session_cost(
                    own, actor=ADMIN, session=held.public_id, preset=preset
                )
            assert read(preset=preset).total.storage == alone.cost.storage
            assert alone.cost.storage.micros == micros


def test_one_sessions_cost_is_reckoned_from_what_was_measured_of_it() -> None:
    session = a_held_session(some_pack(), NOW - 40 * DAY)
    recorded(session, seconds=1_800, size=2 * GB, stays=30 * DAY, sent=3 * GB)
    with db.reading() as own:
        found = costs.get_session_cost(own, actor=ADMIN, session=session.public_id)
    assert found.cost.recording.micros == 30 * 990
    assert found.cost.storage.micros == 10_000
    assert found.cost.download.micros == 30_000, "by itself, nothing of it is free"
    assert (found.seconds, found.stored_bytes, found.sent_bytes) == (1_800, 0, 3 * GB)


def test_each_mentor_has_the_part_of_what_their_sessions_used() -> None:
    for name, many in (("Ada", 1), ("Bea", 3)):
        pack = some_pack(name)
        for n in range(many):
            recorded(a_held_session(pack, NOW - 20 * DAY + n * HOUR), stays=10 * DAY)
    report = read(MARCH)
    assert [(one.name, one.recordings) for one in report.mentors] == [("Bea", 3), ("Ada", 1)]
    bea, ada = report.mentors
    assert bea.cost.recording.micros == 3 * ada.cost.recording.micros
    assert abs(bea.cost.storage.micros - 3 * ada.cost.storage.micros) <= 3
    assert bea.cost.total + ada.cost.total == report.total.total


def test_the_forecast_goes_by_what_is_booked_and_what_lies_there() -> None:
    pack = some_pack()
    held = a_held_session(pack, NOW - 5 * DAY)
    recorded(held, size=2 * GB, seconds=3_000)
    a_recording(held, keep_until=NOW + 25 * DAY, seconds=3_000)
    a_session(pack, NOW + 3 * DAY)
    a_session(pack, NOW + 95 * DAY)
    report = read(MARCH)
    assert (report.booked, report.typical.measured, report.typical.bytes) == (1, 1, 2 * GB)
    assert report.typical.recorded_per_mille == 1_000
    assert sum(point.cost.recording.micros for point in report.forecast) == 50 * 990
    assert sum(point.days for point in report.forecast) == 90
    assert report.forecast[0].stored_bytes > 2 * GB
    assert report.forecast[-1].stored_bytes == 0
    assert not read(Period(date(2025, 1, 1), date(2025, 1, 2))).total.total.micros


def test_what_is_moved_leaves_when_it_would_have_and_what_is_held_stays() -> None:
    pack = some_pack()
    kept_longer: dict[str, Any] = {"held_at": NOW, "hold_reason": "A dispute"}
    for days, more in ((9, {}), (3, {}), (1, kept_longer)):
        held = a_held_session(pack, NOW - days * DAY)
        recorded(held, size=2 * GB)
        a_recording(held, keep_until=NOW + (30 - days) * DAY, seconds=3_600, **more)
    before = read(MARCH)
    stored = [point.stored_bytes for point in before.forecast]
    assert stored[0] > stored[-1] == 2 * GB
    with db.reading() as own:
        kept = {row.key.split(":")[1]: row.session_id for row in own.exec(select(Usage)).all()}
    for name, session_id in kept.items():
        with db.transaction() as own:
            session = own.get_one(MentoringSession, session_id)
            there = {"recorder": 2 * GB}
            costs.note_kept(own, session=session, recording=name, there=there, at=NOW - HOUR)
    moved = read(MARCH)
    assert {store.name: store.stored_bytes for store in moved.stores}["recorder"] == 6 * GB
    assert [point.stored_bytes for point in moved.forecast] == stored
    assert moved.typical == before.typical


def test_only_an_admin_sees_costs_and_enters_prices() -> None:
    nobody = Actor("user", user_id=UserId(2), verified=True)
    for actor in (VISITOR, nobody):
        with db.transaction() as session:
            with pytest.raises(NotAllowed):
                costs.get_costs(session, actor=actor, period=YEAR)
            with pytest.raises(NotAllowed):
                costs.list_prices(session, actor=actor)
            with pytest.raises(NotAllowed):
                costs.get_session_cost(session, actor=actor, session="ses_1")
            with pytest.raises(NotAllowed):
                new = NewPrice("plan", "cdn", "1", "2026-01-01")
                costs.set_price(session, actor=actor, new=new)


def test_admins_hear_once_a_month_of_a_budget_that_is_used_up_or_will_be() -> None:
    an_admin()
    pack = some_pack()
    recorded(a_held_session(pack, NOW - 5 * DAY), seconds=60_000)
    assert costs.warn_of_budget() == []
    with environment_of({"COST_BUDGET": "1"}):
        assert costs.warn_of_budget() == []
        recorded(a_held_session(pack, NOW - 4 * DAY), seconds=60_000)
        assert [costs.warn_of_budget(), costs.warn_of_budget()] == [["cost_over"], ["cost_over"]]
    with db.reading() as session:
        mails = session.exec(select(OutboxMessage).where(OutboxMessage.kind == "mail")).all()
        assert [mail.data["alert"] for mail in mails] == ["cost_over"]


def test_a_budget_that_what_is_booked_will_exceed_is_told_before() -> None:
    an_admin()
    pack = some_pack()
    with clock.at(NOW - 20 * DAY), environment_of({"COST_BUDGET": "1"}):
        recorded(a_held_session(pack, NOW - 25 * DAY), seconds=40_000)
        assert costs.warn_of_budget() == []
        a_session(pack, NOW - 10 * DAY)
        assert costs.warn_of_budget() == ["cost_ahead"]


def test_the_number_of_queries_does_not_grow() -> None:
    def queries() -> int:
        with counted_reading() as (session, statements):
            costs.get_costs(session, actor=ADMIN, period=YEAR)
        return len(statements)

    nothing = queries()
    for n in range(3):
        pack = some_pack(f"Mentor {n}")
        recorded(a_held_session(pack, NOW - (n + 1) * 30 * DAY), stays=30 * DAY)
    analytics.roll_up()
    assert nothing <= queries() <= 16


def test_the_files_have_what_the_page_shows() -> None:
    recorded(a_held_session(some_pack("=Mina()"), NOW - 5 * DAY), sent=20 * GB)
    report = read(MARCH)
    tables = {by: _read_csv(report, by) for by in ("time", "mentor", "forecast", "comparison")}
    [row] = tables["mentor"]
    assert (row["mentor"], row["currency"], row["recordings"]) == ("'=Mina()", "USD", "1")
    assert row["total"] == f"{report.total.total.micros / 1_000_000:.6f}"
    assert len(tables["time"]) == 31
    assert sum(float(row["download"]) for row in tables["time"]) == pytest.approx(0.1)
    assert len(tables["comparison"]) == 4 * 4
    with pytest.raises(InvalidInput):
        costs.costs_frame(report, "weather")


def _read_csv(report: CostReport, by: str) -> list[dict[str, str]]:
    text = analytics.csv_of(costs.costs_frame(report, by))
    return list(csv.DictReader(io.StringIO(text, newline="")))
