"""Open pages: how fast a guarded event comes back with a hundred tabs connected, and what a hundred
live dashboards cost the web worker while packs are bought."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlmodel import Session, select

from benchmarks.figure import Figure, at_most, sized
from benchmarks.surroundings import database, product
from benchmarks.tabs import Tab
from services import db, payments
from services.audit import SYSTEM
from services.models import Mentor, Order, PackOffer, Provider, User
from services.money import Money
from state.admin_orders import AdminOrdersState
from state.admin_overview import AdminOverviewState
from state.admin_revenue import AdminRevenueState
from state.admin_seats import AdminSeatsState
from state.base import AppState
from state.dashboard import DashboardState
from state.mentor_dashboard import MentorDashboardState
from tests.services.rows import an_offer, an_order
from tests.support.live_web import cookie_of
from tests.support.people import make_user

FIGURES = ("event_roundtrip_100", "live_100_dashboards_cpu", "live_100_dashboards")
TABS = 100
EVENTS_A_SECOND = 200
SALES_A_SECOND = 5
ROUNDTRIP_GOAL_MS = 25
CORE_GOAL = 0.5
APPEARS_GOAL_MS = 1_000
PATIENCE_SECONDS = 30.0
SEARCH = f"{AdminOrdersState.get_full_name()}.search"


def measure() -> list[Figure]:
    """p95 in milliseconds, cores of the web worker, p95 in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="mentorships-events-") as folder:
        place = Path(folder)
        with database("sqlite", place / "database") as url:
            crowd = Crowd()
            with product(place / "data", url) as address:
                settled = address.replace("127.0.0.1", "localhost")
                roundtrip = asyncio.run(_roundtrip(settled, crowd, sized(10.0, 1.0)))
                cores, appears = asyncio.run(_live(settled, crowd, sized(20.0, 2.0)))
    return [
        at_most(FIGURES[0], roundtrip, "ms p95", goal=ROUNDTRIP_GOAL_MS),
        at_most(FIGURES[1], cores, "cores", goal=CORE_GOAL),
        at_most(FIGURES[2], appears, "ms p95", goal=APPEARS_GOAL_MS),
    ]


