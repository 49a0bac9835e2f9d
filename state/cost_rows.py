"""What the cost dashboard shows in its tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services import costs
from services.costs import CostPoint, MentorCost, Parts, PriceLine, StoreUse, WhatIf
from services.costs.presets import ALWAYS, KINDS
from services.costs.pricing import GB, MINUTE
from services.models import Component
from state.cost_figures import named, sent
from state.recording_words import weight
from state.shown import count

_WHAT = {
    Component.RECORDING: "1,000 recorded minutes",
    Component.STORAGE: "1 GB kept for 30 days",
    Component.DOWNLOAD: "1 GB sent from the store",
    Component.CDN: "1 GB sent through the CDN",
}


@dataclass(frozen=True)
class CostRow:
    """One line of a table of costs."""

    label: str = ""
    note: str = ""
    recording: str = ""
    storage: str = ""
    sent: str = ""
    total: str = ""
    stored: str = ""


@dataclass(frozen=True)
class StoreRow:
    """One store."""

    name: str = ""
    kind: str = ""
    stored: str = ""
    cost: str = ""


@dataclass(frozen=True)
class RetentionCost:
    """What a month would cost with one retention."""

    days: str = ""
    cost: str = ""


@dataclass(frozen=True)
class WhatIfRow:
    """One kind of store, and what a month would cost there with each retention."""

    label: str = ""
    note: str = ""
    costs: list[RetentionCost] = field(default_factory=list[RetentionCost])


@dataclass(frozen=True)
class PriceRow:
    """One line of the price book; `key` names one that an admin has entered."""

    key: str = ""
    about: str = ""
    what: str = ""
    place: str = ""
    price: str = ""
    terms: str = ""
    since: str = ""
    note: str = ""


def point_row(point: CostPoint, bucket: str) -> CostRow:
    """One part of the period."""
    row = _row(point.cost)
    stored = weight(point.stored_bytes)
    return CostRow(
        named(point, bucket), "", row.recording, row.storage, row.sent, row.total, stored
    )


def mentor_row(one: MentorCost) -> CostRow:
    """One mentor."""
    return replace(_row(one.cost), label=one.name, note=count(one.recordings, "recording"))


def store_row(one: StoreUse) -> StoreRow:
    """One store now."""
    kind = KINDS.get(one.kind, one.kind)
    return StoreRow(one.name, kind, weight(one.stored_bytes), costs.shown(one.cost))


def what_if_row(one: WhatIf) -> WhatIfRow:
    """One kind of store."""
    amounts = [
        RetentionCost(f"{days} days: ", costs.shown(cost) if cost else "no price")
        for days, cost in one.by_retention
    ]
    return WhatIfRow(one.label, "in use" if one.in_use else "", amounts)


def price_row(line: PriceLine) -> PriceRow:
    """One price with its terms."""
    terms = line.terms
    times = 1_000 if terms.component is Component.RECORDING else 1
    price = costs.Cost(terms.micros * times, line.currency)
    begin = terms.valid_from
    since = "always" if begin == ALWAYS else f"from {begin.day} {begin:%B %Y}"
    return PriceRow(
        key=f"{terms.component.value}:{terms.place}:{begin.isoformat()}" if line.own else "",
        about=f"{_WHAT[terms.component]}, {terms.place or 'every store'}, {since}",
        what=_WHAT[terms.component],
        place=terms.place or "every store",
        price=_exactly(price),
        terms=_terms(line),
        since=since,
        note=terms.note,
    )


def _row(cost: Parts) -> CostRow:
    return CostRow(
        recording=costs.shown(cost.recording),
        storage=costs.shown(cost.storage),
        sent=costs.shown(sent(cost)),
        total=costs.shown(cost.total),
    )


def _exactly(price: costs.Cost) -> str:
    """A price with all its digits."""
    digits = f"{price.micros // 1_000_000}.{price.micros % 1_000_000:06d}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"US${whole}.{part:0<2}"


def _terms(line: PriceLine) -> str:
    """What is free, and what is charged at least."""
    terms = line.terms
    words: list[str] = []
    match terms.component:
        case Component.RECORDING:
            unit, name = MINUTE, "minutes"
        case Component.STORAGE:
            unit, name = GB * 24, "GB"
        case Component.DOWNLOAD | Component.CDN:
            unit, name = GB, "GB"
    if terms.free_per_day and terms.component is Component.STORAGE:
        words.append(f"the first {terms.free_per_day // unit:,} GB free")
    elif terms.free_per_day:
        words.append(f"{terms.free_per_day // unit:,} {name} a day free")
    if terms.free_per_month:
        months = 30 if terms.component is Component.STORAGE else 1
        words.append(f"{terms.free_per_month // unit // months:,} {name} a month free")
    if terms.free_times_stored:
        words.append(f"free up to {terms.free_times_stored} times what is stored")
    if terms.minimum_days:
        words.append(f"{terms.minimum_days} days at least")
    if terms.least_per_day:
        words.append(f"{terms.least_per_day // unit:,} {name} at least")
    return ", ".join(words)
