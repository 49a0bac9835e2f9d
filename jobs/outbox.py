"""Sending what the outbox holds. `SENDERS` says who sends what; each lane has a task of its own, so
that a service which does not answer holds up no other, and no sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import NoResultFound

from jobs import lanes, recording_files, recordings, rehearsal
from jobs import schedules as by_clock
from jobs.inbox import wake as handle_inbox
from jobs.queue import WakeUp, huey
from services import calendar, discord, inbox, mail, outbox, photos, refunds
from services.errors import NotFound
from services.ids import CalendarConnectionId, SessionId
from services.jobs import schedules
from services.outbox import LANES, Message, Unsendable
from services.recordings import leases
from services.storage import moving

GONE = "What this message is about is not there any more."


class UnknownKind(Exception):
    """Another version of ours has written it, and may come to send it."""


def _mail(message: Message) -> object:
    return mail.send(key=message.key, data=message.data)


def _refund(message: Message) -> object:
    return refunds.send(refund=message.text("refund"))


def _calendar(message: Message) -> object:
    return calendar.write(
        session_id=SessionId(message.number("session_id")), connection_id=_connection(message)
    )


def _connection(message: Message) -> CalendarConnectionId:
    return CalendarConnectionId(message.number("connection_id"))


def _revoke(message: Message) -> object:
    return calendar.give_back(connection_id=_connection(message))


def _erase_files(message: Message) -> object:
    return photos.discard(key=message.text("photo"))


def _discord_role(message: Message) -> object:
    return discord.send_role(grant=message.text("grant"))


def _discord_dm(message: Message) -> object:
    return discord.send_dm(key=message.key, data=message.data, attempt=message.attempt)


def _discord_alert(message: Message) -> object:
    return discord.send_alert(key=message.key, data=message.data, written_at=message.created_at)


def _discord_answer(message: Message) -> object:
    return discord.send_answer(data=message.data)


def _recording_start(message: Message) -> object:
    return recordings.start(message)


def _recording_stop(message: Message) -> object:
    return recordings.stop(message)


def _move_recordings(message: Message) -> object:
    return f"{moving.go_on(message)} on the way"


def _rehearsal(message: Message) -> object:
    return rehearsal.rehearse(event=message.text("event"), trace=message.trace)


SENDERS: dict[str, Callable[[Message], object]] = {
    "mail": _mail,
    "refund": _refund,
    "calendar_write": _calendar,
    "calendar_revoke": _revoke,
    "erase_files": _erase_files,
    "discord_role": _discord_role,
    "discord_dm": _discord_dm,
    "discord_alert": _discord_alert,
    "discord_answer": _discord_answer,
    "recording_start": _recording_start,
    "recording_stop": _recording_stop,
    moving.KIND: _move_recordings,
    "rehearsal": _rehearsal,
}
"""By kind. What a sender returns, if it is text, is the result of its run."""


def send(message: Message) -> None:
    """Send one leased message; a failure puts it back or into the dead letters."""
    job = lanes.job_for(message)
    lanes.carry_out(job, _send)
    lanes.settle([job], _bury)


def _send(message: Message) -> str:
    sender = SENDERS.get(message.kind)
    if sender is None:
        raise UnknownKind(f"This version sends no {message.kind!r}.")
    try:
        result = sender(message)
    except (NoResultFound, NotFound) as error:
        raise Unsendable(GONE) from error
    return result if isinstance(result, str) else ""


def _bury(message: Message, error: Exception) -> bool:
    """A dead letter is somebody's task; what else it was to do is done another way. True where the
    admins hear of that."""
    match message.kind:
        case "refund":
            refunds.give_up(refund=message.text("refund"), reason=str(error))
            return True
        case "discord_dm":
            discord.give_up_dm(data=message.data)
        case "recording_start":
            recordings.give_up(message)
        case "mail":
            mail.give_up(key=message.key, data=message.data, error=error)
        case _:
            pass
    return False


@huey.task()
def send_lane(name: str) -> None:
    """Send what is due in one lane; one thread of a worker at most does so."""
    lanes.drain(LANES[name], send=_send, bury=_bury)


@huey.task()
def write_calendars() -> None:
    """Send what is due for calendars."""
    send_lane.call_local("calendar")


@huey.task()
def send_outbox() -> None:
    """Send everything that is due and is not for a calendar, one lane after the other, until
    nothing is: what one message does may be told by another. For where there is no worker."""
    while due := [lane for lane in outbox.lanes_due() if lane.name != "calendar"]:
        if not sum(lanes.drain(lane, send=_send, bury=_bury) for lane in due):
            return  # what is due waits for an older one, or somebody else is at it


@huey.task()
def run_asked() -> None:
    """Run the schedules that somebody asked for out of turn."""
    by_clock.run_asked()


def send_all_soon() -> None:
    """Have every lane looked at, and what was asked for out of turn: the guarantee behind the
    wake-ups."""
    for name in LANES:
        send_lane(name)
    run_asked()


_LANES = {name: WakeUp(partial(send_lane, name)) for name in LANES}
_OTHERS = {
    schedules.WAKES: WakeUp(run_asked),
    inbox.WAKES: handle_inbox,
    leases.WAKES: recording_files.wake,
}


def wake(kind: str) -> None:
    """Have messages of this kind sent soon; also what else a page asks for."""
    (_OTHERS.get(kind) or _LANES[outbox.lane_of(kind).name])()
