"""Stored events: handled once, tried again, given up on loudly, replayed by an admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlmodel import col, update

from jobs import inbox as handling
from jobs.inbox import handle_inbox
from services import clock, db, inbox, outbox
from services.audit import Actor
from services.errors import (
    NotAllowed,
    NotFound,
    ProviderRejected,
    ProviderUnavailable,
    SignInNeeded,
)
from services.inbox import Outcome
from services.models import (
    AuditEntry,
    InboxEvent,
    InboxStatus,
    JobRun,
    JobStatus,
    OutboxMessage,
)
from tests.services.rows import a_user, acting, an_admin
from tests.support.locks import until_somebody_waits
from tests.support.studio import BEGINNING, Studio, stored

OUTAGE = ProviderUnavailable("stripe", "away")


def _received(event_id: str = "evt_1", type: str = "checkout.session.completed") -> bool:
    return inbox.receive(
        provider="stripe", event_id=event_id, type=type, object_id="cs_1", payload="{}"
    )


def test_the_same_event_of_another_provider_is_another_event(database: str) -> None:
    assert _received()
    assert not _received()
    assert inbox.receive(
        provider="another", event_id="evt_1", type="paid", object_id="", payload="{}"
    )
    assert len(stored(InboxEvent)) == 2


def test_a_type_that_nobody_handles_is_kept_and_ignored(database: str) -> None:
    _received(type="customer.created")
    handle_inbox.call_local()
    [event] = stored(InboxEvent)
    assert (event.status, event.handled_at, event.payload) == (InboxStatus.IGNORED, None, "{}")


def test_an_event_goes_to_one_taker_until_its_lease_is_over(database: str) -> None:
    with clock.at(BEGINNING):
        _received()
        [taken] = inbox.take()
        assert inbox.take() == []
    with clock.at(BEGINNING + inbox.LEASE):
        [again] = inbox.take()
    assert (taken.attempt, again.attempt) == (1, 2)


def test_a_worker_that_died_is_followed_by_another(studio: Studio) -> None:
    """The first taker never comes back: the sweep handles the event after the lease."""
    _received(type="customer.created")
    assert len(inbox.take()) == 1
    studio.sweep()
    assert stored(InboxEvent)[0].status is InboxStatus.RECEIVED
    studio.wait(minutes=1)
    studio.sweep()
    assert stored(InboxEvent)[0].status is InboxStatus.IGNORED


def test_events_are_taken_oldest_first_and_a_few_at_a_time(database: str) -> None:
    for number in range(5):
        with clock.at(BEGINNING + timedelta(seconds=number)):
            _received(f"evt_{number}")
    with clock.at(BEGINNING + timedelta(minutes=1)):
        assert [taken.event_id for taken in inbox.take(limit=3)] == ["evt_0", "evt_1", "evt_2"]
        assert [taken.event_id for taken in inbox.take()] == ["evt_3", "evt_4"]


def test_an_object_that_the_provider_does_not_know_fails_after_some_tries(studio: Studio) -> None:
    an_admin()
    _received()
    for _ in range(inbox.MAX_FAILURES):
        handle_inbox.call_local()
        studio.wait(hours=1)
    [event] = stored(InboxEvent)
    assert (event.status, event.attempts) == (InboxStatus.FAILED, inbox.MAX_FAILURES)
    assert "resource_missing" in event.error
    assert {run.status for run in stored(JobRun)} == {JobStatus.FAILED}
    studio.send()
    assert studio.mails("ada.admin@example.com") == [studio.alert(event.public_id)]


def test_an_outage_is_tried_for_about_three_days(database: str) -> None:
    with clock.at(BEGINNING):
        _received()
    tries = [BEGINNING]
    for _ in range(inbox.MAX_OUTAGES):
        with clock.at(tries[-1]):
            [taken] = inbox.take()
            inbox.failed(taken, OUTAGE)
        tries.append(stored(InboxEvent)[0].due_at)
    assert stored(InboxEvent)[0].status is InboxStatus.FAILED
    assert timedelta(days=2) < tries[-2] - BEGINNING < timedelta(days=4)


def test_a_provider_that_asks_to_wait_is_obeyed_and_no_attempt_is_counted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        _received(f"evt_{number}")

    def busy(_taken: inbox.Taken) -> Outcome:
        raise ProviderUnavailable("stripe", "429", retry_after=600)

    monkeypatch.setattr(handling, "handler_of", lambda _taken: busy)
    for _ in range(2):
        handle_inbox.call_local()
    first, second, *others = stored(InboxEvent)
    for asked in (first, second):
        assert (asked.status, asked.attempts) == (InboxStatus.RECEIVED, 0)
        assert timedelta(minutes=10) <= asked.due_at - BEGINNING <= timedelta(minutes=12.5)
    assert {(event.attempts, event.due_at) for event in others} == {(0, BEGINNING)}


def test_a_hundred_webhooks_that_fail_together_are_one_alert_an_hour(database: str) -> None:
    an_admin()
    with clock.at(BEGINNING):
        for number in range(100):
            _received(f"evt_{number}")
        for taken in inbox.take(limit=100):
            inbox.failed(replace(taken, attempt=inbox.MAX_FAILURES), ValueError("our mistake"))
        assert len(_alerts()) == 1
    with clock.at(BEGINNING + timedelta(hours=1)):
        _received("evt_late")
        [late] = inbox.take()
        inbox.failed(replace(late, attempt=inbox.MAX_FAILURES), ValueError("our mistake"))
    assert len(_alerts()) == 2
    assert {event.status for event in stored(InboxEvent)} == {InboxStatus.FAILED}


def _alerts() -> list[str]:
    keys = [row.unique_key for row in stored(OutboxMessage)]
    return [key for key in keys if key.startswith("mail:alert:event_failed:")]


def test_a_webhook_about_a_mail_names_the_mail(database: str) -> None:
    mail = "mai_" + "b" * 22
    inbox.receive(
        provider="resend", event_id="1", type="x", object_id="o", payload=f'{{"tags": "{mail}"}}'
    )
    assert stored(InboxEvent)[0].about == mail


def test_a_failure_that_comes_after_somebody_elses_success_changes_nothing(database: str) -> None:
    with clock.at(BEGINNING):
        _received()
        [slow] = inbox.take()
    with clock.at(BEGINNING + inbox.LEASE):
        [quick] = inbox.take()
        inbox.settled(quick, Outcome.HANDLED)
    inbox.failed(slow, ProviderRejected("stripe", "no"))
    [event] = stored(InboxEvent)
    assert (event.status, event.error) == (InboxStatus.HANDLED, "")


def test_a_failure_that_is_told_while_another_tells_of_success_changes_nothing(
    database: str,
) -> None:
    """Two workers hold one event, since the first one's lease ran out."""
    _received()
    [slow] = inbox.take()
    late = Thread(target=inbox.failed, args=(slow, OUTAGE))
    with db.transaction() as session:
        handled = update(InboxEvent).where(col(InboxEvent.id) == slow.id)
        session.exec(handled.values(status=InboxStatus.HANDLED))
        late.start()
        until_somebody_waits(database)
    late.join()
    [event] = stored(InboxEvent)
    assert (event.status, event.error) == (InboxStatus.HANDLED, "")


