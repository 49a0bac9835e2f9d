"""It runs itself: whole workers killed at random moments under load, a queue that is emptied while
they work, and all outside services away for ten minutes. In the end everything has happened, and
everything once.

`make test` kills a few, CHAOS=full at least three hundred on each database.
"""

from __future__ import annotations

import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import checkout, clock, db, notifications, outbox
from services.config import settings
from services.jobs import runs
from services.models import (
    InboxEvent,
    InboxStatus,
    JobRun,
    JobStatus,
    OrderStatus,
    OutboxMessage,
    OutboxStatus,
    Pack,
    SeatStatus,
    User,
)
from services.outbox.taking import WAITING
from tests.chaos import truth
from tests.chaos.shop import Bought, Buyer, admin, paid
from tests.chaos.test_kills import paid_without_a_place
from tests.chaos.till import Till
from tests.chaos.workers import Workers, warm
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.discord import Discord
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import NOBODY_LISTENS, Studio, stored, studio
from tests.support.valkey import Valkey

__all__ = ["studio"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]

FULL = os.environ.get("CHAOS") == "full"
KILLS = 304 if FULL else 16
TOGETHER = 4
"""Workers that work, and die, at the same time."""
SHORTEST, LONGEST = 0.01, 0.5
"""Seconds that a worker lives after it has taken its first message."""
MEANWHILE = 1.0
"""Seconds after which a crew is at work."""
LETTERS = 24
"""Messages of each kind that are written for every crew of workers."""
MISSED_AT_MOST = 0.5
"""How many crews may die without leaving anything half done: they were idle."""
LEFT_ALONE = 8
"""After so many crews a worker lives long enough: what was begun thirty times and killed each time
is given up as deadly, and told to the admins."""
CARELESS_LIVES = 24
"""How often the control tries at most: one in two such lives ends between stamp and mail."""
AFTER_LEASES = timedelta(minutes=3)


@dataclass
class Crew:
    """Workers on SQLite alone, or on PostgreSQL with their queue in Valkey; and their load."""

    till: Till
    workers: Workers
    valkey: Valkey | None
    owner: Buyer
    dice: random.Random
    bought: list[Bought] = field(default_factory=list)
    returned: list[Bought] = field(default_factory=list)
    things: list[str] = field(default_factory=list)
    hits: int = 0

    def load(self) -> None:
        """A purchase, now and then one whose money must go back, and many messages."""
        self.bought.append(paid(self.till))
        if self.dice.random() < 0.25:
            self.returned.append(paid_without_a_place(self.till))
        with db.transaction() as session:
            for _ in range(LETTERS):
                thing = f"ord_{len(self.things):022}"
                self.things.append(thing)
                write_letter(session, self.owner, "ledger", thing)
                said = {"text": f"Look at {thing}."}
                outbox.add(session, kind="discord_alert", key=f"discord:load:{thing}", data=said)

    def die(self, meanwhile: Callable[[], None] | None = None) -> None:
        """A crew works, and is killed at moments of its own; something happens meanwhile."""
        lives = [self.dice.uniform(SHORTEST, LONGEST) for _ in range(TOGETHER)]
        tasks = [{"job": "work", "kill_at": None, "life": life} for life in lives]
        other = threading.Timer(MEANWHILE, meanwhile or (lambda: None))
        other.start()
        assert all(report.landed for report in self.workers.run_together(tasks))
        other.join()
        self.hits += half_done() > 0

    def restart(self) -> None:
        """The queue's server goes away, and comes back with nothing in it."""
        assert self.valkey is not None
        self.valkey.stop()
        self.valkey.start()


@pytest.fixture
def crew(till: Till, tmp_path: Path) -> Iterator[Crew]:
    with ExitStack() as stack:
        valkey = None
        if not settings().is_sqlite:
            valkey = Valkey(tmp_path / "valkey")
            stack.callback(valkey.stop)
            valkey.start()
            stack.enter_context(environment_of({"REDIS_URL": valkey.url}))
        workers = stack.enter_context(warm())
        yield Crew(till, workers, valkey, admin(), random.Random(20))


