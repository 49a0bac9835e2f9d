"""A studio of some years for the benchmarks of figures, written past the services: they would take
hours. Orders with payments, packs, seats and refunds; the sessions stand in the ledger, as what
each of them earned.

It is written in the order in which it would have happened, without the triggers that mark changed
days for the roll-ups: no day is rolled up yet, so a mark would say nothing. `analytics.rebuild` is
the step that follows, in the benchmark as in a studio that was imported.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from benchmarks.big_studio_writer import Row, Writer
from services import db

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
VALIDITY, GRACE = timedelta(days=45), timedelta(hours=72)
SESSIONS = 4
PAUSE = timedelta(days=8)
"""Between two sessions of a pack."""


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
        writer.rows("pack_share", (share for sale in sales for share in _shares(sale)))
        writer.rows("posting", _as_it_happened(sales))
        for number, kind, amount in [(0, "purchase", SESSIONS)] + [
            (number, kind, amount)
            for number in range(1, SESSIONS + 1)
            for kind, amount in (("reserve", -1), ("consume", -1))
        ]:
            writer.say(
                "INSERT INTO credit_entry (pack_id, kind, amount, created_at) "
                f"SELECT id, '{kind}', {amount}, starts_at FROM pack "
                f'WHERE total - "left" >= {number} ORDER BY id'
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
        "list_minor": sale.amount,
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
        "fee_minor": _fee(sale),
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
        "decided_at": sale.at,
        "settled_at": _returned_at(sale),
    }


def _returned_at(sale: _Sale) -> datetime:
    return min(sale.at + timedelta(days=9), NOW - timedelta(minutes=1))


def _fee(sale: _Sale) -> int:
    return 25 + sale.amount * 15 // 1_000


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
        "left": SESSIONS - len(_held_at(sale)),
        "reserved": 0,
        "locked": 0,
        "status": "depleted" if len(_held_at(sale)) == SESSIONS else "active",
        "starts_at": sale.at,
        "created_at": sale.at,
    }


def _shares(sale: _Sale) -> Iterator[Row]:
    """The sessions that were held, and those that are still to come."""
    held = _held_at(sale)
    for number in range(1, SESSIONS + 1):
        earned = number <= len(held)
        yield {
            "pack_id": sale.number,
            "number": number,
            "amount_minor": sale.amount // SESSIONS,
            "tax_minor": 0,
            "state": "earned" if earned else "open",
            "turn": 0,
            "settled_at": held[number - 1] if earned else None,
        }


def _held_at(sale: _Sale) -> list[datetime]:
    moments = (sale.at + number * PAUSE for number in range(1, SESSIONS + 1))
    return [moment for moment in moments if moment < NOW]


def _as_it_happened(sales: list[_Sale]) -> Iterator[Row]:
    """All postings, in the order of time; the sales are in that order already."""
    ahead: list[tuple[datetime, int, Row]] = []
    count = 0
    for sale in sales:
        while ahead and ahead[0][0] <= sale.at:
            yield heappop(ahead)[2]
        for row in _postings(sale):
            count += 1
            heappush(ahead, (row["at"], count, row))
    while ahead:
        yield heappop(ahead)[2]


def _postings(sale: _Sale) -> Iterator[Row]:
    """What the ledger says about a sale."""
    paid, fee = f"payment:pay_{sale.number}", f"fee:pay_{sale.number}"
    yield _posting(sale, sale.at, paid, "payment", ("provider", "deferred", sale.amount))
    yield _posting(sale, sale.at, fee, "fee", ("fees", "provider", _fee(sale)))
    part = sale.amount // SESSIONS
    for number, at in enumerate(_held_at(sale), start=1):
        key = f"session:pck_{sale.number}:{number}:0"
        yield _posting(sale, at, key, "session", ("deferred", "earned", part))
        mentor = ("mentor share", "mentor earnings", part * 70 // 100)
        yield _posting(sale, at, key, "session", mentor, leg=2)
    if sale.returned:
        at, key = _returned_at(sale), f"refund:ref_{sale.number}"
        yield _posting(sale, at, key, "refund", ("earned", "refunds", sale.returned))
        sent = ("refunds", "provider", sale.returned)
        yield _posting(sale, at, f"{key}:1", "refund", sent)


def _posting(
    sale: _Sale, at: datetime, key: str, kind: str, moved: tuple[str, str, int], *, leg: int = 1
) -> Row:
    debit, credit, minor = moved
    return {
        "key": key,
        "leg": leg,
        "kind": kind,
        "debit": debit,
        "credit": credit,
        "amount_minor": minor,
        "currency": "EUR",
        "provider": "stripe",
        "order_id": sale.number,
        "mentor_id": sale.mentor,
        "pack_id": sale.number,
        "payment_id": sale.number,
        "at": at,
        "created_at": at,
    }
