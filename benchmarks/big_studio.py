"""A studio of 24 months for the dashboards' benchmark, written past the services: they would take
hours. 100,000 orders with payments, packs, seats and refunds; the sessions stand in the ledger."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from services import db

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
BEGIN = NOW - timedelta(days=730)
VALIDITY, GRACE = timedelta(days=45), timedelta(hours=72)


@dataclass(frozen=True)
class Size:
    """How much there is."""

    orders: int
    mentors: int
    mentees: int


def fill(size: Size) -> None:
    """A studio of 24 months, the same each time."""
    dice = random.Random(20_26)  # a story
    with db.transaction() as session:
        load = Load(session)
        load.people(size)
        load.sales(size, dice)
        load.sessions()
        load.reset_sequences()


class Load:
    """Writes rows by the driver itself: COPY on PostgreSQL, executemany on SQLite."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.driver: Any = session.connection().connection.driver_connection
        self.is_sqlite = session.get_bind().dialect.name == "sqlite"

    def rows(self, table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
        """All rows of one table."""
        names = ", ".join(f'"{column}"' for column in columns)
        if self.is_sqlite:
            marks = ", ".join("?" * len(columns))
            made = (tuple(self._plain(value) for value in row) for row in rows)
            self.driver.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', made)
            return
        with (
            self.driver.cursor() as cursor,
            cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
        ):
            for row in rows:
                copy.write_row(row)

    @staticmethod
    def _plain(value: Any) -> Any:
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value

    def people(self, size: Size) -> None:
        """Mentees, mentors with two offers each, and a change of capacity here and there."""
        total = size.mentors + size.mentees
        self.rows(
            "user",
            USER,
            (
                (
                    n,
                    f"usr_{n}",
                    f"p{n}@example.com",
                    f"Person {n}",
                    "UTC",
                    "en",
                    "-",
                    n == 1,
                    "active",
                    BEGIN,
                )
                for n in range(1, total + 1)
            ),
        )
        self.rows(
            "mentor",
            MENTOR,
            (
                (n, f"men_{n}", n, f"mentor-{n}", "Helps", "", 5 + n % 10, True, BEGIN)
                for n in range(1, size.mentors + 1)
            ),
        )
        self.rows(
            "capacity_event",
            ["mentor_id", "capacity", "at"],
            (
                (n, capacity, at)
                for n in range(1, size.mentors + 1)
                for capacity, at in ((5, BEGIN), (5 + n % 10, BEGIN + timedelta(days=n % 700)))
            ),
        )
        self.rows(
            "pack_offer",
            OFFER,
            (
                (
                    n,
                    f"off_{n}",
                    (n + 1) // 2,
                    "Four sessions",
                    4,
                    12_000 + 100 * (n % 50),
                    "EUR",
                    45,
                    "active",
                    BEGIN,
                )
                for n in range(1, 2 * size.mentors + 1)
            ),
        )

    def sales(self, size: Size, dice: random.Random) -> None:
        """Orders, evenly over time: three in five begin a seat, the others renew one."""
        orders: list[tuple[Any, ...]] = []
        seats: list[tuple[Any, ...]] = []
        events: list[tuple[Any, ...]] = []
        packs: list[tuple[Any, ...]] = []
        payments: list[tuple[Any, ...]] = []
        refunds: list[tuple[Any, ...]] = []
        for n in range(1, size.orders + 1):
            at = BEGIN + (NOW - BEGIN) * (n / (size.orders + 1))
            offer = dice.randint(1, 2 * size.mentors)
            mentor, amount = (offer + 1) // 2, 12_000 + 100 * (offer % 50)
            mentee = size.mentors + 1 + n % size.mentees
            seat, stay = n, _stay(at, dice)
            seats.append((seat, f"sea_{n}", mentee, mentor, *_state(stay), at))
            events += [(seat, mentor, status, "history", moment) for status, moment in stay]
            orders.append(
                (
                    n,
                    f"ord_{n}",
                    mentee,
                    mentor,
                    offer,
                    seat,
                    "Four sessions",
                    4,
                    amount,
                    "EUR",
                    45,
                    "paid",
                    "stripe",
                    1,
                    at,
                    at,
                    at,
                    at,
                )
            )
            payments.append(
                (n, f"pay_{n}", n, "stripe", f"pi_{n}", amount, "EUR", 0, "completed", at, at)
            )
            packs.append((n, f"pck_{n}", n, mentee, mentor, seat, "Four", 4, 0, 0, "depleted"))
            if dice.random() < 0.05:
                back, later = dice.choice([amount, amount // 4]), at + timedelta(days=9)
                settled = min(later, NOW - timedelta(minutes=1))
                refunds.append(
                    (
                        n,
                        f"ref_{n}",
                        n,
                        n,
                        "stripe",
                        f"re_{n}",
                        back,
                        "EUR",
                        "succeeded",
                        "admin",
                        "paid twice",
                        1,
                        at,
                        settled,
                    )
                )
        self.rows("seat", SEAT, iter(seats))
        self.rows("seat_event", ["seat_id", "mentor_id", "status", "reason", "at"], iter(events))
        self.rows("order", ORDER, iter(orders))
        self.rows("payment", PAYMENT, iter(payments))
        self.rows("refund", REFUND, iter(refunds))
        instants = (
            (*pack, order[14], order[14]) for pack, order in zip(packs, orders, strict=True)
        )
        self.rows("pack", PACK, instants)

    def sessions(self) -> None:
        """Four sessions of each pack, as the ledger shows them: reserved, then consumed."""
        entry = (
            "INSERT INTO credit_entry (pack_id, kind, amount, created_at) "
            "SELECT id, '{kind}', {amount}, starts_at FROM pack"
        )
        for kind, amount in [("purchase", 4)] + 4 * [("reserve", 1), ("consume", -1)]:
            self.session.connection().execute(text(entry.format(kind=kind, amount=amount)))

    def reset_sequences(self) -> None:
        """PostgreSQL's sequences have not seen the ids that were written."""
        if self.is_sqlite:
            return
        for table in ("user", "mentor", "pack_offer", "seat", "order", "payment", "refund", "pack"):
            self.session.connection().execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), "
                    f'(SELECT max(id) FROM "{table}"))'
                )
            )


