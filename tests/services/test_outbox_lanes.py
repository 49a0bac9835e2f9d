"""Lanes: one vendor that is away holds up no other, what belongs together leaves in order, and what
a vendor asks for is obeyed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import col, select

from jobs import lanes
from jobs.outbox import SENDERS
from services import clock, db, outbox
from services.errors import ProviderRejected, ProviderUnavailable
from services.jobs import pauses
from services.models import JobRun, JobStatus, OutboxMessage, OutboxStatus, Pause
from services.outbox import LANES, Message
from tests.services.rows import an_admin
from tests.support.studio import BEGINNING, stored

MAIL = LANES["mail"]
ABOUT = "ord_" + "a" * 22
OTHER = "ord_" + "b" * 22
OUTAGE = ProviderUnavailable("resend", "away")


@pytest.fixture
def now(database: str) -> Iterator[None]:
    """A stopped clock."""
    with clock.at(BEGINNING):
        yield


@contextmanager
def later(**more: float) -> Iterator[None]:
    with clock.at(clock.utc_now() + timedelta(**more)):
        yield


def written(*keys: str, kind: str = "mail") -> None:
    with db.transaction() as session:
        for key in keys:
            outbox.add(session, kind=kind, key=key, data={"n": 1})


def nothing(_message: Message) -> str:
    return ""


class Vendor:
    """Takes what it is sent, unless it is told to answer otherwise."""

    def __init__(self, *answers: Exception | None) -> None:
        self.got: list[str] = []
        self._answers = list(answers)

    def __call__(self, message: Message) -> str:
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer
        self.got.append(message.key)
        return "sent"


def drain(send: Callable[[Message], str], lane: outbox.Lane = MAIL) -> int:
    return lanes.drain(lane, send=send, bury=lambda _message, _error: False)


def states() -> dict[str, OutboxStatus]:
    return {row.unique_key: row.status for row in stored(OutboxMessage)}


def test_a_lane_is_drained_in_order_and_each_message_has_its_run(now: None) -> None:
    keys = [f"mail:{number}" for number in range(30)]
    written(*keys)
    vendor = Vendor()
    assert drain(vendor) == 30
    assert vendor.got == keys
    runs = stored(JobRun)
    assert [run.subject for run in runs] == keys
    assert {(run.status, run.result, run.attempt) for run in runs} == {
        (JobStatus.SUCCEEDED, "sent", 1)
    }


def test_a_lane_takes_nothing_of_another(now: None) -> None:
    written("mail:1")
    written("refund:1", kind="refund")
    written("pigeon:1", kind="pigeon")
    vendor = Vendor()
    assert drain(vendor, LANES["money"]) == 1
    assert drain(vendor, LANES["house"]) == 1
    assert vendor.got == ["refund:1", "pigeon:1"]


def test_messages_about_one_thing_wait_for_the_older_one_that_is_tried_again(now: None) -> None:
    written(f"mail:bought:{ABOUT}", f"mail:refunded:{ABOUT}", f"mail:bought:{OTHER}")
    vendor = Vendor(OUTAGE)
    drain(vendor)
    assert vendor.got == [f"mail:bought:{OTHER}"]
    with later(minutes=1):
        drain(vendor)
    assert vendor.got[1:] == [f"mail:bought:{ABOUT}", f"mail:refunded:{ABOUT}"]


def test_a_dead_letter_holds_up_nothing_that_follows(now: None) -> None:
    written(f"mail:bought:{ABOUT}", f"mail:refunded:{ABOUT}")
    vendor = Vendor(ProviderRejected("resend", "no such address"))
    drain(vendor)
    assert vendor.got == [f"mail:refunded:{ABOUT}"]


def test_a_vendor_that_is_away_is_asked_a_few_times_and_then_left_alone(now: None) -> None:
    written(*(f"mail:{number}" for number in range(40)))
    away = Vendor(*[OUTAGE] * 40)
    drain(away)
    tried = [row for row in stored(OutboxMessage) if row.attempts]
    assert len(tried) == lanes.GIVE_UP_AFTER
    due = [row for row in stored(OutboxMessage) if row.status is OutboxStatus.DUE]
    assert {row.due_at for row in due} == {clock.utc_now()}
    back = Vendor()
    assert drain(back) == 35
    with later(minutes=1):
        drain(back)
    assert set(states().values()) == {OutboxStatus.SENT}


def test_a_vendor_says_how_long_to_wait_and_no_attempt_is_counted(now: None) -> None:
    written("mail:1", "mail:2")
    busy = ProviderUnavailable("resend", "429", retry_after=90)
    drain(Vendor(*[busy] * 20))
    first, second = stored(OutboxMessage)
    assert (first.status, first.attempts) == (OutboxStatus.FAILED, 0)
    assert timedelta(seconds=90) <= first.due_at - clock.utc_now() <= timedelta(seconds=113)
    assert (second.status, second.attempts) == (OutboxStatus.DUE, 0)
    vendor = Vendor()
    with later(seconds=89):
        drain(vendor)
    with later(seconds=115):
        drain(vendor)
    assert vendor.got == ["mail:2", "mail:1"]


def test_who_stood_still_for_a_month_and_is_asked_to_wait_then_is_not_given_up(now: None) -> None:
    """A month's quota was used up; when mails go on, they are too fast for a moment."""
    written("mail:1", "mail:2")
    with later(days=31):
        drain(Vendor(ProviderUnavailable("resend", "429", retry_after=60)))
        assert states() == {"mail:1": OutboxStatus.FAILED, "mail:2": OutboxStatus.DUE}
    with later(days=31, minutes=2):
        drain(nothing)
    assert set(states().values()) == {OutboxStatus.SENT}


