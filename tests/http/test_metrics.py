"""/metrics: who may read it, and what it tells, whatever is away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import metrics as route
from mentorships.http.edge import Edge
from services import checkout, clock, db, outbox, sessions
from services.config import settings
from services.models import (
    OPEN_SESSIONS,
    InboxEvent,
    InboxStatus,
    OutboxMessage,
    OutboxStatus,
    SeatStatus,
)
from tests.services.chores import chores
from tests.services.meetings import together
from tests.services.rows import a_mentor, a_seat, a_session, a_user, acting, an_offer, saved
from tests.support.ports import free_ports
from tests.support.servers import environment_of
from tests.support.studio import Studio

TOKEN = "a-token-for-the-scraper"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def client(peer: str = "127.0.0.1") -> TestClient:
    edge = Edge(Starlette(routes=route.routes), settings(), Path())
    return TestClient(edge, client=(peer, 1))


def scraped() -> Samples:
    """All samples, by name and labels, as Prometheus' own parser reads them."""
    answer = client().get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a family came twice"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """One sample; 0 when it was never counted."""
    return samples.get((f"mentorships_{name}", tuple(sorted(labels.items()))), 0)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer ünïcödé".encode()}, 401),
        ({}, 401),
    ],
)
def test_a_token_is_wanted_when_one_is_set_whoever_asks(
    database: str, given: dict[str, str], status: int
) -> None:
    with environment_of({"METRICS_TOKEN": TOKEN}):
        assert client().get("/metrics", headers=given).status_code == status
        assert client("198.51.100.7").get("/metrics", headers=given).status_code == status


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("198.51.100.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=198.51.100.7"}, 404),
        ("", {}, 404),
    ],
)
def test_without_a_token_only_this_machine_itself_may_read(
    database: str, peer: str, headers: dict[str, str], status: int
) -> None:
    assert client(peer).get("/metrics", headers=headers).status_code == status


def test_without_a_token_nobody_reads_in_production(database: str) -> None:
    production = {
        "APP_ENV": "production",
        "PUBLIC_URL": "https://studio.example.com",
        "STRIPE_SECRET_KEY": "sk_live_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "RESEND_API_KEY": "re_1",
        "MAIL_FROM": "Studio <studio@example.com>",
    }
    with environment_of(production):
        assert client().get("/metrics").status_code == 404


def test_a_purchase_shows_in_the_figures_of_vendor_jobs_and_orders(studio: Studio) -> None:
    before = scraped()
    offer = an_offer(a_mentor())
    order = checkout.start(actor=acting(a_user()), offer=offer.public_id).order
    studio.pay(order)
    studio.deliver()
    studio.send()
    after = scraped()

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    called = {"provider": "stripe", "outcome": "ok"}
    assert more("vendor_calls_total", operation="create_checkout", **called) == 1
    assert more("vendor_calls_total", operation="get_checkout", **called) >= 1
    mailed = {"provider": "resend", "operation": "send_mail", "outcome": "ok"}
    assert more("vendor_calls_total", **mailed) == 2  # the buyer and the mentor
    job = "inbox:checkout.session.completed"
    assert more("jobs_total", kind=job, outcome="succeeded") == 1
    assert more("job_seconds_count", kind=job) == 1
    assert value(after, "orders", status="paid") == 1
    assert value(after, "orders", status="pending") == 0
    assert value(after, "seats", status="active") == 1
    assert value(after, "database_up") == value(after, "queue_up") == 1


def test_an_unreachable_vendor_and_a_failed_job_are_counted_as_such(studio: Studio) -> None:
    before = scraped()
    offer = an_offer(a_mentor())
    order = checkout.start(actor=acting(a_user()), offer=offer.public_id).order
    studio.pay(order)
    with studio.stripe_unreachable():
        studio.deliver()
    after = scraped()
    asked = {"provider": "stripe", "operation": "get_checkout", "outcome": "unreachable"}
    tries = value(after, "vendor_calls_total", **asked) - value(
        before, "vendor_calls_total", **asked
    )
    assert tries == 3, "each try of the SDK is a request"
    failed = {"kind": "inbox:checkout.session.completed", "outcome": "failed"}
    assert value(after, "jobs_total", **failed) - value(before, "jobs_total", **failed) == 1


def test_what_waits_and_what_was_given_up_is_told_with_its_age(database: str) -> None:
    now = clock.utc_now()
    for number, (status, minutes) in enumerate(
        [(InboxStatus.RECEIVED, 5), (InboxStatus.RECEIVED, 1), (InboxStatus.FAILED, 60)]
    ):
        due = now - timedelta(minutes=minutes)
        saved(
            InboxEvent(
                provider="stripe",
                event_id=f"evt_{number}",
                type="x",
                payload="{}",
                status=status,
                due_at=due,
                received_at=due,
            )
        )
    with db.transaction() as session:
        outbox.add(session, kind="mail", key="later", data={})
        outbox.add(session, kind="mail", key="dead", data={})
        session.flush()
    with db.transaction() as session:
        for row in session.exec(select(OutboxMessage)):
            if row.unique_key == "later":
                row.due_at = now + timedelta(hours=1)
            else:
                row.status = OutboxStatus.DEAD
    a_seat(a_user(), a_mentor(), SeatStatus.HELD)
    samples = scraped()
    assert value(samples, "inbox_due") == 2
    assert 300 <= value(samples, "inbox_oldest_due_age_seconds") < 400
    assert value(samples, "inbox_given_up") == 1
    assert value(samples, "outbox_due") == 0
    assert value(samples, "outbox_oldest_due_age_seconds") == 0
    assert value(samples, "outbox_given_up") == 1
    assert value(samples, "seats", status="held") == 1
    assert value(samples, "sessions", status="unresolved") == 0
    assert value(samples, "objections_open") == 0


def test_sessions_without_an_outcome_and_open_objections_are_told(database: str) -> None:
    pair = together()
    over = a_session(pair.pack, clock.utc_now() - timedelta(hours=2))
    a_session(pair.pack, clock.utc_now() + timedelta(hours=2))
    sessions.object_to(actor=pair.actor, session=over.public_id, text="Nobody came")
    samples = scraped()
    by_status = {status: value(samples, "sessions", status=status) for status in OPEN_SESSIONS}
    assert by_status == {"scheduled": 1, "in progress": 0, "unresolved": 1}
    assert value(samples, "objections_open") == 1


def test_refunds_disputes_and_money_that_wait_for_an_admin_are_told(database: str) -> None:
    chores()
    samples = scraped()
    names = ("refunds_waiting", "refunds_failed", "disputes_open", "unmatched_money")
    assert [value(samples, name) for name in names] == [1, 2, 3, 1]


def test_a_scrape_while_the_database_is_away_tells_so_and_the_rest() -> None:
    (port,) = free_ports(1)
    address = f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"
    with environment_of({"DATABASE_URL": address}):
        db.configure(address)
        try:
            samples = scraped()
        finally:
            db.dispose()
    assert value(samples, "database_up") == 0
    assert ("mentorships_database_up", ()) in samples
    assert value(samples, "queue_up") == 1
    assert not any("orders" in name for name, _ in samples)
    assert any(name == "mentorships_build" for name, _ in samples)
