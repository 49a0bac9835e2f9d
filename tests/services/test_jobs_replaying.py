"""Handling many webhooks again: as many as an admin was shown, or none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from services import clock, db
from services.errors import Conflict, NotAllowed
from services.jobs import replaying
from services.models import AuditEntry, InboxEvent, InboxStatus
from tests.services.rows import a_user, acting, an_admin, saved

pytestmark = pytest.mark.usefixtures("database")


def an_event(number: int, status: InboxStatus) -> InboxEvent:
    """A webhook of this state, tried five times, not due for an hour."""
    return saved(
        InboxEvent(
            provider="stripe",
            event_id=f"evt_{number}",
            type="charge.refunded",
            payload="{}",
            status=status,
            attempts=5,
            due_at=clock.utc_now() + timedelta(hours=1),
        )
    )


def states() -> list[tuple[str, InboxStatus, int]]:
    """What became of each, in order."""
    with db.reading() as session:
        events = session.exec(select(InboxEvent).order_by(col(InboxEvent.id))).all()
    return [(event.event_id, event.status, event.attempts) for event in events]


def test_all_that_were_given_up_are_due_at_once_and_no_other() -> None:
    admin = acting(an_admin())
    failed, handled = InboxStatus.FAILED, InboxStatus.HANDLED
    for number, status in enumerate((failed, handled, failed, failed)):
        an_event(number, status)
    with db.reading() as session:
        assert replaying.count_failed(session, actor=admin) == 3

    assert replaying.retry_failed(actor=admin, expected=3) == 3
    assert states() == [
        ("evt_0", InboxStatus.RECEIVED, 0),
        ("evt_1", InboxStatus.HANDLED, 5),
        ("evt_2", InboxStatus.RECEIVED, 0),
        ("evt_3", InboxStatus.RECEIVED, 0),
    ]
    with db.reading() as session:
        actions = session.exec(select(AuditEntry.action)).all()
        due = session.exec(select(InboxEvent.due_at).where(InboxEvent.event_id == "evt_0")).one()
    assert list(actions) == ["inbox.retried"] * 3
    assert due <= clock.utc_now()
    assert replaying.retry_failed(actor=admin, expected=0) == 0


def test_another_number_than_was_shown_changes_nothing() -> None:
    admin = acting(an_admin())
    an_event(1, InboxStatus.FAILED)
    for expected in (0, 2):
        with pytest.raises(Conflict, match="There are 1 such webhooks by now"):
            replaying.retry_failed(actor=admin, expected=expected)
    assert states() == [("evt_1", InboxStatus.FAILED, 5)]


def test_only_admins_have_webhooks_handled_again() -> None:
    mia = acting(a_user())
    an_event(1, InboxStatus.FAILED)
    with pytest.raises(NotAllowed):
        replaying.retry_failed(actor=mia, expected=1)
    with db.reading() as session, pytest.raises(NotAllowed):
        replaying.count_failed(session, actor=mia)