def test_a_lane_waits_on_the_spot_where_it_is_asked_to_wait_for_a_moment(now: None) -> None:
    written(*(f"mail:{number}" for number in range(20)))
    busy = ProviderUnavailable("resend", "429", retry_after=0.05)
    vendor = Vendor(None, busy, None, busy)
    assert drain(vendor) == 20
    assert len(vendor.got) == 18
    with later(seconds=2):
        drain(vendor)
    assert len(set(vendor.got)) == 20


def test_a_lane_does_not_wait_on_the_spot_for_ever(
    now: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_RESTS", 3)
    written(*(f"mail:{number}" for number in range(20)))
    drain(Vendor(*[ProviderUnavailable("resend", "429", retry_after=0.01)] * 20))
    assert len([row for row in stored(OutboxMessage) if row.status is OutboxStatus.FAILED]) == 4


def test_roles_look_at_the_world_themselves_and_wait_for_no_older_one(now: None) -> None:
    """Somebody links anew, or an admin asks again, while an older action is tried again."""
    grant = "dgr_" + "a" * 22
    written(f"discord:role:{grant}:1", kind="discord_role")
    drain(Vendor(ProviderUnavailable("discord", "away")), LANES["discord"])
    written(f"discord:role:{grant}:2", kind="discord_role")
    vendor = Vendor()
    drain(vendor, LANES["discord"])
    assert vendor.got == [f"discord:role:{grant}:2"]


def test_who_typed_a_command_waits_for_nothing_else_at_discord() -> None:
    assert outbox.lane_of("discord_answer").kinds == {"discord_answer"}


def test_a_vendor_that_refuses_our_key_stops_its_lane_and_nothing_is_lost(now: None) -> None:
    an_admin()
    written("discord:role:1", "discord:role:2", kind="discord_role")
    refused = ProviderUnavailable("discord", "the key was refused", stop=True)
    drain(Vendor(*[refused] * 9), LANES["discord"])
    assert {row.kind for row in stored_pauses()} == LANES["discord"].kinds
    told = [key for key in states() if key.startswith("mail:alert:vendor_stopped:discord:")]
    assert len(told) == 1
    vendor = Vendor()
    with later(days=10):
        assert drain(vendor, LANES["discord"]) == 0
        with db.transaction() as session:
            for kind in LANES["discord"].kinds:
                assert pauses.end(session, kind=kind)
        drain(vendor, LANES["discord"])
    assert {"discord:role:1", "discord:role:2"} <= set(vendor.got)


def test_what_is_paused_stays_due_and_holds_up_nothing_else(now: None) -> None:
    written("discord:dm:1", kind="discord_dm")
    written("discord:role:1", kind="discord_role")
    with db.transaction() as session:
        until = clock.utc_now() + timedelta(hours=1)
        pauses.begin(session, kind="discord_dm", reason="Too many messages.", until=until)
    vendor = Vendor()
    drain(vendor, LANES["discord"])
    assert vendor.got == ["discord:role:1"]
    with later(minutes=59):
        assert drain(vendor, LANES["discord"]) == 0
    with later(hours=1):
        assert drain(vendor, LANES["discord"]) == 1


def test_a_pause_that_comes_while_a_message_is_out_costs_it_no_attempt(now: None) -> None:
    written("mail:1")

    def out_of_quota(_message: Message) -> str:
        with db.transaction() as session:
            pauses.begin(session, kind="mail", reason="Today's quota is used up.", until=None)
        raise OUTAGE

    drain(out_of_quota)
    [row] = stored(OutboxMessage)
    assert (row.status, row.attempts) == (OutboxStatus.FAILED, 0)


def test_one_odd_message_never_keeps_the_others_unsettled(now: None) -> None:
    """Its row is gone while it is on its way: what became of it cannot be written down."""
    written("mail:1", "mail:2", "mail:3")

    def odd(message: Message) -> str:
        if message.key == "mail:2":
            with db.transaction() as session:
                session.delete(session.get_one(OutboxMessage, message.id))
            raise OUTAGE
        return ""

    drain(odd)
    assert states() == {"mail:1": OutboxStatus.SENT, "mail:3": OutboxStatus.SENT}


def test_a_sender_that_exits_has_failed_and_takes_nobody_along(now: None) -> None:
    written("mail:1", "mail:2")

    def exits(message: Message) -> str:
        if message.key == "mail:1":
            raise SystemExit(3)
        return ""

    drain(exits)
    assert states() == {"mail:1": OutboxStatus.FAILED, "mail:2": OutboxStatus.SENT}
    assert stored(OutboxMessage)[0].error == "RuntimeError: SystemExit: 3"


def test_a_message_of_which_workers_die_ends_as_a_dead_letter(now: None) -> None:
    written("mail:1")
    for turn in range(outbox.MOST_LEASES):
        with later(minutes=3 * turn):
            assert len(outbox.take()) == 1
    with later(days=1):
        assert drain(nothing) == 1
    [row] = [row for row in stored(OutboxMessage) if row.unique_key == "mail:1"]
    assert row.status is OutboxStatus.DEAD
    assert "never came to an end" in row.error


def test_a_second_thread_leaves_a_lane_to_the_first(now: None) -> None:
    written("mail:1", "mail:2")
    inside, go_on = threading.Event(), threading.Event()

    def slow(_message: Message) -> str:
        inside.set()
        assert go_on.wait(30)
        return ""

    def first() -> None:
        with clock.at(BEGINNING):
            drain(slow)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(30)
    assert drain(nothing) == 0
    go_on.set()
    thread.join()
    assert set(states().values()) == {OutboxStatus.SENT}


def test_what_takes_its_time_is_listed_as_running(now: None) -> None:
    written("mail:1")
    seen: list[JobStatus] = []
    over = threading.Event()

    def slow(_message: Message) -> str:
        assert over.wait(30)
        return ""

    def watch() -> None:
        while not seen:
            with db.reading() as session:
                seen.extend(run.status for run in session.exec(select(JobRun)).all())
        over.set()

    watching = threading.Thread(target=watch)
    watching.start()
    drain(slow)
    watching.join()
    assert seen == [JobStatus.RUNNING]
    assert [run.status for run in stored(JobRun)] == [JobStatus.SUCCEEDED]


def test_what_was_taken_and_not_begun_is_given_back_as_it_was(now: None) -> None:
    written("mail:1", "mail:2")
    with later(seconds=30):
        first, second = outbox.take()
        outbox.done(first)
        outbox.give_back([first, second])
    sent, back = stored(OutboxMessage)
    assert (sent.status, sent.attempts) == (OutboxStatus.SENT, 1)
    assert (back.status, back.attempts, back.due_at) == (OutboxStatus.DUE, 0, clock.utc_now())


def stored_pauses() -> list[Pause]:
    with db.reading() as session:
        return list(session.exec(select(Pause).order_by(col(Pause.kind))).all())


def test_every_kind_that_is_sent_has_a_lane() -> None:
    assert set(SENDERS) == set(outbox.KINDS)