def test_a_success_that_is_told_while_another_tells_of_a_failure_leaves_no_trace_of_it(
    database: str,
) -> None:
    _received()
    [quick] = inbox.take()
    success = Thread(target=inbox.settled, args=(quick, Outcome.HANDLED))
    with db.transaction() as session:
        refused = update(InboxEvent).where(col(InboxEvent.id) == quick.id)
        session.exec(refused.values(error="ProviderUnavailable: stripe: away"))
        success.start()
        until_somebody_waits(database)
    success.join()
    [event] = stored(InboxEvent)
    assert (event.status, event.error) == (InboxStatus.HANDLED, "")


def test_an_admin_replays_an_event_and_nobody_else_does(database: str) -> None:
    _received(type="customer.created")
    handle_inbox.call_local()
    [event] = stored(InboxEvent)
    for actor, error in ((Actor("visitor"), SignInNeeded), (acting(a_user()), NotAllowed)):
        with pytest.raises(error):
            inbox.retry(actor=actor, event=event.public_id)
    admin = acting(an_admin())
    with pytest.raises(NotFound):
        inbox.retry(actor=admin, event="inb_unknown")
    inbox.retry(actor=admin, event=event.public_id)
    [again] = stored(InboxEvent)
    assert (again.status, again.attempts) == (InboxStatus.RECEIVED, 0)
    assert [line.thing for line in stored(AuditEntry) if line.action == "inbox.retried"] == [
        event.public_id
    ]


