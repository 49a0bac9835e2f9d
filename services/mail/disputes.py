"""The facts of mails about disputes: what a chargeback does to a pack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from services import invoices, money, urls
from services.config import PAYMENT_NAMES
from services.mail.shared import FILES
from services.models import Dispute, Mentor, Order, User
from services.money import Money
from services.times import in_zone

Facts = dict[str, Any]


def _facts(db: Session, user: User, data: Facts) -> Facts:
    """What was true when it happened. `teaches`: the reader is the mentor."""
    dispute = db.get_one(Dispute, data["dispute_id"])
    order = db.get_one(Order, dispute.order_id)
    mentor = db.get_one(Mentor, order.mentor_id)
    teaches = mentor.user_id == user.id
    until = str(data["until"])
    return {
        "teaches": teaches,
        "buyer": db.get_one(User, order.mentee_id).name,
        "mentor": db.get_one(User, mentor.user_id).name,
        "title": order.title,
        "amount": money.shown(Money(int(data["minor"]), dispute.currency)),
        "provider": PAYMENT_NAMES[dispute.provider.value],
        "sessions": int(data["sessions"]),
        "left": int(data["left"]),
        "until": in_zone(datetime.fromisoformat(until), user) if until else "",
        "rests": bool(data["rests"]),
        "order": order.public_id,
        "link": urls.absolute("/mentor/sessions") if teaches else urls.order(order.public_id),
    }


def _lost(db: Session, user: User, data: Facts) -> Facts:
    facts = _facts(db, user, data)
    files = () if facts["teaches"] else invoices.of_dispute(db, data["dispute_id"])
    return facts | {"noted": bool(files), FILES: files}


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "dispute_frozen": _facts,
    "dispute_won": _facts,
    "dispute_lost": _lost,
}
