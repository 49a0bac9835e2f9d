"""What is written whenever an entry of a waitlist changes."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from services import audit, clock, topics
from services.audit import Actor
from services.models import Seat, WaitlistEntry, WaitlistStatus
from services.seats import line


def end(
    db: Session, *, actor: Actor, entry: WaitlistEntry, status: WaitlistStatus, reason: str = ""
) -> None:
    """Close an open entry; a seat that was held for it is the caller's to see to."""
    before = entry.status
    entry.status, entry.ended_at, entry.reason = status, clock.utc_now(), reason
    entry.offer_ends_at = None
    note(db, actor, entry, status.value, before={"status": before.value}, after={"reason": reason})


def close_taken(db: Session, *, actor: Actor, seat: Seat) -> None:
    """The mentee has a seat now, by whatever way: they wait no longer."""
    entry = line.find_entry(db, seat.mentee_id, seat.mentor_id)
    if entry is not None:
        entry.seat_id = seat.id
        end(db, actor=actor, entry=entry, status=WaitlistStatus.TAKEN)


def put_back(db: Session, *, actor: Actor, entry: WaitlistEntry) -> None:
    """Whoever was put first stands where they came."""
    before = {"priority": entry.priority, "reason": entry.reason}
    entry.priority, entry.reason = 0, ""
    note(db, actor, entry, "put_back", before=before)


def note(
    db: Session,
    actor: Actor,
    entry: WaitlistEntry,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """The audit line of a change, and the pages that show it."""
    db.flush()
    topics.publish(db, topics.seats(entry.mentor_id), topics.mentee(entry.mentee_id))
    audit.record(
        db,
        actor=actor,
        action=f"waitlist.{action}",
        thing=entry.public_id,
        before=before,
        after=after,
    )
