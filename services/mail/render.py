"""Turning an outbox message into a letter: facts from the database, words from the templates.

`FACTS` says which facts a template gets; among them may be files that go along. Times are in the
recipient's zone, which is written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlmodel import Session, col, select

from services import db, email_links, invoices, money, notifications, urls
from services.config import settings
from services.mail import (
    accounts,
    calendars,
    disputes,
    meetings,
    mentoring,
    reconciliation,
    refunds,
)
from services.mail import invoices as invoice_mails
from services.mail.shared import FILES, Skipped
from services.models import (
    EmailLink,
    Mentor,
    Order,
    Pack,
    Payment,
    User,
    UserStatus,
)
from services.money import Money
from services.providers.mail.base import Attachment
from services.times import in_zone


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail to one person, with the files that go along."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


PLAIN = "paragraphs.html"
"""A mail without an HTML template of its own is its text, paragraph by paragraph."""

_templates = Environment(
    loader=PackageLoader("services.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def compose(data: dict[str, Any]) -> Letter:
    """Render the mail that an outbox message asks for.

    Raises:
        Skipped: it should not be sent any more.
    """
    name = data["template"]
    with db.reading() as session:
        user = _recipient(session, data)
        facts: dict[str, Any] = {
            "name": user.name,
            "studio": settings().studio_name,
            "home": urls.absolute("/"),
        }
        facts |= FACTS[name](session, user, data)
    files: tuple[Attachment, ...] = facts.pop(FILES, ())
    template = _templates.get_template(f"{name}.txt")
    subject, _, text = template.render(facts).partition("\n")
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    more = {"subject": subject.strip(), "paragraphs": paragraphs}
    return Letter(
        to=user.email,
        subject=subject.strip(),
        text="\n\n".join(paragraphs) + "\n",
        html=_templates.select_template([f"{name}.html", PLAIN]).render(facts | more),
        attachments=files,
    )


def _recipient(db: Session, data: dict[str, Any]) -> User:
    """Whoever the mail is for: named by the message, or the one whose link it carries. The links of
    an erased person are gone."""
    link = db.get(EmailLink, data["link_id"]) if "link_id" in data else None
    user = db.get(User, link.user_id if link else data.get("user_id", 0))
    if user is None or user.status is UserStatus.ERASED:
        raise Skipped
    return user


def _verify(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if user.email_verified_at is not None:
        raise Skipped
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
        raise Skipped
    thing = data["thing"]
    return {
        "what": notifications.ALERTS[data["alert"]],
        "thing": thing,
        "link": _place_of(db, thing),
    }


def _place_of(db: Session, thing: str) -> str:
    """Where an admin sees to it."""
    match thing.partition("_")[0]:
        case "ses":
            return urls.session(thing)
        case "ord":
            return urls.admin_order(thing)
        case "pay" | "pck":
            return urls.admin_order(_order_of(db, thing))
        case "ref":
            return urls.absolute("/admin/refunds")
        case "dsp":
            return urls.absolute("/admin/disputes")
        case "unm":
            return urls.absolute("/admin/unmatched")
        case "inb":
            return urls.absolute("/admin/inbox")
        case _:
            return urls.absolute("/admin")


def _order_of(db: Session, thing: str) -> str:
    """The order that a payment or a pack belongs to; "" for a pack that was granted."""
    owner = Payment if thing.startswith("pay_") else Pack
    found = select(Order.public_id).join(owner, col(owner.order_id) == col(Order.id))
    return db.exec(found.where(col(owner.public_id) == thing)).one_or_none() or ""


FACTS: dict[str, Callable[[Session, User, dict[str, Any]], dict[str, Any]]] = {
    "verify": _verify,
    "reset": _reset,
    "purchase": _purchase,
    "place_resold": _place_resold,
    "admin_alert": _admin_alert,
    **accounts.FACTS,
    **invoice_mails.FACTS,
    **calendars.FACTS,
    **disputes.FACTS,
    **meetings.FACTS,
    **mentoring.FACTS,
    **reconciliation.FACTS,
    **refunds.FACTS,
}


def _link(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    link = email_links.for_mail(db, data["link_id"])
    if not link.usable:
        raise Skipped
    return {"link": link.url, "until": in_zone(link.expires_at, user)}


def _mentor_name(db: Session, order: Order) -> str:
    return db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
