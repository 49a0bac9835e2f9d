"""The facts of mails about refunds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from services import invoices, money, urls
from services.mail.shared import FILES, Skipped
from services.models import (
    Mentor,
    Order,
    Pack,
    Refund,
    RefundReason,
    RefundRemedy,
    RefundSource,
    RefundStatus,
    User,
)
from services.money import Money
from services.times import in_zone

Facts = dict[str, Any]


def _about(db: Session, refund: Refund) -> Facts:
    """What stays as it is from now on: a mail that is sent again must be the same one. Which
    sessions a refund of the dashboard was for, an admin says later."""
    known = refund.source is not RefundSource.PROVIDER
    order = db.get_one(Order, refund.order_id)
    mentor = db.get_one(Mentor, order.mentor_id)
    return {
        "title": order.title,
        "amount": money.shown(Money(refund.amount_minor, refund.currency)),
        "sessions": refund.sessions or 0 if known else 0,
        "mentor": db.get_one(User, mentor.user_id).name,
        "order": order.public_id,
        "link": urls.order(order.public_id),
    }


def _refunded(db: Session, _user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    return _about(db, refund) | {
        "paid_twice": refund.reason is RefundReason.PAID_TWICE,
        "no_place": refund.reason is RefundReason.NO_PLACE,
        "note": refund.decision_note
        or (refund.note if refund.source is RefundSource.ADMIN else ""),
        FILES: invoices.of_refund(db, refund.id),
    }


def _requested(db: Session, _user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    if refund.status is not RefundStatus.REQUESTED or refund.decided_at is not None:
        raise Skipped
    return _about(db, refund)


def _denied(db: Session, user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    pack = db.get_one(Pack, refund.pack_id)
    return _about(db, refund) | {
        "note": refund.decision_note,
        "until": in_zone(pack.expires_at, user) if pack.expires_at else "",
    }


def _failed(db: Session, _user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    if refund.status not in {RefundStatus.FAILED, RefundStatus.CANCELED} or refund.remedy:
        raise Skipped
    return _about(db, refund)


def _returned(db: Session, _user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    if not refund.owed:
        raise Skipped
    return _about(db, refund)


def _overtaken(db: Session, _user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    return _about(db, refund) | {"by_bank": refund.remedy is RefundRemedy.BY_BANK}


def _remedied(db: Session, user: User, data: Facts) -> Facts:
    refund = db.get_one(Refund, data["refund_id"])
    pack = db.get(Pack, refund.pack_id) if refund.pack_id else None
    return _about(db, refund) | {
        "note": refund.remedy_note,
        "until": in_zone(pack.expires_at, user) if pack and pack.expires_at else "",
        FILES: invoices.of_refund(db, refund.id),
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "refunded": _refunded,
    "refund_requested": _requested,
    "refund_denied": _denied,
    "refund_failed": _failed,
    "refund_returned": _returned,
    "refund_overtaken": _overtaken,
    "refund_paid_by_hand": _remedied,
    "refund_restored": _remedied,
}
