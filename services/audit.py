"""Who does something, and the audit line that every change writes in its own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from services.ids import MentorId, UserId
from services.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person, or a part of the system (then `user_id` is None)."""

    kind: str
    user_id: UserId | None = None
    mentor_id: MentorId | None = None
    is_admin: bool = False
    verified: bool = False


SYSTEM = Actor("system")
"""The studio itself: sweeps, automatic refunds, seeding."""


def by_provider(provider: str) -> Actor:
    """A payment provider, through its webhook or an answer of its API."""
    return Actor(provider)


def record(
    db: Session,
    *,
    actor: Actor,
    action: str,
    thing: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Append one line: `action` is dotted and past tense (`order.paid`), `thing` a public id.

    `before` and `after` hold what changed; never secrets, passwords or mail addresses.
    """
    db.add(
        AuditEntry(
            actor=actor.kind,
            actor_id=actor.user_id,
            action=action,
            thing=thing,
            before=before or {},
            after=after or {},
        )
    )
