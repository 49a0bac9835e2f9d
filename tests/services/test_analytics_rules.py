"""What counts on which day, who may ask, what is refused, and how much it costs to ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from services import analytics, catalogue, clock, db, ledger, refunds
from services.analytics import Period
from services.audit import SYSTEM, Actor
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.ids import UserId
from services.models import (
    CapacityEvent,
    Mentor,
    Payment,
    PaymentStatus,
    Provider,
    RefundStatus,
    ReportChange,
)
from services.money import Money
from services.providers.payments.base import ProviderRefund, RefundState
from tests.services.reckoning import History
from tests.services.rows import (
    VISITOR,
    a_user,
    acting,
    an_admin,
    counted_reading,
    saved,
)
from tests.services.sales import a_refund_of, a_sale
from tests.support.servers import environment_of

ADMIN = Actor("user", user_id=UserId(1), is_admin=True, verified=True)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def berlin_in_spring(database: str) -> Iterator[None]:
    """The last of March, two days after the clocks went forward."""
    with environment_of({"STUDIO_TIMEZONE": "Europe/Berlin"}), clock.at(NOW):
        yield


def revenue(period: Period = YEAR, **more: str) -> analytics.RevenueReport:
    with db.reading() as session:
        return analytics.get_revenue(session, actor=ADMIN, period=period, **more)


def net_by_month() -> dict[str, int]:
    """The months with money in them."""
    months = revenue().months
    return {m.month.isoformat()[:7]: m.taking.net.minor for m in months if m.taking.payments}


def test_a_month_ends_to_the_microsecond_in_the_studios_zone() -> None:
    midnight = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)  # the first of March in Berlin
    a_sale(midnight - timedelta(microseconds=1), 100)
    a_sale(midnight, 7)
    summer = datetime(2025, 9, 30, 22, 0, tzinfo=UTC)  # two hours ahead in summer
    a_sale(summer - timedelta(microseconds=1), 30)
    a_sale(summer, 4)
    expected = {"2026-02": 100, "2026-03": 7, "2025-09": 30, "2025-10": 4}
    assert net_by_month() == expected
    analytics.roll_up()
    assert net_by_month() == expected
    with environment_of({"STUDIO_TIMEZONE": "UTC"}):  # the roll-up is in another zone's days
        assert net_by_month() == {"2026-02": 107, "2025-09": 34}
        analytics.roll_up()
        assert net_by_month() == {"2026-02": 107, "2025-09": 34}
    assert net_by_month() == expected


def test_the_31st_is_compared_with_all_of_a_shorter_month() -> None:
    a_sale(datetime(2026, 2, 28, 22, 59, tzinfo=UTC), 500)
    a_sale(datetime(2026, 3, 31, 11, 0, tzinfo=UTC), 700)
    to_date = revenue().to_date
    assert (to_date.first, to_date.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (to_date.previous_first, to_date.previous_last) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (to_date.net.minor, to_date.previous_net.minor) == (700, 500)
    with clock.at(NOW - timedelta(days=4)):
        to_date = revenue().to_date
    assert to_date.previous_last == date(2026, 2, 27)
    assert (to_date.net.minor, to_date.previous_net.minor) == (0, 0)


def test_a_partial_refund_takes_its_amount_on_its_own_day_and_leaves_the_sale() -> None:
    order = a_sale(datetime(2026, 1, 10, 9, 0, tzinfo=UTC), 10_000)
    later = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
    a_refund_of(order, 2_500, later, RefundStatus.SUCCEEDED)
    report = revenue()
    assert (report.total.paid.minor, report.total.refunded.minor) == (10_000, 2_500)
    months = {month.month.month: month.taking.net.minor for month in report.months}
    assert (months[1], months[2]) == (10_000, -2_500)


def test_a_refund_that_fails_after_its_day_was_closed_is_counted_back_on_the_day_it_fails() -> None:
    an_admin()
    order = a_sale(datetime(2026, 1, 10, 9, 0, tzinfo=UTC), 10_000)
    day = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
    refund = a_refund_of(order, 10_000, day, RefundStatus.PENDING)

    def learn(state: RefundState) -> None:
        done = ProviderRefund(
            id=f"re_{order.public_id}",
            payment_id=f"pi_{order.public_id}",
            refund=refund.public_id,
            attempt=1,
            amount=Money(10_000, "EUR"),
            created_at=day,
            state=state,
        )
        with db.transaction() as session:
            refunds.apply_refund(session, actor=SYSTEM, refund_id=refund.id, done=done)

    with clock.at(day):
        learn(RefundState.SUCCEEDED)
    analytics.roll_up()
    assert revenue().total.net.minor == 0
    learn(RefundState.FAILED)
    closed, today = revenue().months[-3], revenue().months[-1]
    assert (closed.taking.net.minor, today.taking.refunded.minor) == (0, -10_000)
    assert (closed.taking.refunds, today.taking.refunds) == (1, -1)
    assert revenue().total.net.minor == 10_000


def test_currencies_are_never_added() -> None:
    a_sale(NOW, 300, currency="EUR")
    a_sale(NOW, 4_000, currency="USD")
    assert revenue().currencies == ("EUR", "USD")
    assert revenue().total.net.minor == 300
    assert revenue(currency="USD").total.net.minor == 4_000
    with db.reading() as session:
        overview = analytics.get_overview(session, actor=ADMIN)
    assert [(t.net.currency, t.net.minor) for t in overview.to_date] == [
        ("EUR", 300),
        ("USD", 4_000),
    ]


def test_months_without_money_are_there_and_the_running_one_is_not_complete() -> None:
    report = revenue()
    assert [month.month.isoformat() for month in report.months][::11] == [
        "2025-04-01",
        "2026-03-01",
    ]
    assert all(month.taking.payments == 0 for month in report.months)
    assert [month.complete for month in report.months] == [True] * 11 + [False]


def test_filters_narrow_every_table() -> None:
    mine, other = a_sale(NOW, 300), a_sale(NOW, 500)
    with db.reading() as session:
        slug = session.get_one(Mentor, mine.mentor_id).slug
    report = revenue(mentor=slug, provider="stripe")
    assert report.total.net.minor == 300
    assert [line.key for line in report.mentors] == [slug]
    assert len(report.offers) == 1
    by_offer = revenue(offer=report.offers[0].key)
    assert by_offer.total == report.total
    foreign = next(line.key for line in revenue().offers if line.key != report.offers[0].key)
    with pytest.raises(InvalidInput, match="another mentor"):
        revenue(mentor=slug, offer=foreign)
    assert other.mentor_id != mine.mentor_id


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"mentor": "nobody"}, NotFound),
        ({"offer": "off_unknown"}, NotFound),
        ({"provider": "cash"}, InvalidInput),
        ({"currency": "XXX"}, InvalidInput),
    ],
)
def test_what_does_not_exist_is_refused(more: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        revenue(YEAR, **more)
    with db.reading() as session, pytest.raises(NotFound):
        analytics.get_seats(session, actor=ADMIN, period=YEAR, mentor="nobody")


def test_only_admins_see_figures() -> None:
    with db.reading() as session:
        for ask in (analytics.get_revenue, analytics.get_seats):
            with pytest.raises(SignInNeeded):
                ask(session, actor=VISITOR, period=YEAR)
            with pytest.raises(NotAllowed):
                ask(session, actor=acting(a_user(f"Nora {ask.__name__}")), period=YEAR)
        with pytest.raises(SignInNeeded):
            analytics.get_overview(session, actor=VISITOR)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-02-30", ""),
        ("yesterday", ""),
        ("0001-01-01", "9999-12-31"),
        ("2010-01-01", "2026-01-01"),
        ("2026-02-01", "2026-01-01"),
        ("1" * 5000, ""),
        ("", "2101-01-01"),
    ],
)
def test_an_absurd_period_is_refused_with_a_sentence(first: str, last: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        analytics.period(first, last)
    assert refused.value.message.endswith(".")
    assert refused.value.field in {"first", "last"}


def test_an_empty_period_is_the_last_twelve_months_in_the_studios_zone() -> None:
    with clock.at(datetime(2026, 3, 31, 22, 30, tzinfo=UTC)):  # the first of April in Berlin
        chosen = analytics.period()
    assert (chosen.first, chosen.last) == (date(2025, 5, 1), date(2026, 4, 1))
    assert len(chosen.months) == 12


def test_the_history_of_capacity_follows_from_the_services() -> None:
    admin = an_admin()
    person = a_user("Mona Mentor")
    with clock.at(NOW - timedelta(days=3)), db.transaction() as session:
        slug = catalogue.make_mentor(session, actor=acting(admin), user=person.public_id)
    with clock.at(NOW - timedelta(days=1)), db.transaction() as session:
        catalogue.update_profile(
            session,
            actor=acting(admin),
            slug=slug,
            headline="Helps",
            bio="",
            skills=[],
            languages=[],
            capacity=4,
        )
    with db.reading() as session:
        rows = session.exec(select(CapacityEvent)).all()
        assert [(row.capacity, row.at) for row in rows] == [
            (10, NOW - timedelta(days=3)),
            (4, NOW - timedelta(days=1)),
        ]
        days = Period(date(2026, 3, 28), date(2026, 3, 31))
        points = analytics.get_seats(session, actor=ADMIN, period=days).points
    # The 29th has 23 hours; from noon (UTC) of the 28th there are 11 left in Berlin.
    assert [point.capacity for point in points] == [10 * 11 / 24, 10, 10 - 6 * 10 / 24, 4]


def test_more_seats_than_the_capacity_are_over_and_never_free() -> None:
    history = History(5, begin=NOW - timedelta(days=20), end=NOW)
    for _ in range(12):
        history.stay()
    saved(CapacityEvent(mentor_id=history.mentors[2].id, capacity=0, at=NOW - timedelta(days=9)))
    with db.reading() as session:
        report = analytics.get_seats(session, actor=ADMIN, period=YEAR)
    assert any(point.over > 0 for point in report.points)
    for point in report.points:
        assert min(point.free, point.over) >= 0
        taken = point.active + point.grace + point.held
        assert point.capacity == pytest.approx(taken + point.free - point.over)


def test_the_number_of_statements_does_not_grow_with_the_studio() -> None:
    def counted() -> list[int]:
        counts: list[int] = []
        for ask in (analytics.get_revenue, analytics.get_seats):
            with counted_reading() as (session, statements):
                ask(session, actor=ADMIN, period=YEAR)
                counts.append(len(statements))
        return counts

    a_sale(NOW, 100)
    a_sale(NOW - timedelta(days=90), 100)
    analytics.roll_up()
    few = counted()
    for number in range(24):
        a_sale(NOW - timedelta(days=number), 200 + number)
    analytics.roll_up()
    assert counted() == few
    assert max(few) <= 12


@pytest.mark.one_database("postgres")
def test_a_day_closed_while_somebody_still_writes_into_it_is_noticed() -> None:
    """On PostgreSQL the job cannot see the open transaction: the mark that it leaves is found."""
    order = a_sale(datetime(2026, 3, 29, 9, 0, tzinfo=UTC), 100)
    written, go_on = threading.Event(), threading.Event()

    def settle_late() -> None:
        with db.transaction() as session:
            payment = Payment(
                order_id=order.id,
                provider=Provider.STRIPE,
                provider_id="pi_late",
                amount_minor=40,
                currency="EUR",
                status=PaymentStatus.COMPLETED,
                completed_at=datetime(2026, 3, 30, 21, 59, tzinfo=UTC),
            )
            session.add(payment)
            session.flush()
            ledger.post_going_back(session, order=order, payment=payment)
            written.set()
            go_on.wait(30)

    writer = threading.Thread(target=settle_late)
    writer.start()
    try:
        assert written.wait(30)
        analytics.roll_up()
        assert not analytics.is_behind()
        assert revenue().total.net.minor == 100
    finally:
        go_on.set()
        writer.join()
    assert revenue().total.net.minor == 140
    assert analytics.is_behind()
    analytics.roll_up()
    assert revenue().total.net.minor == 140
    # The control: without its mark the same late posting would be missing for good.
    with db.transaction() as session:
        late = session.exec(select(Payment).where(Payment.provider_id == "pi_late")).one()
        ledger.record_fee(session, payment=late, fee=Money(60, "EUR"))
        session.flush()
        for mark in session.exec(select(ReportChange)).all():
            session.delete(mark)
    assert revenue().earned.fees.minor == 0
    analytics.rebuild()
    assert revenue().earned.fees.minor == 60
