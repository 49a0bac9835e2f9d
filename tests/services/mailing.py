"""Mails in a test: one that leaves, what became of it, and what the mail service reports."""

from __future__ import annotations

from typing import Any, cast

from services import clock, db, inbox, mail
from services.inbox import Outcome
from services.models import InboxEvent, MailDelivery, User
from services.providers.mail.registry import hooks
from tests.support.studio import Studio, stored

KEY = "mail:check:1"


def send(user: User, *, key: str = KEY, template: str = "address_check", **data: Any) -> None:
    """One mail of the outbox leaves."""
    mail.send(key=key, data={"template": template, "user_id": user.id, **data})


def delivery(key: str = KEY) -> MailDelivery:
    """What became of it."""
    return next(row for row in stored(MailDelivery) if row.unique_key == key)


def fate(studio: Studio, address: str, what: str) -> None:
    """What becomes of mails to an address."""
    studio.sandbox.control("mail/fate", {"address": address, "fate": what})


def sent(studio: Studio) -> list[dict[str, Any]]:
    """The mails at the mail service, oldest first."""
    return list(reversed(cast(list[dict[str, Any]], studio.sandbox.control("mail"))))


def waiting(studio: Studio) -> list[dict[str, Any]]:
    """The reports that the mail service wants to deliver, signed now, oldest first."""
    query = f"state=pending&signed_at={int(clock.utc_now().timestamp())}"
    path = f"resend/deliveries?{query}"
    return cast(list[dict[str, Any]], studio.sandbox.control(path))


def take_in(report: dict[str, Any]) -> bool:
    """Verify and store a report as the route does; False when it was here before."""
    reader = hooks()
    assert reader is not None
    headers = {name.lower(): value for name, value in report["headers"].items()}
    event = reader.read_event(report["body"].encode(), headers, clock.utc_now())
    return inbox.receive(
        provider="resend",
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        payload=report["body"],
    )


def told(studio: Studio, *, backwards: bool = False) -> list[tuple[str, Outcome]]:
    """Everything that waits is delivered and handled: the types, and what was made of each."""
    reports = waiting(studio)
    for report in reversed(reports) if backwards else reports:
        take_in(report)
        studio.sandbox.control(f"resend/deliveries/{report['id']}/done", {})
    found: list[tuple[str, Outcome]] = []
    for taken in inbox.take():
        outcome = mail.apply_event(taken)
        inbox.settled(taken, outcome)
        found.append((taken.type, outcome))
    return found


def event(payload: str) -> Outcome:
    """An event with this content is handled."""
    with db.transaction() as session:
        row = InboxEvent(
            provider="resend",
            event_id=f"msg_{clock.utc_now().timestamp()}",
            type="email.bounced",
            payload=payload,
        )
        session.add(row)
    [taken] = inbox.take()
    return mail.apply_event(taken)
