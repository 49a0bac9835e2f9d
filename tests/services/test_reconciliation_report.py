"""The report of the day: everything matches, or what does not, once a day for each admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from services import clock, db, reconciliation, unmatched
from services.errors import ProviderUnavailable
from services.ids import PaymentId
from services.models import OutboxMessage, Payment, Provider, UnmatchedKind, User, UserStatus
from services.money import Money
from tests.chaos.crowd import refusals, together
from tests.services.rows import an_admin
from tests.services.tills import StripeTill
from tests.support.studio import Studio, stored

ADA = "ada.admin@example.com"


def reports() -> list[OutboxMessage]:
    return [one for one in stored(OutboxMessage) if one.data.get("template") == "daily_report"]


def told() -> list[str]:
    """The sentences of the newest report."""
    lines = cast(list[dict[str, Any]], reports()[-1].data["lines"])
    return [line["what"] for line in lines]


def links() -> list[str]:
    """Where its lines lead."""
    lines = cast(list[dict[str, Any]], reports()[-1].data["lines"])
    return [line["link"] for line in lines]


@contextmanager
def another_currency(payment: PaymentId) -> Iterator[None]:
    """Somebody has written into the database by hand."""
    with db.transaction() as session:
        session.get_one(Payment, payment).currency = "CHF"
    yield
    with db.transaction() as session:
        session.get_one(Payment, payment).currency = "EUR"


def test_it_says_that_everything_matches(studio: Studio) -> None:
    an_admin()
    StripeTill(studio).bought()
    reconciliation.reconcile(reconciliation.LONG)
    assert reconciliation.report_of_the_day()
    studio.send()
    assert "The money of 2026-03-02 adds up" in studio.mails(ADA)


def test_it_says_what_does_not_match_and_where_to_see_to_it(studio: Studio) -> None:
    an_admin()
    order = StripeTill(studio).bought()
    with db.transaction() as session:
        unmatched.add(
            session,
            provider=Provider.PAYPAL,
            kind=UnmatchedKind.REFUND,
            provider_id="7ST1RANGER",
            payment_provider_id="7NOBODY",
            amount=Money(1_234, "EUR"),
            seen_at=clock.utc_now(),
        )
    [payment] = stored(Payment)
    with another_currency(payment.id):
        reconciliation.reconcile(reconciliation.LONG)
        assert reconciliation.report_of_the_day()
    differs, waits, *findings = told()
    assert differs.startswith(
        f"Stripe, payment {payment.provider_id}: Stripe says €120.00, here it is CHF120.00."
    )
    assert waits == "Unmatched money: 1 entry waits for you."
    assert findings
    assert all(order in finding for finding in findings)
    order_page = f"/admin/orders/{order}"
    pages = [order_page, "/admin/unmatched", *(order_page for _ in findings)]
    assert all(link.endswith(page) for link, page in zip(links(), pages, strict=True))
    studio.send()
    assert "Please look: the money of 2026-03-02 does not add up" in studio.mails(ADA)


def test_money_that_does_not_fit_its_order_is_told_until_it_has_gone_back(studio: Studio) -> None:
    an_admin()
    till = StripeTill(studio)
    order = till.starts()
    studio.pay("", checkout=studio.another_page(order, Money(5_000, "EUR")))
    while studio.deliver():
        pass
    reconciliation.reconcile(reconciliation.LONG)
    assert reconciliation.report_of_the_day()
    [line] = told()
    assert line.startswith(f"€50.00 came for order {order} and does not fit it.")


def test_a_provider_that_could_not_be_compared_is_no_match(studio: Studio) -> None:
    an_admin()
    assert reconciliation.report_of_the_day()
    assert told() == [
        "Stripe was not compared over 90 days since last night.",
        "PayPal was not compared over 90 days since last night.",
    ]
    studio.wait(days=1)
    with studio.paypal_unreachable(), pytest.raises(ProviderUnavailable):
        reconciliation.reconcile(reconciliation.LONG)
    assert reconciliation.report_of_the_day()
    assert told() == [
        "PayPal did not answer: its payments were not compared to the end. "
        "PayPal did not answer: its refunds were not compared to the end. "
        "PayPal did not answer: its disputes were not compared to the end."
    ]


def test_two_schedulers_at_the_same_moment_send_one_report_to_each_admin(studio: Studio) -> None:
    an_admin()
    an_admin("Bea Boss")
    reconciliation.reconcile(reconciliation.LONG)
    asks = [partial(copy_context().run, reconciliation.report_of_the_day) for _ in range(4)]
    at_once = together(asks)
    assert refusals(at_once) == []
    assert len(reports()) == 2
    assert not reconciliation.report_is_due()
    assert not reconciliation.report_of_the_day()


def test_it_is_due_each_morning_of_the_studio(studio: Studio) -> None:
    """The studio is in Berlin: six o'clock is five o'clock UTC in winter."""
    an_admin()
    assert reconciliation.report_of_the_day()
    studio.wait_until(clock.utc_now().replace(hour=4, minute=59) + timedelta(days=1))
    assert not reconciliation.report_is_due()
    studio.wait(minutes=1)
    assert reconciliation.report_is_due()
    assert reconciliation.report_of_the_day()
    assert [report.data["day"] for report in reports()] == ["2026-03-02", "2026-03-03"]


def test_who_became_an_admin_after_it_was_sent_hears_tomorrow(studio: Studio) -> None:
    assert not reconciliation.report_is_due()
    ada = an_admin()
    assert reconciliation.report_of_the_day()
    an_admin("Bea Boss")
    assert not reconciliation.report_is_due()
    with db.transaction() as session:
        session.get_one(User, ada.id).status = UserStatus.SUSPENDED
    studio.wait(days=1)
    assert reconciliation.report_of_the_day()
    assert [report.data["user_id"] for report in reports()][1:] != [ada.id]
    assert len(reports()) == 2
