"""Sending what the outbox holds. `SENDERS` says who sends what.

What goes to calendars has a task of its own: a calendar that does not answer holds up no mail, no
refund, and no sweep.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from jobs.queue import WakeUp, huey
from jobs.runs import recorded
from services import calendar, clock, db, mail, notifications, outbox, photos, refunds, tracing
from services.outbox import Message


def _mail(message: Message) -> None:
    mail.send(key=message.key, data=message.data)


def _refund(message: Message) -> None:
    refunds.send(refund=message.data["refund"])


def _calendar(message: Message) -> None:
    data = message.data
    calendar.write(session_id=data["session_id"], connection_id=data["connection_id"])


def _revoke(message: Message) -> None:
    calendar.give_back(connection_id=message.data["connection_id"])


def _erase_files(message: Message) -> None:
    photos.discard(key=message.data["photo"])


SENDERS: dict[str, Callable[[Message], None]] = {
    "mail": _mail,
    "refund": _refund,
    "calendar_write": _calendar,
    "calendar_revoke": _revoke,
    "erase_files": _erase_files,
}
CALENDAR_KINDS = frozenset({"calendar_write", "calendar_revoke"})
AT_ONCE = 4
"""Each waits for its vendor alone, and the leases last for all of them."""

_writing = threading.Lock()


def send(message: Message) -> None:
    """Send one leased message; a failure puts it back or into the dead letters."""
    try:
        with recorded(f"outbox:{message.kind}", message.key):
            SENDERS[message.kind](message)
    except Exception as error:
        # Killed in between, the message is due again: never dead without anybody knowing.
        if outbox.is_final(message, error):
            _bury(message, error)
        outbox.failed(message, error)
    else:
        outbox.done(message)


def _bury(message: Message, error: Exception) -> None:
    """A dead letter is somebody's task. A dead alert is not alerted about: it would never end."""
    if message.kind == "refund":
        refunds.give_up(refund=message.data["refund"], reason=str(error))
    elif message.data.get("template") != "admin_alert":
        with db.transaction() as session:
            notifications.alert_admins(
                session, alert="message_dead", thing=message.public_id, occasion=clock.today()
            )


def _send_traced(message: Message) -> None:
    with tracing.bound(message.trace or tracing.new_id()):
        send(message)


@huey.task()
def send_outbox() -> None:
    """Send everything that is due and is not for a calendar, oldest first."""
    while messages := outbox.take(without=CALENDAR_KINDS):
        for message in messages:
            _send_traced(message)


@huey.task()
def write_calendars() -> None:
    """Send what is due for calendars, a few at a time; one thread of a worker at most does so."""
    if not _writing.acquire(blocking=False):
        return
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outbox") as pool:
            while messages := outbox.take(only=CALENDAR_KINDS, limit=AT_ONCE):
                runs = [pool.submit(copy_context().run, _send_traced, each) for each in messages]
                for run in runs:
                    run.result()
    finally:
        _writing.release()


wake_calendars = WakeUp(write_calendars)
wake_others = WakeUp(send_outbox)


def wake(kind: str) -> None:
    """Have messages of this kind sent soon."""
    (wake_calendars if kind in CALENDAR_KINDS else wake_others)()
