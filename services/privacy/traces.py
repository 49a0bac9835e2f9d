"""What is left of a person where other things are recorded: audit, webhooks, messages, job runs.

An audit line stays, with who did what to which thing and when. Of what it says besides, only what
cannot be about a person stays: numbers, instants, public ids, and the product's own words for
states. Whatever else a line may hold one day is emptied too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from inspect import isclass
from typing import Any, cast

from sqlalchemy import ColumnElement, bindparam, or_
from sqlmodel import Session, col, select, update

from services import clock, models
from services.models import (
    AuditEntry,
    DiscordLink,
    Dispute,
    EmailLink,
    InboxEvent,
    InboxStatus,
    JobRun,
    MailDelivery,
    Order,
    OutboxMessage,
    Payment,
    Recording,
    Refund,
)
from services.privacy.owned import things_of
from services.privacy.which import (
    Person,
    messages_to,
    named_in,
    orders_of,
    recordings_of,
)

AT_A_TIME = 500
"""Names in one question to the database."""

_PUBLIC_ID = re.compile(r"[a-z]{3}_[A-Za-z0-9]{22}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?")
_OWN_WORDS = frozenset(
    member.value
    for name in models.__all__
    if isclass(kind := getattr(models, name)) and issubclass(kind, StrEnum)
    for member in kind
)


def audit_about(db: Session, person: Person) -> Iterator[tuple[AuditEntry, bool]]:
    """The audit lines about the person's own things (True), and of what the person did to others'
    (False), in pieces. Bounded in memory, whatever their number."""
    things = things_of(db, person)
    for names in _pieces(sorted(things)):
        yield from ((line, True) for line in _lines(db, col(AuditEntry.thing).in_(names)))
    acted = col(AuditEntry.actor_id) == person.user_id
    for line in _lines(db, acted):
        if line.thing not in things:
            yield line, False


def _lines(db: Session, which: ColumnElement[bool]) -> Iterator[AuditEntry]:
    last = 0
    while True:
        found = (
            select(AuditEntry)
            .where(which, col(AuditEntry.id) > last)
            .order_by(col(AuditEntry.id))
            .limit(AT_A_TIME)
        )
        rows = db.exec(found).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1].id


def events_about(db: Session, person: Person) -> ColumnElement[bool]:
    """The webhooks about what the person paid, mails to them, recordings they are on and what they
    asked on Discord: by the order, the refund or the mail that they name, and by the provider's own
    ids.

    Never by an address: it may be part of somebody else's, and a payment names its payee too.
    """
    owned: tuple[tuple[Any, Any], ...] = (
        (Order.checkout_id, col(Order.mentee_id) == person.user_id),
        (Payment.provider_id, col(Payment.order_id).in_(orders_of(person))),
        (Refund.provider_id, col(Refund.order_id).in_(orders_of(person))),
        (Dispute.provider_id, col(Dispute.order_id).in_(orders_of(person))),
        (MailDelivery.vendor_id, col(MailDelivery.user_id) == person.user_id),
        (DiscordLink.discord_id, col(DiscordLink.user_id) == person.user_id),
        (Recording.sid, col(Recording.id).in_(recordings_of(person))),
    )
    named = {name for name_of, mine in owned for name in db.exec(select(name_of).where(mine))}
    orders = select(Order.public_id).where(Order.mentee_id == person.user_id)
    mails = select(MailDelivery.public_id).where(MailDelivery.user_id == person.user_id)
    refunds = select(Refund.public_id).where(col(Refund.order_id).in_(orders_of(person)))
    return or_(
        *(col(InboxEvent.object_id).in_(piece) for piece in _pieces(sorted(filter(None, named)))),
        col(InboxEvent.about).in_(orders),
        col(InboxEvent.about).in_(refunds),
        col(InboxEvent.about).in_(mails),
    )


def empty_audit(db: Session, person: Person) -> None:
    """Empty what audit lines say of the person; the lines stay, and say that they were emptied."""
    table: Any = cast(Any, AuditEntry).__table__
    changed: list[dict[str, Any]] = []
    for line, _ in audit_about(db, person):
        before, after = emptied(line.before), emptied(line.after)
        if (before, after) != (line.before, line.after):
            changed.append({"b_id": line.id, "b_before": before, "b_after": after})
    empty = (
        update(table)
        .where(table.c.id == bindparam("b_id"))
        .values(before=bindparam("b_before"), after=bindparam("b_after"), erased_at=clock.utc_now())
    )
    if changed:
        db.connection().execute(empty, changed)


def empty_records(db: Session, person: Person) -> None:
    """Empty the content of webhooks about the person, also of those that say the name in the
    subject of a mail to somebody else, and what went wrong with them and with messages to the
    person."""
    about = or_(events_about(db, person), _reports_naming(person))
    events = select(InboxEvent.event_id).where(about)
    rehearsed = select(InboxEvent.public_id).where(about)
    to_person = or_(
        messages_to(person),
        col(OutboxMessage.data)["link_id"]
        .as_integer()
        .in_(select(EmailLink.id).where(EmailLink.user_id == person.user_id)),
    )
    messages = select(OutboxMessage.unique_key).where(to_person)
    subject = col(JobRun.subject)
    db.exec(
        update(JobRun)
        .where(or_(subject.in_(events), subject.in_(rehearsed), subject.in_(messages)))
        .values(result="", error="", traceback="")
    )
    db.exec(update(OutboxMessage).where(to_person).values(error=""))
    db.exec(update(InboxEvent).where(about).values(payload="", error=""))


def _reports_naming(person: Person) -> ColumnElement[bool]:
    """What became of mails to others about what they have with the person. One that was not read
    yet may tell that an address is gone: it keeps its content."""
    mails = select(MailDelivery.vendor_id).where(
        named_in(MailDelivery.about)(person), MailDelivery.vendor_id != ""
    )
    read = col(InboxEvent.status) != InboxStatus.RECEIVED
    return read & col(InboxEvent.object_id).in_(mails)


def emptied(value: Any) -> Any:
    """The value with everything taken out that may be about a person."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value if _says_nothing(value) else ""
        case Mapping():
            pairs = cast("Mapping[str, Any]", value).items()
            return {name: emptied(inner) for name, inner in pairs}
        case list() | tuple():
            return [emptied(inner) for inner in cast("Iterable[Any]", value)]
        case _:
            return ""


def _says_nothing(text: str) -> bool:
    if text in _OWN_WORDS or _PUBLIC_ID.fullmatch(text) or _CURRENCY.fullmatch(text):
        return True
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _pieces(names: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(names), AT_A_TIME):
        yield names[begin : begin + AT_A_TIME]
