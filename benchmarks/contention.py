"""Contention: 200 buyers, each in a thread of its own, for 10 seats; exactly 10 get one.

The product's side is `checkout.start`, the click on "buy", for every buyer: account and offer are
read, the seat is held, order, history, audit and topics are written, and the winners' payment pages
are opened at the simulated provider. The bare side does, with the same threads and as many
connections, only what keeps a seat from being sold twice (lock, count, insert), and for each winner
the same call to the provider by the same adapter, since that is no database's work.

`…_hold` leaves the provider out on both sides. On SQLite it is held against the fastest way known,
one connection with a lock of the process in front, which a program with several connections that
wait for SQLite's own lock is five times slower than.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from queue import SimpleQueue

from psycopg_pool import ConnectionPool

from benchmarks.figure import Figure, at_most, middle, sized, without_goal
from benchmarks.surroundings import DATABASES, database, simulators
from services import checkout, clock, db
from services.checkout import opening
from services.config import settings
from services.errors import SeatsSoldOut
from services.ids import UserId, new_public_id
from services.models import User
from services.money import Money
from services.providers.payments.base import NewCheckout
from services.providers.payments.registry import payments
from tests.chaos.shop import Buyer, Shop, open_shop

SEATS = 10
GOAL = 2.0
PATIENCE_SECONDS = 300
FIGURES = tuple(f"contention_{kind}{what}" for kind in DATABASES for what in ("", "_hold"))
Attempt = Callable[[Shop, Buyer], bool]
"""One buyer's attempt; whether it got a seat."""


def measure() -> list[Figure]:
    """The figures of both databases."""
    figures: list[Figure] = []
    with simulators() as (vendors, folder):
        vendors.control("stripe/webhooks", {"mode": "hold"})
        for kind in DATABASES:
            with database(kind, folder / kind) as url:
                figures += _compare(kind, url)
    return figures


def _compare(kind: str, url: str) -> list[Figure]:
    connections = 2 * settings().database_pool_size  # at most, in the product
    bare_side = _bare_sqlite if kind == "sqlite" else _bare_postgres
    fastest = 1 if kind == "sqlite" else connections
    with bare_side(url, connections) as bare, bare_side(url, fastest) as bare_hold:
        sides: dict[str, Attempt] = {
            "bare": lambda shop, buyer: bare(shop, buyer) and _open_page(shop, buyer),
            "product": _start,
            "bare hold": bare_hold,
            "product hold": _hold,
        }
        times: dict[str, list[float]] = {name: [] for name in sides}
        warming, rounds = sized((2, 15), (0, 1))
        for turn in range(warming + rounds):
            for name, attempt in sides.items():
                spent = _rush(attempt, open_shop(capacity=SEATS), _crowd(sized(200, 15)))
                if turn >= warming:
                    times[name].append(spent * 1000)
    middles = {name: middle(some) for name, some in times.items()}
    whole, hold = middles["product"], middles["product hold"]
    return [
        at_most(f"contention_{kind}", whole, "ms", baseline=middles["bare"], goal=GOAL),
        without_goal(f"contention_{kind}_hold", hold, "ms", baseline=middles["bare hold"]),
    ]


def _crowd(size: int) -> list[Buyer]:
    """People who have never bought anything."""
    people = [
        User(
            email=f"{new_public_id('buyer')}@example.com",
            name="Demo Buyer",
            password_hash="x",
            email_verified_at=clock.utc_now(),
        )
        for _ in range(size)
    ]
    with db.transaction() as session:
        session.add_all(people)
        session.flush()
        return [Buyer(person.id, person.email) for person in people]


def _rush(attempt: Attempt, shop: Shop, crowd: Sequence[Buyer]) -> float:
    """Seconds until everybody knows, all begun at one moment.

    Raises:
        RuntimeError: another number than that of the seats was sold.
    """
    gate = threading.Barrier(len(crowd) + 1, timeout=PATIENCE_SECONDS)
    won: list[Buyer] = []
    errors: list[Exception] = []

    def run(buyer: Buyer) -> None:
        gate.wait()
        try:
            if attempt(shop, buyer):
                won.append(buyer)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(buyer,)) for buyer in crowd]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    spent = time.perf_counter() - began
    if errors or len(won) != SEATS:
        raise RuntimeError(f"{len(won)} of {SEATS} seats were sold; errors: {errors[:3]}")
    return spent