USER = [
    "id",
    "public_id",
    "email",
    "name",
    "time_zone",
    "locale",
    "password_hash",
    "is_admin",
    "status",
    "created_at",
]
MENTOR = [
    "id",
    "public_id",
    "user_id",
    "slug",
    "headline",
    "bio",
    "capacity",
    "listed",
    "created_at",
]
OFFER = [
    "id",
    "public_id",
    "mentor_id",
    "title",
    "sessions",
    "price_minor",
    "currency",
    "validity_days",
    "status",
    "created_at",
]
SEAT = [
    "id",
    "public_id",
    "mentee_id",
    "mentor_id",
    "status",
    "held_until",
    "grace_ends_at",
    "released_at",
    "created_at",
]
ORDER = [
    "id",
    "public_id",
    "mentee_id",
    "mentor_id",
    "offer_id",
    "seat_id",
    "title",
    "sessions",
    "amount_minor",
    "currency",
    "validity_days",
    "status",
    "provider",
    "checkout_attempt",
    "expires_at",
    "check_at",
    "created_at",
    "paid_at",
]
PAYMENT = [
    "id",
    "public_id",
    "order_id",
    "provider",
    "provider_id",
    "amount_minor",
    "currency",
    "refunded_minor",
    "status",
    "created_at",
    "completed_at",
]
REFUND = [
    "id",
    "public_id",
    "order_id",
    "payment_id",
    "provider",
    "provider_id",
    "amount_minor",
    "currency",
    "status",
    "source",
    "reason",
    "attempt",
    "created_at",
    "settled_at",
]
PACK = [
    "id",
    "public_id",
    "order_id",
    "mentee_id",
    "mentor_id",
    "seat_id",
    "title",
    "total",
    "left",
    "reserved",
    "status",
    "starts_at",
    "created_at",
]


def _stay(begin: datetime, dice: random.Random) -> list[tuple[str, datetime]]:
    """What becomes of a seat, up to now: three in five are given back after one pack."""
    ends = begin + VALIDITY * (0.5 + dice.random())
    stay = [("held", begin - timedelta(minutes=4)), ("active", begin), ("grace", ends)]
    if dice.random() < 0.4:
        stay.append(("active", ends + GRACE * dice.random()))
        ends = ends + VALIDITY
        stay.append(("grace", ends))
    stay.append(("released", ends + GRACE))
    return [(status, moment) for status, moment in stay if moment < NOW]


def _state(stay: list[tuple[str, datetime]]) -> tuple[str, None, datetime | None, datetime | None]:
    """The seat's row after its history: status, held_until, grace_ends_at, released_at."""
    status, moment = stay[-1]
    grace = moment + GRACE if status == "grace" else None
    return status, None, grace, moment if status == "released" else None
