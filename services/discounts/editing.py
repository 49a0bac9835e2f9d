"""What admins do with discount codes. A code's terms are never changed: it ends, and another one
takes its place, so that each order's discount can be explained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from services import access, audit, clock, inputs, locking, topics
from services.audit import Actor
from services.config import settings
from services.db import insert_or_ignore
from services.discounts.checking import LONGEST, normal
from services.errors import InvalidInput, NotFound
from services.ids import MentorId
from services.models import DiscountCode, Mentor, OfferStatus, PackOffer
from services.money import parsed

PERCENT, AMOUNT = "percent", "amount"
MOST_USES = 1_000_000
SHORTEST, SHORTEST_DEAR = 3, 6
"""Letters of a code: of three there are so few that somebody finds them by trying, which must not
pay."""
DEAR_PERCENT = 50
_PATTERN = re.compile(r"[A-Z0-9][A-Z0-9-]*")


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code as an admin types it. `kind` is PERCENT or AMOUNT; days are ISO dates, the last one
    still counts, in the studio's zone; what is empty has no limit. `mentor` is a slug, or ""."""

    code: str
    kind: str
    value: str
    starts_on: str = ""
    ends_on: str = ""
    max_total: str = ""
    max_per_person: str = "1"
    mentor: str = ""


def create_code(db: Session, *, actor: Actor, new: NewCode) -> str:
    """Make a code that works from its first day on; its public id.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput: `field` says which.
    """
    admin = access.require_admin(actor)
    row = DiscountCode(code=_code(new.code), created_by=admin)
    _set_value(row, new)
    _set_days(row, new)
    row.max_total = _limit(new.max_total, "max_total", "The number of uses")
    row.max_per_person = _limit(new.max_per_person, "max_per_person", "The uses of one person")
    row.mentor_id = _mentor(db, new.mentor)
    if len(row.code) < SHORTEST_DEAR and _is_dear(db, row):
        raise InvalidInput(
            "code",
            f"Half of a price or more needs a code of at least {SHORTEST_DEAR} characters, so that "
            "nobody guesses it.",
        )
    if not insert_or_ignore(db, row):
        raise InvalidInput("code", f"There is a code {row.code} already. Choose another one.")
    topics.publish(db, topics.DISCOUNTS)
    audit.record(
        db,
        actor=actor,
        action="discount_code.created",
        thing=row.public_id,
        after=_snapshot(row),
    )
    return row.public_id


def set_active(db: Session, *, actor: Actor, code: str, active: bool) -> None:
    """Stop a code, or let it work again; open checkouts keep the price they have.

    Raises:
        SignInNeeded, NotAllowed, NotFound
    """
    access.require_admin(actor)
    row = db.exec(select(DiscountCode).where(DiscountCode.public_id == code)).one_or_none()
    if row is None:
        raise NotFound("discount code")
    locking.lock(db, codes=[row.id])
    db.refresh(row)
    if row.active == active:
        return
    row.active = active
    topics.publish(db, topics.DISCOUNTS)
    audit.record(
        db,
        actor=actor,
        action="discount_code.resumed" if active else "discount_code.stopped",
        thing=row.public_id,
    )


def _code(text: str) -> str:
    code = normal(text)
    if not SHORTEST <= len(code) <= LONGEST or not _PATTERN.fullmatch(code):
        raise InvalidInput(
            "code", f"A code has {SHORTEST} to {LONGEST} letters from A to Z, digits or hyphens."
        )
    return code


def _set_value(row: DiscountCode, new: NewCode) -> None:
    if new.kind == PERCENT:
        row.percent = inputs.whole_number(
            new.value.replace("%", ""), field="value", what="The percentage", least=1, most=100
        )
    elif new.kind == AMOUNT:
        amount = parsed(new.value, settings().studio_currency, field="value")
        row.amount_minor, row.currency = amount.minor, amount.currency
    else:
        raise InvalidInput("kind", "Choose a percentage or an amount.")


def _set_days(row: DiscountCode, new: NewCode) -> None:
    now = clock.utc_now()
    starts = _midnight(new.starts_on, "starts_on")
    ends = _midnight(new.ends_on, "ends_on")
    row.starts_at = now if starts is None else starts
    row.ends_at = None if ends is None else ends
    if row.ends_at is not None:
        row.ends_at = _next_day(row.ends_at)
        if row.ends_at <= max(row.starts_at, now):
            raise InvalidInput("ends_on", "The last day must not be before the first, or past.")


def _midnight(text: str, field: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        day = datetime.fromisoformat(text.strip()[:10])
    except ValueError:
        raise InvalidInput(field, "Write a day such as 2026-12-31.") from None
    return day.replace(tzinfo=ZoneInfo(settings().studio_timezone))


def _next_day(midnight: datetime) -> datetime:
    """The midnight after: wall clock, so a day may have 23 or 25 hours."""
    return midnight + timedelta(days=1)


def _is_dear(db: Session, row: DiscountCode) -> bool:
    """Whether it takes half of some pack's price or more."""
    if row.percent is not None:
        return row.percent >= DEAR_PERCENT
    prices = select(PackOffer.price_minor).where(
        PackOffer.status == OfferStatus.ACTIVE, PackOffer.currency == row.currency
    )
    if row.mentor_id is not None:
        prices = prices.where(PackOffer.mentor_id == row.mentor_id)
    price = db.exec(prices.order_by(col(PackOffer.price_minor)).limit(1)).first()
    return price is not None and (row.amount_minor or 0) * 100 >= price * DEAR_PERCENT


def _limit(text: str, field: str, what: str) -> int | None:
    if not text.strip():
        return None
    return inputs.whole_number(text, field=field, what=what, least=1, most=MOST_USES)


def _mentor(db: Session, slug: str) -> MentorId | None:
    if not slug:
        return None
    mentor = db.exec(select(Mentor).where(Mentor.slug == slug)).one_or_none()
    if mentor is None:
        raise InvalidInput("mentor", "There is no such mentor.")
    return mentor.id


def _snapshot(row: DiscountCode) -> dict[str, str | int | None]:
    return {
        "code": row.code,
        "percent": row.percent,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "max_total": row.max_total,
        "max_per_person": row.max_per_person,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "mentor_id": row.mentor_id,
    }
