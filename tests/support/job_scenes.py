"""The jobs of the demo studio that `make screenshots` takes pictures of."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from services import db
from services.models import (
    InboxEvent,
    InboxStatus,
    JobRun,
    JobStatus,
    OutboxMessage,
    OutboxStatus,
)


def addresses() -> dict[str, str]:
    """Samples for the routes of the job pages that hold an id: what went wrong last."""
    dead = _newest(OutboxMessage, OutboxStatus.DEAD)
    return {
        "/admin/jobs/runs/[run]": f"/admin/jobs/runs/{_newest(JobRun, JobStatus.FAILED)}",
        "/admin/jobs/outbox/[message]": f"/admin/jobs/outbox/{dead}",
        "/admin/inbox/[event]": f"/admin/inbox/{_newest(InboxEvent, InboxStatus.FAILED)}",
    }


def _newest(table: Any, status: Any) -> str:
    """The public id of the newest row of this status; of any, where there is none."""
    wanted = col(table.status) == status
    with db.reading() as session:
        found = select(table.public_id).order_by(wanted.desc(), col(table.id).desc())
        return str(session.exec(found).first())
