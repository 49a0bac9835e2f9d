"""What wakes an operator: workers that fall silent and come back, and work that nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mentorships.watch import Watchman
from services import clock, db, inbox, notifications, outbox
from services.errors import ProviderUnavailable
from services.jobs import alerts, pauses, workers
from services.jobs.watching import Watch
from services.models import OutboxMessage, OutboxStatus, Worker
from tests.services.rows import an_admin
from tests.support.discord import Discord
from tests.support.studio import BEGINNING, Studio, stored, studio

__all__ = ["studio"]

ADA = "ada.admin@example.com"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now(database: str) -> Iterator[None]:
    an_admin()
    with clock.at(BEGINNING):
        yield


def told() -> list[str]:
    """What the admins were told of, by mail, oldest first: alert and thing."""
    found = [row.unique_key.split(":") for row in stored(OutboxMessage)]
    return [f"{key[2]} {key[3]}" for key in found if key[:2] == ["mail", "alert"]]


def keys() -> list[str]:
    return [row.unique_key for row in stored(OutboxMessage)]


def works(name: str = "a", *, until: float) -> None:
    """A worker that beats each half minute from the beginning until then."""
    for half in range(int(until * 2) + 1):
        with clock.at(BEGINNING + half * MINUTE / 2):
            alerts.beat(worker=name)


def test_a_worker_that_falls_silent_is_told_of_once_and_when_it_is_back(now: None) -> None:
    alerts.beat(worker="a")
    with clock.at(BEGINNING + timedelta(seconds=59)):
        assert alerts.raise_due() == []
    with clock.at(BEGINNING + timedelta(seconds=60)):
        assert alerts.raise_due() == ["a"]
        assert alerts.raise_due() == []
    with clock.at(BEGINNING + 9 * MINUTE):
        assert alerts.raise_due() == []
        alerts.beat(worker="a")
        alerts.beat(worker="a")
    assert told() == ["worker_silent a", "worker_back a"]
    with clock.at(BEGINNING + 20 * MINUTE):
        assert alerts.raise_due() == ["a"]
    assert told() == ["worker_silent a", "worker_back a", "worker_silent a"]


def test_the_alert_goes_to_discord_as_well(now: None) -> None:
    alerts.beat(worker="a")
    with clock.at(BEGINNING + 2 * MINUTE):
        alerts.raise_due()
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_alert"]
    assert message.data["text"].startswith("A worker gives no sign of life")


@pytest.mark.parametrize(
    ("alert", "thing", "called"),
    [
        ("refund_failed", "ref_" + "a" * 22, "a refund"),
        ("mail_quota", "mails", "mails"),
        ("queue_stuck", "money", "refunds"),
        ("queue_stuck", "inbox", "webhooks"),
        ("worker_silent", "web_1:7", "the worker web_1:7"),
    ],
)
def test_what_is_wrong_with_the_studio_is_told_on_discord_in_words_without_names(
    now: None, alert: str, thing: str, called: str
) -> None:
    with db.transaction() as session:
        notifications.alert_admins(session, alert=alert, thing=thing)
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_alert"]
    first = message.data["text"].splitlines()[0]
    assert first == f"{notifications.ALERTS[alert]}: {called}"


def test_a_worker_that_was_stopped_is_not_missed(now: None) -> None:
    alerts.beat(worker="a")
    workers.rest(worker="a")
    with clock.at(BEGINNING + 9 * MINUTE):
        assert alerts.raise_due() == []
        with db.reading() as session:
            [face] = workers.list_workers(session)
        assert (face.is_silent, face.stopped_at) == (False, BEGINNING)
        alerts.beat(worker="a")
    assert told() == []
    assert stored_worker("a").stopped_at is None


def test_a_worker_that_comes_back_counts_as_started_anew(now: None) -> None:
    works(until=3)
    assert stored_worker("a").started_at == BEGINNING
    with clock.at(BEGINNING + 30 * MINUTE):
        alerts.beat(worker="a", doing="outbox:mail")
    assert stored_worker("a").started_at == BEGINNING + 30 * MINUTE
    assert stored_worker("a").doing == "outbox:mail"


def test_work_that_nobody_does_for_ten_minutes_is_told_of_once(now: None) -> None:
    with db.transaction() as session:
        outbox.add(session, kind="refund", key="refund:1", data={})
    inbox.receive(provider="stripe", event_id="1", type="x", object_id="o", payload="{}")
    works(until=11)
    with clock.at(BEGINNING + 9.9 * MINUTE):
        assert alerts.raise_due() == []
    with clock.at(BEGINNING + 11 * MINUTE):
        assert alerts.raise_due() == ["money", "inbox"]
        alerts.raise_due()
    assert told() == ["queue_stuck money", "queue_stuck inbox"]


def test_what_grew_old_while_no_worker_was_there_is_nobodys_fault(now: None) -> None:
    inbox.receive(provider="stripe", event_id="1", type="x", object_id="o", payload="{}")
    with clock.at(BEGINNING + 3 * 60 * MINUTE):
        alerts.beat(worker="a")
        assert alerts.raise_due() == []


def test_a_worker_that_was_stopped_and_not_started_again_is_missed_after_ten_minutes(
    now: None,
) -> None:
    alerts.beat(worker="host:7")
    workers.rest(worker="host:7")
    with clock.at(BEGINNING + 9.9 * MINUTE):
        assert alerts.raise_due() == []
    with clock.at(BEGINNING + 10 * MINUTE):
        assert alerts.raise_due() == ["host:7"]
        alerts.raise_due()
        [said] = [row.data["text"] for row in stored(OutboxMessage) if row.kind == "discord_alert"]
        assert said.startswith("No worker has run for ten minutes")
        alerts.beat(worker="host:8")
        assert alerts.raise_due() == []
    assert len([key for key in keys() if key.startswith("mail:alert:nobody_works:host:7:")]) == 1


def test_of_a_worker_that_was_killed_only_its_silence_is_told(now: None) -> None:
    alerts.beat(worker="a")
    workers.rest(worker="a")
    with clock.at(BEGINNING + 1 * MINUTE):
        alerts.beat(worker="b")
    for minutes in (3, 30):
        with clock.at(BEGINNING + minutes * MINUTE):
            alerts.raise_due()
    assert told() == ["worker_silent b"]


def test_what_is_paused_or_waits_for_its_time_is_not_stuck(now: None) -> None:
    about = "ord_" + "a" * 22
    with db.transaction() as session:
        outbox.add(session, kind="refund", key="refund:1", data={})
        outbox.add(session, kind="mail", key=f"mail:1:{about}", data={})
        outbox.add(session, kind="mail", key=f"mail:2:{about}", data={})
        pauses.begin(session, kind="refund", reason="Their outage.", until=None)
    [first] = outbox.take(lane=outbox.LANES["mail"])
    outbox.failed(first, ProviderUnavailable("resend", "busy", retry_after=3600))
    works(until=11)
    with clock.at(BEGINNING + 11 * MINUTE):
        assert alerts.raise_due() == []


def test_who_has_slept_takes_nobody_for_silent(now: None) -> None:
    alerts.beat(worker="a")
    watch = Watch()
    assert watch.look() == []
    with clock.at(BEGINNING + 60 * MINUTE):  # the laptop was closed
        assert watch.look() == []
    with clock.at(BEGINNING + 60.5 * MINUTE):
        alerts.beat(worker="a")
        assert watch.look() == []
    with clock.at(BEGINNING + 61.2 * MINUTE):
        assert watch.look() == []
    with clock.at(BEGINNING + 62 * MINUTE):
        assert watch.look() == ["a"]


def test_the_web_process_sends_the_alert_when_no_worker_is_left(studio: Studio) -> None:
    an_admin()
    alerts.beat(worker="a")
    watchman = Watchman()
    for _ in range(6):
        watchman.look()
        studio.wait(seconds=20)
    assert studio.mails(ADA) == ["Please look: a"]
    assert {row.status for row in stored(OutboxMessage)} == {OutboxStatus.SENT}


def test_the_web_process_tells_that_nobody_works_in_words_that_people_know(
    studio: Studio,
) -> None:
    an_admin()
    alerts.beat(worker="host:7")
    workers.rest(worker="host:7")
    watchman = Watchman()
    for _ in range(13):
        watchman.look()
        studio.wait(minutes=1)
    assert studio.mails(ADA) == ["Please look: the worker host:7"]


def test_an_alert_whose_answer_was_lost_stands_on_discord_once_also_hours_later(
    studio: Studio,
) -> None:
    discord = Discord(studio.sandbox)
    discord.fault("/channels/*/messages", "drop_after", method="POST", times=1)
    with db.transaction() as session:
        said = {"text": "Mails wait. Look at it."}
        outbox.add(session, kind="discord_alert", key="discord:alert:queue_stuck:mail", data=said)
    studio.send()
    assert stored(OutboxMessage)[0].status is OutboxStatus.FAILED
    studio.wait(hours=3)
    studio.send()
    assert stored(OutboxMessage)[0].status is OutboxStatus.SENT
    assert discord.alerts() == ["Mails wait. Look at it."]


def test_an_alert_names_no_identifier_and_nobody(studio: Studio) -> None:
    admin = an_admin()
    with db.transaction() as session:
        data = {"template": "purchase", "user_id": admin.id, "order_id": -1}
        outbox.add(session, kind="mail", key="mail:purchase:1", data=data)
    studio.send()
    dead = stored(OutboxMessage)[0]
    assert dead.status is OutboxStatus.DEAD
    [text] = Discord(studio.sandbox).alerts()
    assert text.startswith("A message could not be sent: a message (purchase)\nhttp")


def test_the_web_process_leaves_the_sending_to_the_workers_that_are_left(studio: Studio) -> None:
    an_admin()
    alerts.beat(worker="a")
    watchman = Watchman()
    for _ in range(6):
        alerts.beat(worker="b")
        watchman.look()
        studio.wait(seconds=20)
    assert studio.mails(ADA) == []
    studio.send()
    assert studio.mails(ADA) == ["Please look: a"]


def test_workers_that_are_gone_for_a_week_are_forgotten(now: None) -> None:
    alerts.beat(worker="a")
    with clock.at(BEGINNING + 6 * 24 * 60 * MINUTE):
        alerts.beat(worker="b")
    with clock.at(BEGINNING + 8 * 24 * 60 * MINUTE):
        assert workers.forget_gone() == 1
    with db.reading() as session:
        assert [face.name for face in workers.list_workers(session)] == ["b"]


def stored_worker(name: str) -> Worker:
    with db.reading() as session:
        return session.get_one(Worker, name)
