"""Sending what the outbox holds. `SENDERS` says who sends what."""

from __future__ import annotations

from collections.abc import Callable

from jobs.queue import WakeUp, huey
from jobs.runs import recorded
from services import clock, db, mail, notifications, outbox, refunds, tracing
from services.outbox import Message


def _mail(message: Message) -> None:
    mail.send(key=message.key, data=message.data)


def _refund(message: Message) -> None:
    refunds.send(refund=message.data["refund"])


SENDERS: dict[str, Callable[[Message], None]] = {"mail": _mail, "refund": _refund}


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


@huey.task()
def send_outbox() -> None:
    """Send everything that is due, oldest first."""
    while messages := outbox.take():
        for message in messages:
            with tracing.bound(message.trace or tracing.new_id()):
                send(message)


wake = WakeUp(send_outbox)
