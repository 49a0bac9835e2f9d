"""What mentors sell. A price is never changed: a new price is a new offer."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import access, audit, inputs, locking, seats, topics, waitlist
from services.audit import Actor
from services.catalogue.mentor import OfferCard, card_of, offers_of
from services.config import settings
from services.errors import Conflict, InvalidInput, OfferRetired
from services.ids import MentorId
from services.models import Mentor, OfferStatus, PackOffer
from services.money import Money, exponent, shown

MOST_ACTIVE_OFFERS = 12
DEFAULT_LEAST_MINOR = 50
# Stripe's least amounts for a charge, where they are not 50 minor units.
LEAST_MINOR = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "HKD": 400, "HUF": 17500, "MXN": 1000,
    "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip
MOST_MINOR = 99_999_999
"""Stripe's longest amount: eight digits."""


def list_offers(db: Session, slug: str, *, actor: Actor) -> tuple[OfferCard, ...]:
    """All offers of a mentor whom the actor may edit, those on sale first.

    Raises:
        NotFound
    """
    mentor = access.mentor_for(db, actor, slug)
    return offers_of(db, mentor.id, with_retired=True)


def create_offer(
    db: Session,
    *,
    actor: Actor,
    slug: str,
    title: str,
    sessions: int | str,
    price: Money,
    validity_days: int | str | None,
) -> OfferCard:
    """Put a pack on sale. Numbers may come as typed; `validity_days` None means that its sessions
    never expire.

    Raises:
        NotFound, Conflict: too many packs on sale, InvalidInput
    """
    mentor = access.mentor_for(db, actor, slug)
    locking.lock(db, mentors=[mentor.id])
    if _on_sale(db, mentor.id) >= MOST_ACTIVE_OFFERS:
        raise Conflict(f"At most {MOST_ACTIVE_OFFERS} packs can be on sale. Retire one first.")
    offer = PackOffer(
        mentor_id=mentor.id,
        title=inputs.line(title, field="title", what="The title", least=1, most=80),
        sessions=_sessions(sessions),
        price_minor=_price(price).minor,
        currency=price.currency,
        validity_days=_validity(validity_days),
    )
    db.add(offer)
    db.flush()
    topics.publish(db, topics.seats(mentor.id))
    audit.record(
        db, actor=actor, action="offer.created", thing=offer.public_id, after=_snapshot(offer)
    )
    seats.fill(db, mentor_id=mentor.id)  # the first pack on sale: whoever waits can buy now
    return card_of(offer)


def replace_offer(
    db: Session,
    *,
    actor: Actor,
    offer: str,
    title: str,
    sessions: int | str,
    price: Money,
    validity_days: int | str | None,
) -> OfferCard:
    """Sell a pack on other terms from now on: the old offer is retired, a new one created.

    Orders and open checkouts of the old offer keep what they were sold with.

    Raises:
        NotFound, OfferRetired: it was replaced meanwhile, Conflict, InvalidInput
    """
    old = access.offer_for(db, actor, offer)
    locking.lock(db, mentors=[old.mentor_id])
    db.refresh(old)
    if old.status is not OfferStatus.ACTIVE:
        raise OfferRetired
    mentor = db.get_one(Mentor, old.mentor_id)
    _retire(db, actor, old)
    return create_offer(
        db,
        actor=actor,
        slug=mentor.slug,
        title=title,
        sessions=sessions,
        price=price,
        validity_days=validity_days,
    )


def retire_offer(db: Session, *, actor: Actor, offer: str) -> None:
    """Take a pack off sale; retiring a retired one changes nothing. When it was the last one,
    places on offer are taken back: nobody could buy.

    Raises:
        NotFound
    """
    found = access.offer_for(db, actor, offer)
    locking.lock(db, mentors=[found.mentor_id])
    db.refresh(found)
    if found.status is OfferStatus.RETIRED:
        return
    _retire(db, actor, found)
    waitlist.withdraw_of_mentor(db, actor=actor, mentor_id=found.mentor_id)


def _retire(db: Session, actor: Actor, offer: PackOffer) -> None:
    offer.status = OfferStatus.RETIRED
    db.add(offer)
    db.flush()
    topics.publish(db, topics.seats(offer.mentor_id))
    audit.record(
        db,
        actor=actor,
        action="offer.retired",
        thing=offer.public_id,
        before={"status": OfferStatus.ACTIVE.value},
        after={"status": OfferStatus.RETIRED.value},
    )


def least_price(currency: str) -> Money:
    """The least that Stripe charges in a currency, rounded up to a whole step."""
    return Money(LEAST_MINOR.get(currency, DEFAULT_LEAST_MINOR), currency)


def _on_sale(db: Session, mentor: MentorId) -> int:
    return db.exec(
        select(func.count(col(PackOffer.id))).where(
            col(PackOffer.mentor_id) == mentor, col(PackOffer.status) == OfferStatus.ACTIVE
        )
    ).one()


def _sessions(sessions: int | str) -> int:
    return inputs.whole_number(
        sessions, field="sessions", what="The number of sessions", least=1, most=100
    )


def _validity(days: int | str | None) -> int | None:
    if days is None:
        return None
    return inputs.whole_number(
        days, field="validity_days", what="The days of validity", least=1, most=365
    )


def _price(price: Money) -> Money:
    if price.currency != settings().studio_currency:
        raise InvalidInput("price", f"Packs are sold in {settings().studio_currency}.")
    least = least_price(price.currency)
    if price.minor < least.minor:
        raise InvalidInput("price", f"The price must be at least {shown(least)}.")
    if price.minor > MOST_MINOR:
        raise InvalidInput("price", f"The price must be below {shown(_ceiling(price.currency))}.")
    if exponent(price.currency) == 3 and price.minor % 10:
        raise InvalidInput("price", f"In {price.currency} the last digit must be 0.")
    return price


def _ceiling(currency: str) -> Money:
    return Money(MOST_MINOR + 1, currency)


def _snapshot(offer: PackOffer) -> dict[str, str | int | None]:
    return {
        "title": offer.title,
        "sessions": offer.sessions,
        "price_minor": offer.price_minor,
        "currency": offer.currency,
        "validity_days": offer.validity_days,
    }
