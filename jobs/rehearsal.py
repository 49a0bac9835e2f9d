"""Trying a stored event out: its handler runs inside a transaction that is taken back, and outside
services may only be asked. The run keeps what the event would do."""

from __future__ import annotations

from jobs import inbox as handling
from services import db, inbox
from services.inbox import Outcome, Taken
from services.jobs import runs
from services.jobs.changes import Changes, noted
from services.providers.rehearsing import Refused, Rehearsal

KIND = "rehearsal"
WORDS = {
    Outcome.HANDLED: "It would be handled.",
    Outcome.IGNORED: "It would be ignored: nothing here needs it.",
}
NOTHING = "It would be handled, and change nothing."


def rehearse(*, event: str, trace: str = "") -> str:
    """Try an event (its public id) out; what it would do, in words. A handler that fails is the
    run's error.

    Raises:
        NotFound: no such event.
    """
    taken = inbox.to_rehearse(event)
    try:
        with runs.recorded(KIND, event, about=taken.about) as run:
            run.trace = trace or run.trace
            changes = Changes()
            run.result = _tried(taken, changes)
            run.changes.rows.update(changes.rows)
    except Exception as error:  # it is what the admin asked to see
        return f"It would fail: {type(error).__name__}"
    return run.result


def _tried(taken: Taken, changes: Changes) -> str:
    def act() -> Outcome:
        changes.rows.clear()
        with noted(changes), db.rehearsal():
            return handling.outcome_of(taken)

    try:
        outcome = Rehearsal().run(act)
    except Refused as refused:
        words = refused.operation.replace("_", " ")
        return f"It would tell {refused.provider} to {words}; the rest depends on the answer."
    return WORDS[outcome] if changes.rows or outcome is Outcome.IGNORED else NOTHING
