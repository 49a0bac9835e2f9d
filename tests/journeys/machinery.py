"""Jobs that ran, so that the pages about them show something: written directly, since what the
worker of a studio does by itself is different each time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services import clock, db
from services.ids import new_public_id
from services.jobs.events import REHEARSAL
from services.models import (
    InboxEvent,
    InboxStatus,
    JobChange,
    JobRun,
    JobStatus,
    OutboxMessage,
    OutboxStatus,
    RowChange,
)


def addresses() -> dict[str, str]:
    """A run that failed, a message that was canceled, and a webhook that was tried once more: the
    addresses of their pages, by route. Nothing of it wakes anybody."""
    event, message = _event(), _message()
    run = _run(
        kind="outbox:mail",
        subject=message.unique_key,
        status=JobStatus.FAILED,
        error="ProviderUnavailable: the service did not answer",
        traceback='Traceback (most recent call last):\n  File "x.py", line 1\nE: no answer',
    )
    tried = _run(kind=REHEARSAL, subject=event.public_id, result="It would be handled.")
    with db.transaction() as session:
        session.add_all([event, message, run, tried])
        session.flush()
        for one in (run, tried):
            session.add(
                JobChange(
                    run_id=one.id,
                    table_name="order",
                    thing=new_public_id("ord"),
                    change=RowChange.CHANGED,
                )
            )
    return {
        "/admin/jobs/runs/[run]": f"/admin/jobs/runs/{run.public_id}",
        "/admin/jobs/outbox/[message]": f"/admin/jobs/outbox/{message.public_id}",
        "/admin/inbox/[event]": f"/admin/inbox/{event.public_id}",
    }


def _event() -> InboxEvent:
    return InboxEvent(
        provider="stripe",
        event_id=f"evt_tried_{new_public_id('x')}",
        type="checkout.session.completed",
        payload='{"id": "evt_tried", "data": {"object": {"amount_total": 24000}}}',
        status=InboxStatus.HANDLED,
        attempts=1,
        handled_at=clock.utc_now(),
    )


def _message() -> OutboxMessage:
    return OutboxMessage(
        kind="mail",
        unique_key=f"mail:journey:{new_public_id('x')}",
        data={"template": "purchase"},
        status=OutboxStatus.CANCELED,
        attempts=3,
        error="ProviderUnavailable: the service did not answer",
    )


def _run(**fields: Any) -> JobRun:
    began = clock.utc_now() - timedelta(hours=1)
    ended = began + timedelta(seconds=2)
    fields.setdefault("status", JobStatus.SUCCEEDED)
    return JobRun(started_at=began, ended_at=ended, **fields)
