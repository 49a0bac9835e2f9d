"""Turning an outbox message into a letter: facts from the database, words from the templates.

`FACTS` says which facts a template gets; among them may be files that go along. Times are in the
recipient's zone, which is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, select

from services import (
    admin_places,
    db,
    email_links,
    invoices,
    money,
    naming,
    notifications,
    telling,
    urls,
)
from services.config import settings
from services.ids import UserId
from services.mail import (
    accounts,
    calendars,
    disputes,
    letters,
    meetings,
    mentoring,
    reconciliation,
    recordings,
    refunds,
    reminders,
    subscriptions,
    suppressions,
    waitlist,
)
from services.mail import invoices as invoice_mails
from services.mail.shared import FILES, Skipped, reader_of
from services.models import Mentor, Order, Pack, User, UserStatus
from services.money import Money
from services.providers.mail.base import Attachment
from services.telling import Category
from services.times import in_zone

TO_SUSPENDED = frozenset({Category.ORDERS, Category.ACCOUNT})
"""What a suspended person is still written about: their money and their account."""
TO_SUSPENDED_TOO = frozenset({"session_canceled"})


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail to one person, with the files that go along.

    `preview` is what mail programs show beside the subject; `headers` are what else the mail
    carries.
    """

    user_id: UserId
    to: str
    subject: str
    preview: str
    text: str
    html: str
    language: str
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def compose(data: dict[str, Any]) -> Letter:
    """Render the mail that an outbox message asks for.

    Raises:
        Skipped: it should not be sent any more.
    """
    with db.reading() as session:
        return composed(session, data)


def composed(db: Session, data: dict[str, Any]) -> Letter:
    """The same, as part of a transaction.

    Raises:
        Skipped: it should not be sent any more.
    """
    name = data["template"]
    user = _recipient(db, data)
    leaving = subscriptions.leaving(user, name)
    facts: dict[str, Any] = {
        "name": user.name,
        "studio": settings().studio_name,
        "home": urls.absolute("/"),
        "unsubscribe": leaving.link,
        "category": leaving.title,
    }
    facts |= FACTS[name](db, user, data)
    files: tuple[Attachment, ...] = facts.pop(FILES, ())
    said = letters.render(name, user.locale, facts)
    return Letter(
        user_id=user.id,
        to=user.email,
        subject=said.subject,
        preview=said.preview,
        text=said.text,
        html=said.html,
        language=said.language,
        attachments=files,
        headers=leaving.headers,
    )


def _recipient(db: Session, data: dict[str, Any]) -> User:
    """Whoever the mail is for. The links of an erased person are gone."""
    user = reader_of(db, data)
    if user is None or user.status is UserStatus.ERASED:
        raise Skipped("the account is gone")
    if user.status is UserStatus.SUSPENDED and not _goes_to_suspended(data["template"]):
        raise Skipped("the account is suspended")
    return user


def _goes_to_suspended(name: str) -> bool:
    kind = telling.KINDS.get(name)
    return kind is None or kind.category in TO_SUSPENDED or name in TO_SUSPENDED_TOO


def _verify(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if user.email_verified_at is not None:
        raise Skipped("the address is confirmed already")
    return _link(db, user, data)


def _reset(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    return _link(db, user, data) | {"from_sign_up": bool(data.get("from_sign_up"))}


def _purchase(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    order = db.get_one(Order, data["order_id"])
    pack = db.exec(select(Pack).where(Pack.order_id == order.id)).one()
    return {
        "title": order.title,
        "sessions": order.sessions,
        "price": money.shown(Money(order.amount_minor, order.currency)),
        "mentor": _mentor_name(db, order),
        "until": in_zone(pack.expires_at, user) if pack.expires_at else "",
        "steps": reminders.checklist(db, user),
        "start": urls.absolute("/onboarding"),
        "order": order.public_id,
        "link": urls.absolute("/dashboard"),
        FILES: invoices.newest_of_order(db, order),
    }


def _place_resold(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    pack = db.get_one(Pack, data["pack_id"])
    mentor = db.get_one(Mentor, pack.mentor_id)
    return {
        "title": pack.title,
        "left": pack.left,
        "mentor": db.get_one(User, mentor.user_id).name,
        "until": in_zone(pack.expires_at, user) if pack.expires_at else "",
        "link": urls.absolute("/dashboard"),
    }


def _admin_alert(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if not user.is_admin:
        raise Skipped("the reader is no admin any more")
    thing = data["thing"]
    return {
        "what": notifications.ALERTS[data["alert"]],
        "thing": thing,
        "named": naming.named(db, thing),
        "link": urls.absolute(admin_places.place_of(db, thing)),
    }


def _address_check(_db: Session, _user: User, _data: dict[str, Any]) -> dict[str, Any]:
    return {"link": urls.absolute("/settings")}


FACTS: dict[str, Callable[[Session, User, dict[str, Any]], dict[str, Any]]] = {
    "verify": _verify,
    "reset": _reset,
    "purchase": _purchase,
    "place_resold": _place_resold,
    "admin_alert": _admin_alert,
    suppressions.KNOCK: _address_check,
    **accounts.FACTS,
    **invoice_mails.FACTS,
    **calendars.FACTS,
    **disputes.FACTS,
    **meetings.FACTS,
    **mentoring.FACTS,
    **reconciliation.FACTS,
    **recordings.FACTS,
    **refunds.FACTS,
    **reminders.FACTS,
    **waitlist.FACTS,
}


def _link(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    link = email_links.for_mail(db, data["link_id"])
    if not link.usable:
        raise Skipped("its link was used, or is too old")
    return {"link": link.url, "until": in_zone(link.expires_at, user)}


def _mentor_name(db: Session, order: Order) -> str:
    return db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
