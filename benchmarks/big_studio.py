"""A studio of some years for the dashboards' benchmark, written past the services: they would take
hours. Orders with payments, packs, seats and refunds; the sessions stand in the ledger.

It is written in the order in which it would have happened, without the triggers that mark changed
days for the roll-ups: no day is rolled up yet, so a mark would say nothing. `analytics.rebuild` is
the step that follows, in the benchmark as in a studio that was imported.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.big_studio_writer import Row, Writer
from services import db

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
VALIDITY, GRACE = timedelta(days=45), timedelta(hours=72)
SESSIONS = 4


@dataclass(frozen=True)
class Size:
    """How much there is."""

    orders: int
    mentors: int
    mentees: int
    days: int

    @property
    def begin(self) -> datetime:
        """When the studio opened."""
        return NOW - timedelta(days=self.days)


@dataclass(frozen=True)
class _Sale:
    """One order, and what became of its seat: (status, instant), up to now."""

    number: int
    at: datetime
    mentee: int
    mentor: int
    offer: int
    amount: int
    stay: tuple[tuple[str, datetime], ...]
    returned: int


def fill(size: Size) -> None:
    """The same studio each time, in an empty database."""
    sales = list(_sales(size, random.Random(20_26)))  # a story, no secret
    with db.transaction() as session, Writer(session).without_triggers() as writer:
        writer.rows("user", _users(size))
        writer.rows("mentor", _mentors(size))
        writer.rows("capacity_event", _capacities(size))
        writer.rows("pack_offer", _offers(size))
        writer.rows("seat", map(_seat, sales))
        writer.rows("seat_event", _seat_events(sales))
        writer.rows("order", map(_order, sales))
        writer.rows("payment", map(_payment, sales))
        writer.rows("refund", (_refund(sale) for sale in sales if sale.returned))
        writer.rows("pack", map(_pack, sales))
        for kind, amount in [("purchase", SESSIONS)] + SESSIONS * [("reserve", 1), ("consume", -1)]:
            writer.say(
                "INSERT INTO credit_entry (pack_id, kind, amount, created_at) "
                f"SELECT id, '{kind}', {amount}, starts_at FROM pack ORDER BY id"
            )


def _users(size: Size) -> Iterator[Row]:
    for n in range(1, size.mentors + size.mentees + 1):
        yield {
            "id": n,
            "public_id": f"usr_{n}",
            "email": f"p{n}@example.com",
            "name": f"Person {n}",
            "time_zone": "UTC",
            "locale": "en",
            "password_hash": "-",
            "is_admin": n == 1,
            "status": "active",
            "created_at": size.begin,
        }


def _mentors(size: Size) -> Iterator[Row]:
    for n in range(1, size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"men_{n}",
            "user_id": n,
            "slug": f"mentor-{n}",
            "headline": "Helps",
            "bio": "",
            "capacity": 5 + n % 10,
            "listed": True,
            "created_at": size.begin,
        }


def _capacities(size: Size) -> Iterator[Row]:
    """Every mentor began with five places, and changed that once."""
    for n in range(1, size.mentors + 1):
        yield {"mentor_id": n, "capacity": 5, "at": size.begin}
        later = size.begin + timedelta(days=n % size.days)
        yield {"mentor_id": n, "capacity": 5 + n % 10, "at": later}


def _offers(size: Size) -> Iterator[Row]:
    """Two of each mentor."""
    for n in range(1, 2 * size.mentors + 1):
        yield {
            "id": n,
            "public_id": f"off_{n}",
            "mentor_id": (n + 1) // 2,
            "title": "Four sessions",
            "sessions": SESSIONS,
            "price_minor": _price(n),
            "currency": "EUR",
            "validity_days": VALIDITY.days,
            "status": "active",
            "created_at": size.begin,
        }


def _price(offer: int) -> int:
    return 12_000 + 100 * (offer % 50)


def _sales(size: Size, dice: random.Random) -> Iterator[_Sale]:
    """Evenly over time; one order in twenty is given back, wholly or in part."""
    for n in range(1, size.orders + 1):
        at = size.begin + (NOW - size.begin) * (n / (size.orders + 1))
        offer = dice.randint(1, 2 * size.mentors)
        amount = _price(offer)
        yield _Sale(
            number=n,
            at=at,
            mentee=size.mentors + 1 + n % size.mentees,
            mentor=(offer + 1) // 2,
            offer=offer,
            amount=amount,
            stay=_stay(at, dice),
            returned=dice.choice([amount, amount // SESSIONS]) if dice.random() < 0.05 else 0,
        )


def _stay(begin: datetime, dice: random.Random) -> tuple[tuple[str, datetime], ...]:
    """What became of a seat up to now: three in five are given back after their first grace, the
    others are used once more before."""
    ends = begin + VALIDITY * (0.5 + dice.random())
    stay = [("held", begin - timedelta(minutes=4)), ("active", begin), ("grace", ends)]
    if dice.random() < 0.4:
        stay.append(("active", ends + GRACE * dice.random()))
        ends = ends + VALIDITY
        stay.append(("grace", ends))
    stay.append(("released", ends + GRACE))
    return tuple((status, moment) for status, moment in stay if moment < NOW)


def _seat(sale: _Sale) -> Row:
    status, moment = sale.stay[-1]
    return {
        "id": sale.number,
        "public_id": f"sea_{sale.number}",
        "mentee_id": sale.mentee,
        "mentor_id": sale.mentor,
        "status": status,
        "grace_ends_at": moment + GRACE if status == "grace" else None,
        "released_at": moment if status == "released" else None,
        "created_at": sale.at,
    }


def _seat_events(sales: list[_Sale]) -> Iterator[Row]:
    happened = [
        (moment, sale.number, sale.mentor, status) for sale in sales for status, moment in sale.stay
    ]
    for moment, seat, mentor, status in sorted(happened):
        yield {
            "seat_id": seat,
            "mentor_id": mentor,
            "status": status,
            "reason": "history",
            "at": moment,
        }


def _order(sale: _Sale) -> Row:
    return {
        "id": sale.number,
        "public_id": f"ord_{sale.number}",
        "mentee_id": sale.mentee,
        "mentor_id": sale.mentor,
        "offer_id": sale.offer,
        "seat_id": sale.number,
        "title": "Four sessions",
        "sessions": SESSIONS,
        "amount_minor": sale.amount,
        "currency": "EUR",
        "validity_days": VALIDITY.days,
        "status": "paid",
        "provider": "stripe",
        "checkout_attempt": 1,
        "expires_at": sale.at,
        "check_at": sale.at,
        "created_at": sale.at,
        "paid_at": sale.at,
    }


def _payment(sale: _Sale) -> Row:
    return {
        "id": sale.number,
        "public_id": f"pay_{sale.number}",
        "order_id": sale.number,
        "provider": "stripe",
        "provider_id": f"pi_{sale.number}",
        "amount_minor": sale.amount,
        "currency": "EUR",
        "refunded_minor": sale.returned,
        "status": "completed",
        "created_at": sale.at,
        "completed_at": sale.at,
    }


def _refund(sale: _Sale) -> Row:
    return {
        "id": sale.number,
        "public_id": f"ref_{sale.number}",
        "order_id": sale.number,
        "payment_id": sale.number,
        "provider": "stripe",
        "provider_id": f"re_{sale.number}",
        "amount_minor": sale.returned,
        "currency": "EUR",
        "status": "succeeded",
        "source": "admin",
        "reason": "paid twice",
        "attempt": 1,
        "created_at": sale.at,
        "settled_at": min(sale.at + timedelta(days=9), NOW - timedelta(minutes=1)),
    }


def _pack(sale: _Sale) -> Row:
    return {
        "id": sale.number,
        "public_id": f"pck_{sale.number}",
        "order_id": sale.number,
        "mentee_id": sale.mentee,
        "mentor_id": sale.mentor,
        "seat_id": sale.number,
        "title": "Four sessions",
        "total": SESSIONS,
        "left": 0,
        "reserved": 0,
        "status": "depleted",
        "starts_at": sale.at,
        "created_at": sale.at,
    }
