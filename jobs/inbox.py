"""Handling stored webhooks. `outcome_of` says who reacts to what; other types are ignored."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.queue import WakeUp, huey
from jobs.recordings import wake as watch_recorders
from services import checkout, db, discord, disputes, inbox, mail, recordings, refunds, tracing
from services.errors import ProviderUnavailable
from services.inbox import Outcome, Taken
from services.jobs import runs
from services.providers.payments.base import About
from services.providers.payments.registry import payments

AT_ONCE = 2
"""Threads of a worker that may wait for the same provider."""
GIVE_UP_AFTER = 3
"""Failed calls in a row after which a provider is taken for away until the next minute."""
NEVER_ENDED = (
    f"It was begun {inbox.MOST_LEASES} times and never came to an end: the worker dies of it, or "
    "was killed each time."
)


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


def _recorder(taken: Taken) -> Outcome:
    outcome = recordings.apply_event(taken)
    if outcome is Outcome.HANDLED:
        watch_recorders()
    return outcome


Handler = Callable[[Taken], Outcome]
HANDLERS: dict[About, Handler] = {
    About.CHECKOUT: _checkout,
    About.PAYMENT: _payment,
    About.REFUND: _refund,
    About.DISPUTE: _dispute,
}
"""Of a payment provider's events, by what they are about, which its adapter knows."""


def handler_of(taken: Taken) -> Handler | None:
    """Who handles such an event; None: nobody needs it."""
    match taken.provider:
        case "discord":
            return discord.apply_interaction
        case "resend":
            return mail.apply_event
        case "agora":
            return _recorder
        case provider:
            return HANDLERS.get(payments(provider).about(taken.type))


def outcome_of(taken: Taken) -> Outcome:
    """Handle an event; it is not stamped here."""
    handler = handler_of(taken)
    return handler(taken) if handler is not None else Outcome.IGNORED


def handle(taken: Taken) -> Exception | None:
    """Handle one leased event and stamp it; a failure puts it back, and is returned."""
    try:
        handler = handler_of(taken)
    except Exception as error:
        inbox.failed(taken, error)
        return error
    if handler is None:
        inbox.settled(taken, Outcome.IGNORED)
        return None
    run = runs.Run(f"inbox:{taken.type}", taken.event_id, about=taken.about, attempt=taken.attempt)
    with db.transaction() as session:
        runs.begin(session, [run])
    try:
        with runs.watched(run):
            if taken.attempt > inbox.MOST_LEASES:
                raise RuntimeError(NEVER_ENDED)
            outcome = handler(taken)
            run.result = outcome.value
    except Exception as error:
        with db.transaction() as session:
            inbox.mark_failed(session, taken, error)
            runs.finish(session, [run])
        return error
    with db.transaction() as session:
        inbox.mark_settled(session, taken, outcome)
        runs.finish(session, [run])
    return None


@huey.task()
def handle_inbox() -> None:
    """Handle everything that is due, oldest first; what is due of a provider that is away, or that
    others wait for already, is left alone."""
    away: set[str] = set()
    while events := inbox.take(without=away | _crowded()):
        provider = events[0].provider
        with _waiting_for(provider):
            if not _handle_each(events):
                away.add(provider)


def _handle_each(events: list[Taken]) -> bool:
    """Handle a batch; False when its provider is away. What was not begun is given back."""
    until, failures = time.monotonic() + inbox.LONGEST_SECONDS, 0
    for number, taken in enumerate(events):
        if failures >= GIVE_UP_AFTER or time.monotonic() > until:
            inbox.give_back(events[number:])
            break
        with tracing.bound(taken.event_id):
            error = handle(taken)
        if isinstance(error, ProviderUnavailable):
            failures = GIVE_UP_AFTER if error.puts_off else failures + 1
        else:
            failures = 0
    return failures < GIVE_UP_AFTER


_waiting: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def _waiting_for(provider: str) -> Iterator[None]:
    with _lock:
        _waiting[provider] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[provider] -= 1


def _crowded() -> set[str]:
    with _lock:
        return {provider for provider, threads in _waiting.items() if threads >= AT_ONCE}


wake = WakeUp(handle_inbox)
