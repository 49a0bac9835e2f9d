"""The price book: what comes with the product, and above it what admins have entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from services import access, audit, inputs, topics
from services.analytics.periods import EARLIEST, LATEST
from services.audit import Actor
from services.config import settings
from services.costs import amounts
from services.costs.presets import CURRENCY, NAMES, PRESETS
from services.costs.pricing import GB, MINUTE, Book, Terms
from services.db import insert_or_ignore
from services.errors import InvalidInput, NotFound
from services.models import Component, Price

_FREE = {
    Component.RECORDING: MINUTE,
    Component.STORAGE: GB * 24,
    Component.DOWNLOAD: GB,
    Component.CDN: GB,
}
"""What one of the free minutes or GB that an admin types is in the unit that is measured; a free GB
of storage is one that lies there all day."""
_MOST_FREE = 10_000_000
"""So many GB that lie there for a month are byte-hours that still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price as an admin types it: `price` in the book's currency, for 1,000 recorded minutes, for
    a GB kept for 30 days, or a GB sent. Free are minutes, or GB; `place` is the name or the kind of
    a store, or "" for every place. What its store charges at least, and what it gives by what is
    stored, stays as the preset has it."""

    preset: str
    component: str
    price: str
    valid_from: str
    place: str = ""
    free_per_day: str = ""
    free_per_month: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line of the book; `own` when an admin has entered it."""

    terms: Terms
    currency: str
    own: bool


def find_book(db: Session, preset: str = "") -> Book:
    """The prices of a preset, or of that in the settings; one query.

    Raises:
        InvalidInput: no such preset.
    """
    name = checked_preset(preset)
    base = _preset(name)
    own = (_terms(row, base) for row in _entered(db, name))
    return Book(CURRENCY, (*base.terms, *own), base.kinds)


def list_prices(db: Session, *, actor: Actor, preset: str = "") -> tuple[PriceLine, ...]:
    """The whole book, by what is paid for, place and day; for admins.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    name = checked_preset(preset)
    base = _preset(name)
    own = [PriceLine(_terms(row, base), row.currency, True) for row in _entered(db, name)]
    found = [*(PriceLine(terms, CURRENCY, False) for terms in base.terms), *own]
    order = list(Component)
    return tuple(
        sorted(
            found,
            key=lambda line: (
                order.index(line.terms.component),
                line.terms.place,
                line.terms.valid_from,
            ),
        )
    )


def set_price(db: Session, *, actor: Actor, new: NewPrice) -> None:
    """Enter a price from a day on; one for the same day, component and place is replaced.

    What it means for the past and the future is seen at once, since use is kept apart from prices.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: `field` says which.
    """
    admin = access.require_admin(actor)
    component = _component(new.component)
    row = Price(
        preset=checked_preset(new.preset),
        component=component,
        place=_place(component, new.place),
        micros=_micros(component, new.price),
        currency=CURRENCY,
        free_per_day=_free(component, new.free_per_day, "free_per_day"),
        free_per_month=_free(component, new.free_per_month, "free_per_month")
        * (30 if component is Component.STORAGE else 1),
        valid_from=_day(new.valid_from),
        note=inputs.line(new.note, field="note", what="The note", most=200),
        entered_by=admin,
    )
    before = _replaced(db, row)
    topics.publish(db, topics.COSTS)
    audit.record(
        db,
        actor=actor,
        action="price.entered",
        thing=_thing(row),
        before=before,
        after=_snapshot(row),
    )


def remove_price(
    db: Session, *, actor: Actor, preset: str, component: str, place: str, valid_from: str
) -> None:
    """Take back a price that an admin has entered: what stood before it counts again.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput, NotFound
    """
    access.require_admin(actor)
    same = (
        Price.preset == checked_preset(preset),
        Price.component == _component(component),
        Price.place == place,
        Price.valid_from == _day(valid_from),
    )
    row = db.exec(select(Price).where(*same).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("price")
    db.delete(row)
    topics.publish(db, topics.COSTS)
    audit.record(db, actor=actor, action="price.removed", thing=_thing(row), before=_snapshot(row))


def checked_preset(preset: str) -> str:
    """The preset that is meant; "" stands for that of the settings.

    Raises:
        InvalidInput: no such preset.
    """
    chosen = preset.strip() or settings().cost_prices
    if chosen not in PRESETS:
        raise InvalidInput("prices", f"Choose one of these prices: {', '.join(NAMES)}.")
    return chosen


def _entered(db: Session, preset: str) -> list[Price]:
    own = select(Price).where(Price.preset == preset).order_by(col(Price.valid_from), col(Price.id))
    return list(db.exec(own).all())


def _preset(name: str) -> Book:
    kinds = {each.name: each.kind for each in settings().stores.values()}
    return Book(CURRENCY, PRESETS[name], kinds)


def _terms(row: Price, preset: Book) -> Terms:
    """An admin's price, under the conditions that the preset knows of this place: Wasabi's 90 days
    stay, whatever its price is."""
    known = preset.on(row.valid_from, row.component, row.place)
    return Terms(
        component=row.component,
        place=row.place,
        micros=row.micros,
        valid_from=row.valid_from,
        free_per_day=row.free_per_day,
        free_per_month=row.free_per_month,
        free_times_stored=known.free_times_stored if known else 0,
        minimum_days=known.minimum_days if known else 0,
        least_per_day=known.least_per_day if known else 0,
        note=row.note,
    )


def _replaced(db: Session, row: Price) -> dict[str, object]:
    """Write the row, or into the one that stands there; what that one said."""
    if insert_or_ignore(db, row):
        return {}
    same = (
        Price.preset == row.preset,
        Price.component == row.component,
        Price.place == row.place,
        Price.valid_from == row.valid_from,
    )
    old = db.exec(select(Price).where(*same).with_for_update()).one()
    before = _snapshot(old)
    for name in ("micros", "free_per_day", "free_per_month", "note", "entered_by", "entered_at"):
        setattr(old, name, getattr(row, name))
    return before


def _thing(row: Price) -> str:
    return f"price:{row.preset}:{row.component.value}:{row.place}"


def _snapshot(row: Price) -> dict[str, object]:
    return {
        "micros": row.micros,
        "currency": row.currency,
        "free_per_day": row.free_per_day,
        "free_per_month": row.free_per_month,
        "valid_from": row.valid_from.isoformat(),
    }


def _component(text: str) -> Component:
    if text not in set(Component):
        raise InvalidInput("component", "Choose what the price is for.")
    return Component(text)


def _place(component: Component, text: str) -> str:
    place = inputs.line(text, field="place", what="The store", most=40).lower()
    if place and component is Component.RECORDING:
        raise InvalidInput("place", "A recorder has no store: leave this empty.")
    stores = settings().stores
    if place and place not in stores and place not in {each.kind for each in stores.values()}:
        known = {each.place for terms in PRESETS.values() for each in terms}
        if place not in known:
            raise InvalidInput("place", "There is no store of this name or kind.")
    return place


def _micros(component: Component, text: str) -> int:
    micros = amounts.parsed(text, field="price")
    if component is not Component.RECORDING:
        return micros
    if micros % 1_000:
        raise InvalidInput(
            "price", "A price of 1,000 minutes has at most three digits after the point."
        )
    return micros // 1_000


def _free(component: Component, text: str, field: str) -> int:
    if not text.strip():
        return 0
    given = inputs.whole_number(text, field=field, what="What is free", least=0, most=_MOST_FREE)
    return given * _FREE[component]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput("valid_from", "Write the day as 2026-01-31.") from None
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput("valid_from", "Choose a day between 2000 and 2100.")
    return day