def _start(shop: Shop, buyer: Buyer) -> bool:
    try:
        return checkout.start(actor=buyer.actor, offer=shop.offer).url is not None
    except SeatsSoldOut:
        return False


def _hold(shop: Shop, buyer: Buyer) -> bool:
    try:
        opening.hold(actor=buyer.actor, user_id=buyer.id, offer=shop.offer)
    except SeatsSoldOut:
        return False
    return True


def _open_page(shop: Shop, buyer: Buyer) -> bool:
    """The call to the provider that every winner needs, on both sides."""
    expires_at = clock.utc_now().replace(microsecond=0) + timedelta(
        minutes=settings().seat_hold_minutes
    )
    new = NewCheckout(
        order=new_public_id("ord"),
        attempt=1,
        title="Pack",
        description="4 sessions",
        price=Money(10_000, "EUR"),
        email=buyer.email,
        expires_at=expires_at,
        return_url=f"{settings().public_url}/checkout/return?mentor={shop.slug}",
        delayed=False,
    )
    return payments("stripe").create_checkout(new).url is not None


def _seat(shop: Shop, buyer_id: UserId) -> tuple[object, ...]:
    now = clock.utc_now().replace(tzinfo=None)
    until = now + timedelta(minutes=35)
    times = (until.isoformat(" "), now.isoformat(" "))
    return (new_public_id("sea"), buyer_id, shop.mentor_id, "held", *times)


COLUMNS = "public_id, mentee_id, mentor_id, status, held_until, created_at"
COUNT = "SELECT count(*) FROM seat WHERE mentor_id = {mark} AND status <> 'released'"


def connected(url: str) -> sqlite3.Connection:
    """A plain connection to an SQLite database, as durable as the product's."""
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        f"busy_timeout = {db.SQLITE_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _bare_sqlite(url: str, size: int) -> Iterator[Attempt]:
    """BEGIN IMMEDIATE is the lock; one connection has no other to wait for but its own queue."""
    connections = [connected(url) for _ in range(size)]
    free = SimpleQueue[sqlite3.Connection]()
    for connection in connections:
        free.put(connection)
    capacity = "SELECT capacity FROM mentor WHERE id = ?"
    insert = f"INSERT INTO seat ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"

    def attempt(shop: Shop, buyer: Buyer) -> bool:
        connection = free.get()
        try:
            connection.execute("BEGIN IMMEDIATE")
            (places,) = connection.execute(capacity, (shop.mentor_id,)).fetchone()
            (taken,) = connection.execute(COUNT.format(mark="?"), (shop.mentor_id,)).fetchone()
            if taken >= places:
                connection.execute("ROLLBACK")
                return False
            connection.execute(insert, _seat(shop, buyer.id))
            connection.execute("COMMIT")
            return True
        finally:
            free.put(connection)

    yield attempt
    for connection in connections:
        connection.close()


@contextmanager
def _bare_postgres(url: str, size: int) -> Iterator[Attempt]:
    """The mentor's row is the lock."""
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    pool = ConnectionPool(
        address, min_size=size, max_size=size, open=False, timeout=PATIENCE_SECONDS
    )
    capacity = "SELECT capacity FROM mentor WHERE id = %s FOR NO KEY UPDATE"
    insert = f"INSERT INTO seat ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"

    def attempt(shop: Shop, buyer: Buyer) -> bool:
        with pool.connection() as connection:  # commits at its end
            row = connection.execute(capacity, (shop.mentor_id,)).fetchone()
            count = connection.execute(COUNT.format(mark="%s"), (shop.mentor_id,)).fetchone()
            assert row is not None and count is not None
            if count[0] >= row[0]:
                return False
            connection.execute(insert, _seat(shop, buyer.id))
            return True

    with pool:
        pool.wait()
        yield attempt
