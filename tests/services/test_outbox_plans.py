"""How both databases find what is due in inbox and outbox: by an index, however much is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from benchmarks.dashboards import recorded, settle
from services import clock, db, inbox, outbox
from services.ids import new_public_id
from services.jobs import alerts, workers
from services.models import InboxEvent, InboxStatus, OutboxMessage, OutboxStatus
from tests.support.studio import BEGINNING

MANY = 3_000
MAIL = outbox.LANES["mail"]
QUESTIONS: dict[str, Callable[[Session], object]] = {
    "oldest": lambda session: outbox.oldest_due(session, MAIL),
    "stuck": lambda session: alerts.list_stuck(session, since=BEGINNING - timedelta(days=1)),
    "silent": workers.any_silent,
}


@pytest.fixture
def kind(database: str) -> str:
    """A database with thousands of messages and events, a few of them due."""
    with db.transaction() as session:
        rows = [_message(number) for number in range(MANY)]
        session.connection().execute(insert(OutboxMessage), rows)
        session.connection().execute(insert(InboxEvent), [_event(n) for n in range(MANY)])
    kind = "sqlite" if database.startswith("sqlite") else "postgres"
    settle(kind)
    return kind


def _message(number: int) -> dict[str, Any]:
    due = number % 100 == 0
    return {
        "public_id": new_public_id("out"),
        "kind": "mail",
        "unique_key": f"mail:{number}",
        "about": f"ord_{number // 2:022}",
        "data": {},
        "status": OutboxStatus.DUE if due else OutboxStatus.SENT,
        "attempts": 0,
        "error": "",
        "created_at": BEGINNING,
        "due_at": BEGINNING + timedelta(seconds=number),
    }


def _event(number: int) -> dict[str, Any]:
    due = number % 100 == 0
    return {
        "public_id": new_public_id("inb"),
        "provider": "stripe",
        "event_id": f"evt_{number}",
        "type": "t",
        "object_id": "",
        "about": "",
        "payload": "{}",
        "status": InboxStatus.RECEIVED if due else InboxStatus.HANDLED,
        "attempts": 0,
        "error": "",
        "received_at": BEGINNING,
        "due_at": BEGINNING + timedelta(seconds=number),
    }


def plans(session: Session, said: list[tuple[str, Any]]) -> str:
    """The steps by which the database answers these statements."""
    driver: Any = session.connection().connection.driver_connection
    sqlite = session.get_bind().dialect.name == "sqlite"
    steps: list[str] = []
    for statement, values in said:
        if "outbox_message" not in statement and "inbox_event" not in statement:
            continue
        cursor = driver.cursor()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}", values)
        steps += [str(row[3] if sqlite else row[0]) for row in cursor.fetchall()]
    return "\n".join(steps)


def assert_by_index(plan: str) -> None:
    for whole in ("SCAN outbox_message", "SCAN inbox_event", "Seq Scan on"):
        assert whole not in plan, plan


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_an_index(kind: str, name: str) -> None:
    with clock.at(BEGINNING + timedelta(hours=2)), db.reading() as session:
        with recorded() as said:
            QUESTIONS[name](session)
        if kind == "postgres":
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        assert_by_index(plans(session, said))


@pytest.mark.parametrize("take", [lambda: outbox.take(lane=MAIL), inbox.take])
def test_what_is_due_is_taken_by_an_index(kind: str, take: Callable[[], object]) -> None:
    with clock.at(BEGINNING + timedelta(hours=2)):
        with recorded() as said:
            assert take()
        with db.transaction() as session:
            if kind == "postgres":
                session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            assert_by_index(plans(session, said))