def test_workers_killed_at_random_moments_lose_nothing_and_double_nothing(
    crew: Crew, sandbox: Sandbox
) -> None:
    crews = KILLS // TOGETHER
    for number in range(crews):
        crew.load()
        # Now and then whatever is in the queue is gone.
        empty = crew.valkey.empty if crew.valkey is not None and number % 3 == 1 else None
        crew.die(empty)
        time_passes()
        if number % LEFT_ALONE == LEFT_ALONE - 1:
            finish()
    print(f"{KILLS} kills, {crew.hits} of {crews} crews left something half done")
    assert crew.hits >= (1 - MISSED_AT_MOST) * crews
    heal()

    for bought in crew.bought:
        truth.one_pack(bought, crew.till)
    for returned in crew.returned:
        truth.one_refund(returned, crew.till, crew.owner)
    truth.all_quiet()
    assert read(crew) == Counter(crew.things)
    said = [text for text in Discord(sandbox).alerts() if text.startswith("Look at")]
    assert Counter(said) == Counter(f"Look at {thing}." for thing in crew.things)
    nobody_runs()


@pytest.mark.one_database("postgres")
def test_a_queue_that_is_restarted_empty_while_workers_work_loses_nothing(crew: Crew) -> None:
    """Everything that waits is in the database: the queue holds wake-ups."""
    for _ in range(6 if FULL else 2):
        crew.load()
        crew.die(crew.restart)
        time_passes()
    heal()
    for bought in crew.bought:
        truth.one_pack(bought, crew.till)
    truth.all_quiet()


def test_a_worker_that_stamps_before_it_sends_loses_letters(crew: Crew) -> None:
    """The control: killed in the same way, sooner or later such a worker is found out."""
    for _ in range(CARELESS_LIVES):
        crew.load()
        task = {"job": "careless", "kill_at": None, "life": crew.dice.uniform(0.05, 0.3)}
        assert crew.workers.run_together([task])[0].landed
        time_passes()
        if stamped() > read(crew).total():
            break
    heal()
    assert read(crew) != Counter(crew.things)
    assert read(crew) <= Counter(crew.things)


def stamped() -> int:
    """How many of the letters about the load are said to have been sent."""
    ours = col(OutboxMessage.unique_key).startswith("mail:load:")
    with db.reading() as session:
        counted = select(func.count()).select_from(OutboxMessage)
        sent = OutboxMessage.status == OutboxStatus.SENT
        return session.exec(counted.where(sent, ours)).one()


def read(crew: Crew) -> Counter[str]:
    """The things about which the admin was written to, and how often."""
    letters = crew.till.mails(crew.owner.email, "admin_alert")
    found = (re.search(r"ord_\d{22}", letter["text"]) for letter in letters)
    return Counter(each[0] for each in found if each)


def half_done() -> int:
    """Messages and events that a worker had taken and not settled."""
    now = clock.utc_now()
    messages = select(func.count()).where(
        col(OutboxMessage.status).in_(WAITING),
        col(OutboxMessage.due_at) > now,
        col(OutboxMessage.attempts) > 0,
    )
    events = select(func.count()).where(
        InboxEvent.status == InboxStatus.RECEIVED,
        col(InboxEvent.due_at) > now,
        col(InboxEvent.attempts) > 0,
    )
    with db.reading() as session:
        return session.exec(messages).one() + session.exec(events).one()


def time_passes() -> None:
    """Three minutes, as leases see it: they end."""
    with db.transaction() as session:
        for table in (OutboxMessage, InboxEvent):
            waiting = session.exec(
                select(table).where(col(table.status).in_([*WAITING, InboxStatus.RECEIVED]))
            ).all()
            for row in waiting:
                row.due_at -= AFTER_LEASES