def test_the_back_off_grows_and_ends_at_four_hours() -> None:
    waits = [outbox.back_off(attempt).total_seconds() for attempt in range(1, 40)]
    assert 7.5 <= waits[0] <= 12.5
    assert max(waits) <= 4 * 3600 * 1.25
    assert min(waits[12:]) >= 4 * 3600 * 0.75


def test_a_provider_that_is_away_is_asked_a_few_times_and_holds_up_no_other(
    studio: Studio,
) -> None:
    for number in range(10):
        _received(f"evt_{number}")
    studio.wait(seconds=1)
    inbox.receive(
        provider="paypal", event_id="WH-1", type="CATALOG.CREATED", object_id="", payload="{}"
    )
    with studio.stripe_unreachable():
        handle_inbox.call_local()
    *tried, paypal = stored(InboxEvent)
    assert paypal.status is InboxStatus.IGNORED
    assert sum(event.attempts for event in tried) == 3
    assert len([event for event in tried if event.due_at == BEGINNING]) == 7
    studio.wait(minutes=1)
    handle_inbox.call_local()
    assert all(event.attempts == 1 for event in stored(InboxEvent)[3:])


def test_a_batch_is_of_one_provider(database: str) -> None:
    with clock.at(BEGINNING):
        for provider, number in (("stripe", 1), ("paypal", 1), ("stripe", 2)):
            inbox.receive(
                provider=provider, event_id=f"{number}", type="t", object_id="", payload="{}"
            )
        assert [(taken.provider, taken.event_id) for taken in inbox.take()] == [
            ("stripe", "1"),
            ("stripe", "2"),
        ]
        assert inbox.take(without={"paypal"}) == []
        assert [taken.provider for taken in inbox.take()] == ["paypal"]


def test_what_was_taken_and_not_begun_is_given_back_as_it_was(database: str) -> None:
    with clock.at(BEGINNING):
        _received("evt_1")
        _received("evt_2")
    with clock.at(BEGINNING + timedelta(seconds=9)):
        first, second = inbox.take()
        inbox.settled(first, Outcome.HANDLED)
        inbox.give_back([first, second])
    handled, back = stored(InboxEvent)
    assert (handled.status, handled.attempts) == (InboxStatus.HANDLED, 1)
    assert (back.status, back.attempts, back.due_at) == (InboxStatus.RECEIVED, 0, BEGINNING)


def test_only_an_admin_asks_for_a_dry_run_and_only_of_what_there_is(database: str) -> None:
    _received()
    [event] = stored(InboxEvent)
    with pytest.raises(NotAllowed):
        inbox.ask_rehearsal(actor=acting(a_user()), event=event.public_id)
    admin = acting(an_admin())
    with pytest.raises(NotFound):
        inbox.ask_rehearsal(actor=admin, event="inb_unknown")
    inbox.ask_rehearsal(actor=admin, event=event.public_id)
    [message] = outbox.take()
    assert (message.kind, message.about) == ("rehearsal", event.public_id)
