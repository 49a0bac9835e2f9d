"""Things in words, for the subjects of mails: an identifier tells its reader nothing.

A name stands only in words about things by which an erasure finds the mails that said it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, col, select

from services import money
from services.config import vendor_name
from services.models import (
    Dispute,
    InboxEvent,
    JobRun,
    MentoringSession,
    Order,
    OutboxMessage,
    Pack,
    Payment,
    Recording,
    Refund,
    UnmatchedMoney,
    User,
)
from services.money import Money

KINDS = {
    "ord": "an order",
    "pay": "a payment",
    "pck": "a pack",
    "ref": "a refund",
    "dsp": "a dispute",
    "ses": "a session",
    "unm": "unmatched money",
    "inb": "a webhook",
    "out": "a message",
    "rec": "a recording",
    "run": "a job",
    "dgr": "a role on Discord",
    "wai": "a place on a waitlist",
    "sea": "a seat",
}
"""What a thing is called that cannot be found any more."""
HOUSE = {
    "mail": "mails",
    "mails": "mails",
    "money": "refunds",
    "discord": "Discord",
    "commands": "commands on Discord",
    "calendar": "calendars",
    "video": "recorders of sessions",
    "files": "files that are to be erased",
    "house": "the studio's own work",
    "inbox": "webhooks",
    "budget": "what recordings cost",
}
"""What the lanes of the outbox carry, and what else is no thing with a public id."""
_LONGEST = 60


def named(db: Session, thing: str) -> str:
    """What a public id stands for, such as `Nora Novak's order`, or the name of a worker or a lane;
    the text itself when it is nothing of that."""
    if ":" in thing:
        return f"the worker {thing}"
    prefix, _, rest = thing.partition("_")
    if not rest or len(prefix) != 3:
        return HOUSE.get(thing, thing)
    make = _BY_PREFIX.get(prefix)
    words = make(db, thing) if make else ""
    return words or KINDS.get(prefix, "something in the studio")


def impersonal(db: Session, thing: str) -> str:
    """The same where no erasure looks: without names and amounts."""
    prefix, _, rest = thing.partition("_")
    if not rest or ":" in thing or prefix in _IMPERSONAL:
        return named(db, thing)
    return KINDS.get(prefix, "something in the studio")


def _row(db: Session, table: Any, thing: str) -> Any:
    return db.exec(select(table).where(table.public_id == thing)).one_or_none()


def _person(db: Session, user_id: int) -> str:
    user = db.get(User, user_id)
    return user.name[:_LONGEST] if user else "somebody"


def _order(db: Session, thing: str) -> str:
    row: Order | None = _row(db, Order, thing)
    return f"{_person(db, row.mentee_id)}'s order" if row else ""


def _payment(db: Session, thing: str) -> str:
    row: Payment | None = _row(db, Payment, thing)
    return f"a payment of {money.shown(Money(row.amount_minor, row.currency))}" if row else ""


def _pack(db: Session, thing: str) -> str:
    row: Pack | None = _row(db, Pack, thing)
    return f"{_person(db, row.mentee_id)}'s pack" if row else ""


def _refund(db: Session, thing: str) -> str:
    row: Refund | None = _row(db, Refund, thing)
    if row is None:
        return ""
    amount = money.shown(Money(row.amount_minor, row.currency))
    return f"{_about_order(db, 'refund', row.order_id)} of {amount}"


def _dispute(db: Session, thing: str) -> str:
    row: Dispute | None = _row(db, Dispute, thing)
    return _about_order(db, "dispute", row.order_id) if row else ""


def _about_order(db: Session, what: str, order_id: int) -> str:
    order = db.get(Order, order_id)
    return f"{_person(db, order.mentee_id)}'s {what}" if order else f"a {what}"


def _session(db: Session, thing: str) -> str:
    row: MentoringSession | None = _row(db, MentoringSession, thing)
    if row is None:
        return ""
    return f"{_person(db, row.mentee_id)}'s session with {_person(db, row.mentor_user_id)}"


def _recording(db: Session, thing: str) -> str:
    found = (
        select(MentoringSession)
        .join(Recording, col(Recording.session_id) == col(MentoringSession.id))
        .where(Recording.public_id == thing)
    )
    row = db.exec(found).one_or_none()
    if row is None:
        return ""
    mentee, mentor = _person(db, row.mentee_id), _person(db, row.mentor_user_id)
    return f"the recording of {mentee}'s session with {mentor}"


def _unmatched(db: Session, thing: str) -> str:
    row: UnmatchedMoney | None = _row(db, UnmatchedMoney, thing)
    if row is None:
        return ""
    amount = money.shown(Money(row.amount_minor, row.currency))
    return f"{amount} at {vendor_name(row.provider.value)}"


def _event(db: Session, thing: str) -> str:
    row: InboxEvent | None = _row(db, InboxEvent, thing)
    return f"a webhook of {vendor_name(row.provider)} ({row.type[:_LONGEST]})" if row else ""


def _message(db: Session, thing: str) -> str:
    row: OutboxMessage | None = _row(db, OutboxMessage, thing)
    if row is None:
        return ""
    template = str(row.data.get("template", "")) if row.kind == "mail" else ""
    return f"a message ({(template or row.kind).replace('_', ' ')})"


def _run(db: Session, thing: str) -> str:
    row: JobRun | None = _row(db, JobRun, thing)
    return f"the job {row.kind}" if row else ""


_IMPERSONAL = frozenset({"inb", "out", "run"})
_BY_PREFIX: dict[str, Callable[[Session, str], str]] = {
    "ord": _order,
    "pay": _payment,
    "pck": _pack,
    "ref": _refund,
    "dsp": _dispute,
    "rec": _recording,
    "ses": _session,
    "unm": _unmatched,
    "inb": _event,
    "out": _message,
    "run": _run,
}
