"""What each stored row tells on the time line of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services import redaction
from services.config import vendor_name
from services.models import (
    AuditEntry,
    CreditEntry,
    InboxEvent,
    Order,
    OutboxMessage,
    OutboxStatus,
    Posting,
    Provider,
)
from services.money import Money
from services.reminders.reading import ReminderView

MOST_DETAILS = 600
"""Letters of one happening's details."""


class Kind(StrEnum):
    """What a happening belongs to."""

    ORDER = "order"
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    SEAT = "seat"
    PACK = "pack"
    SESSION = "session"
    WEBHOOK = "webhook"
    LEDGER = "ledger"
    MESSAGE = "message"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the time line.

    `thing` is the public id of what it is about, `who` did it ("" where nobody in particular did).
    `details` hold no secret and no address. `state` is how a webhook or a message stands now, and
    `ended_at` when it was handled or sent.
    """

    at: datetime
    kind: Kind
    what: str
    thing: str
    who: str = ""
    details: str = ""
    amount: Money | None = None
    state: str = ""
    ended_at: datetime | None = None


_KINDS = {
    "ord": Kind.ORDER,
    "pay": Kind.PAYMENT,
    "unm": Kind.PAYMENT,
    "ref": Kind.REFUND,
    "dsp": Kind.DISPUTE,
    "dsc": Kind.ORDER,
    "sea": Kind.SEAT,
    "pck": Kind.PACK,
    "ses": Kind.SESSION,
    "inb": Kind.WEBHOOK,
    "out": Kind.MESSAGE,
    "inv": Kind.DOCUMENT,
}
_CALLS = {"refund": "Provider: refund", "calendar_write": "Calendar: session"}
"""What the outbox sends that is no mail."""
_PARTS_OF_THE_SYSTEM = {"system": "the studio itself", "visitor": "a visitor"}
_PROVIDERS = frozenset(provider.value for provider in Provider)


def of_audit(line: AuditEntry, name: str | None, order: Order) -> Happening:
    """What somebody did to the order or to something of it; `name` is the person's."""
    return Happening(
        at=line.at,
        kind=_KINDS.get(line.thing.partition("_")[0], Kind.ORDER),
        what=_sentence(line.action),
        thing=line.thing,
        who=name or _part_of_the_system(line.actor),
        details=_changes(line.before, line.after, order),
        amount=_amount(line.after, order),
    )


def of_credit(entry: CreditEntry, name: str | None, thing: str) -> Happening:
    """Why the pack's balance changed; `thing` is the session, the refund or the pack."""
    credits = "credit" if abs(entry.amount) == 1 else "credits"
    return Happening(
        at=entry.created_at,
        kind=Kind.PACK,
        what=f"Credits: {entry.kind.value}",
        thing=thing,
        who=name or "",
        details=f"{entry.amount:+d} {credits}",
    )


def of_posting(line: Posting, thing: str) -> Happening:
    """A line of the ledger; `thing` is what it was posted for."""
    return Happening(
        at=line.at,
        kind=Kind.LEDGER,
        what=f"Ledger: {line.kind.value}",
        thing=thing,
        details=f"debit {line.debit.value}, credit {line.credit.value} ({line.key})",
        amount=Money(line.amount_minor, line.currency),
    )


def of_event(event: InboxEvent) -> Happening:
    """A provider's webhook, without its payload: that may hold people's data."""
    tries = f", attempt {event.attempts}" if event.attempts > 1 else ""
    return Happening(
        at=event.received_at,
        kind=Kind.WEBHOOK,
        what=f"Webhook: {event.type}",
        thing=event.public_id,
        who=vendor_name(event.provider),
        details=_cut(f"{event.event_id}{tries}", event.error),
        state=event.status.value,
        ended_at=event.handled_at,
    )


def of_message(message: OutboxMessage) -> Happening:
    """A mail or another message, without its content."""
    template = str(message.data.get("alert") or message.data.get("template") or "")
    kind = _CALLS.get(message.kind, _sentence(message.kind))
    name = template.replace("_", " ")
    what = f"{kind}: {name}" if name else kind
    tries = f"{message.attempts} attempts" if message.attempts > 1 else ""
    return Happening(
        at=message.created_at,
        kind=Kind.MESSAGE,
        what=what,
        thing=message.about,
        details=_cut(tries, "" if message.status is OutboxStatus.SENT else message.error),
        state=message.status.value,
        ended_at=message.sent_at,
    )


def of_reminder(reminder: ReminderView) -> Happening:
    """What somebody was reminded of, or why not."""
    return Happening(
        at=reminder.at,
        kind=Kind.MESSAGE,
        what=f"Reminder: {reminder.kind.replace('_', ' ')}",
        thing=reminder.about,
        who=reminder.reader,
        details=reminder.reason,
        state="sent" if reminder.told else "suppressed",
    )


def _sentence(action: str) -> str:
    """An action as people read it: `order.paid` is "Order paid"."""
    return action.replace(".", " ").replace("_", " ").capitalize()


def _part_of_the_system(actor: str) -> str:
    return vendor_name(actor) if actor in _PROVIDERS else _PARTS_OF_THE_SYSTEM.get(actor, actor)


def _amount(after: Mapping[str, Any], order: Order) -> Money | None:
    """The amount that a line names, for the column of amounts."""
    minor, own = after.get("minor"), after.get("currency")
    if not isinstance(minor, int):
        return None
    return Money(minor, own if isinstance(own, str) and own else order.currency)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], order: Order) -> str:
    """What changed, name by name: "status pending → paid". The ids of rows are nobody's business,
    and an amount and the order itself are told elsewhere."""
    old, new = redaction.fields(before), redaction.fields(after)
    names = [*old, *(name for name in new if name not in old)]
    hidden = {"minor", "currency"} if "minor" in after else set[str]()
    told = [
        _change(name, old.get(name), new.get(name))
        for name in names
        if name not in hidden and not name.endswith("_id") and new.get(name) != order.public_id
    ]
    return _cut("; ".join(filter(None, told)))


def _change(name: str, old: Any, new: Any) -> str:
    """One name with its values; "" where there never was one."""
    label, was = name.replace("_", " "), old not in (None, "")
    old, new = _said(old), _said(new)
    if old == new:
        return f"{label} {new}" if was else ""
    if new in (None, ""):
        return f"{label} {old} → nothing" if was else ""
    return f"{label} {old} → {new}" if was else f"{label} {new}"


def _said(value: Any) -> Any:
    """An instant as people read one; anything else as it is."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return value
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at and at.tzinfo else value


def _cut(*parts: str) -> str:
    """The parts that say something, without what looks like a secret or an address."""
    said = redaction.text("; ".join(part for part in parts if part))
    return said if len(said) <= MOST_DETAILS else f"{said[:MOST_DETAILS]}…"
