"""How both databases find what is due: by the index that holds just that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import Session

from benchmarks.big_studio import NOW
from benchmarks.dashboards import recorded, settle
from benchmarks.due_scan import PAGE, QUESTIONS, fill
from services import clock, db

MENTORS = 60
INDEX = {
    "session_soon": "ix_mentoring_session_status_starts_at",
    "session_ahead": "ix_mentoring_session_unreminded",
    "pack_quiet": "ix_pack_quiet_until",
    "pack_expiring": "ix_pack_unreminded",
    "onboarding": "ix_onboarding_remind_at",
    "offer_ending": "ix_waitlist_entry_status_offer_ends_at",
    "offer_over": "ix_waitlist_entry_status_offer_ends_at",
    "pack_over": "ix_pack_status_expires_at",
    "grace_unwarned": "ix_seat_status_grace_ends_at",
    "grace_unnoted": "ix_seat_status_grace_ends_at",
    "grace_over": "ix_seat_status_grace_ends_at",
}
"""Where each question begins to look."""


def _plan(session: Session, name: str) -> str:
    """The steps by which the database answers a question."""
    with recorded() as said:
        QUESTIONS[name](session, limit=PAGE)
    [(statement, values)] = said
    driver: Any = session.connection().connection.driver_connection
    sqlite = session.get_bind().dialect.name == "sqlite"
    cursor = driver.cursor()
    cursor.execute(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}", values)
    return "\n".join(str(row[3] if sqlite else row[0]) for row in cursor.fetchall())


def test_every_question_is_explained_here() -> None:
    assert set(INDEX) == set(QUESTIONS)


def test_every_question_begins_at_the_index_that_holds_what_is_due(database: str) -> None:
    kind = "sqlite" if database.startswith("sqlite") else "postgres"
    with clock.at(NOW):
        fill(MENTORS)
        settle(kind)
        with db.reading() as session:
            if kind == "postgres":  # so small a studio is read faster without any index
                session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            plans = {name: _plan(session, name) for name in QUESTIONS}
    for name, plan in plans.items():
        assert INDEX[name] in plan, f"{name}:\n{plan}"
        assert not re.search(r"SCAN (pack|seat|mentoring_session|reminder|onboarding)\b", plan), (
            plan
        )


@pytest.mark.usefixtures("database")
def test_every_question_is_one_statement() -> None:
    with db.reading() as session:
        for find in QUESTIONS.values():
            with recorded() as said:
                assert find(session, limit=PAGE) == []
            assert len(said) == 1
