"""Handling stored webhooks. `HANDLERS` says who reacts to what; unknown types are ignored."""

from __future__ import annotations

from collections.abc import Callable

from jobs.queue import WakeUp, huey
from jobs.runs import recorded
from services import checkout, inbox, refunds, tracing
from services.inbox import Outcome, Taken


def _checkout(taken: Taken) -> Outcome:
    ours = checkout.apply_event(provider=taken.provider, object_id=taken.object_id)
    return Outcome.HANDLED if ours else Outcome.IGNORED


def _refund(taken: Taken) -> Outcome:
    ours = refunds.apply_event(provider=taken.provider, object_id=taken.object_id)
    return Outcome.HANDLED if ours else Outcome.WAITING


def _wait(_taken: Taken) -> Outcome:
    return Outcome.WAITING


HANDLERS: dict[tuple[str, str], Callable[[Taken], Outcome]] = {
    ("stripe", "checkout.session.completed"): _checkout,
    ("stripe", "checkout.session.async_payment_succeeded"): _checkout,
    ("stripe", "checkout.session.async_payment_failed"): _checkout,
    ("stripe", "checkout.session.expired"): _checkout,
    ("stripe", "refund.created"): _refund,
    ("stripe", "refund.updated"): _refund,
    ("stripe", "refund.failed"): _refund,
    ("stripe", "charge.dispute.created"): _wait,
    ("stripe", "charge.dispute.updated"): _wait,
    ("stripe", "charge.dispute.closed"): _wait,
    ("stripe", "charge.dispute.funds_withdrawn"): _wait,
    ("stripe", "charge.dispute.funds_reinstated"): _wait,
}


def handle(taken: Taken) -> None:
    """Handle one leased event and stamp it; a failure puts it back."""
    handler = HANDLERS.get((taken.provider, taken.type))
    if handler is None:
        inbox.settled(taken, Outcome.IGNORED)
        return
    try:
        with recorded(f"inbox:{taken.type}", taken.event_id) as run:
            outcome = handler(taken)
            run.result = outcome.value
    except Exception as error:
        inbox.failed(taken, error)
    else:
        inbox.settled(taken, outcome)


@huey.task()
def handle_inbox() -> None:
    """Handle everything that is due, oldest first."""
    while events := inbox.take():
        for taken in events:
            with tracing.bound(taken.event_id):
                handle(taken)


wake = WakeUp(handle_inbox)
