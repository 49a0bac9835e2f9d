"""The dashboards' figures: equal to a slow recomputation from the rows, whatever happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services import analytics, clock, db
from services.analytics import Period, RevenueReport, SeatsReport
from services.audit import Actor
from services.ids import UserId
from tests.services import reckoning
from tests.services.reckoning import History
from tests.support.servers import environment_of

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
BEGIN = datetime(2025, 12, 20, 7, 0, tzinfo=UTC)
NOW = datetime(2026, 4, 9, 13, 37, 11, 250_000, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York"]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, database: str) -> Iterator[str]:
    """The studio's zone; both change their clocks in March, on different days."""
    with environment_of({"STUDIO_TIMEZONE": request.param}), clock.at(NOW):
        yield request.param


def revenue(period: Period, **more: str) -> RevenueReport:
    with db.reading() as session:
        return analytics.get_revenue(session, actor=ADMIN, period=period, **more)


def seats(period: Period, mentor: str = "") -> SeatsReport:
    with db.reading() as session:
        return analytics.get_seats(session, actor=ADMIN, period=period, mentor=mentor)


NAMES = (
    *("paid", "refunded", "payments", "refunds"),
    *("earned", "breakage", "share", "fees", "disputed"),
)


def told(one: analytics.RevenueMonth | analytics.RevenueLine) -> dict[str, int]:
    return amounts(one.taking, one.earning)


def amounts(taking: analytics.Taking, earning: analytics.Earning) -> dict[str, int]:
    assert taking.net.minor == taking.paid.minor - taking.refunded.minor
    assert earning.held.minor == earning.total.minor - earning.expired.minor
    return {
        "paid": taking.paid.minor,
        "refunded": taking.refunded.minor,
        "payments": taking.payments,
        "refunds": taking.refunds,
        "earned": earning.total.minor,
        "breakage": earning.expired.minor,
        "share": earning.share.minor,
        "fees": earning.fees.minor,
        "disputed": earning.disputed.minor,
    }


def added(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    rows = list(rows)
    return {name: sum(row.get(name, 0) for row in rows) for name in NAMES}


def check_revenue(history: History, period: Period, zone: str) -> None:
    """The report equals the slow sums, in every table and both currencies."""
    slow = history.money(period.first, period.last, zone)
    until_then = history.money(date(2000, 1, 1), period.last, zone)
    for currency in ("EUR", "USD"):
        report = revenue(period, currency=currency)
        rows = {key: row for key, row in slow.items() if key.currency == currency}
        assert amounts(report.total, report.earned) == added(rows.values())
        assert [month.month for month in report.months] == list(period.months)
        for month in report.months:
            of_month = [row for key, row in rows.items() if key.month == month.month]
            assert told(month) == added(of_month), (month.month, currency)
        tables = {
            "mentor": report.mentors,
            "offer": report.offers,
            "provider": report.providers,
        }
        for name, lines in tables.items():
            grouped: defaultdict[str, list[Mapping[str, int]]] = defaultdict(list)
            for key, row in rows.items():
                grouped[getattr(key, name)].append(row)
            assert {line.key: told(line) for line in lines} == {
                key: added(found) for key, found in grouped.items()
            }
        owed = [row["deferred"] for key, row in until_then.items() if key.currency == currency]
        assert report.deferred.minor == sum(owed)
        check_to_date(history, report, zone)


def check_to_date(history: History, report: RevenueReport, zone: str) -> None:
    to_date = report.to_date
    for first, last, net in (
        (to_date.first, to_date.last, to_date.net),
        (to_date.previous_first, to_date.previous_last, to_date.previous_net),
    ):
        rows = [
            row
            for key, row in history.money(first, last, zone).items()
            if key.currency == report.currency
        ]
        sums = added(rows)
        assert net.minor == sums["paid"] - sums["refunded"]


def check_seats(period: Period, zone: str, mentors: list[str]) -> None:
    """Every point and every average equals the slow sums."""
    report = seats(period)
    timelines = {mentor: reckoning.timeline(mentor) for mentor in mentors}
    names = ("active", "grace", "held", "capacity", "free", "over")
    zeros: dict[str, int] = dict.fromkeys(names, 0)
    totals: defaultdict[str, dict[str, int]] = defaultdict(zeros.copy)
    for number, point in enumerate(report.points):
        begin, end = edges(point.day, point.days, zone)
        if number + 1 < len(report.points):
            assert report.points[number + 1].day == point.day + timedelta(days=point.days)
        sums = zeros.copy()
        for mentor, states in timelines.items():
            for name, value in reckoning.seat_seconds(states, begin, end).items():
                sums[name] += value
                totals[mentor][name] += value
        seconds = int((end - begin).total_seconds())
        assert {name: getattr(point, name) for name in names} == {
            name: value / seconds for name, value in sums.items()
        }, point.day
    for mentor in report.mentors:
        sums = totals[mentor.slug]
        expected = sums["active"] / sums["capacity"] if sums["capacity"] else None
        assert mentor.average_use == expected
        if report.points:
            assert seats(period, mentor.slug).average_use == expected


def edges(day: date, days: int, zone: str) -> tuple[datetime, datetime]:
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    after = day + timedelta(days=days)
    end = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return begin, min(end, clock.utc_now().replace(microsecond=0))


PERIODS = [
    Period(date(2025, 12, 1), date(2026, 4, 9)),
    Period(date(2026, 1, 17), date(2026, 3, 30)),
    Period(date(2026, 3, 1), date(2026, 3, 31)),
    Period(date(2025, 1, 1), date(2026, 12, 31)),
    Period(date(2026, 4, 9), date(2026, 4, 9)),
]


def check_all(history: History, zone: str, periods: list[Period]) -> None:
    mentors = [mentor.slug for mentor in history.mentors]
    for period in periods:
        check_revenue(history, period, zone)
        check_seats(period, zone, mentors)


def test_the_figures_equal_a_slow_recomputation_before_and_after_the_roll_up(zone: str) -> None:
    history = History(seed=1, begin=BEGIN, end=NOW)
    history.go_on(20)
    check_all(history, zone, PERIODS[:1])
    assert analytics.roll_up(until=date(2026, 2, 11)) > 0
    check_all(history, zone, PERIODS[1:2])
    assert analytics.roll_up() > 0
    assert analytics.roll_up() == 0
    check_all(history, zone, PERIODS)


def test_late_changes_of_closed_days_count_at_once_and_after_the_next_roll_up(zone: str) -> None:
    history = History(seed=3, begin=BEGIN, end=NOW)
    history.go_on(12)
    analytics.roll_up()
    for change in (history.late_news, history.purchase):
        change()
        assert analytics.is_behind()
        check_revenue(history, PERIODS[0], zone)
    slugs = [mentor.slug for mentor in history.mentors]
    for change in (history.stay, history.capacity):
        change()
        check_seats(PERIODS[0], zone, slugs)
    assert analytics.roll_up() > 0
    check_all(history, zone, PERIODS[:1])
