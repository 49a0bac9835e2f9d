"""Turning an outbox message into a letter: facts from the database, words from the templates.

`FACTS` says which facts a template gets. Times are in the recipient's zone, which is written out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlmodel import Session, select

from services import db, email_links, money, notifications, urls
from services.config import settings
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


class Skipped(Exception):
    """The mail makes no sense any more: the account is gone, or its link was used."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail to one person."""

    to: str
    subject: str
    text: str
    html: str


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
        facts = {"name": user.name, "studio": settings().studio_name, "home": urls.absolute("/")}
        facts |= FACTS[name](session, user, data)
    template = _templates.get_template(f"{name}.txt")
    subject, _, text = template.render(facts).partition("\n")
    html = _templates.get_template(f"{name}.html").render(facts | {"subject": subject})
    return Letter(to=user.email, subject=subject.strip(), text=text.strip() + "\n", html=html)


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


def _admin_alert(_db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    if not user.is_admin:
        raise Skipped
    return {
        "what": notifications.ALERTS[data["alert"]],
        "thing": data["thing"],
        "link": urls.absolute("/admin/orders"),
    }


FACTS: dict[str, Callable[[Session, User, dict[str, Any]], dict[str, Any]]] = {
    "verify": _verify,
    "reset": _reset,
    "purchase": _purchase,
    "refunded": _refunded,
    "admin_alert": _admin_alert,
}


def in_zone(instant: datetime, user: User) -> str:
    """An instant as the recipient reads it: `21 November 2026 at 14:32 (Europe/Berlin)`."""
    zone = ZoneInfo(user.time_zone)
    local = instant.astimezone(zone)
    shown = format_datetime(local, "d MMMM y 'at' HH:mm", locale="en")
    return f"{shown} ({user.time_zone})"


def _link(db: Session, user: User, data: dict[str, Any]) -> dict[str, Any]:
    link = email_links.for_mail(db, data["link_id"])
    if not link.usable:
        raise Skipped
    return {"link": link.url, "until": in_zone(link.expires_at, user)}


def _mentor_name(db: Session, order: Order) -> str:
    return db.get_one(User, db.get_one(Mentor, order.mentor_id).user_id).name