class Crowd:
    """An admin, five mentors, and twenty-five mentees, each signed in."""

    def __init__(self) -> None:
        make_user("ada@example.com", name="Ada Admin", admin=True)
        mentors = [f"mentor{number}@example.com" for number in range(5)]
        mentees = [f"mentee{number}@example.com" for number in range(25)]
        for email in mentors:
            make_user(email, name=email.partition("@")[0].title(), mentor=email.partition("@")[0])
        for email in mentees:
            make_user(email, name=email.partition("@")[0].title())
        with db.transaction() as session:
            rows = session.exec(select(Mentor)).all()
            for mentor in rows:
                mentor.listed, mentor.headline, mentor.capacity = True, "A mentor", 1_000
            self.mentees = [_named(session, email) for email in mentees]
        self.offers: list[PackOffer] = [an_offer(mentor) for mentor in rows]
        self.admin = cookie_of("ada@example.com")
        self.seated = [cookie_of(email) for email in mentors]
        self.buyers = [cookie_of(email) for email in mentees]

    def sale(self, number: int) -> str:
        """One more order is paid, as the worker would do it; its public id."""
        buyer = self.mentees[number % len(self.mentees)]
        order = an_order(buyer, self.offers[number % len(self.offers)])
        with db.transaction() as session:
            stored = session.get_one(Order, order.id)
            price = Money(stored.amount_minor, stored.currency)
            payments.fulfil(
                session,
                actor=SYSTEM,
                order=stored,
                provider=Provider.STRIPE,
                payment_id=f"pi_{stored.id}",
                paid=price,
            )
        return order.public_id

    def pages(self) -> list[tuple[type[AppState], str, str]]:
        """A hundred dashboards: half are the admin's, and every purchase changes those that list or
        sum up orders or seats."""
        mentors = [(MentorDashboardState, "/mentor", one) for one in self.seated * 5]
        mentees = [(DashboardState, "/dashboard", one) for one in self.buyers]
        admins: list[tuple[type[AppState], str, str]] = [
            (AdminOrdersState, "/admin/orders", self.admin),
            (AdminOverviewState, "/admin", self.admin),
            (AdminRevenueState, "/admin/revenue", self.admin),
            (AdminSeatsState, "/admin/seats", self.admin),
            (AdminOrdersState, "/admin/orders", self.admin),
        ] * ((TABS - 50) // 5)
        return [*admins, *mentors, *mentees]


@dataclass
class Sightings:
    """When each order was first seen in the admin's tabs."""

    waiting: dict[str, float] = field(default_factory=dict[str, float])
    seconds: list[float] = field(default_factory=list[float])

    def watcher(self) -> Tab:
        """A tab that notes what it sees for the first time."""
        seen: set[str] = set()

        def note(text: str, at: float) -> None:
            for order, since in list(self.waiting.items()):
                if order not in seen and order in text:
                    seen.add(order)
                    self.seconds.append(at - since)

        return Tab(note)


async def _roundtrip(address: str, crowd: Crowd, seconds: float) -> float:
    """Each tab sends now and then, all of them together so many a second."""
    tabs = [Tab(lambda _text, _at: None) for _ in range(TABS)]
    for tab in tabs:
        await tab.open(address, crowd.admin)
        await tab.event(SEARCH, {"form": {"q": "x"}}, "/admin/orders")  # the first loads much
    times: list[float] = []
    until = time.perf_counter() + seconds
    pause = TABS / EVENTS_A_SECOND

    async def keep_sending(tab: Tab) -> None:
        while time.perf_counter() < until:
            await asyncio.sleep(random.uniform(0, 2 * pause))  # spreads the load
            times.append(await tab.event(SEARCH, {"form": {"q": "x"}}, "/admin/orders"))

    await asyncio.gather(*(keep_sending(tab) for tab in tabs))
    await asyncio.gather(*(tab.close() for tab in tabs))
    return _p95(times) * 1_000


async def _live(address: str, crowd: Crowd, seconds: float) -> tuple[float, float]:
    """The web worker's share of a core while packs are bought, and how late a purchase appears."""
    sightings = Sightings()
    tabs: list[Tab] = []
    for page, path, cookie in crowd.pages():
        watched = page is AdminOrdersState
        tab = sightings.watcher() if watched else Tab(lambda _text, _at: None)
        await tab.open(address, cookie)
        await tab.event(f"{page.get_full_name()}.load", {}, path)
        tabs.append(tab)
    await asyncio.sleep(1)
    workers, began = _listening(int(address.rpartition(":")[2])), time.perf_counter()
    spent = _cpu_seconds(workers)
    sales = int(seconds * SALES_A_SECOND)
    for number in range(sales):
        order = await asyncio.to_thread(crowd.sale, number)
        sightings.waiting[order] = time.perf_counter()
        next_at = began + (number + 1) / SALES_A_SECOND
        await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
    cores = (_cpu_seconds(workers) - spent) / (time.perf_counter() - began)
    wanted = sales * sum(page is AdminOrdersState for page, _, _ in crowd.pages())
    until = time.perf_counter() + PATIENCE_SECONDS
    while len(sightings.seconds) < wanted and time.perf_counter() < until:
        await asyncio.sleep(0.1)
    missed = wanted - len(sightings.seconds)
    await asyncio.gather(*(tab.close() for tab in tabs))
    if missed:
        raise RuntimeError(f"{missed} of {wanted} appearances were never seen")
    return cores, _p95(sightings.seconds) * 1_000


def _listening(port: int) -> list[psutil.Process]:
    """The processes that serve this port."""
    found = [each.pid for each in psutil.net_connections("tcp") if _is_at(each, port) and each.pid]
    return [psutil.Process(pid) for pid in set(found) if pid != os.getpid()]


def _is_at(connection: object, port: int) -> bool:
    place = getattr(connection, "laddr", None)
    return getattr(connection, "status", "") == "LISTEN" and bool(place) and place.port == port


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _named(session: Session, email: str) -> User:
    return session.exec(select(User).where(User.email == email)).one()
