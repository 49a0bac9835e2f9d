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
from sqlmodel import Session, select

from services import db, email_links, money, notifications, urls
from services.config import settings
from services.mail import calendars, meetings, mentoring
from services.mail.shared import FILES, Skipped
from services.models import (
    EmailLink,
    Mentor,
    Order,
    Pack,
    Refund,
    RefundReason,
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
    """Whoever the mail is for: named by the message, or the one whose link it carries."""
    link = db.get(EmailLink, data["link_id"]) if "link_id" in data else None
    user = db.get(User, link.user_id if link else data["user_id"])
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
    }


def _refunded(db: Session, _user: User, data: dict[str, Any]) -> dict[str, Any]:
    refund = db.get_one(Refund, data["refund_id"])
    order = db.get_one(Order, refund.order_id)
    return {
        "title": order.title,
        "amount": money.shown(Money(refund.amount_minor, refund.currency)),
        "mentor": _mentor_name(db, order),
        "paid_twice": refund.reason is RefundReason.PAID_TWICE,
        "order": order.public_id,
        "link": urls.absolute("/orders"),
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


def _admin_alert(_db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if not user.is_admin:
        raise Skipped
    thing = data["thing"]
    return {
        "what": notifications.ALERTS[data["alert"]],
        "thing": thing,
        "link": urls.session(thing) if thing.startswith("ses_") else urls.absolute("/admin/orders"),
    }


FACTS: dict[str, Callable[[Session, User, dict[str, Any]], dict[str, Any]]] = {
    "verify": _verify,
    "reset": _reset,
    "purchase": _purchase,
    "refunded": _refunded,
    "place_resold": _place_resold,
    "admin_alert": _admin_alert,
    **calendars.FACTS,
    **meetings.FACTS,
    **mentoring.FACTS,
}


def _link(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    link = email_links.for_mail(db, data["link_id"])
    if not link.usable:
        raise Skipped
    return {"link": link.url, "until": in_zone(link.expires_at, user)}


def _mentor_name(db: Session, order: Order) -> str:
    return db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
