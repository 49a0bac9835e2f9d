"""Handling stored webhooks. `HANDLERS` says who reacts to what; other types are ignored."""

from __future__ import annotations

from collections.abc import Callable

from jobs.queue import WakeUp, huey
from jobs.runs import recorded
from services import checkout, disputes, inbox, refunds, tracing
from services.inbox import Outcome, Taken
from services.providers.payments.base import About
from services.providers.payments.registry import payments


def _checkout(taken: Taken) -> Outcome:
    ours = checkout.apply_event(provider=taken.provider, object_id=taken.object_id)
    return Outcome.HANDLED if ours else Outcome.IGNORED


def _payment(taken: Taken) -> Outcome:
    ours = checkout.apply_payment_event(provider=taken.provider, object_id=taken.object_id)
    return Outcome.HANDLED if ours else Outcome.IGNORED


def _refund(taken: Taken) -> Outcome:
    done = payments(taken.provider).get_refund(taken.object_id)
    checkout.learn_payment(provider=taken.provider, payment_id=done.payment_id)
    refunds.apply_seen(provider=taken.provider, done=done)  # what fits nothing waits for an admin
    return Outcome.HANDLED


def _dispute(taken: Taken) -> Outcome:
    seen = payments(taken.provider).get_dispute(taken.object_id)
    checkout.learn_payment(provider=taken.provider, payment_id=seen.payment_id)
    ours = disputes.apply_seen(provider=taken.provider, seen=seen)
    return Outcome.HANDLED if ours or seen.withdrawn else Outcome.IGNORED


HANDLERS: dict[About, Callable[[Taken], Outcome]] = {
    About.CHECKOUT: _checkout,
    About.PAYMENT: _payment,
    About.REFUND: _refund,
    About.DISPUTE: _dispute,
}
"""By what the event is about, which its provider's adapter knows."""


def handle(taken: Taken) -> None:
    """Handle one leased event and stamp it; a failure puts it back."""
    try:
        handler = HANDLERS.get(payments(taken.provider).about(taken.type))
        if handler is None:
            inbox.settled(taken, Outcome.IGNORED)
            return
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
