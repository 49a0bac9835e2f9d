"""What a room says: when it opens and ends, who is there, what was answered, and what now when a
camera does not work. Pure functions of what was read and of the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from services import photos
from services.consent_text import TEXT_VERSION, text_of
from services.models import ConsentAnswer, RecordingStatus
from services.recordings.views import ConsentView
from services.video import RoomView
from state.session_times import lasting
from state.shown import initials, moment, until

Stage = Literal["early", "check", "in", "over", "canceled"]

_SOON = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Ticket:
    """What the browser needs to be in the room; an empty token is none. The next one is to be asked
    for in `renew_in` seconds; 0 is never, because the room closes first."""

    app_id: str = ""
    channel: str = ""
    uid: int = 0
    other_uid: int = 0
    token: str = field(default="", repr=False)
    renew_in: int = 0


@dataclass(frozen=True)
class Other:
    """The other person: whether they are there, and what stands in the place of their picture."""

    name: str = ""
    initials: str = ""
    photo: str = ""
    there: bool = False
    absent: str = ""


@dataclass(frozen=True)
class Times:
    """When it opens or ends. `last_call` is said aloud, so it changes only a few times."""

    line: str = ""
    last_call: str = ""
    near_the_end: bool = False


@dataclass(frozen=True)
class Question:
    """The question whether it may be recorded: its text, one's own answer, and the other's.

    `mine` is granted, declined, withdrawn or "" for none; a yes to an older text is none.
    """

    version: str = ""
    paragraphs: tuple[str, ...] = ()
    mine: str = ""
    mine_words: str = ""
    theirs: str = ""
    asks: bool = True


@dataclass(frozen=True)
class Light:
    """Whether it is recorded now: off, coming, on or leaving, and that in words."""

    state: str = "off"
    words: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Trouble:
    """What does not work here, and what to do now."""

    title: str
    what_now: str


def stage(view: RoomView, now: datetime, *, has_ticket: bool) -> Stage:
    """How far one is: waiting for it to open, at the devices, inside; or it is too late."""
    if view.canceled:
        return "canceled"
    if now >= view.closes_at:
        return "over"
    if has_ticket:
        return "in"
    return "early" if now < view.opens_at else "check"


def other(view: RoomView, zone: str) -> Other:
    """The other person, as the studio knows it."""
    name = view.other_name
    absent = f"{name} is not here yet."
    if view.other_left:
        absent = f"{name} left {moment(view.other_seen_at, zone).text}."
    return Other(
        name=name,
        initials=initials(name),
        photo=photos.url(view.others_photo, "small"),
        there=view.other_is_in,
        absent=absent,
    )


def times(view: RoomView, zone: str, now: datetime) -> Times:
    """How long it still is until it opens, begins, ends, or closes."""
    if view.canceled or now >= view.closes_at:
        return Times()
    closes = until(view.closes_at, zone).text
    if now < view.opens_at:
        return Times(f"The room opens at {until(view.opens_at, zone).text}.")
    if now < view.starts_at:
        return Times(f"The session starts in {lasting(view.starts_at - now)}.")
    if now >= view.ends_at:
        over = f"The session is over. The room closes at {closes}."
        return Times(over, over, near_the_end=True)
    left = view.ends_at - now
    near = left <= _SOON
    aloud = f"The session ends in {lasting(_MINUTE if left <= _MINUTE else _SOON)}." if near else ""
    return Times(f"The session ends in {lasting(left)}.", aloud, near)


def consent(view: RoomView, now: datetime) -> Question:
    """The question and both answers. Until the session is over a no may become a yes."""
    mine = view.recordings.mine
    [theirs] = [one for one in view.recordings.consents if not one.mine]
    current = mine is not None and (not mine.granted or mine.text_version == TEXT_VERSION)
    answer = mine.answer if mine is not None and current else None
    said = {
        ConsentAnswer.GRANTED: "You agreed to be recorded.",
        ConsentAnswer.DECLINED: "You do not want to be recorded. That is fine.",
        ConsentAnswer.WITHDRAWN: "You took your consent back.",
    }
    return Question(
        version=TEXT_VERSION,
        paragraphs=text_of(TEXT_VERSION),
        mine=answer.value if answer else "",
        mine_words=said[answer] if answer else "",
        theirs=_theirs(theirs),
        asks=answer is not ConsentAnswer.GRANTED and now < view.closes_at,
    )


def _theirs(theirs: ConsentView) -> str:
    match theirs.answer:
        case ConsentAnswer.GRANTED if theirs.text_version == TEXT_VERSION:
            return f"{theirs.name} agreed."
        case ConsentAnswer.DECLINED | ConsentAnswer.WITHDRAWN:
            return f"{theirs.name} does not want to be recorded."
        case _:
            return f"{theirs.name} has not answered yet."


def light(view: RoomView) -> Light:
    """Whether a recorder is in the room, as it is known."""
    running, rows = view.recordings.running, view.recordings.recordings
    trouble = running.trouble if running else ""
    match running.status if running else None:
        case RecordingStatus.STARTING if trouble:
            return Light("coming", "Not recording yet", trouble)
        case RecordingStatus.STARTING:
            return Light("coming", "The recording is about to start")
        case RecordingStatus.RECORDING:
            return Light("on", "Recording", trouble)
        case RecordingStatus.STOPPING:
            return Light("leaving", "The recording is stopping", trouble)
        case _:
            failed = bool(rows) and rows[-1].status is RecordingStatus.FAILED
            return Light("off", "Not recording", rows[-1].trouble if failed else "")


_THING: Final = {"camera": "camera", "microphone": "microphone", "screen": "screen"}
_BACK: Final = {"camera": "Camera on", "microphone": "Unmute", "screen": "Share screen"}
_WITHOUT: Final = {
    "camera": "You can also take part without a picture.",
    "microphone": "You can also take part and only listen.",
    "screen": "The call goes on without it.",
}
_TAKEN: Final = frozenset({"NotReadableError", "AbortError", "TrackStartError"})
_NOT_SENT, _SENT = "NotSent", "Sent"
TWICE: Final = frozenset({"UID_BANNED", "UID_CONFLICT"})
"""What Agora says to the tab that another one of the same person has taken the place of."""
EXPIRED: Final = "TOKEN_EXPIRE"


def newest(before: str, word: str) -> str:
    """What is wrong with a device after the browser's next word; "" for nothing. What could not be
    sent and is gone takes back no other word."""
    if word == _SENT:
        return "" if before == _NOT_SENT else before
    return word


def trouble(kind: str, code: str) -> Trouble | None:
    """What a browser's or a call's word means for a person; None for a kind that nobody has."""
    if kind == "call":
        return _of_the_call(code)
    if kind not in _THING:
        return None
    thing, back, without = _THING[kind], _BACK[kind], _WITHOUT[kind]
    if code == "NotAllowedError":
        return Trouble(
            f"The browser does not let this page use your {thing}.",
            f"Press the sign beside the page's address and allow the {thing}, then press “{back}”. "
            "If it is allowed there, look at the privacy settings of your computer or phone. "
            f"{without}",
        )
    if code == "NotFoundError":
        return Trouble(
            f"No {thing} was found.",
            f"Plug one in or switch it on, then press “{back}”. {without}",
        )
    if code in _TAKEN:
        return Trouble(
            f"Your {thing} is in use by another program.",
            f"Close other calls and programs that use it, then press “{back}”. {without}",
        )
    if code == "SecurityError":
        return Trouble(
            f"The browser keeps your {thing} for secure addresses.",
            f"Open the studio by an address that begins with https://. {without}",
        )
    if code == "Ended":
        return Trouble(
            f"Your {thing} is gone.",
            f"Perhaps it was unplugged. Choose another one below, or press “{back}”. {without}",
        )
    if code == _NOT_SENT:
        return Trouble(
            f"Your {thing} does not reach the other person.",
            f"Reload this page: it brings you straight back into the room. {without}",
        )
    return Trouble(
        f"Your {thing} could not be started.",
        f"Choose another one below, or press “{back}”. {without}",
    )


def _of_the_call(code: str) -> Trouble:
    if code in TWICE:
        return Trouble(
            "You are in this room somewhere else.",
            "Perhaps in another tab or on another device. To go on here instead, enter it here.",
        )
    if code == EXPIRED:
        return Trouble(
            "The call was interrupted, for the studio was away for a while.",
            "It goes on by itself as soon as the studio is back. If it does not, reload this page.",
        )
    return Trouble(
        "The call cannot be reached from here.",
        "Reload the page. If that does not help, a firewall or an extension may be in the way: try "
        "another network, or the mentor's own link where there is one.",
    )


BEAT_MS: Final = 30_000
"""How often an open room says that its person is there: well within what counts as silence."""
