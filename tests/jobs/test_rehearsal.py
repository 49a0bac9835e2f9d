"""Trying a webhook out: what it would do is shown, and nothing has happened."""

from __future__ import annotations

from sqlmodel import col, select

from jobs.inbox import handle_inbox
from services import checkout, db, inbox
from services.audit import Actor
from services.models import (
    AuditEntry,
    InboxEvent,
    InboxStatus,
    JobChange,
    JobRun,
    JobStatus,
    Order,
    OrderStatus,
    Pack,
    RowChange,
    TopicChange,
)
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import Studio, stored, studio

__all__ = ["studio"]


def bought(studio: Studio, provider: str = "stripe") -> str:
    """Somebody has paid, and the webhook is stored; nobody has handled it."""
    offer = an_offer(a_mentor())
    order = checkout.start(actor=acting(a_user()), offer=offer.public_id, provider=provider).order
    if provider == "stripe":
        studio.pay(order)
    else:
        studio.approve(order)
    for delivery in studio.lose_webhooks():
        delivery.receive()
    return order


def tried(studio: Studio, admin: Actor, event: InboxEvent) -> JobRun:
    """The admin asks, the worker answers; its newest run."""
    inbox.ask_rehearsal(actor=admin, event=event.public_id)
    studio.send()
    return [run for run in stored(JobRun) if run.kind == "rehearsal"][-1]


def would_change(run: JobRun) -> set[tuple[str, RowChange]]:
    with db.reading() as session:
        rows = session.exec(select(JobChange).where(col(JobChange.run_id) == run.id)).all()
    return {(row.table_name, row.change) for row in rows}


def test_a_payment_that_was_not_handled_yet_would_become_a_pack(studio: Studio) -> None:
    admin = acting(an_admin())
    order = bought(studio)
    [event] = [row for row in stored(InboxEvent) if row.type == "checkout.session.completed"]
    lines, topics = len(stored(AuditEntry)), len(stored(TopicChange))

    run = tried(studio, admin, event)

    assert (run.status, run.result, run.subject) == (
        JobStatus.SUCCEEDED,
        "It would be handled.",
        event.public_id,
    )
    assert run.about == order
    assert {
        ("order", RowChange.CHANGED),
        ("pack", RowChange.ADDED),
        ("payment", RowChange.ADDED),
        ("outbox_message", RowChange.ADDED),
    } <= would_change(run)
    assert studio.order(order).status is OrderStatus.PENDING
    assert (stored(Pack), stored(InboxEvent)[0].attempts) == ([], 0)
    assert len(stored(AuditEntry)) == lines + 1  # that somebody asked
    assert len(stored(TopicChange)) > topics  # the page shows the answer at once

    handle_inbox.call_local()
    assert studio.order(order).status is OrderStatus.PAID


def test_an_event_that_was_handled_before_would_change_nothing(studio: Studio) -> None:
    admin = acting(an_admin())
    bought(studio)
    handle_inbox.call_local()
    [event] = [row for row in stored(InboxEvent) if row.type == "checkout.session.completed"]
    run = tried(studio, admin, event)
    assert (run.result, would_change(run)) == ("It would be handled, and change nothing.", set())


def test_an_event_that_nobody_needs_would_be_ignored(studio: Studio) -> None:
    admin = acting(an_admin())
    inbox.receive(
        provider="stripe", event_id="evt_1", type="customer.created", object_id="", payload="{}"
    )
    [event] = stored(InboxEvent)
    assert tried(studio, admin, event).result == "It would be ignored: nothing here needs it."
    assert stored(InboxEvent)[0].status is InboxStatus.RECEIVED


def test_an_event_whose_handler_fails_would_fail_and_says_why(studio: Studio) -> None:
    admin = acting(an_admin())
    inbox.receive(
        provider="stripe",
        event_id="evt_1",
        type="checkout.session.completed",
        object_id="cs_unknown",
        payload="{}",
    )
    [event] = stored(InboxEvent)
    run = tried(studio, admin, event)
    assert run.status is JobStatus.FAILED
    assert "resource_missing" in run.error
    assert "ProviderRejected" in run.traceback


def test_a_provider_is_asked_and_never_told_to_do_anything(studio: Studio) -> None:
    """A buyer agreed at PayPal: handling the news would take the money."""
    admin = acting(an_admin())
    order = bought(studio, "paypal")
    [event] = [row for row in stored(InboxEvent) if row.type == "CHECKOUT.ORDER.APPROVED"]
    run = tried(studio, admin, event)
    assert run.result == "It would tell paypal to capture; the rest depends on the answer."
    assert run.status is JobStatus.SUCCEEDED
    [page] = studio.paypal_orders()
    assert not page["capture"]
    handle_inbox.call_local()
    with db.reading() as session:
        found = session.exec(select(Order.status).where(Order.public_id == order)).one()
    assert found is OrderStatus.PAID


def test_a_provider_that_is_away_cannot_be_asked(studio: Studio) -> None:
    admin = acting(an_admin())
    bought(studio)
    [event] = [row for row in stored(InboxEvent) if row.type == "checkout.session.completed"]
    with studio.stripe_unreachable():
        run = tried(studio, admin, event)
    assert run.status is JobStatus.FAILED
    assert "ProviderUnavailable" in run.error