def heal() -> None:
    """A worker that is left alone finishes what all the others have begun."""
    for minutes in (3, 10, 30, 90, 400):
        with clock.at(clock.utc_now() + timedelta(minutes=minutes)):
            finish()


def finish() -> None:
    """A worker does all that is due."""
    handle_inbox.call_local()
    send_outbox.call_local()


def nobody_runs() -> None:
    """The runs of those who were killed are closed, and say so."""
    with clock.at(clock.utc_now() + timedelta(hours=2)):
        runs.close_lost()
    with db.reading() as session:
        running = select(func.count()).where(JobRun.status == JobStatus.RUNNING)
        assert session.exec(running).one() == 0


AWAY = (
    "STRIPE_API_BASE",
    "PAYPAL_API_BASE",
    "RESEND_API_BASE",
    "DISCORD_API_BASE",
    "GOOGLE_API_BASE",
)
ADA = "ada.admin@example.com"
ALERTS = ("sold_out", "paid_twice", "refund_failed", "ledger")
ABOUT = "ord_" + "7" * 22


def test_all_vendors_away_for_ten_minutes_are_left_in_peace_and_then_all_drains_in_order(
    studio: Studio,
) -> None:
    owner = an_admin()
    order = checkout.start(
        actor=acting(a_user()), offer=an_offer(a_mentor()).public_id, provider="stripe"
    ).order
    studio.pay(order)
    webhooks = studio.lose_webhooks()

    with environment_of(dict.fromkeys(AWAY, NOBODY_LISTENS)):
        for webhook in webhooks:
            webhook.receive()
        for number in range(30):
            with db.transaction() as session:
                for alert in ALERTS[number : number + 1]:
                    write_letter(session, owner, alert, ABOUT)
                write_letter(session, owner, "ledger", f"ord_{number:022}")
            studio.sweep()
            studio.wait(seconds=20)
        waiting = [row for row in stored(OutboxMessage) if row.kind == "mail"]
        assert {row.status for row in waiting} <= set(WAITING)
        tried = [row for row in waiting if row.attempts]
        assert max(row.attempts for row in tried) <= 7  # 10 s, 20 s, 40 s … between them
        assert len({row.due_at for row in tried}) == len(tried)  # they do not come back at once
        [event] = [row for row in stored(InboxEvent) if row.type == "checkout.session.completed"]
        assert (event.status, event.attempts <= 7) == (InboxStatus.RECEIVED, True)

    minutes = 0
    while not quiet():
        studio.wait(minutes=1)
        studio.sweep()
        minutes += 1
        assert minutes < 20, "it does not drain"

    assert studio.order(order).status is OrderStatus.PAID
    assert len(stored(Pack)) == 1
    assert studio.seat(order).status is SeatStatus.ACTIVE
    letters = [letter["text"] for letter in reversed(mails(studio))]
    about = [text for text in letters if ABOUT in text]
    assert [alert_of(text) for text in about] == list(ALERTS)
    for number in range(30):
        assert len([text for text in letters if f"ord_{number:022}" in text]) == 1


def write_letter(session: Session, reader: Buyer | User, alert: str, thing: str) -> None:
    """A message to an admin about a thing."""
    data = {"template": "admin_alert", "user_id": reader.id, "alert": alert, "thing": thing}
    outbox.add(session, kind="mail", key=f"mail:load:{alert}:{thing}", data=data)


def quiet() -> bool:
    """Nothing waits any more."""
    messages = {row.status for row in stored(OutboxMessage)}
    events = {row.status for row in stored(InboxEvent)}
    return messages == {OutboxStatus.SENT} and InboxStatus.RECEIVED not in events


def mails(studio: Studio) -> list[dict[str, Any]]:
    """The admin's, newest first."""
    return cast("list[dict[str, Any]]", studio.sandbox.control(f"mail?to={ADA}"))


def alert_of(text: str) -> str:
    """Which alert a mail is."""
    return next(alert for alert in ALERTS if notifications.ALERTS[alert] in text)
